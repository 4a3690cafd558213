//! Security profiles: checked sets of settings.

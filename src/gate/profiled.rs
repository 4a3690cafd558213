//! The comparison of a gate with a security profile.

use super::slot_config::SlotConfig;
use crate::credential::Sources;
use crate::error::ConfigError;
use crate::message::MessageVerifier;
use crate::profile::Fapi2;

/// What a profile is compared with, besides the validators.
pub(super) struct Profiled<'a> {
    pub(super) messages: Option<&'a MessageVerifier>,
    pub(super) has_revocations: bool,
    pub(super) allows_all: bool,
}

impl Profiled<'_> {
    pub(super) fn check(&self, profile: &Fapi2, slot: &SlotConfig) -> Result<(), ConfigError> {
        profile.check_binding()?;
        Fapi2::check_sources(slot.sources.as_ref().unwrap_or(&Sources::default()))?;
        for (name, conformance) in slot.conformances() {
            profile.check_validator(name, &conformance, self.has_revocations)?;
        }
        if let Some(messages) = self.messages {
            Fapi2::check_messages(messages)?;
        }
        match self.allows_all {
            true => Err(Fapi2::open_to_all()),
            false => Ok(()),
        }
    }
}

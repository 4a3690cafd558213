//! Bounds of configuration files.

/// Most values in one configuration: objects, arrays, and what is in them.
///
/// Source: as many as the steps of a policy, which is its longest part.
pub(crate) const CONFIGURATION_VALUES: usize = 65_536;

/// Most errors that are listed for one configuration; further ones are counted.
///
/// Source: more than anybody corrects before loading the file again.
pub(crate) const CONFIGURATION_ERRORS: usize = 256;

/// Largest file that a configuration refers to, in bytes: a key or a policy.
///
/// Source: the largest JSON text.
pub(crate) const CONFIGURATION_FILE_BYTES: usize = super::JSON_BYTES;

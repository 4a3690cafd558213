//! The comparison of a gate with a security profile.

use super::builder::GateBuilder;
use super::slot_config::SlotConfig;
use crate::credential::Sources;
use crate::error::ConfigError;
use crate::message::MessageVerifier;
use crate::profile::Fapi2;

impl GateBuilder {
    /// Compares the gate with the FAPI 2.0 Security Profile when it is built, which then fails with the
    /// section that is not met. Nothing is changed by it, see [`Fapi2`]. By default nothing is
    /// compared.
    ///
    /// It compares the caller's credential, not that of a
    /// [second slot](Self::client_validator).
    pub fn fapi2(mut self, profile: Fapi2) -> Self {
        self.profile = Some(profile);
        self
    }
}

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

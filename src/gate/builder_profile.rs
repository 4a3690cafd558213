//! The setting of a security profile.

use super::builder::GateBuilder;
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

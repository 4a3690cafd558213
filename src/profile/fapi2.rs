//! The FAPI 2.0 Security Profile, as far as it is about a resource server.

use std::time::Duration;

use crate::crypto::Algorithm;

/// The settings of the FAPI 2.0 Security Profile (Final) for a resource server.
///
/// [`GateBuilder::fapi2`](crate::gate::GateBuilder::fapi2) checks a gate against it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fapi2 {
    unrevocable: Option<Duration>,
}

impl Fapi2 {
    /// The signature algorithms of tokens and proofs (section 5.4.1): give them to validators and to
    /// [`DpopBuilder::algorithms`](crate::binding::DpopBuilder::algorithms).
    pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
}

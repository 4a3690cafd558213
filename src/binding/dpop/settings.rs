//! The settings of the check of proofs.

use std::sync::Arc;
use std::time::Duration;

use super::counts::ProofCounts;
use super::window::Window;
use crate::clock::{Clock, UnixTime};
use crate::crypto::{Algorithms, Provider};
use crate::event::Observer;
use crate::nonce::NonceIssuer;
use crate::replay::ReplayStore;
use crate::request::{ExternalUrl, RequestFacts};

pub(super) type TargetFn = dyn Fn(&RequestFacts<'_>) -> Option<String> + Send + Sync;

/// Settings that a builder has checked.
pub(super) struct Settings {
    pub(super) urls: Vec<ExternalUrl>,
    pub(super) target: Option<Box<TargetFn>>,
    pub(super) algorithms: Algorithms,
    pub(super) window: Window,
    pub(super) strict_iat: bool,
    pub(super) nonces: Option<NonceIssuer>,
    pub(super) replays: Option<Arc<dyn ReplayStore>>,
    /// Proofs of before this time are refused, where there are no nonces.
    pub(super) start: Option<UnixTime>,
    pub(super) provider: Provider,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) counts: Arc<ProofCounts>,
}

/// How proofs are checked, for a profile.
pub(crate) struct DpopFacts {
    pub(crate) algorithms: Algorithms,
    /// How far ahead a proof may be.
    pub(crate) future: Duration,
    /// Whether a proof is accepted once.
    pub(crate) remembers_proofs: bool,
    /// Whether that is so after a restart too.
    pub(crate) survives_restart: bool,
}

impl Settings {
    /// Returns how proofs are checked, for a profile.
    pub(super) fn facts(&self) -> DpopFacts {
        DpopFacts {
            algorithms: self.algorithms,
            future: Duration::from_secs(self.window.future()),
            remembers_proofs: self.replays.is_some(),
            // Nonces that other nodes share outlive this process.
            survives_restart: self.start.is_some()
                || self.nonces.as_ref().is_some_and(|own| !own.is_shared()),
        }
    }
}

//! The settings of a verifier of messages.

use std::sync::Arc;

use super::component::Component;
use super::keys::MessageKeys;
use crate::crypto::Algorithms;
use crate::replay::ReplayStore;
use crate::request::ExternalUrl;

/// Settings that a builder has checked.
pub(super) struct Settings {
    pub(super) url: ExternalUrl,
    pub(super) keys: Arc<dyn MessageKeys>,
    pub(super) tag: Option<String>,
    pub(super) covered: Vec<Component>,
    /// Whether a `DPoP` header has to be covered where there is one.
    pub(super) covers_proof: bool,
    /// Whether content has to be covered by its digest.
    pub(super) covers_content: bool,
    pub(super) needs_nonce: bool,
    pub(super) algorithms: Option<Algorithms>,
    /// In seconds.
    pub(super) max_age: u64,
    pub(super) replays: Option<Arc<dyn ReplayStore>>,
}

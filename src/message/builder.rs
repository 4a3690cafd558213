//! The builder of verifiers of messages.

use std::sync::Arc;
use std::time::Duration;

use super::component::Component;
use super::keys::MessageKeys;
use super::settings::Settings;
use super::verifier::MessageVerifier;
use crate::crypto::{Algorithm, Algorithms};
use crate::error::ConfigError;
use crate::limits;
use crate::replay::{ReplayStore, ReplayTable};
use crate::request::ExternalUrl;

/// Configures a [`MessageVerifier`].
#[must_use]
pub struct MessageVerifierBuilder {
    url: ExternalUrl,
    keys: Arc<dyn MessageKeys>,
    tag: Option<String>,
    covered: Vec<Component>,
    covers_proof: bool,
    covers_content: bool,
    needs_nonce: bool,
    needs_components: bool,
    algorithms: Option<Algorithms>,
    max_age: Duration,
    replays: Option<Arc<dyn ReplayStore>>,
}

/// The tag of requests in the FAPI 2.0 profile of message signatures.
const FAPI_REQUEST: &str = "fapi-2-request";

impl MessageVerifier {
    /// Starts a verifier of requests in the FAPI 2.0 profile of message signatures: the method, the
    /// URI, `Authorization`, a `DPoP` proof if there is one, and the digest of content have to be signed,
    /// under the tag `fapi-2-request`.
    pub fn fapi2(at: ExternalUrl, keys: impl MessageKeys + 'static) -> MessageVerifierBuilder {
        MessageVerifierBuilder::new(Some(FAPI_REQUEST), at, Arc::new(keys)).for_fapi()
    }

    /// Starts a verifier of requests with a tag of one's own. Name what has to be signed with
    /// [`cover`](MessageVerifierBuilder::cover).
    pub fn tagged(
        tag: &str,
        at: ExternalUrl,
        keys: impl MessageKeys + 'static,
    ) -> MessageVerifierBuilder {
        MessageVerifierBuilder::new(Some(tag), at, Arc::new(keys))
    }
}

impl MessageVerifierBuilder {
    fn new(tag: Option<&str>, url: ExternalUrl, keys: Arc<dyn MessageKeys>) -> Self {
        Self {
            url,
            keys,
            tag: tag.map(str::to_owned),
            covered: Vec::new(),
            covers_proof: false,
            covers_content: true,
            needs_nonce: false,
            needs_components: true,
            algorithms: None,
            max_age: limits::SIGNATURE_AGE,
            replays: Some(Arc::new(ReplayTable::default())),
        }
    }

    /// The components of the FAPI profile.
    fn for_fapi(mut self) -> Self {
        let authorization = Component::header(http::header::AUTHORIZATION);
        self.covered = vec![Component::METHOD, Component::TARGET_URI, authorization];
        self.covers_proof = true;
        // A secret that both sides have proves nothing to others.
        self.algorithms = Some(Algorithms::from_slice(Algorithm::ALL).difference(Algorithms::MAC));
        self
    }

    /// Requires a component to be signed.
    pub fn cover(mut self, component: Component) -> Self {
        self.covered.push(component);
        self
    }

    /// Sets another tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Takes the only signature of a request, whatever its tag is. Signatures for another purpose then
    /// count too.
    pub fn untagged(mut self) -> Self {
        self.tag = None;
        self
    }

    /// Does not require `content-digest` of a request with content. Everybody who can change the request
    /// can then change the content of one whose signature does not cover it. What is covered is checked.
    pub fn allow_unsigned_content(mut self) -> Self {
        self.covers_content = false;
        self
    }

    /// Requires nothing to be signed, for programs that only ask whether a signature is valid.
    pub fn cover_nothing(mut self) -> Self {
        self.covered.clear();
        self.needs_components = false;
        self.covers_proof = false;
        self
    }

    /// Sets the algorithms: by default those of the keys, without shared secrets in the FAPI profile.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Sets how old a signature may be, 60 s by default. It may be 30 s ahead of this service's clock.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Requires a `nonce`, which may be used once.
    pub fn demand_nonce(mut self) -> Self {
        self.needs_nonce = true;
        self
    }

    /// Sets the store of signed requests: by default a [`ReplayTable`] for 1 000 000, which is right for
    /// one node only.
    pub fn replays(mut self, store: impl ReplayStore + 'static) -> Self {
        self.replays = Some(Arc::new(store));
        self
    }

    /// Accepts a signed request again as long as it is recent.
    pub fn allow_replay(mut self) -> Self {
        self.replays = None;
        self
    }

    /// Builds the verifier.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) if no component has to be signed, or for an empty
    /// tag; [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for an age outside 5 s to 300 s.
    pub fn build(self) -> Result<MessageVerifier, ConfigError> {
        if self.covered.is_empty() && self.needs_components {
            let remedy = "name the components that a client must sign with `cover`, such as \
                          `Component::METHOD`; otherwise the client chooses";
            return Err(ConfigError::empty("cover", remedy));
        }
        match self.tag.as_deref() {
            Some("") => return Err(ConfigError::empty("tag", "name a tag")),
            Some(tag) if !tag.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
                return Err(ConfigError::unexpected(
                    "tag",
                    "printable ASCII",
                    tag,
                    "no signature can have another tag; name one that clients send",
                ));
            }
            _ => {}
        }
        let range = limits::PROOF_WINDOW_MIN..=limits::SIGNATURE_AGE_MAX;
        if !range.contains(&self.max_age) {
            return Err(ConfigError::out_of_range("max_age", self.max_age, range));
        }
        Ok(MessageVerifier::new(Settings {
            url: self.url,
            keys: self.keys,
            tag: self.tag,
            covered: self.covered,
            covers_proof: self.covers_proof,
            covers_content: self.covers_content,
            needs_nonce: self.needs_nonce,
            algorithms: self.algorithms,
            max_age: self.max_age.as_secs(),
            replays: self.replays,
        }))
    }
}

impl std::fmt::Debug for MessageVerifierBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageVerifierBuilder")
            .field("tag", &self.tag)
            .field("covered", &self.covered)
            .finish_non_exhaustive()
    }
}

//! The builder of the check of proofs.

use std::sync::Arc;
use std::time::Duration;

use super::dpop::Dpop;
use super::settings::{Settings, TargetFn};
use super::window::Window;
use crate::clock::{Clock, SystemClock};
use crate::crypto::{Algorithm, Algorithms, Provider};
use crate::error::ConfigError;
use crate::event::Observer;
use crate::limits;
use crate::nonce::{Domain, NonceIssuer, Nonces};
use crate::replay::{ReplayStore, ReplayTable};
use crate::request::{ExternalUrl, RequestFacts};

/// Configures a [`Dpop`].
#[must_use]
pub struct DpopBuilder {
    urls: Vec<ExternalUrl>,
    target: Option<Box<TargetFn>>,
    algorithms: Vec<Algorithm>,
    window: (Duration, Duration),
    strict_iat: bool,
    nonces: Option<Nonces>,
    replays: Replays,
    refuses_older: bool,
    provider: Provider,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

/// Where the marks of used proofs are kept.
enum Replays {
    /// In a table of the usual size.
    Usual,
    In(Arc<dyn ReplayStore>),
    /// Nowhere.
    Allowed,
}

/// `ES384` is missing: verifying one proof costs eleven times as much as with `ES256`.
const USUAL: [Algorithm; 8] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

impl Dpop {
    /// Starts a check of proofs for a service that clients reach at this address.
    pub fn at(url: ExternalUrl) -> DpopBuilder {
        DpopBuilder::new(url)
    }
}

impl DpopBuilder {
    fn new(url: ExternalUrl) -> Self {
        Self {
            urls: vec![url],
            target: None,
            algorithms: USUAL.to_vec(),
            window: (limits::PROOF_PAST, limits::PROOF_FUTURE),
            strict_iat: false,
            nonces: None,
            replays: Replays::Usual,
            refuses_older: false,
            provider: Provider::default(),
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }

    /// Adds another address of the same service; at most 16 in all. A proof has to name one of them.
    /// Nonces are those of the first one's origin.
    pub fn or_at(mut self, url: ExternalUrl) -> Self {
        self.urls.push(url);
        self
    }

    /// Sets a function that knows the URI that a client has requested, in place of the addresses. Where
    /// it returns `None`, the addresses count. It must not read a header that the client can set.
    pub fn target_fn(
        mut self,
        target: impl Fn(&RequestFacts<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.target = Some(Box::new(target));
        self
    }

    /// Sets the algorithms of proofs: by default `ES256`, `EdDSA` (Ed25519), `PS256` to `PS512` and
    /// `RS256` to `RS512`. `ES384` has to be named, because it is slow; no other algorithm can be.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets how old a proof may be, and how far ahead of this service's clock: 60 s and 30 s by
    /// default. With nonces the time of a proof does not count.
    pub fn window(mut self, past: Duration, future: Duration) -> Self {
        self.window = (past, future);
        self
    }

    /// Requires a nonce of this service in every proof. A client whose clock is wrong then gets in, and
    /// proofs cannot be made in advance; each client is refused once to learn its first nonce. None by
    /// default.
    pub fn nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// Checks the time of proofs with a nonce too.
    pub fn strict_iat(mut self) -> Self {
        self.strict_iat = true;
        self
    }

    /// Sets the store of used proofs: by default a [`ReplayTable`] for 1 000 000 marks, which is right
    /// for one node only.
    pub fn replays(mut self, store: impl ReplayStore + 'static) -> Self {
        self.replays = Replays::In(Arc::new(store));
        self
    }

    /// Accepts a proof again as long as it is fresh: everybody who reads a request can then repeat it.
    pub fn allow_replay(mut self) -> Self {
        self.replays = Replays::Allowed;
        self
    }

    /// Refuses proofs whose `iat` is before the second in which this is built: a restart forgets which
    /// of them were used. It is not needed with nonces of [this process](Nonces::of_this_process), which
    /// end with it.
    ///
    /// Clients do not repeat such a request by themselves, and one whose clock is late is refused until it
    /// has passed the start. A proof of a client whose clock is ahead can still pass again after a restart.
    pub fn refuse_older_than_start(mut self) -> Self {
        self.refuses_older = true;
        self
    }

    /// Sets the library that verifies the signatures of proofs, [`ring`](Provider::ring) by default.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.provider = provider;
        self
    }

    /// Sets the clock, by default the system's. It is used for credentials without a
    /// [time](crate::credential::PresentedCredential::now) of their own; a gate gives them one.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer of [`ProofRefused`](crate::event::Event::ProofRefused). None by default.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the check.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for more than 16 addresses, or a
    /// window outside 5 s to 300 s; [`Empty`](crate::error::ConfigErrorKind::Empty) without an
    /// algorithm, [`AlgorithmUnusable`](crate::error::ConfigErrorKind::AlgorithmUnusable) for one that
    /// no proof can have; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for
    /// [`refuse_older_than_start`](Self::refuse_older_than_start) with a clock without a time.
    pub fn build(self) -> Result<Dpop, ConfigError> {
        let algorithms = checked_algorithms(&self.algorithms)?;
        let window = checked_window(self.window)?;
        let urls = 1..=limits::EXTERNAL_URLS;
        if !urls.contains(&self.urls.len()) {
            return Err(ConfigError::out_of_range("urls", self.urls.len(), urls));
        }
        let origin = self.urls.first().map_or("", |url| url.origin());
        let issuer = |nonces| NonceIssuer::new(nonces, Domain::DpopResource, origin);
        let start = match (self.refuses_older, self.clock.now()) {
            (false, _) => None,
            (true, Some(start)) => Some(start),
            (true, None) => {
                let detail = "expected a clock that has a time when the check is built, found none; build it \
                              later, or remove `refuse_older_than_start`";
                return Err(ConfigError::conflict("clock", detail));
            }
        };
        Ok(Dpop(Arc::new(Settings {
            nonces: self.nonces.map(issuer),
            urls: self.urls,
            target: self.target,
            algorithms,
            window,
            strict_iat: self.strict_iat,
            replays: match self.replays {
                Replays::Usual => Some(Arc::new(ReplayTable::default())),
                Replays::In(store) => Some(store),
                Replays::Allowed => None,
            },
            start,
            provider: self.provider,
            clock: self.clock,
            observer: self.observer,
            counts: Arc::default(),
        })))
    }
}

fn checked_algorithms(algorithms: &[Algorithm]) -> Result<Algorithms, ConfigError> {
    if algorithms.is_empty() {
        return Err(ConfigError::empty(
            "algorithms",
            "name at least one algorithm",
        ));
    }
    let is_usable =
        |algorithm: &Algorithm| USUAL.contains(algorithm) || *algorithm == Algorithm::Es384;
    match algorithms.iter().find(|algorithm| !is_usable(algorithm)) {
        Some(odd) => Err(ConfigError::new(
            crate::error::ConfigErrorKind::AlgorithmUnusable,
            "algorithms",
            format!(
                "expected an algorithm of DPoP proofs, found `{odd}`; remove it: proofs have no \
                 shared secrets, and no keys on P-521 here"
            ),
        )),
        None => Ok(algorithms.iter().copied().collect()),
    }
}

fn checked_window((past, future): (Duration, Duration)) -> Result<Window, ConfigError> {
    let range = limits::PROOF_WINDOW_MIN..=limits::PROOF_WINDOW_MAX;
    for side in [past, future] {
        if !range.contains(&side) {
            return Err(ConfigError::out_of_range("window", side, range));
        }
    }
    Ok(Window::new(past, future))
}

impl std::fmt::Debug for DpopBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DpopBuilder")
            .field("urls", &self.urls)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

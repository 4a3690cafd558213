//! The builder of gates.

use std::sync::Arc;

use super::bound_validator::BoundValidator;
use super::core::GateCore;
use super::enforcement::Enforcement;
use super::profiled::Profiled;
use super::slot::Slot;
use super::slot_config::{CLIENT, SlotConfig, USER};
use super::slots::Slots;
use super::supply::{AnyAuthenticated, check_authorizer};
use super::{Gate, Inner};
use crate::clock::{Clock, SystemClock};
use crate::credential::{Place, Sources};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::http_response::ResponseConfig;
use crate::message::MessageVerifier;
use crate::policy::Authorizer;
use crate::profile::Fapi2;
use crate::revocation_list::RevocationList;
use crate::validator::TokenValidator;

/// Configures a [`Gate`].
///
/// It needs a [validator](Self::validator), and an [authorizer](Self::authorizer) or
/// [`allow_any_authenticated`](Self::allow_any_authenticated).
#[derive(Debug)]
#[must_use]
pub struct GateBuilder {
    user: SlotConfig,
    client: SlotConfig,
    authorizers: Vec<Arc<dyn Authorizer>>,
    revocations: Vec<Arc<dyn RevocationList>>,
    messages: Option<MessageVerifier>,
    challenge: ResponseConfig,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    all_equal: bool,
    per_route: bool,
    allows_all: bool,
    pub(super) profile: Option<Fapi2>,
    pub(super) enforcement: Enforcement,
    pub(super) counts_requests: bool,
}

impl Gate {
    /// Starts the configuration of a gate. Nothing is admitted by default: the gate is built only
    /// with a validator and an authorizer, see [`GateBuilder::build`].
    pub fn builder() -> GateBuilder {
        GateBuilder {
            user: SlotConfig::default(),
            client: SlotConfig::default(),
            authorizers: Vec::new(),
            revocations: Vec::new(),
            messages: None,
            challenge: ResponseConfig::default(),
            clock: Arc::new(SystemClock),
            observer: None,
            all_equal: false,
            per_route: false,
            allows_all: false,
            profile: None,
            enforcement: Enforcement::default(),
            counts_requests: false,
        }
    }
}

impl GateBuilder {
    /// Adds a validator for the caller's credential. If there are several, each credential goes to
    /// exactly one of them, by its [`Shape`](crate::validator::Shape).
    pub fn validator(mut self, validator: impl TokenValidator + 'static) -> Self {
        self.user.add(validator);
        self
    }

    /// Adds a validator for every credential that is found in this place, and for no other one,
    /// whatever shapes it declares.
    pub fn validator_at<V: TokenValidator + 'static>(mut self, place: Place, validator: V) -> Self {
        let bound = BoundValidator::new(place, validator);
        self.user.add_as::<V>(bound);
        self
    }

    /// Sets the places in which the caller's credential is looked for; by default they are
    /// `Authorization: Bearer` and the headers to which validators are bound.
    pub fn sources(mut self, sources: Sources) -> Self {
        self.user.sources = Some(sources);
        self
    }

    /// Adds a validator for the credential of the calling application, and with it a second slot:
    /// every request must then carry two credentials, the caller's and the application's. It needs
    /// [`client_sources`](Self::client_sources).
    pub fn client_validator(mut self, validator: impl TokenValidator + 'static) -> Self {
        self.client.add(validator);
        self
    }

    /// Sets the places in which the application's credential is looked for. The first slot must
    /// not use them.
    pub fn client_sources(mut self, sources: Sources) -> Self {
        self.client.sources = Some(sources);
        self
    }

    /// Adds a revocation list. It is asked on every request about the principal of each slot, also
    /// if the principal is from a cache.
    pub fn revocations(mut self, list: impl RevocationList + 'static) -> Self {
        self.revocations.push(Arc::new(list));
        self
    }

    /// Sets the authorizer, which decides what callers may do. A gate has one; conditions are
    /// joined with `and` and `or`.
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.authorizers.push(Arc::new(authorizer));
        self
    }

    /// Allows every authenticated caller to do everything, in place of an authorizer.
    ///
    /// Any caller of any trusted issuer is then admitted, unless the service itself refuses it.
    pub fn allow_any_authenticated(mut self) -> Self {
        self.allows_all = true;
        self.authorizer(AnyAuthenticated::new())
    }

    /// Lets the authorizer depend on what only the service knows: an action, the matched route and
    /// its parameters, attributes of the resource, headers, TLS.
    ///
    /// [`Gate::check`] gives it none of them, so a gate with an authorizer that can then allow
    /// nothing is not built by default. Call this where the service decides by
    /// [`Gate::authenticate`] and [`Gate::authorize`], and adds the facts to
    /// [`Authenticated::request`](crate::gate::Authenticated::request). [`Gate::check`] of such a gate
    /// still denies what depends on them, and [`Gate::doctor`] no longer reports it.
    ///
    /// ```
    /// use bearergate::gate::GateBuilder;
    /// use bearergate::policy::action;
    /// use bearergate::{Gate, JwtValidator, require_scope};
    ///
    /// fn builder(validator: JwtValidator) -> GateBuilder {
    ///     let read = action("read").and(require_scope("orders:read"));
    ///     Gate::builder().validator(validator).authorizer(read).authorizes_per_route()
    /// }
    /// # let _ = builder;
    /// ```
    pub fn authorizes_per_route(mut self) -> Self {
        self.per_route = true;
        self
    }

    /// Trusts all outside authorities of this gate equally.
    ///
    /// Each of them may then assert any scope and claim, also one that the service expects from
    /// another, and an id of one counts as that of all: conditions such as
    /// [`client`](crate::policy::client) need not name its authority. Without this a gate with several [outside authorities](crate::validator::Authorities) is built only
    /// if each is bounded.
    pub fn all_authorities_equal(mut self) -> Self {
        self.all_equal = true;
        self
    }

    /// Sets how refusals become HTTP responses: realm, body, retry time. By default they have the
    /// realm `api` and no body, see [`ResponseConfig`].
    pub fn challenge(mut self, challenge: ResponseConfig) -> Self {
        self.challenge = challenge;
        self
    }

    /// Requires every request to be signed (RFC 9421). The signature is verified after the credential,
    /// the policy and the limits, before a proof of possession.
    /// [`Admitted::signed`](crate::gate::Admitted::signed) says what was signed.
    ///
    /// A service whose requests have content passes it, or says that it is read later, with
    /// [`RequestFacts::with_content`](crate::request::RequestFacts::with_content).
    pub fn signed_requests(mut self, verifier: MessageVerifier) -> Self {
        self.messages = Some(verifier);
        self
    }

    /// Sets the clock, by default the system's. It is read once per request, so that every check of
    /// the request sees one time. If it reports no time, the request is refused as
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer of [`Admitted`](crate::event::Event::Admitted) and
    /// [`Refused`](crate::event::Event::Refused), one event for each request that
    /// [`Gate::check`] answers. It is called on the path of the request. By default there is none,
    /// and it costs nothing. Validators and lists have observers of their own; an [`Environment`]
    /// gives all of them the same.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the clock and the observer from an [`Environment`], as far as it has them; nothing else
    /// of it is used. Call it before [`clock`](Self::clock) and [`observer`](Self::observer),
    /// because the later call wins. Validators get its time with each credential.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        self
    }

    /// Builds the gate.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a validator or an authorizer, for
    /// a second slot without its places or its validator, or for what needs an address of the client
    /// without [`proxies`](Self::proxies);
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for two authorizers, an authorizer that
    /// denies every request of [`Gate::check`] (unless the gate
    /// [authorizes per route](Self::authorizes_per_route)), validators that
    /// take the same credentials or are bound to a place that is not enabled, slots that share a
    /// place, a cookie that is bound to no validator where credentials of several [`Shape`](crate::validator::Shape)s would
    /// be taken from it, `Authorization: Basic` that is bound to no validator, and several outside
    /// authorities of which one may assert anything, unless
    /// [`all_authorities_equal`](Self::all_authorities_equal) is set. Also the faults of a condition
    /// that is the authorizer, as [`PolicyBuilder::build`](crate::policy::PolicyBuilder::build) has
    /// them, and a section of a [profile](Self::fapi2) that is not met.
    pub fn build(self) -> Result<Gate, ConfigError> {
        let authorizer = only_authorizer(self.authorizers)?;
        check_authorizer(&*authorizer, self.per_route)?;
        let user = self.user.or_default_sources()?;
        if let Some(profile) = &self.profile {
            let profiled = Profiled {
                messages: self.messages.as_ref(),
                has_revocations: !self.revocations.is_empty(),
                allows_all: self.allows_all,
            };
            profiled.check(profile, &user)?;
        }
        let mut user = user.slot(&USER)?;
        let challenge = offering(self.challenge, &user)?;
        let mut client = match self.client.is_unused() {
            true => None,
            false => Some(self.client.slot(&CLIENT)?),
        };
        for slot in client.iter_mut().chain([&mut user]) {
            slot.revocations.clone_from(&self.revocations);
            slot.has_contested_ids = !self.all_equal && slot.router.authorities().outside() > 1;
        }
        // A request has one `Authorization` header: two schemes of it cannot fill two slots.
        let in_user = |place: &Place| user.sources.places().any(|own| own.excludes(place));
        if client.iter().any(|slot| slot.sources.places().any(in_user)) {
            let detail = "both credentials are read from one place; configure separate places";
            return Err(ConfigError::conflict(CLIENT.sources, detail));
        }
        let is_open = |slot: &&Slot| slot.router.authorities().is_open();
        let open = client.iter().chain([&user]).find(is_open);
        if let Some(slot) = open.filter(|_| !self.all_equal) {
            return Err(open_authorities(slot));
        }
        let enforcement = self
            .enforcement
            .checked(self.counts_requests, self.observer.as_ref())?;
        let slots = client.iter().chain([&user]);
        let names = slots.map(|slot| slot.router.authority_names());
        let names: Option<Vec<_>> = names.collect();
        let names = names.map(|names| names.concat());
        for list in &self.revocations {
            list.add_authorities(names.as_deref());
        }
        let core = GateCore {
            slots: Arc::new(Slots { user, client }),
            authorizer,
            messages: self.messages,
            challenge,
            clock: self.clock,
            observer: self.observer,
        };
        Ok(Gate(Arc::new(Inner {
            core,
            per_route: self.per_route,
            enforcement: enforcement.map(Arc::new),
        })))
    }
}

/// Lets challenges offer what the validators check.
fn offering(challenge: ResponseConfig, user: &Slot) -> Result<ResponseConfig, ConfigError> {
    let proofs = user.router.proofs();
    if !proofs.has_dpop() {
        return Ok(challenge);
    }
    let is_only = proofs.is_required() && !proofs.has_certificate();
    challenge.offering(&proofs.dpop_names(), is_only)
}

fn only_authorizer(
    mut authorizers: Vec<Arc<dyn Authorizer>>,
) -> Result<Arc<dyn Authorizer>, ConfigError> {
    let last = authorizers.pop();
    if !authorizers.is_empty() {
        let detail = "expected one authorizer, found several; join conditions with `and` or `or`";
        return Err(ConfigError::conflict("authorizer", detail));
    }
    last.ok_or_else(|| {
        let detail = "expected an authorizer, found no authorizer; add one with `authorizer`, or call \
                      `allow_any_authenticated()`";
        ConfigError::missing("authorizer", detail)
    })
}

fn open_authorities(slot: &Slot) -> ConfigError {
    let names = slot.router.authority_names().unwrap_or_default();
    let shown = names.iter().take(4).map(|name| format!("`{name}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let shown = match names.len() {
        0 => String::new(),
        1..=4 => format!(" ({shown})"),
        _ => format!(" ({shown} and others)"),
    };
    let detail = format!(
        "several outside authorities are trusted{shown} and one of them may assert anything; say \
         with `grants` of each validator what its issuer may assert, or call \
         `all_authorities_equal()`"
    );
    ConfigError::conflict(USER.validator, detail)
}

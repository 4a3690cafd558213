//! Configures a gate.

use std::fmt;
use std::sync::Arc;

use super::Gate;
use super::Inner;
use super::slot::Slot;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::credential::Place;
use crate::credential::PresentedCredential;
use crate::credential::Sources;
use crate::credential::SourcesBuilder;
use crate::diagnosis::Finding;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::http_response::ResponseConfig;
use crate::now_or_later::NowOrLater;
use crate::policy::Authorizer;
use crate::policy::Decision;
use crate::policy::authorize_fn;
use crate::principal::Principal;
use crate::revocation::RevocationList;
use crate::validator::Authorities;
use crate::validator::Router;
use crate::validator::Shape;
use crate::validator::TokenValidator;

/// Builds a [`Gate`].
#[derive(Debug)]
#[must_use]
pub struct GateBuilder {
    user: Draft,
    client: Draft,
    authorizers: Vec<Arc<dyn Authorizer>>,
    revocations: Vec<Arc<dyn RevocationList>>,
    challenge: ResponseConfig,
    clock: Arc<dyn Clock>,
    all_equal: bool,
}

impl GateBuilder {
    pub(super) fn new() -> Self {
        Self {
            user: Draft::default(),
            client: Draft::default(),
            authorizers: Vec::new(),
            revocations: Vec::new(),
            challenge: ResponseConfig::default(),
            clock: Arc::new(SystemClock),
            all_equal: false,
        }
    }

    /// Adds a judge of callers; of several, each credential goes to one by its shape
    /// ([`Router`]).
    pub fn validator(mut self, judge: impl TokenValidator + 'static) -> Self {
        self.user.judges.push(Arc::new(judge));
        self
    }

    /// Adds a judge for all that is found in one place, and for nothing else, whatever shapes it
    /// takes elsewhere.
    pub fn validator_at(mut self, place: Place, judge: impl TokenValidator + 'static) -> Self {
        self.user.judges.push(Arc::new(Bound::new(place, judge)));
        self
    }

    /// Sets where the caller's credential is looked for; by default it is `Authorization: Bearer`
    /// and the headers that judges are bound to.
    pub fn sources(mut self, sources: Sources) -> Self {
        self.user.sources = Some(sources);
        self
    }

    /// Adds a judge of applications and thereby a second slot, which then every request must
    /// fill beside the first; it needs [`client_sources`](Self::client_sources).
    pub fn client_validator(mut self, judge: impl TokenValidator + 'static) -> Self {
        self.client.judges.push(Arc::new(judge));
        self
    }

    /// Sets where the application's credential is looked for: places that the first slot does
    /// not use.
    pub fn client_sources(mut self, sources: Sources) -> Self {
        self.client.sources = Some(sources);
        self
    }

    /// Adds a list of what is revoked, which is asked on every request about whoever is in either
    /// slot, also where a cache knew them.
    pub fn revocations(mut self, list: impl RevocationList + 'static) -> Self {
        self.revocations.push(Arc::new(list));
        self
    }

    /// Sets who decides what callers may do.
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.authorizers.push(Arc::new(authorizer));
        self
    }

    /// Lets in whoever is authenticated: any caller of any trusted issuer may do anything that
    /// the service does not forbid itself.
    pub fn allow_any_authenticated(self) -> Self {
        self.authorizer(authorize_fn("any authenticated caller", |_| {
            Decision::allow()
        }))
    }

    /// Lets every outside authority of this gate assert whatever it likes, scopes and claims that
    /// another one is there for too.
    pub fn all_authorities_equal(mut self) -> Self {
        self.all_equal = true;
        self
    }

    /// Sets how refusals are worded.
    pub fn challenge(mut self, challenge: ResponseConfig) -> Self {
        self.challenge = challenge;
        self
    }

    /// Sets the clock, which is asked once per request; by default it is the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the gate.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a judge or an authorizer, or for a second
    /// slot that lacks its places or its judge; [`Conflict`](crate::error::ConfigErrorKind::Conflict) for
    /// two authorizers, judges that take the same credentials or what no enabled place can hold,
    /// slots that share a place, a cookie that is left to several judges, and several outside
    /// authorities of which one may assert anything, unless
    /// [`all_authorities_equal`](Self::all_authorities_equal) was said.
    pub fn build(self) -> Result<Gate, ConfigError> {
        let authorizer = only(self.authorizers)?;
        let mut user = self.user.or_default_sources()?.slot(&USER)?;
        let mut client = self.client.optional_slot()?;
        for slot in client.iter_mut().chain([&mut user]) {
            slot.revocations.clone_from(&self.revocations);
        }
        if let Some(client) = &client {
            check_apart(&user.sources, &client.sources)?;
        }
        for slot in client.iter().chain([&user]) {
            check_authorities(slot.router.authorities(), self.all_equal)?;
        }
        Ok(Gate(Arc::new(Inner {
            user,
            client,
            authorizer,
            challenge: self.challenge,
            clock: self.clock,
        })))
    }
}

#[derive(Debug, Default)]
struct Draft {
    judges: Vec<Arc<dyn TokenValidator>>,
    sources: Option<Sources>,
}

/// What the fields of one slot are called.
struct Names {
    validator: &'static str,
    sources: &'static str,
}

const USER: Names = Names {
    validator: "validator",
    sources: "sources",
};

const CLIENT: Names = Names {
    validator: "client_validator",
    sources: "client_sources",
};

impl Draft {
    fn or_default_sources(mut self) -> Result<Self, ConfigError> {
        if self.sources.is_none() {
            let shapes = self.judges.iter().flat_map(|judge| judge.shapes());
            let headers = shapes.filter_map(bound_to).filter_map(|place| match place {
                Place::Header(name) => Some(name.as_str()),
                _ => None,
            });
            let all = headers.fold(Sources::builder(), SourcesBuilder::header);
            self.sources = Some(all.build()?);
        }
        Ok(self)
    }

    fn optional_slot(self) -> Result<Option<Slot>, ConfigError> {
        if self.judges.is_empty() && self.sources.is_none() {
            return Ok(None);
        }
        self.slot(&CLIENT).map(Some)
    }

    fn slot(self, names: &Names) -> Result<Slot, ConfigError> {
        if self.judges.is_empty() {
            let detail = format!(
                "no validator is configured; add one with `GateBuilder::{}`",
                names.validator
            );
            return Err(ConfigError::missing(names.validator, detail));
        }
        let Some(sources) = self.sources else {
            let detail = format!(
                "no place of this credential is configured; name its places with `GateBuilder::{}`",
                names.sources
            );
            return Err(ConfigError::missing(names.sources, detail));
        };
        check_places(&self.judges, &sources, names)?;
        let router = Router::new(self.judges)?;
        Ok(Slot {
            sources,
            router,
            revocations: Vec::new(),
        })
    }
}

fn check_places(
    judges: &[Arc<dyn TokenValidator>],
    sources: &Sources,
    names: &Names,
) -> Result<(), ConfigError> {
    let bound = || judges.iter().flat_map(|j| j.shapes()).filter_map(bound_to);
    if bound().any(|place| !sources.places().any(|own| own == place)) {
        let detail = "a validator is bound to a place that is not enabled; enable the place or \
                      remove the validator";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    let mut cookies = sources.places().filter(|p| matches!(p, Place::Cookie(_)));
    if judges.len() > 1 && cookies.any(|cookie| !bound().any(|place| place == cookie)) {
        let detail = "several validators would take a cookie; bind it to one with `validator_at`";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    Ok(())
}

const fn bound_to(shape: &Shape) -> Option<&Place> {
    match shape {
        Shape::Place(place) => Some(place),
        Shape::Jwt | Shape::Opaque | Shape::Prefix(_) => None,
    }
}

fn check_apart(user: &Sources, client: &Sources) -> Result<(), ConfigError> {
    // A request has one `Authorization` header, so two schemes of it cannot fill two slots.
    if client.places().any(|own| user.places().any(|p| p == own)) {
        let detail = "both credentials are read from one place; configure separate places";
        return Err(ConfigError::conflict(CLIENT.sources, detail));
    }
    Ok(())
}

fn check_authorities(all: Authorities, all_equal: bool) -> Result<(), ConfigError> {
    if all.is_open() && !all_equal {
        let detail = "several outside authorities are trusted and one of them may assert \
                      anything; limit each with `grants`, or call `all_authorities_equal()`";
        return Err(ConfigError::conflict(USER.validator, detail));
    }
    Ok(())
}

fn only(mut authorizers: Vec<Arc<dyn Authorizer>>) -> Result<Arc<dyn Authorizer>, ConfigError> {
    let last = authorizers.pop();
    if !authorizers.is_empty() {
        let detail = "more than one authorizer is configured; join conditions with `and` or `or`";
        return Err(ConfigError::conflict("authorizer", detail));
    }
    last.ok_or_else(|| {
        let detail = "no authorizer is configured; add one with `GateBuilder::authorizer`, or \
                      call `allow_any_authenticated()`";
        ConfigError::missing("authorizer", detail)
    })
}

/// A judge that is held to one place.
struct Bound {
    judge: Arc<dyn TokenValidator>,
    shapes: [Shape; 1],
}

impl Bound {
    fn new(place: Place, judge: impl TokenValidator + 'static) -> Self {
        let judge = Arc::new(judge);
        let shapes = [Shape::Place(place)];
        Self { judge, shapes }
    }
}

impl TokenValidator for Bound {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        self.judge.authorities()
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.judge.diagnose()
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        self.judge.warm_up()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.judge.validate(presented)
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [shape] = &self.shapes;
        f.debug_tuple("Bound")
            .field(shape)
            .field(&self.judge)
            .finish()
    }
}

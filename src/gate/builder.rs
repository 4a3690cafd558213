//! The builder of gates.

use std::fmt;
use std::sync::Arc;

use super::slot::Slot;
use super::slots::Slots;
use super::{Gate, Inner};
use crate::clock::{Clock, SystemClock};
use crate::credential::{Place, PresentedCredential, Sources, SourcesBuilder};
use crate::diagnosis::{Explanation, Finding};
use crate::environment::Environment;
use crate::error::{ConfigError, Rejection};
use crate::http_response::ResponseConfig;
use crate::now_or_later::NowOrLater;
use crate::policy::{Authorizer, Decision, authorize_fn};
use crate::principal::{Authority, Principal};
use crate::revocation_list::RevocationList;
use crate::validator::{Authorities, Router, Shape, TokenValidator};

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
    challenge: ResponseConfig,
    clock: Arc<dyn Clock>,
    all_equal: bool,
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
            challenge: ResponseConfig::default(),
            clock: Arc::new(SystemClock),
            all_equal: false,
        }
    }
}

impl GateBuilder {
    /// Adds a validator for the caller's credential. If there are several, each credential goes to
    /// exactly one of them, by its [`Shape`].
    pub fn validator(mut self, validator: impl TokenValidator + 'static) -> Self {
        self.user.validators.push(Arc::new(validator));
        self
    }

    /// Adds a validator for every credential that is found in this place, and for no other one,
    /// whatever shapes it declares.
    pub fn validator_at(mut self, place: Place, validator: impl TokenValidator + 'static) -> Self {
        let bound = BoundValidator::new(place, validator);
        self.user.validators.push(Arc::new(bound));
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
        self.client.validators.push(Arc::new(validator));
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
    pub fn allow_any_authenticated(self) -> Self {
        self.authorizer(authorize_fn("any authenticated caller", |_| {
            Decision::allow()
        }))
    }

    /// Trusts all outside authorities of this gate equally.
    ///
    /// Each of them may then assert any scope and claim, also one that the service expects from
    /// another, and an id of one counts as that of all: conditions such as
    /// [`client`](crate::policy::client) need not name its authority. Without this a gate with several [outside authorities](Authorities) is built only
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

    /// Sets the clock, by default the system's. It is read once per request, so that every check of
    /// the request sees one time. If it reports no time, the request is refused as
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock from an [`Environment`], if it has one; nothing else of it is used. Call it
    /// before [`clock`](Self::clock), because the later call wins. Validators get its
    /// time with each credential.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self
    }

    /// Builds the gate.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a validator or an authorizer, or for
    /// a second slot without its places or its validator;
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for two authorizers, validators that
    /// take the same credentials or are bound to a place that is not enabled, slots that share a
    /// place, a cookie that is bound to no validator where credentials of several [`Shape`]s would
    /// be taken from it, `Authorization: Basic` that is bound to no validator, and several outside
    /// authorities of which one may assert anything, unless
    /// [`all_authorities_equal`](Self::all_authorities_equal) is set.
    pub fn build(self) -> Result<Gate, ConfigError> {
        let mut authorizers = self.authorizers;
        let last = authorizers.pop();
        if !authorizers.is_empty() {
            let detail =
                "more than one authorizer is configured; join conditions with `and` or `or`";
            return Err(ConfigError::conflict("authorizer", detail));
        }
        let authorizer = last.ok_or_else(|| {
            let detail = "no authorizer is configured; add one with `authorizer`, or \
                          call `allow_any_authenticated()`";
            ConfigError::missing("authorizer", detail)
        })?;
        let mut user = self.user.or_default_sources()?.slot(&USER)?;
        let mut client = if self.client.validators.is_empty() && self.client.sources.is_none() {
            None
        } else {
            Some(self.client.slot(&CLIENT)?)
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
        let is_open = |slot: &Slot| slot.router.authorities().is_open();
        if !self.all_equal && client.iter().chain([&user]).any(is_open) {
            let detail = "several outside authorities are trusted and one of them may assert \
                          anything; limit each with `grants`, or call `all_authorities_equal()`";
            return Err(ConfigError::conflict(USER.validator, detail));
        }
        let slots = client.iter().chain([&user]);
        let names = slots.map(|slot| slot.router.authority_names());
        let names: Option<Vec<_>> = names.collect();
        let names = names.map(|names| names.concat());
        for list in &self.revocations {
            list.add_authorities(names.as_deref());
        }
        Ok(Gate(Arc::new(Inner {
            slots: Slots { user, client },
            authorizer,
            challenge: self.challenge,
            clock: self.clock,
        })))
    }
}

#[derive(Debug, Default)]
struct SlotConfig {
    validators: Vec<Arc<dyn TokenValidator>>,
    sources: Option<Sources>,
}

/// The names of one slot's setters, for errors.
struct SetterNames {
    validator: &'static str,
    sources: &'static str,
}

const USER: SetterNames = SetterNames {
    validator: "validator",
    sources: "sources",
};

const CLIENT: SetterNames = SetterNames {
    validator: "client_validator",
    sources: "client_sources",
};

impl SlotConfig {
    fn or_default_sources(mut self) -> Result<Self, ConfigError> {
        if self.sources.is_none() {
            let shapes = self
                .validators
                .iter()
                .flat_map(|validator| validator.shapes());
            let headers = shapes.filter_map(bound_to).filter_map(|place| match place {
                Place::Header(name) => Some(name.as_str()),
                _ => None,
            });
            let all = headers.fold(Sources::builder(), SourcesBuilder::header);
            self.sources = Some(all.build()?);
        }
        Ok(self)
    }

    fn slot(self, names: &SetterNames) -> Result<Slot, ConfigError> {
        if self.validators.is_empty() {
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
        check_places(&self.validators, &sources, names)?;
        let router = Router::new(self.validators)?;
        Ok(Slot {
            sources,
            router,
            revocations: Vec::new(),
            has_contested_ids: false,
        })
    }
}

/// Returns the call that enables a place, for the operator.
fn setter_of(place: &Place) -> String {
    match place {
        Place::Header(name) => format!("`.header(\"{name}\")`"),
        Place::Cookie(name) => format!("`.cookie(\"{name}\")`"),
        Place::Query(name) => format!("`.query(\"{name}\")`"),
        Place::Form(name) => format!("`.form(\"{name}\")`"),
        Place::Basic => "`.basic(..)`".to_owned(),
        Place::AuthorizationHeader => "a scheme of `Authorization`".to_owned(),
    }
}

fn check_places(
    validators: &[Arc<dyn TokenValidator>],
    sources: &Sources,
    names: &SetterNames,
) -> Result<(), ConfigError> {
    let shapes = || validators.iter().flat_map(|v| v.shapes());
    let bound = || shapes().filter_map(bound_to);
    let is_enabled = |place: &&Place| sources.places().any(|own| own == *place);
    if let Some(place) = bound().find(|place| !is_enabled(place)) {
        let detail = format!(
            "a validator is bound to a place that is not enabled; add {} to the `Sources` of the \
             gate, or remove the validator",
            setter_of(place)
        );
        return Err(ConfigError::conflict(names.validator, detail));
    }
    let has_basic = sources.places().any(|place| *place == Place::Basic);
    if has_basic && !bound().any(|place| *place == Place::Basic) {
        let detail = "no validator takes the keys of `Authorization: Basic`; bind one to it, for \
                      example with `ApiKeyValidatorBuilder::basic`";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    let mut cookies = sources.places().filter(|p| matches!(p, Place::Cookie(_)));
    // Shapes count, not validators: one validator may pass credentials on to several others.
    let is_one_of_several = shapes().filter(|shape| bound_to(shape).is_none()).count() > 1;
    if is_one_of_several && cookies.any(|cookie| !bound().any(|place| place == cookie)) {
        let detail = "credentials of several shapes would be taken from a cookie; bind the cookie \
                      to one validator with `validator_at`, or with a validator that declares \
                      `Shape::Place`";
        return Err(ConfigError::conflict(names.validator, detail));
    }
    Ok(())
}

const fn bound_to(shape: &Shape) -> Option<&Place> {
    match shape {
        Shape::Place(place) => Some(place),
        _ => None,
    }
}

/// A validator that is bound to one place.
struct BoundValidator {
    validator: Arc<dyn TokenValidator>,
    shapes: [Shape; 1],
}

impl BoundValidator {
    fn new(place: Place, validator: impl TokenValidator + 'static) -> Self {
        let validator = Arc::new(validator);
        let shapes = [Shape::Place(place)];
        Self { validator, shapes }
    }
}

impl TokenValidator for BoundValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        self.validator.authorities()
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        self.validator.authority_names()
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.validator.diagnose()
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.validator.explain(presented)
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        self.validator.warm_up()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.validator.validate(presented)
    }
}

impl fmt::Debug for BoundValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [shape] = &self.shapes;
        f.debug_tuple("BoundValidator")
            .field(shape)
            .field(&self.validator)
            .finish()
    }
}

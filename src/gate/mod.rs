//! The entry point: authentication and authorization of a request in one call.

mod admitted;
mod builder;
mod doctor;
mod explain;
mod per_route;
mod report;
mod slot;
mod slot_config;
mod slots;
mod supply;

use std::sync::Arc;

pub use admitted::{Admitted, Authenticated};
pub use builder::GateBuilder;
pub use explain::{RequestExplanation, Section};

use self::slots::{Callers, Proofs, Slots};
use crate::clock::Clock;
use crate::error::{Rejection, RejectionKind};
use crate::event::Observer;
use crate::http_response::{Refusal, ResponseConfig};
use crate::now_or_later::{NowOrLater, ask};
use crate::policy::{AccessRequest, Authorizer, Decision};
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::validator::{TokenValidator, all};

/// Authenticates requests and decides whether they are allowed. Cheap to clone.
///
/// [`check`](Self::check) does both; [`authenticate`](Self::authenticate) and
/// [`authorize`](Self::authorize) are its two steps, for services that decide per route, and
/// [`authenticate_optional`](Self::authenticate_optional) is for pages that anonymous callers may
/// see too. All of them take `&http::request::Parts`, `&http::Request<B>` or [`RequestFacts`].
/// Everything in a request is untrusted.
///
/// A request is denied unless something allows it, and what weakens this has to be configured by
/// name: a gate is built only with a [validator](GateBuilder::validator) and an
/// [authorizer](GateBuilder::authorizer), or with
/// [`allow_any_authenticated`](GateBuilder::allow_any_authenticated) in place of the latter; with
/// several outside authorities it needs bounds for each, or
/// [`all_authorities_equal`](GateBuilder::all_authorities_equal). What could not be checked, for
/// example because a key server does not answer, is refused as
/// [`Unavailable`](RejectionKind::Unavailable): 503, never 401 and never an allow.
///
/// A [`Refusal`] says why, and is the HTTP response too. With an
/// [observer](GateBuilder::observer) the gate reports each request that it
/// [admits](crate::event::Event::Admitted) or [refuses](crate::event::Event::Refused).
///
/// ```
/// use bearergate::{claim, Gate, JwtValidator, require_scope};
/// use bearergate::key::KeySet;
/// # use serde::Deserialize;
///
/// # #[derive(Deserialize)]
/// # struct MyClaims {}
/// # async fn serve(
/// #     jwks_json: &str,
/// #     request_parts: http::request::Parts,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let gate = Gate::builder()
///     .validator(JwtValidator::builder().issuer("https://idp.example.com").audience("https://api.example.com")
///         .keys(KeySet::from_jwks(jwks_json)?).build()?)
///     .authorizer(require_scope("orders:read").and(claim("tenant").is("acme")))
///     .build()?;
/// let admitted = gate.check(&request_parts).await?;       // Err(refusal): refusal.into_response()
/// let me: MyClaims = admitted.principal().claims().deserialize()?;
/// # let _ = me;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    slots: Arc<Slots>,
    authorizer: Arc<dyn Authorizer>,
    challenge: ResponseConfig,
    clock: Arc<dyn Clock>,
    /// Whether the service adds what the authorizer needs.
    per_route: bool,
    observer: Option<Arc<dyn Observer>>,
}

impl Gate {
    /// Authenticates the caller and decides whether the request is allowed:
    /// [`authenticate`](Self::authenticate), then [`authorize`](Self::authorize).
    ///
    /// Admits only if every slot holds exactly one credential, its validator accepts it, no
    /// revocation list has it revoked, the authorizer allows the request, and the request proves
    /// possession of the keys that its tokens are bound to. The authorizer sees the facts of the
    /// request, with the address of the client if they have one
    /// ([`ClientAddress`](crate::request::ClientAddress)), but neither action nor resource: a gate
    /// does not know routes. So a gate is not built with an authorizer that needs them for every
    /// request; see [`authorizes_per_route`](GateBuilder::authorizes_per_route).
    ///
    /// A [sender constraint](crate::validator::SenderConstraint) is called after all others, because a proof may be
    /// good for one check only. It is called after a denial too, and its rejection is then the
    /// reason of the refusal.
    ///
    /// The result is ready unless a validator, a list, the authorizer or a sender constraint has to
    /// wait, or the tokens of both slots are bound. Then what has to wait is called once more when
    /// the result is first polled; what has answered is not called again.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] in every other case; one of kind [`Unavailable`](RejectionKind::Unavailable)
    /// if the request could not be checked.
    pub fn check<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        let facts = facts.into();
        self.callers(facts).then(move |found| {
            let found =
                found.and_then(|(callers, proofs)| Ok((self.0.slots.all_slots(callers)?, proofs)));
            match found {
                Ok((caller, proofs)) => self.admit(caller, proofs, facts),
                Err(rejection) => NowOrLater::now(Err(self.refuse(rejection, None))),
            }
        })
    }

    /// Checks like [`check`](Self::check), without an executor.
    ///
    /// Returns `None` if the result is not ready. What has to be waited for was not started then,
    /// and no proof of possession was used: [`check`](Self::check) gives the result of the same
    /// request.
    pub fn try_check_now<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> Option<Result<Admitted, Refusal>> {
        self.check(facts).try_now().ok()
    }

    /// Authenticates the caller, without any decision what it may do.
    ///
    /// Succeeds only if every slot holds exactly one credential, its validator accepts it, no
    /// revocation list has it revoked, and the request proves possession of the keys that its
    /// tokens are bound to, which is checked last. Follow it with [`authorize`](Self::authorize), as
    /// often as there are decisions to take.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] in every other case; one of kind [`Unavailable`](RejectionKind::Unavailable)
    /// if a credential could not be checked.
    pub fn authenticate<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Authenticated, Refusal>> {
        let facts = facts.into();
        let caller = self.callers(facts).and_then(move |(callers, proofs)| {
            let caller = self.0.slots.all_slots(callers);
            self.0.slots.prove(proofs, facts, caller)
        });
        caller.map(|caller| caller.map_err(|rejection| self.refuse(rejection, None)))
    }

    /// Authenticates the caller like [`authenticate`](Self::authenticate), or returns `None` for an
    /// anonymous one.
    ///
    /// Anonymous is only a request without any credential in the places of the first slot. The
    /// credential of an application in the second slot is checked for anonymous callers too, but
    /// they may omit it.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] for every credential that is not accepted: an invalid, expired or ambiguous
    /// credential never counts as none.
    pub fn authenticate_optional<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Option<Authenticated>, Refusal>> {
        let facts = facts.into();
        let caller = self.callers(facts).and_then(move |(callers, proofs)| {
            let caller = match callers.is_anonymous() {
                true => Ok(None),
                false => self.0.slots.all_slots(callers).map(Some),
            };
            self.0.slots.prove(proofs, facts, caller)
        });
        caller.map(|caller| caller.map_err(|rejection| self.refuse(rejection, None)))
    }

    /// Decides whether an authenticated caller may do what it requests.
    ///
    /// Succeeds only if the authorizer allows. [`Authenticated::request`] starts the access
    /// request.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with its [`decision`](Refusal::decision) in every other case.
    pub fn authorize<'a>(
        &'a self,
        request: &'a AccessRequest<'a>,
    ) -> NowOrLater<'a, Result<Decision, Refusal>> {
        let decided = self.0.authorizer.authorize(request);
        decided.map(|decision| self.allowed(decision, request.principal()))
    }

    /// Fetches what the first requests would have to wait for, for example the keys of every
    /// issuer.
    ///
    /// A service may serve without it, or after it has failed: what is missing is fetched when a
    /// request needs it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](RejectionKind::Unavailable) if something could not be fetched.
    pub fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        all(self.0.slots.iter().map(|slot| slot.router.warm_up()))
    }

    /// Returns the configuration of this gate's refusals as HTTP responses. With it a service gives
    /// its own refusals, such as one after a check in a handler, the form of the gate's.
    pub fn challenge(&self) -> &ResponseConfig {
        &self.0.challenge
    }

    fn admit<'a>(
        &'a self,
        caller: Authenticated,
        proofs: Proofs,
        facts: RequestFacts<'a>,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        ask!(
            where request = Ok(caller.request().with_facts(&facts));
            self.0.authorizer.authorize(&request),
            |decision| self.0.slots.prove(proofs, facts, Ok(decision)).map(move |proven| {
                let principal = caller.principal();
                let decision =
                    proven.map_err(|rejection| self.refuse(rejection, Some(principal)))?;
                let decision = self.allowed(decision, principal)?;
                Ok(caller.admitted(decision))
            })
        )
    }

    fn allowed(&self, decision: Decision, caller: &Principal) -> Result<Decision, Refusal> {
        let observer = self.0.observer.as_deref();
        match decision.is_allowed() {
            true => {
                report::admitted(observer, caller);
                Ok(decision)
            }
            false => {
                let refusal = self.0.challenge.deny(decision);
                report::refused(observer, &refusal, Some(caller));
                Err(refusal)
            }
        }
    }

    fn callers<'a>(
        &'a self,
        facts: RequestFacts<'a>,
    ) -> NowOrLater<'a, Result<(Callers, Proofs), Rejection>> {
        match self.0.clock.now() {
            Some(now) => self.0.slots.authenticate(facts, now),
            None => NowOrLater::now(Err(RejectionKind::Unavailable.into())),
        }
    }

    fn refuse(&self, rejection: Rejection, caller: Option<&Principal>) -> Refusal {
        let refusal = self.0.challenge.respond_to(rejection);
        report::refused(self.0.observer.as_deref(), &refusal, caller);
        refusal
    }
}

//! The entry point: authentication and authorization of a request in one call.

mod admitted;
mod bound_validator;
mod builder;
mod builder_enforcement;
mod builder_profile;
mod core;
mod doctor;
mod enforcement;
mod explain;
mod passage;
mod per_route;
mod profiled;
mod report;
mod slot;
mod slot_config;
mod slots;
mod stop;
mod supply;

use std::sync::Arc;

pub use admitted::{Admitted, Authenticated};
pub use builder::GateBuilder;
pub use explain::{RequestExplanation, Section};

use self::core::{GateCore, Presented};
use self::enforcement::{Enforcement, Unenforced};
use self::passage::Admission;
use self::stop::Stop;
use crate::error::{Rejection, RejectionKind};
use crate::http_response::{Refusal, ResponseConfig};
use crate::metrics::Metrics;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Authorizer, Decision};
use crate::request::RequestFacts;
use crate::validator::{Proofs, TokenValidator, all};

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

#[derive(Clone, Debug)]
struct Inner {
    core: GateCore,
    /// Whether the service adds what the authorizer needs.
    per_route: bool,
    enforcement: Option<Arc<Enforcement>>,
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
    /// good for one check only. It is called after a denial and for a revoked token too, and its
    /// rejection is then the reason of the refusal.
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
        match &self.0.enforcement {
            None => passage::check(&self.0.core, &Unenforced, facts),
            Some(enforcement) if enforcement.waits_for_records() => {
                NowOrLater::later(
                    async move { passage::check(&self.0.core, enforcement, facts).await },
                )
            }
            Some(enforcement) => passage::check(&self.0.core, enforcement, facts),
        }
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
        let identified = self.identify(facts.into(), Admission::Known);
        // A known caller is never anonymous.
        identified.map(|caller| caller?.ok_or_else(|| self.missing()))
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
        self.identify(facts.into(), Admission::Anybody)
    }

    /// Decides whether an authenticated caller may do what it requests.
    ///
    /// Succeeds only if the authorizer allows. [`Authenticated::request`] starts the access
    /// request.
    ///
    /// The limits of the decision's class, and quotas, are asked at the time of this call, once for
    /// each decision. A limit that refuses gives back what the caller was charged so far, unless there was
    /// a decision about it before: that stays charged, because the service has acted on it. Without a
    /// time nothing is decided by a gate that has limits or an audit trail.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with its [`decision`](Refusal::decision) in every other case.
    pub fn authorize<'a>(
        &'a self,
        request: &'a AccessRequest<'a>,
    ) -> NowOrLater<'a, Result<Decision, Refusal>> {
        let decided = self.0.core.authorizer.authorize(request);
        decided.then(move |decision| match self.0.enforcement.as_deref() {
            Some(enforcement) => enforcement.authorize(&self.0.core, request, decision),
            None => NowOrLater::now(self.allowed(decision, request)),
        })
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
        all(self.0.core.slots.iter().map(|slot| slot.router.warm_up()))
    }

    /// Returns the configuration of this gate's refusals as HTTP responses. With it a service gives
    /// its own refusals, such as one after a check in a handler, the form of the gate's.
    pub fn challenge(&self) -> &ResponseConfig {
        &self.0.core.challenge
    }

    /// Returns which proofs of possession the validators of the caller's credential check, for the
    /// [metadata](crate::metadata) of the service.
    pub fn proofs(&self) -> Proofs {
        self.0.core.slots.user.router.proofs()
    }

    /// Returns the counters of this gate and of its limits, lock-outs and audit trail.
    ///
    /// Requests are counted by a gate that has one of them, or that was built with
    /// [`count_requests`](GateBuilder::count_requests).
    pub fn metrics(&self) -> Metrics {
        let enforcement = self.0.enforcement.as_deref();
        Metrics::new(enforcement.map(Enforcement::counted).unwrap_or_default())
    }

    fn identify<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        admission: Admission,
    ) -> NowOrLater<'a, Result<Option<Authenticated>, Refusal>> {
        match &self.0.enforcement {
            None => passage::authenticate(&self.0.core, &Unenforced, facts, admission),
            Some(enforcement) if enforcement.waits_for_records() => NowOrLater::later(async move {
                passage::authenticate(&self.0.core, enforcement, facts, admission).await
            }),
            Some(enforcement) => passage::authenticate(&self.0.core, enforcement, facts, admission),
        }
    }

    fn missing(&self) -> Refusal {
        self.0
            .core
            .challenge
            .respond_to(RejectionKind::CredentialMissing)
    }

    fn allowed(
        &self,
        decision: Decision,
        request: &AccessRequest<'_>,
    ) -> Result<Decision, Refusal> {
        let caller = request.principal();
        if decision.is_allowed() {
            self.0.core.report_admitted(caller);
            return Ok(decision);
        }
        let refusal = self
            .0
            .core
            .refusal(Stop::Denied(decision), Presented::of(request));
        self.0.core.report_refused(&refusal, Some(caller));
        Err(refusal)
    }
}

//! The hall: one question per request, who is this and may they do that.

mod admitted;
mod builder;
mod doctor;
mod slot;

pub use admitted::Admitted;
pub use admitted::Authenticated;
pub use builder::GateBuilder;

use std::sync::Arc;

use self::slot::Found;
use self::slot::Slot;
use crate::clock::Clock;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::http_response::Refusal;
use crate::http_response::ResponseConfig;
use crate::now_or_later::NowOrLater;
use crate::policy::AccessRequest;
use crate::policy::Authorizer;
use crate::policy::Decision;
use crate::request::RequestFacts;
use crate::validator::TokenValidator;
use crate::validator::all;

/// Judges requests: who is this, and may they do that? Cheap to clone.
///
/// It takes `&http::request::Parts`, `&http::Request<B>` or [`RequestFacts`]. Everything in a
/// request is untrusted. A refusal is a [`Refusal`], which is the HTTP answer too.
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
    user: Slot,
    client: Option<Slot>,
    authorizer: Arc<dyn Authorizer>,
    challenge: ResponseConfig,
    clock: Arc<dyn Clock>,
}

/// What the slots of one request hold: whoever is there was accepted.
struct Callers {
    now: UnixTime,
    user: Option<Found>,
    client: Option<Found>,
}

impl Gate {
    /// Starts a configuration.
    pub fn builder() -> GateBuilder {
        GateBuilder::new()
    }

    /// Says who the caller is and whether they may do that:
    /// [`authenticate`](Self::authenticate), then [`authorize`](Self::authorize).
    ///
    /// Admits only if every slot holds one credential that its judge accepts, and the authorizer
    /// allows. The authorizer sees the facts of the request, with the address of the client
    /// where they have one ([`ClientAddress`](crate::request::ClientAddress)), but neither action nor
    /// resource: a gate does not know routes.
    ///
    /// The answer is ready unless a judge, a list or the authorizer has to wait; then that one is
    /// asked again when the answer is first polled.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] otherwise; one of kind [`Unavailable`](RejectionKind::Unavailable) if the
    /// request could not be judged.
    pub fn check<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        let facts = facts.into();
        self.authenticate(facts).then(move |result| match result {
            Ok(caller) => self.admit(caller, facts),
            Err(refusal) => NowOrLater::now(Err(refusal)),
        })
    }

    /// Answers like [`check`](Self::check) without an executor, or returns `None` if the answer
    /// is not ready; nothing has happened then.
    pub fn try_check_now<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> Option<Result<Admitted, Refusal>> {
        self.check(facts).try_now().ok()
    }

    /// Says who the caller is.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] unless every slot holds one credential that its judge accepts.
    pub fn authenticate<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Authenticated, Refusal>> {
        self.callers(facts.into()).map(|result| {
            result
                .and_then(|callers| self.everybody(callers))
                .map_err(|rejection| self.refuse(rejection))
        })
    }

    /// Says who the caller is, or returns `None` for an anonymous one: a request whose first slot
    /// holds no credential at all.
    ///
    /// An application key in the second slot is judged whether the caller is anonymous or not, but
    /// may be left out by an anonymous one.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] for every credential that is not accepted: a bad one never counts as none.
    pub fn authenticate_optional<'a>(
        &'a self,
        facts: impl Into<RequestFacts<'a>>,
    ) -> NowOrLater<'a, Result<Option<Authenticated>, Refusal>> {
        self.callers(facts.into()).map(|result| {
            let callers = result.map_err(|rejection| self.refuse(rejection))?;
            if callers.user.is_none() {
                return Ok(None);
            }
            self.everybody(callers)
                .map(Some)
                .map_err(|rejection| self.refuse(rejection))
        })
    }

    /// Says whether an authenticated caller may do that.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with its [`decision`](Refusal::decision) unless the authorizer allows.
    pub fn authorize<'a>(
        &'a self,
        request: &'a AccessRequest<'a>,
    ) -> NowOrLater<'a, Result<Decision, Refusal>> {
        self.0
            .authorizer
            .authorize(request)
            .map(|decision| self.ruling(decision))
    }

    /// Fetches what the first requests would have to wait for: the keys of every issuer.
    ///
    /// A service may serve without it, or although it failed: what is missing is fetched when a
    /// request needs it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](RejectionKind::Unavailable) if something did not come.
    pub fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        let slots = self.0.client.iter().chain([&self.0.user]);
        all(slots.map(|slot| slot.router.warm_up()))
    }

    /// Returns how this gate words its refusals.
    pub fn challenge(&self) -> &ResponseConfig {
        &self.0.challenge
    }

    fn admit<'a>(
        &'a self,
        caller: Authenticated,
        facts: RequestFacts<'a>,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        let ready = {
            let request = caller.request().with_facts(&facts);
            self.authorize(&request).try_now().ok()
        };
        match ready {
            Some(ruling) => NowOrLater::now(ruling.map(|decision| caller.admitted(decision))),
            None => NowOrLater::later(self.admit_later(caller, facts)),
        }
    }

    async fn admit_later(
        &self,
        caller: Authenticated,
        facts: RequestFacts<'_>,
    ) -> Result<Admitted, Refusal> {
        let request = caller.request().with_facts(&facts);
        let ruling = self.authorize(&request).await;
        ruling.map(|decision| caller.admitted(decision))
    }

    fn callers<'a>(
        &'a self,
        facts: RequestFacts<'a>,
    ) -> NowOrLater<'a, Result<Callers, Rejection>> {
        let Some(now) = self.0.clock.now() else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let user = self.0.user.judge(facts, now);
        user.then(move |user| match (user, &self.0.client) {
            (Ok(user), Some(slot)) => slot
                .judge(facts, now)
                .map(move |client| Ok(Callers::new(now, user, client?))),
            (user, _) => NowOrLater::now(user.map(|user| Callers::new(now, user, None))),
        })
    }

    /// Demands a caller in every slot.
    fn everybody(&self, callers: Callers) -> Result<Authenticated, Rejection> {
        let user = callers.user.ok_or(RejectionKind::CredentialMissing)?;
        if self.0.client.is_some() && callers.client.is_none() {
            return Err(RejectionKind::CredentialMissing.into());
        }
        Ok(Authenticated::new(callers.now, user, callers.client))
    }

    fn ruling(&self, decision: Decision) -> Result<Decision, Refusal> {
        if decision.is_allowed() {
            Ok(decision)
        } else {
            Err(self.0.challenge.deny(decision))
        }
    }

    fn refuse(&self, rejection: Rejection) -> Refusal {
        self.0.challenge.respond_to(rejection)
    }
}

impl Callers {
    const fn new(now: UnixTime, user: Option<Found>, client: Option<Found>) -> Self {
        Self { now, user, client }
    }
}

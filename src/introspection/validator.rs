//! The validator of opaque tokens.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use zeroize::Zeroizing;

use super::call::Call;
use super::in_flight::CallResult;
use super::response::EndpointProblem;
use super::shared::{Shared, TokenQuery};
use crate::clock::UnixTime;
use crate::credential::{PresentedCredential, Scheme};
use crate::diagnosis::{Explanation, Finding};
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};
use crate::single_flight::Waiter;
use crate::validator::{Authorities, Conformance, Proofs, Shape, TokenValidator, constrain};

/// A [`TokenValidator`] for opaque access tokens, which asks an introspection endpoint about them
/// (RFC 7662). It is cheap to clone.
///
/// A token is accepted only if the endpoint's response says `"active": true`, its audience is this
/// service, its `token_type` is `Bearer` (or `DPoP` for a token that is bound to a key), and the
/// issuer, times, scopes and binding in the response, if they are present, are valid as they would
/// have to be in a JWT. If there is no such response, for whatever reason, the token is
/// [`Unavailable`](crate::error::RejectionKind::Unavailable): neither accepted nor invalid.
///
/// The principal of an active token is cached for a minute or until the token expires, a rejection
/// for five seconds. Requests that present the same token at the same time share one call, which
/// continues if they are cancelled; at most 64 calls are in flight. After five failures in a row
/// the endpoint is not called for five seconds, and then by one request at a time until it answers
/// again. Cached tokens are accepted meanwhile.
///
/// ```
/// use bearergate::IntrospectionValidator;
/// use bearergate::client_auth::ClientAuth;
/// use bearergate::environment::Environment;
///
/// # fn build(environment: &Environment)
/// #     -> Result<IntrospectionValidator, bearergate::ConfigError> {
/// let auth = ClientAuth::secret_basic("orders-api", std::fs::read("secret").unwrap_or_default())?;
/// IntrospectionValidator::builder("https://idp.example.com/introspect", auth)
///     .audience("https://api.example.com")
///     .issuer("https://idp.example.com")
///     .env(environment)
///     .build()
/// # }
/// ```
#[derive(Clone)]
pub struct IntrospectionValidator(pub(super) Arc<Shared>);

impl IntrospectionValidator {
    /// Removes the cached result of a token, so that the endpoint is asked when it is next
    /// presented. Call it after a logout or a revocation. The result of a call that is in flight is
    /// not used.
    pub fn invalidate(&self, token: &str) {
        for scheme in [Scheme::Bearer, Scheme::Dpop] {
            let digest = self.0.digest(scheme, token);
            let mut calls = self.0.lock();
            calls.invalidate(&digest);
            self.0.cache.remove(&digest);
        }
    }

    /// Returns the result for a token without any proof of possession.
    #[inline]
    pub(super) fn answered<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let (digest, now) = match self.0.parse(presented) {
            Ok(parsed) => parsed,
            Err(kind) => return NowOrLater::now(Err(kind.into())),
        };
        match self.0.lookup(&digest, now) {
            Some(cached) => NowOrLater::now(cached),
            None => NowOrLater::later(async move {
                let token = presented.credential().expose().to_owned();
                let query = TokenQuery {
                    token: Zeroizing::new(token),
                    digest,
                    now,
                };
                self.0.introspect(Arc::new(query)).await
            }),
        }
    }

    /// Removes the cached results of all tokens, as [`invalidate`](Self::invalidate) does for one.
    /// The endpoint is then called for every token that is presented.
    pub fn invalidate_all(&self) {
        let mut calls = self.0.lock();
        calls.invalidate_all();
        self.0.cache.clear();
    }
}

impl TokenValidator for IntrospectionValidator {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn proofs(&self) -> Proofs {
        let constraint = self.0.constraint.as_ref();
        constraint.map_or(Proofs::NONE, |constraint| constraint.proofs())
    }

    fn conformance(&self) -> Conformance {
        self.0.conformance()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.0.constraint.as_ref()?.nonce(now)
    }

    fn authorities(&self) -> Authorities {
        self.0.rules.authorities()
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        Some(vec![self.0.rules.authority.clone()])
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.diagnose_with(&[])
    }

    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        let takes_jwts = !others.contains(&Shape::Jwt);
        NowOrLater::later(self.0.findings(takes_jwts))
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let validated = self.answered(presented);
        validated.then(move |result| constrain(self.0.constraint.as_ref(), result, presented))
    }

    /// Returns the principal of a token whose answer is in the cache.
    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        let (digest, now) = self.0.parse(presented).ok()?;
        let principal = self.0.lookup(&digest, now)?.ok()?;
        (!principal.is_confirmed()).then_some(principal)
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.explained(presented)
    }
}

/// What a request does next to get a result.
enum NextStep {
    Done(Result<Principal, Rejection>),
    Wait(Waiter<CallResult>),
}

impl Shared {
    /// Waits for a result, and asks again a few times if the token is invalidated meanwhile.
    async fn introspect(self: &Arc<Self>, query: Arc<TokenQuery>) -> Result<Principal, Rejection> {
        for _ in 0..ROUNDS {
            match self.next_step(&query)? {
                NextStep::Done(result) => return result,
                NextStep::Wait(waiter) => {
                    if let CallResult::Done(result) = waiter.wait().await {
                        return result;
                    }
                }
            }
        }
        Err(self.unavailable(INVALIDATED))
    }

    fn next_step(self: &Arc<Self>, query: &Arc<TokenQuery>) -> Result<NextStep, Rejection> {
        let mut calls = self.lock();
        // A call may have ended since the cache was read without the lock.
        if let Some(result) = self.lookup(&query.digest, query.now) {
            return Ok(NextStep::Done(result));
        }
        if let Some(waiter) = calls.waiter(&query.digest) {
            return Ok(NextStep::Wait(waiter));
        }
        let abandoned = self.unavailable(ABANDONED);
        let started = calls.start(query.digest, query.now, abandoned);
        let (permit, waiter) = started.map_err(|problem| self.unavailable(problem))?;
        let call = Call::new(Arc::clone(self), Arc::clone(query), permit);
        // The spawner may run the task at once, which takes the lock.
        drop(calls);
        self.spawn.spawn(NowOrLater::later(call.run()));
        Ok(NextStep::Wait(waiter))
    }
}

/// The number of calls for one request if the token is invalidated during each of them.
const ROUNDS: usize = 3;

const INVALIDATED: EndpointProblem =
    EndpointProblem::new("the token was invalidated repeatedly during calls")
        .remedy("let the client repeat the request");
const ABANDONED: EndpointProblem = EndpointProblem::new("the call of the endpoint was abandoned")
    .remedy("check that the spawner drives its tasks to their end");

impl fmt::Debug for IntrospectionValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionValidator")
            .field("endpoint", &self.0.endpoint.url)
            .field("auth", &self.0.endpoint.auth)
            .field("rules", &self.0.rules)
            .field("signed", &self.0.signed)
            .finish_non_exhaustive()
    }
}

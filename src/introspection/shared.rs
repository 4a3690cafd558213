//! The parts of an introspection validator that its clones and its calls share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::breaker::CallOutcome;
use super::cache::{AnswerCache, Digest, Validated};
use super::endpoint::{ProviderEndpoint, TokenRequest};
use super::in_flight::Calls;
use super::response::{EndpointProblem, TokenState};
use super::signed::SignedResponses;
use super::{response, signed};
use crate::clock::{Clock, UnixTime};
use crate::credential::{PresentedCredential, Scheme, charset};
use crate::error::{Rejection, RejectionKind};
use crate::event::{Event, Observer};
use crate::http_client::{HttpResponse, Spawn};
use crate::jwt::{ActiveClaims, IntrospectionRules};
use crate::principal::{KeyId, Principal, PrincipalKind, TokenId};
use crate::validator::{Conformance, SenderConstraint, TokenForm, check_kind};

pub(super) struct Shared {
    pub(super) endpoint: ProviderEndpoint,
    pub(super) rules: IntrospectionRules,
    pub(super) signed: Option<SignedResponses>,
    pub(super) spawn: Arc<dyn Spawn>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) constraint: Option<Arc<dyn SenderConstraint>>,
    pub(super) cache: AnswerCache,
    pub(super) calls: Mutex<Calls>,
    pub(super) prefixes: DigestPrefixes,
    pub(super) id_key: hmac::Key,
    pub(super) max_token_bytes: usize,
}

/// A token to ask the endpoint about.
pub(super) struct TokenQuery {
    pub(super) token: Zeroizing<String>,
    pub(super) digest: Digest,
    pub(super) now: UnixTime,
}

/// The digest states after the prefixes of each scheme, which are hashed once. They hold random
/// bytes of this validator, so digests of two validators differ.
pub(super) struct DigestPrefixes {
    bearer: digest::Context,
    dpop: digest::Context,
}

impl DigestPrefixes {
    pub(super) fn new(instance: &[u8; 32]) -> Self {
        let prefix = |scheme: &[u8; 6]| {
            let mut context = digest::Context::new(&digest::SHA256);
            // One whole block.
            context.update(b"bearergate introspection 2");
            context.update(instance);
            context.update(scheme);
            context
        };
        Self {
            bearer: prefix(b"bearer"),
            dpop: prefix(b"dpop\0\0"),
        }
    }
}

impl Shared {
    /// Returns what holds for its tokens, for a profile.
    pub(super) fn conformance(&self) -> Conformance {
        let answers = match &self.signed {
            Some(signed) => signed.conformance().signed_answers(),
            None => Conformance::new().unsigned(),
        };
        // The audience of a signed answer is the client of the endpoint, not that of the token.
        let answers = answers.with_audience(self.rules.has_audiences());
        let conformance = answers.leeway(self.rules.leeway).sees_revocation();
        match &self.constraint {
            Some(constraint) => conformance.sender_constraint(Arc::clone(constraint)),
            None => conformance,
        }
    }

    /// Checks the form of a token, before the cache or the endpoint is asked.
    pub(super) fn parse(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<(Digest, UnixTime), RejectionKind> {
        let credential = presented.credential();
        check_kind(credential.scheme(), PrincipalKind::OpaqueToken)?;
        let token = credential.expose();
        if token.len() > self.max_token_bytes {
            return Err(RejectionKind::TokenTooLarge);
        }
        // Disclosures of an SD-JWT are not for the endpoint.
        let is_sd_jwt = TokenForm::recognize(token) == TokenForm::SdJwt;
        if is_sd_jwt || !charset::is_b64token(token.as_bytes()) {
            return Err(RejectionKind::TokenMalformed);
        }
        let now = presented.now().or_else(|| self.clock.now());
        let now = now.ok_or(RejectionKind::Unavailable)?;
        Ok((self.digest(credential.scheme(), token), now))
    }

    pub(super) fn digest(&self, scheme: Scheme, token: &str) -> Digest {
        let prefix = match scheme {
            Scheme::Dpop => &self.prefixes.dpop,
            _ => &self.prefixes.bearer,
        };
        let mut context = prefix.clone();
        context.update(&(token.len() as u64).to_be_bytes());
        context.update(token.as_bytes());
        sized(context.finish().as_ref())
    }

    /// Returns the id of a token under its authority. The signature of what looks like a JWT is
    /// left out, because an ECDSA signature can be changed into another valid one.
    fn token_id(&self, token: &str) -> TokenId {
        let is_jwt = TokenForm::recognize(token) == TokenForm::Jwt;
        let signed = token.rsplit_once('.').filter(|_| is_jwt);
        let token = signed.map_or(token, |(signed, _)| signed);
        let authority = self.rules.authority.as_str();
        let mut context = hmac::Context::with_key(&self.id_key);
        context.update(b"bearergate opaque token id 1\0");
        context.update(&(authority.len() as u64).to_be_bytes());
        context.update(authority.as_bytes());
        context.update(token.as_bytes());
        TokenId::of_fingerprint(sized(context.sign().as_ref()))
    }

    pub(super) fn lookup(
        &self,
        digest: &Digest,
        now: UnixTime,
    ) -> Option<Result<Principal, Rejection>> {
        let is_accepted =
            |key: &KeyId| self.signed.as_ref().is_some_and(|s| s.is_key_accepted(key));
        let result = self.cache.lookup(digest, now, is_accepted)?;
        let authority = self.rules.authority.as_str();
        self.observe(&Event::CacheHit { authority });
        Some(result)
    }

    /// Asks the endpoint and validates its response.
    pub(super) async fn validate(&self, query: &TokenQuery) -> (Validated, CallOutcome) {
        let (response, outcome) = self.call(query).await;
        let state = self.read(response, query).await;
        let (result, key) = match state {
            Ok((TokenState::Active(document), key)) => {
                let claims = ActiveClaims {
                    document,
                    token_id: self.token_id(&query.token),
                    now: query.now,
                };
                (self.rules.validate(claims), key)
            }
            Ok((TokenState::Inactive, key)) => (Err(RejectionKind::TokenInactive.into()), key),
            Ok((TokenState::TooLarge, key)) => (Err(RejectionKind::TokenTooLarge.into()), key),
            Err(problem) => (Err(self.unavailable(problem)), None),
        };
        (Validated { result, key }, outcome)
    }

    pub(super) async fn call(
        &self,
        query: &TokenQuery,
    ) -> (Result<HttpResponse, EndpointProblem>, CallOutcome) {
        let request = TokenRequest {
            token: &query.token,
            hint: "access_token",
            accept: self.media_type(),
            now: query.now,
        };
        self.endpoint.send(&request).await
    }

    pub(super) async fn read(
        &self,
        response: Result<HttpResponse, EndpointProblem>,
        query: &TokenQuery,
    ) -> Result<(TokenState, Option<KeyId>), EndpointProblem> {
        let state = async {
            let response = response?;
            let body = response::body(&response, self.media_type())?;
            match &self.signed {
                Some(signed) => signed.open(body, query.now).await,
                None => Ok((response::read(body)?, None)),
            }
        };
        let state = state.await;
        self.observe(&Event::Introspected {
            authority: self.rules.authority.as_str(),
            problem: state.as_ref().err().map(|problem| problem.text),
        });
        state
    }

    fn media_type(&self) -> &'static str {
        match self.signed {
            Some(_) => signed::MEDIA_TYPE,
            None => "application/json",
        }
    }

    pub(super) fn unavailable(&self, problem: EndpointProblem) -> Rejection {
        problem.into_rejection(&self.endpoint.url, self.endpoint.auth.kind())
    }

    pub(super) fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sized(bytes: &[u8]) -> [u8; 32] {
    let mut sized = [0; 32];
    sized
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    sized
}

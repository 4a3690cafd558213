//! What an issuer answers about tokens that it minted: RFC 7662 and RFC 7009.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::caller::AuthenticatedClient;
use super::endpoint_response::Answer;
use super::issuer::JwtIssuer;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::credential::parameter;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::json::Object;
use crate::jwt::JwtValidator;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Confirmation;
use crate::principal::Principal;
use crate::validator::SenderConstraint;
use crate::validator::TokenValidator;
use crate::validator::is_jwt_like;

/// Knows which tokens of an issuer were called back before their end, and takes note of more.
///
/// A token is named by [`Principal::token_id`]; what it hangs on is its subject, its client, its
/// session (the claim `sid`) and the time at which it was issued.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::RwLock;
/// use bearergate::{NowOrLater, Principal, Rejection, RejectionKind};
/// use bearergate::clock::UnixTime;
/// use bearergate::issuer::Revocations;
/// use bearergate::principal::TokenId;
///
/// /// For a service of one process, whose tokens live for minutes.
/// #[derive(Debug, Default)]
/// struct Denied(RwLock<HashSet<TokenId>>);
///
/// impl Revocations for Denied {
///     fn is_revoked<'a>(
///         &'a self,
///         token: &'a Principal,
///         _now: UnixTime,
///     ) -> NowOrLater<'a, Result<bool, Rejection>> {
///         let denied = self.0.read().map_err(|_| RejectionKind::Unavailable.into());
///         let is_in = |id| denied.map(|denied| denied.contains(&id));
///         NowOrLater::now(token.token_id().map_or(Ok(false), is_in))
///     }
///
///     fn revoke<'a>(
///         &'a self,
///         token: &'a Principal,
///         _now: UnixTime,
///     ) -> NowOrLater<'a, Result<(), Rejection>> {
///         let denied = self.0.write().map_err(|_| RejectionKind::Unavailable.into());
///         NowOrLater::now(denied.map(|mut denied| denied.extend(token.token_id())))
///     }
/// }
/// ```
pub trait Revocations: fmt::Debug + Send + Sync {
    /// Returns whether the token, or what it hangs on, was revoked.
    ///
    /// # Errors
    ///
    /// A source that cannot answer gives [`Unavailable`](RejectionKind::Unavailable), never
    /// `false`.
    fn is_revoked<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<bool, Rejection>>;

    /// Revokes the token; returns `Ok(())` only if every later [`is_revoked`](Self::is_revoked)
    /// says so until it has ended.
    ///
    /// # Errors
    ///
    /// A source that cannot write it down gives [`Unavailable`](RejectionKind::Unavailable).
    fn revoke<'a>(
        &'a self,
        token: &'a Principal,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(), Rejection>>;
}

const _: Option<&dyn Revocations> = None;

/// Answers requests about tokens that its issuer minted: introspection (RFC 7662) and revocation
/// (RFC 7009). It takes the form that was posted and knows no framework.
///
/// It authenticates nobody: who asks has to be said, as an [`AuthenticatedClient`], by whoever
/// calls it.
///
/// ```
/// use bearergate::clock::{Clock, SystemClock};
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{AccessClaims, AuthenticatedClient, JwtIssuer, SigningKeys, SigningKey, TokenResponder};
///
/// let now = SystemClock::default().now().ok_or("no time")?;
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", ring).build()?;
/// let token = issuer.mint(&AccessClaims::new("alice", "shop", "https://api.example.com"))?;
/// let responder = TokenResponder::new(issuer)?;
///
/// let form = format!("token={}", token.expose());
/// let api = AuthenticatedClient::assertion("orders-api").serving("https://api.example.com");
/// let answer = responder.introspect(&api, form.as_bytes()).try_now().expect("nothing to wait for");
/// assert!(answer.body().starts_with(r#"{"active":true,"token_type":"Bearer","#));
///
/// let stranger = AuthenticatedClient::assertion("stranger");
/// let answer = responder.introspect(&stranger, form.as_bytes()).try_now().expect("likewise");
/// assert_eq!(answer.body(), r#"{"active":false}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Who asks cannot be left out:
///
/// ```compile_fail
/// # fn f(responder: &bearergate::issuer::TokenResponder, api: &bearergate::issuer::AuthenticatedClient) {
/// let answer = responder.introspect(b"token=a.b.c");
/// # let _ = answer; }
/// ```
///
/// ```
/// # fn f(responder: &bearergate::issuer::TokenResponder, api: &bearergate::issuer::AuthenticatedClient) {
/// let answer = responder.introspect(api, b"token=a.b.c");
/// # let _ = answer; }
/// ```
#[derive(Clone, Debug)]
pub struct TokenResponder {
    issuer: JwtIssuer,
    validator: JwtValidator,
    revocations: Option<Arc<dyn Revocations>>,
}

impl TokenResponder {
    /// Answers for this issuer. Without [`revocations`](Self::revocations) it calls no token back:
    /// it says `unsupported_token_type`.
    ///
    /// # Errors
    ///
    /// None in practice: the issuer has a name.
    pub fn new(issuer: JwtIssuer) -> Result<Self, ConfigError> {
        let validator = JwtValidator::builder()
            .issuer(issuer.name())
            .any_audience()
            .key_store(Arc::new(issuer.clone()))
            .rfc9068()
            .sender_constraint(Unproved)
            .build()?;
        Ok(Self {
            issuer,
            validator,
            revocations: None,
        })
    }

    /// Asks here whether a token was called back, and notes here that one is to be.
    #[must_use]
    pub fn revocations(mut self, revocations: impl Revocations + 'static) -> Self {
        self.revocations = Some(Arc::new(revocations));
        self
    }

    /// Answers an introspection request (RFC 7662 section 2): the posted form, untrusted, of at
    /// most [`RequestFacts::MAX_FORM_BYTES`](crate::request::RequestFacts::MAX_FORM_BYTES).
    ///
    /// `active` is true, and the token's claims follow, only if the token was minted by this
    /// issuer, is neither over nor revoked, and the caller is the client it was issued to or
    /// serves one of its audiences. Any other token is answered with `active` false and nothing
    /// else. A form without exactly one `token` is a 400; where it cannot be judged, 503.
    pub fn introspect<'a>(
        &'a self,
        caller: &'a AuthenticatedClient,
        form: &[u8],
    ) -> NowOrLater<'a, Answer> {
        let (token, now) = match self.read(form) {
            Ok(read) => read,
            Err(answer) => return NowOrLater::now(answer),
        };
        let judged = self.judge(&token, now).and_then(|principal| {
            let may_know = may_know(caller, &principal) && !is_over(&principal, now);
            let hidden = || Rejection::new(RejectionKind::AccessDenied);
            may_know.then_some(principal).ok_or_else(hidden)
        });
        let principal = match judged {
            Ok(principal) => principal,
            Err(rejection) => return NowOrLater::now(inactive(rejection)),
        };
        let Some(revocations) = self.revocations.as_deref() else {
            return NowOrLater::now(active(&principal));
        };
        // Asked again where its answer can wait; nothing happens before it is polled.
        if let Ok(revoked) = revocations.is_revoked(&principal, now).try_now() {
            return NowOrLater::now(known(&principal, revoked));
        }
        NowOrLater::later(async move {
            let revoked = revocations.is_revoked(&principal, now).await;
            known(&principal, revoked)
        })
    }

    /// Answers a revocation request (RFC 7009 section 2): the posted form, untrusted, of at most
    /// [`RequestFacts::MAX_FORM_BYTES`](crate::request::RequestFacts::MAX_FORM_BYTES).
    ///
    /// A verifier that judges the token by itself, without asking, accepts it until its end, which
    /// is why tokens live for minutes.
    ///
    /// 200 with an empty body says that the token is not good, or no longer: it was revoked, or is
    /// over, or is a JWT that this issuer has not minted. A token of another client is refused
    /// with `unauthorized_client`. What is not a JWT is refused with `unsupported_token_type`: it
    /// may be a refresh token, for [`RefreshManager::revoke`](crate::refresh::RefreshManager::revoke). A form without exactly one
    /// `token` is a 400; where the revocation cannot be written down, 503, never 200.
    pub fn revoke<'a>(
        &'a self,
        caller: &'a AuthenticatedClient,
        form: &[u8],
    ) -> NowOrLater<'a, Answer> {
        let (token, now) = match self.read(form) {
            Ok(read) => read,
            Err(answer) => return NowOrLater::now(answer),
        };
        let Some(revocations) = self.revocations.as_deref().filter(|_| is_jwt_like(&token)) else {
            return NowOrLater::now(unsupported());
        };
        let principal = match self.judge(&token, now) {
            Ok(principal) => principal,
            Err(rejection) => return NowOrLater::now(useless(rejection)),
        };
        if principal.client() != Some(caller.id()) {
            return NowOrLater::now(foreign());
        }
        if let Ok(revoked) = revocations.revoke(&principal, now).try_now() {
            return NowOrLater::now(done(revoked));
        }
        NowOrLater::later(async move { done(revocations.revoke(&principal, now).await) })
    }

    /// Reads the one token of a form, and the time.
    fn read(&self, form: &[u8]) -> Result<(Zeroizing<String>, UnixTime), Answer> {
        let token = token(form).ok_or_else(invalid_request)?;
        let now = self.issuer.now();
        let now = now.ok_or_else(|| Answer::unavailable(RejectionKind::Unavailable.into()))?;
        Ok((token, now))
    }

    fn judge(&self, token: &str, now: UnixTime) -> Result<Principal, Rejection> {
        let presented = PresentedCredential::token(token).at(now);
        let judged = self.validator.validate(&presented).try_now();
        // The issuer's own keys are always ready.
        judged.unwrap_or_else(|_| Err(RejectionKind::Unavailable.into()))
    }
}

/// Whoever asks about a bound token does not hold its key: it learns the confirmation and checks
/// the proof itself (RFC 9449 section 6.2).
#[derive(Debug)]
struct Unproved;

impl SenderConstraint for Unproved {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

/// Returns the value of the one `token` parameter.
fn token(form: &[u8]) -> Option<Zeroizing<String>> {
    if form.len() > limits::FORM_BYTES {
        return None;
    }
    let mut values = parameter::values(form, "token");
    let (first, second) = (values.next()?, values.next());
    let token = parameter::decode(first).filter(|token| !token.is_empty());
    token
        .filter(|_| second.is_none())
        .map(|token| Zeroizing::new(token.into()))
}

/// RFC 7662 section 4: a token is nobody's business but its client's and its audience's.
fn may_know(caller: &AuthenticatedClient, token: &Principal) -> bool {
    token.client() == Some(caller.id()) || token.audience().any(|aud| caller.serves(&aud))
}

/// Verifiers forgive some skew; the issuer knows the time.
fn is_over(token: &Principal, now: UnixTime) -> bool {
    token
        .expires_at()
        .is_none_or(|end| end.has_passed(now, Leeway::ZERO))
}

fn known(token: &Principal, revoked: Result<bool, Rejection>) -> Answer {
    match revoked {
        Ok(false) => active(token),
        Ok(true) => inactive(RejectionKind::TokenRevoked.into()),
        Err(rejection) => Answer::unavailable(rejection),
    }
}

fn active(token: &Principal) -> Answer {
    let is_dpop = token.confirmation().is_some_and(|c| c.jkt().is_some());
    let token_type = if is_dpop { "DPoP" } else { "Bearer" };
    let mut body = format!(r#"{{"active":true,"token_type":"{token_type}""#);
    let claims = Object::parse(token.claims().json().as_bytes());
    for (name, value) in claims.iter().flat_map(Object::members) {
        // A key that others sign with too may have signed these.
        if matches!(&*name, "active" | "token_type") {
            continue;
        }
        body.push(',');
        body += &serde_json::Value::from(name).to_string();
        body.push(':');
        body += value.raw();
    }
    body.push('}');
    Answer::ok(body)
}

fn inactive(rejection: Rejection) -> Answer {
    if rejection.kind() == RejectionKind::Unavailable {
        return Answer::unavailable(rejection);
    }
    Answer::ok(r#"{"active":false}"#).because(rejection)
}

/// RFC 7009 section 2.2: a token that is not good needs no revocation.
fn useless(rejection: Rejection) -> Answer {
    if rejection.kind() == RejectionKind::Unavailable {
        return Answer::unavailable(rejection);
    }
    Answer::ok("").because(rejection)
}

fn done(revoked: Result<(), Rejection>) -> Answer {
    match revoked {
        Ok(()) => Answer::ok(""),
        Err(rejection) => Answer::unavailable(rejection),
    }
}

fn invalid_request() -> Answer {
    Answer::refused("invalid_request", r#"{"error":"invalid_request"}"#)
}

fn foreign() -> Answer {
    Answer::refused("unauthorized_client", r#"{"error":"unauthorized_client"}"#)
        .because(RejectionKind::AccessDenied.into())
}

fn unsupported() -> Answer {
    Answer::refused(
        "unsupported_token_type",
        r#"{"error":"unsupported_token_type"}"#,
    )
}

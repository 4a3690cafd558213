//! The endpoints of an issuer about the tokens that it minted: RFC 7662 and RFC 7009.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::caller::AuthenticatedClient;
use super::endpoint_response::EndpointResponse;
use super::jwt_issuer::JwtIssuer;
use crate::clock::{Leeway, UnixTime};
use crate::credential::{PresentedCredential, parameter};
use crate::error::{Rejection, RejectionKind};
use crate::json::Object;
use crate::jwt::JwtValidator;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Confirmation, Principal};
use crate::revocation_list::RevocationList;
use crate::validator::{SenderConstraint, TokenForm, TokenValidator};

/// The introspection (RFC 7662) and revocation (RFC 7009) endpoints for the tokens of one issuer.
/// They take the posted form and need no web framework.
///
/// They do not authenticate the caller: the service does and passes the result as an
/// [`AuthenticatedClient`]. The form is untrusted.
///
/// ```
/// use bearergate::clock::{Clock, SystemClock};
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{AccessClaims, AuthenticatedClient, JwtIssuer, SigningKeys, SigningKey, TokenEndpoints};
///
/// let now = SystemClock::default().now().ok_or("no time")?;
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
/// let token = issuer.mint(&AccessClaims::new("alice", "shop", "https://api.example.com"))?;
/// let endpoints = TokenEndpoints::new(issuer);
///
/// let form = format!("token={}", token.expose());
/// let api = AuthenticatedClient::assertion("orders-api").serving("https://api.example.com");
/// let response = endpoints.introspect(&api, form.as_bytes()).try_now().expect("nothing to wait for");
/// assert!(response.body().starts_with(r#"{"active":true,"token_type":"Bearer","#));
///
/// let stranger = AuthenticatedClient::assertion("stranger");
/// let response = endpoints.introspect(&stranger, form.as_bytes()).try_now().expect("nothing to wait for");
/// assert_eq!(response.body(), r#"{"active":false}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The caller cannot be left out:
///
/// ```compile_fail
/// # fn f(endpoints: &bearergate::issuer::TokenEndpoints, api: &bearergate::issuer::AuthenticatedClient) {
/// let response = endpoints.introspect(b"token=a.b.c");
/// # let _ = response; }
/// ```
///
/// ```
/// # fn f(endpoints: &bearergate::issuer::TokenEndpoints, api: &bearergate::issuer::AuthenticatedClient) {
/// let response = endpoints.introspect(api, b"token=a.b.c");
/// # let _ = response; }
/// ```
#[derive(Clone, Debug)]
pub struct TokenEndpoints {
    issuer: JwtIssuer,
    /// `None` if it could not be built, which cannot happen: an issuer has a name and keys.
    validator: Option<JwtValidator>,
    /// Takes a token for as long as any validator does, so that it can be revoked.
    revocable: Option<JwtValidator>,
    revocations: Option<Arc<dyn RevocationList>>,
}

impl TokenEndpoints {
    /// Makes the endpoints for this issuer and the tokens that its keys signed. Without
    /// [`revocations`](Self::revocations) tokens cannot be revoked: a revocation request is
    /// answered with `unsupported_token_type`, and introspection checks signature and claims only.
    pub fn new(issuer: JwtIssuer) -> Self {
        let validator = |leeway| {
            let builder = JwtValidator::builder()
                .issuer(issuer.name())
                .any_audience()
                .key_store(Arc::new(issuer.clone()))
                .rfc9068()
                .leeway(leeway)
                .sender_constraint(CheckedByCaller);
            builder.build().ok()
        };
        let (validator, revocable) = (validator(Leeway::default()), validator(Leeway::MAX));
        Self {
            issuer,
            validator,
            revocable,
            revocations: None,
        }
    }

    /// Sets the list that both endpoints use: introspection asks it, revocation writes to it. It
    /// must implement [`RevocationList::revoke_token`].
    #[must_use]
    pub fn revocations(mut self, list: impl RevocationList + 'static) -> Self {
        list.add_authorities(Some(&[Authority::from(self.issuer.name())]));
        self.revocations = Some(Arc::new(list));
        self
    }

    /// Answers an introspection request (RFC 7662 section 2): the posted form, untrusted, of at
    /// most [`RequestFacts::MAX_FORM_BYTES`](crate::request::RequestFacts::MAX_FORM_BYTES).
    ///
    /// `active` is true, and the token's claims follow, only if the token was minted by this
    /// issuer, is neither expired nor revoked, and the caller is the client that it was issued to
    /// or serves one of its audiences. Any other token is answered with `active` false and nothing
    /// else. A form without exactly one `token` is a 400. If the token cannot be validated or the
    /// list cannot answer, the response is a 503.
    pub fn introspect<'a>(
        &'a self,
        caller: &'a AuthenticatedClient,
        form: &[u8],
    ) -> NowOrLater<'a, EndpointResponse> {
        let (token, now) = match self.read_form(form) {
            Ok(read) => read,
            Err(response) => return NowOrLater::now(response),
        };
        let validated = validate(self.validator.as_ref(), &token, now).and_then(|principal| {
            // Without the leeway of validators, because the issuer's own clock set the expiry.
            let is_live = |end: UnixTime| !end.has_passed(now, Leeway::ZERO);
            let may_know =
                may_know(caller, &principal) && principal.expires_at().is_some_and(is_live);
            let hidden = || Rejection::new(RejectionKind::AccessDenied);
            may_know.then_some(principal).ok_or_else(hidden)
        });
        let principal = match validated {
            Ok(principal) => principal,
            Err(rejection) => return NowOrLater::now(inactive(rejection)),
        };
        let Some(list) = self.revocations.as_deref() else {
            return NowOrLater::now(active(&principal));
        };
        // A list whose answer is not ready is asked again: it has no side effect before.
        if let Ok(checked) = list.check_revocation(&principal).try_now() {
            return NowOrLater::now(active_unless_revoked(&principal, checked));
        }
        NowOrLater::later(async move {
            let checked = list.check_revocation(&principal).await;
            active_unless_revoked(&principal, checked)
        })
    }

    /// Answers a revocation request (RFC 7009 section 2): the posted form, untrusted, of at most
    /// [`RequestFacts::MAX_FORM_BYTES`](crate::request::RequestFacts::MAX_FORM_BYTES).
    ///
    /// A resource server that validates the token without asking accepts it until it expires,
    /// which is why tokens live for minutes.
    ///
    /// 200 with an empty body says that the token is not valid, or not any more: it was revoked,
    /// is expired, or is a JWT that this issuer has not minted. A token counts as expired
    /// [`Leeway::MAX`] after its expiry: until then some validator may accept it, and the
    /// revocation is written. A token that is not valid yet is a 503. A token of another client is
    /// refused with `unauthorized_client`. A token that is not a JWT is refused with
    /// `unsupported_token_type`: it may be a refresh token, for
    /// [`RefreshManager::revoke`](crate::refresh::RefreshManager::revoke). A form without exactly one
    /// `token` is a 400. If the revocation cannot be stored, the response is a 503, never a 200.
    pub fn revoke<'a>(
        &'a self,
        caller: &'a AuthenticatedClient,
        form: &[u8],
    ) -> NowOrLater<'a, EndpointResponse> {
        let (token, now) = match self.read_form(form) {
            Ok(read) => read,
            Err(response) => return NowOrLater::now(response),
        };
        let is_jwt = TokenForm::recognize(&token) == TokenForm::Jwt;
        let Some(list) = self.revocations.as_deref().filter(|_| is_jwt) else {
            let body = r#"{"error":"unsupported_token_type"}"#;
            return NowOrLater::now(EndpointResponse::refused("unsupported_token_type", body));
        };
        let principal = match validate(self.revocable.as_ref(), &token, now) {
            Ok(principal) => principal,
            Err(rejection) if !needs_no_revocation(&rejection) => {
                return NowOrLater::now(EndpointResponse::unavailable(rejection));
            }
            // RFC 7009 section 2.2: an invalid token needs no revocation.
            Err(rejection) => {
                return NowOrLater::now(EndpointResponse::ok("").with_cause(rejection));
            }
        };
        if principal.client() != Some(caller.id()) {
            let body = r#"{"error":"unauthorized_client"}"#;
            let refused = EndpointResponse::refused("unauthorized_client", body);
            return NowOrLater::now(refused.with_cause(RejectionKind::AccessDenied.into()));
        }
        if let Ok(revoked) = list.revoke_token(&principal, now).try_now() {
            return NowOrLater::now(revocation_response(revoked));
        }
        NowOrLater::later(
            async move { revocation_response(list.revoke_token(&principal, now).await) },
        )
    }

    /// Reads the only token of a form, and the time.
    fn read_form(&self, form: &[u8]) -> Result<(Zeroizing<String>, UnixTime), EndpointResponse> {
        let Some(token) = only_token(form) else {
            let body = r#"{"error":"invalid_request"}"#;
            return Err(EndpointResponse::refused("invalid_request", body));
        };
        let now = self.issuer.now();
        let now =
            now.ok_or_else(|| EndpointResponse::unavailable(RejectionKind::Unavailable.into()))?;
        Ok((token, now))
    }
}

fn validate(
    validator: Option<&JwtValidator>,
    token: &str,
    now: UnixTime,
) -> Result<Principal, Rejection> {
    let presented = PresentedCredential::token(token).at(now);
    let validator = validator.ok_or(RejectionKind::Unavailable)?;
    let validated = validator.validate(&presented).try_now();
    // The issuer's own keys are always ready.
    validated.unwrap_or_else(|_| Err(RejectionKind::Unavailable.into()))
}

/// Returns true for a token that is not valid and will not be: not for one that is not valid yet.
fn needs_no_revocation(rejection: &Rejection) -> bool {
    !matches!(
        rejection.kind(),
        RejectionKind::Unavailable
            | RejectionKind::TokenIssuedInFuture
            | RejectionKind::TokenNotYetValid
    )
}

/// A caller that introspects a bound token does not hold its key: it receives the confirmation and
/// checks the proof itself (RFC 9449 section 6.2).
#[derive(Debug)]
struct CheckedByCaller;

impl SenderConstraint for CheckedByCaller {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

/// Returns the value of the only `token` parameter.
fn only_token(form: &[u8]) -> Option<Zeroizing<String>> {
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

/// RFC 7662 section 4: only the client and the audience of a token may learn about it.
fn may_know(caller: &AuthenticatedClient, token: &Principal) -> bool {
    token.client() == Some(caller.id()) || token.audience().any(|aud| caller.serves(&aud))
}

fn active_unless_revoked(token: &Principal, checked: Result<(), Rejection>) -> EndpointResponse {
    match checked {
        Ok(()) => active(token),
        Err(rejection) if rejection.kind() == RejectionKind::TokenRevoked => inactive(rejection),
        // Any other answer of the list does not say whether the token is revoked.
        Err(rejection) => EndpointResponse::unavailable(rejection),
    }
}

fn active(token: &Principal) -> EndpointResponse {
    let is_dpop = token.confirmation().is_some_and(|c| c.jkt().is_some());
    let token_type = if is_dpop { "DPoP" } else { "Bearer" };
    let mut body = format!(r#"{{"active":true,"token_type":"{token_type}""#);
    let claims = Object::parse(token.claims().json().as_bytes());
    for (name, value) in claims.iter().flat_map(Object::members) {
        // A key from PEM may be used by others, who could have signed these.
        if matches!(&*name, "active" | "token_type") {
            continue;
        }
        body.push(',');
        body += &serde_json::Value::from(name).to_string();
        body.push(':');
        body += value.raw();
    }
    body.push('}');
    EndpointResponse::ok(body)
}

fn inactive(rejection: Rejection) -> EndpointResponse {
    if rejection.kind() == RejectionKind::Unavailable {
        return EndpointResponse::unavailable(rejection);
    }
    EndpointResponse::ok(r#"{"active":false}"#).with_cause(rejection)
}

fn revocation_response(revoked: Result<(), Rejection>) -> EndpointResponse {
    match revoked {
        Ok(()) => EndpointResponse::ok(""),
        Err(rejection) => EndpointResponse::unavailable(rejection),
    }
}

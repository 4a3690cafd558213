//! The response to a refused request.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::config::{ResponseConfig, Settings};
use super::header::Challenge;
use super::params::ChallengeParams;
use super::seconds::whole_secs;
use super::status;
use super::status::{ChallengeKind, StatusRow};
use crate::credential::Scheme;
use crate::error::{Rejection, RejectionKind};
use crate::limit::Exceeded;
use crate::policy::Decision;

/// A refused request: the reason for the operator, and the HTTP response for the client.
///
/// The response depends only on the [`kind`](Self::kind) of the rejection, on the
/// [`ResponseConfig`] and on the [`params`](Self::params). It has no part of the request, of the
/// credential or of the rule that denied it. Headers that a rule asks for are the one exception,
/// see [`headers`](Self::headers).
///
/// `Display` is for the operator: status, reason and claim, and after a denial the reasons of the
/// decision, such as ``refused with 401: the token is meant for another audience (claim `aud`)``. Its
/// [`source`](Error::source) is that of the rejection, which says what was expected and what was
/// found. Log both, and send neither to the client.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::http_response::Refusal;
///
/// let refusal = Refusal::from(RejectionKind::TokenExpired);
/// let response: http::Response<String> = refusal.into_response();
/// assert_eq!(response.status(), 401);
/// assert_eq!(
///     response.headers()["www-authenticate"],
///     "Bearer realm=\"api\", error=\"invalid_token\", \
///      error_description=\"the credential is not accepted\"",
/// );
/// ```
#[derive(Clone, thiserror::Error)]
#[error(transparent)]
pub struct Refusal(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    rejection: Rejection,
    params: ChallengeParams,
    decision: Option<Decision>,
    config: ResponseConfig,
    /// The scheme under which the credential was presented, if there was one.
    scheme: Option<Scheme>,
    /// What the client has to sign.
    accept_signature: Option<HeaderValue>,
    /// The name and the header fields of the limit that refused.
    limit: Option<(Box<str>, HeaderMap)>,
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = status::row(self.rejection.kind()).status.as_u16();
        write!(f, "refused with {status}: {}", self.rejection)?;
        match &self.decision {
            Some(decision) => write!(f, " ({decision})"),
            None => Ok(()),
        }
    }
}

impl Error for Inner {
    /// The text of the rejection is in that of the refusal, so this is what is below it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.rejection.source()
    }
}

impl ResponseConfig {
    /// Creates the refusal of a request for this rejection, with this configuration and without
    /// [`params`](Refusal::params). The kind of the rejection decides the status.
    pub fn respond_to(&self, rejection: impl Into<Rejection>) -> Refusal {
        Refusal::new(rejection.into(), self.clone())
    }

    /// Creates the refusal of a request that an authorizer denied. The scopes and authentication
    /// contexts that the decision asks for become the [`params`](Refusal::params) of the refusal;
    /// those that a header cannot have are left out.
    ///
    /// A decision that allows the request gives
    /// [`AccessDenied`](RejectionKind::AccessDenied), because the caller overrides it.
    pub fn deny(&self, decision: Decision) -> Refusal {
        let kind = decision.kind().unwrap_or(RejectionKind::AccessDenied);
        let params = ChallengeParams::from_decision(&decision);
        let mut refusal = self.respond_to(kind).with_params(params);
        refusal.0.decision = Some(decision);
        refusal
    }
}

impl ResponseConfig {
    /// Creates the refusal of a request that a limit or a quota refused. `Retry-After` is the wait
    /// that the limit computed, and the [`RateFields`](super::RateFields) are those of this limit.
    pub fn exceeded(&self, exceeded: &Exceeded) -> Refusal {
        let mut refusal = self.respond_to(exceeded.kind());
        let mut fields = HeaderMap::new();
        if let Some(wait) = exceeded.retry_after() {
            let params = ChallengeParams::new().with_retry_after(wait);
            refusal = refusal.with_params(params);
            if let Some(standing) = exceeded.standing() {
                let style = self.settings().rate_fields;
                style.refused(&standing, wait, &mut fields);
            }
        }
        refusal.0.limit = Some((exceeded.limit().into(), fields));
        refusal
    }
}

impl Refusal {
    fn new(rejection: Rejection, config: ResponseConfig) -> Self {
        Self(Box::new(Inner {
            rejection,
            params: ChallengeParams::default(),
            decision: None,
            config,
            scheme: None,
            accept_signature: None,
            limit: None,
        }))
    }

    /// Sets the parameters of the challenge. A parameter that does not apply to the kind of the
    /// rejection is not sent, except for a nonce, which any response may have (RFC 9449
    /// section 8.2).
    #[must_use]
    pub fn with_params(mut self, params: ChallengeParams) -> Self {
        self.0.params = params;
        self
    }

    /// Says under which scheme the credential was presented: challenges for another token then have
    /// this scheme. `Bearer` by default. A gate has said it.
    #[must_use]
    pub fn with_scheme(mut self, scheme: Scheme) -> Self {
        self.0.scheme = Some(scheme);
        self
    }

    /// Says what the client has to sign, as a member of `Accept-Signature` (RFC 9421 section 5.1). It
    /// is sent if the request was refused because of its signature. A gate has said it.
    #[must_use]
    pub fn with_accept_signature(mut self, fields: HeaderValue) -> Self {
        self.0.accept_signature = Some(fields);
        self
    }

    /// Returns the reason as a kind with a stable code, for logs and metrics. It decides the status
    /// and the challenge; several kinds look alike to the client.
    pub fn kind(&self) -> RejectionKind {
        self.0.rejection.kind()
    }

    /// Returns the reason for the operator, with its source. Do not send it to the client: it says
    /// more about the check than the response does.
    pub fn rejection(&self) -> &Rejection {
        &self.0.rejection
    }

    /// Returns the decision if an authorizer denied the request, and `None` if a credential was
    /// rejected. Do not send it to the client: it names the rule.
    pub fn decision(&self) -> Option<&Decision> {
        self.0.decision.as_ref()
    }

    /// Returns the configured name of the limit or quota that refused the request, for the operator.
    pub fn limit(&self) -> Option<&str> {
        self.0.limit.as_ref().map(|(name, _)| &**name)
    }

    /// Returns the parameters of the challenge, also those that do not apply to the kind and are
    /// not sent; see [`with_params`](Self::with_params).
    pub fn params(&self) -> &ChallengeParams {
        &self.0.params
    }

    /// Returns the HTTP status, which depends only on the [`kind`](Self::kind).
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// Returns the OAuth error code of the challenge, if there is one. For a refused refresh token
    /// it is `invalid_grant`, which a token endpoint sends as `error` (RFC 6749 section 5.2).
    pub fn error_code(&self) -> Option<&'static str> {
        self.row().error
    }

    /// Returns the headers of the response.
    ///
    /// They forbid caches to store it, because it depends on the client, and neither a nonce (RFC
    /// 9449 section 8.2) nor a 429 (RFC 6585 section 4) may be stored. They include the
    /// [headers](crate::policy::Obligations::headers) of the rule that denied the request, except
    /// for those with the name of another header of the response.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for challenge in self.challenges() {
            headers.append(header::WWW_AUTHENTICATE, challenge.into_value());
        }
        if let Some(nonce) = self.nonce() {
            headers.insert(DPOP_NONCE, nonce);
        }
        if let Some(fields) = self
            .0
            .accept_signature
            .as_ref()
            .filter(|_| self.is_unsigned())
        {
            headers.insert(ACCEPT_SIGNATURE, fields.clone());
        }
        if self.row().is_temporary() {
            headers.insert(header::RETRY_AFTER, whole_secs(self.retry_after()).into());
        }
        for (name, value) in self.0.limit.iter().flat_map(|(_, fields)| fields) {
            headers.insert(name, value.clone());
        }
        if let Some(content_type) = self.settings().body.content_type() {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(obligations) = self.decision().and_then(Decision::obligations) {
            // A header of a rule must not replace or repeat a header of the response.
            let reserved = headers.clone();
            for (name, value) in obligations.headers() {
                if !reserved.contains_key(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        headers
    }

    /// Returns the body of the response, a constant text of the configured
    /// [`BodyStyle`](crate::http_response::BodyStyle) that has no part of the request. It is empty by
    /// default.
    pub fn body(&self) -> &'static str {
        self.settings().body.text(self.kind())
    }

    /// Converts the refusal into a response. Its extensions have the [`Rejection`] and, if there is
    /// one, the [`Decision`], so that a logging layer can read them; they are not sent.
    ///
    /// The body can be any type with `From<&'static str>`: `String`, `Vec<u8>`, the body types of
    /// axum, hyper and others.
    pub fn into_response<B: From<&'static str>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = self.status();
        *response.headers_mut() = self.headers();
        let Inner {
            rejection,
            decision,
            ..
        } = *self.0;
        response.extensions_mut().insert(rejection);
        if let Some(decision) = decision {
            response.extensions_mut().insert(decision);
        }
        response
    }

    fn row(&self) -> StatusRow {
        status::row(self.kind())
    }

    fn settings(&self) -> &Settings {
        self.0.config.settings()
    }

    fn retry_after(&self) -> Duration {
        self.params()
            .retry_after()
            .unwrap_or(self.settings().retry_after)
    }

    /// Returns the nonce for the next proof of the client.
    fn nonce(&self) -> Option<HeaderValue> {
        let own = self.params().dpop_nonce().map(HeaderValue::from_str);
        let own = own.and_then(Result::ok);
        own.or_else(|| self.rejection().nonce().cloned())
    }

    fn is_unsigned(&self) -> bool {
        matches!(
            self.kind(),
            RejectionKind::MessageUnsigned
                | RejectionKind::MessageSignatureInvalid
                | RejectionKind::MessageReplayed
        )
    }

    /// A challenge for another token has the scheme of the one that was presented; only where there
    /// was none, each scheme is offered.
    fn challenges(&self) -> impl Iterator<Item = Challenge> {
        let offers_dpop = self.settings().dpop_algorithms.is_some();
        let is_dpop = offers_dpop && self.0.scheme == Some(Scheme::Dpop);
        let (bearer, dpop) = match self.row().challenge {
            ChallengeKind::Absent => (false, false),
            ChallengeKind::AnyScheme => (!self.settings().is_dpop_only, offers_dpop),
            ChallengeKind::Bearer | ChallengeKind::Scope | ChallengeKind::StepUp => {
                (!is_dpop, is_dpop)
            }
            ChallengeKind::Binding => {
                let by_certificate = self.rejection().needs_certificate();
                let by_dpop = is_dpop || (offers_dpop && !by_certificate);
                (!by_dpop, by_dpop)
            }
            ChallengeKind::Proof => (false, true),
        };
        let bearer = bearer.then(|| self.challenge(Scheme::Bearer));
        let dpop = dpop.then(|| {
            let algorithms = self.settings().dpop_algorithms.as_deref();
            self.challenge(Scheme::Dpop).with("algs", algorithms)
        });
        let basic = self.offers_basic().then(|| {
            Challenge::new(Scheme::Basic.as_str()).with("realm", Some(&self.settings().realm))
        });
        dpop.into_iter().chain(bearer).chain(basic)
    }

    /// Another API key may help only where another credential of any kind may.
    fn offers_basic(&self) -> bool {
        let row = self.row();
        let asks = matches!(
            row.challenge,
            ChallengeKind::AnyScheme | ChallengeKind::Bearer
        );
        self.settings().offers_basic && asks && row.status == StatusCode::UNAUTHORIZED
    }

    fn challenge(&self, scheme: Scheme) -> Challenge {
        let (settings, row) = (self.settings(), self.row());
        let is_described = row.error == Some("invalid_token");
        let challenge = Challenge::new(scheme.as_str())
            .with("realm", Some(&settings.realm))
            .with("error", row.error)
            .with("error_description", is_described.then_some(row.detail));
        self.add_params(challenge, row.challenge)
            .with("resource_metadata", settings.resource_metadata.as_deref())
    }

    fn add_params(&self, challenge: Challenge, kind: ChallengeKind) -> Challenge {
        let params = self.params();
        match kind {
            ChallengeKind::AnyScheme => challenge.with("scope", self.settings().scope.as_deref()),
            ChallengeKind::Scope => challenge.with("scope", params.scope()),
            ChallengeKind::StepUp => {
                let max_age = params.max_age().map(|age| age.as_secs().to_string());
                challenge
                    .with("acr_values", params.acr_values())
                    .with("max_age", max_age.as_deref())
            }
            ChallengeKind::Absent
            | ChallengeKind::Bearer
            | ChallengeKind::Binding
            | ChallengeKind::Proof => challenge,
        }
    }
}

const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

impl From<Rejection> for Refusal {
    /// Creates the refusal with the default [`ResponseConfig`].
    fn from(rejection: Rejection) -> Self {
        ResponseConfig::default().respond_to(rejection)
    }
}

impl From<RejectionKind> for Refusal {
    /// Creates the refusal with the default [`ResponseConfig`].
    fn from(kind: RejectionKind) -> Self {
        ResponseConfig::default().respond_to(kind)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status().as_u16())
            .field("rejection", self.rejection())
            .field("params", self.params())
            .field("decision", &self.decision())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_pointer() {
        assert_eq!(size_of::<Refusal>(), size_of::<usize>());
    }

    #[test]
    fn error_has_the_status_and_its_source() {
        let refusal = Refusal::from(RejectionKind::TokenExpired);
        assert_eq!(
            refusal.to_string(),
            "refused with 401: the token is expired"
        );
        assert!(refusal.source().is_none());
        let rejection = Rejection::new(RejectionKind::AudienceMismatch).with_claim("aud");
        let refusal = Refusal::from(rejection.with_source("expected `a`, found `b`"));
        assert_eq!(
            refusal.to_string(),
            "refused with 401: the token is meant for another audience (claim `aud`)"
        );
        let source = refusal.source().unwrap();
        assert_eq!(source.to_string(), "expected `a`, found `b`");
        let decision = Decision::scope_insufficient(["orders:write"]);
        let decision = decision.because("orders are read-only");
        let refusal = ResponseConfig::default().deny(decision);
        assert_eq!(
            refusal.to_string(),
            "refused with 403: the caller lacks a required scope \
             (denied: scope_missing (orders are read-only))"
        );
    }
}

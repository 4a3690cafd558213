//! The answer to a request that is refused.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header;

use super::config::BodyStyle;
use super::config::ResponseConfig;
use super::config::ResponseConfigBuilder;
use super::header::Line;
use super::params::ChallengeParams;
use super::status;
use super::status::Answer;
use super::status::Demand;
use crate::credential::Scheme;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::policy::Decision;

/// A request that is refused: why, for the operator, and the HTTP answer, for the client.
///
/// The answer depends on the kind of the rejection and on configuration alone: nothing of the
/// request, of the credential or of the rule that denied it gets into it.
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

#[derive(Clone, Debug, thiserror::Error)]
#[error("request refused with status {}", status::answer(rejection.kind()).status.as_u16())]
struct Inner {
    #[source]
    rejection: Rejection,
    params: ChallengeParams,
    decision: Option<Decision>,
    challenge: ResponseConfig,
}

impl Refusal {
    pub(super) fn new(rejection: Rejection, challenge: ResponseConfig) -> Self {
        Self(Box::new(Inner {
            rejection,
            params: ChallengeParams::default(),
            decision: None,
            challenge,
        }))
    }

    /// Sets what this refusal asks of the client; a parameter that does not belong to the kind of
    /// the rejection is not sent, save a nonce, which may go with any answer (RFC 9449
    /// section 8.2).
    #[must_use]
    pub fn with_params(mut self, params: ChallengeParams) -> Self {
        self.0.params = params;
        self
    }

    pub(super) fn with_decision(mut self, decision: Decision) -> Self {
        self.0.decision = Some(decision);
        self
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> RejectionKind {
        self.0.rejection.kind()
    }

    /// Returns why.
    pub fn rejection(&self) -> &Rejection {
        &self.0.rejection
    }

    /// Returns the decision, if an authorizer denied the request.
    pub fn decision(&self) -> Option<&Decision> {
        self.0.decision.as_ref()
    }

    /// Returns what this refusal asks of the client.
    pub fn params(&self) -> &ChallengeParams {
        &self.0.params
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.answer().status
    }

    /// Returns the OAuth error code, which the challenge holds if there is one; a service that
    /// answers a refresh request itself sends it as `error` (RFC 6749 section 5.2).
    pub fn error_code(&self) -> Option<&'static str> {
        self.answer().error
    }

    /// Returns the headers of the answer.
    ///
    /// They forbid storing it: the answer depends on who asked, not only on what was asked, and
    /// neither a nonce (RFC 9449 section 8.2) nor a 429 (RFC 6585 section 4) may be stored. The
    /// [headers](crate::policy::Obligations::headers) that the rule which denied wants are among them, save
    /// those that stand there already.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for line in self.challenges() {
            headers.append(header::WWW_AUTHENTICATE, line.finish());
        }
        self.add_nonce(&mut headers);
        if self.answer().is_temporary() {
            headers.insert(header::RETRY_AFTER, whole_secs(self.wait()).into());
        }
        if self.config().body == BodyStyle::ProblemJson {
            headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        }
        self.add_obligations(&mut headers);
        headers
    }

    /// Returns the body of the answer, a constant text.
    pub fn body(&self) -> &'static str {
        match self.config().body {
            BodyStyle::Empty => "",
            BodyStyle::ProblemJson => self.answer().problem,
        }
    }

    /// Makes the answer, with the [`Rejection`] and the [`Decision`], if there is one, among its
    /// extensions for whoever logs it.
    ///
    /// The body can be any type that is made from a constant text: `String`, `Vec<u8>`, the body
    /// types of axum, hyper and others.
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

    fn answer(&self) -> Answer {
        status::answer(self.kind())
    }

    fn config(&self) -> &ResponseConfigBuilder {
        self.0.challenge.config()
    }

    fn wait(&self) -> Duration {
        self.params()
            .retry_after()
            .unwrap_or(self.config().retry_after)
    }

    fn add_obligations(&self, headers: &mut HeaderMap) {
        let Some(obligations) = self.decision().and_then(Decision::obligations) else {
            return;
        };
        // Nothing that a rule says may weaken the answer itself.
        let own = headers.clone();
        for (name, value) in obligations.headers() {
            if !own.contains_key(name) {
                headers.append(name, value.clone());
            }
        }
    }

    fn add_nonce(&self, headers: &mut HeaderMap) {
        let nonce = self.params().dpop_nonce();
        if let Some(Ok(value)) = nonce.map(HeaderValue::from_str) {
            headers.insert(DPOP_NONCE, value);
        }
    }

    fn challenges(&self) -> impl Iterator<Item = Line> {
        let offers_dpop = self.config().dpop_algorithms.is_some();
        let (bearer, dpop) = match self.answer().demand {
            Demand::Nothing => (false, false),
            Demand::Credential => (true, offers_dpop),
            Demand::Bearer | Demand::Scope | Demand::StepUp => (true, false),
            Demand::Binding => (!offers_dpop, offers_dpop),
            Demand::Proof => (false, true),
        };
        let bearer = bearer.then(|| self.line(Scheme::Bearer));
        bearer.into_iter().chain(dpop.then(|| self.dpop_line()))
    }

    fn dpop_line(&self) -> Line {
        let algorithms = self.config().dpop_algorithms.as_deref();
        self.line(Scheme::Dpop).with("algs", algorithms)
    }

    fn line(&self, scheme: Scheme) -> Line {
        let (config, answer) = (self.config(), self.answer());
        let is_described = answer.error == Some("invalid_token");
        let line = Line::new(scheme.as_str())
            .with("realm", Some(&config.realm))
            .with("error", answer.error)
            .with("error_description", is_described.then_some(answer.detail));
        self.add_demand(line, answer.demand)
            .with("resource_metadata", config.resource_metadata.as_deref())
    }

    fn add_demand(&self, line: Line, demand: Demand) -> Line {
        let params = self.params();
        match demand {
            Demand::Credential => line.with("scope", self.config().scope.as_deref()),
            Demand::Scope => line.with("scope", params.scope()),
            Demand::StepUp => {
                let max_age = params.max_age().map(|age| age.as_secs().to_string());
                line.with("acr_values", params.acr_values())
                    .with("max_age", max_age.as_deref())
            }
            Demand::Nothing | Demand::Bearer | Demand::Binding | Demand::Proof => line,
        }
    }
}

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

fn whole_secs(wait: Duration) -> u64 {
    let fraction = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(fraction).max(1)
}

impl From<Rejection> for Refusal {
    /// Words the refusal by the default [`ResponseConfig`].
    fn from(rejection: Rejection) -> Self {
        ResponseConfig::default().respond_to(rejection)
    }
}

impl From<RejectionKind> for Refusal {
    /// Words the refusal by the default [`ResponseConfig`].
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
    use std::error::Error;

    use super::*;

    #[test]
    fn a_refusal_is_one_pointer() {
        assert_eq!(size_of::<Refusal>(), size_of::<usize>());
    }

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        for (millis, secs) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(whole_secs(Duration::from_millis(millis)), secs);
        }
        assert_eq!(whole_secs(Duration::MAX), u64::MAX);
    }

    #[test]
    fn error_says_the_status_and_keeps_its_source() {
        let refusal = Refusal::from(RejectionKind::TokenExpired);
        assert_eq!(refusal.to_string(), "request refused with status 401");
        let source = refusal.source().unwrap();
        assert_eq!(source.to_string(), "the token is expired");
    }
}

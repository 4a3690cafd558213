//! The responses of an endpoint (RFC 7662 sections 2.2 and 2.3).

use std::error::Error;

use http::{StatusCode, header};

use super::breaker::CallOutcome;
use crate::client_auth::ClientAuthKind;
use crate::diagnosis::error_chain;
use crate::error::{Cause, Rejection, RejectionKind, shown};
use crate::http_client::{Endpoint, HttpError, HttpErrorKind, HttpResponse, StatusClass, remedy};
use crate::json::{Document, Object, Value};

/// The state of a token in a response.
pub(super) enum TokenState {
    /// Active, with these claims.
    Active(Document),
    Inactive,
    /// Its claims exceed a cap of JSON texts, as those of a JWT could, so they are not read.
    TooLarge,
}

/// Reads a response. Only the JSON value `true` is active and only `false` is inactive; a response
/// with any other value is invalid.
pub(super) fn read(text: &[u8]) -> Result<TokenState, EndpointProblem> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) if error.is_over_cap() => return Ok(TokenState::TooLarge),
        Err(error) => return Err(EndpointProblem::new(MALFORMED).with_cause(error)),
    };
    match document.get("active").and_then(Value::as_bool) {
        Some(true) => Ok(TokenState::Active(document)),
        Some(false) => Ok(TokenState::Inactive),
        None => Err(EndpointProblem::new(UNSAID)),
    }
}

const MALFORMED: &str = "expected one well-formed JSON object without duplicate members as the response, found other text";
const UNSAID: &str = "expected `active` in the response to be `true` or `false`, found neither";

/// Returns the body of a response only if its status is 200 and it has one `Content-Type`, this
/// media type.
pub(super) fn body<'r>(
    response: &'r HttpResponse,
    media_type: &str,
) -> Result<&'r [u8], EndpointProblem> {
    if response.status() != StatusCode::OK {
        return Err(refused(response));
    }
    let body = response.plain_body().map_err(|coding| {
        EndpointProblem::new(CODED)
            .remedy(REMOVE_CODING)
            .with_cause(coding)
    })?;
    let mut types = response.headers().get_all(header::CONTENT_TYPE).iter();
    let found = match (types.next(), types.next()) {
        (Some(only), None) => only.to_str().unwrap_or_default(),
        _ => "",
    };
    let found = found.split(';').next().unwrap_or_default();
    if !found.trim_ascii().eq_ignore_ascii_case(media_type) {
        let cause = format!("expected `{media_type}`, found {}", shown_type(found));
        return Err(EndpointProblem::new(CONTENT_TYPE).with_cause(cause));
    }
    Ok(body)
}

fn shown_type(found: &str) -> String {
    match found {
        "" => "none, or several".to_owned(),
        found => format!("`{}`", shown(found)),
    }
}

const CONTENT_TYPE: &str = "the content type of the response is not the requested one";
const CODED: &str = "the response has a content coding that was not asked for";
const REMOVE_CODING: &str = "let the provider or the proxy before it honour \
    `Accept-Encoding: identity`: switch off compression of answers that did not ask for it";

/// Returns the problem of a response with another status than 200.
pub(super) fn refused(response: &HttpResponse) -> EndpointProblem {
    let status = response.status();
    EndpointProblem::new(refusal(response))
        .remedy(StatusClass::of(status).remedy())
        .with_cause(format!("expected status 200, found {status}"))
}

/// Returns what a status other than 200 means, for the operator.
pub(super) fn refusal(response: &HttpResponse) -> &'static str {
    // A body with a content coding is not read, so only its status counts.
    let body = response.plain_body().unwrap_or_default();
    let error = Object::parse(body).ok();
    let error = error.as_ref().and_then(|object| object.get("error"));
    let is_error = |code| error.is_some_and(|value| value.is_text(code));
    match response.status() {
        status if status.is_client_error() && is_error("unsupported_token_type") => UNSUPPORTED,
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN if is_error("invalid_client") => {
            CREDENTIALS
        }
        StatusCode::BAD_REQUEST if is_error("unauthorized_client") => NOT_ALLOWED,
        StatusCode::FORBIDDEN => NOT_ALLOWED,
        StatusCode::UNAUTHORIZED => CREDENTIALS,
        status => match StatusClass::of(status) {
            StatusClass::Absent => "the provider has no such endpoint (404, 405 or 410)",
            StatusClass::Failing => "the endpoint answered with an error of its own (5xx)",
            StatusClass::Redirect => "the endpoint redirects, which is not followed",
            StatusClass::Throttled => "the endpoint refused the request as one too many (429)",
            StatusClass::Ok | StatusClass::Other | StatusClass::Refused => {
                "the endpoint answered with a status other than 200"
            }
        },
    }
}

pub(super) const UNSUPPORTED: &str = "the endpoint does not take tokens of this kind \
    (`unsupported_token_type`); add a JWT validator for JWTs";
pub(super) const CREDENTIALS: &str = "the endpoint refused the credentials of this service";
pub(super) const NOT_ALLOWED: &str = "the endpoint does not let this service use it";

/// Returns what the end of a call shows about the endpoint.
pub(super) fn outcome(result: &Result<HttpResponse, HttpError>) -> CallOutcome {
    match result {
        Ok(response) => match response.status().as_u16() {
            502..=504 => CallOutcome::Down,
            500 => CallOutcome::Unknown,
            _ => CallOutcome::Up,
        },
        Err(error) => match error.kind() {
            HttpErrorKind::Broken
            | HttpErrorKind::Connect
            | HttpErrorKind::ConnectDeadline
            | HttpErrorKind::Deadline => CallOutcome::Down,
            HttpErrorKind::Forbidden | HttpErrorKind::TooLarge => CallOutcome::Unknown,
        },
    }
}

/// Why a token could not be validated: constant text and its cause, for the operator.
#[derive(Clone, Debug)]
pub(super) struct EndpointProblem {
    pub(super) text: &'static str,
    pub(super) remedy: Option<&'static str>,
    cause: Option<Cause>,
}

impl EndpointProblem {
    pub(super) const fn new(text: &'static str) -> Self {
        Self {
            text,
            remedy: None,
            cause: None,
        }
    }

    /// The problem of a request that got no whole response.
    pub(super) fn unanswered(error: HttpError) -> Self {
        let text = match error.kind() {
            HttpErrorKind::Connect => "no connection to the endpoint could be made",
            HttpErrorKind::ConnectDeadline => {
                "no connection to the endpoint was made before the connect deadline"
            }
            HttpErrorKind::Deadline => {
                "the endpoint did not answer before the deadline of the whole call"
            }
            HttpErrorKind::Broken => "the connection broke before the whole response was read",
            HttpErrorKind::Forbidden => {
                "the host of the endpoint has an address that the request must not reach"
            }
            HttpErrorKind::TooLarge => "the response of the endpoint is longer than the limit",
        };
        Self {
            remedy: Some(remedy(error.kind())),
            // The text says the kind already.
            cause: error.into_cause(),
            ..Self::new(text)
        }
    }

    /// Sets what the operator can do about it.
    pub(super) const fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    pub(super) fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// Returns an error, with the cause as its source if there is one.
    pub(super) fn into_error(self) -> Box<dyn Error + Send + Sync> {
        match self.cause {
            Some(cause) => Box::new(ProblemWithCause(self.text, cause)),
            None => self.text.into(),
        }
    }

    /// Returns what the operator can do about it, if the service authenticates in this way.
    pub(super) fn advice(&self, auth: ClientAuthKind) -> &'static str {
        match (self.text, auth) {
            (CREDENTIALS, ClientAuthKind::Bearer) => TOKEN,
            (CREDENTIALS, ClientAuthKind::Key) => KEY,
            (CREDENTIALS, ClientAuthKind::Secret) => SECRET,
            (NOT_ALLOWED, _) => ALLOW,
            (UNSUPPORTED, _) => OTHER_ENDPOINT,
            _ => self.remedy.unwrap_or(ANSWER),
        }
    }

    /// Returns the text and the texts of all causes.
    pub(super) fn text_with_causes(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {}", self.text, error_chain(&**cause)),
            None => self.text.to_owned(),
        }
    }

    /// Returns the rejection of a token about which this endpoint gave no valid response.
    pub(super) fn into_rejection(self, endpoint: &Endpoint, auth: ClientAuthKind) -> Rejection {
        Rejection::new(RejectionKind::Unavailable).with_source(EndpointFailure {
            endpoint: endpoint.to_string().into(),
            text: self.text,
            remedy: self.advice(auth),
            source: self.cause,
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ProblemWithCause(&'static str, #[source] Cause);

/// An endpoint that gave no valid response.
#[derive(Debug, thiserror::Error)]
#[error("introspection at `{endpoint}`: {text}; {remedy}")]
struct EndpointFailure {
    endpoint: Box<str>,
    text: &'static str,
    remedy: &'static str,
    source: Option<Cause>,
}

const ALLOW: &str = "allow this client to introspect tokens at the provider; if a firewall before \
                     it gave the answer, let this host's address and its `User-Agent` pass";
const ANSWER: &str = "check that the address is that of an introspection endpoint, and ask it by \
                      hand";
const KEY: &str = "register the public key at the provider for this client, with its key id and \
                   with `private_key_jwt` as its method; set the audience that the provider \
                   expects of assertions (`ClientKey::audience`: often its issuer or its token \
                   endpoint); and keep the time of both hosts synchronized";
const OTHER_ENDPOINT: &str = "check that the address is that of an introspection endpoint, and \
                              that it accepts access tokens";
const SECRET: &str = "check the client id and secret, that the provider accepts them in the \
                      header (`secret_basic`) or in the form (`secret_post`), and that it allows \
                      this client to introspect tokens";
const TOKEN: &str = "check that the bearer token was issued to this service and is not expired";

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn active(text: &str) -> Result<bool, &'static str> {
        let reading = read(text.as_bytes()).map_err(|problem| problem.text)?;
        Ok(matches!(reading, TokenState::Active(_)))
    }

    /// Defect D01 (`active` read by truthiness): docs/defects.md
    #[test]
    fn only_json_true_is_active_and_only_false_is_not() {
        assert_eq!(active(r#"{"active":true}"#), Ok(true));
        assert_eq!(active(r#" { "activ\u0065" : true } "#), Ok(true));
        assert_eq!(active(r#"{"active":false}"#), Ok(false));
        for value in ["\"true\"", "\"false\"", "1", "0", "null", "[true]", "{}"] {
            let text = format!(r#"{{"active":{value}}}"#);
            assert_eq!(active(&text), Err(UNSAID), "{value}");
        }
        assert_eq!(active("{}"), Err(UNSAID));
        assert_eq!(active(r#"{"Active":true}"#), Err(UNSAID));
        assert_eq!(active(r#"{"token":{"active":true}}"#), Err(UNSAID));
    }

    #[test]
    fn response_must_be_one_strict_object() {
        for text in [
            "",
            "true",
            "[]",
            "<html></html>",
            r#"{"active":true"#,
            r#"{"active":true}{"#,
            r#"{"active":true,"active":true}"#,
            r#"{"active":false,"activ\u0065":true}"#,
            "{\"active\":true,\"sub\":\"\u{0}\"}",
            "\u{feff}{\"active\":true}",
        ] {
            assert_eq!(active(text), Err(MALFORMED));
        }
    }

    #[test]
    fn response_over_a_cap_is_that_of_a_token_that_is_too_large() {
        let is_too_large = |rest: &str| {
            let text = format!(r#"{{"active":true,{rest}}}"#);
            match read(text.as_bytes()) {
                Ok(TokenState::Active(_)) => false,
                Ok(TokenState::TooLarge) => true,
                _ => panic!("{rest}"),
            }
        };
        let members = |n: usize| {
            let members: Vec<_> = (0..n).map(|i| format!("\"n{i}\":0")).collect();
            members.join(",")
        };
        let nested = |n: usize| format!("\"a\":{{{}}}", members(n));
        let deep = |n: usize| format!("\"a\":{}{}", "[".repeat(n), "]".repeat(n));
        assert!(!is_too_large(&members(255)));
        assert!(is_too_large(&members(256)));
        assert!(!is_too_large(&nested(1_024)));
        assert!(is_too_large(&nested(1_025)));
        assert!(!is_too_large(&deep(31)));
        assert!(is_too_large(&deep(32)));
        assert!(is_too_large(&deep(100_000)));
    }

    fn response(status: u16, types: &[&'static str], body: &str) -> HttpResponse {
        let mut headers = HeaderMap::new();
        for value in types {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).unwrap();
        HttpResponse::new(status, headers, body.into())
    }

    fn is_accepted(status: u16, types: &[&'static str]) -> bool {
        body(&response(status, types, "{}"), "application/json").is_ok()
    }

    #[test]
    fn response_must_have_status_200_and_the_requested_type() {
        for value in ["application/json", "Application/JSON ; charset=utf-8"] {
            assert!(is_accepted(200, &[value]));
        }
        for types in [
            &[][..],
            &["text/html"],
            &["application/json+x"],
            &["application/jwt"],
            &["application/json", "application/json"],
            &["text/html; application/json"],
        ] {
            assert!(!is_accepted(200, types), "{types:?}");
        }
        for status in [
            201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503,
        ] {
            assert!(!is_accepted(status, &["application/json"]), "{status}");
        }
    }

    #[test]
    fn refusal_is_explained_to_the_operator() {
        let text = |status, body| refusal(&response(status, &[], body));
        let unsupported = r#"{"error":"unsupported_token_type"}"#;
        assert_eq!(text(400, unsupported), UNSUPPORTED);
        assert_eq!(text(401, "{}"), CREDENTIALS);
        for status in [400, 401, 403] {
            assert_eq!(text(status, r#"{"error":"invalid_client"}"#), CREDENTIALS);
        }
        assert_eq!(text(403, "{}"), NOT_ALLOWED);
        let unauthorized = r#"{"error":"unauthorized_client"}"#;
        assert_eq!(text(400, unauthorized), NOT_ALLOWED);
        assert_ne!(text(400, "{}"), NOT_ALLOWED);
        assert_ne!(text(200, unsupported), UNSUPPORTED);
        assert_ne!(text(500, "<html>"), CREDENTIALS);
    }

    #[test]
    fn outcome_shows_whether_the_endpoint_is_down() {
        let answered = |status| outcome(&Ok(response(status, &[], "")));
        for status in [502, 503, 504] {
            assert_eq!(answered(status), CallOutcome::Down, "{status}");
        }
        assert_eq!(answered(500), CallOutcome::Unknown);
        for status in [200, 204, 302, 400, 401, 429, 501] {
            assert_eq!(answered(status), CallOutcome::Up, "{status}");
        }
        let failed = |kind| outcome(&Err(HttpError::new(kind)));
        for kind in [
            HttpErrorKind::Broken,
            HttpErrorKind::Connect,
            HttpErrorKind::Deadline,
        ] {
            assert_eq!(failed(kind), CallOutcome::Down);
        }
        assert_eq!(failed(HttpErrorKind::TooLarge), CallOutcome::Unknown);
        assert_eq!(failed(HttpErrorKind::Forbidden), CallOutcome::Unknown);
    }
}

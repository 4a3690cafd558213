//! What an endpoint's answer is worth (RFC 7662 sections 2.2 and 2.3).

use std::error::Error;

use http::StatusCode;
use http::header;

use super::breaker::Sign;
use crate::error::Cause;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::http_client::Endpoint;
use crate::http_client::HttpError;
use crate::http_client::HttpErrorKind;
use crate::http_client::HttpResponse;
use crate::json::Document;
use crate::json::Object;
use crate::json::Value;

/// What an endpoint says of a token.
pub(super) enum Reading {
    /// It is active, and these are its claims.
    Active(Document),
    Inactive,
}

/// Reads an answer: only JSON `true` is active, only `false` is not, and nothing else is an
/// answer.
pub(super) fn read(text: &[u8]) -> Result<Reading, Problem> {
    let document = Document::parse(text).map_err(|error| Problem::new(MALFORMED).because(error))?;
    match document.get("active").and_then(Value::as_bool) {
        Some(true) => Ok(Reading::Active(document)),
        Some(false) => Ok(Reading::Inactive),
        None => Err(Problem::new(UNSAID)),
    }
}

const MALFORMED: &str = "the answer is not one well-formed JSON object without duplicate members";
const UNSAID: &str = "the answer does not say by `true` or `false` whether the token is active";

/// Returns the body of an answer of status 200 and this media type.
pub(super) fn body<'r>(response: &'r HttpResponse, media: &str) -> Result<&'r [u8], Problem> {
    if response.status() != StatusCode::OK {
        return Err(Problem::new(refusal(response)));
    }
    if !is_of(response, media) {
        return Err(Problem::new(
            "the answer is of another content type than asked for",
        ));
    }
    Ok(response.body())
}

fn is_of(response: &HttpResponse, media: &str) -> bool {
    let mut types = response.headers().get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return false;
    };
    let first = first.to_str().unwrap_or_default();
    let own = first.split(';').next().unwrap_or_default();
    own.trim_ascii().eq_ignore_ascii_case(media)
}

/// Says what another status than 200 means for the operator.
pub(super) fn refusal(response: &HttpResponse) -> &'static str {
    let error = Object::parse(response.body()).ok();
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
        status if status.is_redirection() => "the endpoint sends elsewhere; nothing was sent there",
        _ => "the endpoint answered with another status than 200",
    }
}

pub(super) const UNSUPPORTED: &str = "the endpoint does not take tokens of this kind \
    (`unsupported_token_type`); give JWTs to a JWT judge";
pub(super) const CREDENTIALS: &str = "the endpoint refused the credentials of this service";
pub(super) const NOT_ALLOWED: &str = "the endpoint does not let this service ask";

/// Says what the end of a call tells about the endpoint.
pub(super) fn sign(answered: &Result<HttpResponse, HttpError>) -> Sign {
    match answered {
        Ok(response) => match response.status().as_u16() {
            502..=504 => Sign::Down,
            500 => Sign::Nothing,
            _ => Sign::Up,
        },
        Err(error) => match error.kind() {
            HttpErrorKind::Broken | HttpErrorKind::Connect | HttpErrorKind::Deadline => Sign::Down,
            HttpErrorKind::Forbidden | HttpErrorKind::TooLarge => Sign::Nothing,
        },
    }
}

/// Why a token could not be judged: constant text, and what it was below, for the operator.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) text: &'static str,
    cause: Option<Cause>,
}

impl Problem {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, cause: None }
    }

    pub(super) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// Makes an error of it, without its cause where it has none.
    pub(super) fn into_error(self) -> Box<dyn Error + Send + Sync> {
        match self.cause {
            Some(cause) => Box::new(Caused(self.text, cause)),
            None => self.text.into(),
        }
    }

    /// Makes the rejection of a token that this endpoint did not answer for.
    pub(super) fn at(self, endpoint: &Endpoint) -> Rejection {
        Rejection::new(RejectionKind::Unavailable).with_source(Failure {
            endpoint: endpoint.to_string().into(),
            text: self.text,
            source: self.cause,
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Caused(&'static str, #[source] Cause);

/// An endpoint did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("`{endpoint}`: {text}")]
struct Failure {
    endpoint: Box<str>,
    text: &'static str,
    source: Option<Cause>,
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::HeaderValue;

    use super::*;

    fn active(text: &str) -> Result<bool, &'static str> {
        let reading = read(text.as_bytes()).map_err(|problem| problem.text)?;
        Ok(matches!(reading, Reading::Active(_)))
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
    fn what_is_not_one_strict_object_is_no_answer() {
        let deep = format!(r#"{{"active":true,"a":{}}}"#, "[".repeat(100_000));
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
            &deep,
        ] {
            assert_eq!(active(text), Err(MALFORMED));
        }
    }

    fn response(status: u16, types: &[&'static str], body: &str) -> HttpResponse {
        let mut headers = HeaderMap::new();
        for value in types {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).unwrap();
        HttpResponse::new(status, headers, body.into())
    }

    fn is_taken(status: u16, types: &[&'static str]) -> bool {
        body(&response(status, types, "{}"), "application/json").is_ok()
    }

    #[test]
    fn an_answer_is_of_status_200_and_of_the_type_asked_for() {
        for value in ["application/json", "Application/JSON ; charset=utf-8"] {
            assert!(is_taken(200, &[value]));
        }
        for types in [
            &[][..],
            &["text/html"],
            &["application/json+x"],
            &["application/jwt"],
            &["application/json", "application/json"],
            &["text/html; application/json"],
        ] {
            assert!(!is_taken(200, types), "{types:?}");
        }
        for status in [
            201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503,
        ] {
            assert!(!is_taken(status, &["application/json"]), "{status}");
        }
    }

    #[test]
    fn the_operator_learns_what_a_refusal_means() {
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
    fn what_tells_of_an_endpoint_that_is_down() {
        let answered = |status| sign(&Ok(response(status, &[], "")));
        for status in [502, 503, 504] {
            assert_eq!(answered(status), Sign::Down, "{status}");
        }
        assert_eq!(answered(500), Sign::Nothing);
        for status in [200, 204, 302, 400, 401, 429, 501] {
            assert_eq!(answered(status), Sign::Up, "{status}");
        }
        let failed = |kind| sign(&Err(HttpError::new(kind)));
        for kind in [
            HttpErrorKind::Broken,
            HttpErrorKind::Connect,
            HttpErrorKind::Deadline,
        ] {
            assert_eq!(failed(kind), Sign::Down);
        }
        assert_eq!(failed(HttpErrorKind::TooLarge), Sign::Nothing);
        assert_eq!(failed(HttpErrorKind::Forbidden), Sign::Nothing);
    }
}

//! Bodies of responses to refused requests.

use std::fmt;
use std::sync::LazyLock;

use http::{HeaderValue, StatusCode};

use super::status;
use crate::error::{ConfigError, RejectionKind};
use crate::json::Value;

/// The body of a response to a refused request. No style has a part of the request or the reason of
/// the operator.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum BodyStyle {
    /// A constant text of the service for each kind, such as JSON in its own shape; see
    /// [`BodyStyle::custom`].
    Custom(CustomBody),
    /// No body. Clients find the error in the status and in `WWW-Authenticate`.
    #[default]
    Empty,
    /// A problem document (RFC 9457), a constant text for each status and error code, with the
    /// content type `application/problem+json`.
    ProblemJson,
    /// A problem document with one more member, `error`: the stable code of the kind of rejection,
    /// such as `token_expired`.
    ///
    /// The client then learns more than from the status and the challenge: for example whether an
    /// API key is unknown, disabled or expired, and whether a token is forged or revoked. Choose it
    /// where whoever may try credentials may know that.
    ProblemJsonWithError,
}

/// The texts of [`BodyStyle::Custom`].
///
/// Each is chosen by a function that captures nothing and gets nothing of the request, so a response
/// cannot have a part of it.
#[derive(Clone, Copy)]
pub struct CustomBody {
    content_type: &'static str,
    text: CustomText,
}

/// A function that returns the constant text for a kind and its status.
type CustomText = fn(RejectionKind, StatusCode) -> &'static str;

impl BodyStyle {
    /// Uses the texts that a function returns, with this content type.
    ///
    /// The function is called for every kind when the configuration is built, and again for each
    /// response, so it has to return the same text for the same kind. A text that differs between
    /// kinds of one status reports to the client more than the status and the challenge do.
    ///
    /// ```
    /// use bearergate::RejectionKind;
    /// use bearergate::http_response::{BodyStyle, ResponseConfig};
    ///
    /// let style = BodyStyle::custom("application/json", |_, status| match status.as_u16() {
    ///     401 => r#"{"ok":false,"code":"LOGIN"}"#,
    ///     403 => r#"{"ok":false,"code":"FORBIDDEN"}"#,
    ///     _ => r#"{"ok":false,"code":"LATER"}"#,
    /// });
    /// let config = ResponseConfig::builder().body(style).build()?;
    /// let refusal = config.respond_to(RejectionKind::AccessDenied);
    /// assert_eq!(refusal.body(), r#"{"ok":false,"code":"FORBIDDEN"}"#);
    /// assert_eq!(refusal.headers()["content-type"], "application/json");
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub const fn custom(content_type: &'static str, text: CustomText) -> Self {
        Self::Custom(CustomBody { content_type, text })
    }

    /// Returns the text for a kind.
    pub(super) fn text(self, kind: RejectionKind) -> &'static str {
        match self {
            Self::Custom(custom) => (custom.text)(kind, status::row(kind).status),
            Self::Empty => "",
            Self::ProblemJson => status::row(kind).problem,
            Self::ProblemJsonWithError => {
                let found = WITH_ERROR.iter().find(|(own, _)| *own == kind);
                found.map_or(status::row(kind).problem, |(_, text)| text)
            }
        }
    }

    /// Returns the content type of a body that is not empty.
    pub(super) fn content_type(self) -> Option<HeaderValue> {
        match self {
            Self::Custom(custom) => HeaderValue::from_str(custom.content_type).ok(),
            Self::Empty => None,
            Self::ProblemJson | Self::ProblemJsonWithError => Some(PROBLEM_JSON),
        }
    }

    /// Checks that the content type can be sent, and that texts which are to be JSON are.
    pub(super) fn check(self) -> Result<(), ConfigError> {
        let Self::Custom(custom) = self else {
            return Ok(());
        };
        let name = custom.content_type;
        let (kind, subtype) = name.split_once('/').unwrap_or_default();
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
        let essence = subtype.split(';').next().unwrap_or_default().trim_end();
        if !is_word(kind) || !is_word(essence) || HeaderValue::from_str(name).is_err() {
            let detail = format!(
                "expected a content type such as `application/json`, found {name:?}; give the type \
                 of the texts"
            );
            return Err(ConfigError::malformed("body", detail));
        }
        let essence = essence.to_ascii_lowercase();
        if essence != "json" && !essence.ends_with("+json") {
            return Ok(());
        }
        for kind in RejectionKind::ALL {
            if let Err(error) = Value::parse(self.text(*kind).as_bytes()) {
                let detail = format!(
                    "expected JSON for every kind, found a text for `{}` that is not ({error}); \
                     return JSON, or give another content type",
                    kind.as_str()
                );
                return Err(ConfigError::malformed("body", detail));
            }
        }
        Ok(())
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The problem document of every kind with its code, constant once it is built.
static WITH_ERROR: LazyLock<Vec<(RejectionKind, String)>> = LazyLock::new(|| {
    let kinds = RejectionKind::ALL.iter();
    let texts = kinds.map(|kind| {
        let problem = status::row(*kind).problem;
        let open = problem.strip_suffix('}').unwrap_or(problem);
        (*kind, format!(r#"{open},"error":"{}"}}"#, kind.as_str()))
    });
    texts.collect()
});

impl PartialEq for CustomBody {
    fn eq(&self, other: &Self) -> bool {
        self.content_type == other.content_type && std::ptr::fn_addr_eq(self.text, other.text)
    }
}

impl Eq for CustomBody {}

impl fmt::Debug for CustomBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomBody")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::http_response::ResponseConfig;

    #[test]
    fn problem_documents_with_the_error_have_the_code_of_their_kind() {
        for kind in RejectionKind::ALL {
            let text = BodyStyle::ProblemJsonWithError.text(*kind);
            let mut with: serde_json::Value = serde_json::from_str(text).unwrap();
            let error = with.as_object_mut().unwrap().remove("error");
            assert_eq!(error.unwrap(), kind.as_str());
            let plain = BodyStyle::ProblemJson.text(*kind);
            let plain: serde_json::Value = serde_json::from_str(plain).unwrap();
            assert_eq!(with, plain, "{kind}");
        }
    }

    #[test]
    fn a_custom_body_is_checked_when_it_is_configured() {
        let build = |content_type, text: CustomText| {
            let style = BodyStyle::custom(content_type, text);
            ResponseConfig::builder().body(style).build()
        };
        for (content_type, text) in [
            ("application/json", "{}"),
            ("application/vnd.acme+json; charset=utf-8", "[1]"),
            ("text/plain", "no {"),
        ] {
            let built = match text {
                "{}" => build(content_type, |_, _| "{}"),
                "[1]" => build(content_type, |_, _| "[1]"),
                _ => build(content_type, |_, _| "no {"),
            };
            assert!(built.is_ok(), "{content_type}");
        }
        for content_type in ["", "json", "a/", "/b", "a/b\r\nx: y", "a b/c"] {
            let error = build(content_type, |_, _| "{}").unwrap_err();
            let found = (error.field(), error.kind());
            assert_eq!(found, ("body", ConfigErrorKind::ValueMalformed));
        }
        let error = build("application/problem+JSON", |kind, _| match kind {
            RejectionKind::AccessDenied => "{",
            _ => "{}",
        });
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("a text for `access_denied` that is not"),
            "{text}"
        );
    }

    #[test]
    fn custom_bodies_are_equal_if_they_have_the_same_function() {
        let text: CustomText = |_, _| "{}";
        let style = BodyStyle::custom("application/json", text);
        assert_eq!(style, BodyStyle::custom("application/json", text));
        assert_ne!(style, BodyStyle::custom("application/a+json", text));
        assert!(format!("{style:?}").contains("application/json"));
    }
}

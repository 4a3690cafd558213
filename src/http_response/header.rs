//! Formatting of `WWW-Authenticate` challenges (RFC 9110 section 11.6.1).

use http::HeaderValue;

/// A challenge: a scheme and its parameters, each a quoted string.
pub(super) struct Challenge {
    scheme: &'static str,
    params: String,
}

impl Challenge {
    pub(super) const fn new(scheme: &'static str) -> Self {
        Self {
            scheme,
            params: String::new(),
        }
    }

    /// Adds a parameter as a quoted string, if it has a value.
    pub(super) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let comma = if self.params.is_empty() { "" } else { ", " };
            self.params.push_str(comma);
            self.params.push_str(name);
            self.params.push_str("=\"");
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    self.params.push('\\');
                }
                self.params.push(c);
            }
            self.params.push('"');
        }
        self
    }

    pub(super) fn into_value(self) -> HeaderValue {
        let text = format!("{} {}", self.scheme, self.params);
        // Every value was checked when it was configured. A scheme without parameters is a valid
        // challenge too.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(self.scheme))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_quoted_and_escaped() {
        let challenge = Challenge::new("Bearer")
            .with("realm", Some(r#"a "b" \c"#))
            .with("scope", None)
            .with("error", Some("x"));
        let value = challenge.into_value();
        assert_eq!(value, r#"Bearer realm="a \"b\" \\c", error="x""#);
    }

    #[test]
    fn invalid_values_leave_only_the_scheme() {
        let challenge = Challenge::new("Bearer").with("realm", Some("a\r\nx: y"));
        assert_eq!(challenge.into_value(), "Bearer");
    }
}

//! Writes `WWW-Authenticate` challenges (RFC 9110 section 11.6.1).

use http::HeaderValue;

/// A challenge as it is written: a scheme and its parameters, each a quoted string.
pub(super) struct Line {
    scheme: &'static str,
    params: String,
}

impl Line {
    pub(super) const fn new(scheme: &'static str) -> Self {
        Self {
            scheme,
            params: String::new(),
        }
    }

    /// Adds a parameter, if there is a value for it.
    pub(super) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let comma = if self.params.is_empty() { "" } else { ", " };
            self.params.push_str(comma);
            self.params.push_str(name);
            self.params.push('=');
            self.quote(value);
        }
        self
    }

    pub(super) fn finish(self) -> HeaderValue {
        let text = format!("{} {}", self.scheme, self.params);
        // Every value was checked when it was configured. The scheme alone is a challenge too.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(self.scheme))
    }

    fn quote(&mut self, value: &str) {
        self.params.push('"');
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                self.params.push('\\');
            }
            self.params.push(c);
        }
        self.params.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_quoted_and_escaped() {
        let line = Line::new("Bearer")
            .with("realm", Some(r#"a "b" \c"#))
            .with("scope", None)
            .with("error", Some("x"));
        let value = line.finish();
        assert_eq!(value, r#"Bearer realm="a \"b\" \\c", error="x""#);
    }

    #[test]
    fn what_cannot_be_sent_leaves_the_bare_scheme() {
        let line = Line::new("Bearer").with("realm", Some("a\r\nx: y"));
        assert_eq!(line.finish(), "Bearer");
    }
}

//! Removal of credentials from logged headers and URIs.

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Uri, header};

use super::parameter;
use super::place::Place;
use super::sources::Sources;

impl Sources {
    /// Marks every header that may have a credential as
    /// [sensitive](http::HeaderValue::set_sensitive), so that `Debug` does not print its value and
    /// HTTP/2 does not put it into a compression table.
    ///
    /// These are `Authorization`, `Proxy-Authorization`, `Cookie`, `DPoP` and the enabled headers.
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        let known = [
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
            HeaderName::from_static("dpop"),
        ];
        let is_enabled = |name: &HeaderName| {
            let mut places = self.places();
            places.any(|place| matches!(place, Place::Header(enabled) if enabled == name))
        };
        for (name, value) in headers.iter_mut() {
            if known.contains(name) || is_enabled(name) {
                value.set_sensitive(true);
            }
        }
    }

    /// Returns the URI without the query parameters that may have a credential, for logs.
    ///
    /// Names are compared after percent-decoding. The other parameters are kept unchanged.
    ///
    /// ```
    /// use bearergate::credential::Sources;
    ///
    /// let sources = Sources::builder().query("access_token").build()?;
    /// let uri = "/orders?page=2&access_token=a.b.c".parse()?;
    /// assert_eq!(sources.strip_query_credentials(&uri), "/orders?page=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn strip_query_credentials(&self, uri: &Uri) -> Uri {
        let enabled = self.places().filter_map(|place| match place {
            Place::Query(name) => Some(&**name),
            _ => None,
        });
        let names: Vec<&str> = enabled.collect();
        let Some(query) = uri.query() else {
            return uri.clone();
        };
        let kept = parameter::remove(query, &names);
        if kept == query {
            return uri.clone();
        }
        let text = match kept.as_str() {
            "" => uri.path().to_owned(),
            _ => format!("{}?{kept}", uri.path()),
        };
        let mut parts = uri.clone().into_parts();
        // The rest of a valid query is valid; if it were not, path and query are dropped, not kept.
        parts.path_and_query =
            Some(PathAndQuery::try_from(text).unwrap_or_else(|_| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let builder = Sources::builder().query("t").query("u").header("x-token");
        builder.build().unwrap()
    }

    fn stripped(uri: &'static str) -> String {
        sources()
            .strip_query_credentials(&Uri::from_static(uri))
            .to_string()
    }

    #[test]
    fn query_credentials_are_removed_in_every_encoding() {
        assert_eq!(stripped("/a?t=s3cret"), "/a");
        assert_eq!(stripped("/a?b=1&t=s3cret&c=%zz"), "/a?b=1&c=%zz");
        assert_eq!(
            stripped("/a?%74=s3cret&t=s3cret&u=s3cret&tt=kept"),
            "/a?tt=kept"
        );
        assert_eq!(
            stripped("https://h.example:1/a?t=s3cret"),
            "https://h.example:1/a"
        );
        assert_eq!(stripped("https://h.example?t=s3cret"), "https://h.example/");
    }

    #[test]
    fn other_parts_of_a_uri_are_kept() {
        for uri in ["/", "/a", "/a?", "/a?b=1&&c", "*", "h.example:443"] {
            assert_eq!(stripped(uri), uri);
        }
        let uri = Uri::from_static("/a?t=1");
        assert_eq!(Sources::default().strip_query_credentials(&uri), uri);
    }

    #[test]
    fn credential_headers_are_marked_sensitive() {
        let mut headers = HeaderMap::new();
        let names = [
            "authorization",
            "proxy-authorization",
            "cookie",
            "dpop",
            "x-token",
        ];
        for name in names.into_iter().chain(["accept"]) {
            headers.append(name, "s3cret".parse().unwrap());
            headers.append(name, "s3cret".parse().unwrap());
        }
        sources().mark_sensitive(&mut headers);
        assert!(
            headers
                .iter()
                .all(|(name, value)| value.is_sensitive() == (name != "accept"))
        );
    }
}

//! Keeps credentials out of what a request leaves behind.

use http::HeaderMap;
use http::HeaderName;
use http::Uri;
use http::header;
use http::uri::PathAndQuery;

use crate::credential::parameter;
use crate::credential::place::Place;
use crate::credential::sources::Sources;

impl Sources {
    /// Marks every header that may hold a credential as sensitive, so that its value is neither
    /// printed nor kept in a header compression table.
    ///
    /// That is `Authorization`, `Proxy-Authorization`, `Cookie`, `DPoP` and the enabled headers.
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if self.is_secret(name) {
                value.set_sensitive(true);
            }
        }
    }

    /// Returns the URI without the query parameters where this slot looks for a credential.
    ///
    /// ```
    /// use bearergate::Sources;
    ///
    /// let sources = Sources::builder().query("access_token").build()?;
    /// let uri = "/orders?page=2&access_token=a.b.c".parse()?;
    /// assert_eq!(sources.cut(&uri), "/orders?page=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cut(&self, uri: &Uri) -> Uri {
        let names: Vec<_> = self.places().filter_map(query_name).collect();
        match uri.query() {
            Some(query) if !names.is_empty() => with_query(uri, &parameter::without(query, &names)),
            _ => uri.clone(),
        }
    }

    fn is_secret(&self, name: &HeaderName) -> bool {
        let known = [
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
        ];
        known.contains(name)
            || name == "dpop"
            || self
                .places()
                .any(|p| matches!(p, Place::Header(own) if own == name))
    }
}

fn query_name(place: &Place) -> Option<&str> {
    match place {
        Place::Query(name) => Some(name),
        _ => None,
    }
}

fn with_query(uri: &Uri, query: &str) -> Uri {
    let text = match query {
        "" => uri.path().to_owned(),
        _ => format!("{}?{query}", uri.path()),
    };
    let mut parts = uri.clone().into_parts();
    // What is left of a good path and query is good; if not, both are dropped, never kept.
    parts.path_and_query =
        Some(PathAndQuery::try_from(text).unwrap_or_else(|_| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or_default()
}

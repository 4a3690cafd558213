//! Addresses for requests.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use super::address_scope::AddressScope;
use crate::error::ConfigError;

/// An absolute `https` URL, or an `http` URL on this machine.
///
/// `http` is allowed only for `localhost` and loopback addresses, and such a request may connect
/// only to a loopback address. A URL with a user, a password or a fragment is refused. `Display`
/// and `Debug` leave out the query, which may hold a secret.
///
/// ```
/// use bearergate::http_client::Endpoint;
///
/// assert!(Endpoint::parse("https://idp.example.com/jwks").is_ok());
/// assert!(Endpoint::parse("http://127.0.0.1:8080/jwks").is_ok());
/// assert!(Endpoint::parse("http://idp.example.com/jwks").is_err());
/// assert!(Endpoint::parse("https://me:pass@idp.example.com/jwks").is_err());
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Endpoint {
    uri: Uri,
    address_scope: AddressScope,
}

impl Endpoint {
    /// Parses a URL from the configuration. It is trusted wherever its name resolves.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a URL that is not as
    /// described above.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        Self::read(url).map_err(|problem| {
            // Only the part that has no secret is shown: no user and no query.
            let shown = url.split(['?', '#']).next().unwrap_or_default();
            let shown = if shown.contains('@') {
                "the URL"
            } else {
                shown
            };
            refused(shown, problem)
        })
    }

    /// Returns the error for a configured address that is not usable.
    pub(crate) fn refused(&self, problem: &str) -> ConfigError {
        refused(&self.to_string(), problem)
    }

    /// Returns scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        let authority = self.uri.authority().map_or("", |a| a.as_str());
        let scheme = self.uri.scheme_str().unwrap_or_default();
        format!("{scheme}://{authority}")
    }

    /// Parses a URL from a document that was read at this endpoint.
    ///
    /// If it has another host that is not trusted, connections may only be made to public
    /// addresses. An `http` URL on this machine is accepted only if this endpoint is on this
    /// machine too.
    pub(crate) fn learn(
        &self,
        url: &str,
        trusted_hosts: &[Box<str>],
    ) -> Result<Self, &'static str> {
        let mut learnt = Self::read(url)?;
        if learnt.address_scope == AddressScope::Loopback
            && self.address_scope != AddressScope::Loopback
        {
            return Err("is on this machine, and the document that names it is not");
        }
        let is_trusted = trusted_hosts
            .iter()
            .any(|h| h.eq_ignore_ascii_case(learnt.host()));
        let is_same_host = self.host().eq_ignore_ascii_case(learnt.host());
        if learnt.address_scope == AddressScope::Any && !is_same_host && !is_trusted {
            learnt.address_scope = AddressScope::Public;
        }
        if learnt
            .address()
            .is_some_and(|ip| !learnt.address_scope.permits(ip))
        {
            return Err("is not a public address");
        }
        Ok(learnt)
    }

    fn read(url: &str) -> Result<Self, &'static str> {
        // URL parsers do not read these characters alike.
        if url.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\') {
            return Err("has characters that a URL cannot have; percent-encode them");
        }
        if url.contains('#') {
            return Err("has a fragment; remove it");
        }
        let uri: Uri = url
            .parse()
            .map_err(|_| "is not a URL; write it like `https://idp.example.com/path`")?;
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err("has no host, or has user information; write `https://` and a host");
        }
        let address = bare(host).parse::<IpAddr>();
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|ip| AddressScope::Loopback.permits(ip));
        let address_scope = match uri.scheme_str() {
            Some("https") => AddressScope::Any,
            Some("http") if is_loopback => AddressScope::Loopback,
            Some("http") => {
                return Err("has the scheme `http`; use `https`, or a loopback address");
            }
            _ => return Err("does not begin with `https://`; write it so"),
        };
        Ok(Self { uri, address_scope })
    }

    /// Returns the URL, with its query.
    ///
    /// The query may hold a secret. To log the URL, use `Display` of the endpoint, which leaves it
    /// out.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the host: a name, or an address (an IPv6 address without brackets).
    ///
    /// It is as written in the URL: not in lower case, and not resolved.
    pub fn host(&self) -> &str {
        bare(self.uri.host().unwrap_or_default())
    }

    /// Returns the addresses to which a connection may be made.
    ///
    /// For a configured URL it is [`Any`](AddressScope::Any) with `https` and
    /// [`Loopback`](AddressScope::Loopback) with `http`. For a URL from a document whose host is
    /// not trusted it is [`Public`](AddressScope::Public).
    pub fn address_scope(&self) -> AddressScope {
        self.address_scope
    }

    /// Returns the IP address if the host is one, or `None` if it is a name.
    ///
    /// A client that lets a resolver check the [`address_scope`](Self::address_scope) must check
    /// this address itself, because it is not resolved.
    pub fn address(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }
}

fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or(host)
}

fn refused(url: &str, problem: &str) -> ConfigError {
    ConfigError::malformed("url", format!("`{url}` {problem}"))
}

impl fmt::Display for Endpoint {
    /// Writes the URL without its query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.uri.path())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(from: &str, url: &str) -> Option<AddressScope> {
        let from = Endpoint::parse(from).unwrap();
        Some(
            from.learn(url, &["keys.example.net".into()])
                .ok()?
                .address_scope(),
        )
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for url in [
            "http://127.0.0.1/",
            "http://127.8.8.8:80/a",
            "http://[::1]:8080/a",
            "http://localhost/a",
            "http://LOCALHOST:1/a",
        ] {
            assert_eq!(
                Endpoint::parse(url).unwrap().address_scope(),
                AddressScope::Loopback
            );
        }
        for url in [
            "http://0.0.0.0/",
            "http://[::]/",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn urls_that_parsers_read_differently_are_refused() {
        for url in [
            "",
            "//idp.example.com/a",
            "/a",
            "idp.example.com",
            "ftp://idp.example.com/",
            "https:///a",
            "https://user@idp.example.com/",
            "https://user:pass@idp.example.com/",
            "https://idp.example.com/#a",
            "https://idp.example.com\\@evil.example/",
            "https://idp.example.com/a b",
            "https://idp.example.com/\r\nHost: evil",
            "https://idp.\u{e9}xample.com/",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
        assert!(Endpoint::parse("https://idp.example.com/a?b=c%20d").is_ok());
    }

    #[test]
    fn an_error_shows_neither_password_nor_query() {
        for url in ["https://me:s3cret@h/", "http://h/?k=s3cret"] {
            let refused = Endpoint::parse(url).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_learnt_address_is_trusted_only_if_its_host_is_known() {
        let idp = "https://idp.example.com/.well-known/openid-configuration";
        for (url, scope) in [
            ("https://idp.example.com/jwks", Some(AddressScope::Any)),
            ("https://IDP.example.com:8443/jwks", Some(AddressScope::Any)),
            ("https://keys.example.net/jwks", Some(AddressScope::Any)),
            ("https://other.example.org/jwks", Some(AddressScope::Public)),
            ("https://169.254.169.254/latest", None),
            ("https://[fd00::1]/jwks", None),
            ("https://8.8.8.8/jwks", Some(AddressScope::Public)),
            ("http://127.0.0.1/jwks", None),
            ("http://other.example.org/jwks", None),
            ("//other.example.org/jwks", None),
        ] {
            assert_eq!(learnt(idp, url), scope, "{url}");
        }
    }

    #[test]
    fn a_document_on_this_machine_may_name_this_machine() {
        let idp = "http://127.0.0.1:9000/doc";
        let same = learnt(idp, "http://127.0.0.1:9001/jwks");
        assert_eq!(same, Some(AddressScope::Loopback));
        assert_eq!(learnt(idp, "https://10.0.0.1/jwks"), None);
    }
}

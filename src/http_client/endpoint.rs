//! Addresses for requests.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use super::address_scope::AddressScope;
use crate::error::{ConfigError, shown};

/// An absolute `https` URL, or an `http` URL on this machine.
///
/// `http` is allowed only for `localhost` and loopback addresses, and such a request may connect
/// only to a loopback address. Builders also take `http` for the hosts that
/// [`allow_plain_http`](super::HttpSettings::allow_plain_http) names. A URL with a user, a password
/// or a fragment is refused. `Display` and `Debug` leave out the query, which may hold a secret.
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
    /// Whether only a document names the host.
    is_learnt_host: bool,
}

/// Why a URL is not one of an endpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum UrlProblem {
    #[error("has characters that a URL cannot have; percent-encode them")]
    Characters,
    #[error("is empty; give the whole URL")]
    Empty,
    #[error("has a fragment; remove it")]
    Fragment,
    #[error("is on this machine, and the document that names it is not")]
    Loopback,
    #[error("is not a URL; write it like `https://idp.example.com/path`")]
    Malformed,
    #[error("has no host; write `https://` and a host")]
    NoHost,
    #[error("is not a private address; use `https`")]
    NotPrivate,
    #[error("is not a public address")]
    NotPublic,
    #[error(
        "has the scheme `http`; use `https`, or a loopback address, or name the host `{0}` with \
         `allow_plain_http` if it has a private address"
    )]
    PlainHttp(Box<str>),
    #[error("is relative; write the whole URL, beginning with `https://`")]
    Relative,
    #[error("does not begin with `https://`; write it so")]
    Scheme,
    #[error("is plain http on another host than the document's; name it with `trust_host`")]
    UntrustedPlainHttp,
    #[error("has a user or a password; remove it, and give credentials by their own setting")]
    UserInfo,
    #[error("begins or ends with white space; remove it")]
    WhiteSpace,
}

impl Endpoint {
    /// Parses a URL from the configuration. It is trusted wherever its name resolves.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a URL that is not as
    /// described above.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        Self::parse_allowing(url, &[])
    }

    /// Parses a URL from the configuration, which may have the scheme `http` and one of these
    /// hosts.
    pub(crate) fn parse_allowing(url: &str, plain_hosts: &[Box<str>]) -> Result<Self, ConfigError> {
        Self::read(url, plain_hosts).map_err(|problem| {
            if problem == UrlProblem::Empty {
                return ConfigError::unexpected("url", URL, url, "give the whole URL");
            }
            // Only the part that has no secret is shown: no user and no query.
            let public = url.split(['?', '#']).next().unwrap_or_default();
            let found = if public.contains('@') {
                "a URL".to_owned()
            } else {
                format!("`{}`", shown(public))
            };
            refused(&found, &problem.to_string())
        })
    }

    /// Returns the error for a configured address that is not usable.
    pub(crate) fn refused(&self, problem: &str) -> ConfigError {
        refused(&format!("`{self}`"), problem)
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
    /// addresses, and no credentials are sent. An `http` URL on this machine is accepted only if
    /// this endpoint is on this machine too, and another `http` URL only if its host is one of
    /// `plain_hosts` and is the document's or trusted.
    pub(crate) fn learn(
        &self,
        url: &str,
        trusted_hosts: &[Box<str>],
        plain_hosts: &[Box<str>],
    ) -> Result<Self, UrlProblem> {
        let mut learnt = Self::read(url, plain_hosts)?;
        if learnt.address_scope == AddressScope::Loopback
            && self.address_scope != AddressScope::Loopback
        {
            return Err(UrlProblem::Loopback);
        }
        let is_trusted = trusted_hosts
            .iter()
            .any(|h| h.eq_ignore_ascii_case(learnt.host()));
        let is_same_host = self.host().eq_ignore_ascii_case(learnt.host());
        learnt.is_learnt_host = !is_same_host && !is_trusted;
        match learnt.address_scope {
            AddressScope::Any if learnt.is_learnt_host => {
                learnt.address_scope = AddressScope::Public;
            }
            AddressScope::Private if learnt.is_learnt_host => {
                return Err(UrlProblem::UntrustedPlainHttp);
            }
            _ => {}
        }
        if learnt
            .address()
            .is_some_and(|ip| !learnt.address_scope.permits(ip))
        {
            return Err(UrlProblem::NotPublic);
        }
        Ok(learnt)
    }

    fn read(url: &str, plain_hosts: &[Box<str>]) -> Result<Self, UrlProblem> {
        if url.is_empty() {
            return Err(UrlProblem::Empty);
        }
        if url.trim() != url {
            return Err(UrlProblem::WhiteSpace);
        }
        // URL parsers do not read these characters alike.
        if url.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\') {
            return Err(UrlProblem::Characters);
        }
        if url.contains('#') {
            return Err(UrlProblem::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| UrlProblem::Malformed)?;
        if uri.scheme().is_none() {
            return Err(UrlProblem::Relative);
        }
        let host = uri.host().unwrap_or_default();
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(UrlProblem::UserInfo);
        }
        if host.is_empty() {
            return Err(UrlProblem::NoHost);
        }
        let address = bare(host).parse::<IpAddr>().ok();
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || address.is_some_and(|ip| AddressScope::Loopback.permits(ip));
        let address_scope = match uri.scheme_str() {
            Some("https") => AddressScope::Any,
            Some("http") if is_loopback => AddressScope::Loopback,
            Some("http")
                if !plain_hosts
                    .iter()
                    .any(|h| h.eq_ignore_ascii_case(bare(host))) =>
            {
                return Err(UrlProblem::PlainHttp(bare(host).into()));
            }
            Some("http") if address.is_some_and(|ip| !AddressScope::Private.permits(ip)) => {
                return Err(UrlProblem::NotPrivate);
            }
            Some("http") => AddressScope::Private,
            _ => return Err(UrlProblem::Scheme),
        };
        Ok(Self {
            uri,
            address_scope,
            is_learnt_host: false,
        })
    }

    /// Returns whether credentials for the source may be sent to this endpoint: not if only a
    /// document names its host.
    pub(crate) const fn takes_credentials(&self) -> bool {
        !self.is_learnt_host
    }

    /// Returns whether requests cross a network unencrypted.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.address_scope == AddressScope::Private
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
    /// [`Loopback`](AddressScope::Loopback) with `http`, or [`Private`](AddressScope::Private) if
    /// the host is one that plain `http` is allowed for. For a URL from a document whose host is
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

const URL: &str = "an absolute `https` URL";

fn refused(found: &str, problem: &str) -> ConfigError {
    let detail = format!("expected {URL}, found {found}, which {problem}");
    ConfigError::malformed("url", detail)
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
            from.learn(url, &["keys.example.net".into()], &[])
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
    fn plain_http_goes_only_to_named_hosts_at_private_addresses() {
        let hosts: [Box<str>; 4] = [
            "keycloak".into(),
            "10.0.0.5".into(),
            "8.8.8.8".into(),
            "fd00::5".into(),
        ];
        let scope = |url: &str| Some(Endpoint::parse_allowing(url, &hosts).ok()?.address_scope());
        for url in [
            "http://keycloak/jwks",
            "http://KeyCloak:8080/jwks",
            "http://10.0.0.5:8080/jwks",
            "http://[fd00::5]/jwks",
        ] {
            assert_eq!(scope(url), Some(AddressScope::Private), "{url}");
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
        assert_eq!(scope("http://localhost/a"), Some(AddressScope::Loopback));
        assert_eq!(scope("https://keycloak/a"), Some(AddressScope::Any));
        for url in [
            "http://8.8.8.8/jwks",
            "http://10.0.0.6/jwks",
            "http://keycloak.example.com/jwks",
            "http://sub.keycloak/jwks",
            "http://keycloak@evil.example/jwks",
            "ftp://keycloak/jwks",
        ] {
            assert_eq!(scope(url), None, "{url}");
        }
        let error = Endpoint::parse("http://keycloak:8080/jwks").unwrap_err();
        let text = error.to_string();
        for part in ["`keycloak`", "allow_plain_http"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_document_names_plain_http_only_at_its_own_host_or_a_trusted_one() {
        let (trusted, plain) = (["b".into()], ["a".into(), "b".into(), "c".into()]);
        let learn = |from: &str, url: &str| {
            let from = Endpoint::parse_allowing(from, &plain).unwrap();
            let learnt = from.learn(url, &trusted, &plain);
            learnt.map(|endpoint| endpoint.address_scope())
        };
        for from in ["http://a/doc", "https://a/doc"] {
            assert_eq!(learn(from, "http://a:8080/k"), Ok(AddressScope::Private));
            assert_eq!(learn(from, "http://b/k"), Ok(AddressScope::Private));
            let elsewhere = Err(UrlProblem::UntrustedPlainHttp);
            assert_eq!(learn(from, "http://c/k"), elsewhere);
            let unnamed = Err(UrlProblem::PlainHttp("d".into()));
            assert_eq!(learn(from, "http://d/k"), unnamed);
            assert_eq!(learn(from, "http://localhost/k"), Err(UrlProblem::Loopback));
        }
    }

    #[test]
    fn a_host_that_only_a_document_names_takes_no_credentials() {
        let takes = |from: &str, url: &str| {
            let from = Endpoint::parse(from).unwrap();
            let learnt = from.learn(url, &["keys.example.net".into()], &[]);
            learnt.unwrap().takes_credentials()
        };
        let idp = "https://idp.example.com/doc";
        assert!(Endpoint::parse(idp).unwrap().takes_credentials());
        assert!(takes(idp, "https://IDP.example.com:8443/jwks"));
        assert!(takes(idp, "https://keys.example.net/jwks"));
        assert!(!takes(idp, "https://other.example.org/jwks"));
        let local = "http://127.0.0.1:9000/doc";
        assert!(takes(local, "http://127.0.0.1:9001/jwks"));
        for url in ["http://localhost:9001/jwks", "http://127.0.0.2/jwks"] {
            assert!(!takes(local, url), "{url}");
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

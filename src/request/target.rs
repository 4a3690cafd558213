//! The address under which clients reach a service.

use std::net::IpAddr;

use super::normal_form::{is_normal_path, normalized, push_origin};
use crate::error::ConfigError;
use crate::limits;

/// The URI that a client has requested, as an extension of a request.
///
/// A gateway inserts it that knows it better than the request line says. It must not come from a
/// header of the request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetUri(Box<str>);

impl TargetUri {
    /// Creates the extension from an absolute URI.
    pub fn new(uri: impl Into<Box<str>>) -> Self {
        Self(uri.into())
    }

    /// Returns the URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns scheme and authority in normal form, and path and query as they are: `None` if it is no
    /// http or https URI.
    pub(crate) fn parts(&self) -> Option<(String, &str)> {
        let uri = self.0.split('#').next().unwrap_or_default();
        let (scheme, rest) = uri.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let mut origin = String::new();
        push_origin(scheme, authority, &mut origin)?;
        Some((origin, path))
    }

    /// Returns whether the URI of a proof (`htu`) names this resource: query and fragment are ignored, and
    /// the rest is compared in normal form (RFC 3986 sections 6.2.2 and 6.2.3). One of more than
    /// [`limits::PROOF_URI_BYTES`] names none.
    pub fn fits(&self, htu: &str) -> bool {
        if htu.len() > limits::PROOF_URI_BYTES {
            return false;
        }
        let (own, htu) = (without_query(&self.0), without_query(htu));
        match normalized(own) {
            Some(own) => normalized(htu) == Some(own),
            None => false,
        }
    }
}

/// Where clients reach a service, and how the paths that the service receives become theirs.
///
/// Proofs of possession and message signatures name the URI that the client has requested. It is
/// compared with this configuration, and never with `Host`, a forwarding header or the authority of
/// the request line: a proof that was stolen for another service would pass with them.
///
/// ```
/// use bearergate::request::ExternalUrl;
///
/// // A proxy sends `/internal/7` for `https://api.example.com/orders/7`.
/// let url = ExternalUrl::parse("https://api.example.com/orders")?.without("/internal")?;
/// assert_eq!(url.external("/internal/7"), "https://api.example.com/orders/7");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalUrl {
    /// As it was configured.
    text: Box<str>,
    /// Scheme and authority in normal form.
    origin: Box<str>,
    /// The path of the base without its last slash.
    path: Box<str>,
    /// The same in normal form.
    normal_path: Box<str>,
    without: Box<str>,
}

const FIELD: &str = "external_url";

impl ExternalUrl {
    /// Parses the base of the service's URIs, such as `https://api.example.com/orders`. Plain http is
    /// allowed on loopback hosts.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it is no such URI, or has
    /// user information, a query or a fragment.
    pub fn parse(base: &str) -> Result<Self, ConfigError> {
        let malformed = || {
            ConfigError::unexpected(
                FIELD,
                "an https URL (http on a loopback host) without user information, query and fragment",
                base,
                "write it as clients do, such as `https://api.example.com`",
            )
        };
        let normal = normalized(base).filter(|_| !base.contains(['?', '#', '\\']));
        let normal = normal.ok_or_else(malformed)?;
        let (scheme, rest) = base.split_once("://").ok_or_else(malformed)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut origin = String::new();
        push_origin(scheme, authority, &mut origin).ok_or_else(malformed)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_unclear = path.ends_with('/') || !normal.starts_with(&origin);
        if is_unclear || (origin.starts_with("http:") && !is_loopback(&origin)) {
            return Err(malformed());
        }
        let normal_path = normal.strip_prefix(&*origin).unwrap_or_default();
        let normal_path = normal_path.strip_suffix('/').unwrap_or(normal_path);
        Ok(Self {
            text: base.into(),
            normal_path: normal_path.into(),
            origin: origin.into(),
            path: path.into(),
            without: Box::default(),
        })
    }

    /// Removes a prefix that a proxy has put before the path, such as `/internal`. A path without it
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it does not begin with a
    /// slash, ends with one, or has a query, a fragment or a percent-encoding.
    pub fn without(mut self, internal: &str) -> Result<Self, ConfigError> {
        let is_path = internal.starts_with('/') && !internal.ends_with('/');
        if !is_path || !is_normal_path(internal) || internal.contains(['?', '#']) {
            return Err(ConfigError::unexpected(
                "without",
                "a path that begins with a slash and does not end with one",
                internal,
                "write it as `/internal`",
            ));
        }
        self.without = internal.into();
        Ok(self)
    }

    /// Returns the base as it was configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the URI that a client has requested, for a path (and query) that the service has
    /// received.
    pub fn external(&self, path_and_query: &str) -> String {
        let [base, slash, path] = self.outer_parts(path_and_query);
        [&*self.origin, base, slash, path].concat()
    }

    /// Returns scheme and authority in lower case, without the default port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the parts of a path (and query) as clients know it: that of the base, a slash where the
    /// path would be empty, and the rest.
    pub(crate) fn outer_parts<'p>(&'p self, path_and_query: &'p str) -> [&'p str; 3] {
        let outer = self.outer_path(path_and_query);
        with_slash(&self.path, outer)
    }

    /// Returns a path as clients know it, behind the path of the base.
    fn outer_path<'p>(&self, path: &'p str) -> &'p str {
        let rest = path.strip_prefix(&*self.without);
        match rest {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => rest,
            _ => path,
        }
    }

    /// Returns whether the URI of a proof (`htu`) names the resource of a request. Its query and
    /// fragment are ignored (RFC 9449 section 4.3).
    pub(crate) fn fits(&self, htu: &str, path: &str) -> bool {
        if htu.len() > limits::PROOF_URI_BYTES {
            return false;
        }
        let htu = without_query(htu);
        let outer = self.outer_path(path);
        if !outer.is_empty() && !outer.starts_with('/') {
            return false;
        }
        let own = [&*self.origin, &self.path, outer];
        if is_normal_path(outer) && is_normal_path(&self.path) {
            if is_concatenation(htu, own) {
                return true;
            }
            // Where both are in their normal form, other text is another resource.
            let path = htu.strip_prefix(&*self.origin);
            let has_path = !self.path.is_empty() || !outer.is_empty();
            if has_path && path.is_some_and(|own| own.starts_with('/') && is_normal_path(own)) {
                return false;
            }
        }
        self.normal_form_fits(htu, outer).unwrap_or(false)
    }

    /// Compares in normal form. Dot segments of a request do not leave the base: what is there may be
    /// another service.
    fn normal_form_fits(&self, htu: &str, outer: &str) -> Option<bool> {
        let path = normalized(&[&*self.origin, outer].concat())?;
        let path = match outer.is_empty() && !self.path.is_empty() {
            true => "",
            false => path.strip_prefix(&*self.origin)?,
        };
        let own = [&*self.origin, &self.normal_path, path];
        Some(is_concatenation(&normalized(htu)?, own))
    }
}

/// Returns a path (and query) in parts: its beginning, a slash where the path would be empty (RFC 9110
/// section 4.2.3), and the rest.
pub(crate) fn with_slash<'p>(beginning: &'p str, rest: &'p str) -> [&'p str; 3] {
    let is_empty = beginning.is_empty() && (rest.is_empty() || rest.starts_with('?'));
    [beginning, if is_empty { "/" } else { "" }, rest]
}

/// Returns whether a text is these parts, one after the other.
fn is_concatenation(text: &str, parts: [&str; 3]) -> bool {
    let rest = parts
        .into_iter()
        .try_fold(text, |rest, part| rest.strip_prefix(part));
    rest == Some("")
}

fn without_query(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

fn is_loopback(origin: &str) -> bool {
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address: Result<IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(base: &str) -> ExternalUrl {
        ExternalUrl::parse(base).unwrap()
    }

    #[test]
    fn bases_are_absolute_and_secure() {
        for good in [
            "https://api.example.com",
            "https://api.example.com/",
            "https://API.example.com:8443/svc2",
            "http://localhost:3000",
            "http://127.0.0.1:80",
            "http://[::1]:3000/x",
        ] {
            assert_eq!(url(good).as_str(), good);
        }
        for bad in [
            "",
            "api.example.com",
            "/x",
            "http://api.example.com",
            "http://localhost.example.com",
            "http://[::2]",
            "wss://api.example.com",
            "https://user@api.example.com",
            "https://api.example.com?x=y",
            "https://api.example.com#x",
            "https://api.example.com/a//",
            "https://api.example.com/%",
            "https://api.example.com\\a",
            "https://",
        ] {
            let error = ExternalUrl::parse(bad).unwrap_err();
            assert_eq!(error.field(), FIELD, "{bad}");
        }
    }

    #[test]
    fn proofs_name_the_resource_by_the_configured_address() {
        let ours = url("https://api.example.com");
        for htu in [
            "https://api.example.com/a",
            "HTTPS://API.EXAMPLE.COM/a",
            "https://api.example.com:443/a",
            "https://api.example.com/%61",
            "https://api.example.com/b/../a",
            "https://api.example.com/a?x=y",
            "https://api.example.com/a#frag",
            "https://api.example.com/a?x#y",
        ] {
            assert!(ours.fits(htu, "/a"), "{htu}");
        }
        for htu in [
            "",
            "/a",
            "https://api.example.com",
            "https://api.example.com/A",
            "https://api.example.com/a/",
            "https://api.example.com//a",
            "https://api.example.com/a;v=1",
            "https://api.example.com./a",
            "http://api.example.com/a",
            "https://other.example.com/a",
            "https://api.example.com:8443/a",
            "https://api.example.com.evil.example/a",
            "https://api.example.com@evil.example/a",
        ] {
            assert!(!ours.fits(htu, "/a"), "{htu}");
        }
    }

    // Defect E20 (path decoded by a router and compared in that form): docs/defects.md
    #[test]
    fn the_path_is_compared_as_it_was_received() {
        let ours = url("https://api.example.com");
        assert!(ours.fits("https://api.example.com/a%40b", "/a%40b"));
        assert!(!ours.fits("https://api.example.com/a@b", "/a%40b"));
        assert!(ours.fits("https://api.example.com/a%2fb", "/a%2Fb"));
        assert!(!ours.fits("https://api.example.com/a/b", "/a%2Fb"));
        assert!(ours.fits("https://api.example.com", "/"));
        assert!(ours.fits("https://api.example.com/", "/"));
        assert!(!ours.fits("https://api.example.com/%zz", "/%zz"));
        assert!(!ours.fits("https://api.example.com*", "*"));
    }

    // Defect E18 (prefix that a proxy adds or removes breaks every proof): docs/defects.md
    #[test]
    fn prefixes_of_proxies_are_added_and_removed() {
        let ours = url("https://api.example.com/svc2");
        assert!(ours.fits("https://api.example.com/svc2/a", "/a"));
        assert!(!ours.fits("https://api.example.com/a", "/a"));
        let ours = url("https://api.example.com/svc2")
            .without("/internal")
            .unwrap();
        assert!(ours.fits("https://api.example.com/svc2/a", "/internal/a"));
        assert!(ours.fits("https://api.example.com/svc2/a", "/a"));
        assert!(ours.fits("https://api.example.com/svc2/internalx", "/internalx"));
        assert!(ours.fits("https://api.example.com/svc2", "/internal"));
        let root = url("https://api.example.com").without("/internal").unwrap();
        assert!(root.fits("https://api.example.com/", "/internal"));
        assert_eq!(
            root.external("/internal?x=y"),
            "https://api.example.com/?x=y"
        );
        assert_eq!(root.external("/internal"), "https://api.example.com/");
        assert_eq!(
            ours.external("/internal?x=y"),
            "https://api.example.com/svc2?x=y"
        );
        assert_eq!(
            ours.external("/a?x=y"),
            "https://api.example.com/svc2/a?x=y"
        );
        for bad in ["", "internal", "/internal/", "/", "/a?b", "/%61", "/a/../b"] {
            assert!(url("https://h.example").without(bad).is_err(), "{bad}");
        }
    }

    // Defect E55 (dot segments of a request leave the base of the address): docs/defects.md
    #[test]
    fn dot_segments_do_not_leave_the_base() {
        let ours = url("https://api.example.com/svc2")
            .without("/internal")
            .unwrap();
        let other = "https://api.example.com/svc1/x";
        for path in [
            "/../svc1/x",
            "/%2e%2E/svc1/x",
            "/a/../../svc1/x",
            "/internal/../svc1/x",
            "/internal/./../svc1/x",
        ] {
            assert!(!ours.fits(other, path), "{path}");
            let below = "https://api.example.com/svc2/svc1/x";
            assert!(ours.fits(below, path), "{path}");
        }
        assert!(ours.fits("https://api.example.com/svc2/b", "/a/../b"));
        assert!(ours.fits("https://api.example.com/svc2/a/../b", "/b"));
        assert!(!ours.fits("https://api.example.com/svc2/../b", "/b"));
    }

    #[test]
    fn a_uri_of_2048_bytes_is_compared_and_a_longer_one_is_not() {
        let ours = url("https://api.example.com");
        let path = format!("/{}", "a".repeat(2_048 - 24));
        let htu = format!("https://api.example.com{path}");
        assert_eq!(htu.len(), 2_048);
        assert!(ours.fits(&htu, &path));
        assert!(!ours.fits(&format!("{htu}a"), &format!("{path}a")));
    }

    #[test]
    fn a_target_of_a_gateway_is_compared_in_normal_form() {
        let target = TargetUri::new("https://api.example.com/a?x=y");
        assert!(target.fits("https://API.example.com:443/a"));
        assert!(!target.fits("https://api.example.com/b"));
        assert!(!TargetUri::new("").fits(""));
    }

    #[test]
    fn the_usual_spelling_is_compared_without_an_allocation() {
        let ours = url("https://api.example.com/svc2")
            .without("/internal")
            .unwrap();
        let htu = "https://api.example.com/svc2/orders/7?x=y";
        let usual = allocation_counter::measure(|| assert!(ours.fits(htu, "/internal/orders/7")));
        assert_eq!(usual.count_total, 0);
        let htu = "https://API.example.com/svc2/orders/7";
        let other = allocation_counter::measure(|| assert!(ours.fits(htu, "/internal/orders/7")));
        assert!(other.count_total <= 5, "{}", other.count_total);
    }

    /// Another spelling of a path: some letters are encoded, and dot segments are added.
    fn respelled(path: &str, seed: u32) -> String {
        let mut out = String::new();
        for (index, letter) in path.chars().enumerate() {
            let bits = seed.rotate_left(u32::try_from(index).unwrap_or(0) * 5);
            match letter {
                '/' if bits & 3 == 1 => out.push_str("/./"),
                '/' if bits & 3 == 2 => out.push_str("/x/../"),
                '/' => out.push('/'),
                letter if bits & 7 == 3 => out.push_str(&format!("%{:02x}", letter as u32)),
                letter => out.push(letter),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn both_ways_of_the_comparison_agree(path in "(/[a-c.%2eF@:]{0,3}){1,4}") {
            let ours = url("https://api.example.com");
            let htu = format!("https://api.example.com{path}");
            let is_valid = normalized(&htu).is_some();
            prop_assert_eq!(ours.fits(&htu, &path), is_valid);
        }

        /// Spellings of one resource fit, and other resources never do, however they are spelled.
        #[test]
        fn other_spellings_fit_and_other_resources_do_not(
            own in "(/[a-d~_-]{1,4}){1,4}", other in "(/[a-d~_-]{1,4}){1,4}",
            (seed, more) in (any::<u32>(), any::<u32>()),
            origin in prop::sample::select(vec![
                "https://api.example.com", "HTTPS://Api.Example.COM", "https://api.example.com:443",
                "https://api.example.com:",
            ]),
        ) {
            let ours = url("https://api.example.com");
            let htu = format!("{origin}{}", respelled(&other, seed));
            prop_assert_eq!(ours.fits(&htu, &respelled(&own, more)), own == other, "{}", htu);
            let same = format!("{origin}{}?x=/y#z", respelled(&own, seed));
            prop_assert!(ours.fits(&same, &respelled(&own, more)), "{}", same);
        }
    }
}

//! Settings that all requests of a service share.

use std::time::Duration;

use http::{HeaderValue, header};

use super::HttpError;
use super::call::{HttpRequest, HttpResponse, OWN_USER_AGENT};
use super::client::HttpClient;
use super::endpoint::{Endpoint, UrlProblem};
use crate::error::ConfigError;
use crate::limits;

/// Settings of the requests to providers: name of the program, deadlines, and hosts without TLS.
///
/// Set them once for a service with
/// [`Environment::http_settings`](crate::environment::Environment::http_settings); every builder
/// that takes the environment uses them, and checks them when it builds.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::environment::Environment;
/// use bearergate::http_client::HttpSettings;
///
/// let settings = HttpSettings::new()
///     .user_agent("orders-api/1.4")
///     .connect_deadline(Duration::from_secs(2))
///     .deadline(Duration::from_secs(5));
/// let environment = Environment::new().http_settings(settings);
/// # let _ = environment;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpSettings {
    user_agent: String,
    connect_deadline: Option<Duration>,
    deadline: Duration,
    plain_hosts: Vec<Box<str>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            user_agent: OWN_USER_AGENT.to_owned(),
            connect_deadline: None,
            deadline: limits::HTTP_DEADLINE,
            plain_hosts: Vec::new(),
        }
    }
}

impl HttpSettings {
    /// Starts with the defaults: `bearergate/<version>`, 1 second to connect, 3 seconds for a whole
    /// call, and no host without TLS. Neither time limit can be set above 10 seconds
    /// ([`limits::HTTP_DEADLINE_MAX`](crate::limits::HTTP_DEADLINE_MAX)).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the `User-Agent` of each request (RFC 9110 section 10.1.5), by default
    /// `bearergate/<version>`. Some providers refuse requests without one, or with one that they do
    /// not know.
    ///
    /// It is 1 to 256 printable ASCII characters without a space at its ends; anything else is
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) or
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) when a builder builds.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = product.into();
        self
    }

    /// Sets the time limit for connecting: at most the limit of the [whole call](Self::deadline),
    /// which is 3 seconds by default; raise that first for a longer one. By default it is 1 second,
    /// or the whole call's limit if that is shorter. A longer one than the whole call's is
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) when a builder builds.
    ///
    /// A connection that could not be made is tried a second time in what is left of the whole
    /// call's limit, so with equal limits there is no second attempt.
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = Some(deadline);
        self
    }

    /// Sets the time limit for connecting, sending and reading together: by default 3 seconds, at
    /// most 10 ([`limits::HTTP_DEADLINE_MAX`](crate::limits::HTTP_DEADLINE_MAX)).
    ///
    /// A request that needs an answer of the provider may wait as long as this for each call.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Allows URLs with the scheme `http` for these hosts, if they have private addresses: for a
    /// provider in the same Docker Compose project, or behind a service mesh that encrypts.
    ///
    /// Without TLS, anyone on that network can read the credentials in a request and replace the
    /// keys in an answer, and so sign tokens that are accepted. By default `http` is refused except
    /// on this machine. Give each host as it is in the URL: a name or an address, without scheme and
    /// port. The connection must go to a private or loopback address
    /// ([`AddressScope::Private`](super::AddressScope::Private)). Each use is reported as
    /// [`Event::PlainHttpAllowed`](crate::event::Event::PlainHttpAllowed) when a builder builds, and
    /// as a warning of [`Gate::doctor`](crate::Gate::doctor).
    ///
    /// A discovery document may name such a URL only at its own host, or at one that is trusted with
    /// [`trust_host`](crate::key::FetchedKeysBuilder::trust_host) too.
    pub fn allow_plain_http<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.into().into_boxed_str());
        self.plain_hosts.extend(hosts);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// `value_malformed` for a user agent or a host, `out_of_range` for a deadline or the length of
    /// the user agent.
    pub(crate) fn check(self) -> Result<CheckedSettings, ConfigError> {
        let most = limits::HTTP_DEADLINE_MAX;
        in_range("deadline", self.deadline, most)?;
        let connect_deadline = match self.connect_deadline {
            Some(own) => own,
            None => limits::HTTP_CONNECT_DEADLINE.min(self.deadline),
        };
        in_range(
            "connect_deadline",
            connect_deadline,
            most.min(self.deadline),
        )?;
        let plain_hosts = self.plain_hosts.into_iter().map(checked_host);
        Ok(CheckedSettings {
            user_agent: checked_user_agent(&self.user_agent)?,
            connect_deadline,
            deadline: self.deadline,
            plain_hosts: plain_hosts.collect::<Result<_, _>>()?,
        })
    }
}

fn in_range(field: &'static str, given: Duration, most: Duration) -> Result<(), ConfigError> {
    let range = limits::HTTP_DEADLINE_MIN..=most;
    if range.contains(&given) {
        return Ok(());
    }
    Err(ConfigError::out_of_range(field, given, range))
}

fn checked_user_agent(text: &str) -> Result<HeaderValue, ConfigError> {
    let (len, range) = (text.len(), 1..=limits::USER_AGENT_BYTES);
    if !range.contains(&len) {
        return Err(ConfigError::size_out_of_range(
            "user_agent",
            len,
            "bytes",
            range,
        ));
    }
    let is_printable = text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text;
    let value = HeaderValue::from_str(text).ok().filter(|_| is_printable);
    value.ok_or_else(|| {
        let expected = "printable ASCII without a space at its ends";
        let remedy = "write it like `orders-api/1.4`";
        ConfigError::unexpected("user_agent", expected, text, remedy)
    })
}

/// Accepts a host that can be in a URL, without port.
fn checked_host(host: Box<str>) -> Result<Box<str>, ConfigError> {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let bare = inner.unwrap_or(&host);
    let is_v6 = bare.parse::<std::net::Ipv6Addr>().is_ok();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_host = is_v6 || (inner.is_none() && !bare.is_empty() && bare.bytes().all(is_name));
    if is_host {
        return Ok(bare.into());
    }
    Err(ConfigError::unexpected(
        "allow_plain_http",
        "a host",
        &host,
        "give the name or the address without scheme, port and wildcard, like `keycloak`",
    ))
}

/// Settings that were checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedSettings {
    user_agent: HeaderValue,
    connect_deadline: Duration,
    deadline: Duration,
    plain_hosts: Box<[Box<str>]>,
}

impl CheckedSettings {
    /// Parses a URL from the configuration.
    pub(crate) fn endpoint(&self, url: &str) -> Result<Endpoint, ConfigError> {
        Endpoint::parse_allowing(url, &self.plain_hosts)
    }

    /// Parses a URL from a document that was read at `document`.
    pub(crate) fn learn(
        &self,
        document: &Endpoint,
        url: &str,
        trusted_hosts: &[Box<str>],
    ) -> Result<Endpoint, UrlProblem> {
        document.learn(url, trusted_hosts, &self.plain_hosts)
    }

    /// Returns those of the hosts without TLS that are among `hosts`, each once.
    pub(crate) fn plain_hosts_among<'h>(
        &self,
        hosts: impl IntoIterator<Item = &'h str>,
    ) -> impl Iterator<Item = &str> {
        let hosts: Vec<_> = hosts.into_iter().collect();
        let plain = self.plain_hosts.iter().map(|host| &**host);
        plain.filter(move |own| hosts.iter().any(|host| host.eq_ignore_ascii_case(own)))
    }

    /// Sends the request that `make` makes, and a second one only if no connection was made and
    /// time is left. Both together take no longer than the deadline of the whole call.
    ///
    /// # Errors
    ///
    /// The one of `make`, before anything is sent.
    pub(crate) async fn send<E>(
        &self,
        client: &dyn HttpClient,
        make: impl Fn() -> Result<HttpRequest, E>,
    ) -> Result<Result<HttpResponse, HttpError>, E> {
        let sent = client.send(self.apply(make()?)).await;
        let rest = self.deadline.saturating_sub(self.connect_deadline);
        if rest.is_zero() || !sent.as_ref().is_err_and(HttpError::is_connect) {
            return Ok(sent);
        }
        // A request for which nothing was sent may be made again, whatever its method.
        let again = self.apply(make()?).with_deadline(rest);
        Ok(client.send(again).await)
    }

    fn apply(&self, request: HttpRequest) -> HttpRequest {
        request
            .with_header(header::USER_AGENT, self.user_agent.clone())
            .with_connect_deadline(self.connect_deadline)
            .with_deadline(self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::http_client::HttpErrorKind;
    use crate::now_or_later::NowOrLater;

    fn refused(settings: HttpSettings) -> Option<(ConfigErrorKind, &'static str)> {
        let error = settings.check().err()?;
        Some((error.kind(), error.field()))
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn deadlines_are_at_most_ten_seconds_and_connecting_is_within_the_whole_call() {
        let new = HttpSettings::new;
        let out = |field| Some((ConfigErrorKind::OutOfRange, field));
        let over = secs(10) + Duration::from_nanos(1);
        let whole = |span| new().deadline(span);
        assert_eq!(refused(new()), None);
        assert_eq!(refused(whole(secs(10))), None);
        assert_eq!(refused(whole(over)), out("deadline"));
        assert_eq!(refused(whole(Duration::ZERO)), out("deadline"));
        let connect = |span| new().deadline(secs(5)).connect_deadline(span);
        assert_eq!(refused(connect(secs(5))), None);
        assert_eq!(refused(connect(secs(6))), out("connect_deadline"));
        assert_eq!(refused(connect(Duration::ZERO)), out("connect_deadline"));
        let both = whole(secs(10)).connect_deadline(secs(10));
        assert_eq!(refused(both), None);
        let short = whole(Duration::from_millis(500)).check().unwrap();
        assert_eq!(short.connect_deadline, Duration::from_millis(500));
        let long = whole(secs(9)).check().unwrap();
        assert_eq!(long.connect_deadline, secs(1));
    }

    #[test]
    fn a_user_agent_is_printable_text() {
        let named = |text: &str| refused(HttpSettings::new().user_agent(text));
        let longest = "a".repeat(256);
        for good in ["a", "orders-api/1.4 (+https://example.com)", &longest] {
            assert_eq!(named(good), None, "{good}");
        }
        let malformed = Some((ConfigErrorKind::ValueMalformed, "user_agent"));
        for bad in [" a", "a ", " ", "a\r\nx: y", "a\tb", "\u{e9}", "a\u{7f}"] {
            assert_eq!(named(bad), malformed, "{bad:?}");
        }
        let out = Some((ConfigErrorKind::OutOfRange, "user_agent"));
        assert_eq!(named(""), out);
        assert_eq!(named(&"a".repeat(257)), out);
    }

    #[test]
    fn a_host_without_tls_is_a_name_or_an_address() {
        let named = |host: &str| refused(HttpSettings::new().allow_plain_http([host]));
        for good in [
            "keycloak",
            "a_b.svc.cluster.local",
            "10.0.0.5",
            "fd00::5",
            "[fd00::5]",
        ] {
            assert_eq!(named(good), None, "{good}");
        }
        let malformed = Some((ConfigErrorKind::ValueMalformed, "allow_plain_http"));
        for bad in [
            "",
            "*",
            "*.local",
            "http://keycloak",
            "keycloak:8080",
            "keycloak/realms",
            "[keycloak]",
            "a b",
            "a\n",
            "me@keycloak",
        ] {
            assert_eq!(named(bad), malformed, "{bad:?}");
        }
    }

    /// A client that returns these results in turn, and records the requests.
    #[derive(Debug)]
    struct Script {
        results: Mutex<Vec<Result<(), HttpErrorKind>>>,
        seen: Mutex<Vec<(Duration, Duration, String)>>,
    }

    impl HttpClient for Script {
        fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
            let agent = request.headers().get("user-agent").unwrap();
            self.seen.lock().unwrap().push((
                request.connect_deadline(),
                request.deadline(),
                agent.to_str().unwrap().to_owned(),
            ));
            let result = self.results.lock().unwrap().pop().unwrap();
            let response = HttpResponse::new(StatusCode::OK, HeaderMap::new(), Vec::new());
            NowOrLater::now(result.map(|()| response).map_err(HttpError::from))
        }
    }

    fn sent(
        settings: HttpSettings,
        results: [Result<(), HttpErrorKind>; 2],
    ) -> (Option<HttpErrorKind>, Vec<(Duration, Duration, String)>) {
        let script = Script {
            results: Mutex::new(results.into_iter().rev().collect()),
            seen: Mutex::default(),
        };
        let settings = settings.check().unwrap();
        let make = || {
            let endpoint = Endpoint::parse("https://idp.example.com")?;
            Ok::<_, ConfigError>(HttpRequest::get(endpoint))
        };
        let result = futures_now(settings.send(&script, make)).unwrap();
        let kind = result.err().map(|error| error.kind());
        (kind, script.seen.into_inner().unwrap())
    }

    fn futures_now<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("the script never waits"),
        }
    }

    #[test]
    fn only_a_failed_connect_is_tried_a_second_time_within_the_whole_call() {
        let settings = || {
            let named = HttpSettings::new().user_agent("orders/1");
            named.deadline(secs(8)).connect_deadline(secs(3))
        };
        let agent = || "orders/1".to_owned();
        for kind in [HttpErrorKind::Connect, HttpErrorKind::ConnectDeadline] {
            let (result, seen) = sent(settings(), [Err(kind), Ok(())]);
            assert_eq!(result, None, "{kind}");
            let first = (secs(3), secs(8), agent());
            assert_eq!(seen, [first, (secs(3), secs(5), agent())], "{kind}");
            let (result, seen) = sent(settings(), [Err(kind), Err(kind)]);
            assert_eq!((result, seen.len()), (Some(kind), 2), "{kind}");
            let equal = settings().connect_deadline(secs(8));
            let (result, seen) = sent(equal, [Err(kind), Ok(())]);
            assert_eq!((result, seen.len()), (Some(kind), 1), "{kind}");
        }
        for kind in HttpErrorKind::ALL {
            if matches!(
                kind,
                HttpErrorKind::Connect | HttpErrorKind::ConnectDeadline
            ) {
                continue;
            }
            let (result, seen) = sent(settings(), [Err(*kind), Ok(())]);
            assert_eq!((result, seen.len()), (Some(*kind), 1), "{kind}");
        }
    }
}

//! Client certificates that a proxy passes on in a header.

mod encoding;
mod form;
mod pem;
#[cfg(test)]
mod tests;
mod xfcc;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use form::CertificateHeader;
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::clock::{Clock, SystemClock};
use crate::error::{Rejection, RejectionKind};
use crate::event::{Event, EventThrottle, Observer};
use crate::metrics::{Counted, Counter, Metrics, Sample};
use crate::request::{ClientCertificate, RequestFacts, TrustedPeers};

/// Reads the client certificate that a trusted proxy has put into a header.
///
/// A service behind a proxy that ends TLS calls [`apply`](Self::apply) before its gate. Then the
/// certificate of the request is the one of the header, or none: the certificate of the connection is
/// that of the proxy, and confirms no token.
///
/// From a peer that is not trusted the header counts as absent. From a trusted one a malformed header is
/// [`CredentialMalformed`](RejectionKind::CredentialMalformed), because a proxy that does not remove the
/// client's own header is not safe.
///
/// ```
/// use bearergate::binding::{CertificateHeader, ForwardedCertificates};
/// use bearergate::request::TrustedPeers;
///
/// let proxies = TrustedPeers::networks(["10.0.0.0/8"])?;
/// let forwarded = ForwardedCertificates::from(CertificateHeader::Rfc9440, proxies);
///
/// let (mut parts, ()) = http::Request::get("/").body(())?.into_parts();
/// forwarded.apply(&mut parts)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ForwardedCertificates(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    form: CertificateHeader,
    peers: TrustedPeers,
    demand: Option<(HeaderName, String)>,
    /// Whether elements of XFCC beside those of the hops are refused.
    is_exact: bool,
    counts: Arc<Counts>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

#[derive(Default)]
struct Counts {
    ignored: Counter,
    throttle: EventThrottle,
}

impl ForwardedCertificates {
    /// Reads one form of header from these peers.
    pub fn from(form: CertificateHeader, peers: TrustedPeers) -> Self {
        Self(Arc::new(Settings {
            form,
            peers,
            demand: None,
            is_exact: false,
            counts: Arc::default(),
            clock: Arc::new(SystemClock),
            observer: None,
        }))
    }

    /// Requires another header of the proxy to have this value, such as `x-ssl-client-verify: SUCCESS`
    /// of an nginx with `ssl_verify_client optional_no_ca`. Where it has not, there is no certificate.
    #[must_use]
    pub fn demand(self, header: HeaderName, value: &str) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        settings.demand = Some((header, value.to_owned()));
        Self(Arc::new(settings))
    }

    /// Refuses a header of Envoy (`Xfcc`) that has more elements than `hops`. The other forms have no
    /// elements.
    ///
    /// Set it wherever the first proxy replaces the header (`SANITIZE_SET`). Envoy writes `URI` and `DNS`
    /// names of a certificate as they are, so a name with a comma looks like one more element: a client
    /// that can choose the names of its certificate could otherwise name the certificate of another one.
    #[must_use]
    pub fn refuse_more_elements(self) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        settings.is_exact = true;
        Self(Arc::new(settings))
    }

    /// Sets the clock that spaces the events, by default the system's.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        settings.clock = Arc::new(clock);
        Self(Arc::new(settings))
    }

    /// Sets the observer of
    /// [`ForwardedCertificateIgnored`](crate::event::Event::ForwardedCertificateIgnored), at most one a second. None by default.
    #[must_use]
    pub fn observer(self, observer: impl Observer + 'static) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.0);
        settings.observer = Some(Arc::new(observer));
        Self(Arc::new(settings))
    }

    /// Returns the certificate of the client, or `None` if there is none or the peer is not trusted.
    ///
    /// # Errors
    ///
    /// [`CredentialMalformed`](RejectionKind::CredentialMalformed) if the header of a trusted peer is
    /// malformed, has several lines or several certificates, or is longer than 16 KiB.
    pub fn read(&self, facts: &RequestFacts<'_>) -> Result<Option<ClientCertificate>, Rejection> {
        let settings = &*self.0;
        let mut lines = facts.headers().get_all(settings.form.header()).into_iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        if !settings.peers.contain(facts) {
            self.ignore(facts);
            return Ok(None);
        }
        if lines.next().is_some() {
            return Err(malformed("expected one line of the header, found several"));
        }
        let certificate = settings
            .form
            .certificate(line.as_bytes(), settings.is_exact)
            .map_err(malformed)?;
        Ok(certificate.filter(|_| self.is_demand_met(facts)))
    }

    /// Replaces the [`ClientCertificate`] of a request by the one that the proxy has passed on, or
    /// removes it.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn apply(&self, parts: &mut Parts) -> Result<(), Rejection> {
        let certificate = self.read(&RequestFacts::from(&*parts));
        parts.extensions.remove::<ClientCertificate>();
        if let Some(certificate) = certificate? {
            parts.extensions.insert(certificate);
        }
        Ok(())
    }

    /// Returns the header, which a gateway removes from what it passes on.
    pub fn header(&self) -> &HeaderName {
        self.0.form.header()
    }

    /// Returns the counter of ignored headers.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(vec![Arc::new(self.clone())])
    }

    fn is_demand_met(&self, facts: &RequestFacts<'_>) -> bool {
        self.0.demand.as_ref().is_none_or(|(name, value)| {
            let mut lines = facts.headers().get_all(name).into_iter();
            let is_only = |line: &HeaderValue| line.as_bytes() == value.as_bytes();
            lines.next().is_some_and(is_only) && lines.next().is_none()
        })
    }

    fn ignore(&self, facts: &RequestFacts<'_>) {
        let Settings {
            counts,
            clock,
            observer,
            ..
        } = &*self.0;
        counts.ignored.add(1);
        let at = clock.elapsed().unwrap_or(Duration::ZERO);
        if let (Some(observer), Some(count)) = (observer, counts.throttle.admit(at, 1)) {
            let peer = facts.peer().map(|peer| peer.ip().to_string());
            observer.observe(&Event::ForwardedCertificateIgnored {
                peer: peer.as_deref().unwrap_or("unknown"),
                count,
            });
        }
    }
}

fn malformed(detail: &'static str) -> Rejection {
    Rejection::new(RejectionKind::CredentialMalformed).with_source(detail)
}

impl Counted for ForwardedCertificates {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        add(Sample {
            name: "bearergate_certificates_ignored_total",
            labels: &[],
            value: self.0.counts.ignored.get(),
        });
    }
}

impl fmt::Debug for ForwardedCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedCertificates")
            .field("form", &self.0.form)
            .field("peers", &self.0.peers)
            .finish_non_exhaustive()
    }
}

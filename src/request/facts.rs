//! The facts of a request.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri};

use super::content::Content;
use super::extension::{ClientAddress, ClientCertificate, EncryptedConnection, PeerAddress};
use super::target::TargetUri;
use crate::limits;

/// The facts of one request, borrowed from it.
///
/// Method, URI, headers and form body are sent by the client and are untrusted. The addresses and
/// the client certificate are facts of the connection: set them from the connection, never from a
/// header. `Debug` shows the method, the path without its query and the names of the headers.
///
/// ```
/// use bearergate::request::{PeerAddress, RequestFacts};
///
/// let mut request = http::Request::get("/orders?page=2").body(())?;
/// let peer: std::net::SocketAddr = "192.0.2.7:4711".parse()?;
/// request.extensions_mut().insert(PeerAddress(peer));
///
/// let (parts, ()) = request.into_parts();
/// let facts = RequestFacts::from(&parts);
/// assert_eq!(facts.uri().path(), "/orders");
/// assert_eq!(facts.peer(), Some(peer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct RequestFacts<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
    peer: Option<SocketAddr>,
    client_address: Option<IpAddr>,
    /// Whether a gate has located the client; the peer is then never taken for it.
    is_located: bool,
    is_encrypted: Option<bool>,
    certificate: Option<&'r ClientCertificate>,
    form: Option<&'r [u8]>,
    content: Content<'r>,
    target: Option<&'r TargetUri>,
}

impl<'r> RequestFacts<'r> {
    /// Longest form body, in bytes, that is searched for a credential: 1 MiB. A request with a
    /// longer one is rejected if a form parameter is an enabled place.
    pub const MAX_FORM_BYTES: usize = limits::FORM_BYTES;

    /// Creates facts without a connection: no addresses, certificate and form body. Add the facts
    /// that are known with the `with_` methods; what is missing is never read from a header.
    pub const fn new(method: &'r Method, uri: &'r Uri, headers: &'r HeaderMap) -> Self {
        Self {
            method,
            uri,
            headers,
            peer: None,
            client_address: None,
            is_located: false,
            is_encrypted: None,
            certificate: None,
            form: None,
            content: Content::Unknown,
            target: None,
        }
    }

    /// Sets the address of the other end of the connection. Take it from the accepted connection.
    /// Behind a proxy it is the address of the proxy.
    #[must_use]
    pub const fn with_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Sets the address of the client. It is the address of the peer only if there is no proxy
    /// between client and service.
    #[must_use]
    pub const fn with_client_address(mut self, address: IpAddr) -> Self {
        self.client_address = Some(address);
        self
    }

    /// Sets whether this connection is encrypted. Behind a proxy it is the connection of the proxy.
    #[must_use]
    pub const fn with_encrypted(mut self, is_encrypted: bool) -> Self {
        self.is_encrypted = Some(is_encrypted);
        self
    }

    /// Sets the client certificate of the TLS handshake, only if the handshake proved possession of
    /// its key.
    #[must_use]
    pub const fn with_certificate(mut self, certificate: &'r ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Sets the content of the request, which the check of a message signature compares with
    /// `Content-Digest` (RFC 9530); [`Content::Unknown`] by default.
    #[must_use]
    pub const fn with_content(mut self, content: Content<'r>) -> Self {
        self.content = content;
        self
    }

    /// Sets the URI that the client has requested, where a gateway knows it better than the request
    /// line says. It is compared with proofs of possession, so it must not come from a header.
    #[must_use]
    pub const fn with_target(mut self, target: &'r TargetUri) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets the body of the request. Call it only if its content type is
    /// `application/x-www-form-urlencoded`; a body longer than
    /// [`MAX_FORM_BYTES`](Self::MAX_FORM_BYTES) is rejected where a form parameter is enabled.
    #[must_use]
    pub const fn with_form(mut self, body: &'r [u8]) -> Self {
        self.form = Some(body);
        self
    }

    /// Returns the method. Untrusted. Policies and the cross-site check of cookies read it.
    pub const fn method(&self) -> &'r Method {
        self.method
    }

    /// Returns the URI. Untrusted; its query may have a credential, so do not log it. Use
    /// [`Sources::strip_query_credentials`](crate::credential::Sources::strip_query_credentials)
    /// before you do.
    pub const fn uri(&self) -> &'r Uri {
        self.uri
    }

    /// Returns the headers. Untrusted; they may have a credential, so do not log their values.
    pub const fn headers(&self) -> &'r HeaderMap {
        self.headers
    }

    /// Returns the address of the other end of the connection, which may be a proxy. Conditions on
    /// addresses use [`client_address`](Self::client_address) instead.
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Sets the address of the client that a gate has located, which may be unknown.
    pub(crate) const fn located(mut self, address: Option<IpAddr>) -> Self {
        self.client_address = address;
        self.is_located = true;
        self
    }

    /// Returns whether this connection is encrypted, or `None` if the service did not set it.
    pub const fn is_encrypted(&self) -> Option<bool> {
        self.is_encrypted
    }

    /// Returns the address of the client, or `None` if the service did not set it. An IPv4 address
    /// that is mapped into IPv6 is returned as IPv4.
    ///
    /// Conditions of policies use this address only. The address list of an API key is compared
    /// with it too, and with the [peer](Self::peer) where the service did not set it. In the
    /// requests of a gate that has [`Proxies`](crate::address::Proxies) it is the address that they
    /// locate.
    pub const fn client_address(&self) -> Option<IpAddr> {
        match self.client_address {
            Some(address) => Some(address.to_canonical()),
            None => None,
        }
    }

    /// Returns the address of the client, or that of the peer if the service did not set it: only
    /// for checks that may not fail because a service without a proxy has not set the former. Where
    /// a gate has located the client, the peer is a proxy if the address is unknown.
    #[cfg(feature = "api-key")]
    pub(crate) const fn client_or_peer(&self) -> Option<IpAddr> {
        match (self.client_address(), self.peer) {
            (None, Some(peer)) if !self.is_located => Some(peer.ip().to_canonical()),
            (address, _) => address,
        }
    }

    /// Returns the client certificate of the connection, or `None` if there is none. The handshake
    /// has proved possession of its key. Certificate-bound tokens need it (RFC 8705 section 3).
    pub const fn certificate(&self) -> Option<&'r ClientCertificate> {
        self.certificate
    }

    /// Returns the SHA-256 hash of the client certificate, or `None` if there is none.
    pub const fn certificate_sha256(&self) -> Option<&'r [u8; 32]> {
        match self.certificate {
            Some(certificate) => Some(certificate.sha256()),
            None => None,
        }
    }

    /// Returns the content of the request, as far as the service has set it. Untrusted.
    pub const fn content(&self) -> Content<'r> {
        self.content
    }

    /// Returns the URI that a gateway has set, or `None` if the request line says it.
    pub const fn target(&self) -> Option<&'r TargetUri> {
        self.target
    }

    /// Returns the form body, or `None` if the service did not set it. Untrusted; it may have a
    /// credential.
    pub const fn form(&self) -> Option<&'r [u8]> {
        self.form
    }

    fn with_extensions(mut self, extensions: &'r Extensions) -> Self {
        self.peer = extensions.get().map(|PeerAddress(peer)| *peer);
        self.client_address = extensions.get().map(|ClientAddress(address)| *address);
        self.is_encrypted = extensions.get().map(|EncryptedConnection(own)| *own);
        self.certificate = extensions.get();
        self.target = extensions.get();
        self
    }
}

impl<'r> From<&'r Parts> for RequestFacts<'r> {
    /// Reads the facts of the connection from the extensions [`PeerAddress`], [`ClientAddress`],
    /// [`EncryptedConnection`], [`ClientCertificate`] and [`TargetUri`].
    fn from(parts: &'r Parts) -> Self {
        Self::new(&parts.method, &parts.uri, &parts.headers).with_extensions(&parts.extensions)
    }
}

impl<'r, B> From<&'r http::Request<B>> for RequestFacts<'r> {
    /// Reads the facts of the connection from the extensions [`PeerAddress`], [`ClientAddress`],
    /// [`EncryptedConnection`], [`ClientCertificate`] and [`TargetUri`]. The body is not read.
    fn from(request: &'r http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers())
            .with_extensions(request.extensions())
    }
}

impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("method", self.method)
            .field("path", &self.uri.path())
            .field("headers", &HeaderNames(self.headers))
            .finish_non_exhaustive()
    }
}

struct HeaderNames<'a>(&'a HeaderMap);

impl fmt::Debug for HeaderNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_parts_and_their_extensions() {
        let peer: SocketAddr = "[2001:db8::1]:443".parse().unwrap();
        let client: IpAddr = "192.0.2.7".parse().unwrap();
        let request = http::Request::post("https://api.example.com/a?b=c")
            .header("x-one", "1")
            .extension(PeerAddress(peer))
            .extension(ClientAddress(client))
            .extension(ClientCertificate::from_der(vec![0x30, 0x00]))
            .body(())
            .unwrap();
        let facts = RequestFacts::from(&request);
        assert_eq!(
            facts.certificate().unwrap().as_der(),
            Some(&[0x30, 0x00][..])
        );
        let (parts, ()) = request.into_parts();
        let facts = RequestFacts::from(&parts);
        assert_eq!(facts.method(), Method::POST);
        assert_eq!(facts.uri().query(), Some("b=c"));
        assert_eq!(facts.headers()["x-one"], "1");
        assert_eq!(facts.peer(), Some(peer));
        assert_eq!(facts.client_address(), Some(client));
        assert_eq!(
            facts.certificate().unwrap().as_der(),
            Some(&[0x30, 0x00][..])
        );
        assert_eq!(facts.form(), None);
    }

    #[test]
    fn facts_of_the_connection_are_not_read_from_headers() {
        let request = http::Request::get("/")
            .header("x-forwarded-for", "192.0.2.1")
            .header("x-client-cert", "MAA=")
            .body(())
            .unwrap();
        let facts = RequestFacts::from(&request);
        assert_eq!(facts.peer(), None);
        assert_eq!(facts.client_address(), None);
        assert_eq!(facts.certificate(), None);
    }

    #[test]
    fn debug_shows_no_header_value_and_no_query() {
        let request = http::Request::get("https://user:s3cret@h.example/path?access_token=s3cret")
            .header("authorization", "Bearer s3cret")
            .header("x-other", "s3cret")
            .body(())
            .unwrap();
        let shown = format!(
            "{:?}",
            RequestFacts::from(&request)
                .with_form(b"access_token=s3cret")
                .with_certificate(&ClientCertificate::from_der(b"s3cret".to_vec()))
        );
        assert!(!shown.contains("s3cret"), "{shown}");
        for part in ["GET", "/path", "authorization", "x-other"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

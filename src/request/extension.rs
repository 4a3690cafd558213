//! Facts of a connection as extensions of its requests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The address of the other end of the connection, as an extension of a request.
///
/// The server that accepts the connection inserts it; it is never read from a header. Behind a
/// proxy it is the address of the proxy, see [`ClientAddress`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a newtype that integrations construct and destructure"
)]
pub struct PeerAddress(pub SocketAddr);

/// The address of the client, as an extension of a request.
///
/// The service inserts it, because it knows which proxies are in front of it: without a proxy it is
/// the [`PeerAddress`], else the address that a trusted proxy reports, which
/// [`Proxies`](crate::address::Proxies) read. Conditions on the address of the client use only this
/// value, never [`PeerAddress`]. The address list of an API key is compared with this value, and with
/// [`PeerAddress`] only if there is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a newtype that integrations construct and destructure"
)]
pub struct ClientAddress(pub IpAddr);

/// Whether the connection is encrypted, as an extension of a request.
///
/// The server that accepts the connection inserts it. Behind a proxy that ends TLS it is the
/// connection of the proxy, and what the proxy reports of the client's decides
/// ([`Proxies`](crate::address::Proxies)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a newtype that integrations construct and destructure"
)]
pub struct EncryptedConnection(pub bool);

/// The certificate of the client in the TLS handshake, as an extension of a request.
///
/// The server that terminates TLS inserts it, only if the handshake proved possession of its key.
/// Certificate-bound tokens are compared with it (RFC 8705 section 3). `Debug` shows its length.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCertificate(Arc<[u8]>);

impl ClientCertificate {
    /// Creates the extension from the DER bytes of the end-entity certificate. They are not parsed.
    /// A chain is not needed: only the thumbprint of this certificate is compared.
    pub fn from_der(der: impl Into<Arc<[u8]>>) -> Self {
        Self(der.into())
    }

    /// Returns the DER bytes of the certificate. Whether it is trusted, the server decided in the
    /// handshake.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} bytes)", self.0.len())
    }
}

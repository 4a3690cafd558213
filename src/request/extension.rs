//! Facts of a connection as extensions of its requests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ring::digest;

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
/// Make it once for each connection: it keeps the SHA-256 hash, with which certificate-bound tokens
/// are compared (RFC 8705 section 3). `Debug` shows its length.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCertificate {
    der: Option<Arc<[u8]>>,
    sha256: [u8; 32],
}

impl ClientCertificate {
    /// Creates the extension from the DER bytes of the end-entity certificate. They are hashed and
    /// not parsed. A chain is not needed: only the thumbprint of this certificate is compared.
    pub fn from_der(der: impl Into<Arc<[u8]>>) -> Self {
        let der = der.into();
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest::digest(&digest::SHA256, &der).as_ref());
        Self {
            der: Some(der),
            sha256,
        }
    }

    /// Creates the extension from the SHA-256 hash of the DER bytes, for proxies that pass on only
    /// this hash.
    pub const fn from_sha256(sha256: [u8; 32]) -> Self {
        Self { der: None, sha256 }
    }

    /// Returns the DER bytes of the certificate, or `None` if only its hash is known. Whether it is
    /// trusted, the server decided in the handshake.
    pub fn as_der(&self) -> Option<&[u8]> {
        self.der.as_deref()
    }

    /// Returns the SHA-256 hash of the DER bytes, which is the thumbprint `x5t#S256` (RFC 8705
    /// section 3.1).
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.der {
            Some(der) => write!(f, "ClientCertificate({} bytes)", der.len()),
            None => f.write_str("ClientCertificate(hash)"),
        }
    }
}

//! Facts of the connection, as extensions of a request.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

/// The address of the connection's other end, as an extension of a request.
///
/// Whoever accepts the connection inserts it. It is never read from a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a newtype that doors construct and take apart"
)]
pub struct PeerAddress(pub SocketAddr);

/// The address of the client, as an extension of a request.
///
/// Whoever knows what stands between the client and the service inserts it: the address of the
/// connection's other end where there is no proxy, else what a trusted one says. Conditions over
/// the address take this one for the client's, never [`PeerAddress`], which may be a proxy's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a newtype that doors construct and take apart"
)]
pub struct ClientAddress(pub IpAddr);

/// The certificate that the client proved in the TLS handshake, as an extension of a request.
///
/// Whoever terminates TLS inserts it, only after the handshake proved possession of its key.
/// `Debug` shows its length.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCertificate(Arc<[u8]>);

impl ClientCertificate {
    /// Takes the DER bytes of the end-entity certificate as they are.
    pub fn from_der(der: impl Into<Arc<[u8]>>) -> Self {
        Self(der.into())
    }

    /// Returns the DER bytes.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} bytes)", self.0.len())
    }
}

//! The peers that may speak for clients.

use super::facts::RequestFacts;
use crate::error::ConfigError;
use crate::network::Networks;

/// The peers of a service that may say what they know of a client's connection: proxies that end TLS.
///
/// A peer is trusted by the address of its connection, never by a header, or by the client certificate
/// with which it has connected.
///
/// ```
/// use bearergate::request::TrustedPeers;
///
/// let proxies = TrustedPeers::networks(["10.0.0.0/8", "fd00::/8"])?;
/// assert!(TrustedPeers::networks(["10.0.0.1/8"]).is_err());
/// # let _ = proxies;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedPeers(Vec<Condition>);

/// What a trusted peer has.
#[derive(Clone, Debug)]
enum Condition {
    /// An address in one of these networks.
    Network(Networks),
    /// One of these certificates.
    Certificate(Vec<[u8; 32]>),
}

impl TrustedPeers {
    /// Trusts the peers in these networks.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a network,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a text that is none or
    /// has host bits.
    pub fn networks<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let networks = Networks::parse("networks", networks)?;
        Ok(Self(vec![Condition::Network(networks)]))
    }

    /// Trusts the peers that have connected with a certificate of one of these SHA-256 hashes (of
    /// its DER bytes).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a hash.
    pub fn certificates(sha256: impl IntoIterator<Item = [u8; 32]>) -> Result<Self, ConfigError> {
        let certificates: Vec<_> = sha256.into_iter().collect();
        if certificates.is_empty() {
            return Err(ConfigError::empty(
                "certificates",
                "name at least one certificate",
            ));
        }
        Ok(Self(vec![Condition::Certificate(certificates)]))
    }

    /// Requires both, such as a trusted address and a trusted certificate.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Returns whether the peer of a request is trusted. An unknown peer is not.
    pub(crate) fn contain(&self, facts: &RequestFacts<'_>) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Network(networks) => {
                let peer = facts.peer();
                peer.is_some_and(|peer| networks.contain(peer.ip().to_canonical()))
            }
            Condition::Certificate(hashes) => {
                let own = facts.certificate_sha256();
                own.is_some_and(|own| hashes.contains(own))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Uri};

    use super::*;
    use crate::request::ClientCertificate;

    fn contains(peers: &TrustedPeers, peer: Option<&str>, certificate: Option<u8>) -> bool {
        let (method, uri, headers) = (Method::GET, Uri::from_static("/"), HeaderMap::new());
        let certificate = certificate.map(|byte| ClientCertificate::from_sha256([byte; 32]));
        let mut facts = RequestFacts::new(&method, &uri, &headers);
        if let Some(peer) = peer {
            facts = facts.with_peer(format!("{peer}:443").parse().unwrap());
        }
        if let Some(certificate) = &certificate {
            facts = facts.with_certificate(certificate);
        }
        peers.contain(&facts)
    }

    #[test]
    fn a_peer_is_trusted_by_its_address() {
        let peers = TrustedPeers::networks(["10.0.0.0/8", "fd00::/8"]).unwrap();
        assert!(contains(&peers, Some("10.1.2.3"), None));
        assert!(contains(&peers, Some("[fd00::1]"), None));
        assert!(contains(&peers, Some("[::ffff:10.1.2.3]"), None));
        assert!(!contains(&peers, Some("192.0.2.1"), None));
        assert!(!contains(&peers, None, None));
        assert!(!contains(&peers, None, Some(1)));
    }

    #[test]
    fn a_peer_is_trusted_by_its_certificate() {
        let peers = TrustedPeers::certificates([[1; 32]]).unwrap();
        assert!(contains(&peers, None, Some(1)));
        assert!(!contains(&peers, Some("10.1.2.3"), Some(2)));
        assert!(!contains(&peers, Some("10.1.2.3"), None));
        assert!(TrustedPeers::certificates([]).is_err());
    }

    #[test]
    fn both_are_required_where_both_are_named() {
        let networks = TrustedPeers::networks(["10.0.0.0/8"]).unwrap();
        let both = networks.and(TrustedPeers::certificates([[1; 32]]).unwrap());
        assert!(contains(&both, Some("10.1.2.3"), Some(1)));
        assert!(!contains(&both, Some("10.1.2.3"), Some(2)));
        assert!(!contains(&both, Some("192.0.2.1"), Some(1)));
        let narrow = TrustedPeers::networks(["10.1.0.0/16"]).unwrap();
        let networks = TrustedPeers::networks(["10.0.0.0/8"]).unwrap().and(narrow);
        assert!(contains(&networks, Some("10.1.2.3"), None));
        assert!(!contains(&networks, Some("10.2.2.3"), None));
        let other = TrustedPeers::certificates([[2; 32], [3; 32]]).unwrap();
        let certificates = TrustedPeers::certificates([[1; 32], [2; 32]])
            .unwrap()
            .and(other);
        assert!(contains(&certificates, None, Some(2)));
        assert!(!contains(&certificates, None, Some(1)));
    }
}

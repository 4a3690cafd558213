//! Client certificates of TLS servers on `rustls`.
//!
//! A server asks its clients for a certificate by one of the verifiers of [`ClientCertificates`], and
//! takes it from each accepted connection once, by [`client_certificate`]. It then inserts the result
//! into every request of the connection, also into those of a resumed session. See
//! [the guide](crate::guide::mutual_tls).
//!
//! Possession of the key is proved in the handshake. Keep early data off, as it is by default
//! (`ServerConfig::max_early_data_size`): it can be replayed.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CommonState, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::error::ConfigError;
use crate::request::ClientCertificate;

/// Returns the certificate of the client, or `None` if it has sent none. Call it once for each
/// connection, after the handshake: it hashes the certificate.
pub fn client_certificate(connection: &CommonState) -> Option<ClientCertificate> {
    let leaf = connection.peer_certificates()?.first()?;
    Some(ClientCertificate::from_der(leaf.as_ref()))
}

/// Requires the extended master secret of TLS 1.2 (RFC 7627), and turns early data off, as
/// [BCP 195](https://www.rfc-editor.org/info/bcp195) and the FAPI 2.0 Security Profile ask for.
pub fn harden(config: &mut ServerConfig) {
    config.require_ems = true;
    config.max_early_data_size = 0;
}

/// Verifiers of client certificates for a `ServerConfig`. Under both a client may send none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClientCertificates;

impl ClientCertificates {
    /// Accepts the certificates that one of these roots has signed. Another one ends the handshake.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a root.
    pub fn from_roots(
        roots: impl Into<Arc<RootCertStore>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, ConfigError> {
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        let verifier = builder.allow_unauthenticated().build();
        verifier.map_err(|error| ConfigError::empty("roots", "name a root").with_source(error))
    }

    /// Accepts every certificate whose key has signed the handshake: also a self-signed or an expired
    /// one. That is enough for tokens that are bound to a certificate (RFC 8705 section 2.2), and says
    /// nothing about who the client is.
    pub fn any_key(provider: Arc<CryptoProvider>) -> Arc<dyn ClientCertVerifier> {
        Arc::new(AnyKey(provider))
    }
}

struct AnyKey(Arc<CryptoProvider>);

impl fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyKey")
    }
}

impl ClientCertVerifier for AnyKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

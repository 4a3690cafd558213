//! Client certificates of real TLS handshakes, in memory, on rustls.
#![cfg(all(feature = "rustls", feature = "testing"))]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::Binding;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::integrations::rustls::{ClientCertificates, client_certificate, harden};
use bearergate::request::ClientCertificate;
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, RejectionKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};
use serde_json::json;

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
const API: &str = "https://api.example.com";
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn own_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Chain {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    (vec![certificate.der().clone()], key.into())
}

/// A server, and what its clients trust.
struct Server {
    config: Arc<ServerConfig>,
    roots: RootCertStore,
}

impl Server {
    fn new(
        clients: Arc<dyn ClientCertVerifier>,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let (chain, key) = own_signed("localhost", |_| {});
        let mut roots = RootCertStore::empty();
        roots.add(chain[0].clone()).unwrap();
        let builder = ServerConfig::builder_with_provider(provider());
        let mut config = builder
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap();
        harden(&mut config);
        assert!(config.require_ems && config.max_early_data_size == 0);
        Self {
            config: Arc::new(config),
            roots,
        }
    }

    fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        own: Option<&Chain>,
    ) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(self.roots.clone());
        Arc::new(match own {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        })
    }

    /// Connects, and returns the server's side of the connection.
    fn accept(&self, client: &Arc<ClientConfig>) -> Result<ServerConnection, rustls::Error> {
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::clone(client), name)?;
        let mut server = ServerConnection::new(Arc::clone(&self.config))?;
        for _ in 0..10 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            feed(&mut bytes.as_slice(), |bytes| server.read_tls(bytes));
            server.process_new_packets()?;
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            feed(&mut bytes.as_slice(), |bytes| client.read_tls(bytes));
            client.process_new_packets()?;
        }
        assert!(!server.is_handshaking());
        Ok(server)
    }
}

fn feed(bytes: &mut &[u8], mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    while !bytes.is_empty() {
        read(bytes).unwrap();
    }
}

fn roots_of(certificate: &CertificateDer<'static>) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    ClientCertificates::from_roots(roots, provider()).unwrap()
}

/// Asks a gate about a token that is bound to this certificate, on this connection.
fn check(bound: &CertificateDer<'_>, connection: &ServerConnection) -> Option<RejectionKind> {
    let issuer = FakeKey::es256("key-1");
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(API)
        .keys(issuer.key_set())
        .sender_constraint(Binding::certificates().build())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(validator)
        .allow_any_authenticated();
    let gate = gate.clock(FakeClock::at(NOW)).build().unwrap();
    let own = ClientCertificate::from_der(bound.to_vec());
    let token = TokenBuilder::new(&issuer, NOW)
        .issuer("https://idp.example.com")
        .audience(API)
        .expires_in(Duration::from_secs(300))
        .claim(
            "cnf",
            json!({"x5t#S256": URL_SAFE_NO_PAD.encode(own.sha256())}),
        )
        .sign();
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    if let Some(certificate) = client_certificate(connection) {
        parts.extensions.insert(certificate);
    }
    let checked = gate.try_check_now(&parts).unwrap();
    checked.err().map(|refusal| refusal.kind())
}

// Defect F03 (certificate of another connection or server name): docs/defects.md
#[test]
fn the_certificate_of_the_handshake_confirms_its_token_and_no_other() {
    let (own, other) = (own_signed("a", |_| {}), own_signed("b", |_| {}));
    for version in VERSIONS {
        let server = Server::new(ClientCertificates::any_key(provider()), version);
        let connection = server.accept(&server.client(version, Some(&own))).unwrap();
        // Each request of the connection has its certificate.
        for _ in 0..2 {
            assert_eq!(check(&own.0[0], &connection), None);
            let mismatch = Some(RejectionKind::BindingMismatch);
            assert_eq!(check(&other.0[0], &connection), mismatch);
        }
        let without = server.accept(&server.client(version, None)).unwrap();
        let required = Some(RejectionKind::BindingRequired);
        assert_eq!(check(&own.0[0], &without), required);
    }
}

// Defect F13 (certificate of an earlier connection, resumed session): docs/defects.md
#[test]
fn a_resumed_session_keeps_its_certificate() {
    let own = own_signed("a", |_| {});
    for version in VERSIONS {
        let server = Server::new(ClientCertificates::any_key(provider()), version);
        let client = server.client(version, Some(&own));
        let first = server.accept(&client).unwrap();
        assert_eq!(first.handshake_kind(), Some(HandshakeKind::Full));
        let resumed = server.accept(&client).unwrap();
        assert_eq!(resumed.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(check(&own.0[0], &resumed), None);
    }
}

// Only possession of the key counts, for tokens that are bound to self-signed certificates.
#[test]
fn any_key_takes_certificates_that_have_ended_or_not_begun() {
    let ended = own_signed("a", |own| own.not_after = date_time_ymd(2001, 1, 1));
    let later = own_signed("a", |own| own.not_before = date_time_ymd(2900, 1, 1));
    for version in VERSIONS {
        let server = Server::new(ClientCertificates::any_key(provider()), version);
        for own in [&ended, &later] {
            let connection = server.accept(&server.client(version, Some(own))).unwrap();
            assert_eq!(check(&own.0[0], &connection), None);
        }
    }
}

#[test]
fn roots_end_the_handshake_of_a_certificate_that_they_have_not_signed() {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["a".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let signed: Chain = (vec![leaf.der().clone()], key.into());
    let own = own_signed("a", |_| {});
    for version in VERSIONS {
        let server = Server::new(roots_of(root.der()), version);
        let connection = server
            .accept(&server.client(version, Some(&signed)))
            .unwrap();
        assert_eq!(check(&signed.0[0], &connection), None);
        assert!(server.accept(&server.client(version, Some(&own))).is_err());
        // A client without a certificate is let in.
        let without = server.accept(&server.client(version, None)).unwrap();
        assert_eq!(client_certificate(&without).map(|own| *own.sha256()), None);
    }
}

// A certificate without its key is a text that everybody can copy.
#[test]
fn a_certificate_with_another_key_ends_the_handshake() {
    let (own, other) = (own_signed("a", |_| {}), own_signed("b", |_| {}));
    for version in VERSIONS {
        let server = Server::new(ClientCertificates::any_key(provider()), version);
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(server.roots.clone());
        let key = provider()
            .key_provider
            .load_private_key(other.1.clone_key())
            .unwrap();
        let stolen = rustls::sign::CertifiedKey::new(own.0.clone(), key);
        let resolver = rustls::sign::SingleCertAndKey::from(stolen);
        let client = builder.with_client_cert_resolver(Arc::new(resolver));
        assert!(server.accept(&Arc::new(client)).is_err());
    }
}

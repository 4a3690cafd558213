//! Certificates of connections.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::request::ClientCertificate;
use bearergate::testing::FakeIssuer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, Stream, SupportedProtocolVersion,
};
use serde_json::{Value, json};

use crate::server::{API, Folder, PUBLIC, Reply, Server};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

fn some(kind: &str) -> Option<String> {
    Some(kind.to_owned())
}

pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    pub(crate) fn own_signed() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["client".to_owned()]).unwrap();
        change(&mut params);
        let der = params.self_signed(&key).unwrap().der().clone();
        let key = key.into();
        Self { der, key }
    }

    /// Returns the confirmation of a token that is bound to it.
    pub(crate) fn cnf(&self) -> Value {
        let own = ClientCertificate::from_der(self.der.to_vec());
        json!({"x5t#S256": URL_SAFE_NO_PAD.encode(own.sha256())})
    }

    pub(crate) fn hex(&self) -> String {
        let own = ClientCertificate::from_der(self.der.to_vec());
        own.sha256()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    pub(crate) fn pem(&self, line_end: &str) -> String {
        let text = STANDARD.encode(&self.der);
        let lines: Vec<_> = text.as_bytes().chunks(64).collect();
        let lines: Vec<_> = lines.iter().map(|l| str::from_utf8(l).unwrap()).collect();
        let body = lines.join(line_end);
        format!(
            "-----BEGIN CERTIFICATE-----{line_end}{body}{line_end}-----END CERTIFICATE-----{line_end}"
        )
    }
}

/// A server that speaks TLS, and its clients.
struct TlsServer {
    idp: FakeIssuer,
    server: Server,
    roots: RootCertStore,
    _folder: Folder,
}

impl TlsServer {
    fn start(options: impl FnOnce(&Folder) -> Vec<String>) -> Self {
        let folder = Folder::new();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = folder.file("server.pem", made.cert.pem());
        let key = folder.file("server.key", made.signing_key.serialize_pem());
        let options = options(&folder);
        let more: Vec<&str> = options.iter().map(String::as_str).collect();
        let tls = ["--tls-cert", &*certificate, "--tls-key", &key];
        let idp = FakeIssuer::start().unwrap();
        let server = Server::for_issuer(&idp, &[&tls[..], &more].concat());
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap();
        roots.add(own).unwrap();
        Self {
            idp,
            server,
            roots,
            _folder: folder,
        }
    }

    fn any(more: &[&str]) -> Self {
        let more: Vec<String> = more.iter().map(|text| (*text).to_owned()).collect();
        Self::start(|_| [vec!["--tls-client-any".to_owned()], more].concat())
    }

    fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        own: Option<&Certificate>,
    ) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(self.roots.clone());
        Arc::new(match own {
            Some(own) => builder
                .with_client_auth_cert(vec![own.der.clone()], own.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        })
    }

    fn token(&self, cnf: Option<&Value>) -> String {
        let token = self.idp.token(API);
        match cnf {
            Some(cnf) => token.claim("cnf", cnf).sign(),
            None => token.sign(),
        }
    }

    /// Sends requests to `/whoami` on one connection; an error if the handshake fails.
    fn call(
        &self,
        client: &Arc<ClientConfig>,
        headers: &[String],
    ) -> std::io::Result<(Vec<Reply>, HandshakeKind)> {
        let name = ServerName::try_from("localhost").unwrap();
        let mut connection = ClientConnection::new(Arc::clone(client), name).unwrap();
        let mut socket = TcpStream::connect(&self.server.address)?;
        let mut stream = BufReader::new(Stream::new(&mut connection, &mut socket));
        let mut replies = Vec::new();
        for header in headers {
            let head = format!("GET /whoami HTTP/1.1\r\nhost: x\r\n{header}\r\n");
            stream.get_mut().write_all(head.as_bytes())?;
            replies.push(read(&mut stream)?);
        }
        let kind = connection.handshake_kind().unwrap();
        Ok((replies, kind))
    }

    fn statuses(&self, client: &Arc<ClientConfig>, tokens: &[&str]) -> Vec<u16> {
        let header = |token: &&str| format!("authorization: Bearer {token}\r\n");
        let headers: Vec<String> = tokens.iter().map(header).collect();
        let (replies, _) = self.call(client, &headers).unwrap();
        replies.iter().map(Reply::status).collect()
    }
}

/// Reads one reply of a connection that stays open.
fn read(stream: &mut impl BufRead) -> std::io::Result<Reply> {
    let (mut text, mut len) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            len = value.trim().parse().unwrap();
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body)?;
    text.push_str(str::from_utf8(&body).unwrap());
    Ok(Reply(text))
}

#[test]
fn the_certificate_of_the_connection_confirms_its_token() {
    let server = TlsServer::any(&["--mtls", "accept"]);
    let (own, other) = (Certificate::own_signed(), Certificate::own_signed());
    let (bound, others) = (
        server.token(Some(&own.cnf())),
        server.token(Some(&other.cnf())),
    );
    let unbound = server.token(None);
    for version in VERSIONS {
        let client = server.client(version, Some(&own));
        // Each request of the connection has its certificate.
        let tokens = [&*bound, &others, &bound, &unbound];
        assert_eq!(server.statuses(&client, &tokens), [200, 401, 200, 200]);
        let header = [format!("authorization: Bearer {bound}\r\n")];
        let (replies, kind) = server.call(&client, &header).unwrap();
        assert_eq!(kind, HandshakeKind::Resumed);
        let facts = replies[0].json();
        assert_eq!(
            (&facts["confirmed"], &facts["freshness"]),
            (&json!("certificate"), &Value::Null)
        );
        let without = server.client(version, None);
        assert_eq!(server.statuses(&without, &[&bound, &unbound]), [401, 200]);
    }
    let (replies, _) = server
        .call(
            &server.client(VERSIONS[1], None),
            &[format!("authorization: Bearer {bound}\r\n")],
        )
        .unwrap();
    let challenge = replies[0].header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("invalid_token"));
}

#[test]
fn unbound_tokens_are_refused_where_certificates_are_required() {
    let own = Certificate::own_signed();
    for (more, status) in [
        (&["--mtls", "accept"][..], 200),
        (&["--mtls", "require"], 401),
        (&["--mtls", "accept", "--fapi2"], 401),
    ] {
        let server = TlsServer::any(more);
        let client = server.client(VERSIONS[1], Some(&own));
        let tokens = [server.token(Some(&own.cnf())), server.token(None)];
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        assert_eq!(server.statuses(&client, &tokens), [200, status], "{more:?}");
    }
}

#[test]
fn any_key_or_those_of_an_authority_are_let_in() {
    let any = TlsServer::any(&["--mtls", "accept"]);
    let ended = Certificate::with(|own| own.not_after = date_time_ymd(2001, 1, 1));
    let token = any.token(Some(&ended.cnf()));
    for version in VERSIONS {
        let client = any.client(version, Some(&ended));
        assert_eq!(any.statuses(&client, &[&token]), [200]);
    }
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["client".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let signed = Certificate {
        der: leaf.der().clone(),
        key: key.into(),
    };
    let server = TlsServer::start(|folder| {
        let roots = folder.file("roots.pem", root.pem());
        ["--tls-client-ca", &roots, "--mtls", "accept"]
            .map(str::to_owned)
            .to_vec()
    });
    let token = server.token(Some(&signed.cnf()));
    for version in VERSIONS {
        let client = server.client(version, Some(&signed));
        assert_eq!(server.statuses(&client, &[&token]), [200]);
        let stranger = server.client(version, Some(&Certificate::own_signed()));
        let header = [format!("authorization: Bearer {token}\r\n")];
        assert!(server.call(&stranger, &header).is_err());
        let without = server.client(version, None);
        assert_eq!(
            server.statuses(&without, &[&token, &server.token(None)]),
            [401, 200]
        );
    }
}

#[test]
fn a_pinned_proxy_confirms_by_its_header_only() {
    let (proxy, own) = (Certificate::own_signed(), Certificate::own_signed());
    let pinned = proxy.hex();
    let more = [
        "--mtls",
        "accept",
        "--client-cert",
        "rfc9440",
        "--trusted-proxy-cert",
        &pinned,
    ];
    let server = TlsServer::any(&more);
    let (bound, proxys) = (
        server.token(Some(&own.cnf())),
        server.token(Some(&proxy.cnf())),
    );
    let header = |token: &str| {
        let passed = STANDARD.encode(&own.der);
        format!("authorization: Bearer {token}\r\nclient-cert: :{passed}:\r\n")
    };
    let statuses = |certificate: &Certificate, headers: &[String]| -> Vec<u16> {
        let client = server.client(VERSIONS[1], Some(certificate));
        let (replies, _) = server.call(&client, headers).unwrap();
        replies.iter().map(Reply::status).collect()
    };
    let plain = |token: &str| format!("authorization: Bearer {token}\r\n");
    assert_eq!(
        statuses(&proxy, &[header(&bound), plain(&bound)]),
        [200, 401]
    );
    // That of the proxy itself is nobody's.
    assert_eq!(
        statuses(&proxy, &[header(&proxys), plain(&proxys)]),
        [401, 401]
    );
    // A client that sends the header itself is no proxy.
    assert_eq!(statuses(&own, &[header(&bound), plain(&bound)]), [401, 401]);
}

#[test]
fn either_method_is_enough_where_one_is_required() {
    let server = TlsServer::any(&[
        "--mtls",
        "accept",
        "--dpop",
        "require",
        "--public-url",
        PUBLIC,
    ]);
    let own = Certificate::own_signed();
    let client = server.client(VERSIONS[1], Some(&own));
    let key = bearergate::testing::ProofKey::es256();
    let mut both = own.cnf();
    both["jkt"] = json!(key.thumbprint());
    let send = |cnf: Option<&Value>, has_proof: bool, client: &Arc<ClientConfig>| {
        let token = server.token(cnf);
        let scheme = if has_proof { "DPoP" } else { "Bearer" };
        let proof = key.proof("GET", &format!("{PUBLIC}/whoami")).token(&token);
        let proof = match has_proof {
            true => format!("dpop: {}\r\n", proof.sign()),
            false => String::new(),
        };
        let header = [format!("authorization: {scheme} {token}\r\n{proof}")];
        let (mut replies, _) = server.call(client, &header).unwrap();
        let reply = replies.remove(0);
        let confirmed = (reply.status() == 200).then(|| reply.json()["confirmed"].clone());
        confirmed.and_then(|confirmed| confirmed.as_str().map(str::to_owned))
    };
    let jkt = json!({"jkt": key.thumbprint()});
    let without = server.client(VERSIONS[1], None);
    assert_eq!(send(Some(&own.cnf()), false, &client), some("certificate"));
    assert_eq!(send(Some(&jkt), true, &without), some("dpop"));
    assert_eq!(send(Some(&both), true, &client), some("both"));
    assert_eq!(send(Some(&both), true, &without), None);
    assert_eq!(send(Some(&both), false, &client), None);
    assert_eq!(send(Some(&own.cnf()), true, &client), None);
    assert_eq!(send(None, false, &client), None);
}

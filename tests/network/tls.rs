//! Certificates are verified, name and issuer, and no setting disables that.
//!
//! Defect A49 (TLS verification off): docs/defects.md

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bearergate::error::ConfigErrorKind;
use bearergate::http_client::{Endpoint, HttpClient, HttpErrorKind, HttpRequest};
use bearergate::integrations::reqwest::Client;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A TLS server on loopback that gives every request the same response.
struct Server {
    port: u16,
    pem: String,
    answered: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server with a self-signed certificate for `host`.
    fn of(host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answered = Arc::new(AtomicUsize::new(0));
        let (config, counter) = (Arc::new(config), Arc::clone(&answered));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                answer(StreamOwned::new(tls, stream), &counter);
            }
        });
        Self {
            port,
            pem: made.cert.pem(),
            answered,
        }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/jwks", self.port)
    }
}

fn answer(mut stream: impl Read + Write, answered: &AtomicUsize) {
    let mut request = [0; 1024];
    // A client that does not trust the certificate sends nothing.
    if stream.read(&mut request).is_ok_and(|read| read > 0) {
        answered.fetch_add(1, Ordering::SeqCst);
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.flush();
    }
}

async fn ask(client: &Client, url: &str) -> Result<Vec<u8>, HttpErrorKind> {
    let request = HttpRequest::get(Endpoint::parse(url).unwrap());
    let answer = client.send(request).await;
    answer.map(|a| a.body().to_vec()).map_err(|e| e.kind())
}

#[tokio::test]
async fn a_private_ca_is_trusted_only_if_it_is_given() {
    let server = Server::of("localhost");
    let trusting = Client::builder()
        .root_certificates(&server.pem)
        .build()
        .unwrap();
    assert_eq!(
        ask(&trusting, &server.url("localhost")).await,
        Ok(b"{}".to_vec())
    );
    assert_eq!(server.answered.load(Ordering::SeqCst), 1);
    let other = Client::new().unwrap();
    let refused = ask(&other, &server.url("localhost")).await;
    assert_eq!(refused, Err(HttpErrorKind::Connect));
    assert_eq!(server.answered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = Server::of("idp.example.com");
    let client = Client::builder().root_certificates(&server.pem);
    let client = client.without_system_roots().build().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let refused = ask(&client, &server.url(host)).await;
        assert_eq!(refused, Err(HttpErrorKind::Connect), "{host}");
    }
    assert_eq!(server.answered.load(Ordering::SeqCst), 0);
}

#[test]
fn certificates_that_cannot_be_read_are_refused_when_built() {
    let kind = |pem: &str| {
        let builder = Client::builder().root_certificates(pem);
        builder.build().unwrap_err().kind()
    };
    assert_eq!(kind(""), ConfigErrorKind::ValueMalformed);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(kind(broken), ConfigErrorKind::ValueMalformed);
    let none = Client::builder().without_system_roots().build();
    assert_eq!(none.unwrap_err().kind(), ConfigErrorKind::Empty);
}

//! Mutual TLS: tokens that are bound to a client certificate, at a TLS server and behind a proxy.
//!
//! A token with `cnf.x5t#S256` is good only on a connection whose client has proved possession of that
//! certificate (RFC 8705 section 3). The binding compares the SHA-256 hash of the certificate:
//!
//! ```
//! use bearergate::binding::Binding;
//!
//! let binding = Binding::certificates().required().build();
//! // Or, for clients of both kinds: `Binding::dpop(..).or_certificates()`.
//! # let _ = binding;
//! ```
//!
//! Neither the chain nor the names nor the dates of a certificate count here: the authorization server
//! has bound the token to the key, and TLS has proved possession. A service that also wants a PKI
//! configures its roots at the TLS layer.
//!
//! # At a TLS server on `rustls`
//!
//! With the feature `rustls` the server asks for a certificate, and the service takes it from each
//! connection once:
//!
//! ```
//! # #[cfg(feature = "rustls")]
//! # mod code {
//! use std::sync::Arc;
//!
//! use bearergate::integrations::rustls::{ClientCertificates, client_certificate, harden};
//! use bearergate::request::ClientCertificate;
//! use rustls::ServerConfig;
//! use rustls::crypto::CryptoProvider;
//! use rustls::pki_types::{CertificateDer, PrivateKeyDer};
//!
//! fn config(
//!     provider: Arc<CryptoProvider>,
//!     chain: Vec<CertificateDer<'static>>,
//!     key: PrivateKeyDer<'static>,
//! ) -> Result<ServerConfig, rustls::Error> {
//!     // Or `ClientCertificates::from_roots`, where a PKI signs the certificates of clients.
//!     let clients = ClientCertificates::any_key(Arc::clone(&provider));
//!     let mut config = ServerConfig::builder_with_provider(provider)
//!         .with_safe_default_protocol_versions()?
//!         .with_client_cert_verifier(clients)
//!         .with_single_cert(chain, key)?;
//!     harden(&mut config);
//!     Ok(config)
//! }
//!
//! // After the handshake of a connection; the result goes into each of its requests.
//! fn accepted(connection: &rustls::ServerConnection, request: &mut http::request::Parts) {
//!     if let Some(certificate) = client_certificate(connection) {
//!         request.extensions.insert::<ClientCertificate>(certificate);
//!     }
//! }
//! # }
//! ```
//!
//! Clients without a certificate are let in by both verifiers; a bound token without one is then
//! `binding_required`. A resumed session keeps its certificate. Leave early data off: it can be replayed.
//!
//! # Behind a proxy that ends TLS
//!
//! The proxy sees the certificate and passes it on in a header, which every client can send too.
//! [`ForwardedCertificates`] reads one form of header, from named peers only:
//!
//! ```
//! use bearergate::binding::{CertificateHeader, ForwardedCertificates};
//! use bearergate::request::TrustedPeers;
//! use bearergate::{ConfigError, Rejection};
//! use http::request::Parts;
//!
//! fn forwarded() -> Result<ForwardedCertificates, ConfigError> {
//!     let proxies = TrustedPeers::networks(["10.0.0.0/8"])?;
//!     Ok(ForwardedCertificates::from(CertificateHeader::Rfc9440, proxies))
//! }
//!
//! // Before the gate, with the `PeerAddress` of the connection in the extensions.
//! fn before(forwarded: &ForwardedCertificates, parts: &mut Parts) -> Result<(), Rejection> {
//!     forwarded.apply(parts)
//! }
//! # let _ = (forwarded, before);
//! ```
//!
//! | proxy | form | its configuration |
//! |---|---|---|
//! | any with RFC 9440, such as HAProxy or Cloudflare | `Rfc9440` | HAProxy: `http-request set-header Client-Cert :%[ssl_c_der,base64]:` |
//! | Envoy, Istio | `Xfcc { hops: 1 }` | `forward_client_cert_details: SANITIZE_SET`, `set_current_client_cert_details: { cert: true }` |
//! | nginx | `Nginx(name)` | `proxy_set_header X-Client-Cert $ssl_client_escaped_cert;` |
//! | AWS load balancer, verify mode | `AlbVerify` | mutual authentication: verify |
//! | AWS load balancer, pass-through mode | `AlbPassthrough` | mutual authentication: pass-through |
//! | Traefik 2, 3 | `TraefikV2`, `TraefikV3` | `passTLSClientCert: { pem: true }` |
//! | HAProxy with DER | `Base64Der(name)` | `http-request set-header X-SSL-Client-DER %[ssl_c_der,base64]` |
//!
//! - From a peer that is not trusted the header counts as absent; it is counted
//!   (`bearergate_certificates_ignored_total`) and reported as
//!   [`ForwardedCertificateIgnored`](crate::event::Event::ForwardedCertificateIgnored).
//! - From a trusted peer two lines, a list or a value that is not in the form is 400: the proxy does not
//!   remove what clients send.
//! - The certificate of the connection is that of the proxy and confirms no token. It can be pinned:
//!   [`TrustedPeers::certificates`](crate::request::TrustedPeers::certificates).
//! - Where the proxy accepts every certificate and says in another header whether it verified it, require
//!   that header: [`demand`](ForwardedCertificates::demand).
//! - A gateway removes the header from what it passes on: [`header`](ForwardedCertificates::header) is its
//!   name.
//! - Envoy should replace the header (`SANITIZE_SET`); then call
//!   [`refuse_more_elements`](ForwardedCertificates::refuse_more_elements). Envoy does not escape commas and
//!   quotes in `URI` and `DNS`: a client that can choose the names of its certificate can write an element
//!   of its own with them, whose `Hash` is that of another client. Where Envoy appends to what the client
//!   has sent (`APPEND_FORWARD`), elements cannot be counted: let it write neither `URI` nor `DNS`.
//! - Several proxies in a row: the first one replaces the header of the client, and the others append to
//!   it. With Envoy count the element from the right (`hops`).
//!
//! [`ForwardedCertificates`]: crate::binding::ForwardedCertificates

#[cfg(doc)]
use crate::binding::ForwardedCertificates;

//! Bind tokens to keys: DPoP proofs, nonces, replays, and what clients and operators see.
//!
//! A stolen bearer token works for the thief. A token that is bound to a key does not: its `cnf` claim
//! names the key of the client, and each request has to prove possession of it. With DPoP (RFC 9449)
//! the proof is a small signed JWT in the header `DPoP`; with mutual TLS (RFC 8705) it is the
//! [client certificate](super::mutual_tls) of the connection.
//!
//! ```
//! use bearergate::binding::{Binding, Dpop};
//! use bearergate::key::KeySet;
//! use bearergate::request::ExternalUrl;
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(keys: KeySet) -> Result<Gate, ConfigError> {
//!     let here = ExternalUrl::parse("https://api.example.com")?;
//!     let binding = Binding::dpop(Dpop::at(here).build()?).build();
//!     let validator = JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .keys(keys)
//!         .sender_constraint(binding)
//!         .build()?;
//!     Gate::builder().validator(validator).authorizer(require_scope("orders:read")).build()
//! }
//! # let _ = gate;
//! ```
//!
//! The gate now takes `Authorization: DPoP` too, and its challenges name the algorithms of proofs. Give
//! a clone of the same [`Binding`] to each validator of tokens.
//!
//! # Who may pass
//!
//! The `cnf` of the token decides what is checked, never the scheme or the presence of a header:
//!
//! | presented under | bound to nothing | to a key | to a certificate | to both |
//! |---|---|---|---|---|
//! | `Bearer`, or in another place | passes; with [`required`] `binding_required` | `binding_required` | the certificate is compared | `binding_required` |
//! | `DPoP` | `binding_mismatch` | the proof is checked | `binding_mismatch` | proof, then certificate |
//!
//! A method that the binding does not check is `binding_required`, never ignored, and so is a `cnf` with a
//! member that this crate does not know. While clients move to bound tokens one by one, leave
//! [`required`] out; call it when all have moved.
//!
//! # The address of the service
//!
//! A proof names the URI that the client has requested (`htu`). It is compared with the configured
//! [`ExternalUrl`] and the path of the request, never with `Host` or a forwarding header: a thief who sends
//! `Host: a.example` to service B would pass with a proof for service A. Both sides are compared in the
//! normal form of RFC 3986 (case of scheme and host, default port, escapes, dot segments); query and
//! fragment are ignored. Where a proxy changes the path, see
//! [Behind a proxy](super::behind_a_proxy#the-address-of-the-service).
//!
//! # When a proof is fresh
//!
//! By default a proof may be 60 s old and 30 s ahead ([`window`](DpopBuilder::window)). With
//! [`nonces`](DpopBuilder::nonces) a nonce of the service takes the place of the clock of the client:
//!
//! ```
//! use bearergate::binding::Dpop;
//! use bearergate::nonce::Nonces;
//! use bearergate::request::ExternalUrl;
//! use bearergate::secret_source::SecretSource;
//!
//! # fn build() -> Result<Dpop, bearergate::ConfigError> {
//! let secret = SecretSource::file("/run/secrets/dpop-nonces"); // the same on every node
//! let dpop = Dpop::at(ExternalUrl::parse("https://api.example.com")?)
//!     .nonces(Nonces::shared(&secret)?)
//!     .build()?;
//! # Ok(dpop)
//! # }
//! ```
//!
//! Each client is refused once to learn its first nonce (`use_dpop_nonce`), and gets the next one on a
//! response before its own ends. Nonces are made from the secret and the time: no node stores them, and
//! all nodes and services under one origin must have the same secret, because clients keep one nonce for
//! each origin. To replace the secret, configure the new one [with the older](Nonces::with_older) for two
//! windows (four minutes by default).
//!
//! # A proof is used once
//!
//! The last step claims the id of the proof (`jti`) together with its key, in one atomic step. A refused
//! proof leaves no mark. By default the marks are in a [`ReplayTable`] for 1 000 000 proofs in at most
//! 40 MB; one key has a quarter of it at most. A mark lives as long as its proof could pass: 90 seconds by
//! default, which is 11 000 proofs a second, and with nonces up to two of their windows, which is 4 000
//! proofs a second for windows of 120 seconds and 140 for windows of an hour. A full table evicts nothing:
//! the request is 503 with `Retry-After`, and [`ReplayTableFull`](crate::event::Event) is reported.
//!
//! The table is of one process:
//!
//! - **Several nodes** need a [`ReplayStore`](crate::replay::ReplayStore) that they share, or a proof is
//!   good for once on each node. `testing::replay_store` checks a store of your own. This version has
//!   none of its own for several nodes.
//! - **A restart** forgets the marks, so a proof of the last minute could pass again.
//!   [`refuse_older_than_start`](DpopBuilder::refuse_older_than_start) refuses those, and so do nonces of
//!   [this process](Nonces::of_this_process).
//!
//! # What the client sees
//!
//! | refused because | answer |
//! |---|---|
//! | there is no credential | 401, `DPoP algs="..."` and `Bearer`, and a first nonce where nonces are on |
//! | the token is bound and no proof came, or the proof is by another key | 401, `DPoP error="invalid_token"` |
//! | the proof is wrong, old, or was used | 401, `DPoP error="invalid_dpop_proof"`, the same text for all |
//! | the nonce is absent or old | 401, `DPoP error="use_dpop_nonce"` and `DPoP-Nonce` |
//! | the replay store is full or does not answer | 503, `Retry-After` |
//!
//! Browsers show `DPoP-Nonce` and `WWW-Authenticate` to scripts only with
//! `Access-Control-Expose-Headers: DPoP-Nonce, WWW-Authenticate`; add it where the service answers CORS.
//!
//! On success add [`Admitted::headers`](crate::gate::Admitted::headers) to the response: they have the next
//! nonce. Do not pass the header `DPoP` on to other services, nor log it: a proof can be used elsewhere
//! while it is fresh.
//!
//! # What the operator sees
//!
//! The [source](std::error::Error::source) of a rejection names the check that failed, with what was
//! expected, found and has to be done; so does the event
//! [`ProofRefused`](crate::event::Event::ProofRefused). [`Dpop::metrics`](crate::binding::Dpop::metrics) counts
//! proofs by outcome and nonces sent, [`ReplayTable::metrics`] the marks.
//! [`Gate::doctor`](crate::Gate::doctor) warns of nonces that no other node accepts. The audit trail has
//! how each caller was confirmed. A stolen key ends with
//! [`Revocation::proof_key`](crate::revocation::Revocation::proof_key): everything that is bound to it is
//! refused.
//!
//! # Metadata for clients
//!
//! [`ResourceMetadata`](crate::metadata::ResourceMetadata) serves the document of RFC 9728, with which
//! clients find the authorization server and the algorithms of proofs:
//!
//! ```
//! use bearergate::Gate;
//! use bearergate::metadata::ResourceMetadata;
//! use bearergate::request::RequestFacts;
//! use http::request::Parts;
//!
//! fn document(gate: &Gate) -> Result<ResourceMetadata, bearergate::ConfigError> {
//!     ResourceMetadata::builder("https://api.example.com")
//!         .authorization_servers(["https://idp.example.com"])
//!         .scopes(["orders:read"])
//!         .proofs(gate.proofs()) // says what the gate checks
//!         .build()
//! }
//!
//! // In front of the routes, without a credential.
//! fn answer(document: &ResourceMetadata, parts: &Parts) -> Option<http::Response<String>> {
//!     document.respond(&RequestFacts::from(parts))
//! }
//! # let _ = (document, answer);
//! ```
//!
//! [`Binding`]: crate::binding::Binding
//! [`DpopBuilder::nonces`]: crate::binding::DpopBuilder::nonces
//! [`ExternalUrl`]: crate::request::ExternalUrl
//! [`ReplayTable`]: crate::replay::ReplayTable
//! [`ReplayTable::metrics`]: crate::replay::ReplayTable::metrics
//! [`required`]: crate::binding::BindingBuilder::required

#[cfg(doc)]
use crate::binding::DpopBuilder;
#[cfg(doc)]
use crate::nonce::Nonces;

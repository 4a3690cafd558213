//! Sign requests: HTTP message signatures (RFC 9421), digests of content (RFC 9530), webhooks.
//!
//! TLS ends at a proxy, and a token says nothing about what is asked for. A signed request proves that
//! its method, URI, token and content are what the client has sent, also after the fact. The caller is
//! still that of the token.
//!
//! ```
//! use bearergate::key::KeySet;
//! use bearergate::message::{FixedMessageKeys, MessageVerifier};
//! use bearergate::request::ExternalUrl;
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(validator: JwtValidator, client_keys: KeySet) -> Result<Gate, ConfigError> {
//!     let here = ExternalUrl::parse("https://api.example.com")?;
//!     let keys = FixedMessageKeys::new(&client_keys)?; // each with `kid` and one `alg`
//!     Gate::builder()
//!         .validator(validator)
//!         .authorizer(require_scope("payments"))
//!         .signed_requests(MessageVerifier::fapi2(here, keys).build()?)
//!         .build()
//! }
//! # let _ = gate;
//! ```
//!
//! [`ClientKeySets`](crate::message::ClientKeySets) holds keys by client: a request is then verified only
//! with the keys of the client that its token names.
//!
//! # What has to be signed
//!
//! | profile | tag | components |
//! |---|---|---|
//! | [`fapi2`](MessageVerifier::fapi2) | `fapi-2-request` | `@method`, `@target-uri`, `authorization`, `dpop` if the header is there, `content-digest` if there is content, and `created` |
//! | [`tagged`](MessageVerifier::tagged) | your own | what you name with [`cover`](crate::message::MessageVerifierBuilder::cover); a verifier that requires nothing is not built |
//!
//! - `@target-uri`, `@authority` and `@scheme` are compared with the configured address, never with
//!   `Host`. Path and query are those that were received, byte for byte: a proxy that rewrites them is
//!   [declared](super::behind_a_proxy#the-address-of-the-service).
//! - The key decides the algorithm. An `alg` parameter may only name the same one; `PS256` has no name in
//!   RFC 9421, so a client with such a key leaves `alg` out. The profile takes no shared secrets.
//! - A signature is good for 60 s ([`max_age`](crate::message::MessageVerifierBuilder::max_age)), and may be
//!   30 s ahead.
//! - Signatures under other tags are ignored: a proxy may add its own.
//!
//! # Content
//!
//! The digest is over the bytes as received, before any decoding. Verify before a layer that
//! decompresses. [`Content`](crate::request::Content) says what the service knows of it:
//!
//! ```
//! use bearergate::Gate;
//! use bearergate::http_response::Refusal;
//! use bearergate::request::{Content, RequestFacts};
//! use http::request::Parts;
//!
//! async fn small(gate: &Gate, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
//!     let facts = RequestFacts::from(parts).with_content(Content::Whole(body));
//!     gate.check(facts).await.map(drop)
//! }
//!
//! async fn streamed(gate: &Gate, parts: &Parts, body: &[&[u8]]) -> Result<(), Refusal> {
//!     let content = match body.is_empty() {
//!         true => Content::None, // such as `is_end_stream()` of a body says it
//!         false => Content::Later,
//!     };
//!     let facts = RequestFacts::from(parts).with_content(content);
//!     let admitted = gate.check(facts).await?;
//!     let check = admitted.signed().and_then(|signed| signed.content_check());
//!     if let Some(mut check) = check {
//!         for piece in body {
//!             check.update(piece); // and keep it, but do nothing with it yet
//!         }
//!         check.finish().map_err(|rejection| gate.challenge().respond_to(rejection))?;
//!     }
//!     Ok(())
//! }
//! # let _ = (small, streamed);
//! ```
//!
//! Without [`with_content`](crate::request::RequestFacts::with_content) a request with content is refused,
//! because its digest cannot be compared. A `GET` without `Content-Length` counts as one without content;
//! a service that reads the content of a `GET` over HTTP/2 has to pass it. A `DELETE` or `POST` without
//! `Content-Length` may have content, so a service that knows that there is none says `Content::None`.
//!
//! # A request is used once
//!
//! | the signature has | is remembered by |
//! |---|---|
//! | a `nonce` | key and nonce |
//! | no `nonce`, and the method is not `GET`, `HEAD`, `OPTIONS` or `TRACE` | key and signed text |
//!
//! A signed DPoP proof makes a request another one than the last, and is used up by itself too. So **two
//! equal requests within one second without a `nonce` or a proof are a replay**: the second is
//! `message_replayed`. A client that may send the same order twice signs each with a `nonce` of its own.
//! Marks are kept as those of [proofs](super::bind_tokens_to_keys#a-proof-is-used-once).
//!
//! # Signed responses
//!
//! [`MessageSigner`](crate::message::MessageSigner) (feature `issuer`) signs the status and the digest of a
//! response together with the request that it answers:
//!
//! ```
//! # #[cfg(feature = "issuer")]
//! # mod code {
//! use bearergate::gate::Admitted;
//! use bearergate::message::MessageSigner;
//! use bearergate::request::RequestFacts;
//! use http::{HeaderMap, StatusCode};
//!
//! fn sign(
//!     signer: &MessageSigner,
//!     admitted: &Admitted,
//!     request: RequestFacts<'_>,
//!     headers: &mut HeaderMap,
//!     body: &[u8],
//! ) -> bool {
//!     let signed = admitted.signed();
//!     signer.sign_response(StatusCode::OK, headers, body, request, signed, admitted.now())
//! }
//! # }
//! ```
//!
//! # Webhooks
//!
//! [`WebhookVerifier`](crate::message::WebhookVerifier) reads the signatures of
//! [Standard Webhooks](https://www.standardwebhooks.com). Its secret authenticates the sender, so no gate is
//! needed:
//!
//! ```
//! use bearergate::Rejection;
//! use bearergate::clock::UnixTime;
//! use bearergate::message::WebhookVerifier;
//! use http::HeaderMap;
//!
//! async fn received(
//!     verifier: &WebhookVerifier,
//!     headers: &HeaderMap,
//!     body: &[u8],
//!     now: UnixTime,
//! ) -> Result<String, Rejection> {
//!     let webhook = verifier.verify(headers, body, now).await?;
//!     Ok(webhook.id) // do the work of an id once
//! }
//! # let _ = received;
//! ```
//!
//! An identical delivery is refused within its five minutes. A sender that gets no 2xx sends the message
//! again with its id and a new time, and that passes: keep the ids whose work is done.
//!
//! # What the client sees
//!
//! `message_unsigned`, `message_signature_invalid` and `message_replayed` are 401 with the challenge of a
//! missing credential and `Accept-Signature`, which names what has to be signed. The reason is in the
//! [source](std::error::Error::source) of the rejection only.

#[cfg(doc)]
use crate::message::MessageVerifier;

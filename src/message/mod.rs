//! Signatures of HTTP messages (RFC 9421) and digests of their content (RFC 9530).
//!
//! A [`MessageVerifier`] checks that a request is the one that its client has signed: method, URI,
//! token, proof and content. In a gate it is set by
//! [`GateBuilder::signed_requests`](crate::gate::GateBuilder::signed_requests); the caller is still that
//! of the token. [`MessageSigner`] signs responses and requests. [`WebhookVerifier`] reads the signatures
//! of Standard Webhooks.

mod base;
mod builder;
mod component;
mod digest;
mod input;
mod keys;
mod settings;
mod signed;
#[cfg(feature = "issuer")]
mod signer;
mod structured;
#[cfg(test)]
#[cfg(feature = "issuer")]
mod test_vectors;
mod verifier;
mod webhook;

pub use builder::MessageVerifierBuilder;
pub use component::Component;
pub use digest::ContentCheck;
pub use keys::{ClientKeySets, FixedMessageKeys, MessageKeys};
pub use signed::Signed;
#[cfg(feature = "issuer")]
#[cfg_attr(bearergate_docsrs, doc(cfg(feature = "issuer")))]
pub use signer::{MessageSigner, content_digest};
pub use verifier::MessageVerifier;
pub use webhook::{Webhook, WebhookVerifier};

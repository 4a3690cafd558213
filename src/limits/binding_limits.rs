//! Bounds of proofs of possession, message signatures and encrypted tokens.

use std::time::Duration;

/// Longest DPoP proof, in bytes. One by a key of 4 096 bits has about 2 600.
pub const PROOF_BYTES: usize = 8_192;

/// Longest header, and longest claims, of a DPoP proof after decoding, in bytes.
pub const PROOF_PART_BYTES: usize = 4_096;

/// Most members of the key in a DPoP proof.
pub const PROOF_KEY_MEMBERS: usize = 32;

/// Longest id (`jti`) of a DPoP proof, in bytes (RFC 9449 section 11.1).
pub const PROOF_ID_BYTES: usize = 256;

/// Greatest size of an RSA key in a DPoP proof, in bits: verifying under a larger one is a gift to a
/// flood.
pub const PROOF_RSA_BITS_MAX: usize = 4_096;

/// Default age at which a DPoP proof without a nonce is too old.
pub const PROOF_PAST: Duration = Duration::from_secs(60);

/// Default time by which a DPoP proof without a nonce may be ahead of this service's clock.
pub const PROOF_FUTURE: Duration = Duration::from_secs(30);

/// Least age, and least time ahead, that can be set for DPoP proofs.
pub const PROOF_WINDOW_MIN: Duration = Duration::from_secs(5);

/// Greatest age, and greatest time ahead, that can be set for DPoP proofs.
pub const PROOF_WINDOW_MAX: Duration = Duration::from_secs(300);

/// Longest `htu` of a DPoP proof, in bytes.
pub const PROOF_URI_BYTES: usize = 2_048;

/// Most addresses of one service ([`ExternalUrl`](crate::request::ExternalUrl)).
pub const EXTERNAL_URLS: usize = 16;

/// Default length of the window of a nonce; a nonce lives one to two of them.
pub const NONCE_WINDOW: Duration = Duration::from_secs(120);

/// Least length of the window of a nonce that can be set.
pub const NONCE_WINDOW_MIN: Duration = Duration::from_secs(30);

/// Greatest length of the window of a nonce that can be set.
pub const NONCE_WINDOW_MAX: Duration = Duration::from_secs(3_600);

/// Fewest bytes of a shared secret of nonces.
pub const NONCE_SECRET_BYTES_MIN: usize = 32;

/// Most bytes of a shared secret of nonces.
pub const NONCE_SECRET_BYTES_MAX: usize = 64;

/// Default number of marks in a [`ReplayTable`](crate::replay::ReplayTable).
pub const REPLAY_ENTRIES: usize = 1_000_000;

/// Fewest marks that a [`ReplayTable`](crate::replay::ReplayTable) can be made for.
pub const REPLAY_ENTRIES_MIN: usize = 1_024;

/// Most marks that a [`ReplayTable`](crate::replay::ReplayTable) can be made for.
pub const REPLAY_ENTRIES_MAX: usize = 1 << 24;

/// Longest header with a client certificate, in bytes.
pub const CERTIFICATE_HEADER_BYTES: usize = 16 * 1_024;

/// Default age of a message signature: 60 s, as the FAPI profile advises.
pub const SIGNATURE_AGE: Duration = Duration::from_secs(60);

/// Greatest age of a message signature that can be set.
pub const SIGNATURE_AGE_MAX: Duration = Duration::from_secs(300);

/// Longest `Signature-Input`, and longest `Signature`, in bytes.
pub const SIGNATURE_FIELD_BYTES: usize = 8_192;

/// Most signatures of one message that are looked at.
pub const SIGNATURES: usize = 4;

/// Most components that one signature covers.
pub const SIGNED_COMPONENTS: usize = 32;

/// How old, or how far ahead, a webhook may be (Standard Webhooks 1.0).
pub const WEBHOOK_WINDOW: Duration = Duration::from_secs(300);

/// Longest header field of a webhook, in bytes.
pub const WEBHOOK_FIELD_BYTES: usize = 1_024;

/// Most members of a dictionary in a header field that is read (RFC 8941 demands 1 024 of a general parser).
pub const FIELD_MEMBERS: usize = 32;

/// Most parameters of an item in a header field that is read.
pub const FIELD_PARAMETERS: usize = 16;

/// Most elements of the claim `authorization_details` (RFC 9396 section 2).
pub const AUTHORIZATION_DETAILS: usize = 64;

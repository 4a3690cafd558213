//! Bounds of API keys, of sessions and of what the service issues.

use std::time::Duration;

/// Longest prefix of an API key in bytes, without the underscore after it.
pub(crate) const API_KEY_PREFIX_BYTES: usize = 32;

/// Default entropy of the secret of an API key, in bits.
pub(crate) const API_KEY_SECRET_BITS: u32 = 256;

/// Smallest entropy of the secret of an API key, in bits. NIST SP 800-131A requires 112.
pub const API_KEY_SECRET_BITS_MIN: u32 = 128;

/// Largest entropy of the secret of an API key, in bits. The secret of a key is written in base62,
/// so 512 bits are 86 characters.
pub const API_KEY_SECRET_BITS_MAX: u32 = 512;

/// Shortest legacy API key that can be configured, in bytes: 96 bits in base64.
pub(crate) const LEGACY_KEY_BYTES_MIN: usize = 16;

/// Longest legacy API key in bytes.
pub(crate) const LEGACY_KEY_BYTES: usize = 1024;

/// Shortest pepper in bytes. Source: RFC 2104 section 3 recommends the length of the hash.
pub(crate) const PEPPER_BYTES_MIN: usize = 32;

/// Most previous peppers of one set.
pub(crate) const PEPPERS_OLDER: usize = 8;

/// Longest secret in bytes that is read from a file, a variable or a closure.
pub(crate) const SECRET_BYTES: usize = 64 * 1024;

/// Shortest time between two updates of the last use of an API key.
pub(crate) const API_KEY_USE: Duration = Duration::from_secs(60);

/// Longest name, limit class and metadata of an API key, in bytes together. More is refused when a
/// key is created or a record is read.
pub const API_KEY_FREE_BYTES: usize = 16 * 1024;

/// Most networks in the address list of an API key. More are refused when a key is created or a
/// record is read.
pub const API_KEY_ADDRESSES: usize = 256;

/// Most records in one page of a list of API keys. The next page starts after the last id of the
/// one before.
pub const API_KEY_PAGE: usize = 100;

/// Longest lifetime of a session or a family of refresh tokens. Browsers keep no cookie longer
/// (draft RFC 6265bis section 5.5).
pub const GRANT_LIFETIME_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Default idle timeout of a session. Source: NIST SP 800-63B section 4.2.3.
pub(crate) const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

/// Default lifetime of a session, used or not. Source: NIST SP 800-63B section 4.2.3.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Shortest time between two updates of the last use of a session.
pub(crate) const SESSION_TOUCH: Duration = Duration::from_secs(60);

/// Longest data of the service in a session, in bytes. More is refused when a session is created or
/// saved; then nothing is written.
pub const SESSION_DATA_BYTES: usize = 64 * 1024;

/// Longest subject and longest client id of a session or a refresh token, in bytes. OpenID Connect
/// Core section 2 allows 255 for `sub`.
pub const GRANT_ID_BYTES: usize = 255;

/// Longest scopes of a session or a refresh token, in bytes, joined by spaces. Longer ones are
/// refused when the grant is made or changed.
pub const GRANT_SCOPES_BYTES: usize = 4 * 1024;

/// Longest claims of a session or a refresh token, in bytes of JSON. Longer ones are refused when
/// the grant is made or changed.
pub const GRANT_CLAIMS_BYTES: usize = 16 * 1024;

/// Default for the most sessions, and the most families of refresh tokens, of one subject.
pub(crate) const GRANTS_PER_SUBJECT: usize = 100;

/// Most sessions, and most families of refresh tokens, that one subject can be configured to have.
/// A store looks at all of them for a new one at the limit.
pub const GRANTS_PER_SUBJECT_MAX: usize = 1_000;

/// Sessions or families of refresh tokens that a store is asked for in one page of a list.
pub(crate) const GRANTS_PER_PAGE: usize = 100;

/// Default lifetime of a family of refresh tokens.
pub(crate) const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Default idle timeout of a refresh token.
pub(crate) const REFRESH_IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Longest reuse window: the time in which a used refresh token still returns its successor. There
/// is none by default.
pub const REFRESH_REUSE_WINDOW_MAX: Duration = Duration::from_secs(60);

/// Most spent refresh tokens of one family, before the one that was spent last, that a store keeps
/// for the reuse window. A client that spends more in one window has its family revoked if it
/// presents an older one.
pub const REFRESH_EARLIER: usize = 3;

/// Default lifetime of an access token. RFC 9068 has no bound; a short lifetime limits the use of a
/// token that was stolen (RFC 9700 section 2.2).
pub(crate) const ACCESS_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Longest lifetime of an access token that can be configured for signing keys. The default is five
/// minutes. Without introspection a stolen token can be used for this long.
pub const ACCESS_LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Shortest time between the publication of a signing key and its first use, because published keys
/// are cached for up to an hour.
pub const ANNOUNCE_MIN: Duration = Duration::from_secs(60 * 60);

/// Longest time between the publication of a signing key and its first use. In this time every
/// validator must have fetched the new key.
pub const ANNOUNCE_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Most keys of one [`SigningKeys`](crate::issuer::SigningKeys). Earlier ones count while they are
/// kept for verification.
pub const SIGNING_KEYS: usize = 8;

/// Longest private key in bytes of DER: an RSA key of 8192 bits has 4.7 KiB.
pub(crate) const PRIVATE_KEY_BYTES: usize = 5 * 1024 + 512;

/// Longest text of stored [`SigningKeys`](crate::issuer::SigningKeys) in bytes: enough for the most
/// keys of the greatest length.
pub const SIGNING_KEYS_BYTES: usize = SECRET_BYTES;

//! Bounds of configurations and inputs, each with its source.
//!
//! The public constants are the bounds of values that a service configures or passes in. All bounds
//! are inclusive unless the name ends in `_END`: a value equal to the bound is accepted.

use std::time::Duration;

/// Default for the longest token in bytes, checked before any other work.
///
/// Source: the advisories CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose) ask for a bound
/// before parsing; tokens with group claims of large tenants are longer than 8 KiB.
pub(crate) const TOKEN_BYTES: usize = 16 * 1024;

/// Longest token, in bytes, that can be configured. A validator takes 16 KiB by default. Longer
/// tokens are rejected before anything is parsed.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Default for the longest decoded JOSE header in bytes. Nimbus allows 20 000 characters.
pub(crate) const HEADER_BYTES: usize = 4 * 1024;

/// Longest decoded JOSE header, in bytes, that can be configured. A validator takes 4 KiB by
/// default; a chain of certificates (`x5c`) is longer.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Deepest nesting of objects and arrays in a JSON text; the top value is level 1.
///
/// Source: RUSTSEC-2024-0012 and CVE-2025-53864 are stack exhaustion by nesting.
pub const JSON_DEPTH: usize = 32;

/// Most members of the top object of a JSON text, not counting those of nested objects. A text with
/// more is rejected.
pub const JSON_MEMBERS: usize = 256;

/// Most members of each JSON object below the top one. A text with more is rejected.
///
/// Source: Keycloak writes one member of `resource_access` for each of several hundred clients.
pub const JSON_INNER_MEMBERS: usize = 1_024;

/// Longest JSON text in bytes that [`json`](crate::json) accepts. The bound is checked before
/// anything is parsed.
pub const JSON_BYTES: usize = 1024 * 1024;

/// Longest JWK Set document in bytes. Nimbus allows 50 KiB.
pub(crate) const JWKS_BYTES: usize = 256 * 1024;

/// Default for the most keys of one JWK Set; a larger set is rejected as a whole.
pub(crate) const JWKS_KEYS: usize = 100;

/// Most keys of load balancers that are held at a time. AWS replaces a region's key rarely.
pub(crate) const ALB_KEYS: usize = 16;

/// Most new key ids of load balancers that are looked up within [`ALB_LOOKUP_WINDOW`].
pub(crate) const ALB_LOOKUPS: usize = 8;

/// The time in which new key ids of load balancers are counted.
pub(crate) const ALB_LOOKUP_WINDOW: Duration = Duration::from_secs(30);

/// Largest number of keys of one JWK Set that can be configured. By default a set has at most 100
/// keys. The set's 256 KiB are not extended.
pub const JWKS_KEYS_MAX: usize = 1_000;

/// Longest key id (`kid`) in bytes, in a token and in a key.
pub(crate) const KEY_ID_BYTES: usize = 256;

/// Most keys of [`KeySet::rotating`](crate::key::KeySet::rotating).
pub(crate) const ROTATING_KEYS: usize = 4;

/// Smallest RSA modulus in bits. Source: RFC 7518 section 3.3.
pub(crate) const RSA_BITS_MIN: usize = 2048;

/// Largest RSA modulus in bits. Source: ring's upper bound.
pub(crate) const RSA_BITS_MAX: usize = 8192;

/// Smallest RSA public exponent. Source: FIPS 186-5 section A.1.1.
pub(crate) const RSA_EXPONENT_MIN: u64 = 65_537;

/// Exclusive upper bound of an RSA public exponent. Source: ring's upper bound.
pub(crate) const RSA_EXPONENT_END: u64 = 1 << 33;

/// Longest chain of `act` claims. RFC 8693 section 4.1 has no bound.
pub(crate) const ACTOR_DEPTH: usize = 4;

/// Latest time in a claim, 9999-12-31T23:59:59Z in Unix seconds. Source: Tink.
pub(crate) const TIME_MAX: u64 = 253_402_300_799;

/// Default number of reader threads of a SQLite store. One more thread writes.
#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_READERS: usize = 4;

/// Most reader threads of a SQLite store. Each has a connection with its own page cache.
pub const SQLITE_READERS_MAX: usize = 64;

/// Default length of the queues of a SQLite store, one for readers and one for the writer. At four
/// milliseconds per write it is four seconds of work.
#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_QUEUE: usize = 1024;

/// Longest queue of a SQLite store, in calls. A call that finds the queue full fails at once and is
/// not queued.
pub const SQLITE_QUEUE_MAX: usize = 65_536;

/// Default for how long a call of a SQLite store waits for another process.
#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_BUSY: Duration = Duration::from_secs(5);

/// Longest time that a call of a SQLite store can be configured to wait for another process. After
/// it the call fails.
pub const SQLITE_BUSY_MAX: Duration = Duration::from_secs(60);

/// Records of one kind that a SQLite store removes in one transaction, so that other transactions
/// run in between.
#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_PURGE: usize = 500;

/// Times of last use of API keys that a SQLite store queues; further ones are dropped.
#[cfg(feature = "sqlite")]
pub(crate) const LAST_USED_NOTES: usize = 16_384;

/// Default for how long a read cache uses a record of its store: a revocation by another process
/// takes effect after this time at the latest.
pub(crate) const CACHE_STALENESS: Duration = Duration::from_secs(5);

/// Longest time that a read cache can be configured to use a record of its store. A revocation by
/// another process takes effect after this time at the latest.
pub const CACHE_STALENESS_MAX: Duration = Duration::from_secs(60);

/// Default number of records in a read cache.
pub(crate) const CACHE_ENTRIES: usize = 10_000;

/// Most records in a read cache. The bound is for each kind of record.
pub const CACHE_ENTRIES_MAX: usize = 10_000_000;

/// Default for the most revocations in a denylist in memory.
pub(crate) const REVOCATIONS: usize = 100_000;

/// Most revocations in a denylist. A full list refuses new ones and drops none. The check of a
/// request costs the same for any length.
pub const REVOCATIONS_MAX: usize = 10_000_000;

/// Number of revocations from which a denylist removes expired ones when it is written to.
pub(crate) const REVOCATIONS_TIDY: usize = 1024;

/// Part of a denylist, one in so many, that single tokens cannot fill. Source: by RFC 7009 section
/// 2.1 every client revokes its own tokens.
pub(crate) const REVOCATIONS_RESERVED: usize = 4;

/// Most single tokens of one client and subject on a denylist. Source: ten devices, six renewals.
pub(crate) const REVOCATIONS_PER_HOLDER: usize = 64;

/// Most single tokens of one subject on a denylist. Source: four clients at the bound of each.
pub(crate) const REVOCATIONS_PER_SUBJECT: usize = 256;

/// Percentage of a denylist from which its observer and the doctor are told.
pub(crate) const REVOCATIONS_WARNING: usize = 80;

/// Most revocations that are walked over under a lock that a request may need: below 0.1 ms.
pub(crate) const REVOCATIONS_STEP: usize = 1_000;

/// Longest id, and longest authority, of a revocation in bytes.
pub(crate) const REVOCATION_ID_BYTES: usize = 1024;

/// Default number of credentials in a token cache.
pub(crate) const TOKEN_CACHE_ENTRIES: usize = 10_000;

/// Default size of a token cache in bytes: 10 000 tokens of 1.5 KiB, each of which takes about twice
/// its length.
pub(crate) const TOKEN_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Smallest size of a token cache, in bytes. It holds about twenty tokens of 1.5 KiB.
pub const TOKEN_CACHE_BYTES_MIN: usize = 64 * 1024;

/// How long a read cache bypasses the records that a change names if the change was lost before it
/// ended: longer than a store should need for one change.
pub(crate) const CACHE_DOUBT: Duration = Duration::from_secs(60);

/// Default clock skew that is forgiven.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// Largest clock skew that can be forgiven, [`Leeway::MAX`](crate::clock::Leeway::MAX). Source: Tink.
pub(crate) const LEEWAY_MAX: Duration = Duration::from_secs(600);

/// Longest form body in bytes that is searched for a credential.
pub(crate) const FORM_BYTES: usize = 1024 * 1024;

/// Most rules of one policy, and most routes of one table.
///
/// Source: like all bounds of policies, an estimate of ten times what people write by hand.
pub const POLICY_RULES: usize = 1_024;

/// Most steps of one decision of a policy or condition: one for every value that its conditions
/// compare with, and for every pattern 512 or more, as many as its longest match takes.
///
/// A step takes about 10 ns.
pub const POLICY_STEPS: usize = 65_536;

/// Most different scopes in the rules of one policy. A policy with more is refused when it is
/// built.
pub const POLICY_SCOPES: usize = 1_024;

/// Most claims that are used by more than one condition of a policy. A policy with more is refused
/// when it is built. A claim that only one condition reads does not count.
pub const POLICY_CLAIMS: usize = 64;

/// Longest regular expression in bytes.
pub(crate) const PATTERN_BYTES: usize = 256;

/// Largest compiled regular expression in bytes, as the crate `regex` counts them.
pub(crate) const PATTERN_SIZE: usize = 16 * 1024;

/// Longest text in bytes that is matched with a regular expression.
pub(crate) const MATCHED_BYTES: usize = 512;

/// Longest pattern of a route in bytes.
pub(crate) const ROUTE_BYTES: usize = 512;

/// Most segments of a route.
pub(crate) const ROUTE_SEGMENTS: usize = 32;

/// Longest text of Cedar policies, of their schema and of their entities, in bytes each.
///
/// Source: [`POLICY_RULES`] policies of a kilobyte.
#[cfg(feature = "cedar")]
pub(crate) const CEDAR_BYTES: usize = 1024 * 1024;

/// Most links of the chains in one Cedar policy: members, indexes, sums, products.
///
/// Source: a quarter of what a thread with a stack of 2 MiB could parse in a test.
#[cfg(feature = "cedar")]
pub(crate) const CEDAR_LINKS: usize = 1_024;

/// Deepest nesting of a claim that is passed to Cedar, counting the claim itself: enough for lists
/// of objects in an object.
#[cfg(feature = "cedar")]
pub(crate) const CEDAR_DEPTH: usize = 4;

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

/// Default lifetime of a family of refresh tokens.
pub(crate) const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Default idle timeout of a refresh token.
pub(crate) const REFRESH_IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Longest reuse window: the time in which a used refresh token still returns its successor. There
/// is none by default.
pub const REFRESH_REUSE_WINDOW_MAX: Duration = Duration::from_secs(60);

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

/// Default timeout for connecting to a provider.
pub(crate) const HTTP_CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// Default timeout for a whole call to a provider.
pub(crate) const HTTP_DEADLINE: Duration = Duration::from_secs(3);

/// Longest timeout for connecting, and for a whole call, that can be configured. A request that
/// needs the keys or the answer of a provider may wait for this long.
pub const HTTP_DEADLINE_MAX: Duration = Duration::from_secs(10);

/// Shortest timeout for connecting, and for a whole call, that can be configured.
pub(crate) const HTTP_DEADLINE_MIN: Duration = Duration::from_millis(1);

/// Longest `User-Agent` that can be configured, in bytes.
pub(crate) const USER_AGENT_BYTES: usize = 256;

/// Most tasks that wait for one shared call; further ones get an error at once.
pub(crate) const SINGLE_FLIGHT_WAITERS: usize = 65_536;

/// How long fetched keys are fresh if the response does not say so. Source: Nimbus 5 minutes,
/// jose 10.
pub(crate) const JWKS_FRESH: Duration = Duration::from_secs(10 * 60);

/// Shortest freshness that a response can set.
pub(crate) const JWKS_FRESH_MIN: Duration = Duration::from_secs(60);

/// Longest freshness that a response can set.
pub(crate) const JWKS_FRESH_MAX: Duration = Duration::from_secs(60 * 60);

/// Default for how long keys are used after their freshness while fetches fail. Source: Microsoft
/// IdentityModel.
pub(crate) const JWKS_STALE: Duration = Duration::from_secs(60 * 60);

/// Longest time that keys can be configured to be used after their freshness. A key that was
/// withdrawn can be accepted for this long while fetches fail.
pub const JWKS_STALE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Most fetches that unknown key ids can cause within [`JWKS_MISS_SPAN`]. Source: Nimbus.
pub(crate) const JWKS_MISSES: usize = 2;

/// See [`JWKS_MISSES`]. A key id that a fetch did not find counts as missing for the same time.
pub(crate) const JWKS_MISS_SPAN: Duration = Duration::from_secs(30);

/// Most key ids that are cached as missing.
pub(crate) const JWKS_ABSENT: usize = 1_000;

/// Longest wait after a failed fetch; the first wait is one second, and each one doubles.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Longest `ETag` that is sent back, in bytes.
pub(crate) const ETAG_BYTES: usize = 1024;

/// How long a discovery document is used before it is fetched again.
pub(crate) const DISCOVERY_FRESH: Duration = Duration::from_secs(60 * 60);

/// Longest response of an introspection endpoint in bytes, signed or not.
pub(crate) const INTROSPECTION_BYTES: usize = 64 * 1024 - 1;

/// Most concurrent calls to one introspection endpoint; further tokens are rejected as unavailable.
pub(crate) const INTROSPECTION_CALLS: usize = 64;

/// Default for how long an active token is cached, unless it expires before. Source: Duende.
pub(crate) const INTROSPECTION_FRESH: Duration = Duration::from_secs(60);

/// Longest time that an active token can be configured to be cached. A token that was revoked at
/// its issuer can be accepted for this long.
pub const INTROSPECTION_FRESH_MAX: Duration = Duration::from_secs(10 * 60);

/// How long an inactive token is cached.
pub(crate) const INTROSPECTION_REFUSED: Duration = Duration::from_secs(5);

/// Default number of cached tokens of one endpoint, a tenth of them inactive ones.
pub(crate) const INTROSPECTION_ENTRIES: usize = 10_000;

/// Most cached tokens of one endpoint that can be configured. The default is 10 000. The bytes of
/// all cached responses are bounded too.
pub const INTROSPECTION_ENTRIES_MAX: usize = 1_000_000;

/// Most bytes of cached responses of one endpoint.
pub(crate) const INTROSPECTION_MEMORY: u64 = 64 * 1024 * 1024;

/// Failures in a row after which an endpoint is not called for a while.
pub(crate) const CIRCUIT_FAILURES: u32 = 5;

/// How long the endpoint is not called before one call tries it again.
pub(crate) const CIRCUIT_PAUSE: Duration = Duration::from_secs(5);

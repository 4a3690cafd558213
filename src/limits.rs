//! Every bound of the crate in one place, each with its source.
//!
//! All bounds are inclusive: a value equal to the bound is accepted.

use std::time::Duration;

/// Longest token in bytes unless configured otherwise, checked before any other work.
///
/// Source: the advisories CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose) ask for a cap
/// before parsing; tokens with group claims of large tenants pass 8 KiB.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// Longest token in bytes that a configuration may allow.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Longest decoded JOSE header in bytes. Nimbus caps at 20 000 characters.
pub const HEADER_BYTES: usize = 4 * 1024;

/// Deepest nesting of a JSON text; the top value is depth 1.
///
/// Source: RUSTSEC-2024-0012 and CVE-2025-53864 are stack exhaustion by nesting.
pub const JSON_DEPTH: usize = 32;

/// Most members of one JSON object, at any depth.
pub const JSON_MEMBERS: usize = 256;

/// Longest JSON text in bytes that the scanner takes.
pub const JSON_BYTES: usize = 1024 * 1024;

/// Largest JSON number, positive or negative: a little below the largest `f64`, because some
/// readers round what lies between to infinity.
pub const JSON_NUMBER: f64 = 1.797_693_134_862e308;

/// Longest JWK Set document in bytes. Nimbus caps at 50 KiB.
pub const JWKS_BYTES: usize = 256 * 1024;

/// Most keys of one JWK Set; a larger set is refused whole.
pub const JWKS_KEYS: usize = 100;

/// Longest key id in bytes, in a token and in a key.
pub const KEY_ID_BYTES: usize = 256;

/// Most keys tried by [`KeySet::rotating`](crate::key::KeySet::rotating).
pub const ROTATING_KEYS: usize = 4;

/// Smallest RSA modulus in bits. Source: RFC 7518 section 3.3.
pub const RSA_BITS_MIN: usize = 2048;

/// Largest RSA modulus in bits. Source: ring's upper bound.
pub const RSA_BITS_MAX: usize = 8192;

/// Smallest RSA public exponent. Source: FIPS 186-5 section A.1.1.
pub const RSA_EXPONENT_MIN: u64 = 65_537;

/// Exclusive upper bound of an RSA public exponent. Source: ring's upper bound.
pub const RSA_EXPONENT_END: u64 = 1 << 33;

/// Deepest chain of `act` claims. RFC 8693 section 4.1 names no bound.
pub const ACTOR_DEPTH: usize = 4;

/// Latest time that a claim may name, 9999-12-31T23:59:59Z in Unix seconds. Source: Tink.
pub const TIME_MAX: u64 = 253_402_300_799;

/// Threads of a SQLite store that read, unless configured otherwise. One more writes.
pub const SQLITE_READERS: usize = 4;

/// Most threads of a SQLite store that read. Each holds a connection with its own page cache.
pub const SQLITE_READERS_MAX: usize = 64;

/// Calls that may wait for a SQLite store's readers, and as many for its writer, unless
/// configured otherwise: at four milliseconds a write, four seconds of work.
pub const SQLITE_QUEUE: usize = 1024;

/// Most calls that a configuration may let wait.
pub const SQLITE_QUEUE_MAX: usize = 65_536;

/// How long a call of a SQLite store waits for another process, unless configured otherwise.
pub const SQLITE_BUSY: Duration = Duration::from_secs(5);

/// Longest wait for another process that a configuration may ask for.
pub const SQLITE_BUSY_MAX: Duration = Duration::from_secs(60);

/// Records of one kind that a SQLite store removes in one transaction, so that others get in
/// between.
pub const SQLITE_PURGE: usize = 500;

/// Notes of the last use of a key that a SQLite store holds until they are written; others are
/// lost.
pub const LAST_USED_NOTES: usize = 16_384;

/// How long a read cache before a store trusts an answer, unless configured otherwise: the time
/// that a revocation by another process may take.
pub const CACHE_STALENESS: Duration = Duration::from_secs(5);

/// Longest time that a configuration may have a read cache trust an answer.
pub const CACHE_STALENESS_MAX: Duration = Duration::from_secs(60);

/// Records that a read cache remembers, unless configured otherwise.
pub const CACHE_ENTRIES: usize = 10_000;

/// Most records that a configuration may have a read cache remember.
pub const CACHE_ENTRIES_MAX: usize = 10_000_000;

/// Revocations that a denylist in memory holds unless configured otherwise.
pub const REVOCATIONS: usize = 100_000;

/// Most revocations that a denylist may hold.
pub const REVOCATIONS_MAX: usize = 10_000_000;

/// Revocations from which on a denylist looks for what has ended when it is written to.
pub const REVOCATIONS_TIDY: usize = 1024;

/// Longest id and longest authority in bytes that can be revoked.
pub const REVOCATION_ID_BYTES: usize = 1024;

/// Credentials that a cache of tokens remembers unless configured otherwise.
pub const TOKEN_CACHE_ENTRIES: usize = 10_000;

/// Bytes that a cache of tokens takes unless configured otherwise: 10 000 tokens of 1.5 KiB, of
/// which each is kept about twice over.
pub const TOKEN_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Fewest bytes that a cache of tokens may be bounded by.
pub const TOKEN_CACHE_BYTES_MIN: usize = 64 * 1024;

/// How long a read cache remembers nothing near a change whose caller went away before its end:
/// longer than a store should take over one.
pub const CACHE_DOUBT: Duration = Duration::from_secs(60);

/// Clock skew forgiven unless configured otherwise.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Most clock skew that a configuration may forgive. Source: Tink.
pub const LEEWAY_MAX: Duration = Duration::from_secs(600);

/// Longest form body in bytes that is searched for a credential.
pub const FORM_BYTES: usize = 1024 * 1024;

/// Most rules of one policy, and most routes of one table.
///
/// Source: like all bounds of policies, a guess at ten times what people write by hand.
pub const POLICY_RULES: usize = 1_024;

/// Most steps that one decision of a policy may take: one for every value that its conditions
/// compare with, and [`MATCHED_BYTES`] for every pattern.
pub const POLICY_STEPS: usize = 65_536;

/// Most different scopes that the rules of one policy name.
pub const POLICY_SCOPES: usize = 1_024;

/// Most claims that several conditions of one policy ask about.
pub const POLICY_CLAIMS: usize = 64;

/// Longest regular expression in bytes.
pub const PATTERN_BYTES: usize = 256;

/// Largest compiled regular expression in bytes, as its crate counts them.
pub const PATTERN_SIZE: usize = 16 * 1024;

/// Longest text in bytes that a regular expression is held against.
pub const MATCHED_BYTES: usize = 512;

/// Longest pattern of a route in bytes.
pub const ROUTE_BYTES: usize = 512;

/// Most segments of a route.
pub const ROUTE_SEGMENTS: usize = 32;

/// Longest text in bytes of Cedar policies, of their schema and of their entities, each.
///
/// Source: [`POLICY_RULES`] policies of a kilobyte.
pub const CEDAR_BYTES: usize = 1024 * 1024;

/// Most links of chains in one Cedar policy: members, indexes, sums, products.
///
/// Source: a quarter of what a thread with 2 MiB of stack was seen to bear.
pub const CEDAR_LINKS: usize = 1_024;

/// How deep a claim may be nested that is given to Cedar, itself counted: lists of objects in an
/// object.
pub const CEDAR_DEPTH: usize = 4;

/// Longest prefix of an API key in bytes, without the underscore after it.
pub const API_KEY_PREFIX_BYTES: usize = 32;

/// Entropy in bits of the secret of a new API key, unless configured otherwise.
pub const API_KEY_SECRET_BITS: u32 = 256;

/// Least entropy in bits of the secret of an API key. NIST SP 800-131A asks for 112.
pub const API_KEY_SECRET_BITS_MIN: u32 = 128;

/// Most entropy in bits of the secret of an API key.
pub const API_KEY_SECRET_BITS_MAX: u32 = 512;

/// Shortest foreign API key in bytes that a configuration may allow: 96 bits in base64.
pub const FOREIGN_KEY_BYTES_MIN: usize = 16;

/// Longest foreign API key in bytes.
pub const FOREIGN_KEY_BYTES: usize = 1024;

/// Shortest pepper in bytes. Source: RFC 2104 section 3 asks for the length of the hash.
pub const PEPPER_BYTES_MIN: usize = 32;

/// Most older peppers of one set.
pub const PEPPERS_OLDER: usize = 8;

/// Longest secret in bytes that is read from a file, a variable or a closure.
pub const SECRET_BYTES: usize = 64 * 1024;

/// Least time between two notes that an API key was used.
pub const API_KEY_USE: Duration = Duration::from_secs(60);

/// Longest name, limit class and metadata in bytes, together, of an API key.
pub const API_KEY_FREE_BYTES: usize = 16 * 1024;

/// Most networks that an API key may be used from.
pub const API_KEY_ADDRESSES: usize = 256;

/// Most records of one page of a list of API keys.
pub const API_KEY_PAGE: usize = 100;

/// Longest life of a session or a family of refresh tokens. Browsers keep no cookie longer
/// (draft RFC 6265bis section 5.5).
pub const GRANT_LIFETIME_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long a session lasts unused, unless configured otherwise. Source: NIST SP 800-63B
/// section 4.2.3.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

/// How long a session lasts at the most, unless configured otherwise. Source: NIST SP 800-63B
/// section 4.2.3.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// How often the use of a session is written at the most.
pub const SESSION_TOUCH: Duration = Duration::from_secs(60);

/// Longest data in bytes that a service keeps with a session.
pub const SESSION_DATA_BYTES: usize = 64 * 1024;

/// Longest subject or client id in bytes of a session or a refresh token. OpenID Connect Core
/// section 2 caps `sub` at 255.
pub const GRANT_ID_BYTES: usize = 255;

/// Longest scopes in bytes, joined, of a session or a refresh token.
pub const GRANT_SCOPES_BYTES: usize = 4 * 1024;

/// Longest claims in bytes of a session or a refresh token.
pub const GRANT_CLAIMS_BYTES: usize = 16 * 1024;

/// How long a family of refresh tokens lasts, unless configured otherwise.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a refresh token lasts unused, unless configured otherwise.
pub const REFRESH_IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Longest time for which a spent refresh token still gives its successor. It is off unless
/// configured.
pub const REFRESH_REUSE_WINDOW_MAX: Duration = Duration::from_secs(60);

/// How long an access token lives unless configured otherwise. RFC 9068 names no bound; short
/// lives are what makes up for a token that cannot be called back (RFC 9700 section 2.2).
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Longest life of an access token that a key ring may allow.
pub const ACCESS_LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Shortest time between the announcement of a signing key and its first use: published keys are
/// cached for up to an hour.
pub const ANNOUNCE_MIN: Duration = Duration::from_secs(60 * 60);

/// Longest time between the announcement of a signing key and its first use.
pub const ANNOUNCE_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Most keys in a key ring.
pub const RING_KEYS: usize = 8;

/// Longest private key in bytes of DER: an RSA key of 8192 bits takes 4.7 KiB.
pub const PRIVATE_KEY_BYTES: usize = 5 * 1024 + 512;

/// Longest text of a key ring in bytes: room for as many of the longest keys as it may have.
pub const RING_BYTES: usize = SECRET_BYTES;

/// Longest time for connecting to a provider.
pub const HTTP_CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// Longest time for a whole call to a provider.
pub const HTTP_DEADLINE: Duration = Duration::from_secs(3);

/// Most requests that wait for one shared call; whoever comes then is not judged.
pub const FLIGHT_WAITERS: usize = 65_536;

/// How long fetched keys are fresh where the source does not say. Source: Nimbus 5 min, jose 10.
pub const JWKS_FRESH: Duration = Duration::from_secs(10 * 60);

/// Shortest and longest freshness that a source may ask for.
pub const JWKS_FRESH_MIN: Duration = Duration::from_secs(60);

/// See [`JWKS_FRESH_MIN`].
pub const JWKS_FRESH_MAX: Duration = Duration::from_secs(60 * 60);

/// How long keys serve after their freshness while the source fails. Source: MS IdentityModel.
pub const JWKS_STALE: Duration = Duration::from_secs(60 * 60);

/// Longest stale time that a configuration may set.
pub const JWKS_STALE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Most fetches that unknown key ids cause within [`JWKS_MISS_SPAN`]. Source: Nimbus.
pub const JWKS_MISSES: usize = 2;

/// See [`JWKS_MISSES`]; as long a key id counts as absent after it was looked up.
pub const JWKS_MISS_SPAN: Duration = Duration::from_secs(30);

/// Most key ids that are remembered as absent.
pub const JWKS_ABSENT: usize = 1_000;

/// Longest wait after a failed fetch; the first one is a second, and each doubles.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Longest `ETag` in bytes that is sent back.
pub const ETAG_BYTES: usize = 1024;

/// How long a discovery document counts before it is read again.
pub const DISCOVERY_FRESH: Duration = Duration::from_secs(60 * 60);

/// Longest answer of an introspection endpoint in bytes, signed or not.
pub const INTROSPECTION_BYTES: usize = 64 * 1024 - 1;

/// Most calls in flight to one introspection endpoint; a token beyond that is not judged.
pub const INTROSPECTION_CALLS: usize = 64;

/// How long an active token is remembered, if it does not end before. Source: Duende.
pub const INTROSPECTION_FRESH: Duration = Duration::from_secs(60);

/// Longest time that a configuration may have an active token remembered.
pub const INTROSPECTION_FRESH_MAX: Duration = Duration::from_secs(10 * 60);

/// How long a refused token is remembered.
pub const INTROSPECTION_REFUSED: Duration = Duration::from_secs(5);

/// Most tokens that are remembered of one endpoint unless configured otherwise, a tenth of them
/// refused ones.
pub const INTROSPECTION_ENTRIES: usize = 10_000;

/// Most tokens that a configuration may have remembered.
pub const INTROSPECTION_ENTRIES_MAX: usize = 1_000_000;

/// Most bytes of answers that are remembered of one endpoint.
pub const INTROSPECTION_MEMORY: u64 = 64 * 1024 * 1024;

/// Failures in a row after which an endpoint is left alone.
pub const CIRCUIT_FAILURES: u32 = 5;

/// How long it is left alone before one call tries it again.
pub const CIRCUIT_PAUSE: Duration = Duration::from_secs(5);

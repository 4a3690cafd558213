//! Bounds of requests to a provider, and of what is kept of its answers.

use std::time::Duration;

/// Most keys of load balancers that are held at a time. AWS replaces a region's key rarely.
pub(crate) const ALB_KEYS: usize = 16;

/// Most new key ids of load balancers that are looked up within [`ALB_LOOKUP_WINDOW`].
pub(crate) const ALB_LOOKUPS: usize = 8;

/// The time in which new key ids of load balancers are counted.
pub(crate) const ALB_LOOKUP_WINDOW: Duration = Duration::from_secs(30);

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

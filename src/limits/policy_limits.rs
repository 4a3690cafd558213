//! Bounds of policies and of routes.

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

/// Shortest and longest time between two looks at a policy file, in seconds.
///
/// Source: a read of the file takes less than a millisecond, and an operator who has changed a policy
/// waits no longer than an hour.
#[cfg(all(feature = "policy-file", feature = "tokio"))]
pub(crate) const POLICY_FILE_INTERVAL_SECS: std::ops::RangeInclusive<u64> = 1..=60 * 60;

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

//! Bounds of stores, of caches and of denylists.

use std::time::Duration;

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

/// Most revocations of single sessions of one subject in a store of sessions in memory. Source: ten
/// devices, two logouts of each in the twelve hours of a session, ten times over.
#[cfg(feature = "session")]
pub(crate) const ENDED_SESSIONS_PER_SUBJECT: usize = 256;

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

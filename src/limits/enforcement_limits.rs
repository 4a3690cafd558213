//! Bounds of limits, address lists, lock-outs, usage and the audit trail.

use std::time::Duration;

/// Shortest time between two cells of a rate, one microsecond.
pub const RATE_STEP_MIN: Duration = Duration::from_micros(1);

/// Longest time that a rate takes to fill an empty bucket, and longest period of a rate: 400 days.
pub const RATE_SPAN_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Most cells in a period, and most cells at once, of a rate.
pub const RATE_QUOTA_MAX: u32 = 1_000_000;

/// Most limits of one [`Limits`](crate::limit::Limits), those of all plans included.
pub const LIMITS: usize = 64;

/// Longest name of a limit, a class or a plan, in bytes.
pub const LIMIT_NAME_BYTES: usize = 64;

/// Most exceptions of one [`Limits`](crate::limit::Limits).
pub const LIMIT_EXCEPTIONS: usize = 10_000;

/// Default number of sources of which a state is kept.
pub const SOURCES: usize = 131_072;

/// Default number of callers of which a state is kept.
pub const CALLERS: usize = 65_536;

/// Fewest slots of a table of limits or lock-outs.
pub const TABLE_SLOTS_MIN: usize = 1_024;

/// Most slots of a table of limits or lock-outs.
pub const TABLE_SLOTS_MAX: usize = 16_777_216;

/// Slots that a key can be in. A full window shares.
pub(crate) const TABLE_WINDOW: usize = 32;

/// How far the time of a request can be behind that of the latest one, because it had to wait. A time
/// that is further behind means that the clock was set back.
pub(crate) const REQUEST_AGE: Duration = Duration::from_secs(60);

/// Most requests in flight that a concurrent limit counts.
pub const IN_FLIGHT: u32 = 65_536;

/// Most entries of a forwarded header.
pub const FORWARDED_ENTRIES: usize = 32;

/// Longest forwarded header, in bytes, all its lines joined.
pub const FORWARDED_BYTES: usize = 4_096;

/// Most hops that [`Proxies::hops`](crate::address::Proxies::hops) takes.
pub const FORWARDED_HOPS: u8 = 8;

/// Most lines of an address list.
pub const ADDRESS_LINES: usize = 1_000_000;

/// Life of a lease that a node has of a shared limit.
pub(crate) const LEASE_LIFE: Duration = Duration::from_millis(200);

/// Longest time that a call of a store of shared limits may take.
pub(crate) const RATE_CALL: Duration = Duration::from_millis(50);

/// Most rows of usage that are kept until the next flush.
pub const METER_KEYS: usize = 65_536;

/// Default time between two flushes of usage.
pub const METER_FLUSH: Duration = Duration::from_secs(1);

/// Default size of the buffer of an audit sink, in bytes: 8 MiB.
pub const AUDIT_RING: usize = 8 * 1024 * 1024;

/// Smallest buffer of an audit sink, in bytes: 64 KiB.
pub const AUDIT_RING_MIN: usize = 64 * 1024;

/// Largest buffer of an audit sink, in bytes: 1 GiB.
pub const AUDIT_RING_MAX: usize = 1024 * 1024 * 1024;

/// Longest packed audit record, in bytes.
pub const AUDIT_RECORD: usize = 8 * 1024;

/// Longest time that an audit record waits before it is written.
pub const AUDIT_FLUSH: Duration = Duration::from_millis(100);

/// Bytes of waiting audit records that wake the writer.
pub(crate) const AUDIT_WAKE: usize = 256 * 1024;

/// Default size at which a new audit file is begun, in bytes: 100 MiB.
pub const AUDIT_FILE: u64 = 100 * 1024 * 1024;

/// Default number of audit files that are kept.
pub const AUDIT_KEEP: usize = 20;

/// Longest time between two checkpoints of the chain of audit records.
pub const AUDIT_CHECKPOINT: Duration = Duration::from_secs(60);

/// Most records between two checkpoints of the chain of audit records.
pub const AUDIT_CHECKPOINT_RECORDS: u64 = 1_000;

/// Shortest period of a rate, one millisecond.
pub const RATE_PERIOD_MIN: Duration = Duration::from_millis(1);

/// Default budget of a source: the points that lock it out.
pub const LOCK_POINTS: u32 = 30;

/// Default time in which a point is paid back.
pub const LOCK_POINT_REFILL: Duration = Duration::from_secs(20);

/// Default length of the first lock.
pub const LOCK_FIRST: Duration = Duration::from_secs(60);

/// Default length of the longest lock.
pub const LOCK_MOST: Duration = Duration::from_secs(15 * 60);

/// Default time without blame after which strikes are forgotten.
pub const LOCK_FORGET: Duration = Duration::from_secs(60 * 60);

/// Shortest lock.
pub const LOCK_SPAN_MIN: Duration = Duration::from_secs(1);

/// Longest lock, and longest time in which a whole budget is paid back: one day.
pub const LOCK_SPAN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest time without blame after which strikes are forgotten: 30 days.
pub const LOCK_FORGET_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Shortest time of the threshold of a [`Signal`](crate::limit::Signal), one minute.
pub const WATCH_SPAN_MIN: Duration = Duration::from_secs(60);

/// Longest time of the threshold of a [`Signal`](crate::limit::Signal), one day.
pub const WATCH_SPAN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Most sources of the threshold of [`SourceSpread`](crate::limit::Signal::SourceSpread).
pub const WATCH_SPREAD_MAX: u32 = 10_000;

/// Sources, claimed identities, denied callers, and API keys of which a
/// [`Watch`](crate::limit::Watch) keeps counts, each.
pub(crate) const WATCH_SUBJECTS: usize = 4_096;

/// Longest interval between two flushes of usage, an hour.
pub const METER_FLUSH_MAX: Duration = Duration::from_secs(60 * 60);

/// Most rows of usage that sum up, for each authority, meter and hour, what found no row of its own.
pub(crate) const METER_OVERFLOW: usize = 1_024;

/// Longest name of a node that reports usage, in bytes.
pub const NODE_NAME_BYTES: usize = 64;

/// Most units of a quota that are taken from its store at once. At most a hundredth of the quota too.
pub const QUOTA_LEASE_MAX: u32 = 1_000;

/// Life of the units of a quota that were taken at once. What a node has left of them then goes back.
pub const QUOTA_LEASE_LIFE: Duration = Duration::from_secs(60);

/// Longest window of a quota that does not follow the calendar: 400 days.
pub const QUOTA_SPAN_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Most holders of a quota of which a process has units, or has counted units while the store did
/// not answer.
pub(crate) const QUOTA_HOLDERS: usize = 65_536;

/// Most calls of a quota that wait until the store takes them.
pub(crate) const QUOTA_UNSENT: usize = 65_536;

/// Shortest time for which a store knows the id of a spend.
pub const SPEND_MEMORY: Duration = Duration::from_secs(10 * 60);

/// Windows of one holder of a quota that a store keeps, the newest ones.
pub(crate) const QUOTA_WINDOWS: usize = 4;

/// Most nodes that share a limit.
pub const RATE_NODES: u32 = 10_000;

/// Most cells of a lease that a node has of a shared limit.
pub(crate) const LEASE_CELLS: u32 = 20;

/// The time for which the cells of a lease should last.
pub(crate) const LEASE_SPAN: Duration = Duration::from_millis(100);

/// Keys of a shared limit of which a node keeps leases and refusals.
pub(crate) const LEASES: usize = 8_192;

/// Longest time for which a node remembers a refusal of a store of shared limits.
pub(crate) const REFUSAL_MEMORY: Duration = Duration::from_secs(60);

/// The time for which a store of shared limits that fails is not asked.
pub(crate) const RATE_STORE_PAUSE: Duration = Duration::from_secs(1);

/// Fewest calls in a second of which half have to fail before the store is not asked.
pub(crate) const RATE_STORE_CALLS: u32 = 20;

/// Size of the buffer of a sink of checkpoints, in bytes: the lane that they use has about 500.
/// Default age at which a new audit file is begun: a day.
pub const AUDIT_FILE_AGE: Duration = Duration::from_secs(86_400);

/// Greatest age of an audit file that can be set: 400 days.
pub const AUDIT_FILE_AGE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Greatest size of an audit file that can be set, in bytes: 1 TiB.
pub const AUDIT_FILE_MAX: u64 = 1 << 40;

/// Most audit files that can be kept.
pub const AUDIT_KEEP_MAX: usize = 1_000_000;

/// Default time after which audit files are made durable.
pub const AUDIT_SYNC: Duration = Duration::from_secs(1);

/// Size of the buffer of a sink of checkpoints, in bytes: the lane that they use has about 500.
pub(crate) const AUDIT_RING_ANCHOR: usize = 8 * 1024 * 1024;

//! Sources, times and blame.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::address::Source;
use bearergate::limit::{LockOut, LockStanding, Locked};

/// Costs three points of thirty.
pub(crate) const FORGED: RejectionKind = RejectionKind::SignatureInvalid;
/// Costs one point.
pub(crate) const FAILED: RejectionKind = RejectionKind::KeyNotFound;
/// Costs nothing.
pub(crate) const EXPIRED: RejectionKind = RejectionKind::TokenExpired;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) fn source(address: &str) -> Source {
    Source::of(address.parse().unwrap())
}

/// One of 2^32 sources.
pub(crate) fn numbered(number: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(number)))
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Blames a source until it is locked, and returns after how many times and the lock.
pub(crate) fn lock(
    locks: &LockOut,
    source: Source,
    kind: RejectionKind,
    at: Duration,
) -> (u32, Locked) {
    for count in 1..=1_000 {
        assert_eq!(locks.standing(source, at), LockStanding::Free);
        if let Some(locked) = locks.blame(source, kind, at) {
            return (count, locked);
        }
    }
    unreachable!("a thousand rejections did not lock {source}");
}

pub(crate) fn is_locked(locks: &LockOut, source: Source, at: Duration) -> bool {
    locks.standing(source, at) != LockStanding::Free
}

/// The standing of a source that is locked for so long.
pub(crate) const fn locked_for(ends_in: Duration) -> LockStanding {
    LockStanding::Locked { ends_in }
}

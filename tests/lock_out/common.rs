//! Sources, times and blame.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::address::Source;
use bearergate::limit::{LockOut, LockStanding, Locked};

/// Costs three points of thirty.
pub const FORGED: RejectionKind = RejectionKind::SignatureInvalid;
/// Costs one point.
pub const FAILED: RejectionKind = RejectionKind::KeyNotFound;
/// Costs nothing.
pub const EXPIRED: RejectionKind = RejectionKind::TokenExpired;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);

pub fn source(address: &str) -> Source {
    Source::of(address.parse().unwrap())
}

/// One of 2^32 sources.
pub fn numbered(number: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(number)))
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Blames a source until it is locked, and returns after how many times and the lock.
pub fn lock(locks: &LockOut, source: Source, kind: RejectionKind, at: Duration) -> (u32, Locked) {
    for count in 1..=1_000 {
        assert_eq!(locks.standing(source, at), LockStanding::Free);
        if let Some(locked) = locks.blame(source, kind, at) {
            return (count, locked);
        }
    }
    unreachable!("a thousand rejections did not lock {source}");
}

pub fn is_locked(locks: &LockOut, source: Source, at: Duration) -> bool {
    locks.standing(source, at) != LockStanding::Free
}

/// The standing of a source that is locked for so long.
pub const fn locked_for(ends_in: Duration) -> LockStanding {
    LockStanding::Locked { ends_in }
}

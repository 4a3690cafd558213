//! Results of look-ups in stores.

/// What a store finds when it looks for a record that may have been revoked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "callers must handle each of the three results"
)]
pub enum Lookup<R> {
    /// The record exists and is not revoked; it may still be expired. Managers and validators
    /// compare its times with their clock, because a store reads none.
    Live(R),
    /// The record is revoked. A store may answer so for as long as it has the revocation; after a
    /// purge the record is unknown.
    Revoked,
    /// There is no such record. It never existed, or was purged after its expiry.
    Unknown,
}

//! Results of look-ups in stores.

/// What a store finds when it looks for a record that may have been revoked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "callers must handle each of the three results"
)]
pub enum Lookup<R> {
    /// The record exists and is not revoked; it may still be expired.
    Live(R),
    /// The record is revoked.
    Revoked,
    /// There is no such record.
    Unknown,
}

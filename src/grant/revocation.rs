//! Revocation of grants: one write ends everything that was granted before it.

use std::fmt;

use super::grant::Grant;
use super::grant::SessionHandle;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;
use crate::revocation_list::RevocationKind;
use crate::revocation_list::RevocationTarget;

/// A store of revocations next to the grants that they end: the common part of
/// [`SessionStore`](crate::session::SessionStore) and [`RefreshTokenStore`](crate::refresh::RefreshTokenStore).
///
/// A store that is both keeps one set of revocations for both, so that one write ends sessions and
/// refresh tokens together. If they are two stores, both need the revocation
/// ([`also_revoke_in`](crate::session::SessionManagerBuilder::also_revoke_in)).
///
/// Contract:
///
/// - Every look-up and every change of a record reads the revocations in its own transaction. A
///   grant is revoked if there is a record for one of its
///   [targets](Grant::revocation_targets) and [`RevocationRecord::revokes`] says so.
/// - A store that answers at once may act when it is called; one that answers later acts only when
///   its answer is polled, and then to the end, even if the answer is dropped.
/// - A failing store reports a [`StoreError`]; it never answers that a grant is not revoked.
///
/// Check an implementation with `testing::session_store` or `testing::refresh_token_store`, and
/// with `testing::grant_store` if it is both.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Mutex, MutexGuard};
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::{StoreError, StoreErrorKind};
/// use bearergate::grant::{Grant, GrantStore, RevocationRecord, Sequence};
/// use bearergate::revocation::RevocationTarget;
///
/// /// The revocations alone; the records of sessions would be next to them under the same lock.
/// #[derive(Debug, Default)]
/// struct Revocations(Mutex<State>);
///
/// #[derive(Debug, Default)]
/// struct State {
///     last: Option<Sequence>,
///     revoked: BTreeMap<RevocationTarget<'static>, (Sequence, UnixTime)>,
/// }
///
/// impl Revocations {
///     fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
///         self.0.lock().map_err(|_| StoreErrorKind::Unavailable.into())
///     }
/// }
///
/// impl GrantStore for Revocations {
///     fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
///         NowOrLater::now(self.state().map(|mut state| {
///             let next = Sequence::next(state.last, record.at());
///             state.last = Some(next);
///             let old = state.revoked.get(record.target()).map(|(_, until)| *until);
///             let until = record.until().max(old.unwrap_or(record.until()));
///             state.revoked.insert(record.target().clone(), (next, until));
///         }))
///     }
///
///     fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
///         NowOrLater::now(self.state().map(|state| {
///             grant.revocation_targets().any(|target| {
///                 let written = state.revoked.get(&target.clone().into_owned());
///                 written.is_some_and(|(at, _)| {
///                     RevocationRecord::revokes(target.kind(), *at, &grant)
///                 })
///             })
///         }))
///     }
///
///     fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
///         NowOrLater::now(self.state().map(|mut state| {
///             let before = state.revoked.len();
///             state.revoked.retain(|_, (_, until)| *until > now);
///             before - state.revoked.len()
///         }))
///     }
/// }
///
/// let store = Revocations::default();
/// let now = UnixTime::from_secs(1_700_000_000);
/// let revoked = store.revoke(RevocationRecord::subject("my service", "alice", now)).try_now();
/// assert!(matches!(revoked, Ok(Ok(()))));
/// let alice = Grant::new("my service", "alice", now);
/// assert!(matches!(store.is_revoked(alice).try_now(), Ok(Ok(true))));
/// ```
pub trait GrantStore: fmt::Debug + Send + Sync {
    /// Writes a revocation in place of an older one of the same target; returns `Ok(())` only if
    /// every later look-up sees it.
    ///
    /// In one transaction the store takes its next [`Sequence`] number and writes the record with
    /// it; the later `until` of both records is kept.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then nothing is written.
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Returns true if this grant, which need not be stored, [is revoked](RevocationRecord::revokes):
    /// for something that was made from a grant and is stored nowhere, such as an access token.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>>;

    /// Removes grants that are [expired](Grant::is_over) at `now` or revoked, families that were
    /// revoked, and revocations whose `until` has passed; returns how many records were removed.
    ///
    /// A store may stop early to let other calls in. It has removed everything when it returns 0.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; what was removed by then is removed.
    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>>;
}

const _: Option<&dyn GrantStore> = None;

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

/// The order in which a store wrote grants and revocations: seconds, and a count within the
/// second.
///
/// A revocation ends what was granted at or before its number. Seconds do not order a login and a
/// revocation within the same second, and the clocks of several nodes differ, so each store gives
/// every grant and every revocation a number of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Sequence(u64);

impl Sequence {
    /// Takes a number that [`as_u64`](Self::as_u64) returned.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number, at most `i64::MAX` up to the year 9999, for a store to write.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the next number of a store: greater than `last`, and not before `now`.
    ///
    /// The store reads `last` and writes the result in the transaction that uses it.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::grant::Sequence;
    ///
    /// let now = UnixTime::from_secs(1_700_000_000);
    /// let first = Sequence::next(None, now);
    /// let second = Sequence::next(Some(first), now);
    /// assert!(second > first);
    /// ```
    #[must_use]
    pub fn next(last: Option<Self>, now: UnixTime) -> Self {
        let now = Self(now.as_secs().saturating_mul(Self::PER_SECOND));
        last.map_or(now, |last| now.max(Self(last.0.saturating_add(1))))
    }

    const PER_SECOND: u64 = 1 << 24;
}

/// The revocation of grants in their store: what is revoked, and when.
///
/// Its target is a subject, a client or a session, which are what grants are made to or belong to.
/// Services revoke through [`SessionManager`](crate::session::SessionManager) and
/// [`RefreshManager`](crate::refresh::RefreshManager); this type is for authors of stores.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::grant::RevocationRecord;
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let record = RevocationRecord::subject("my service", "alice", now);
/// assert!(record.until() > record.at());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevocationRecord {
    target: RevocationTarget<'static>,
    at: UnixTime,
    until: UnixTime,
}

impl RevocationRecord {
    /// Revokes at `at` what was granted to a client before.
    pub fn client(
        authority: impl Into<Authority>,
        client: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        Self::new(RevocationKind::Client, &authority.into(), client.into(), at)
    }

    /// Revokes at `at` a session and every grant that belongs to it, whenever it was made.
    pub fn session(authority: impl Into<Authority>, session: SessionHandle, at: UnixTime) -> Self {
        let session = session.to_string();
        Self::new(RevocationKind::Session, &authority.into(), session, at)
    }

    /// Revokes at `at` what was granted to a subject before.
    pub fn subject(
        authority: impl Into<Authority>,
        subject: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        let subject = subject.into();
        Self::new(RevocationKind::Subject, &authority.into(), subject, at)
    }

    /// It is kept until everything that it can revoke has expired.
    fn new(kind: RevocationKind, authority: &Authority, id: String, at: UnixTime) -> Self {
        Self {
            target: RevocationTarget::new(kind, authority.as_str(), id).into_owned(),
            at,
            until: at.saturating_add(limits::GRANT_LIFETIME_MAX),
        }
    }

    /// Lets the store forget it at `until`, when everything that it can revoke has expired, instead
    /// of [`limits::GRANT_LIFETIME_MAX`] after it was made.
    #[must_use]
    pub const fn with_until(mut self, until: UnixTime) -> Self {
        self.until = until;
        self
    }

    /// Returns what is revoked.
    pub const fn target(&self) -> &RevocationTarget<'static> {
        &self.target
    }

    /// Returns when it was made.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns when the store may forget it.
    pub const fn until(&self) -> UnixTime {
        self.until
    }

    /// Returns true if a record whose target has this kind and is one of those of `grant`, written
    /// with the number `written`, revokes the grant.
    ///
    /// That of a client or a subject revokes what was granted at or before its number, and grants
    /// without a number. That of a session revokes everything that belongs to it.
    pub fn revokes(kind: RevocationKind, written: Sequence, grant: &Grant) -> bool {
        match kind {
            RevocationKind::Client | RevocationKind::Subject => {
                grant.sequence().is_none_or(|granted| granted <= written)
            }
            // A record has no other kind than these three.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn sequence_numbers_of_one_store_never_repeat_even_if_its_clock_goes_back() {
        let later = UnixTime::from_secs(NOW.as_secs() + 1);
        let first = Sequence::next(None, NOW);
        let same = Sequence::next(Some(first), NOW);
        let next = Sequence::next(Some(same), later);
        let back = Sequence::next(Some(next), NOW);
        assert!(first < same && same < next && next < back);
        assert_eq!(Sequence::from_u64(back.as_u64()), back);
    }

    #[test]
    fn sequence_numbers_fit_a_signed_number_up_to_the_last_time() {
        let last = Sequence::next(None, UnixTime::from_secs(limits::TIME_MAX));
        assert!(i64::try_from(last.as_u64()).is_ok());
    }

    #[test]
    fn a_revocation_ends_only_what_was_granted_before_it() {
        let before = Sequence::next(None, NOW);
        let written = Sequence::next(Some(before), NOW);
        let after = Sequence::next(Some(written), NOW);
        let granted = |sequence| Grant::new("a", "s", NOW).with_sequence(sequence);
        let revokes = |kind, sequence| RevocationRecord::revokes(kind, written, &granted(sequence));
        for kind in [RevocationKind::Client, RevocationKind::Subject] {
            assert!(revokes(kind, Some(before)));
            assert!(revokes(kind, Some(written)));
            assert!(revokes(kind, None));
            assert!(!revokes(kind, Some(after)));
        }
        assert!(revokes(RevocationKind::Session, Some(after)));
    }
}

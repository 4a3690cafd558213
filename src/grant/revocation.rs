//! Revocation marks: one write ends whatever was granted before it.

use std::borrow::Cow;
use std::fmt;

use super::grant::Grant;
use super::grant::SessionHandle;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::limits;
use crate::now_or_later::NowOrLater;

/// Keeps revocation marks beside the records that they end: the part that
/// [`SessionStore`](crate::session::SessionStore) and [`RefreshTokenStore`](crate::refresh::RefreshTokenStore) have
/// in common.
///
/// A store that is both keeps one set of marks for both, so that one write ends sessions and
/// refresh tokens together. Where they are two stores, each needs the mark
/// ([`mark_also`](crate::session::SessionManagerBuilder::mark_also)).
///
/// Every look-up and every change of a record reads the marks in its own transaction, and a mark
/// of the [`keys`](Grant::mark_keys) of a grant ends it if [`Mark::ends`] says so.
///
/// A store that answers at once may act when it is called; one that answers later acts only when
/// its answer is polled, and then to the end, even if the answer is dropped.
pub trait GrantStore: fmt::Debug + Send + Sync {
    /// Writes a mark over an older one of the same key and returns `Ok(())` only if every later
    /// look-up sees it.
    ///
    /// In one transaction the store takes its next [`Moment`] and writes the mark with it; the
    /// later `until` of both marks is kept.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the mark is not written.
    fn mark(&self, mark: Mark) -> NowOrLater<'_, Result<(), StoreError>>;

    /// Returns true if a mark has [ended](Mark::ends) this grant, which need not be stored: for
    /// what was made from a grant and is kept nowhere, such as an access token.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn has_ended(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>>;

    /// Removes what is [over](Grant::is_over) at `now`, what a mark ends, families that were
    /// revoked, and the marks whose `until` has come; returns how many records and marks were
    /// removed.
    ///
    /// A store may stop early to let others in. It has removed everything when it returns 0.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; what was removed by then is removed.
    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>>;
}

const _: Option<&dyn GrantStore> = None;

/// What a store answers about a record that may have been ended by a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever asks must handle each of the three answers"
)]
pub enum Lookup<R> {
    /// It is there and no mark ends it; it may still be over.
    Live(R),
    /// A mark has ended it.
    Revoked,
    /// There is none.
    Unknown,
}

/// The order in which a store wrote grants and marks: seconds, and a count within the second.
///
/// A mark ends what was granted at or before its moment. Seconds alone would not tell whether a
/// login came before or after a revocation in the same second, and the clocks of several nodes
/// differ, so each store gives every grant and every mark a moment of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment(u64);

impl Moment {
    /// Takes a number that [`as_u64`](Self::as_u64) gave.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number, at most `i64::MAX` up to the year 9999, for a store to write.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the next moment of a store: later than `last`, and not before `now`.
    ///
    /// The store reads `last` and writes what comes back in the transaction that uses it.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::grant::Moment;
    ///
    /// let now = UnixTime::from_secs(1_700_000_000);
    /// let first = Moment::next(None, now);
    /// let second = Moment::next(Some(first), now);
    /// assert!(second > first);
    /// ```
    #[must_use]
    pub fn next(last: Option<Self>, now: UnixTime) -> Self {
        let now = Self(now.as_secs().saturating_mul(Self::PER_SECOND));
        last.map_or(now, |last| now.max(Self(last.0.saturating_add(1))))
    }

    const PER_SECOND: u64 = 1 << 24;
}

/// What a mark ends.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum MarkKind {
    /// What was granted to a client before the mark: `client`.
    Client,
    /// A session and every grant that hangs on it, whenever it was made: `session`.
    Session,
    /// What was granted to a subject before the mark: `subject`.
    Subject,
}

impl MarkKind {
    /// Returns the stable snake-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Session => "session",
            Self::Subject => "subject",
        }
    }
}

/// Whom a mark is about. Ids mean something only under their authority.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MarkKey<'a> {
    kind: MarkKind,
    authority: Cow<'a, str>,
    id: Cow<'a, str>,
}

impl<'a> MarkKey<'a> {
    /// Takes a client id.
    pub fn client(authority: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Self::new(MarkKind::Client, authority, id)
    }

    /// Takes the handle of a session.
    pub fn session(authority: impl Into<Cow<'a, str>>, handle: SessionHandle) -> Self {
        Self::new(MarkKind::Session, authority, handle.to_string())
    }

    /// Takes the id of a subject.
    pub fn subject(authority: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Self::new(MarkKind::Subject, authority, id)
    }

    fn new(
        kind: MarkKind,
        authority: impl Into<Cow<'a, str>>,
        id: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            kind,
            authority: authority.into(),
            id: id.into(),
        }
    }

    /// Returns what the mark ends.
    pub const fn kind(&self) -> MarkKind {
        self.kind
    }

    /// Returns under whose authority the id stands.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the id of the subject or client, or the text of the session's handle.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Copies what it borrows.
    #[must_use]
    pub fn into_owned(self) -> MarkKey<'static> {
        MarkKey {
            kind: self.kind,
            authority: Cow::Owned(self.authority.into_owned()),
            id: Cow::Owned(self.id.into_owned()),
        }
    }
}

/// A revocation: whom it is about and when it was made.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::grant::{Mark, MarkKey};
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let mark = Mark::new(MarkKey::subject("my service", "alice"), now);
/// assert!(mark.until() > mark.at());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mark {
    key: MarkKey<'static>,
    at: UnixTime,
    until: UnixTime,
}

impl Mark {
    /// Makes a mark that is kept until everything it can end is over:
    /// [`limits::GRANT_LIFETIME_MAX`].
    pub fn new(key: MarkKey<'_>, at: UnixTime) -> Self {
        Self {
            key: key.into_owned(),
            at,
            until: at.saturating_add(limits::GRANT_LIFETIME_MAX),
        }
    }

    /// Lets the mark be forgotten at `until`, when everything it can end is over.
    #[must_use]
    pub const fn with_until(mut self, until: UnixTime) -> Self {
        self.until = until;
        self
    }

    /// Returns whom it is about.
    pub const fn key(&self) -> &MarkKey<'static> {
        &self.key
    }

    /// Returns when it was made.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns from when on the store may forget it.
    pub const fn until(&self) -> UnixTime {
        self.until
    }

    /// Says whether a mark of this kind, written at `marked`, ends `grant`, of which it names
    /// one of the keys.
    ///
    /// A mark of a session ends all that hangs on it; any other one what was granted at or
    /// before its moment. A grant without a moment is ended by every mark.
    pub fn ends(kind: MarkKind, marked: Moment, grant: &Grant) -> bool {
        match kind {
            MarkKind::Session => true,
            MarkKind::Client | MarkKind::Subject => {
                grant.since().is_none_or(|since| since <= marked)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn moments_of_one_store_never_repeat_whatever_its_clock_does() {
        let later = UnixTime::from_secs(NOW.as_secs() + 1);
        let first = Moment::next(None, NOW);
        let same = Moment::next(Some(first), NOW);
        let next = Moment::next(Some(same), later);
        let back = Moment::next(Some(next), NOW);
        assert!(first < same && same < next && next < back);
        assert_eq!(Moment::from_u64(back.as_u64()), back);
    }

    #[test]
    fn moments_fit_a_signed_number_up_to_the_last_time() {
        let last = Moment::next(None, UnixTime::from_secs(limits::TIME_MAX));
        assert!(i64::try_from(last.as_u64()).is_ok());
    }

    #[test]
    fn a_mark_ends_what_was_granted_before_it_alone() {
        let before = Moment::next(None, NOW);
        let marked = Moment::next(Some(before), NOW);
        let after = Moment::next(Some(marked), NOW);
        let granted = |since| Grant::new("a", "s", NOW).with_since(since);
        for kind in [MarkKind::Client, MarkKind::Subject] {
            assert!(Mark::ends(kind, marked, &granted(Some(before))));
            assert!(Mark::ends(kind, marked, &granted(Some(marked))));
            assert!(Mark::ends(kind, marked, &granted(None)));
            assert!(!Mark::ends(kind, marked, &granted(Some(after))));
        }
        assert!(Mark::ends(MarkKind::Session, marked, &granted(Some(after))));
    }
}

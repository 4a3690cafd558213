//! The denylist: revocations in memory and, if configured, in a store.

use std::fmt;
use std::sync::Arc;

use super::entry::Revocation;
use super::order::Order;
use super::served::{ServedAuthorities, UnknownAuthority};
use super::store::RevocationStore;
use super::table::{AddedBy, Table};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::environment::Environment;
use crate::error::{ConfigError, Rejection, RejectionKind, StoreError, StoreErrorKind};
use crate::event::{Event, Observer};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal};
use crate::revocation_list::RevocationKind;

/// A bounded list of revocations. Cheap to clone; clones share one list.
///
/// It is held in memory, so a check costs no more than a look-up, and a
/// [`revoke`](Self::revoke) takes effect with the next request of this process. A list made by
/// [`new`](Self::new) is lost when the process ends; one that was [opened](Self::open) on a store
/// is not. A full list refuses new revocations: it never forgets one that still has an effect.
///
/// Clients that revoke their own tokens through the endpoint of an issuer (RFC 7009) cannot fill it:
///
/// - A quarter of its length is kept for subjects, clients, sessions, keys and API keys, which only
///   the service itself revokes.
/// - After 64 tokens of one client and subject (at most an eighth of the rest), and after 256 tokens
///   of one subject (a quarter), further ones become one [`Revocation::holder`] of what was issued
///   to them [before](Revocation::issued_before) the last one: too much is revoked, never too little.
/// - One client takes at most half of the rest; its further tokens are
///   [`Full`](StoreErrorKind::Full), those of others are not.
///
/// The last two count what this process was asked to revoke since its start.
///
/// It needs no timer: a write that finds the list full, or twice as long as it was after the last
/// purge, [purges](Self::purge) the list and its store first, at most some 10 000 revocations of it
/// at a time. So a list is about twice as long as the revocations that still have an effect, or 1024
/// long.
///
/// No check of a request waits for a purge or a [`reload`](Self::reload): they hold a lock for at
/// most 1000 revocations at a time.
///
/// ```
/// use bearergate::Principal;
/// use bearergate::principal::PrincipalKind;
/// use bearergate::revocation::{Denylist, Revocation};
///
/// # async fn logout() -> Result<(), Box<dyn std::error::Error>> {
/// let denylist = Denylist::default();
/// // Gate::builder().revocations(denylist.clone())
/// denylist.revoke(Revocation::subject("https://idp.example.com", "alice")).await?;
///
/// // The same name under another authority is another subject.
/// let robot = Principal::builder(PrincipalKind::Other, "test bench").subject("alice").build();
/// assert!(denylist.check(&robot).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Denylist {
    pub(super) inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

pub(super) struct Inner {
    pub(super) table: Table,
    pub(super) order: Order,
    pub(super) served: ServedAuthorities,
    pub(super) store: Option<Arc<dyn RevocationStore>>,
}

/// What is known of a list before a revocation is added.
pub(super) struct BeforeAdding {
    /// Up to when every part was purged of what had expired, if the last part was purged just now.
    swept: Option<UnixTime>,
    was_filling: bool,
}

impl Denylist {
    /// Makes an empty list in memory for at most `limit` revocations.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) unless `limit` is between 1 and
    /// [`limits::REVOCATIONS_MAX`].
    pub fn new(limit: usize) -> Result<Self, ConfigError> {
        if (1..=limits::REVOCATIONS_MAX).contains(&limit) {
            return Ok(Self::with(limit, None));
        }
        let range = 1..=limits::REVOCATIONS_MAX;
        Err(ConfigError::out_of_range("limit", limit, range))
    }

    /// Reads a list of at most [`limits::REVOCATIONS_MAX`] revocations from a store and keeps
    /// writing to that store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if one of the revocations could not be read, or there are too many: an
    /// incomplete list is never returned.
    pub fn open(
        store: impl RevocationStore + 'static,
    ) -> NowOrLater<'static, Result<Self, StoreError>> {
        let list = Self::with(limits::REVOCATIONS_MAX, Some(Arc::new(store)));
        NowOrLater::later(async move {
            list.read_store().await?;
            Ok(list)
        })
    }

    /// Sets the clock that decides which revocations may be forgotten; by default the system's.
    /// While it returns no time, nothing is forgotten.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer, which is told when the list is filling up, when a holder revokes too many
    /// single tokens, and of a session that is revoked without an end; by default none.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the clock and the observer from an [`Environment`]. Call it before a setter that
    /// differs from it.
    #[must_use]
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        self
    }

    /// Names authorities whose credentials only other processes accept, which share the store of
    /// this list. By default there are none: a [`revoke`](Self::revoke) for an authority that no
    /// gate of this process has is kept, and answered with an error.
    #[must_use]
    pub fn also_asked_for<A: Into<Authority>>(
        self,
        authorities: impl IntoIterator<Item = A>,
    ) -> Self {
        let authorities = authorities.into_iter().map(Into::into);
        self.inner.served.add_elsewhere(authorities);
        self
    }

    /// Adds a revocation: from now on, before the answer is awaited, this process refuses what it
    /// revokes.
    ///
    /// The answer is `Ok(())` only if the store, if there is one, has it too. If there is a
    /// revocation of the same target, the wider of both is kept. If another call takes the same
    /// target back meanwhile, the revocation stays.
    ///
    /// # Errors
    ///
    /// [`Full`](StoreErrorKind::Full) if the list is full, and
    /// [`Corrupt`](StoreErrorKind::Corrupt) for an id that is empty, too long or malformed:
    /// then nothing is revoked. [`AuthorityUnknown`](StoreErrorKind::AuthorityUnknown) if the
    /// revocation is in memory and in the store, but no validator of the gates that ask this list
    /// has its authority, so that it ends nothing in this process; the source names it. Any other
    /// [`StoreError`] comes from the store: then the revocation has effect in this process for as
    /// long as it runs, and the call should be repeated.
    pub fn revoke(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let target = revocation.target();
        let is_of_authority = target.kind() != RevocationKind::Token;
        let authority: Box<str> = target.authority().into();
        self.keep(revocation).map(move |kept| {
            kept?;
            // Asked after it is kept: a gate may have been built meanwhile, and nothing is lost.
            if is_of_authority && self.inner.served.lacks(&authority) {
                let error = StoreError::new(StoreErrorKind::AuthorityUnknown);
                return Err(error.with_source(UnknownAuthority(authority)));
            }
            Ok(())
        })
    }

    /// Adds a revocation to memory, then to the store.
    pub(super) fn keep(&self, revocation: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        let before = self.make_room();
        self.keep_since(before, revocation)
    }

    /// Removes some of what has expired. Call it before a revocation is added to memory.
    pub(super) fn make_room(&self) -> BeforeAdding {
        let table = &self.inner.table;
        let ended = self.ended();
        BeforeAdding {
            swept: ended.filter(|time| table.tidy(time.as_secs())),
            was_filling: table.counts.is_filling(),
        }
    }

    /// Adds a revocation to memory, then to the store. It may be in memory since `before`.
    pub(super) fn keep_since(
        &self,
        before: BeforeAdding,
        revocation: Revocation,
    ) -> NowOrLater<'_, Result<(), StoreError>> {
        if let Err(kind) = self.inner.table.add(&revocation, AddedBy::Caller) {
            return NowOrLater::now(Err(kind.into()));
        }
        self.report(&revocation, before.was_filling);
        let written = self.write(revocation);
        match before.swept {
            // What the store keeps too long only takes room; the next purge removes it.
            Some(time) => written.then(move |added| self.purge_store(time, added)),
            None => written,
        }
    }

    fn purge_store(
        &self,
        time: UnixTime,
        answer: Result<(), StoreError>,
    ) -> NowOrLater<'_, Result<(), StoreError>> {
        match &self.inner.store {
            Some(store) => store.purge(time).map(move |_| answer),
            None => NowOrLater::now(answer),
        }
    }

    fn report(&self, revocation: &Revocation, was_filling: bool) {
        let Some(observer) = &self.observer else {
            return;
        };
        let counts = &self.inner.table.counts;
        if !was_filling && counts.is_filling() {
            observer.observe(&Event::DenylistFilling {
                len: counts.len(),
                limit: counts.limit(),
            });
        }
        let target = revocation.target();
        if target.kind() == RevocationKind::Session && revocation.last_expiry().is_none() {
            observer.observe(&Event::EndlessRevocation {
                authority: target.authority(),
                session: target.id(),
            });
        }
    }

    /// Returns the number of revocations. Expired ones count until they are purged. It is at most
    /// the limit that the list was made with.
    pub fn len(&self) -> usize {
        self.inner.table.counts.len()
    }

    /// Returns true if nothing is revoked. Then [`check`](Self::check) takes no lock.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `Ok(())` only if nothing on the list revokes this principal: for services that call
    /// a validator without a gate.
    ///
    /// # Errors
    ///
    /// [`TokenRevoked`](RejectionKind::TokenRevoked) if something does.
    pub fn check(&self, principal: &Principal) -> Result<(), Rejection> {
        if self.is_empty() || !self.inner.table.revokes(principal) {
            return Ok(());
        }
        Err(RejectionKind::TokenRevoked.into())
    }

    fn with(limit: usize, store: Option<Arc<dyn RevocationStore>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                table: Table::new(limit),
                order: Order::default(),
                served: ServedAuthorities::default(),
                store,
            }),
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }

    /// The time before which expired revocations may be forgotten; `None` without a time.
    pub(super) fn ended(&self) -> Option<UnixTime> {
        self.clock.now().map(ended_by)
    }
}

/// No validator accepts at `now` what expired before this.
pub(super) fn ended_by(now: UnixTime) -> UnixTime {
    UnixTime::from_secs(now.as_secs().saturating_sub(limits::LEEWAY_MAX.as_secs()))
}

impl Default for Denylist {
    /// Makes an empty list in memory for at most 100 000 revocations.
    fn default() -> Self {
        Self::with(limits::REVOCATIONS, None)
    }
}

impl fmt::Debug for Denylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denylist")
            .field("len", &self.len())
            .field("limit", &self.inner.table.counts.limit())
            .field("store", &self.inner.store)
            .finish()
    }
}

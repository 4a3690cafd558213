//! How a denylist and its store come to one state.
//!
//! Memory has the last word of this process, and each change of a target has a number there. A call
//! that adds one writes it to memory, to the store and confirms it in memory; one that takes one
//! back removes it from the store, and from memory only if nobody has changed it since it began,
//! else it writes to the store again. So of calls at the same time the adding one wins, and no call
//! waits for another: a lock that is held while a store is asked would be held as long as the caller
//! likes.

use super::denylist::{Denylist, ended_by};
use super::entry::Revocation;
use super::order::TakingBack;
use super::pause::{PAUSE_AFTER, Pause};
use super::store::RevocationStore;
use super::table::AddedBy;
use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::revocation_list::RevocationTarget;

/// Most attempts to write a revocation while another caller takes it back.
const ATTEMPTS: usize = 8;

type Done<'a> = NowOrLater<'a, Result<(), StoreError>>;

impl Denylist {
    /// Removes the revocation of this target, first from the store.
    ///
    /// A [`revoke`](Self::revoke) of the same target that begins before this call has ended stays,
    /// in memory and in the store.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the revocation stays.
    pub fn restore(&self, revocation: Revocation) -> Done<'_> {
        self.take_back(revocation.into_target(), ATTEMPTS)
    }

    /// Adds what other processes have revoked in the store since the last read. Revocations that
    /// another process removed stay in this one.
    ///
    /// Call it at an interval: it bounds how long a revocation takes from one process to another.
    /// Requests do not wait for it. If there is not enough room, revocations of single tokens are
    /// left out first.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if one of the revocations could not be read, or the list is full; the
    /// others are added.
    pub fn reload(&self) -> Done<'_> {
        let ended = self.ended().map(UnixTime::as_secs);
        if let Some(time) = ended {
            self.inner.table.tidy(time);
        }
        self.read_store()
    }

    /// Removes the revocations that have no effect after `now`, and returns how many this process
    /// has removed. Requests do not wait for it.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; then the store has removed nothing.
    pub fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        let time = ended_by(now);
        let table = &self.inner.table;
        let removed = match self.len() <= PAUSE_AFTER {
            _ if table.first_end() >= time.as_secs() => NowOrLater::now(0),
            true => NowOrLater::now(table.purge(time.as_secs())),
            false => NowOrLater::later(self.purge_with_pauses(time.as_secs())),
        };
        removed.then(move |removed| match &self.inner.store {
            Some(store) => store.purge(time).map(move |purged| purged.map(|_| removed)),
            None => NowOrLater::now(Ok(removed)),
        })
    }

    async fn purge_with_pauses(&self, time: u64) -> usize {
        let (mut removed, mut walked) = (0, 0);
        for place in 0..self.inner.table.parts() {
            let step = self.inner.table.purge_part(place, time);
            (removed, walked) = (removed + step.removed, walked + step.walked);
            if walked >= PAUSE_AFTER {
                walked = 0;
                Pause::default().await;
            }
        }
        self.inner.table.note_purge();
        removed
    }

    /// Writes to the store what memory has already.
    pub(super) fn write(&self, revocation: Revocation) -> Done<'_> {
        let Some(store) = self.inner.store.as_deref() else {
            return NowOrLater::now(Ok(()));
        };
        match store.add(revocation.clone()).try_now() {
            Ok(Ok(())) if self.is_kept(&revocation) => NowOrLater::now(Ok(())),
            Ok(Err(error)) => NowOrLater::now(Err(error)),
            // Not polled, so nothing was written; or written, and taken back meanwhile.
            Ok(Ok(())) | Err(_) => NowOrLater::later(self.write_until_kept(store, revocation)),
        }
    }

    async fn write_until_kept(
        &self,
        store: &dyn RevocationStore,
        revocation: Revocation,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            // It may have been taken back before this was first polled.
            self.inner.table.add(&revocation, AddedBy::Caller)?;
            store.add(revocation.clone()).await?;
            if self.is_kept(&revocation) {
                return Ok(());
            }
        }
        Err(StoreErrorKind::Conflict.into())
    }

    /// Confirms in memory what the store has; false if it was taken back meanwhile.
    fn is_kept(&self, revocation: &Revocation) -> bool {
        let is_over = |end: UnixTime| self.ended().is_some_and(|time| end < time);
        self.inner.table.confirm(revocation) || revocation.last_expiry().is_some_and(is_over)
    }

    fn take_back(&self, target: RevocationTarget<'static>, attempts: usize) -> Done<'_> {
        let table = &self.inner.table;
        let Some(store) = self.inner.store.as_deref() else {
            table.remove_unchanged(&target, table.version(&target));
            return NowOrLater::now(Ok(()));
        };
        if attempts == 0 {
            return NowOrLater::now(Err(StoreErrorKind::Conflict.into()));
        }
        let call = self.inner.order.begin_taking_back(target.clone());
        let version = table.version(&target);
        if let Ok(removed) = store.remove(target.clone()).try_now() {
            return self.forget(store, call, version, removed, attempts);
        }
        // Not polled, so nothing was removed.
        call.end();
        NowOrLater::later(async move {
            let call = self.inner.order.begin_taking_back(target.clone());
            let version = table.version(&target);
            let removed = store.remove(target).await;
            self.forget(store, call, version, removed, attempts).await
        })
    }

    /// Removes from memory what was removed from the store; writes it to the store again if a
    /// caller has changed it since it had this version.
    fn forget<'a>(
        &'a self,
        store: &'a dyn RevocationStore,
        call: TakingBack<'a>,
        version: Option<u64>,
        removed: Result<(), StoreError>,
        attempts: usize,
    ) -> Done<'a> {
        let target = call.target().clone();
        if let Err(error) = removed {
            call.end();
            return NowOrLater::now(Err(error));
        }
        let is_forgotten = {
            let mut order = self.inner.order.lock();
            let is_forgotten = self.inner.table.remove_unchanged(&target, version);
            if is_forgotten {
                order.note_taken_back(&target);
            }
            is_forgotten
        };
        if is_forgotten {
            call.end();
            return NowOrLater::now(Ok(()));
        }
        let Some(kept) = self.inner.table.get(&target) else {
            call.end();
            return self.take_back(target, attempts - 1);
        };
        store.add(kept.clone()).then(move |added| {
            if added.is_ok() {
                call.end();
            }
            match added {
                Ok(()) if !self.is_kept(&kept) => self.take_back(target, attempts - 1),
                answer => NowOrLater::now(answer),
            }
        })
    }

    pub(super) fn read_store(&self) -> Done<'_> {
        let Some(store) = self.inner.store.as_deref() else {
            return NowOrLater::now(Ok(()));
        };
        let reading = self.inner.order.begin_reading();
        match store.all().try_now() {
            Ok(Ok(all)) if all.len() <= PAUSE_AFTER => {
                let mut read = Read::default();
                self.take_over(&all, &mut read);
                drop(reading);
                self.settle(&read)
            }
            Ok(Err(error)) => NowOrLater::now(Err(error)),
            Ok(Ok(_)) | Err(_) => {
                drop(reading);
                NowOrLater::later(self.read_with_pauses(store))
            }
        }
    }

    async fn read_with_pauses(&self, store: &dyn RevocationStore) -> Result<(), StoreError> {
        let mut read = Read::default();
        // Once more for what may have been revoked by another process while it was taken back.
        for _ in 0..2 {
            read = Read::default();
            let reading = self.inner.order.begin_reading();
            let mut all = store.all().await?;
            // What the service itself revoked is the last to be left out.
            all.sort_by_key(|each| each.target().kind().is_of_tokens());
            for part in all.chunks(PAUSE_AFTER) {
                self.take_over(part, &mut read);
                Pause::default().await;
            }
            drop(reading);
            if !read.is_incomplete {
                break;
            }
        }
        self.settle(&read).await
    }

    /// Adds to memory what a read of the store returned.
    fn take_over(&self, all: &[Revocation], read: &mut Read) {
        let ended = self.ended();
        let kinds = [false, true];
        let by_kind = kinds.iter().flat_map(|of_tokens| {
            let all = all.iter();
            all.filter(|each| each.target().kind().is_of_tokens() == *of_tokens)
        });
        let all: Vec<_> = by_kind.collect();
        for part in all.chunks(limits::REVOCATIONS_STEP) {
            let order = self.inner.order.lock();
            for each in part {
                let is_over = |end: UnixTime| ended.is_some_and(|time| end < time);
                if each.last_expiry().is_some_and(is_over) {
                    continue;
                }
                if order.is_taken_back(each.target()) {
                    read.is_incomplete = true;
                    continue;
                }
                if let Err(kind) = self.inner.table.add(each, AddedBy::Store) {
                    read.problem.get_or_insert(kind);
                }
            }
        }
    }

    /// Writes to the store what it may lack, because a call that took it back was dropped.
    fn settle(&self, read: &Read) -> Done<'_> {
        let answer = read.problem.map_or(Ok(()), |kind| Err(kind.into()));
        if self.inner.order.is_settled() {
            return NowOrLater::now(answer);
        }
        NowOrLater::later(async move {
            let mut answer = answer;
            for target in self.inner.order.unsettled() {
                let written = match self.inner.table.get(&target) {
                    Some(revocation) => self.write(revocation).await,
                    None => Ok(()),
                };
                match written {
                    Ok(()) => self.inner.order.settle(&target),
                    Err(error) => answer = answer.and(Err(error)),
                }
            }
            answer
        })
    }
}

/// What a read of the store has shown.
#[derive(Default)]
struct Read {
    problem: Option<StoreErrorKind>,
    /// Something may be lacking that another process revoked while this one took it back.
    is_incomplete: bool,
}

//! The revocations of a denylist, in many small parts.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault};
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;
use std::sync::PoisonError;

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

use self::sync::atomic::{AtomicU64, Ordering};
use self::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use super::entry::{Revocation, compared_id};
use super::holder::Tally;
use super::listed::{AskedTarget, ListedTarget, OwnHash, TargetParts};
use super::{counts::Counts, credential_id::any_id, term::Term};
use crate::clock::UnixTime;
use crate::error::StoreErrorKind;
use crate::limits;
use crate::principal::{Authority, Principal};
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// A bounded table of revocations. It never removes one that still has an effect.
///
/// None of its parts has more than [`limits::REVOCATIONS_STEP`] revocations, and a walk over the
/// table holds the lock of one part at a time.
pub(super) struct Table {
    // INVARIANT: a power of two.
    parts: Box<[RwLock<Part>]>,
    hasher: RandomState,
    /// The authorities in the table, so that each is in memory once. No check needs it.
    authorities: Mutex<Authorities>,
    pub(super) counts: Counts,
    versions: AtomicU64,
    /// No revocation in the table may be forgotten before this.
    first_end: AtomicU64,
    /// The part that the next purge by a write begins with, and the length from which one is worth
    /// its walk.
    pub(super) sweep: Mutex<Sweep>,
    /// The most revocations that were walked over under one lock.
    #[cfg(test)]
    pub(super) longest_step: std::sync::atomic::AtomicUsize,
}

#[derive(Default)]
pub(super) struct Part {
    terms: HashMap<ListedTarget, Term, BuildHasherDefault<OwnHash>>,
    tallies: HashMap<u64, Tally, BuildHasherDefault<OwnHash>>,
    first_end: u64,
}

#[derive(Default)]
pub(super) struct Sweep {
    pub(super) next: usize,
    pub(super) crowded: usize,
}

#[derive(Default)]
struct Authorities {
    all: HashSet<Authority>,
    pruned_len: usize,
}

/// What a walk over one part has done.
#[derive(Clone, Copy, Default)]
pub(super) struct Step {
    pub(super) walked: usize,
    pub(super) removed: usize,
}

/// Where a revocation is added from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AddedBy {
    /// A caller of this process: a [`Table::remove_unchanged`] that began before leaves it.
    Caller,
    /// The store.
    Store,
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        let parts = match cfg!(all(test, bearergate_shuttle)) {
            true => 2,
            // On average five eighths of a step, so that by chance no part has more than a step.
            false => {
                let average = limits::REVOCATIONS_STEP / 8 * 5;
                limit.div_ceil(average).next_power_of_two()
            }
        };
        Self {
            parts: (0..parts).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            authorities: Mutex::default(),
            counts: Counts::new(limit),
            versions: AtomicU64::new(0),
            first_end: AtomicU64::new(u64::MAX),
            sweep: Mutex::default(),
            #[cfg(test)]
            longest_step: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Adds a revocation, or widens the one of the same target.
    pub(super) fn add(&self, new: &Revocation, by: AddedBy) -> Result<(), StoreErrorKind> {
        let target = new.target();
        let id = compared_id(target).ok_or(StoreErrorKind::Corrupt)?;
        let asked = self.asked(target.kind(), target.authority(), &id);
        if by == AddedBy::Store && self.has(&asked, new) {
            return Ok(());
        }
        let term = Term::of(new, self.next_version());
        let authority = self.interned(target.authority());
        self.first_end.fetch_min(term.until(), Ordering::SeqCst);
        let mut part = self.write(asked.hash);
        if let Some(old) = part.terms.get_mut(&asked as &dyn TargetParts) {
            old.widen(&term, by == AddedBy::Caller);
            return Ok(());
        }
        self.counts.reserve(target.kind())?;
        part.first_end = match part.terms.is_empty() {
            true => term.until(),
            false => part.first_end.min(term.until()),
        };
        let listed = ListedTarget {
            hash: asked.hash,
            kind: target.kind(),
            authority,
            id,
        };
        part.terms.insert(listed, term);
        Ok(())
    }

    fn has(&self, asked: &AskedTarget<'_>, wanted: &Revocation) -> bool {
        let part = self.read(asked.hash);
        let own = part.terms.get(asked as &dyn TargetParts);
        own.is_some_and(|own| own.includes_all_of(&Term::of(wanted, 0)))
    }

    /// Returns true if the table has a revocation of this target, at least as wide; it then counts
    /// as made again.
    pub(super) fn confirm(&self, wanted: &Revocation) -> bool {
        let version = self.next_version();
        self.with_term_mut(wanted.target(), |own| {
            let has_all = own.includes_all_of(&Term::of(wanted, 0));
            if has_all {
                own.version = version;
            }
            has_all
        })
        .unwrap_or(false)
    }

    /// Returns the number of the last change of this target by a caller.
    pub(super) fn version(&self, target: &RevocationTarget<'_>) -> Option<u64> {
        self.with_term_mut(target, |own| own.version)
    }

    /// Returns the revocation of this target.
    pub(super) fn get(&self, target: &RevocationTarget<'_>) -> Option<Revocation> {
        let term = self.with_term_mut(target, |own| *own)?;
        Some(term.revocation(target.clone().into_owned()))
    }

    fn with_term_mut<T>(
        &self,
        target: &RevocationTarget<'_>,
        read: impl FnOnce(&mut Term) -> T,
    ) -> Option<T> {
        let id = compared_id(target)?;
        let asked = self.asked(target.kind(), target.authority(), &id);
        let mut part = self.write(asked.hash);
        part.terms.get_mut(&asked as &dyn TargetParts).map(read)
    }

    /// Removes the revocation of this target, unless a caller has changed it since it had this
    /// version. Returns false if it is still there.
    pub(super) fn remove_unchanged(
        &self,
        target: &RevocationTarget<'_>,
        version: Option<u64>,
    ) -> bool {
        let Some(id) = compared_id(target) else {
            return true;
        };
        let asked = self.asked(target.kind(), target.authority(), &id);
        let mut part = self.write(asked.hash);
        let Some(own) = part.terms.get(&asked as &dyn TargetParts) else {
            return true;
        };
        if Some(own.version) != version {
            return false;
        }
        part.terms.remove(&asked as &dyn TargetParts);
        self.counts.release(target.kind(), 1);
        true
    }

    /// Returns the number of parts, for [`purge_part`](Self::purge_part).
    pub(super) const fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Removes the revocations of one part that have no effect after this time.
    pub(super) fn purge_part(&self, place: usize, time: u64) -> Step {
        let Some(lock) = self.parts.get(place) else {
            return Step::default();
        };
        let is_due = |part: &Part| {
            let has_tallies = !part.tallies.is_empty();
            has_tallies || (!part.terms.is_empty() && part.first_end < time)
        };
        if !is_due(&lock.read().unwrap_or_else(PoisonError::into_inner)) {
            return Step::default();
        }
        {
            let mut part = lock.write().unwrap_or_else(PoisonError::into_inner);
            self.note_step(part.tallies.len());
            part.tallies.retain(|_, tally| !tally.forget(time));
        }
        let mut part = lock.write().unwrap_or_else(PoisonError::into_inner);
        let (walked, mut first_end) = (part.terms.len(), u64::MAX);
        part.terms.retain(|listed, term| {
            let is_needed = term.until() >= time;
            match is_needed {
                true => first_end = first_end.min(term.until()),
                false => self.counts.release(listed.kind, 1),
            }
            is_needed
        });
        part.first_end = first_end;
        let left = part.terms.len();
        if part.terms.capacity() > left.saturating_mul(4) {
            part.terms.shrink_to(left.saturating_mul(2));
        }
        self.note_step(walked);
        Step {
            walked,
            removed: walked - left,
        }
    }

    /// Finds again when the first revocation may be forgotten.
    pub(super) fn note_first_end(&self) {
        // What is added meanwhile sets the end of its part first, and this one afterwards.
        self.first_end.store(u64::MAX, Ordering::SeqCst);
        for lock in &self.parts {
            let part = lock.read().unwrap_or_else(PoisonError::into_inner);
            if !part.terms.is_empty() {
                self.first_end.fetch_min(part.first_end, Ordering::SeqCst);
            }
        }
    }

    pub(super) fn first_end(&self) -> u64 {
        self.first_end.load(Ordering::SeqCst)
    }

    /// Calls `see` for every revocation, with the lock of one part at a time.
    pub(super) fn for_each(&self, mut see: impl FnMut(&AskedTarget<'_>, &Term)) {
        for lock in &self.parts {
            let part = lock.read().unwrap_or_else(PoisonError::into_inner);
            self.note_step(part.terms.len());
            for (listed, term) in &part.terms {
                see(&listed.asked(), term);
            }
        }
    }

    /// Returns how many needed revocations this party has caused.
    pub(super) fn tally(&self, party: u64, ended: u64) -> usize {
        let part = self.read(party);
        part.tallies.get(&party).map_or(0, |t| t.count(ended))
    }

    /// Counts a revocation that this party has caused.
    pub(super) fn count_for(&self, party: u64, end: Option<UnixTime>, ended: u64) {
        let mut part = self.write(party);
        part.tallies.entry(party).or_default().add(end, ended);
    }

    /// Returns the number of a party: of a client, a subject or both.
    pub(super) fn party(
        &self,
        authority: &Authority,
        client: Option<&str>,
        subject: Option<&str>,
    ) -> u64 {
        self.hasher.hash_one((authority, client, subject))
    }

    /// Returns true if anything revokes this principal.
    pub(super) fn revokes(&self, principal: &Principal) -> bool {
        let kinds = RevocationKind::ALL.iter();
        let mut used = kinds.filter(|kind| self.counts.has(**kind));
        used.any(|kind| self.revokes_by(*kind, principal))
    }

    fn revokes_by(&self, kind: RevocationKind, principal: &Principal) -> bool {
        let authority = match kind {
            // The id of a token includes its authority.
            RevocationKind::Token => "",
            _ => principal.authority().as_str(),
        };
        any_id(kind, principal, |id| {
            let asked = self.asked(kind, authority, id);
            let part = self.read(asked.hash);
            let term = part.terms.get(&asked as &dyn TargetParts);
            term.is_some_and(|term| term.includes(principal.issued_at()))
        })
    }

    fn asked<'a>(&self, kind: RevocationKind, authority: &'a str, id: &'a [u8]) -> AskedTarget<'a> {
        AskedTarget {
            hash: self.hasher.hash_one((kind, authority, id)),
            kind,
            authority,
            id,
        }
    }

    fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::SeqCst)
    }

    fn interned(&self, name: &str) -> Authority {
        let mut known = self
            .authorities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let authority = Authority::from(name);
        if let Some(own) = known.all.get(&authority) {
            return own.clone();
        }
        if known.all.len() > known.pruned_len.saturating_mul(2).saturating_add(64) {
            known.all.retain(Authority::is_shared);
            known.pruned_len = known.all.len();
        }
        known.all.insert(authority.clone());
        authority
    }

    // INVARIANT: a part is consistent between any two of its steps, so poison is ignored.
    fn read(&self, hash: u64) -> RwLockReadGuard<'_, Part> {
        self.part(hash)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, Part> {
        self.part(hash)
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a number modulo the length, which is a power of two and not zero"
    )]
    fn part(&self, hash: u64) -> &RwLock<Part> {
        // The bits in the middle: a map uses the lowest and the highest ones itself.
        &self.parts[(hash >> 32) as usize & (self.parts.len() - 1)]
    }

    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, reason = "tests count the steps")
    )]
    fn note_step(&self, walked: usize) {
        #[cfg(test)]
        self.longest_step
            .fetch_max(walked, std::sync::atomic::Ordering::SeqCst);
        #[cfg(not(test))]
        let _ = walked;
    }
}

//! A bounded map in pieces that lock for themselves.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::hash::Hash;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::error::StoreError;
use crate::error::StoreErrorKind;

pub(crate) type Map<K, V> = HashMap<K, V>;

/// A bounded map in pieces, so that who reads one seldom waits for who writes another; no lock is
/// held longer than looking up or changing one piece takes.
pub(crate) struct Shards<K, V> {
    first: Piece<K, V>,
    others: Vec<Piece<K, V>>,
    hasher: RandomState,
    len: AtomicUsize,
    limit: usize,
}

/// A piece, on cache lines of its own.
#[repr(align(128))]
struct Piece<K, V>(RwLock<Map<K, V>>);

const PIECES: usize = 64;

impl<K: Eq + Hash, V> Shards<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            first: Piece::new(),
            others: (1..PIECES).map(|_| Piece::new()).collect(),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
            limit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    /// Locks the piece of a key for reading.
    pub(crate) fn read<Q: Hash>(&self, key: &Q) -> RwLockReadGuard<'_, Map<K, V>> {
        self.piece(self.index(key)).read()
    }

    /// Locks the piece of a key for writing.
    pub(crate) fn write(&self, key: &K) -> RwLockWriteGuard<'_, Map<K, V>> {
        self.piece(self.index(key)).write()
    }

    /// Locks the pieces of two keys, which may be one, for writing.
    pub(crate) fn write_both<T>(
        &self,
        keys: [&K; 2],
        change: impl FnOnce(Both<'_, K, V>) -> T,
    ) -> T {
        let [a, b] = keys.map(|key| self.index(key));
        if a == b {
            return change(Both::One(&mut self.piece(a).write()));
        }
        // In one order for all, so that no two wait for each other.
        let mut low = self.piece(a.min(b)).write();
        let mut high = self.piece(a.max(b)).write();
        let both = if a < b {
            Both::Two(&mut low, &mut high)
        } else {
            Both::Two(&mut high, &mut low)
        };
        change(both)
    }

    /// Takes the place of one more entry, which the caller then adds.
    pub(crate) fn reserve(&self) -> Result<(), StoreError> {
        let more = |len: usize| len.checked_add(1).filter(|len| *len <= self.limit);
        let reserved = self
            .len
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        reserved.map(drop).map_err(|_| StoreErrorKind::Full.into())
    }

    /// Removes all entries that `is_over`, and returns how many.
    pub(crate) fn remove(&self, is_over: impl Fn(&K, &V) -> bool) -> usize {
        let pieces = self.others.iter().chain([&self.first]);
        pieces.map(|piece| self.remove_from(piece, &is_over)).sum()
    }

    fn remove_from(&self, piece: &Piece<K, V>, is_over: impl Fn(&K, &V) -> bool) -> usize {
        let mut map = piece.write();
        let before = map.len();
        map.retain(|key, value| !is_over(key, value));
        let removed = before - map.len();
        self.len.fetch_sub(removed, Ordering::SeqCst);
        removed
    }

    fn index<Q: Hash>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key) % PIECES as u64
    }

    fn piece(&self, index: u64) -> &Piece<K, V> {
        let index = usize::try_from(index).unwrap_or_default();
        self.others.get(index).unwrap_or(&self.first)
    }
}

impl<K, V> Piece<K, V> {
    fn new() -> Self {
        Self(RwLock::new(Map::new()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Map<K, V>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map<K, V>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The locked pieces of two keys.
pub(crate) enum Both<'a, K, V> {
    One(&'a mut Map<K, V>),
    Two(&'a mut Map<K, V>, &'a mut Map<K, V>),
}

impl<K, V> Both<'_, K, V> {
    pub(crate) fn first(&mut self) -> &mut Map<K, V> {
        match self {
            Self::One(map) | Self::Two(map, _) => map,
        }
    }

    pub(crate) fn second(&mut self) -> &mut Map<K, V> {
        match self {
            Self::One(map) | Self::Two(_, map) => map,
        }
    }
}

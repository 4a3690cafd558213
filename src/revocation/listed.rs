//! Targets as the keys of a table, and how they are looked up without a copy.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use crate::principal::Authority;
use crate::revocation_list::RevocationKind;

/// A target in a table. Its hash is computed once: it also chooses the part of the table.
pub(super) struct ListedTarget {
    pub(super) hash: u64,
    pub(super) kind: RevocationKind,
    pub(super) authority: Authority,
    pub(super) id: Box<[u8]>,
}

/// A target that a table is asked for.
#[derive(Clone, Copy)]
pub(super) struct AskedTarget<'a> {
    pub(super) hash: u64,
    pub(super) kind: RevocationKind,
    pub(super) authority: &'a str,
    pub(super) id: &'a [u8],
}

/// What two targets are compared by.
pub(super) trait TargetParts {
    fn asked(&self) -> AskedTarget<'_>;
}

impl TargetParts for ListedTarget {
    fn asked(&self) -> AskedTarget<'_> {
        AskedTarget {
            hash: self.hash,
            kind: self.kind,
            authority: self.authority.as_str(),
            id: &self.id,
        }
    }
}

impl TargetParts for AskedTarget<'_> {
    fn asked(&self) -> AskedTarget<'_> {
        *self
    }
}

impl<'a> Borrow<dyn TargetParts + 'a> for ListedTarget {
    fn borrow(&self) -> &(dyn TargetParts + 'a) {
        self
    }
}

impl Hash for dyn TargetParts + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.asked().hash);
    }
}

impl PartialEq for dyn TargetParts + '_ {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (self.asked(), other.asked());
        own.kind == other.kind && own.id == other.id && own.authority == other.authority
    }
}

impl Eq for dyn TargetParts + '_ {}

impl Hash for ListedTarget {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for ListedTarget {
    fn eq(&self, other: &Self) -> bool {
        let own: &dyn TargetParts = self;
        let other: &dyn TargetParts = other;
        own == other
    }
}

impl Eq for ListedTarget {}

/// Takes the hash that a key has already.
#[derive(Default)]
pub(super) struct OwnHash(u64);

impl Hasher for OwnHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys of these tables write one number; anything else is mixed in, never ignored.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_get_the_hash_that_a_target_has() {
        for hash in [0, 1, u64::MAX] {
            let mut own = OwnHash::default();
            own.write_u64(hash);
            assert_eq!(own.finish(), hash);
        }
        let written = |bytes: &[u8]| {
            let mut own = OwnHash::default();
            own.write(bytes);
            own.finish()
        };
        assert_ne!(written(b"a"), written(b"b"));
    }
}

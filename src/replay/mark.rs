//! The mark of something that may be used once.

use std::fmt;

use ring::digest;

/// The mark of something that may be used once, such as a proof: a SHA-256 hash over what it is, who
/// uses it, and its id. A store sees none of them.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ReplayMark {
    hash: [u8; 32],
    group: u8,
}

impl ReplayMark {
    /// Makes the mark of an id that this owner has chosen. Each part is preceded by its length, so
    /// that other parts never have the same mark.
    pub(crate) fn new(kind: &str, owner: &[u8], id: &[u8]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for text in ["bearergate replay v1", kind] {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        }
        for part in [owner, id] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(hash.finish().as_ref());
        Self {
            hash: mark,
            group: owner
                .iter()
                .fold(0, |sum: u8, byte| sum.wrapping_mul(31) ^ byte),
        }
    }

    /// Returns the mark as bytes, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Returns the group of the owner: a store in memory gives each group a share, so that one owner
    /// cannot fill it.
    pub const fn group(&self) -> u8 {
        self.group
    }
}

impl fmt::Debug for ReplayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayMark")
    }
}

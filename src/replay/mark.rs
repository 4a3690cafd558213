//! The mark of something that may be used once.

use std::fmt;

use ring::digest;

/// The mark of something that may be used once, such as a proof: a SHA-256 hash over what it is and
/// the parts that identify it. A store sees neither.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ReplayMark([u8; 32]);

impl ReplayMark {
    /// Makes the mark of something of a kind that these parts identify. Each part is preceded by its
    /// length, so that other parts never have the same mark.
    pub(crate) fn new(kind: &str, parts: &[&[u8]]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for text in ["bearergate replay v1", kind] {
            hash.update(text.as_bytes());
            hash.update(&[0]);
        }
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(hash.finish().as_ref());
        Self(mark)
    }

    /// Returns the mark as bytes, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ReplayMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayMark")
    }
}

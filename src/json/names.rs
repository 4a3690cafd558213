//! Member names of the objects that are open, to find duplicates.

use std::hash::BuildHasher;
use std::hash::RandomState;

use super::Unescaped;

/// The names of all open objects, innermost last.
///
/// Names are compared by a hash under a random seed first, so that nobody can choose names that
/// make the comparison slow.
pub(super) struct Names<const INLINE: usize> {
    seed: u64,
    inline: [Name; INLINE],
    spill: Vec<Name>,
    len: usize,
}

/// Names that stand without allocation in most texts.
pub(super) const FEW: usize = 48;

/// Names that stand without allocation in any object: making room for so many takes time.
pub(super) const MANY: usize = crate::limits::JSON_MEMBERS;

#[derive(Clone, Copy, Default)]
struct Name {
    hash: u32,
    start: u32,
}

impl<const INLINE: usize> Names<INLINE> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            seed: RandomState::new().hash_one(()),
            inline: [Name::default(); INLINE],
            spill: Vec::new(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Closes the objects whose names begin at `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = len;
        self.spill.truncate(len.saturating_sub(INLINE));
    }

    /// Adds the name at `start..end` of `text` to the object whose names begin at `first`.
    ///
    /// Returns false if the object has it already.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8], first: usize, name: (usize, usize, bool)) -> bool {
        let (start, end, escaped) = name;
        let hash = if escaped {
            hash_unescaped(self.seed, text.get(start..).unwrap_or_default())
        } else {
            hash_plain(self.seed, text, start, end)
        };
        if self.has(first, hash, |n| n.is(text, start)) {
            return false;
        }
        self.push(
            text,
            Name {
                hash,
                start: start as u32,
            },
        );
        true
    }

    #[inline]
    fn has(&self, first: usize, hash: u32, is: impl Fn(&Name) -> bool) -> bool {
        let inline = self.inline.get(first.min(INLINE)..self.len.min(INLINE));
        let same = |n: &&Name| n.hash == hash;
        if inline.unwrap_or_default().iter().filter(same).any(&is) {
            return true;
        }
        let spill = self.spill.get(first.saturating_sub(INLINE)..);
        self.len > INLINE && spill.unwrap_or_default().iter().filter(same).any(is)
    }

    fn push(&mut self, text: &[u8], name: Name) {
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = name,
            None => self.push_spill(text, name),
        }
        self.len += 1;
    }

    #[cold]
    fn push_spill(&mut self, text: &[u8], name: Name) {
        if self.spill.capacity() == 0 {
            // A member takes at least five bytes (`"":0,`): one allocation serves the whole text.
            self.spill.reserve_exact(text.len() / 5 + 1);
        }
        self.spill.push(name);
    }
}

impl Names<FEW> {
    /// Returns true if no further name stands without allocation.
    pub(super) const fn is_full(&self) -> bool {
        self.len >= FEW
    }

    /// Makes room for more names.
    pub(super) fn widen(&self) -> Names<MANY> {
        let mut wide = Names {
            seed: self.seed,
            inline: [Name::default(); MANY],
            spill: Vec::new(),
            len: self.len,
        };
        for (slot, name) in wide.inline.iter_mut().zip(&self.inline) {
            *slot = *name;
        }
        wide
    }
}

impl Name {
    fn is(self, text: &[u8], other: usize) -> bool {
        let name = |start| Unescaped::new(text.get(start..).unwrap_or_default());
        name(self.start as usize).eq(name(other))
    }
}

/// Hashes the name at `start..end`, eight bytes at a time.
#[inline]
fn hash_plain(seed: u64, text: &[u8], start: usize, end: usize) -> u32 {
    let len = end.wrapping_sub(start);
    let (mut hash, mut at) = (seed, start);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let left = end.wrapping_sub(at);
        let word = match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => short_word(rest),
        };
        if left < 8 {
            // Bytes behind the name do not count.
            let kept = word & (1_u64 << (left * 8)).wrapping_sub(1);
            return finish(hash ^ kept, len);
        }
        hash = mix(hash, word);
        at = at.wrapping_add(8);
    }
}

#[cold]
fn short_word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, b| word << 8 | u64::from(*b))
}

#[cold]
fn hash_unescaped(seed: u64, name: &[u8]) -> u32 {
    let (mut hash, mut word, mut len) = (seed, 0, 0);
    for byte in Unescaped::new(name) {
        word |= u64::from(byte) << (len % 8 * 8);
        len += 1;
        if len % 8 == 0 {
            hash = mix(hash, word);
            word = 0;
        }
    }
    finish(hash ^ word, len)
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
    (product >> 64) as u64 ^ product as u64
}

#[inline]
fn finish(hash: u64, len: usize) -> u32 {
    (mix(hash, (len as u64) << 56) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_and_plain_names_hash_alike() {
        for len in 0..20 {
            let plain: String = "abcdefghijklmnopqrst".chars().take(len).collect();
            let escaped: String = plain
                .bytes()
                .map(|b| format!("\\u{b:04x}"))
                .chain(["\"".into()])
                .collect();
            assert_eq!(
                hash_plain(7, plain.as_bytes(), 0, len),
                hash_unescaped(7, escaped.as_bytes()),
                "{plain}"
            );
        }
    }

    #[test]
    fn trailing_nul_makes_another_name() {
        assert_ne!(hash_plain(7, b"exp", 0, 3), hash_plain(7, b"exp\0", 0, 4));
    }
}

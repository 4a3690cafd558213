//! Member names of the objects that are open, to find duplicates.

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::LazyLock;

use super::Unescaped;
use crate::limits;

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
pub(super) const MANY: usize = limits::JSON_MEMBERS;

#[derive(Clone, Copy, Default)]
struct Name {
    hash: u32,
    start: u32,
}

/// A name as it stands in the text.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_escaped: bool,
}

/// The names of one open object among those of all.
#[derive(Clone, Copy)]
pub(super) struct Among {
    first: usize,
    // One bit for each hash that may be there.
    seen: u64,
}

impl Among {
    /// Begins with no names at all.
    pub(super) const fn none() -> Self {
        Self { first: 0, seen: 0 }
    }

    /// Takes whatever names there are from `first` on.
    pub(super) const fn some(first: usize) -> Self {
        Self {
            first,
            seen: u64::MAX,
        }
    }

    pub(super) const fn first(self) -> usize {
        self.first
    }
}

/// Why a name is not added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// The object has it already.
    Duplicate,
    /// There is no room.
    Full,
    /// The object has as many as it may have.
    TooMany,
}

/// The same for all texts: nobody outside the process learns it.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));

impl<const INLINE: usize> Names<INLINE> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            seed: *SEED,
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
        if INLINE == MANY {
            self.spill.truncate(len.saturating_sub(INLINE));
        }
    }

    /// Adds a name to the innermost object and returns its first eight bytes as a number, the
    /// first one lowest.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        text: &[u8],
        written: Written,
        among: &mut Among,
    ) -> Result<u64, Refused> {
        let Written { start, end, .. } = written;
        let head = head(text, start, end);
        let hash = if written.is_escaped {
            hash_unescaped(self.seed, text.get(start..).unwrap_or_default())
        } else if end.wrapping_sub(start) < 8 {
            finish(self.seed ^ head, end.wrapping_sub(start))
        } else {
            hash_long(self.seed, text, (start, end))
        };
        if self.len.wrapping_sub(among.first) == limits::JSON_MEMBERS {
            return Err(Refused::TooMany);
        }
        let bit = 1 << (hash % 64);
        if among.seen & bit != 0 && self.has(text, among.first, (hash, start)) {
            return Err(Refused::Duplicate);
        }
        among.seen |= bit;
        let name = Name {
            hash,
            start: start as u32,
        };
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = name,
            None if INLINE == MANY => self.spill(text, name),
            None => return Err(Refused::Full),
        }
        self.len += 1;
        Ok(head)
    }

    #[inline(never)]
    fn has(&self, text: &[u8], first: usize, name: (u32, usize)) -> bool {
        let is = |n: &Name| n.hash == name.0 && n.is(text, name.1);
        let inline = self.inline.get(first.min(INLINE)..self.len.min(INLINE));
        if inline.unwrap_or_default().iter().any(is) {
            return true;
        }
        let spill = self.spill.get(first.saturating_sub(INLINE)..);
        self.len > INLINE && spill.unwrap_or_default().iter().any(is)
    }

    #[cold]
    fn spill(&mut self, text: &[u8], name: Name) {
        if self.spill.capacity() == 0 {
            // A member takes at least five bytes (`"":0,`): one allocation serves the whole text.
            self.spill.reserve_exact(text.len() / 5 + 1);
        }
        self.spill.push(name);
    }
}

impl Name {
    fn is(self, text: &[u8], other: usize) -> bool {
        let name = |start| Unescaped::new(text.get(start..).unwrap_or_default());
        name(self.start as usize).eq(name(other))
    }
}

/// Returns the first eight bytes of the name at `start..end`; bytes behind it do not count.
#[inline(always)]
fn head(text: &[u8], start: usize, end: usize) -> u64 {
    let len = end.wrapping_sub(start);
    let word = word(text, start);
    if len < 8 {
        word & (1_u64 << (len * 8)).wrapping_sub(1)
    } else {
        word
    }
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => short_word(rest),
    }
}

/// Hashes a name of eight bytes or more, eight at a time.
#[inline(never)]
fn hash_long(seed: u64, text: &[u8], (start, end): (usize, usize)) -> u32 {
    let (mut hash, mut at) = (seed, start);
    while end.wrapping_sub(at) >= 8 {
        hash = mix(hash, word(text, at));
        at = at.wrapping_add(8);
    }
    finish(hash ^ head(text, at, end), end.wrapping_sub(start))
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
            let hash = hash_long(7, plain.as_bytes(), (0, len));
            assert_eq!(hash, hash_unescaped(7, escaped.as_bytes()), "{plain}");
            if len < 8 {
                assert_eq!(hash, finish(7 ^ head(plain.as_bytes(), 0, len), len));
            }
        }
    }

    #[test]
    fn trailing_nul_makes_another_name() {
        assert_ne!(hash_long(7, b"exp", (0, 3)), hash_long(7, b"exp\0", (0, 4)));
    }
}

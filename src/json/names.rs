//! Member names of open objects, to find duplicates.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use super::escape::Unescaped;
use crate::limits;

/// The names of all open objects, innermost last.
///
/// Names are compared by a hash with a random seed first, so that a sender cannot choose names that
/// make the comparison slow.
pub(super) struct Names<const INLINE: usize> {
    seed: u64,
    inline: [HashedName; INLINE],
    spill: Vec<HashedName>,
    len: usize,
    /// Whether nested objects may have duplicates, see [`Names::unchecked_inside`].
    is_unchecked_inside: bool,
}

/// Names that are stored without allocation for most texts.
pub(super) const FEW: usize = 48;

/// Names that are stored without allocation for any object. Initializing so many takes time, so
/// they are used only if [`FEW`] are not enough.
pub(super) const MANY: usize = limits::JSON_MEMBERS;

#[derive(Clone, Copy, Default)]
struct HashedName {
    hash: u32,
    start: u32,
}

/// A name in the text, still escaped.
#[derive(Clone, Copy)]
pub(crate) struct RawName {
    /// The first eight bytes, the first one lowest; zero after a shorter name.
    pub(crate) head: u64,
    /// First byte, after the quote.
    pub(crate) start: usize,
    /// Closing quote.
    pub(crate) end: usize,
    pub(crate) is_escaped: bool,
}

/// The part of all names that belongs to one open object.
#[derive(Clone, Copy)]
pub(super) struct NameScope {
    first: usize,
    // A bloom filter: one bit for each group of hashes.
    seen: u64,
}

impl NameScope {
    /// Creates the scope of an object without names, when no other object is open.
    pub(super) const fn empty() -> Self {
        Self { first: 0, seen: 0 }
    }

    /// Creates the scope of the names from index `first` on.
    pub(super) const fn starting_at(first: usize) -> Self {
        Self {
            first,
            seen: u64::MAX,
        }
    }

    pub(super) const fn first(self) -> usize {
        self.first
    }
}

/// Why a name was not added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NameError {
    /// The object has a member of this name already.
    Duplicate,
    /// There is no space without allocation.
    Full,
    /// The object has the largest allowed number of members already.
    TooMany,
}

/// One seed for all texts; it is not visible outside the process.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));

impl<const INLINE: usize> Names<INLINE> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            seed: *SEED,
            inline: [HashedName::default(); INLINE],
            spill: Vec::new(),
            len: 0,
            is_unchecked_inside: false,
        }
    }

    /// Creates names for a text whose nested objects are each scanned again before they are used:
    /// duplicates in them are no error.
    pub(super) fn unchecked_inside() -> Self {
        let mut names = Self::new();
        names.is_unchecked_inside = true;
        names
    }

    pub(super) const fn is_unchecked_inside(&self) -> bool {
        self.is_unchecked_inside
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

    /// Adds a name to the innermost object.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        text: &[u8],
        name: RawName,
        scope: &mut NameScope,
    ) -> Result<(), NameError> {
        if INLINE == MANY && self.len.wrapping_sub(scope.first) == limits::JSON_MEMBERS {
            return Err(NameError::TooMany);
        }
        let hash = self.hash(text, name);
        let bit = 1 << (hash >> 26);
        if scope.seen & bit != 0 && self.contains(text, scope.first, (hash, name.start)) {
            return Err(NameError::Duplicate);
        }
        scope.seen |= bit;
        let added = HashedName {
            hash,
            start: name.start as u32,
        };
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = added,
            None if INLINE == MANY => self.spill(text, added),
            None => return Err(NameError::Full),
        }
        self.len += 1;
        Ok(())
    }

    #[inline(always)]
    fn hash(&self, text: &[u8], name: RawName) -> u32 {
        let len = name.end.wrapping_sub(name.start);
        if name.is_escaped {
            hash_unescaped(self.seed, text.get(name.start..).unwrap_or_default())
        } else if len < 8 {
            hash_short(self.seed, name.head, len)
        } else {
            hash_long(self.seed, text, (name.start, name.end))
        }
    }

    #[inline(never)]
    fn contains(&self, text: &[u8], first: usize, name: (u32, usize)) -> bool {
        let inline = self.inline.get(first.min(INLINE)..self.len.min(INLINE));
        let spill = self.spill.get(first.saturating_sub(INLINE)..);
        contains(inline.unwrap_or_default(), text, name)
            || self.len > INLINE && contains(spill.unwrap_or_default(), text, name)
    }

    #[cold]
    fn spill(&mut self, text: &[u8], name: HashedName) {
        if self.spill.capacity() == 0 {
            // The shortest member has five bytes (`"":0,`): one allocation is enough for a text.
            self.spill.reserve_exact(text.len() / 5 + 1);
        }
        self.spill.push(name);
    }
}

#[inline]
fn contains(names: &[HashedName], text: &[u8], (hash, start): (u32, usize)) -> bool {
    let mut same_hash = names.iter().filter(|n| n.hash == hash);
    same_hash
        .next()
        .is_some_and(|n| n.is(text, start) || same_hash.any(|n| n.is(text, start)))
}

impl HashedName {
    #[cold]
    fn is(self, text: &[u8], other: usize) -> bool {
        let name = |start| Unescaped::new(text.get(start..).unwrap_or_default());
        name(self.start as usize).eq(name(other))
    }
}

/// Returns the head and the length of the name at the start of these bytes of a plain text, or
/// `None` if they have no closing quote.
#[inline(always)]
pub(super) fn short_name(bytes: [u8; 8]) -> Option<(u64, usize)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(bytes);
    let other = word ^ (ONES * b'"' as u64);
    // The highest bit of the first quote is set; bits above it are meaningless.
    let quotes = other.wrapping_sub(ONES) & !other & (ONES << 7);
    if quotes == 0 {
        return None;
    }
    let before = (quotes & quotes.wrapping_neg())
        .wrapping_shr(7)
        .wrapping_sub(1);
    Some((word & before, quotes.trailing_zeros() as usize / 8))
}

/// Returns the first eight bytes of the name at `start..end`; bytes after it are zero.
#[inline(always)]
pub(super) fn head(text: &[u8], start: usize, end: usize) -> u64 {
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

/// Hashes a name of fewer than eight bytes; multiplication by a random odd number is enough for
/// one word.
#[inline(always)]
const fn hash_short(seed: u64, head: u64, len: usize) -> u32 {
    let key = head | (len as u64) << 56;
    (key.wrapping_mul(seed | 1) >> 32) as u32
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
    if len < 8 {
        return hash_short(seed, word, len);
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
    fn escaped_and_plain_names_have_the_same_hash() {
        for len in 0..20 {
            let plain: String = "abcdefghijklmnopqrst".chars().take(len).collect();
            let escaped: String = plain
                .bytes()
                .map(|b| format!("\\u{b:04x}"))
                .chain(["\"".into()])
                .collect();
            let hash = if len < 8 {
                hash_short(7, head(plain.as_bytes(), 0, len), len)
            } else {
                hash_long(7, plain.as_bytes(), (0, len))
            };
            assert_eq!(hash, hash_unescaped(7, escaped.as_bytes()), "{plain}");
        }
    }

    #[test]
    fn short_names_are_read_up_to_their_quote() {
        for (text, wanted) in [
            (b"exp\":1,\"", Some(3)),
            (b"\"1234567", Some(0)),
            (b"1234567\"", Some(7)),
            (b"12345678", None),
        ] {
            let wanted = wanted.map(|len| (head(text, 0, len), len));
            assert_eq!(short_name(*text), wanted, "{text:?}");
        }
    }

    #[test]
    fn trailing_nul_makes_a_different_name() {
        assert_ne!(hash_long(7, b"exp", (0, 3)), hash_long(7, b"exp\0", (0, 4)));
    }
}

//! Member names of the objects that are open, to find duplicates.

use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::LazyLock;

use super::escape::Unescaped;
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
pub(crate) struct Written {
    /// The first eight bytes, the first one lowest; zero behind a shorter name.
    pub(crate) head: u64,
    /// First byte, behind the quote.
    pub(crate) start: usize,
    /// The closing quote.
    pub(crate) end: usize,
    pub(crate) is_escaped: bool,
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

    /// Adds a name to the innermost object.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        text: &[u8],
        name: Written,
        among: &mut Among,
    ) -> Result<(), Refused> {
        if INLINE == MANY && self.len.wrapping_sub(among.first) == limits::JSON_MEMBERS {
            return Err(Refused::TooMany);
        }
        let hash = self.hash(text, name);
        let bit = 1 << (hash >> 26);
        if among.seen & bit != 0 && self.has(text, among.first, (hash, name.start)) {
            return Err(Refused::Duplicate);
        }
        among.seen |= bit;
        let added = Name {
            hash,
            start: name.start as u32,
        };
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = added,
            None if INLINE == MANY => self.spill(text, added),
            None => return Err(Refused::Full),
        }
        self.len += 1;
        Ok(())
    }

    #[inline(always)]
    fn hash(&self, text: &[u8], name: Written) -> u32 {
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
    fn has(&self, text: &[u8], first: usize, name: (u32, usize)) -> bool {
        let inline = self.inline.get(first.min(INLINE)..self.len.min(INLINE));
        let spill = self.spill.get(first.saturating_sub(INLINE)..);
        has(inline.unwrap_or_default(), text, name)
            || self.len > INLINE && has(spill.unwrap_or_default(), text, name)
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

#[inline]
fn has(names: &[Name], text: &[u8], (hash, start): (u32, usize)) -> bool {
    let mut alike = names.iter().filter(|n| n.hash == hash);
    alike
        .next()
        .is_some_and(|n| n.is(text, start) || alike.any(|n| n.is(text, start)))
}

impl Name {
    #[cold]
    fn is(self, text: &[u8], other: usize) -> bool {
        let name = |start| Unescaped::new(text.get(start..).unwrap_or_default());
        name(self.start as usize).eq(name(other))
    }
}

/// Returns the head and the length of the name that these bytes of a plain text begin with, or
/// `None` if no quote ends it within them.
#[inline(always)]
pub(super) fn short_name(bytes: [u8; 8]) -> Option<(u64, usize)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(bytes);
    let other = word ^ (ONES * b'"' as u64);
    // Marks the first quote by its highest bit; bits above it are meaningless.
    let quotes = other.wrapping_sub(ONES) & !other & (ONES << 7);
    if quotes == 0 {
        return None;
    }
    let before = (quotes & quotes.wrapping_neg())
        .wrapping_shr(7)
        .wrapping_sub(1);
    Some((word & before, quotes.trailing_zeros() as usize / 8))
}

/// Returns the first eight bytes of the name at `start..end`; bytes behind it do not count.
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

/// Hashes a name of fewer than eight bytes: a product with a random odd number is enough for what
/// fits one.
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
    fn escaped_and_plain_names_hash_alike() {
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
    fn trailing_nul_makes_another_name() {
        assert_ne!(hash_long(7, b"exp", (0, 3)), hash_long(7, b"exp\0", (0, 4)));
    }
}

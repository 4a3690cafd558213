//! Scanned objects that own their text.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use super::error::{JsonError, JsonErrorKind};
use super::escape::{Unescaped, unescape};
use super::scan::{Escapes, scan_object};
use super::sink::{Sink, Span};
use super::value::Value;

/// A scanned object in one buffer: its text, bytes of its owner, the index of its members, and
/// strings that its owner appends.
///
/// One buffer, because it is allocated for every accepted token.
#[derive(Clone, Default)]
pub(crate) struct Document {
    bytes: Vec<u8>,
    text_len: u32,
    index_at: u32,
    members: u32,
    escapes: Escapes,
}

/// A range of bytes in a document's buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TextRange {
    start: u32,
    /// The end plus one, so that `Option<TextRange>` has the same size.
    end_plus_one: NonZeroU32,
}

impl TextRange {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: saturate(start),
            end_plus_one: NonZeroU32::MIN.saturating_add(saturate(end)),
        }
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        self.end_plus_one.get() as usize - 1
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start() >= self.end()
    }
}

impl Default for TextRange {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// An index of members in a slice: four 16-bit offsets for each member.
pub(crate) struct Index<'b> {
    space: &'b mut [u8],
    members: usize,
}

/// Size of one member in an [`Index`], in bytes.
pub(crate) const ENTRY_BYTES: usize = 8;

/// Longest text, in bytes, that an [`Index`] can refer to.
pub(crate) const INDEXED_BYTES: usize = u16::MAX as usize;

impl<'b> Index<'b> {
    pub(crate) fn new(space: &'b mut [u8]) -> Self {
        Self { space, members: 0 }
    }

    /// Returns a size in bytes that is enough for the index of any text of this length.
    pub(crate) fn size_for(text_len: usize) -> usize {
        // The shortest member has five bytes: `"":0,`.
        (text_len / 5).min(crate::limits::JSON_MEMBERS) * ENTRY_BYTES
    }

    pub(crate) const fn members(&self) -> usize {
        self.members
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, span: Span) {
        let (entries, _) = self.space.as_chunks_mut::<ENTRY_BYTES>();
        if let Some(entry) = entries.get_mut(self.members) {
            let packed = span.name_start as u64
                | (span.name_end as u64) << 16
                | (span.value_start as u64) << 32
                | (span.value_end as u64) << 48;
            *entry = packed.to_le_bytes();
            self.members += 1;
        }
    }
}

impl Sink for Index<'_> {
    fn member(&mut self, _: &[u8], member: Span) {
        self.add(member);
    }

    fn restart(&mut self) {
        self.members = 0;
    }
}

impl Document {
    /// Returns the size of its buffer in bytes.
    pub(crate) fn footprint(&self) -> usize {
        self.bytes.capacity()
    }

    /// Scans a text and copies it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        if text.len() > INDEXED_BYTES {
            return Err(JsonError::new(JsonErrorKind::TooLarge, INDEXED_BYTES));
        }
        let mut bytes = text.to_vec();
        bytes.resize(text.len() + Index::size_for(text.len()), 0);
        let (text, space) = bytes.split_at_mut(text.len());
        let mut index = Index::new(space);
        let escapes = scan_object(text, &mut index)?;
        let (text_len, members) = (text.len(), index.members());
        bytes.truncate(text_len + members * ENTRY_BYTES);
        Ok(Self::assemble(
            bytes,
            (text_len, escapes),
            (text_len, members),
        ))
    }

    /// Returns how many bytes, in addition to the index, are enough to append values of the text.
    pub(crate) const fn append_size_for(text_len: usize) -> usize {
        // The index has space for the largest number of members. In a shorter text, every five
        // bytes of an appended value leave at least eight bytes of the index unused.
        if text_len / 5 > crate::limits::JSON_MEMBERS {
            text_len
        } else {
            0
        }
    }

    /// Creates a document from a buffer whose first `text_len` bytes are a scanned object. `index`
    /// is the position of its index in the buffer and the number of members.
    pub(crate) fn assemble(
        bytes: Vec<u8>,
        (text_len, escapes): (usize, Escapes),
        index: (usize, usize),
    ) -> Self {
        Self {
            bytes,
            text_len: saturate(text_len),
            index_at: saturate(index.0),
            members: saturate(index.1),
            escapes,
        }
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> &str {
        self.slice(TextRange::new(0, self.text_len as usize))
    }

    /// Returns all bytes: the text and what follows it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes of a part of the text or of an appended string.
    #[inline]
    pub(crate) fn slice_bytes(&self, range: TextRange) -> &[u8] {
        let bytes = self.bytes.get(range.start()..range.end());
        bytes.unwrap_or_default()
    }

    /// Returns a part of the text or an appended string.
    pub(crate) fn slice(&self, range: TextRange) -> &str {
        let bytes = self.bytes.get(range.start()..range.end());
        // Ranges end where JSON values end, so they are UTF-8.
        str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the value at a range, or `None` if the range is empty.
    pub(crate) fn value(&self, range: TextRange) -> Option<Value<'_>> {
        let raw = self.bytes.get(range.start()..range.end());
        (!range.is_empty()).then(|| Value::from_scanned(raw.unwrap_or_default()))
    }

    /// Returns the range of the value of the member with this name.
    pub(crate) fn find(&self, name: &str) -> Option<TextRange> {
        let entry = self.entries().find(|e| self.has_name(*e, name))?;
        Some(TextRange::new(entry[2].into(), entry[3].into()))
    }

    /// Returns the value of the member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'_>> {
        self.value(self.find(name)?)
    }

    /// Returns the names of the members in order, still escaped.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .map(|[start, end, ..]| self.slice(TextRange::new(start.into(), end.into())))
    }

    /// Returns the members in order: unescaped name, escaped name, value.
    pub(crate) fn members(&self) -> impl Iterator<Item = (Cow<'_, str>, &str, Value<'_>)> {
        self.entries().filter_map(|[start, end, from, to]| {
            let raw = self.slice(TextRange::new(start.into(), end.into()));
            let value = self.value(TextRange::new(from.into(), to.into()))?;
            Some((unescape(raw), raw, value))
        })
    }

    /// Returns whether the text can have escapes.
    pub(crate) const fn escapes(&self) -> Escapes {
        self.escapes
    }

    /// Frees the capacity that is not used.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends a string.
    pub(crate) fn append(&mut self, text: &str) -> TextRange {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        TextRange::new(start, self.bytes.len())
    }

    /// Appends the unescaped content of a string, or of all strings of an array, separated by
    /// spaces.
    pub(crate) fn append_joined(&mut self, value: TextRange) -> TextRange {
        let start = self.bytes.len();
        // The result is never longer than the value.
        self.bytes.resize(start + value.end() - value.start(), 0);
        let (before, space) = self.bytes.split_at_mut(start);
        let raw = before.get(value.start()..value.end()).unwrap_or_default();
        let len = join(Value::from_scanned(raw), space);
        self.bytes.truncate(start + len);
        TextRange::new(start, self.bytes.len())
    }

    fn entries(&self) -> impl Iterator<Item = [u16; 4]> {
        let index = self.bytes.get(self.index_at as usize..).unwrap_or_default();
        let (entries, _) = index.as_chunks::<ENTRY_BYTES>();
        entries.iter().take(self.members as usize).map(|e| {
            let [a, b, c, d, e, f, g, h] = *e;
            [[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes)
        })
    }

    fn has_name(&self, [start, end, ..]: [u16; 4], name: &str) -> bool {
        let raw = self.bytes.get(start.into()..end.into()).unwrap_or_default();
        match self.escapes {
            Escapes::Absent => raw == name.as_bytes(),
            Escapes::Possible => Unescaped::new(raw).eq(name.bytes()),
        }
    }
}

/// Writes the unescaped contents, separated by spaces, and returns their length.
fn join(value: Value<'_>, space: &mut [u8]) -> usize {
    let single = value.content().into_iter();
    let several = value
        .elements()
        .into_iter()
        .flatten()
        .filter_map(Value::content);
    let mut len = 0;
    let mut put = |byte| {
        if let Some(to) = space.get_mut(len) {
            *to = byte;
            len += 1;
        }
        len
    };
    let mut written = 0;
    for content in single.chain(several) {
        if written > 0 {
            put(b' ');
        }
        written = Unescaped::new(content)
            .map(&mut put)
            .last()
            .unwrap_or(written);
    }
    written
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_unescaped_name() {
        let document = Document::parse(br#"{"a":1,"b\u0063":"x","":[]}"#).unwrap();
        assert_eq!(document.get("a").unwrap().raw(), "1");
        assert_eq!(document.get("bc").unwrap().as_str().unwrap(), "x");
        assert_eq!(document.get("").unwrap().raw(), "[]");
        assert!(document.get("b\\u0063").is_none());
        assert!(document.get("x").is_none());
    }

    #[test]
    fn index_holds_as_many_members_as_a_text_can_have() {
        let members: Vec<_> = (0..crate::limits::JSON_MEMBERS)
            .map(|i| format!("\"{}\":0", char::from_u32(0x100 + i as u32).unwrap()))
            .collect();
        let text = format!("{{{}}}", members.join(","));
        let document = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(document.names().count(), crate::limits::JSON_MEMBERS);
        let tiny = Document::parse(br#"{"":0,"a":1}"#).unwrap();
        assert_eq!(tiny.get("a").unwrap().raw(), "1");
    }

    #[test]
    fn appended_strings_are_unescaped() {
        let mut document =
            Document::parse(br#"{"a":"x\/y","b":["z\u0041", "", "q"],"c":[]}"#).unwrap();
        for (name, wanted) in [("a", "x/y"), ("b", "zA  q"), ("c", "")] {
            let joined = document.append_joined(document.find(name).unwrap());
            assert_eq!(document.slice(joined), wanted);
        }
        assert_eq!(
            document.text(),
            r#"{"a":"x\/y","b":["z\u0041", "", "q"],"c":[]}"#
        );
    }

    #[test]
    fn text_beyond_the_index_is_rejected() {
        let text = |n| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
        assert!(Document::parse(text(INDEXED_BYTES).as_bytes()).is_ok());
        let error = Document::parse(text(INDEXED_BYTES + 1).as_bytes()).unwrap_err();
        assert_eq!(error.kind(), JsonErrorKind::TooLarge);
    }
}

//! A scanned object that owns its text.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use super::JsonError;
use super::JsonErrorKind;
use super::escape::Unescaped;
use super::escape::unescape;
use super::scan::Sink;
use super::scan::Span;
use super::scan::Texture;
use super::scan::scan_object;
use super::value::Value;

/// An object in one buffer: its text first, then what its owner keeps, then where the members
/// stand, then what its owner appends.
///
/// One buffer, because it is made for every accepted token.
#[derive(Clone, Default)]
pub(crate) struct Document {
    bytes: Vec<u8>,
    text_len: u32,
    index_at: u32,
    members: u32,
    texture: Texture,
}

/// A piece of a document's buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Piece {
    start: u32,
    /// The place after the end, so that `Option<Piece>` is no larger.
    after: NonZeroU32,
}

impl Piece {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: small(start),
            after: NonZeroU32::MIN.saturating_add(small(end)),
        }
    }

    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) const fn end(self) -> usize {
        self.after.get() as usize - 1
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start() >= self.end()
    }
}

impl Default for Piece {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Writes where members stand into a slice: four 16-bit offsets each.
pub(crate) struct Index<'b> {
    space: &'b mut [u8],
    members: usize,
}

/// Bytes that one member takes in an [`Index`].
pub(crate) const ENTRY: usize = 8;

/// Longest text in bytes whose members an [`Index`] can place.
pub(crate) const INDEXED_BYTES: usize = u16::MAX as usize;

impl<'b> Index<'b> {
    pub(crate) fn new(space: &'b mut [u8]) -> Self {
        Self { space, members: 0 }
    }

    /// Returns how many bytes hold the index of any text of this length.
    pub(crate) fn room(text_len: usize) -> usize {
        // A member takes at least five bytes: `"":0,`.
        (text_len / 5).min(crate::limits::JSON_MEMBERS) * ENTRY
    }

    pub(crate) const fn members(&self) -> usize {
        self.members
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, span: Span) {
        let (entries, _) = self.space.as_chunks_mut::<ENTRY>();
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
    /// Returns how many bytes of memory its buffer takes.
    pub(crate) fn footprint(&self) -> usize {
        self.bytes.capacity()
    }

    /// Scans a text and keeps it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        if text.len() > INDEXED_BYTES {
            return Err(JsonError::new(JsonErrorKind::TooLarge, INDEXED_BYTES));
        }
        let mut bytes = text.to_vec();
        bytes.resize(text.len() + Index::room(text.len()), 0);
        let (text, space) = bytes.split_at_mut(text.len());
        let mut index = Index::new(space);
        let texture = scan_object(text, &mut index)?;
        let (text_len, members) = (text.len(), index.members());
        bytes.truncate(text_len + members * ENTRY);
        Ok(Self::assemble(
            bytes,
            (text_len, texture),
            (text_len, members),
        ))
    }

    /// Returns how many bytes beside the index hold whatever is appended of a text's own values.
    pub(crate) const fn room(text_len: usize) -> usize {
        // In a shorter text the members that values take the place of leave enough of the index's
        // room: eight bytes in five.
        if text_len / 5 > crate::limits::JSON_MEMBERS {
            text_len
        } else {
            0
        }
    }

    /// Takes a buffer whose first `text_len` bytes are a scanned object of this texture, and whose
    /// index of so many members begins at the place given with it.
    pub(crate) fn assemble(
        bytes: Vec<u8>,
        (text_len, texture): (usize, Texture),
        index: (usize, usize),
    ) -> Self {
        Self {
            bytes,
            text_len: small(text_len),
            index_at: small(index.0),
            members: small(index.1),
            texture,
        }
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> &str {
        self.piece(Piece::new(0, self.text_len as usize))
    }

    /// Returns all bytes: the text and what follows it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns a piece of the text or of what was appended.
    pub(crate) fn piece(&self, piece: Piece) -> &str {
        let bytes = self.bytes.get(piece.start()..piece.end());
        // Pieces are cut at the ends of JSON values, so they are UTF-8.
        str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the value at a piece, unless the piece is empty.
    pub(crate) fn value(&self, piece: Piece) -> Option<Value<'_>> {
        let raw = self.bytes.get(piece.start()..piece.end());
        (!piece.is_empty()).then(|| Value::accepted(raw.unwrap_or_default()))
    }

    /// Returns where the value of the member of that name stands.
    pub(crate) fn find(&self, name: &str) -> Option<Piece> {
        let entry = self.entries().find(|e| self.named(*e, name))?;
        Some(Piece::new(entry[2].into(), entry[3].into()))
    }

    /// Returns the value of the member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'_>> {
        self.value(self.find(name)?)
    }

    /// Returns the names of the members, with their escapes, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .map(|[start, end, ..]| self.piece(Piece::new(start.into(), end.into())))
    }

    /// Returns the members in their order: name, name with its escapes, value.
    pub(crate) fn members(&self) -> impl Iterator<Item = (Cow<'_, str>, &str, Value<'_>)> {
        self.entries().filter_map(|[start, end, from, to]| {
            let raw = self.piece(Piece::new(start.into(), end.into()));
            let value = self.value(Piece::new(from.into(), to.into()))?;
            Some((unescape(raw), raw, value))
        })
    }

    /// Returns what is known of the characters of the text.
    pub(crate) const fn texture(&self) -> Texture {
        self.texture
    }

    /// Gives back the room that nothing was appended to.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends a string.
    pub(crate) fn append(&mut self, text: &str) -> Piece {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        Piece::new(start, self.bytes.len())
    }

    /// Appends the content of a string, or those of an array of strings with a space between
    /// them, without their escapes.
    pub(crate) fn append_joined(&mut self, value: Piece) -> Piece {
        let start = self.bytes.len();
        // The result is never longer than the value.
        self.bytes.resize(start + value.end() - value.start(), 0);
        let (before, space) = self.bytes.split_at_mut(start);
        let raw = before.get(value.start()..value.end()).unwrap_or_default();
        let len = join(Value::accepted(raw), space);
        self.bytes.truncate(start + len);
        Piece::new(start, self.bytes.len())
    }

    fn entries(&self) -> impl Iterator<Item = [u16; 4]> {
        let index = self.bytes.get(self.index_at as usize..).unwrap_or_default();
        let (entries, _) = index.as_chunks::<ENTRY>();
        entries.iter().take(self.members as usize).map(|e| {
            let [a, b, c, d, e, f, g, h] = *e;
            [[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes)
        })
    }

    fn named(&self, [start, end, ..]: [u16; 4], name: &str) -> bool {
        let raw = self.bytes.get(start.into()..end.into()).unwrap_or_default();
        match self.texture {
            Texture::Plain => raw == name.as_bytes(),
            Texture::Any => Unescaped::new(raw).eq(name.bytes()),
        }
    }
}

/// Writes the contents and returns how many bytes they take.
fn join(value: Value<'_>, space: &mut [u8]) -> usize {
    let one = value.content().into_iter();
    let many = value
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
    for content in one.chain(many) {
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
    fn the_index_holds_as_many_members_as_a_text_can_have() {
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
    fn appended_strings_lose_their_escapes() {
        let mut document =
            Document::parse(br#"{"a":"x\/y","b":["z\u0041", "", "q"],"c":[]}"#).unwrap();
        for (name, wanted) in [("a", "x/y"), ("b", "zA  q"), ("c", "")] {
            let joined = document.append_joined(document.find(name).unwrap());
            assert_eq!(document.piece(joined), wanted);
        }
        assert_eq!(
            document.text(),
            r#"{"a":"x\/y","b":["z\u0041", "", "q"],"c":[]}"#
        );
    }

    #[test]
    fn text_beyond_the_index_is_refused() {
        let text = |n| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
        assert!(Document::parse(text(INDEXED_BYTES).as_bytes()).is_ok());
        let error = Document::parse(text(INDEXED_BYTES + 1).as_bytes()).unwrap_err();
        assert_eq!(error.kind(), JsonErrorKind::TooLarge);
    }
}

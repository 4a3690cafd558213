//! Values of a scanned text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use super::error::{JsonError, JsonErrorKind};
use super::escape::{Unescaped, unescape};
use super::plain::is_plain;
#[cfg(feature = "issuer")]
use super::scan::scan_inner_value;
use super::scan::{Escapes, scan_value};

/// A value that the scanner accepted: a span of the scanned text.
///
/// Nothing is coerced: each getter returns `None` for a value of another type. `Debug` shows the
/// type only.
#[derive(Clone, Copy)]
pub struct Value<'j> {
    // INVARIANT: one JSON value without white space around it, accepted by the scanner. So it is
    // UTF-8; that is checked again only where text is requested.
    raw: &'j [u8],
}

/// The type of a JSON value.
///
/// The text decides it: a string that contains digits is a string, and no type is converted to
/// another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 8259 section 3 closes the list"
)]
pub enum Kind {
    /// An array.
    ///
    /// Its elements are those of [`Value::elements`].
    Array,
    /// `true` or `false`.
    ///
    /// [`Value::as_bool`] returns which one.
    Bool,
    /// `null`.
    ///
    /// It differs from a member that is absent.
    Null,
    /// A number, finite as an `f64`.
    ///
    /// [`Value::raw`] returns its digits as they were sent, without rounding.
    Number,
    /// An object.
    ///
    /// [`Value::as_object`] returns its members, whose names are unique.
    Object,
    /// A string.
    ///
    /// [`Value::as_str`] returns its content without quotes and escapes.
    String,
}

impl<'j> Value<'j> {
    /// Scans a text that has one value of any type and nothing else but white space.
    ///
    /// # Errors
    ///
    /// A [`JsonError`] if the text is not strict JSON (see the [module](crate::json)).
    pub fn parse(text: &'j [u8]) -> Result<Self, JsonError> {
        let (start, end) = scan_value(text)?;
        Ok(Self::from_scanned(text.get(start..end).unwrap_or_default()))
    }

    /// Parses a text that is to be the value of a member: like [`parse`](Self::parse), with the bounds
    /// of an inner value.
    #[cfg(feature = "issuer")]
    pub(crate) fn parse_inner(text: &'j [u8]) -> Result<Self, JsonError> {
        let (start, end) = scan_inner_value(text)?;
        Ok(Self::from_scanned(text.get(start..end).unwrap_or_default()))
    }

    /// Creates a value from a span that the scanner accepted as one.
    pub(crate) const fn from_scanned(raw: &'j [u8]) -> Self {
        Self { raw }
    }

    /// Returns the type.
    pub fn kind(self) -> Kind {
        match self.raw.first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Returns the JSON text of the value, without white space around it.
    ///
    /// A string has its quotes and escapes, and a number its digits as they were sent.
    pub fn raw(self) -> &'j str {
        str::from_utf8(self.raw).unwrap_or_default()
    }

    /// Returns the JSON text of the value as bytes.
    pub(crate) const fn bytes(self) -> &'j [u8] {
        self.raw
    }

    /// Returns the unescaped content of a string, or `None` for a value of another type. It is
    /// copied only if it has escapes.
    pub fn as_str(self) -> Option<Cow<'j, str>> {
        let content = str::from_utf8(self.content()?);
        Some(unescape(content.unwrap_or_default()))
    }

    /// Returns the value of `true` or `false`, or `None` for a value of another type.
    ///
    /// The strings `"true"` and `"false"`, and the numbers 0 and 1, are of another type.
    pub fn as_bool(self) -> Option<bool> {
        match self.raw {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Returns the elements of an array in order, or `None` for a value of another type.
    ///
    /// Each element is found when the iterator reaches it; nothing is copied.
    pub fn elements(self) -> Option<Elements<'j>> {
        let inner = self.raw.strip_prefix(b"[")?.strip_suffix(b"]")?;
        Some(Elements {
            rest: inner.trim_ascii_start(),
        })
    }

    /// Returns the members of an object in order, without the allocation of
    /// [`as_object`](Self::as_object), which scans it again.
    pub(crate) fn members(self) -> Option<Members<'j>> {
        let inner = self.raw.strip_prefix(b"{")?.strip_suffix(b"}")?;
        Some(Members {
            rest: inner.trim_ascii_start(),
        })
    }

    /// Reads the value as `T` with `serde_json`. Of numbers that round to the largest `f64` it
    /// refuses some spellings that are not the shortest.
    ///
    /// # Errors
    ///
    /// [`JsonErrorKind::WrongType`] if the value is not a `T`.
    pub fn deserialize<T: Deserialize<'j>>(self) -> Result<T, JsonError> {
        serde_json::from_slice(self.raw)
            .map_err(|e| JsonError::new(JsonErrorKind::WrongType, e.column().saturating_sub(1)))
    }

    /// Creates a value from the whole text of an object that the scanner accepted.
    pub(crate) fn from_object_text(text: &'j str) -> Self {
        Self::from_scanned(text.as_bytes().trim_ascii())
    }

    /// Returns true if this is a string with exactly this content.
    pub(crate) fn is_text(self, wanted: &str) -> bool {
        let Some(content) = self.content() else {
            return false;
        };
        if is_plain(content) {
            return content == wanted.as_bytes();
        }
        Unescaped::new(content).eq(wanted.bytes())
    }

    /// Like [`is_text`](Self::is_text), for a value of a text whose escapes are known.
    #[inline]
    pub(crate) fn is_text_with(self, escapes: Escapes, wanted: &str) -> bool {
        match escapes {
            Escapes::Absent => self.content() == Some(wanted.as_bytes()),
            Escapes::Possible => self.is_text(wanted),
        }
    }

    /// Returns the bytes between the quotes of a string, still escaped.
    pub(crate) fn content(self) -> Option<&'j [u8]> {
        self.raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Value").field(&self.kind()).finish()
    }
}

/// An iterator over the elements of an array, see [`Value::elements`].
///
/// It borrows the scanned text. `Debug` shows none of the elements.
#[derive(Clone)]
pub struct Elements<'j> {
    // INVARIANT: the rest of a scanned array, without its brackets and leading white space.
    rest: &'j [u8],
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elements")
    }
}

impl<'j> Iterator for Elements<'j> {
    type Item = Value<'j>;

    fn next(&mut self) -> Option<Value<'j>> {
        let end = value_len(self.rest)?;
        let (raw, rest) = self.rest.split_at_checked(end)?;
        let rest = rest.trim_ascii_start();
        self.rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        Some(Value::from_scanned(raw))
    }
}

/// An iterator over the members of an object.
pub(crate) struct Members<'j> {
    // INVARIANT: the rest of a scanned object, without its braces and leading white space.
    rest: &'j [u8],
}

impl<'j> Iterator for Members<'j> {
    type Item = (MemberName<'j>, Value<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.strip_prefix(b"\"")?;
        let (name, rest) = text.split_at_checked(string_len(text)?)?;
        let rest = rest.strip_prefix(b"\"")?.trim_ascii_start();
        let mut elements = Elements {
            rest: rest.strip_prefix(b":")?.trim_ascii_start(),
        };
        let value = elements.next()?;
        self.rest = elements.rest;
        Some((MemberName(name), value))
    }
}

/// The name of a member, still escaped.
#[derive(Clone, Copy)]
pub(crate) struct MemberName<'j>(&'j [u8]);

impl<'j> MemberName<'j> {
    pub(crate) fn is(self, name: &str) -> bool {
        Unescaped::new(self.0).eq(name.bytes())
    }

    /// Returns the name without escapes.
    pub(crate) fn text(self) -> Cow<'j, str> {
        unescape(str::from_utf8(self.0).unwrap_or_default())
    }

    /// Returns the bytes between the quotes.
    #[cfg(feature = "policy-file")]
    pub(crate) const fn raw(self) -> &'j [u8] {
        self.0
    }
}

/// Returns the length of the scanned value at the start of `text`, or `None` if there is none.
fn value_len(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.get(at)? {
            b'"' => at += string_len(text.get(at + 1..)?)? + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        let ends = matches!(
            text.get(at),
            None | Some(b',' | b' ' | b'\t' | b'\n' | b'\r')
        );
        if depth == 0 && ends {
            return Some(at);
        }
    }
}

/// Returns the number of bytes before the closing quote.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value<'_> {
        Value::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn elements_are_split_exactly() {
        let text = r#" [ 1 , "a,]\"" ,[],[1,[2]], {"x":[3,"]"]},null,"\\" , -2.5e3 ] "#;
        let raw: Vec<_> = value(text).elements().unwrap().map(Value::raw).collect();
        let wanted = [
            "1",
            r#""a,]\"""#,
            "[]",
            "[1,[2]]",
            r#"{"x":[3,"]"]}"#,
            "null",
            r#""\\""#,
            "-2.5e3",
        ];
        assert_eq!(raw, wanted);
        assert_eq!(value("[]").elements().unwrap().count(), 0);
        assert_eq!(value("[ ]").elements().unwrap().count(), 0);
        assert!(value("{}").elements().is_none());
    }

    #[test]
    fn members_are_split_exactly() {
        let text = r#"{ "a" : 1 ,"b\u0063":"x,}\"" , "":{},"d\"":{"a":[2,{}]}, "e\\":[ ] }"#;
        let members: Vec<_> = value(text).members().unwrap().collect();
        let wanted = [
            ("a", "1"),
            ("bc", r#""x,}\"""#),
            ("", "{}"),
            ("d\"", r#"{"a":[2,{}]}"#),
            ("e\\", "[ ]"),
        ];
        assert_eq!(members.len(), wanted.len());
        for ((name, value), (wanted_name, wanted_raw)) in members.into_iter().zip(wanted) {
            assert!(name.is(wanted_name) && !name.is("z"), "{wanted_name}");
            assert_eq!(value.raw(), wanted_raw);
        }
        for empty in ["{}", "{ }"] {
            assert_eq!(value(empty).members().unwrap().count(), 0);
        }
        assert!(value("[]").members().is_none());
    }

    #[test]
    fn getters_return_values_of_their_own_type_only() {
        assert_eq!(value("true").as_bool(), Some(true));
        assert_eq!(value("\"true\"").as_bool(), None);
        assert_eq!(value("1").as_bool(), None);
        assert_eq!(value("1").as_str(), None);
        assert_eq!(value(r#""a\nb""#).as_str().unwrap(), "a\nb");
        assert!(value("[]").as_object().is_none());
        assert_eq!(value(r#"{"a":1}"#).as_object().unwrap().len(), 1);
    }

    #[test]
    fn debug_shows_the_type_only() {
        assert_eq!(format!("{:?}", value("\"s3cret\"")), "Value(String)");
    }
}

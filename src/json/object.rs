//! Scanned objects that borrow their text.

use std::borrow::Cow;
use std::fmt;

use super::error::{JsonError, JsonErrorKind};
use super::escape::{Unescaped, unescape};
use super::scan::{scan_object, scan_outer_object};
use super::sink::{Sink, Span};
use super::value::Value;
use crate::limits;

/// A scanned object that borrows its text.
///
/// `Debug` shows the names of the members only.
#[derive(Clone)]
pub struct Object<'j> {
    text: &'j str,
    members: Vec<Span>,
}

struct Collect(Vec<Span>);

impl Sink for Collect {
    fn member(&mut self, _: &[u8], member: Span) {
        self.0.push(member);
    }

    fn restart(&mut self) {
        self.0.clear();
    }
}

/// Collects the members of an object below the top one, which can have more.
struct CollectInner(Collect);

impl Sink for CollectInner {
    const MOST: usize = limits::JSON_INNER_MEMBERS;

    fn member(&mut self, text: &[u8], member: Span) {
        self.0.member(text, member);
    }

    fn restart(&mut self) {
        self.0.restart();
    }
}

impl<'j> Object<'j> {
    /// Scans a text that has one object and nothing else but white space.
    ///
    /// # Errors
    ///
    /// A [`JsonError`] if the text is not strict JSON (see the [module](crate::json)) or its value
    /// is not an object.
    pub fn parse(text: &'j [u8]) -> Result<Self, JsonError> {
        let mut members = Collect(Vec::new());
        scan_object(text, &mut members)?;
        Self::from_scanned(text, members)
    }

    /// Scans the text of an object that was found inside a scanned text.
    fn parse_inner(text: &'j [u8]) -> Result<Self, JsonError> {
        let mut members = CollectInner(Collect(Vec::new()));
        scan_object(text, &mut members)?;
        Self::from_scanned(text, members.0)
    }

    /// Scans a text like [`parse`](Self::parse), and allows duplicate members in the values.
    ///
    /// A value must be read by [`Value::to_object`] or [`Value::parse`], which refuse duplicates
    /// in it.
    pub(crate) fn parse_outer(text: &'j [u8]) -> Result<Self, JsonError> {
        let mut members = Collect(Vec::new());
        scan_outer_object(text, &mut members)?;
        Self::from_scanned(text, members)
    }

    fn from_scanned(text: &'j [u8], members: Collect) -> Result<Self, JsonError> {
        let text = str::from_utf8(text)
            .map_err(|e| JsonError::new(JsonErrorKind::InvalidUnicode, e.valid_up_to()))?;
        Ok(Self {
            text,
            members: members.0,
        })
    }

    /// Returns the value of the member with this name; names are compared after unescaping.
    ///
    /// There is at most one, because a text with duplicate names is refused. The members are
    /// searched in order.
    pub fn get(&self, name: &str) -> Option<Value<'j>> {
        let span = self.members.iter().find(|m| self.has_name(m, name))?;
        Some(self.value(span))
    }

    /// Returns the members in the order of the text, with unescaped names.
    ///
    /// A name is copied only if it has escapes. Names and values are untrusted.
    pub fn members(&self) -> impl Iterator<Item = (Cow<'j, str>, Value<'j>)> {
        self.members.iter().map(|m| {
            let name = self.text.get(m.name_start..m.name_end);
            (unescape(name.unwrap_or_default()), self.value(m))
        })
    }

    /// Returns the number of members.
    ///
    /// It is at most [`limits::JSON_MEMBERS`](crate::limits::JSON_MEMBERS), for an object inside
    /// another value [`limits::JSON_INNER_MEMBERS`](crate::limits::JSON_INNER_MEMBERS).
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns true if there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn has_name(&self, member: &Span, name: &str) -> bool {
        let raw = self.text.get(member.name_start..member.name_end);
        let raw = raw.unwrap_or_default();
        if member.name_escaped {
            Unescaped::new(raw.as_bytes()).eq(name.bytes())
        } else {
            raw == name
        }
    }

    fn value(&self, member: &Span) -> Value<'j> {
        let raw = self.text.get(member.value_start..member.value_end);
        Value::from_scanned(raw.unwrap_or("null").as_bytes())
    }
}

impl<'j> Value<'j> {
    /// Returns the members of an object, or `None` for a value of another type.
    ///
    /// The text of the object is scanned again, and a list of its members is allocated.
    pub fn as_object(self) -> Option<Object<'j>> {
        self.to_object().ok()
    }

    /// Returns the members of an object, or what is wrong with it where the text around it was
    /// scanned by [`Object::parse_outer`].
    pub(crate) fn to_object(self) -> Result<Object<'j>, JsonError> {
        // The scan of the whole text has held a top object to its own bound.
        Object::parse_inner(self.bytes())
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.members().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_their_unescaped_name() {
        let text = br#" { "a" : 1 , "b\u0063" : [ 2 ] , "d":{"a":3} } "#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.get("a").unwrap().raw(), "1");
        assert_eq!(object.get("bc").unwrap().raw(), "[ 2 ]");
        assert_eq!(object.get("d").unwrap().raw(), r#"{"a":3}"#);
        assert!(object.get("b\\u0063").is_none());
        let names: Vec<_> = object.members().map(|(n, _)| n.into_owned()).collect();
        assert_eq!(names, ["a", "bc", "d"]);
    }

    #[test]
    fn only_an_object_is_an_object() {
        for text in ["[]", "\"{}\"", "1", "null", " [1]"] {
            let kind = Object::parse(text.as_bytes()).unwrap_err().kind();
            assert_eq!(kind, JsonErrorKind::NotAnObject, "{text}");
        }
        let kind = Object::parse(b"").unwrap_err().kind();
        assert_eq!(kind, JsonErrorKind::UnexpectedEnd);
    }

    #[test]
    fn debug_shows_names_only() {
        let object = Object::parse(br#"{"a":"s3cret"}"#).unwrap();
        assert_eq!(format!("{object:?}"), r#"{"a"}"#);
    }
}

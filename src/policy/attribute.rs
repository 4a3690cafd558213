//! What a service knows of the resource.

use std::fmt;

use crate::policy::truth::Truth;
use crate::principal::Authority;
use crate::principal::ClaimValue;

/// One attribute of a resource, from the service's own records; never from the client.
///
/// `Debug` shows the type alone.
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub enum Attribute<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Somebody: the pair of authority and subject.
    Subject(&'a Authority, &'a str),
    /// A text, compared byte for byte.
    Text(&'a str),
}

impl Attribute<'_> {
    pub(super) fn is(self, wanted: &ClaimValue) -> Truth {
        match (self, wanted) {
            (Self::Bool(own), ClaimValue::Bool(wanted)) => (own == *wanted).into(),
            (Self::Integer(own), ClaimValue::Integer(wanted)) => (own == *wanted).into(),
            (Self::Text(own), ClaimValue::Text(wanted)) => (own == wanted).into(),
            _ => Truth::Unknown,
        }
    }
}

impl From<bool> for Attribute<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Attribute<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a str> for Attribute<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool",
            Self::Integer(_) => "Integer",
            Self::Subject(..) => "Subject",
            Self::Text(_) => "Text",
        })
    }
}

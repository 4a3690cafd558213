//! Attributes of the resource.

use std::fmt;

use crate::policy::truth::Truth;
use crate::principal::{Authority, ClaimValue};

/// The value of one attribute of the requested resource.
///
/// It comes from the service's own records, never from the client. Conditions read it by name:
/// [`attribute`](crate::policy::attribute) compares it, [`owner`](crate::policy::owner) takes a
/// [`Subject`](Self::Subject) for the owner. `Debug` shows only the type.
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub enum Attribute<'a> {
    /// A boolean, compared with a boolean of the configuration. With a value of another type the
    /// condition is [`Unknown`](crate::policy::Truth::Unknown).
    Bool(bool),
    /// A signed integer of 64 bits, compared with an integer of the configuration. Only equality
    /// can be tested, as by [`is`](crate::policy::ResourceAttribute::is).
    Integer(i64),
    /// A user or client: the pair of authority and subject id. An id without its authority
    /// identifies nobody, because two issuers may use the same one.
    Subject(&'a Authority, &'a str),
    /// A string, compared byte for byte: without case folding and without normalization. It never
    /// names an owner, because it has no authority; use [`Subject`](Self::Subject) for that.
    Text(&'a str),
}

impl Attribute<'_> {
    /// Returns whether this is a value of the configuration: unknown for another type.
    pub(super) fn is(self, expected: &ClaimValue) -> Truth {
        match (self, expected) {
            (Self::Bool(value), ClaimValue::Bool(expected)) => (value == *expected).into(),
            (Self::Integer(value), ClaimValue::Integer(expected)) => (value == *expected).into(),
            (Self::Text(value), ClaimValue::Text(expected)) => (value == expected).into(),
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

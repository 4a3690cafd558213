//! Errors of the scanner.

use thiserror::Error;

/// An error of the scanner, or a value of another type than requested.
///
/// It reports what is wrong and where. It contains no part of the text, so it can be logged.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    kind: JsonErrorKind,
    offset: usize,
}

impl JsonError {
    pub(crate) const fn new(kind: JsonErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// Returns the position of the error, in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// One object has two members of the same name after unescaping.
    #[error("duplicate member")]
    DuplicateMember,
    /// The text is not UTF-8, or an escape is a lone surrogate.
    #[error("invalid unicode")]
    InvalidUnicode,
    /// The top value is not an object.
    #[error("value is not an object")]
    NotAnObject,
    /// A number is greater than 1.797693134862e308 or less than its negative. That is slightly
    /// below the largest `f64`, because some parsers round the rest to infinity.
    #[error("number out of range")]
    NumberOutOfRange,
    /// The text does not follow the grammar of RFC 8259.
    #[error("invalid syntax")]
    Syntax,
    /// The text ends inside a value.
    #[error("unexpected end")]
    UnexpectedEnd,
    /// Objects and arrays are nested deeper than
    /// [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH).
    #[error("nesting too deep")]
    TooDeep,
    /// The text is longer than [`limits::JSON_BYTES`](crate::limits::JSON_BYTES).
    #[error("text too large")]
    TooLarge,
    /// An object has more than [`limits::JSON_MEMBERS`](crate::limits::JSON_MEMBERS) members.
    #[error("too many members")]
    TooManyMembers,
    /// A value is of another type than requested.
    #[error("value of another type")]
    WrongType,
}

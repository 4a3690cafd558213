//! Errors of the scanner.

use crate::error::kinds;

/// An error of the scanner, or a value of another type than requested.
///
/// It reports what is wrong and where. It contains no part of the text, so it can be logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
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
    ///
    /// Its text and code contain no part of the JSON text.
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// Returns true if the text exceeds a bound, and may be well-formed otherwise.
    pub(crate) fn is_over_cap(&self) -> bool {
        matches!(
            self.kind,
            JsonErrorKind::TooDeep | JsonErrorKind::TooLarge | JsonErrorKind::TooManyMembers
        )
    }

    /// Returns the position of the error, in bytes from the start of the text.
    ///
    /// For an error of [`Value::deserialize`](crate::json::Value::deserialize) it is the position
    /// in its line of the text of that value.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

kinds! {
    /// What is wrong with a JSON text, as a stable code.
    ///
    /// Except for [`WrongType`](Self::WrongType), the whole text is refused, so a part of it is
    /// never used.
    pub enum JsonErrorKind {
        /// One object has two members of the same name; names are compared after unescaping.
        DuplicateMember = "duplicate_member", "duplicate member";
        /// The text is not UTF-8, or an escape is a lone surrogate.
        InvalidUnicode = "invalid_unicode", "invalid unicode";
        /// The top value is of another type.
        NotAnObject = "not_an_object", "value is not an object";
        /// A number is not finite as an `f64`: it is greater than 1.7976931348623157e308, or less
        /// than its negative, after correct rounding.
        NumberOutOfRange = "number_out_of_range", "number out of range";
        /// The text does not follow the grammar of RFC 8259.
        Syntax = "syntax", "invalid syntax";
        /// The text ends inside a value.
        UnexpectedEnd = "unexpected_end", "unexpected end";
        /// Objects and arrays are nested deeper than
        /// [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH).
        TooDeep = "too_deep", "nesting too deep";
        /// The text is longer than [`limits::JSON_BYTES`](crate::limits::JSON_BYTES).
        TooLarge = "too_large", "text too large";
        /// The top object has more than [`limits::JSON_MEMBERS`](crate::limits::JSON_MEMBERS)
        /// members, or one below it more than
        /// [`limits::JSON_INNER_MEMBERS`](crate::limits::JSON_INNER_MEMBERS).
        TooManyMembers = "too_many_members", "too many members";
        /// A value is of another type than requested.
        WrongType = "wrong_type", "value of another type";
    }
}

impl std::error::Error for JsonErrorKind {}

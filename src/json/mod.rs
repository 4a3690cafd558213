//! Strict JSON: one pass that validates a text and finds its top-level members.
//!
//! Parsers that disagree about a text are how forged claims get past a check, so this scanner
//! accepts less than RFC 8259 allows: no duplicate members at any depth (compared after
//! unescaping), nesting and members within [`limits`](crate::limits), valid UTF-8 without a
//! byte-order mark, no lone surrogates, no number beyond a finite `f64`, nothing after the value.
//! It never recurses. Typed reads go through `serde_json`, on spans that the scanner accepted.
//!
//! ```
//! use bearergate::json::Object;
//!
//! let object = Object::parse(br#"{"sub": "alice", "n": [1, 2]}"#)?;
//! assert_eq!(object.get("sub").and_then(|v| v.as_str()).as_deref(), Some("alice"));
//! assert!(Object::parse(br#"{"exp": 1, "e\u0078p": 2}"#).is_err());
//! # Ok::<(), bearergate::json::JsonError>(())
//! ```

mod document;
mod escape;
mod lexeme;
mod names;
mod number;
mod object;
mod plain;
mod scan;
mod value;

pub(crate) use document::Document;
pub(crate) use document::ENTRY;
pub(crate) use document::Index;
pub(crate) use document::Piece;
pub(crate) use escape::Unescaped;
pub(crate) use names::Written;
pub(crate) use number::Bound;
pub(crate) use number::seconds;
pub use object::Object;
pub(crate) use plain::is_plain;
pub(crate) use scan::Sink;
pub(crate) use scan::Span;
pub(crate) use scan::Texture;
pub(crate) use scan::Told;
pub(crate) use scan::scan_object;
pub use value::Elements;
pub use value::Kind;
pub use value::Value;

use crate::error::kinds;

/// A text was refused, or a value is not of the type that was asked for.
///
/// It tells what is wrong and where, never what the text says.
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
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// Returns where, in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

kinds! {
    /// What is wrong with a JSON text, as a stable code.
    pub enum JsonErrorKind {
        /// Names are compared after unescaping.
        DuplicateMember = "duplicate_member", "duplicate member";
        /// The text is not UTF-8, or an escape names a lone surrogate.
        InvalidUnicode = "invalid_unicode", "invalid unicode";
        /// The top value has another type.
        NotAnObject = "not_an_object", "value is not an object";
        /// The limit is [`limits::JSON_NUMBER`](crate::limits::JSON_NUMBER).
        NumberOutOfRange = "number_out_of_range", "number out of range";
        /// The text breaks the grammar of RFC 8259.
        Syntax = "syntax", "invalid syntax";
        /// The text ends inside a value.
        UnexpectedEnd = "unexpected_end", "unexpected end";
        /// The limit is [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH).
        TooDeep = "too_deep", "nesting too deep";
        /// The limit is [`limits::JSON_BYTES`](crate::limits::JSON_BYTES).
        TooLarge = "too_large", "text too large";
        /// The limit is [`limits::JSON_MEMBERS`](crate::limits::JSON_MEMBERS) in one object.
        TooManyMembers = "too_many_members", "too many members";
        /// A value is not of the type that was asked for.
        WrongType = "wrong_type", "value of another type";
    }
}

impl std::error::Error for JsonErrorKind {}

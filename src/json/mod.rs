//! A strict JSON scanner: one pass validates a text and finds its top-level members.
//!
//! Two parsers that read one text differently let forged claims pass a check. So this scanner
//! accepts less than RFC 8259 allows:
//!
//! - no duplicate members at any depth, compared after unescaping;
//! - at most [`JSON_DEPTH`](crate::limits::JSON_DEPTH) levels of nesting,
//!   [`JSON_MEMBERS`](crate::limits::JSON_MEMBERS) members of the top object,
//!   [`JSON_INNER_MEMBERS`](crate::limits::JSON_INNER_MEMBERS) members of each object below it and
//!   [`JSON_BYTES`](crate::limits::JSON_BYTES) bytes;
//! - valid UTF-8 without a byte-order mark, and no lone surrogates;
//! - no number beyond the largest finite `f64`, and nothing after the value but white space.
//!
//! It does not recurse. Typed reads use `serde_json` on spans that the scanner accepted.
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
mod error;
mod escape;
mod lexeme;
mod many_names;
mod names;
mod number;
mod object;
mod plain;
#[cfg(feature = "policy-file")]
mod position;
mod scan;
mod sink;
#[cfg(feature = "policy-file")]
mod syntax_fault;
mod value;

pub(crate) use document::{Document, ENTRY_BYTES, Index, TextRange};
pub use error::{JsonError, JsonErrorKind};
pub(crate) use escape::{Unescaped, is_hidden, is_printable_without, push_escaped, split_plain};
pub(crate) use names::RawName;
pub(crate) use number::{Rounding, seconds, whole_seconds};
pub use object::Object;
pub(crate) use plain::is_plain;
#[cfg(feature = "policy-file")]
pub(crate) use position::{Position, reference_token};
pub(crate) use scan::{Escapes, scan_object};
pub(crate) use sink::{NameCheck, Sink, Span};
#[cfg(feature = "policy-file")]
pub(crate) use syntax_fault::{FileFormat, SyntaxFault};
pub(crate) use value::Members;
pub use value::{Elements, Kind, Value};

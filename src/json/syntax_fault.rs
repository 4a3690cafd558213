//! What is wrong with a text that is not strict JSON.

use super::error::{JsonError, JsonErrorKind};
use super::position::{Position, name_at};
use crate::error::excerpt;
use crate::limits;

/// Why a text is not strict JSON, for the person who wrote it.
pub(crate) struct SyntaxFault {
    pub(crate) position: Position,
    /// What was expected, what was found and what to do.
    pub(crate) detail: String,
}

/// The format that a text should have, as far as its faults mention it.
pub(crate) struct FileFormat {
    /// What to do with a text that is no JSON at all.
    pub(crate) start: &'static str,
    /// What to do with a text that is nested too deeply.
    pub(crate) flatten: &'static str,
    /// What to do with a text that is too large.
    pub(crate) shorten: &'static str,
    /// False if a word of the text may be a secret. Then none is shown.
    pub(crate) shows_words: bool,
}

impl SyntaxFault {
    /// Returns what is wrong at the position of an error of the scanner.
    pub(crate) fn find(text: &[u8], error: JsonError, format: &FileFormat) -> Self {
        let (offset, detail) = match refused_value(text, error, format) {
            Some(detail) => (error.offset(), detail),
            None => unexpected(text, error.offset(), format),
        };
        Self {
            position: Position::at(text, offset),
            detail,
        }
    }
}

/// Returns the error about what the grammar allows and the scanner does not.
fn refused_value(text: &[u8], error: JsonError, format: &FileFormat) -> Option<String> {
    let offset = error.offset();
    Some(match error.kind() {
        JsonErrorKind::DuplicateMember => {
            let found = match name_at(text, offset) {
                Some(name) if format.shows_words => format!("`{}`", excerpt(&name)),
                _ => "one".to_owned(),
            };
            format!("expected every member of an object once, found {found} twice; remove one")
        }
        JsonErrorKind::InvalidUnicode if text.get(offset) == Some(&b'\\') => {
            "expected a character, found an escape of half a character (a lone surrogate); write \
             the character itself"
                .to_owned()
        }
        JsonErrorKind::InvalidUnicode => {
            "expected UTF-8, found a byte that is not; save the file as UTF-8".to_owned()
        }
        JsonErrorKind::NumberOutOfRange => {
            "expected a number that a 64-bit float can hold, found a larger one; write a smaller \
             number"
                .to_owned()
        }
        JsonErrorKind::TooDeep => format!(
            "expected at most {} levels of nesting, found more; {}",
            limits::JSON_DEPTH,
            format.flatten
        ),
        JsonErrorKind::TooLarge => format!(
            "expected at most {} bytes, found more; {}",
            limits::JSON_BYTES,
            format.shorten
        ),
        JsonErrorKind::TooManyMembers => format!(
            "expected at most {} members in the file's object and {} in one below it, found more; \
             {}",
            limits::JSON_MEMBERS,
            limits::JSON_INNER_MEMBERS,
            format.shorten
        ),
        _ => return None,
    })
}

/// The last lexeme before a position.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Last {
    Nothing,
    Open,
    Comma(usize),
    Colon,
    Name,
    Value,
}

/// What is open at a position.
struct Context {
    open: Vec<u8>,
    last: Last,
    in_string: bool,
}

impl Context {
    /// Reads the text up to an offset, before which it is JSON.
    fn at(text: &[u8], offset: usize) -> Self {
        let mut context = Self {
            open: Vec::new(),
            last: Last::Nothing,
            in_string: false,
        };
        let mut bytes = text.iter().copied().enumerate().take(offset);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' if context.in_string => drop(bytes.next()),
                b'"' => context.quote(),
                _ if context.in_string => {}
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b'{' | b'[' => {
                    context.open.push(byte);
                    context.last = Last::Open;
                }
                b'}' | b']' => {
                    context.open.pop();
                    context.last = Last::Value;
                }
                b',' => context.last = Last::Comma(at),
                b':' => context.last = Last::Colon,
                _ => context.last = Last::Value,
            }
        }
        context
    }

    fn quote(&mut self) {
        self.in_string = !self.in_string;
        if self.in_string {
            return;
        }
        let is_name = matches!(self.last, Last::Open | Last::Comma(_));
        self.last = match self.open.last() {
            Some(b'{') if is_name => Last::Name,
            _ => Last::Value,
        };
    }

    const fn is_before_name(&self) -> bool {
        matches!(self.open.as_slice(), [.., b'{']) && self.is_after_comma_or_open()
    }

    const fn is_after_comma_or_open(&self) -> bool {
        matches!(self.last, Last::Open | Last::Comma(_))
    }

    fn expected(&self) -> &'static str {
        match (self.open.last(), self.last) {
            _ if self.in_string => "the rest of a string",
            (_, Last::Colon) => "a value",
            (_, Last::Name) => "`:`",
            (None, Last::Nothing) => "an object",
            (None, _) => "the end of the file",
            (Some(b'{'), Last::Open) => "a name in double quotes, or `}`",
            (Some(b'{'), Last::Comma(_)) => "a name in double quotes",
            (Some(b'{'), _) => "`,` or `}`",
            (Some(_), Last::Open) => "a value or `]`",
            (Some(_), Last::Comma(_)) => "a value",
            (Some(_), _) => "`,` or `]`",
        }
    }
}

/// Returns where the grammar does not allow what is there, and the error about it.
fn unexpected(text: &[u8], offset: usize, format: &FileFormat) -> (usize, String) {
    let context = Context::at(text, offset);
    let rest = text.get(offset..).unwrap_or_default();
    if let (Last::Comma(comma), Some(b'}' | b']'), false) =
        (context.last, rest.first(), context.in_string)
    {
        let detail = "expected no comma after the last member or element, found one; remove the \
                      comma";
        return (comma, detail.to_owned());
    }
    let (found, remedy) = match context.in_string {
        true => found_in_string(rest),
        false => found(rest, &context, format),
    };
    let detail = format!("expected {}, found {found}; {remedy}", context.expected());
    (offset, detail)
}

fn found(rest: &[u8], context: &Context, format: &FileFormat) -> (String, &'static str) {
    let is_value_next = matches!(context.last, Last::Value) && !context.open.is_empty();
    let (found, remedy) = match rest {
        [] if context.last == Last::Nothing => ("an empty file", format.start),
        [] => ("the end of the file", "add what is missing"),
        [b'/', b'/' | b'*', ..] | [b'#', ..] => ("a comment", "remove the comment: JSON has none"),
        [0xef, 0xbb, 0xbf, ..] => ("a byte-order mark", "save the file without it"),
        [b'\'', ..] => ("a single quote", "write names and strings in double quotes"),
        [b'"' | b'{' | b'[', ..] if is_value_next => {
            return (first(rest), "add the comma before it");
        }
        [b'}' | b']', ..] => return (first(rest), "correct the brackets"),
        [b',', ..] if context.is_after_comma_or_open() => ("a comma", "remove the comma"),
        [byte, ..] if context.last == Last::Nothing && byte.is_ascii_alphabetic() => {
            return (first_word(rest, format), format.start);
        }
        _ if context.last == Last::Nothing => return (first(rest), format.start),
        [byte, ..] if context.is_before_name() && byte.is_ascii_alphabetic() => {
            return (word(rest, format), "write the name in double quotes");
        }
        [byte, ..] if byte.is_ascii_alphabetic() => {
            let remedy = "write a string in double quotes, or `true` or `false`";
            return (word(rest, format), remedy);
        }
        [b'-' | b'+' | b'.' | b'0'..=b'9', ..] if !context.is_before_name() => {
            return (word(rest, format), "write a number as JSON does");
        }
        _ if context.open.is_empty() && context.last == Last::Value => {
            return (first(rest), "remove what follows the object");
        }
        _ => return (first(rest), "correct it"),
    };
    (found.to_owned(), remedy)
}

fn found_in_string(rest: &[u8]) -> (String, &'static str) {
    let (found, remedy) = match rest {
        [] => (
            "the end of the file",
            "close the string with a double quote",
        ),
        [b'\n' | b'\r', ..] => (
            "a line break",
            "close the string with a double quote, or write the break as `\\n`",
        ),
        [0..b' ', ..] => (
            "a control character",
            "write it as an escape, such as `\\t`",
        ),
        _ => {
            let remedy = "write a backslash as `\\\\`, and other escapes as JSON has them";
            return (format!("{} after a backslash", first(rest)), remedy);
        }
    };
    (found.to_owned(), remedy)
}

/// Returns the first character, as messages show it.
fn first(rest: &[u8]) -> String {
    let text = String::from_utf8_lossy(rest.get(..4).unwrap_or(rest));
    let first: String = text.chars().take(1).collect();
    format!("`{}`", excerpt(&first))
}

/// Returns the word that a text begins with where it is a name of YAML or the like. Any other text
/// may be a secret: the path is perhaps that of another file.
fn first_word(rest: &[u8], format: &FileFormat) -> String {
    let len = rest.iter().take_while(|byte| byte.is_ascii_lowercase());
    match rest.get(len.count()) {
        Some(b':') => word(rest, format),
        _ => "a text of another form".to_owned(),
    }
}

/// Returns the text up to the next mark or white space, as messages show it.
fn word(rest: &[u8], format: &FileFormat) -> String {
    if !format.shows_words {
        return "a word without quotes".to_owned();
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte);
    let len = rest.iter().take_while(|byte| is_part(byte)).count();
    let word = String::from_utf8_lossy(rest.get(..len).unwrap_or_default());
    format!("`{}`", excerpt(&word))
}

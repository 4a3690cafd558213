//! What is wrong with claims that are not of a type, as serde reports it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::claim_error::{ClaimError, ClaimErrorKind};
use crate::error::excerpt;

/// What is wrong, and the path to it from the inside out.
#[derive(Debug)]
pub(super) struct Fault {
    kind: ClaimErrorKind,
    expected: Option<Cow<'static, str>>,
    found: &'static str,
    path: Vec<Segment>,
}

#[derive(Debug)]
pub(super) enum Segment {
    /// A member whose name is no part of the type.
    Any,
    Element(usize),
    /// A member that the type has a field for.
    Field(&'static str),
    /// The name of a claim.
    Name(String),
}

impl Fault {
    const fn new(
        kind: ClaimErrorKind,
        expected: Option<Cow<'static, str>>,
        found: &'static str,
    ) -> Self {
        Self {
            kind,
            expected,
            found,
            path: Vec::new(),
        }
    }

    /// A fault that this search does not find, or a check of the type found.
    pub(super) const fn unknown() -> Self {
        Self::new(ClaimErrorKind::ValueRefused, None, "another one")
    }

    /// Adds what the value is a part of.
    pub(super) fn inside(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }

    pub(super) fn into_error(self) -> ClaimError {
        let claim = match self.path.last() {
            Some(Segment::Field(name)) => Some(*name),
            _ => None,
        };
        let mut path = String::new();
        for segment in self.path.iter().rev() {
            let name = match segment {
                Segment::Element(at) => {
                    path.push_str(&format!("[{at}]"));
                    continue;
                }
                Segment::Any => "*",
                Segment::Field(name) => name,
                Segment::Name(name) => name,
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        ClaimError {
            kind: self.kind,
            path,
            expected: self.expected,
            found: self.found,
            claim,
        }
    }
}

/// Texts of serde are used as far as they are those of the type; values are dropped.
impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::unknown()
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected_text(expected);
        Self::new(
            ClaimErrorKind::WrongType,
            Some(expected),
            type_of(unexpected),
        )
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Signed(_) | Unexpected::Unsigned(_) | Unexpected::Float(_) => {
                "another number"
            }
            Unexpected::Str(_) | Unexpected::Char(_) => "another string",
            _ => "another value",
        };
        let expected = expected_text(expected);
        Self::new(ClaimErrorKind::ValueRefused, Some(expected), found)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        let expected = Some(expected_text(expected));
        Self::new(
            ClaimErrorKind::ValueRefused,
            expected,
            "another number of elements",
        )
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let expected = Some(one_of(expected));
        Self::new(ClaimErrorKind::ValueRefused, expected, "another string")
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        let expected = Some(one_of(expected));
        Self::new(ClaimErrorKind::Unexpected, expected, "another name")
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ClaimErrorKind::Missing, None, "none").inside(Segment::Field(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        let expected = Some("one claim for the field".into());
        Self::new(ClaimErrorKind::ValueRefused, expected, "two").inside(Segment::Field(field))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())
    }
}

impl std::error::Error for Fault {}

fn one_of(names: &[&str]) -> Cow<'static, str> {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("one of {}", names.join(", ")).into()
}

/// Returns what a type expects, in words of JSON.
fn expected_text(expected: &dyn Expected) -> Cow<'static, str> {
    let text = expected.to_string();
    match &*text {
        "a sequence" => "an array".into(),
        "a map" => "an object".into(),
        "unit" => "null".into(),
        "a borrowed string" => "a string without escapes".into(),
        "f32" | "f64" => "a number".into(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => format!("an integer ({text})").into(),
        _ => match (text.strip_prefix("struct "), text.strip_prefix("enum ")) {
            (Some(name), _) => format!("an object ({})", excerpt(name)).into(),
            (_, Some(name)) => format!("a string or an object ({})", excerpt(name)).into(),
            _ => excerpt(&text).into(),
        },
    }
}

const fn type_of(unexpected: Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Float(_) => "a number with a fraction or an exponent",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::UnitVariant => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map | Unexpected::NewtypeStruct => "an object",
        _ => "another value",
    }
}

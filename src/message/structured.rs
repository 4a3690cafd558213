//! A strict reader of dictionaries of structured fields (RFC 8941), and their one serialization.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::limits;

/// The members of a dictionary, each key once.
pub(super) type Dictionary<'t> = Vec<(&'t str, Member<'t>)>;

/// Parameters, each key once.
pub(super) type Parameters<'t> = Vec<(&'t str, Bare<'t>)>;

/// A member: its value, its parameters, and its text.
#[derive(Clone, Debug)]
pub(super) struct Member<'t> {
    pub(super) value: MemberValue<'t>,
    pub(super) parameters: Parameters<'t>,
    pub(super) text: &'t str,
}

#[derive(Clone, Debug)]
pub(super) enum MemberValue<'t> {
    Item(Bare<'t>),
    List(Vec<(Bare<'t>, Parameters<'t>)>),
}

/// A value without parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Bare<'t> {
    Boolean(bool),
    Bytes(Vec<u8>),
    /// Its text.
    Decimal(Cow<'t, str>),
    Integer(i64),
    String(Cow<'t, str>),
    Token(Cow<'t, str>),
}

impl Bare<'_> {
    /// Returns the value with text of its own.
    pub(super) fn into_owned(self) -> Bare<'static> {
        match self {
            Self::Boolean(value) => Bare::Boolean(value),
            Self::Bytes(bytes) => Bare::Bytes(bytes),
            Self::Decimal(text) => Bare::Decimal(text.into_owned().into()),
            Self::Integer(number) => Bare::Integer(number),
            Self::String(text) => Bare::String(text.into_owned().into()),
            Self::Token(text) => Bare::Token(text.into_owned().into()),
        }
    }
}

/// Reads a whole field value as a dictionary, or returns `None` if it is none, has a key twice, or is
/// longer than a signature field.
pub(super) fn dictionary(text: &str) -> Option<Dictionary<'_>> {
    if text.len() > limits::SIGNATURE_FIELD_BYTES {
        return None;
    }
    let mut reader = Reader(text.trim_matches(' '));
    let mut members = Dictionary::new();
    while !reader.0.is_empty() {
        let key = reader.key()?;
        let is_known = members.iter().any(|(known, _)| *known == key);
        if is_known || members.len() >= limits::FIELD_MEMBERS {
            return None;
        }
        let member = match reader.0.strip_prefix('=') {
            Some(rest) => {
                reader.0 = rest;
                reader.member()?
            }
            // A key without a value is true, and may have parameters.
            None => {
                let start = reader.0;
                let parameters = reader.parameters()?;
                Member {
                    value: MemberValue::Item(Bare::Boolean(true)),
                    parameters,
                    text: consumed(start, reader.0),
                }
            }
        };
        members.push((key, member));
        reader.skip_space();
        match reader.0.strip_prefix(',') {
            Some(rest) => {
                reader.0 = rest;
                reader.skip_space();
                if reader.0.is_empty() {
                    return None;
                }
            }
            None if reader.0.is_empty() => {}
            None => return None,
        }
    }
    Some(members)
}

fn consumed<'t>(start: &'t str, rest: &str) -> &'t str {
    start.get(..start.len() - rest.len()).unwrap_or_default()
}

struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'t str {
        let end = self.0.bytes().position(|b| !is_part(b));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn key(&mut self) -> Option<&'t str> {
        let is_first = |b: &u8| b.is_ascii_lowercase() || *b == b'*';
        self.0.as_bytes().first().filter(|b| is_first(b))?;
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b);
        Some(self.take_while(is_part))
    }

    fn member(&mut self) -> Option<Member<'t>> {
        let start = self.0;
        let value = match self.0.strip_prefix('(') {
            Some(rest) => {
                self.0 = rest;
                MemberValue::List(self.list()?)
            }
            None => MemberValue::Item(self.bare()?),
        };
        let parameters = self.parameters()?;
        Some(Member {
            value,
            parameters,
            text: consumed(start, self.0),
        })
    }

    fn list(&mut self) -> Option<Vec<(Bare<'t>, Parameters<'t>)>> {
        let mut items = Vec::new();
        loop {
            self.0 = self.0.trim_start_matches(' ');
            if let Some(rest) = self.0.strip_prefix(')') {
                self.0 = rest;
                return Some(items);
            }
            items.push((self.bare()?, self.parameters()?));
            if !self.0.starts_with([' ', ')']) {
                return None;
            }
        }
    }

    fn parameters(&mut self) -> Option<Parameters<'t>> {
        let mut all = Parameters::new();
        while let Some(rest) = self.0.strip_prefix(';') {
            self.0 = rest.trim_start_matches(' ');
            let key = self.key()?;
            let value = match self.0.strip_prefix('=') {
                Some(rest) => {
                    self.0 = rest;
                    self.bare()?
                }
                None => Bare::Boolean(true),
            };
            let is_known = all.iter().any(|(known, _)| *known == key);
            if is_known || all.len() >= limits::FIELD_PARAMETERS {
                return None;
            }
            all.push((key, value));
        }
        Some(all)
    }

    fn bare(&mut self) -> Option<Bare<'t>> {
        match self.0.as_bytes().first()? {
            b'"' => self.string(),
            b':' => self.bytes(),
            b'?' => self.boolean(),
            b'-' | b'0'..=b'9' => self.number(),
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => {
                let is_part =
                    |b: u8| b.is_ascii_alphanumeric() || b":/!#$%&'*+-.^_`|~".contains(&b);
                Some(Bare::Token(self.take_while(is_part).into()))
            }
            _ => None,
        }
    }

    fn string(&mut self) -> Option<Bare<'t>> {
        let is_plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\');
        let inner = self.0.strip_prefix('"')?;
        let end = inner.bytes().position(|b| !is_plain(b))?;
        let (plain, rest) = inner.split_at_checked(end)?;
        if let Some(rest) = rest.strip_prefix('"') {
            self.0 = rest;
            return Some(Bare::String(plain.into()));
        }
        self.escaped_string()
    }

    fn escaped_string(&mut self) -> Option<Bare<'t>> {
        let mut text = String::new();
        let mut letters = self.0.char_indices().skip(1);
        loop {
            match letters.next()? {
                (at, '"') => {
                    self.0 = self.0.get(at + 1..)?;
                    return Some(Bare::String(text.into()));
                }
                (_, '\\') => match letters.next()? {
                    (_, letter @ ('"' | '\\')) => text.push(letter),
                    _ => return None,
                },
                (_, letter @ ' '..='~') => text.push(letter),
                _ => return None,
            }
        }
    }

    fn bytes(&mut self) -> Option<Bare<'t>> {
        let (text, rest) = self.0.strip_prefix(':')?.split_once(':')?;
        self.0 = rest;
        STANDARD.decode(text).ok().map(Bare::Bytes)
    }

    fn boolean(&mut self) -> Option<Bare<'t>> {
        let (text, rest) = self.0.split_at_checked(2)?;
        self.0 = rest;
        match text {
            "?1" => Some(Bare::Boolean(true)),
            "?0" => Some(Bare::Boolean(false)),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Bare<'t>> {
        let start = self.0;
        self.0 = self.0.strip_prefix('-').unwrap_or(self.0);
        let whole = self.take_while(|b| b.is_ascii_digit());
        let Some(rest) = self.0.strip_prefix('.') else {
            let is_integer = (1..=15).contains(&whole.len());
            let number = consumed(start, self.0).parse().ok();
            return number.filter(|_| is_integer).map(Bare::Integer);
        };
        self.0 = rest;
        let part = self.take_while(|b| b.is_ascii_digit());
        let is_decimal = (1..=12).contains(&whole.len()) && (1..=3).contains(&part.len());
        is_decimal.then(|| Bare::Decimal(consumed(start, self.0).into()))
    }
}

/// Appends a value in its one serialization.
pub(super) fn push_bare(bare: &Bare<'_>, out: &mut String) {
    match bare {
        Bare::Boolean(value) => out.push_str(if *value { "?1" } else { "?0" }),
        Bare::Bytes(bytes) => {
            out.push(':');
            STANDARD.encode_string(bytes, out);
            out.push(':');
        }
        Bare::Decimal(text) | Bare::Token(text) => out.push_str(text),
        Bare::Integer(number) => out.push_str(&number.to_string()),
        Bare::String(text) => push_string(text, out),
    }
}

/// Appends a string with its quotes.
pub(super) fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        let (plain, escaped) = rest.split_at(at);
        let (letter, after) = escaped.split_at(1);
        out.extend([plain, "\\", letter]);
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

pub(super) fn push_parameters(parameters: &Parameters<'_>, out: &mut String) {
    for (key, value) in parameters {
        out.push(';');
        out.push_str(key);
        if *value != Bare::Boolean(true) {
            out.push('=');
            push_bare(value, out);
        }
    }
}

/// Appends the value of a member with its parameters.
pub(super) fn push_member(member: &Member<'_>, out: &mut String) {
    match &member.value {
        MemberValue::Item(bare) => push_bare(bare, out),
        MemberValue::List(items) => {
            out.push('(');
            for (number, (bare, parameters)) in items.iter().enumerate() {
                if number > 0 {
                    out.push(' ');
                }
                push_bare(bare, out);
                push_parameters(parameters, out);
            }
            out.push(')');
        }
    }
    push_parameters(&member.parameters, out);
}

/// Appends a whole dictionary.
pub(super) fn push_dictionary(members: &Dictionary<'_>, out: &mut String) {
    for (number, (key, member)) in members.iter().enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        out.push_str(key);
        match &member.value {
            MemberValue::Item(Bare::Boolean(true)) => push_parameters(&member.parameters, out),
            _ => {
                out.push('=');
                push_member(member, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn serialized(text: &str) -> Option<String> {
        let mut out = String::new();
        push_dictionary(&dictionary(text)?, &mut out);
        Some(out)
    }

    #[test]
    fn dictionaries_have_one_serialization() {
        for (text, expected) in [
            ("", ""),
            ("a=1", "a=1"),
            (
                "  a=1,    b=2;x=1;y=2,   c=(a   b   c)",
                "a=1, b=2;x=1;y=2, c=(a b c)",
            ),
            ("a, b;x, c=?0, d=?1", "a, b;x, c=?0, d"),
            (r#"a="x\"\\y""#, r#"a="x\"\\y""#),
            ("a=:AQI=:", "a=:AQI=:"),
            ("a=-1.5, b=-12", "a=-1.5, b=-12"),
            (
                r#"s=("@method" "x";req);created=1;tag="t""#,
                r#"s=("@method" "x";req);created=1;tag="t""#,
            ),
            ("a=*tok/en:x", "a=*tok/en:x"),
        ] {
            assert_eq!(serialized(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_dictionary_is_refused() {
        for bad in [
            "A=1",
            "a=1,",
            "a=1,,b=2",
            "a=",
            "a=1 b=2",
            "a=(",
            "a=(1",
            "a=(\"x\"\"y\")",
            "a=\"x",
            "a=\"\\x\"",
            "a=\"\u{e4}\"",
            "a=:AQ:",
            "a=:AQI=",
            "a=?2",
            "a=1234567890123456",
            "a=1.",
            "a=.5",
            "a=1.2345",
            "a=--1",
            "a=1;",
            "a=1;X",
            "a=1;x=1;x=2",
            "a=1,a=2",
            "=1",
            "1=a",
        ] {
            assert_eq!(serialized(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let members = |count: usize| {
            let all: Vec<_> = (0..count).map(|n| format!("a{n}")).collect();
            serialized(&all.join(", ")).is_some()
        };
        assert!(members(32) && !members(33));
        let parameters = |count: usize| {
            let all: String = (0..count).map(|n| format!(";a{n}")).collect();
            serialized(&format!("a=1{all}")).is_some()
        };
        assert!(parameters(16) && !parameters(17));
        let long = |len: usize| serialized(&format!("a=\"{}\"", "x".repeat(len - 4))).is_some();
        assert!(long(8_192) && !long(8_193));
    }

    proptest! {
        #[test]
        fn the_serialization_is_its_own(text in "[a-c*]?=?[(\"?:;, =0-9a-z.)-]{0,24}") {
            if let Some(once) = serialized(&text) {
                prop_assert_eq!(serialized(&once), Some(once));
            }
        }
    }
}

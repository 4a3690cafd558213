//! What a check of a token expected and what it found, for the operator.

use std::error::Error;
use std::fmt;
use std::fmt::Write;

use crate::clock::{Leeway, UnixTime};
use crate::crypto::Algorithms;
use crate::diagnosis::is_unsafe;
use crate::error::{Rejection, RejectionKind};
use crate::json::{Kind, Value};
use crate::key::{Key, KeySet};

/// What a check expected and what it found; the source of a rejection.
///
/// It holds values of the configuration, and of the token its `iss`, `aud`, `typ`, `alg`, `kid` and
/// times, each cut and with control characters escaped. It is made only for a token that is
/// rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Contrast {
    pub(super) expected: String,
    pub(super) found: String,
}

impl Contrast {
    #[cold]
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A claim that is to have one of these names, of which at most `most` are written.
    #[cold]
    pub(super) fn of_names<'n>(
        claim: &str,
        expected: impl Iterator<Item = &'n str>,
        found: Option<Value<'_>>,
        most: usize,
    ) -> Self {
        Self::new(names(expected, most), described_claim(claim, found, most))
    }

    /// A time at which the token ends, which has passed.
    #[cold]
    pub(super) fn of_past(claim: &str, end: UnixTime, now: UnixTime, leeway: Leeway) -> Self {
        let (end, now) = (end.as_secs(), now.as_secs());
        let past = now.saturating_sub(end);
        let leeway = leeway.as_secs();
        Self::new(
            format!("`{claim}` after {now} (now), with a leeway of {leeway} seconds"),
            format!("{end}, {past} seconds before now"),
        )
    }

    /// A time at which the token begins, which is in the future.
    #[cold]
    pub(super) fn of_future(claim: &str, begin: UnixTime, now: UnixTime, leeway: Leeway) -> Self {
        let (begin, now) = (begin.as_secs(), now.as_secs());
        let ahead = begin.saturating_sub(now);
        let leeway = leeway.as_secs();
        Self::new(
            format!("`{claim}` not after {now} (now), with a leeway of {leeway} seconds"),
            format!("{begin}, {ahead} seconds after now"),
        )
    }

    /// An algorithm that is not one of these.
    #[cold]
    pub(super) fn of_algorithm(found: &str, expected: Algorithms) -> Self {
        let expected = names(expected.iter().map(|a| a.as_str()), usize::MAX);
        Self::new(expected, Shown(found).to_string())
    }

    /// A `kid` for which there is not exactly one key among these.
    #[cold]
    pub(super) fn of_kid(found: Option<&str>, algorithm: &str, keys: &KeySet) -> Self {
        let kids = keys.keys().iter().filter_map(Key::kid);
        let mut expected = format!("exactly one key for {algorithm}, of {}", count(keys));
        if kids.clone().next().is_some() {
            let _ = write!(expected, " with the `kid` {}", List(kids, KIDS));
        }
        let found = match found {
            Some(kid) => format!("`kid` {}", Shown(kid)),
            None => "no `kid`".to_owned(),
        };
        Self::new(expected, found)
    }

    /// Makes a rejection with this as its source.
    #[cold]
    pub(super) fn reject(self, kind: RejectionKind) -> Rejection {
        Rejection::new(kind).with_source(self)
    }
}

impl fmt::Display for Contrast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl Error for Contrast {}

/// Most names and values in the source of a rejection.
pub(super) const SOURCE_NAMES: usize = 8;

/// Bytes for the usual lists of names.
const ROOM: usize = 256;

/// Most values of `kid` that are written.
const KIDS: usize = 10;

/// Most characters of one value.
const CHARACTERS: usize = 200;

fn count(keys: &KeySet) -> String {
    match keys.keys().len() {
        1 => "1 key".to_owned(),
        n => format!("{n} keys"),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>, most: usize) -> String {
    let mut names = names.peekable();
    let mut text = String::with_capacity(ROOM);
    let first = names.next();
    match (first, names.peek()) {
        (None, _) => text.push_str("nothing: no value is accepted"),
        (Some(only), None) => _ = write!(text, "{}", Shown(only)),
        (Some(first), Some(_)) => {
            _ = write!(text, "one of {}, ", Shown(first));
            write_list(&mut text, names, most.saturating_sub(1));
        }
    }
    text
}

/// Writes the values of a claim, or that it is absent. Of objects and of deeper arrays only the type.
pub(super) fn described_claim(claim: &str, value: Option<Value<'_>>, most: usize) -> String {
    let Some(value) = value else {
        return format!("`{claim}` is absent");
    };
    let mut text = String::with_capacity(ROOM);
    let Some(elements) = value.elements() else {
        write_value(&mut text, value);
        return text;
    };
    let count = elements.clone().count();
    text.push_str("an array of ");
    if count == 0 {
        text.push_str("no value");
    }
    for (place, element) in elements.take(most).enumerate() {
        text.push_str(if place == 0 { "" } else { ", " });
        write_value(&mut text, element);
    }
    write_rest(&mut text, count.saturating_sub(most));
    text
}

fn write_value(text: &mut String, value: Value<'_>) {
    let kind = type_name(value);
    // Writing to a string does not fail.
    let _ = match (value.as_str(), value.kind()) {
        (Some(content), _) => write!(text, "{}", Shown(&content)),
        (None, Kind::Bool | Kind::Number) => write!(text, "{}, a {kind}", Shown(value.raw())),
        (None, _) => write!(text, "a value of type {kind}"),
    };
}

fn write_list<'n>(text: &mut String, names: impl Iterator<Item = &'n str>, most: usize) {
    let mut rest = 0;
    for (place, name) in names.enumerate() {
        if place >= most {
            rest += 1;
            continue;
        }
        let comma = if place == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{}", Shown(name));
    }
    write_rest(text, rest);
}

fn write_rest(text: &mut String, rest: usize) {
    if rest > 0 {
        let _ = write!(text, " and {rest} more");
    }
}

/// A list of names, of which at most so many are written.
pub(super) struct List<I>(pub(super) I, pub(super) usize);

impl<'n, I: Iterator<Item = &'n str> + Clone> fmt::Display for List<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_list(&mut text, self.0.clone(), self.1);
        f.write_str(&text)
    }
}

/// A value of the token or of the configuration: cut, with its control characters escaped.
pub(super) struct Shown<'v>(pub(super) &'v str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        let mut characters = self.0.chars();
        for c in characters.by_ref().take(CHARACTERS) {
            if is_unsafe(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        if characters.next().is_some() {
            f.write_str("...")?;
        }
        f.write_char('`')
    }
}

/// Returns the name of a JSON type.
pub(super) fn type_name(value: Value<'_>) -> &'static str {
    match value.kind() {
        Kind::Array => "array",
        Kind::Bool => "boolean",
        Kind::Null => "null",
        Kind::Number => "number",
        Kind::Object => "object",
        Kind::String => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        described_claim("aud", Some(Value::parse(json.as_bytes()).unwrap()), 2)
    }

    #[test]
    fn value_is_cut_and_its_control_characters_are_escaped() {
        assert_eq!(Shown("a\n\u{202e}b").to_string(), "`a\\u{a}\\u{202e}b`");
        let whole = "\u{e9}".repeat(200);
        assert_eq!(Shown(&whole).to_string(), format!("`{whole}`"));
        let long = format!("{whole}x");
        assert_eq!(Shown(&long).to_string(), format!("`{whole}...`"));
    }

    #[test]
    fn only_plain_values_of_a_claim_are_shown() {
        assert_eq!(text(r#""a\u000ab""#), "`a\\u{a}b`");
        assert_eq!(text(r#"["a",7]"#), "an array of `a`, `7`, a number");
        assert_eq!(text(r#"["a","b","c"]"#), "an array of `a`, `b` and 1 more");
        assert_eq!(text("[]"), "an array of no value");
        assert_eq!(text(r#"{"s3cret":"s3cret"}"#), "a value of type object");
        assert_eq!(described_claim("aud", None, 2), "`aud` is absent");
    }

    #[test]
    fn names_are_listed_up_to_a_bound() {
        let list = |all: &[&'static str]| names(all.iter().copied(), 2);
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b"]), "one of `a`, `b`");
        assert_eq!(list(&["a", "b", "c", "d"]), "one of `a`, `b` and 2 more");
    }

    #[test]
    fn times_are_contrasted_with_now_and_the_leeway() {
        let (now, leeway) = (UnixTime::from_secs(1_000), Leeway::default());
        let past = Contrast::of_past("exp", UnixTime::from_secs(900), now, leeway);
        assert_eq!(
            past.to_string(),
            "expected `exp` after 1000 (now), with a leeway of 30 seconds, \
             found 900, 100 seconds before now"
        );
        let future = Contrast::of_future("nbf", UnixTime::from_secs(1_090), now, leeway);
        assert_eq!(
            future.to_string(),
            "expected `nbf` not after 1000 (now), with a leeway of 30 seconds, \
             found 1090, 90 seconds after now"
        );
    }
}

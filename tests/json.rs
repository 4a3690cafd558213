//! The strict scanner compared with JSONTestSuite and `serde_json`, and tested with texts that are
//! known to break parsers.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod common;

use std::collections::BTreeMap;
use std::{fs, thread};

use bearergate::json::{JsonErrorKind, Kind, Object, Value};
use bearergate::limits;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Valid texts that two parsers may read differently, so the scanner rejects them.
const REJECTED: [(&str, JsonErrorKind); 2] = [
    (
        "y_object_duplicated_key.json",
        JsonErrorKind::DuplicateMember,
    ),
    (
        "y_object_duplicated_key_and_value.json",
        JsonErrorKind::DuplicateMember,
    ),
];

/// Name and bytes of every parsing test of JSONTestSuite with this prefix.
fn suite(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = common::vectors("JSONTestSuite/test_parsing") else {
        return Vec::new();
    };
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let named = files.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, path)
    });
    let chosen = named.filter(|(name, _)| name.starts_with(prefix));
    let texts: Vec<_> = chosen
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect();
    assert!(texts.len() > 30, "{prefix}: {}", texts.len());
    texts
}

#[test]
fn texts_that_must_be_accepted_have_the_values_of_serde_json() {
    for (name, text) in suite("y_") {
        let value = Value::parse(&text);
        if let Some((_, kind)) = REJECTED.iter().find(|(rejected, _)| *rejected == name) {
            assert_eq!(value.unwrap_err().kind(), *kind, "{name}");
        } else {
            assert_same(
                value.unwrap_or_else(|e| panic!("{name}: {e}")),
                &expected(&text),
            );
        }
    }
}

#[test]
fn texts_that_must_be_rejected_are_rejected() {
    for (name, text) in suite("n_") {
        assert!(Value::parse(&text).is_err(), "{name}");
        assert!(Object::parse(&text).is_err(), "{name}");
    }
}

#[test]
fn optional_texts_are_accepted_only_with_the_values_of_serde_json() {
    for (name, text) in suite("i_") {
        if let Ok(value) = Value::parse(&text) {
            let expected = serde_json::from_slice(&text);
            assert_same(value, &expected.unwrap_or_else(|e| panic!("{name}: {e}")));
        }
    }
}

fn expected(text: &[u8]) -> serde_json::Value {
    serde_json::from_slice(text).unwrap()
}

/// Requires that every getter of every value returns the value of `serde_json`.
fn assert_same(actual: Value<'_>, expected: &serde_json::Value) {
    assert_eq!(actual.kind(), kind(expected));
    assert_eq!(actual.as_bool(), expected.as_bool());
    assert_eq!(actual.as_str().as_deref(), expected.as_str());
    assert_eq!(
        actual.deserialize::<serde_json::Value>().as_ref(),
        Ok(expected)
    );
    assert_eq!(actual.elements().is_some(), expected.is_array());
    assert_eq!(actual.as_object().is_some(), expected.is_object());
    match expected {
        serde_json::Value::Array(expected) => {
            assert_eq!(actual.elements().unwrap().count(), expected.len());
            let pairs = actual.elements().unwrap().zip(expected);
            pairs.for_each(|(actual, expected)| assert_same(actual, expected));
        }
        serde_json::Value::Object(expected) => {
            assert_same_members(&actual.as_object().unwrap(), expected)
        }
        serde_json::Value::Number(expected) => assert_same_number(actual, expected),
        _ => {}
    }
}

fn assert_same_members(actual: &Object<'_>, expected: &serde_json::Map<String, serde_json::Value>) {
    assert_eq!(actual.len(), expected.len());
    assert_eq!(actual.is_empty(), expected.is_empty());
    for (name, value) in actual.members() {
        assert_same(value, expected.get(name.as_ref()).unwrap());
        assert_eq!(actual.get(&name).unwrap().raw(), value.raw());
    }
}

/// Returns true if `serde_json` refuses a number only because it rounds it to infinity.
fn is_rounded_up(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// Requires that a number is the one of `serde_json`: exactly, or within its rounding.
fn assert_same_number(actual: Value<'_>, expected: &serde_json::Number) {
    if let Some(whole) = expected.as_u64() {
        assert_eq!(actual.raw().parse(), Ok(whole));
    } else if let Some(whole) = expected.as_i64() {
        assert_eq!(actual.raw().parse(), Ok(whole));
    } else {
        let (actual, expected): (f64, f64) =
            (actual.raw().parse().unwrap(), expected.as_f64().unwrap());
        let close = (actual - expected).abs() <= actual.abs() * 1e-14 + f64::MIN_POSITIVE;
        assert!(close, "{actual} {expected}");
    }
}

fn kind(value: &serde_json::Value) -> Kind {
    match value {
        serde_json::Value::Null => Kind::Null,
        serde_json::Value::Bool(_) => Kind::Bool,
        serde_json::Value::Number(_) => Kind::Number,
        serde_json::Value::String(_) => Kind::String,
        serde_json::Value::Array(_) => Kind::Array,
        serde_json::Value::Object(_) => Kind::Object,
    }
}

/// A JSON text in any form: white space, escapes and number formats vary; no member is repeated.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "null", "true", "false", "[]", "{ }", "-0", "1E+2", "0.10"
        ])
        .prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        any::<f32>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| format!("{n:?}")),
        string().prop_map(|(_, text)| text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let array = (vec(inner.clone(), 0..6), space())
            .prop_map(|(values, space)| joined('[', values.into_iter(), ']', &space));
        let object = (vec((string(), inner), 0..6), space())
            .prop_map(|(members, space)| object(members, &space));
        prop_oneof![array, object]
    })
}

fn object(members: Vec<((String, String), String)>, space: &str) -> String {
    let by_name: BTreeMap<_, _> = members
        .into_iter()
        .map(|((name, text), value)| (name, (text, value)))
        .collect();
    let members = by_name
        .into_values()
        .map(|(name, value)| format!("{name}{space}:{space}{value}"));
    joined('{', members, '}', space)
}

fn joined(open: char, parts: impl Iterator<Item = String>, close: char, space: &str) -> String {
    let parts: Vec<_> = parts.collect();
    format!(
        "{open}{space}{}{space}{close}",
        parts.join(&format!("{space},{space}"))
    )
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,12}"
}

/// The content of a string, and an escaped form of it.
fn string() -> impl Strategy<Value = (String, String)> {
    let char = prop_oneof![any::<char>(), proptest::char::range('\0', '\x7f')];
    vec((char, any::<bool>()), 0..12).prop_map(|chars| {
        let content = chars.iter().map(|(char, _)| char).collect();
        let text: String = chars.into_iter().map(escape).collect();
        (content, format!("\"{text}\""))
    })
}

fn escape((char, escaped): (char, bool)) -> String {
    if !escaped && char >= ' ' && char != '"' && char != '\\' {
        return char.to_string();
    }
    let units = char.encode_utf16(&mut [0; 2]).to_vec();
    units
        .into_iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

/// A text with one position replaced by bytes that are special to a parser.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e9", "1e999", "null", "\\u",
        "\\ud800", "\u{feff}", "\0", "\x1f", "\x7f", "/**/", "\u{a0}", "'",
    ];
    let bytes = pieces.map(|piece| piece.as_bytes().to_vec());
    let piece = prop_oneof![select(bytes.to_vec()), vec(any::<u8>(), 0..3)];
    (document(), piece, any::<prop::sample::Index>(), 0_usize..3).prop_map(
        |(text, piece, place, len)| {
            let mut text = text.into_bytes();
            let start = place.index(text.len() + 1);
            text.splice(start..(start + len).min(text.len()), piece);
            text
        },
    )
}

/// Kinds of errors for texts that `serde_json` accepts and the scanner rejects.
const STRICTER: [JsonErrorKind; 4] = [
    JsonErrorKind::DuplicateMember,
    JsonErrorKind::TooDeep,
    JsonErrorKind::TooLarge,
    JsonErrorKind::TooManyMembers,
];

proptest! {
    #[test]
    fn every_document_has_the_values_of_serde_json(text in document()) {
        let value = Value::parse(text.as_bytes()).unwrap();
        assert_same(value, &expected(text.as_bytes()));
    }

    #[test]
    fn string_has_its_unescaped_content((content, text) in string()) {
        let value = Value::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(value.as_str().unwrap(), content);
    }

    #[test]
    fn accepted_texts_are_accepted_by_serde_json(text in broken()) {
        let expected = serde_json::from_slice::<serde_json::Value>(&text);
        match (Value::parse(&text), expected) {
            (Ok(actual), Ok(expected)) => assert_same(actual, &expected),
            (Ok(_), Err(error)) if is_rounded_up(&error) => {}
            (Ok(_), Err(error)) => panic!("only the scanner accepts: {error}"),
            (Err(error), Ok(_)) => prop_assert!(STRICTER.contains(&error.kind()), "{}", error),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in vec(any::<u8>(), 0..200)) {
        let _ = Value::parse(&text);
        let _ = Object::parse(&text);
    }
}

/// An object as in most tokens: printable ASCII without white space, with names of the lengths at
/// which the scanner changes its method, some of them repeated.
fn compact_object() -> impl Strategy<Value = String> {
    let name = prop_oneof!["[a-c]{0,2}", "[ab]c{6,8}", "[a-c:,{}]{0,20}"];
    let value = select(vec![
        "0",
        "7",
        "-1",
        "1.5",
        "true",
        "null",
        "\"\"",
        "\"a\"",
        "\"a,:}b\"",
        "[]",
        "{}",
        "{\"a\":{\"a\":0}}",
        "[{\"a\":0},1]",
        "{\"a\":0,\"a\":0}",
    ]);
    vec((name, value), 0..60).prop_map(|members| {
        let members = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"));
        joined('{', members, '}', "")
    })
}

/// A compact object, usually with one position replaced.
fn compact_or_broken() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(vec![
        "", "\"", "\\", "{", "}", "[", ",", ":", " ", "0", "\t", "\u{e9}",
    ]);
    (
        compact_object(),
        piece,
        any::<prop::sample::Index>(),
        0_usize..3,
    )
        .prop_map(|(text, piece, place, len)| {
            let mut text = text.into_bytes();
            let start = place.index(text.len() + 1);
            text.splice(start..(start + len).min(text.len()), piece.bytes());
            text
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Objects, other values and plain texts are scanned by different code.
    #[test]
    fn objects_are_scanned_as_values_are(text in compact_or_broken()) {
        let value = Value::parse(&text);
        let spaced = [b"\n", text.as_slice()].concat();
        let kind = |text| Object::parse(text).map(drop).map_err(|e| e.kind());
        prop_assert_eq!(kind(&spaced), kind(&text));
        match (Object::parse(&text), value) {
            (Ok(object), Ok(value)) => {
                let expected = expected(&text);
                assert_same(value, &expected);
                assert_same_members(&object, expected.as_object().unwrap());
            }
            (Err(error), Err(_)) if error.kind() == JsonErrorKind::NotAnObject => {}
            (Err(error), Err(other)) => prop_assert_eq!(error, other),
            (Ok(_), Err(error)) => panic!("only an object: {error}"),
            (Err(error), Ok(value)) => {
                prop_assert_eq!(error.kind(), JsonErrorKind::NotAnObject);
                prop_assert!(value.kind() != Kind::Object);
            }
        }
        if let Err(error) = Object::parse(&text) {
            let is_json = serde_json::from_slice::<serde_json::Value>(&text).is_ok();
            let is_stricter = STRICTER.contains(&error.kind());
            prop_assert!(!is_json || is_stricter || error.kind() == JsonErrorKind::NotAnObject);
        }
    }
}

/// Runs on a stack of 64 KiB, on which code that recurses with the depth of a text overflows.
fn on_a_small_stack(check: fn()) {
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(check);
    thread.unwrap().join().unwrap();
}

/// The kind of the error of an object, or `None` if it is accepted.
fn error_kind(text: impl AsRef<[u8]>) -> Option<JsonErrorKind> {
    Object::parse(text.as_ref()).err().map(|error| error.kind())
}

#[test]
fn a19_duplicate_members_are_rejected_at_any_depth_after_unescaping() {
    on_a_small_stack(|| {
        let pairs = [
            (
                r#"{"alg":"none","alg":"HS256"}"#,
                r#"{"alg":"none","Alg":"HS256"}"#,
            ),
            (r#"{"exp":1,"exp":1}"#, r#"{"exp":1,"iat":1}"#),
            (
                r#"{"role":"user","role":"admin"}"#,
                r#"{"role":"user","roles":"admin"}"#,
            ),
            (r#"{"exp":1,"e\u0078p":2}"#, r#"{"exp":1,"e\u0079p":2}"#),
            (
                r#"{"a":{"b":[{"c":1,"c":2}]}}"#,
                r#"{"a":{"b":[{"c":1},{"c":2}]}}"#,
            ),
            (
                r#"{"keys":[{"kid":1,"\u006bid":2}]}"#,
                r#"{"keys":[{"kid":1,"\u006b":2}]}"#,
            ),
        ];
        for (twice, once) in pairs {
            assert_eq!(
                error_kind(twice),
                Some(JsonErrorKind::DuplicateMember),
                "{twice}"
            );
            assert_eq!(error_kind(once), None, "{once}");
        }
    });
}

#[test]
fn m01_nesting_is_bounded_and_costs_no_stack() {
    on_a_small_stack(|| {
        let arrays = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let objects = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        assert_eq!(error_kind(arrays(limits::JSON_DEPTH - 1)), None);
        assert_eq!(error_kind(objects(limits::JSON_DEPTH)), None);
        for text in [
            arrays(limits::JSON_DEPTH),
            objects(limits::JSON_DEPTH + 1),
            arrays(100_000),
            objects(100_000),
            "{\"a\":".to_owned() + &"[".repeat(100_000),
        ] {
            assert_eq!(error_kind(text), Some(JsonErrorKind::TooDeep));
        }
    });
}

#[test]
fn m02_members_of_an_object_are_bounded() {
    on_a_small_stack(|| {
        let object = |n: usize| {
            let members: Vec<_> = (0..n).map(|i| format!("\"n{i}\":{i}")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(error_kind(object(limits::JSON_MEMBERS)), None);
        for n in [limits::JSON_MEMBERS + 1, 50_000] {
            assert_eq!(error_kind(object(n)), Some(JsonErrorKind::TooManyMembers));
        }
        let nested = |n: usize| format!("{{\"a\":[{}]}}", object(n));
        assert_eq!(error_kind(nested(limits::JSON_INNER_MEMBERS)), None);
        for n in [limits::JSON_INNER_MEMBERS + 1, 50_000] {
            assert_eq!(error_kind(nested(n)), Some(JsonErrorKind::TooManyMembers));
        }
        // The size is checked before everything else.
        assert_eq!(error_kind(object(100_000)), Some(JsonErrorKind::TooLarge));
    });
}

#[test]
fn object_inside_a_value_is_read_with_all_its_members() {
    let members: Vec<_> = (0..limits::JSON_INNER_MEMBERS)
        .map(|i| format!("\"n{i}\":{i}"))
        .collect();
    let text = format!("{{\"a\":{{{}}}}}", members.join(","));
    let inner = Object::parse(text.as_bytes()).unwrap().get("a").unwrap();
    let inner = inner.as_object().unwrap();
    assert_eq!(inner.len(), limits::JSON_INNER_MEMBERS);
    assert_eq!(inner.get("n1023").unwrap().raw(), "1023");
}

#[test]
fn every_finite_number_is_accepted_and_nothing_beyond() {
    fn number(raw: &str) -> Result<&str, JsonErrorKind> {
        let value = Value::parse(raw.as_bytes());
        value.map(Value::raw).map_err(|error| error.kind())
    }
    for raw in [
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "1.7976931348623158e308",
        "17976931348623157E292",
        "5e-324",
        "1e-400",
        "0e999",
    ] {
        assert_eq!(number(raw), Ok(raw));
    }
    for raw in ["1e309", "-1e309", "1.7976931348623159e308", "1e99999"] {
        assert_eq!(number(raw), Err(JsonErrorKind::NumberOutOfRange), "{raw}");
    }
    let largest: f64 = Value::parse(b"1.7976931348623157e308")
        .unwrap()
        .deserialize()
        .unwrap();
    assert_eq!(largest, f64::MAX);
}

#[test]
fn m03_invalid_unicode_is_rejected() {
    on_a_small_stack(|| {
        let pairs: [(&[u8], &[u8]); 5] = [
            (br#"{"a":"\ud800"}"#, br#"{"a":"\ud800\udc00"}"#),
            (br#"{"\udfff":1}"#, br#"{"\ud7ff":1}"#),
            (b"{\"a\":\"\xc3\x28\"}", b"{\"a\":\"\xc3\xa8\"}"),
            (b"{\"a\":\"\xc0\xaf\"}", b"{\"a\":\"\xc2\xaf\"}"),
            (b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":\"\xed\x9f\x80\"}"),
        ];
        for (broken, sound) in pairs {
            assert_eq!(
                error_kind(broken),
                Some(JsonErrorKind::InvalidUnicode),
                "{broken:?}"
            );
            assert_eq!(error_kind(sound), None, "{sound:?}");
        }
        // A byte-order mark is not skipped, so the text does not begin with an object.
        assert_eq!(error_kind("\u{feff}{}"), Some(JsonErrorKind::NotAnObject));
        let value = Value::parse("\u{feff}{}".as_bytes());
        assert_eq!(value.unwrap_err().kind(), JsonErrorKind::Syntax);
        assert_eq!(error_kind("{}"), None);
    });
}

#[test]
fn m03_raw_nul_is_rejected_and_escaped_nul_is_kept() {
    assert_eq!(
        error_kind("{\"sub\":\"alice\0bob\"}"),
        Some(JsonErrorKind::Syntax)
    );
    let object = Object::parse(br#"{"sub":"alice\u0000bob"}"#).unwrap();
    assert_eq!(object.get("sub").unwrap().as_str().unwrap(), "alice\0bob");
    assert!(
        Object::parse(br#"{"sub\u0000":1}"#)
            .unwrap()
            .get("sub")
            .is_none()
    );
}

#[test]
fn m04_other_values_and_trailing_bytes_are_rejected() {
    on_a_small_stack(|| {
        for text in ["[{}]", "[]", "\"s\"", "1", "true", "null"] {
            assert_eq!(error_kind(text), Some(JsonErrorKind::NotAnObject), "{text}");
        }
        for text in ["{} x", "{}{}", "{},", "{}\0", "{}]", "{} {}"] {
            assert_eq!(error_kind(text), Some(JsonErrorKind::Syntax), "{text:?}");
        }
        for text in ["", " ", "{", "{\"a\":1"] {
            assert_eq!(
                error_kind(text),
                Some(JsonErrorKind::UnexpectedEnd),
                "{text:?}"
            );
        }
        assert_eq!(error_kind(" {} \r\n\t"), None);
    });
}

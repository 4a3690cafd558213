//! The strict scanner against JSONTestSuite, against `serde_json`, and against texts on which
//! parsers are known to break.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use bearergate::json::{JsonErrorKind, Kind, Object, Value};
use bearergate::limits;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Grammatical, but two parsers may read them differently, so the scanner refuses them.
const REFUSED: [(&str, JsonErrorKind); 2] = [
    (
        "y_object_duplicated_key.json",
        JsonErrorKind::DuplicateMember,
    ),
    (
        "y_object_duplicated_key_and_value.json",
        JsonErrorKind::DuplicateMember,
    ),
];

/// Name and bytes of every parsing test of JSONTestSuite with that prefix.
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
fn what_the_suite_demands_parses_as_serde_json_reads_it() {
    for (name, text) in suite("y_") {
        let value = Value::parse(&text);
        if let Some((_, kind)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            assert_eq!(value.unwrap_err().kind(), *kind, "{name}");
        } else {
            assert_same(
                value.unwrap_or_else(|e| panic!("{name}: {e}")),
                &theirs(&text),
            );
        }
    }
}

#[test]
fn what_the_suite_forbids_is_refused() {
    for (name, text) in suite("n_") {
        assert!(Value::parse(&text).is_err(), "{name}");
        assert!(Object::parse(&text).is_err(), "{name}");
    }
}

#[test]
fn what_the_suite_leaves_open_is_accepted_only_as_serde_json_reads_it() {
    for (name, text) in suite("i_") {
        if let Ok(value) = Value::parse(&text) {
            let theirs = serde_json::from_slice(&text);
            assert_same(value, &theirs.unwrap_or_else(|e| panic!("{name}: {e}")));
        }
    }
}

fn theirs(text: &[u8]) -> serde_json::Value {
    serde_json::from_slice(text).unwrap()
}

/// Every getter of every value gives what `serde_json` read.
fn assert_same(ours: Value<'_>, theirs: &serde_json::Value) {
    assert_eq!(ours.kind(), kind(theirs));
    assert_eq!(ours.as_bool(), theirs.as_bool());
    assert_eq!(ours.as_str().as_deref(), theirs.as_str());
    assert_eq!(ours.deserialize::<serde_json::Value>().as_ref(), Ok(theirs));
    assert_eq!(ours.elements().is_some(), theirs.is_array());
    assert_eq!(ours.as_object().is_some(), theirs.is_object());
    match theirs {
        serde_json::Value::Array(theirs) => {
            assert_eq!(ours.elements().unwrap().count(), theirs.len());
            let pairs = ours.elements().unwrap().zip(theirs);
            pairs.for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
        serde_json::Value::Object(theirs) => {
            assert_same_members(&ours.as_object().unwrap(), theirs)
        }
        serde_json::Value::Number(theirs) => assert_same_number(ours, theirs),
        _ => {}
    }
}

fn assert_same_members(ours: &Object<'_>, theirs: &serde_json::Map<String, serde_json::Value>) {
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(ours.is_empty(), theirs.is_empty());
    for (name, value) in ours.members() {
        assert_same(value, theirs.get(name.as_ref()).unwrap());
        assert_eq!(ours.get(&name).unwrap().raw(), value.raw());
    }
}

/// The text of a number is what `serde_json` read: exactly, or as close as its reading is.
fn assert_same_number(ours: Value<'_>, theirs: &serde_json::Number) {
    if let Some(whole) = theirs.as_u64() {
        assert_eq!(ours.raw().parse(), Ok(whole));
    } else if let Some(whole) = theirs.as_i64() {
        assert_eq!(ours.raw().parse(), Ok(whole));
    } else {
        let (ours, theirs): (f64, f64) = (ours.raw().parse().unwrap(), theirs.as_f64().unwrap());
        let close = (ours - theirs).abs() <= ours.abs() * 1e-14 + f64::MIN_POSITIVE;
        assert!(close, "{ours} {theirs}");
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

/// A JSON text in any spelling: space, escapes and forms of numbers vary, no member is twice.
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

/// A string's content, and a spelling of it.
fn string() -> impl Strategy<Value = (String, String)> {
    let char = prop_oneof![any::<char>(), proptest::char::range('\0', '\x7f')];
    vec((char, any::<bool>()), 0..12).prop_map(|chars| {
        let content = chars.iter().map(|(char, _)| char).collect();
        let text: String = chars.into_iter().map(spelled).collect();
        (content, format!("\"{text}\""))
    })
}

fn spelled((char, escaped): (char, bool)) -> String {
    if !escaped && char >= ' ' && char != '"' && char != '\\' {
        return char.to_string();
    }
    let units = char.encode_utf16(&mut [0; 2]).to_vec();
    units
        .into_iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

/// A text with one place replaced by bytes that mean something to a parser.
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

/// What `serde_json` lets pass and the scanner refuses.
const STRICTER: [JsonErrorKind; 4] = [
    JsonErrorKind::DuplicateMember,
    JsonErrorKind::TooDeep,
    JsonErrorKind::TooLarge,
    JsonErrorKind::TooManyMembers,
];

proptest! {
    #[test]
    fn every_document_is_read_as_serde_json_reads_it(text in document()) {
        let value = Value::parse(text.as_bytes()).unwrap();
        assert_same(value, &theirs(text.as_bytes()));
    }

    #[test]
    fn a_string_has_the_content_that_was_spelled((content, text) in string()) {
        let value = Value::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(value.as_str().unwrap(), content);
    }

    #[test]
    fn what_is_accepted_is_what_serde_json_accepts(text in broken()) {
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        match (Value::parse(&text), theirs) {
            (Ok(ours), Ok(theirs)) => assert_same(ours, &theirs),
            (Ok(_), Err(error)) => panic!("we alone accept: {error}"),
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

/// Members of an object as most tokens have them: printable ASCII, no space, names of the lengths
/// at which the scanner reads them otherwise, some of them twice.
fn close_object() -> impl Strategy<Value = String> {
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

/// The same, most of the time with one place replaced.
fn close_or_broken() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(vec![
        "", "\"", "\\", "{", "}", "[", ",", ":", " ", "0", "\t", "\u{e9}",
    ]);
    (
        close_object(),
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

    /// An object and a value are scanned by different code, and plain texts by a third.
    #[test]
    fn objects_are_scanned_as_values_are(text in close_or_broken()) {
        let value = Value::parse(&text);
        let spaced = [b"\n", text.as_slice()].concat();
        let kind = |text| Object::parse(text).map(drop).map_err(|e| e.kind());
        prop_assert_eq!(kind(&spaced), kind(&text));
        match (Object::parse(&text), value) {
            (Ok(object), Ok(value)) => {
                let theirs = theirs(&text);
                assert_same(value, &theirs);
                assert_same_members(&object, theirs.as_object().unwrap());
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

/// Runs on a stack of 64 KiB: who recurses by the depth of a text dies here.
fn on_a_small_stack(check: fn()) {
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(check);
    thread.unwrap().join().unwrap();
}

/// Why an object is refused, or `None` if it is not.
fn refusal(text: impl AsRef<[u8]>) -> Option<JsonErrorKind> {
    Object::parse(text.as_ref()).err().map(|error| error.kind())
}

#[test]
fn a19_duplicate_members_are_refused_at_any_depth_after_unescaping() {
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
                refusal(twice),
                Some(JsonErrorKind::DuplicateMember),
                "{twice}"
            );
            assert_eq!(refusal(once), None, "{once}");
        }
    });
}

#[test]
fn m01_nesting_is_bounded_and_costs_no_stack() {
    on_a_small_stack(|| {
        let arrays = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        let objects = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        assert_eq!(refusal(arrays(limits::JSON_DEPTH - 1)), None);
        assert_eq!(refusal(objects(limits::JSON_DEPTH)), None);
        for text in [
            arrays(limits::JSON_DEPTH),
            objects(limits::JSON_DEPTH + 1),
            arrays(100_000),
            objects(100_000),
            "{\"a\":".to_owned() + &"[".repeat(100_000),
        ] {
            assert_eq!(refusal(text), Some(JsonErrorKind::TooDeep));
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
        assert_eq!(refusal(object(limits::JSON_MEMBERS)), None);
        for n in [limits::JSON_MEMBERS + 1, 50_000] {
            assert_eq!(refusal(object(n)), Some(JsonErrorKind::TooManyMembers));
            let nested = format!("{{\"a\":[{}]}}", object(n));
            assert_eq!(refusal(nested), Some(JsonErrorKind::TooManyMembers));
        }
        // Too large is told before anything else is looked at.
        assert_eq!(refusal(object(100_000)), Some(JsonErrorKind::TooLarge));
    });
}

#[test]
fn m03_what_is_no_unicode_text_is_refused() {
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
                refusal(broken),
                Some(JsonErrorKind::InvalidUnicode),
                "{broken:?}"
            );
            assert_eq!(refusal(sound), None, "{sound:?}");
        }
        // A byte-order mark is not skipped, so the text does not begin with an object.
        assert_eq!(refusal("\u{feff}{}"), Some(JsonErrorKind::NotAnObject));
        let value = Value::parse("\u{feff}{}".as_bytes());
        assert_eq!(value.unwrap_err().kind(), JsonErrorKind::Syntax);
        assert_eq!(refusal("{}"), None);
    });
}

#[test]
fn m03_nul_is_refused_as_it_stands_and_hides_nothing_when_escaped() {
    assert_eq!(
        refusal("{\"sub\":\"alice\0bob\"}"),
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
fn m04_only_an_object_and_nothing_after_it_is_an_object() {
    on_a_small_stack(|| {
        for text in ["[{}]", "[]", "\"s\"", "1", "true", "null"] {
            assert_eq!(refusal(text), Some(JsonErrorKind::NotAnObject), "{text}");
        }
        for text in ["{} x", "{}{}", "{},", "{}\0", "{}]", "{} {}"] {
            assert_eq!(refusal(text), Some(JsonErrorKind::Syntax), "{text:?}");
        }
        for text in ["", " ", "{", "{\"a\":1"] {
            assert_eq!(
                refusal(text),
                Some(JsonErrorKind::UnexpectedEnd),
                "{text:?}"
            );
        }
        assert_eq!(refusal(" {} \r\n\t"), None);
    });
}

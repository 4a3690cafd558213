//! A parser of CEF lines, written from the grammar, that shares nothing with the encoder.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Encoding;
use super::test_samples::{HOSTILE, Texts, line};
use crate::audit::record::{Outcome, Record, RecordedAddress, What};

/// A parsed line: seven fields of the header, and the extension.
struct Cef {
    header: Vec<String>,
    extension: BTreeMap<String, String>,
}

impl Cef {
    fn parse(line: &str) -> Result<Self, String> {
        let mut header = vec![String::new()];
        let mut letters = line.chars();
        while header.len() < 8 {
            let field = header.last_mut().unwrap();
            match letters.next().ok_or("the header ends early")? {
                '\\' => match letters.next() {
                    Some(letter @ ('\\' | '|')) => field.push(letter),
                    other => return Err(format!("the header escapes {other:?}")),
                },
                '|' => header.push(String::new()),
                letter if letter.is_control() => return Err(format!("control {letter:?}")),
                letter => field.push(letter),
            }
        }
        header.pop();
        let extension = extension(letters.as_str())?;
        if header[0] != "CEF:0" {
            return Err("not CEF".into());
        }
        Ok(Self { header, extension })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.extension.get(key).map(String::as_str)
    }
}

/// Pairs of a key and a value. A value ends before the last space before the next `=` that has no
/// backslash.
fn extension(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut equals = Vec::new();
    let mut is_escaped = false;
    for (place, letter) in text.char_indices() {
        match letter {
            '\n' | '\r' => return Err("a line end".into()),
            '\\' => is_escaped = !is_escaped,
            '=' if !is_escaped => equals.push(place),
            _ => is_escaped = false,
        }
        if letter != '\\' {
            is_escaped = false;
        }
    }
    let starts: Vec<_> = equals
        .iter()
        .map(|place| {
            text.get(..*place)
                .unwrap()
                .rfind(' ')
                .map_or(0, |space| space + 1)
        })
        .collect();
    let mut pairs = BTreeMap::new();
    for (at, (start, equal)) in starts.iter().zip(&equals).enumerate() {
        let end = starts.get(at + 1).map_or(text.len(), |next| next - 1);
        let key = text.get(*start..*equal).unwrap();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("key {key:?}"));
        }
        let value = unescape(text.get(equal + 1..end).ok_or("a key without a value")?)?;
        if pairs.insert(key.to_owned(), value).is_some() {
            return Err(format!("{key} twice"));
        }
    }
    Ok(pairs)
}

fn unescape(value: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(letter @ ('\\' | '=')) => letter,
                other => return Err(format!("the escape {other:?}")),
            }),
            letter => text.push(letter),
        }
    }
    Ok(text)
}

/// The items of a list.
fn items(value: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let item = items.last_mut().unwrap();
        match letter {
            '\\' => item.push(letters.next().unwrap()),
            ',' => items.push(String::new()),
            letter => item.push(letter),
        }
    }
    items
}

/// What a text is after it was written and parsed: what has no escape becomes a space.
fn kept(text: &str) -> String {
    let is_replaced = |letter: char| match letter {
        '\n' | '\r' => false,
        letter if letter.is_control() => true,
        letter => "\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\
                   \u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}"
            .contains(letter),
    };
    text.chars()
        .map(|letter| if is_replaced(letter) { ' ' } else { letter })
        .collect()
}

/// The key of each text of a full record, and the name of its field.
const TEXTS: [(&str, &str); 27] = [
    ("suid", "subject"),
    ("sntdom", "authority"),
    ("cs1", "rule"),
    ("cs2", "credential"),
    ("cs3", "client"),
    ("cs4", "action"),
    ("cs5", "resource"),
    ("request", "path"),
    ("requestMethod", "method"),
    ("requestClientApplication", "user_agent"),
    ("deviceExternalId", "node"),
    ("fname", "file"),
    ("bearergateAddressProblem", "address_problem"),
    ("bearergateClientAuthority", "client authority"),
    ("bearergateClientClient", "client client"),
    ("bearergateClientCredential", "client credential"),
    ("bearergateClientKind", "client kind"),
    ("bearergateClientSubject", "client subject"),
    ("bearergateCredentialKind", "kind"),
    ("bearergateHead", "head"),
    ("bearergateLevel", "level"),
    ("bearergatePolicyVersion", "policy_version"),
    ("bearergateRoute", "route"),
    ("bearergateTrace", "trace"),
    ("cs1Label", ""),
    ("cs6Label", ""),
    ("cn1Label", ""),
];

fn check(texts: &Texts) {
    let record = texts.full(What::Decision);
    let line = line(Encoding::Cef, &record, &texts.common());
    let cef = Cef::parse(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
    assert_eq!(
        cef.header[1..],
        [
            "bearergate",
            "bearergate",
            "0.1.0",
            "signature_invalid",
            "request decided",
            "3"
        ],
    );
    for (key, name) in TEXTS {
        let expected = match key {
            "cs1Label" => "rule".into(),
            "cs6Label" => "limits".into(),
            "cn1Label" => "sequence".into(),
            _ => kept(texts.get(name)),
        };
        assert_eq!(cef.get(key), Some(expected.as_str()), "{key}: {line}");
    }
    let limits = ["limit 1", "limit 2"].map(|name| kept(texts.get(name)));
    let [first, second] = &limits;
    let list = |key| items(cef.get(key).unwrap());
    assert_eq!(
        list("cs6"),
        [format!("{first}:pass"), format!("{second}:near")]
    );
    for (key, names) in [
        ("bearergateReasons", ["reason 1", "reason 2"]),
        ("bearergateClaims", ["claim 1", "claim 2"]),
    ] {
        assert_eq!(list(key), names.map(|name| kept(texts.get(name))), "{line}");
    }
    assert_eq!(
        list("bearergateScopes"),
        [kept(texts.get("scope")), "orders:write".into()]
    );
}

#[test]
fn every_text_is_parsed_back_equal() {
    for text in [
        "", "x", " ", HOSTILE, "\\", "\\\\", "=", " act=", ",", "\\,", "\n", "\r\n",
    ] {
        check(&Texts::around(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_parsed_back_equal(text in "\\PC*|.*|[\\\\=, |\r\n:\u{2028}é]*") {
        check(&Texts::around(&text));
    }
}

#[test]
fn every_record_parses() {
    for texts in [Texts::usual(), Texts::around(HOSTILE)] {
        for record in texts.all() {
            let line = line(Encoding::Cef, &record, &texts.common());
            let cef = Cef::parse(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
            assert_eq!(cef.get("rt"), Some("1760000000250"));
            assert_eq!(
                cef.get("externalId"),
                Some("0123456789abcdef0123456789abcdef")
            );
            assert_eq!(cef.get("cn1"), Some("42"));
            assert_eq!(cef.get("cnt").is_some(), record.count.is_some());
        }
    }
}

#[test]
fn a_line_that_a_text_forged_would_not_parse() {
    let good = "CEF:0|bearergate|bearergate|0.1.0|allowed|x|1|rt=1 suid=a\\=b";
    assert!(Cef::parse(good).is_ok());
    for bad in [
        "CEF:0|bearergate|bearergate|0.1.0|allowed|x|1|rt=1 suid=a rt=2",
        "CEF:0|bearergate|bearergate|0.1.0|allowed|x|1|rt=1 suid=a\\b",
        "CEF:0|bearergate|bearergate|0.1.0|allowed|x",
        "CEF:0|bearergate|bearergate|0.1.0|allowed|x|1|rt=1\nsuid=a",
    ] {
        assert!(Cef::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn addresses_have_the_keys_of_their_family() {
    let texts = Texts::usual();
    let with = |address| {
        let record = Record {
            address,
            ..texts.request()
        };
        Cef::parse(&line(Encoding::Cef, &record, &texts.common())).unwrap()
    };
    let v4 = with(Some(RecordedAddress::Address([203, 0, 113, 7].into())));
    assert_eq!(v4.get("src"), Some("203.0.113.7"));
    assert_eq!(v4.get("spt"), Some("50412"));
    let v6 = with(Some(RecordedAddress::Address(
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
    )));
    assert_eq!(v6.get("c6a2"), Some("2001:db8::1"));
    assert_eq!(v6.get("c6a2Label"), Some("Source IPv6 Address"));
    assert_eq!(v6.get("src"), None);
    let keyed = with(Some(RecordedAddress::Keyed("p1:x")));
    assert_eq!(keyed.get("bearergateSource"), Some("p1:x"));
}

#[test]
fn the_severity_depends_on_the_status_and_on_what_the_record_is_about() {
    let texts = Texts::usual();
    let severity = |record: &Record<'_>| {
        let cef = Cef::parse(&line(Encoding::Cef, record, &texts.common())).unwrap();
        cef.header[6].clone()
    };
    for (outcome, status, expected) in [
        (Outcome::Allowed, None, "1"),
        (Outcome::Rejected, Some(401), "3"),
        (Outcome::Malformed, Some(400), "3"),
        (Outcome::Denied, Some(403), "5"),
        (Outcome::Limited, Some(403), "5"),
        (Outcome::Limited, Some(429), "4"),
        (Outcome::Unavailable, Some(503), "5"),
    ] {
        let record = Record {
            outcome,
            status,
            ..texts.request()
        };
        assert_eq!(severity(&record), expected, "{outcome:?}");
    }
    for (what, expected) in [
        (What::Locked, "7"),
        (What::Signal, "7"),
        (What::Gap, "9"),
        (What::Started, "1"),
        (What::Lifecycle, "1"),
    ] {
        assert_eq!(severity(&Texts::bare(what)), expected, "{what:?}");
    }
}

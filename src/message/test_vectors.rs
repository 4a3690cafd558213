//! The examples of RFC 9421 appendix B.2, with keys and messages of the RFC.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::Value;

use super::base::{Message, Target, base};
use super::input::find;
use crate::crypto::Algorithm;
use crate::key::Key;
use crate::request::{Content, ExternalUrl, RequestFacts};

/// The blocks of the RFC, or `None` where the folder of vectors is not there.
fn blocks() -> Option<Vec<(String, String)>> {
    let folder = std::env::var("BEARERGATE_VECTORS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors").to_owned());
    let text = std::fs::read_to_string(format!("{folder}/rfc/rfc9421-blocks.json")).ok()?;
    let all: Value = serde_json::from_str(&text).unwrap();
    let blocks = all["blocks"].as_array().unwrap().iter();
    let text = |block: &Value, name: &str| block[name].as_str().unwrap().to_owned();
    Some(
        blocks
            .map(|block| (text(block, "section"), text(block, "text")))
            .collect(),
    )
}

/// A request or response as text: its first line, its headers, its content.
struct Parsed {
    method: Method,
    uri: Uri,
    status: Option<StatusCode>,
    headers: HeaderMap,
    content: String,
}

fn parse(text: &str) -> Parsed {
    let text = unfolded(text);
    let (head, content) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let first: Vec<_> = lines.next().unwrap().split(' ').collect();
    let (method, uri, status) = match first[0].starts_with("HTTP/") {
        true => (Method::GET, "/", Some(first[1].parse().unwrap())),
        false => (first[0].parse().unwrap(), first[1], None),
    };
    let mut headers = HeaderMap::new();
    add(&mut headers, lines);
    Parsed {
        method,
        uri: uri.parse().unwrap(),
        status,
        headers,
        content: content.trim_end().to_owned(),
    }
}

/// Joins the lines that the RFC has folded (RFC 8792).
fn unfolded(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.trim_start())
}

fn add<'t>(headers: &mut HeaderMap, lines: impl Iterator<Item = &'t str>) {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in lines {
        match line.strip_prefix(' ') {
            Some(rest) => all.last_mut().unwrap().1.push_str(rest.trim_start()),
            None => {
                let (name, value) = line.split_once(':').unwrap();
                all.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    for (name, value) in all {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(&value).unwrap());
    }
}

/// Adds the fields of the signature of an example to its message.
fn signed(message: &Parsed, fields: &str) -> HeaderMap {
    let mut headers = message.headers.clone();
    let joined = unfolded(fields);
    add(&mut headers, joined.lines().filter(|line| !line.is_empty()));
    headers
}

fn facts<'m>(message: &'m Parsed, headers: &'m HeaderMap) -> RequestFacts<'m> {
    RequestFacts::new(&message.method, &message.uri, headers)
        .with_content(Content::Whole(message.content.as_bytes()))
}

/// An example: a part of its section's title, the algorithm, and the end of the title of its key.
const EXAMPLES: [(&str, Algorithm, &str); 6] = [
    ("Minimal Signature", Algorithm::Ps512, "RSA PSS Key"),
    ("Selective Covered", Algorithm::Ps512, "RSA PSS Key"),
    ("Full Coverage", Algorithm::Ps512, "RSA PSS Key"),
    ("Signing a Response", Algorithm::Es256, "P-256 Test Key"),
    ("hmac-sha256", Algorithm::Hs256, "Shared Secret"),
    ("using ed25519", Algorithm::EdDsa, "Ed25519 Test Key"),
];

const SIGNED_DIGEST: &str = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWd\
                             XymyU0rjJuahq4l5aGgfLQ==:";

/// Returns the text of the only block of a section that begins like this.
fn block<'b>(blocks: &'b [(String, String)], section: &str, start: &str) -> &'b str {
    let mut own = blocks
        .iter()
        .filter(|(own, text)| own.contains(section) && text.starts_with(start));
    &own.next().unwrap().1
}

fn key(blocks: &[(String, String)], section: &str) -> Key {
    match section {
        "Shared Secret" => {
            let text = block(blocks, section, "");
            let secret = STANDARD.decode(unfolded(text).trim_end()).unwrap();
            Key::from_secret(secret).unwrap()
        }
        _ => {
            let jwk: Value = serde_json::from_str(block(blocks, section, "{")).unwrap();
            let mut public = jwk.as_object().unwrap().clone();
            public.retain(|name, _| ["kty", "crv", "kid", "x", "y", "n", "e"].contains(&&**name));
            Key::from_jwk(serde_json::to_string(&public).unwrap()).unwrap()
        }
    }
}

/// The base of an example, with its signature.
fn example(blocks: &[(String, String)], section: &str) -> (String, Vec<u8>) {
    let url = ExternalUrl::parse("https://example.com").unwrap();
    let request = parse(block(blocks, "Test Cases", "POST"));
    let response = parse(block(blocks, "Test Cases", "HTTP"));
    let of_response = section.contains("Response");
    let message = if of_response { &response } else { &request };
    let mut headers = signed(message, block(blocks, section, "Signature-Input"));
    if of_response {
        // The message of this archive has another digest than the base that is signed.
        headers.insert("content-digest", SIGNED_DIGEST.parse().unwrap());
    }
    let input = find(&headers, None).unwrap();
    let target = Target {
        facts: facts(&request, &headers),
        url: &url,
    };
    let message = match of_response {
        false => Message::Request(target),
        true => Message::Response {
            status: response.status.unwrap(),
            headers: &headers,
            request: target,
        },
    };
    (
        base(message, &input.components, input.text).unwrap(),
        input.signature,
    )
}

// Defect N04 (last line of the signature base forgotten or rebuilt): docs/defects.md
#[test]
fn every_example_verifies_and_none_that_differs_in_a_byte() {
    let Some(blocks) = blocks() else {
        return;
    };
    for (section, algorithm, key_section) in EXAMPLES {
        let (base, signature) = example(&blocks, section);
        let expected = block(&blocks, section, "\"");
        let expected = unfolded(expected);
        assert_eq!(base, expected.trim_end(), "{section}");
        let key = key(&blocks, key_section);
        assert!(
            key.verify(algorithm, base.as_bytes(), &signature),
            "{section}"
        );
        for at in [0, base.len() / 2, base.len() - 1] {
            let mut changed = base.clone().into_bytes();
            changed[at] ^= 1;
            assert!(!key.verify(algorithm, &changed, &signature), "{section}");
        }
        let mut changed = signature.clone();
        changed[7] ^= 1;
        assert!(
            !key.verify(algorithm, base.as_bytes(), &changed),
            "{section}"
        );
    }
}

// Defect N08 (fields joined in another way than they were signed): docs/defects.md
#[test]
fn components_of_section_two_have_the_values_of_the_rfc() {
    let url = ExternalUrl::parse("https://www.example.com").unwrap();
    let line = |message: &str, component: &str| {
        let message = parse(message);
        let input = format!("sig=({component})");
        let mut headers = message.headers.clone();
        headers.insert("signature-input", input.parse().unwrap());
        headers.insert("signature", "sig=:AA==:".parse().unwrap());
        let input = find(&headers, None).ok()?;
        let target = Target {
            facts: facts(&message, &headers),
            url: &url,
        };
        let base = base(Message::Request(target), &input.components, input.text)?;
        Some(
            base.split_once("\n\"@signature-params\"")
                .unwrap()
                .0
                .to_owned(),
        )
    };
    let fields = "GET /path HTTP/1.1\nHost: www.example.com\nX-OWS-Header:   Leading and trailing \
                  whitespace.  \nCache-Control: max-age=60\nCache-Control:    must-revalidate\n\
                  Example-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c), d\nX-Empty:\n";
    for (component, value) in [
        ("\"host\"", "www.example.com"),
        ("\"x-ows-header\"", "Leading and trailing whitespace."),
        ("\"cache-control\"", "max-age=60, must-revalidate"),
        (
            "\"example-dict\"",
            "a=1,    b=2;x=1;y=2,   c=(a   b   c), d",
        ),
        ("\"example-dict\";key=\"a\"", "1"),
        ("\"example-dict\";key=\"d\"", "?1"),
        ("\"example-dict\";key=\"b\"", "2;x=1;y=2"),
        ("\"example-dict\";key=\"c\"", "(a b c)"),
        (
            "\"cache-control\";bs",
            ":bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:",
        ),
        ("\"x-empty\"", ""),
        ("\"@method\"", "GET"),
        ("\"@target-uri\"", "https://www.example.com/path"),
        ("\"@authority\"", "www.example.com"),
        ("\"@scheme\"", "https"),
        ("\"@request-target\"", "/path"),
        ("\"@path\"", "/path"),
        ("\"@query\"", "?"),
    ] {
        let expected = format!("{component}: {value}");
        assert_eq!(line(fields, component), Some(expected), "{component}");
    }
    let query = "GET /parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace\
                 &fa%C3%A7ade%22%3A%20=something&qux=&a=1&a=2 HTTP/1.1\nHost: www.example.com\n";
    for (name, value) in [
        ("var", Some("this%20is%20a%20big%0Amultiline%20value")),
        ("bar", Some("with%20plus%20whitespace")),
        ("fa%C3%A7ade%22%3A%20", Some("something")),
        ("qux", Some("")),
        ("a", None),
        ("other", None),
    ] {
        let component = format!("\"@query-param\";name=\"{name}\"");
        let expected = value.map(|value| format!("{component}: {value}"));
        assert_eq!(line(query, &component), expected, "{name}");
    }
    for bad in [
        "\"@status\"",
        "\"@other\"",
        "\"@method\";req",
        "\"absent\"",
        "\"host\";tr",
        "\"host\";sf",
        "\"Host\"",
        "\"host\" \"host\"",
        "\"example-dict\";key=\"x\"",
        "\"example-dict\";key=a",
        "\"host\";other",
        "host",
        "\"@method\";x=1",
        "\"host\"  \"cache-control\"",
    ] {
        assert_eq!(line(fields, bad), None, "{bad}");
    }
}

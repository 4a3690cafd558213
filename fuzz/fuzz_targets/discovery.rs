//! Discovery documents.
//!
//! As text, the first line of the input is the configured issuer, and the rest is the document. As
//! structure, the input makes a document with a right issuer and other members around it.
//!
//! Properties: nothing panics. `serde_json` reads each accepted document too, its `issuer` is the
//! configured one byte for byte, and its `jwks_uri` is returned unchanged. Members that are not
//! needed never change the result, whatever they are. An endpoint that is learnt from an accepted
//! document keeps the rules for endpoints: it is the document's own URL, has no user and no
//! fragment, leaves `https` only on this machine if the document is there too, and leaves the
//! document's host only for public addresses.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use bearergate::http_client::{AddressScope, Endpoint};
use bearergate::key::keys_address_of;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Places of documents: in the network, at a public address, and on this machine.
const PLACES: [&str; 3] = [
    "https://idp.example.com/.well-known/openid-configuration",
    "https://8.8.8.8/doc",
    "http://127.0.0.1:9000/.well-known/openid-configuration",
];

fuzz_target!(|data: &[u8]| {
    if let Some(end) = data.iter().position(|b| *b == b'\n') {
        if let Ok(issuer) = std::str::from_utf8(&data[..end]) {
            for place in PLACES {
                read(&data[end + 1..], issuer, place);
            }
        }
    }
    if let Ok(draft) = Draft::arbitrary(&mut Unstructured::new(data)) {
        draft.check();
    }
});

/// Reads a document and checks what is accepted.
fn read(document: &[u8], issuer: &str, place: &str) -> Option<(String, Option<Endpoint>)> {
    let place = Endpoint::parse(place).expect("the place is one");
    let (uri, endpoint) = keys_address_of(document, issuer, &place)?;
    let read: Value =
        serde_json::from_slice(document).expect("no more is accepted than by serde_json");
    assert_eq!(read["issuer"], issuer);
    assert_eq!(read["jwks_uri"], uri.as_str());
    if let Some(endpoint) = &endpoint {
        check_endpoint(endpoint, &uri, &place);
    }
    Some((uri, endpoint))
}

fn check_endpoint(endpoint: &Endpoint, uri: &str, place: &Endpoint) {
    let url = endpoint.uri();
    let authority = url.authority().expect("a URL is absolute").as_str();
    assert!(!authority.contains('@') && !uri.contains('#'), "{uri}");
    assert!(!endpoint.host().is_empty(), "{uri}");
    let is_same_host = endpoint.host().eq_ignore_ascii_case(place.host());
    let is_document_here = place.address_scope() == AddressScope::Loopback;
    match url.scheme_str() {
        Some("https") if is_same_host => assert_eq!(endpoint.address_scope(), AddressScope::Any),
        Some("https") => assert_eq!(endpoint.address_scope(), AddressScope::Public),
        Some("http") => {
            assert!(is_document_here, "{uri}");
            assert_eq!(endpoint.address_scope(), AddressScope::Loopback);
        }
        other => panic!("{other:?} in {uri}"),
    }
    if let Some(address) = endpoint.address() {
        assert!(endpoint.address_scope().permits(address), "{uri}");
    }
}

/// A document with the right issuer.
#[derive(Arbitrary, Debug)]
struct Draft {
    place: u8,
    issuer: String,
    jwks_uri: Address,
    before: BTreeMap<Name, Json>,
    after: BTreeMap<Name, Json>,
}

/// An address of the keys: text, or made of parts that endpoints have rules for.
#[derive(Arbitrary, Debug)]
enum Address {
    Text(String),
    Parts {
        scheme: u8,
        user: bool,
        host: u8,
        port: Option<u16>,
        path: String,
    },
}

impl Address {
    fn text(&self) -> String {
        let Self::Parts {
            scheme,
            user,
            host,
            port,
            path,
        } = self
        else {
            let Self::Text(text) = self else {
                unreachable!()
            };
            return text.clone();
        };
        let scheme = pick(
            *scheme,
            &["https://", "http://", "HTTPS://", "ftp://", "//", ""],
        );
        let user = if *user { "me@" } else { "" };
        let host = pick(
            *host,
            &[
                "idp.example.com",
                "IDP.example.com",
                "other.example.org",
                "localhost",
                "127.0.0.1",
                "10.0.0.1",
                "8.8.8.8",
                "[::1]",
                "[fd00::1]",
                "[::ffff:127.0.0.1]",
                "2130706433",
                "",
            ],
        );
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}{user}{host}{port}/{path}")
    }
}

fn pick<'t>(at: u8, texts: &[&'t str]) -> &'t str {
    texts[usize::from(at) % texts.len()]
}

/// The name of a member.
#[derive(Arbitrary, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Name {
    Known(u8),
    Text(String),
}

impl Name {
    fn text(&self) -> String {
        const KNOWN: [&str; 6] = [
            "introspection_endpoint",
            "revocation_endpoint",
            "token_endpoint",
            "authorization_endpoint",
            "scopes_supported",
            "Issuer",
        ];
        match self {
            Self::Known(at) => pick(*at, &KNOWN).to_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Any JSON, not nested deeply.
#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Bool(bool),
    Number(i32),
    Text(String),
    List(Vec<String>),
    Object(BTreeMap<String, Option<bool>>),
}

impl Json {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(texts) => texts.clone().into(),
            Self::Object(members) => members
                .iter()
                .take(50)
                .map(|(name, value)| (name.clone(), serde_json::json!(value)))
                .collect(),
        }
    }
}

impl Draft {
    fn check(&self) {
        let place = PLACES[usize::from(self.place) % PLACES.len()];
        let jwks_uri = self.jwks_uri.text();
        let needed = [
            ("issuer".to_owned(), Value::from(self.issuer.as_str())),
            ("jwks_uri".to_owned(), Value::from(jwks_uri.as_str())),
        ];
        let bare = text(&needed);
        let mut names: Vec<String> = needed.iter().map(|(name, _)| name.clone()).collect();
        // A name that is there twice fails a document, and one of too many members does too.
        let mut unused = |members: &BTreeMap<Name, Json>| -> Vec<(String, Value)> {
            let mut taken = Vec::new();
            for (name, value) in members.iter().take(100) {
                let name = name.text();
                if !names.contains(&name) {
                    names.push(name.clone());
                    taken.push((name, value.value()));
                }
            }
            taken
        };
        let (before, after) = (unused(&self.before), unused(&self.after));
        let full = text(&[before, needed.to_vec(), after].concat());
        let without = read(bare.as_bytes(), &self.issuer, place);
        if let Some((uri, _)) = &without {
            assert_eq!(*uri, jwks_uri);
        }
        let is_small = full.len() < 256 * 1024;
        if is_small {
            assert!(without.is_some(), "{bare}");
            assert_eq!(
                read(full.as_bytes(), &self.issuer, place),
                without,
                "{full}"
            );
        }
    }
}

/// Writes an object in this order.
fn text(members: &[(String, Value)]) -> String {
    let members = members.iter().map(|(name, value)| {
        let name = Value::from(name.as_str());
        format!("{name}:{value}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

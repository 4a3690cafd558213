//! JWK Sets and single JWKs.
//!
//! Input that begins like JSON is the text of a set and of a key. Any other input builds a set
//! whose members are almost valid.
//!
//! Property: nothing panics. Every key has at least one algorithm, and the same identity as when it
//! is imported by itself. Usable and skipped members together are the members of the set, in order.
//! A member is usable exactly if it can be imported by itself and is not a secret.
#![no_main]

use arbitrary::Arbitrary;
use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::key::{Key, KeySet};
use libfuzzer_sys::fuzz_target;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let texts = match data.trim_ascii_start() {
        [b'{', ..] => vec![data.to_vec()],
        _ => built(data),
    };
    for text in texts {
        check_set(&text);
        check_key(&text);
    }
});

fn check_set(text: &[u8]) {
    let Ok(set) = KeySet::from_jwks(text) else {
        return;
    };
    let document: Value =
        serde_json::from_slice(text).expect("no more is accepted than by serde_json");
    let members = document["keys"].as_array().expect("a set has an array");
    assert!((1..=100).contains(&members.len()));
    assert_eq!(set.keys().len() + set.skipped().len(), members.len());
    let mut keys = set.keys().iter();
    let mut skipped = set.skipped().iter();
    for (index, member) in members.iter().enumerate() {
        match as_member(member) {
            Some(single) => check_same(keys.next(), &single),
            None => assert_eq!(skipped.next().map(|s| s.index()), Some(index)),
        }
    }
}

/// Imports a member of a set by itself; returns a key exactly if the member is usable in the set.
fn as_member(member: &Value) -> Option<Key> {
    let key = Key::from_jwk(member.to_string()).ok()?;
    (member["kty"] != "oct").then_some(key)
}

fn check_same(key: Option<&Key>, single: &Key) {
    let key = key.expect("a good key is not skipped");
    assert!(!key.algorithms().is_empty());
    assert_eq!(key.algorithms(), single.algorithms());
    assert_eq!((key.kid(), key.id()), (single.kid(), single.id()));
}

fn check_key(text: &[u8]) {
    if let Ok(key) = Key::from_jwk(text) {
        assert!(!key.algorithms().is_empty());
        assert!(key.kid().is_none_or(|kid| kid.len() <= 256));
        let document: Value = serde_json::from_slice(text).expect("it is JSON");
        assert_eq!(key.thumbprint().is_none(), document["kty"] == "oct");
    }
}

/// Returns the text of a set of members, and the text of its first member.
fn built(data: &[u8]) -> Vec<Vec<u8>> {
    let members = Vec::<Member>::arbitrary(&mut Unstructured::new(data)).unwrap_or_default();
    // Few, since each costs two imports.
    let members: Vec<_> = members.into_iter().take(4).map(Member::write).collect();
    let first = members.first().map(Value::to_string);
    let set = json!({"keys": members}).to_string();
    first.into_iter().chain([set]).map(Into::into).collect()
}

/// A key that is valid or almost valid.
#[derive(Arbitrary, Debug)]
struct Member {
    base: u8,
    changes: Vec<Change>,
}

#[derive(Arbitrary, Debug)]
enum Change {
    Algorithm(u8),
    /// A member of the key, as base64url of these bytes.
    Bytes(u8, Vec<u8>),
    Id(String),
    Operations(Vec<u8>),
    Remove(u8),
    /// A member of the key, as this text.
    Text(u8, String),
    Use(bool),
    Wrong(u8),
}

const NAMES: [&str; 14] = [
    "kty", "crv", "x", "y", "n", "e", "k", "d", "p", "alg", "kid", "use", "key_ops", "x5c",
];
const ALGORITHMS: [&str; 12] = [
    "HS256", "HS512", "RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519", "none",
];
const OPERATIONS: [&str; 4] = ["verify", "sign", "encrypt", ""];

impl Member {
    fn write(self) -> Value {
        let mut jwk = base(self.base);
        for change in self.changes {
            change.apply(&mut jwk);
        }
        jwk.into()
    }
}

impl Change {
    fn apply(self, jwk: &mut Map<String, Value>) {
        let (name, value) = match self {
            Self::Algorithm(at) => ("alg", json!(pick(&ALGORITHMS, at))),
            Self::Bytes(at, bytes) => (pick(&NAMES, at), json!(URL_SAFE_NO_PAD.encode(bytes))),
            Self::Id(kid) => ("kid", json!(kid)),
            Self::Operations(ops) => {
                let ops = ops.into_iter().map(|at| pick(&OPERATIONS, at));
                ("key_ops", ops.collect())
            }
            Self::Remove(at) => {
                jwk.remove(pick(&NAMES, at));
                return;
            }
            Self::Text(at, text) => (pick(&NAMES, at), json!(text)),
            Self::Use(is_sig) => ("use", json!(if is_sig { "sig" } else { "enc" })),
            Self::Wrong(at) => (pick(&NAMES, at), json!([at])),
        };
        jwk.insert(name.into(), value);
    }
}

fn pick(names: &[&'static str], at: u8) -> &'static str {
    names[usize::from(at) % names.len()]
}

fn base(at: u8) -> Map<String, Value> {
    const BASES: [&str; 6] = [
        include_str!("../seeds/jwks/ed25519.json"),
        include_str!("../seeds/jwks/p256.json"),
        include_str!("../seeds/jwks/p384.json"),
        include_str!("../seeds/jwks/rsa.json"),
        include_str!("../seeds/jwks/secret.json"),
        "{}",
    ];
    serde_json::from_str(pick(&BASES, at)).expect("the bases are objects")
}

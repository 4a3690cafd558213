//! JWK Sets and single JWKs.
//!
//! Input that begins like JSON is the text of a set and of a key. Any other input builds a set
//! whose members are almost valid, and spells a known key in another way.
//!
//! Properties: nothing panics. Every key has at least one algorithm, and the same identity as when it
//! is imported by itself. Usable and skipped members together are the members of the set, in order.
//! A member is usable if it can be imported by itself, is not a secret and has no duplicate inside.
//! A key read from any spelling verifies exactly what the canonical spelling verifies.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::credential::PresentedCredential;
use bearergate::json::Object;
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, RejectionKind, TokenValidator};
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let texts = match data.trim_ascii_start() {
        [b'{', ..] => vec![data.to_vec()],
        _ => {
            check_spelling(data);
            built(data)
        }
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
    let has_duplicates = Object::parse(text).is_err();
    let mut keys = set.keys().iter();
    let mut skipped = set.skipped().iter().map(|member| member.index()).peekable();
    for (index, member) in members.iter().enumerate() {
        let single = as_member(member);
        if skipped.next_if_eq(&index).is_some() {
            assert!(single.is_none() || has_duplicates, "{member} is skipped");
            continue;
        }
        let key = keys.next().expect("a member is a key or skipped");
        assert!(!key.algorithms().is_empty());
        if let Some(single) = single {
            check_same(key, &single);
        }
    }
}

/// Imports a member of a set by itself, strictly.
fn as_member(member: &Value) -> Option<Key> {
    let key = Key::from_jwk(member.to_string()).ok()?;
    (member["kty"] != "oct").then_some(key)
}

fn check_same(key: &Key, single: &Key) {
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

/// Spells a known key in another way, and compares what both spellings verify.
fn check_spelling(data: &[u8]) {
    let Ok(spelling) = Spelling::arbitrary(&mut Unstructured::new(data)) else {
        return;
    };
    let sample = &SAMPLES[usize::from(spelling.sample) % SAMPLES.len()];
    let text = spelling.write(sample);
    let set = KeySet::from_jwks(&text).expect("a spelling of a good key is read");
    let [key] = set.keys() else {
        panic!("{text}");
    };
    assert_eq!(key.id(), sample.canonical.keys()[0].id(), "{text}");
    assert_eq!(key.algorithms(), sample.canonical.algorithms(), "{text}");
    assert_eq!(key.kid(), None, "{text}");
    for keys in [&set, &sample.canonical] {
        assert_eq!(sample.outcome(keys, &sample.good), None, "{text}");
        let refused = sample.outcome(keys, &sample.broken);
        assert_eq!(refused, Some(RejectionKind::SignatureInvalid), "{text}");
    }
}

static SAMPLES: LazyLock<[Sample; 4]> = LazyLock::new(|| {
    [
        Sample::ec(include_str!("../../tests/keys/es256.private.pem")),
        Sample::ec(include_str!("../../tests/keys/es256.short-x.private.pem")),
        Sample::edwards(include_str!("../../tests/keys/ed25519.private.pem")),
        Sample::rsa(include_str!("../../tests/keys/rsa-2048.private.pem")),
    ]
});

/// A key, a token that it signed, and the same token with another signature.
struct Sample {
    fixed: Map<String, Value>,
    material: Vec<(&'static str, Vec<u8>)>,
    are_numbers: bool,
    canonical: KeySet,
    good: String,
    broken: String,
}

impl Sample {
    fn new(
        fixed: Value,
        material: Vec<(&'static str, Vec<u8>)>,
        alg: &str,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Self {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"sub": "alice"});
        let message = format!("{}.{}", part(json!({"alg": alg})), part(claims));
        let mut signature = sign(message.as_bytes());
        let token = |signature: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        let good = token(&signature);
        signature[9] ^= 1;
        let mut canonical = fixed.as_object().expect("it is an object").clone();
        let fixed = canonical.clone();
        for (name, bytes) in &material {
            let text = URL_SAFE_NO_PAD.encode(bytes);
            canonical.insert((*name).into(), text.into());
        }
        let canonical = json!({"keys": [canonical]}).to_string();
        Self {
            fixed,
            material,
            are_numbers: alg != "EdDSA",
            canonical: KeySet::from_jwks(canonical).expect("the samples are valid"),
            good,
            broken: token(&signature),
        }
    }

    fn ec(pem: &str) -> Self {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(pem), &random)
            .expect("the key is valid");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let material = vec![("x", x.to_vec()), ("y", y.to_vec())];
        let fixed = json!({"kty": "EC", "crv": "P-256"});
        Self::new(fixed, material, "ES256", |message| {
            let signature = pair.sign(&random, message).expect("there is randomness");
            signature.as_ref().to_vec()
        })
    }

    fn edwards(pem: &str) -> Self {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(pem)).expect("the key is valid");
        let material = vec![("x", pair.public_key().as_ref().to_vec())];
        let fixed = json!({"kty": "OKP", "crv": "Ed25519"});
        Self::new(fixed, material, "EdDSA", |message| {
            pair.sign(message).as_ref().to_vec()
        })
    }

    fn rsa(pem: &str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(&der(pem)).expect("the key is valid");
        let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
        let material = vec![("n", public.n), ("e", public.e)];
        Self::new(json!({"kty": "RSA"}), material, "RS256", |message| {
            let mut signature = vec![0; pair.public().modulus_len()];
            let random = SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .expect("there is randomness");
            signature
        })
    }

    /// Validates a token with these keys; returns why it is rejected.
    fn outcome(&self, keys: &KeySet, token: &str) -> Option<RejectionKind> {
        let builder = JwtValidator::builder().any_issuer().any_audience();
        let builder = builder.keys(keys.clone()).allow_missing_expiry();
        let validator = builder.build().expect("the configuration is valid");
        let presented = PresentedCredential::token(token);
        let validated = validator.validate(&presented).try_now();
        let validated = validated.unwrap_or_else(|_| panic!("the keys are ready"));
        validated.err().map(|rejection| rejection.kind())
    }
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body).expect("the key is PEM")
}

/// How a set spells a key.
#[derive(Arbitrary, Debug)]
struct Spelling {
    sample: u8,
    members: [MemberSpelling; 2],
    /// Which of `NULLS` are written.
    nulls: u8,
    kid: u8,
}

#[derive(Arbitrary, Debug)]
struct MemberSpelling {
    /// Which characters are those of the standard alphabet.
    standard: u64,
    is_padded: bool,
    /// Zero bytes in front of a number, or `None` to remove all.
    zeros: Option<u8>,
}

impl Spelling {
    fn write(&self, sample: &Sample) -> String {
        const NULLS: [&str; 8] = ["alg", "use", "key_ops", "x5c", "x5t", "d", "k", "oth"];
        let mut member = sample.fixed.clone();
        for ((name, bytes), own) in sample.material.iter().zip(&self.members) {
            let bytes = match sample.are_numbers {
                true => own.number(bytes),
                false => bytes.clone(),
            };
            member.insert((*name).into(), own.text(&bytes).into());
        }
        for (at, name) in NULLS.into_iter().enumerate() {
            if self.nulls >> at & 1 == 1 {
                member.insert(name.into(), Value::Null);
            }
        }
        let kids = [
            Value::Null,
            json!(7),
            json!(["k"]),
            json!({"k": 1}),
            json!(true),
        ];
        if let Some(kid) = kids.get(usize::from(self.kid)) {
            member.insert("kid".into(), kid.clone());
        }
        json!({"keys": [member]}).to_string()
    }
}

impl MemberSpelling {
    fn number(&self, bytes: &[u8]) -> Vec<u8> {
        match self.zeros {
            Some(count) => [&vec![0; usize::from(count)][..], bytes].concat(),
            None => bytes
                .iter()
                .copied()
                .skip_while(|byte| *byte == 0)
                .collect(),
        }
    }

    fn text(&self, bytes: &[u8]) -> String {
        let canonical = URL_SAFE_NO_PAD.encode(bytes);
        let mut text = String::new();
        for (at, character) in canonical.chars().enumerate() {
            text.push(match (character, self.standard >> (at % 64) & 1) {
                ('-', 1) => '+',
                ('_', 1) => '/',
                (other, _) => other,
            });
        }
        while self.is_padded && !text.len().is_multiple_of(4) {
            text.push('=');
        }
        text
    }
}

//! Correctly signed tokens with unusual headers and claims.
//!
//! The input describes changes of a valid header and valid claims: values of every type, duplicate,
//! removed and unknown members, escaped names, unusual spacing, spliced bytes. The result is signed
//! with an HS256 secret or an Ed25519 key, whatever the header says, and may be changed once more.
//!
//! Property: nothing panics; a token that was changed after signing is rejected; an accepted token
//! encodes to the same bytes again, and `jsonwebtoken::decode` accepts it with the same claims.
//!
//! Exceptions, each undone in the header before `jsonwebtoken` decodes it (and the header signed
//! again), so that they hide nothing else:
//! - the name `Ed25519` (RFC 9864), which it does not know: replaced by `EdDSA`;
//! - members that the validator ignores, and that it rejects when they are neither `null` nor of its
//!   type: `jku`, `x5u`, `x5t`, `x5t#S256`, `url`, `nonce` (a string), `x5c` (an array of strings)
//!   and `jwk` (a key that it can read): removed;
//! - `zip`, which the validator ignores and which it may refuse: removed.
//!
//! Numbers that only `serde_json` reads as infinite are covered by the target `json`.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::credential::PresentedCredential;
use bearergate::integrations::jsonwebtoken::crypto_provider;
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, Principal, TokenValidator};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use jsonwebtoken::jwk::Jwk;
use libfuzzer_sys::fuzz_target;
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

const SECRET: [u8; 32] = [7; 32];
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://api.example.com";

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

fuzz_target!(|case: Case| {
    let is_edwards = case.base != Base::Hs256;
    let mut header = Text::header(case.base);
    let mut claims = Text::claims();
    case.header.iter().for_each(|edit| header.apply(edit));
    case.claims.iter().for_each(|edit| claims.apply(edit));
    let (header, claims) = (header.write(), claims.write());
    let signed = FIXTURE.sign(is_edwards, &header, &claims);
    let token = changed(&signed, case.change);
    let Some(principal) = token.as_deref().and_then(|token| FIXTURE.validate(token)) else {
        return;
    };
    assert_eq!(token, Some(signed), "forged");
    assert_eq!(principal.claims().json().as_bytes(), claims);
    compare(&principal, is_edwards, &header);
});

fn changed(token: &str, change: Option<(u16, u8)>) -> Option<String> {
    let mut bytes = token.as_bytes().to_vec();
    if let Some((at, byte)) = change {
        let at = usize::from(at) % (bytes.len() + 1);
        match byte {
            0 => drop(bytes.drain(..at)),
            1 => bytes.truncate(at),
            2.. if at == bytes.len() => bytes.push(byte),
            2.. => bytes[at] = byte,
        }
    }
    String::from_utf8(bytes).ok()
}

fn compare(principal: &Principal, is_edwards: bool, header: &[u8]) {
    let claims = principal.claims();
    let (header, expected) = match (serde_json::from_slice(header), claims.deserialize()) {
        (Ok(header), Ok(claims)) => (header, claims),
        (header, claims) => panic!("serde_json refuses {:?} {:?}", header.err(), claims.err()),
    };
    let header = relaxed(header).to_string();
    let token = FIXTURE.sign(is_edwards, header.as_bytes(), claims.json().as_bytes());
    let theirs = FIXTURE.decode(is_edwards, &token);
    assert_eq!(theirs, Ok(expected), "header {header}");
}

/// Undoes the exceptions.
fn relaxed(mut header: Map<String, Value>) -> Value {
    if header["alg"] == "Ed25519" {
        header["alg"] = json!("EdDSA");
    }
    header.retain(|name, value| match name.as_str() {
        "jku" | "nonce" | "url" | "x5t" | "x5t#S256" | "x5u" => fits::<String>(value),
        "jwk" => fits::<Jwk>(value),
        "zip" => false,
        "x5c" => fits::<Vec<String>>(value),
        _ => true,
    });
    header.into()
}

fn fits<T: DeserializeOwned>(value: &Value) -> bool {
    Option::<T>::deserialize(value).is_ok()
}

/// The keys, and the validator and the decoder that use them.
struct Fixture {
    secret: hmac::Key,
    pair: Ed25519KeyPair,
    validator: JwtValidator,
    theirs: [(DecodingKey, Validation); 2],
}

impl Fixture {
    fn new() -> Self {
        // Only the first call in a process succeeds; this is the only one.
        crypto_provider()
            .install_default()
            .expect("no provider is installed");
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any seed is valid");
        let public = pair.public_key().as_ref();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(public)});
        let keys = [
            Key::from_secret(SECRET.to_vec()),
            Key::from_jwk(jwk.to_string()),
        ];
        let keys = keys.map(|key| key.expect("the keys are valid"));
        let validator = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
        let validator = validator.keys(KeySet::new(keys).expect("there are keys"));
        Self {
            secret: hmac::Key::new(hmac::HMAC_SHA256, &SECRET),
            validator: validator.build().expect("the configuration is valid"),
            theirs: [
                (
                    DecodingKey::from_secret(&SECRET).expect("it is not empty"),
                    validation(jsonwebtoken::Algorithm::HS256),
                ),
                (
                    DecodingKey::from_ed_der(public),
                    validation(jsonwebtoken::Algorithm::EdDSA),
                ),
            ],
            pair,
        }
    }

    fn sign(&self, is_edwards: bool, header: &[u8], claims: &[u8]) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = format!("{header}.{claims}");
        let signature = if is_edwards {
            URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()))
        } else {
            URL_SAFE_NO_PAD.encode(hmac::sign(&self.secret, message.as_bytes()))
        };
        format!("{message}.{signature}")
    }

    fn validate(&self, token: &str) -> Option<Principal> {
        let presented = PresentedCredential::token(token);
        let result = self.validator.validate(&presented).try_now();
        result.expect("fixed keys are always ready").ok()
    }

    fn decode(&self, is_edwards: bool, token: &str) -> Result<Value, String> {
        let (key, validation) = &self.theirs[usize::from(is_edwards)];
        let data = jsonwebtoken::decode(token, key, validation);
        data.map(|data| data.claims)
            .map_err(|error| error.to_string())
    }
}

/// The rules of `jsonwebtoken` nearest to those of the validator. Its leeway is longer, so that the
/// clock can advance between the two results.
fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_nbf = true;
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["aud", "exp", "iss"]);
    validation
}

#[derive(Arbitrary, Debug)]
struct Case {
    base: Base,
    header: Vec<Edit>,
    claims: Vec<Edit>,
    change: Option<(u16, u8)>,
}

/// The `alg` to start from, which picks the signing key.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Base {
    Hs256,
    EdDsa,
    Ed25519,
}

#[derive(Arbitrary, Debug)]
enum Edit {
    /// Adds a member, even if there is one with that name.
    Add(Name, Scalar),
    /// Writes one character of a name as an escape.
    Escape(u8, u8),
    /// Nests a value this deep.
    Nest(u8, u8),
    Remove(u8),
    Set(Name, Scalar),
    SetArray(Name, Vec<Scalar>),
    SetObject(Name, Vec<(Name, Scalar)>),
    /// White space before a member.
    Space(u8, u8),
    /// Puts bytes into the text.
    Splice(u16, Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Name {
    Known(u8),
    Free(String),
}

#[derive(Arbitrary, Debug)]
enum Scalar {
    Bool(bool),
    Float(f64),
    Valid(u8),
    Integer(i64),
    Null,
    Text(String),
}

/// Names that have a meaning in a JOSE header or in claims.
const NAMES: &str = "\
    alg typ cty kid jku jwk x5u x5c x5t x5t#S256 crit b64 zip enc url nonce iss sub aud exp nbf \
    iat jti cnf client_id azp act scope at_hash c_hash s_hash events sd_hash token_use kty k \
    crv x a _sd _sd_alg vct vc vp status status_list sub_id";

const VALID: [&str; 24] = [
    r#""HS256""#,
    r#""EdDSA""#,
    r#""Ed25519""#,
    r#""none""#,
    r#""JWT""#,
    r#""at+jwt""#,
    r#""application/at+JWT""#,
    r#""https://idp.example.com""#,
    r#""https:\/\/idp.example.com""#,
    r#""https://api.example.com""#,
    r#""\u0068ttps://api.example.com""#,
    r#""access""#,
    r#""Bearer""#,
    r#""oct""#,
    "4102444800",
    "4102444800.5",
    "4.1024448e9",
    "-0",
    "1",
    "253402300799",
    "253402300800",
    "1e300",
    "[]",
    "{}",
];

impl Name {
    fn write(&self) -> String {
        match self {
            Self::Known(at) => {
                let count = NAMES.split(' ').count();
                let name = NAMES.split(' ').nth(usize::from(*at) % count);
                name.unwrap_or_default().into()
            }
            Self::Free(name) => name.clone(),
        }
    }
}

impl Scalar {
    fn write(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Float(value) => json!(value).to_string(),
            Self::Valid(at) => VALID[usize::from(*at) % VALID.len()].into(),
            Self::Integer(value) => value.to_string(),
            Self::Null => "null".into(),
            Self::Text(text) => json!(text).to_string(),
        }
    }
}

/// The text of an object, as a list of its members while those are changed.
struct Text {
    members: Vec<Member>,
    splices: Vec<(u16, Vec<u8>)>,
}

struct Member {
    space: &'static str,
    name: String,
    escaped: Option<u8>,
    value: String,
}

impl Text {
    fn header(base: Base) -> Self {
        let alg = match base {
            Base::Hs256 => "HS256",
            Base::EdDsa => "EdDSA",
            Base::Ed25519 => "Ed25519",
        };
        Self::of([("alg", json!(alg)), ("typ", json!("JWT"))])
    }

    fn claims() -> Self {
        Self::of([
            ("iss", json!(ISSUER)),
            ("aud", json!(AUDIENCE)),
            ("exp", json!(4_102_444_800_u64)),
            ("sub", json!("alice")),
        ])
    }

    fn of<const N: usize>(members: [(&str, Value); N]) -> Self {
        let members = members.map(|(name, value)| Member::new(name.into(), value.to_string()));
        Self {
            members: members.into(),
            splices: Vec::new(),
        }
    }

    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Add(name, value) => self.add(name, value.write()),
            Edit::Escape(at, char) => self.change(*at, |m| m.escaped = Some(*char)),
            Edit::Nest(at, depth) => self.change(*at, |m| m.nest(usize::from(*depth % 40))),
            Edit::Remove(at) if !self.members.is_empty() => {
                self.members.remove(usize::from(*at) % self.members.len());
            }
            Edit::Remove(_) => {}
            Edit::Set(name, value) => self.set(name, value.write()),
            Edit::SetArray(name, values) => {
                let values: Vec<_> = values.iter().map(Scalar::write).collect();
                self.set(name, format!("[{}]", values.join(",")));
            }
            Edit::SetObject(name, members) => {
                let write = |(name, value): &(Name, Scalar)| {
                    format!("{}:{}", json!(name.write()), value.write())
                };
                let members: Vec<_> = members.iter().map(write).collect();
                self.set(name, format!("{{{}}}", members.join(",")));
            }
            Edit::Space(at, space) => {
                const SPACES: [&str; 6] = [" ", "\t", "\r\n", "\u{c}", "\u{feff}", "\u{a0}"];
                let space = SPACES[usize::from(*space) % SPACES.len()];
                self.change(*at, |m| m.space = space);
            }
            Edit::Splice(at, bytes) => self.splices.push((*at, bytes.clone())),
        }
    }

    fn add(&mut self, name: &Name, value: String) {
        self.members.push(Member::new(name.write(), value));
    }

    fn set(&mut self, name: &Name, value: String) {
        let named = name.write();
        match self.members.iter_mut().find(|m| m.name == named) {
            Some(member) => member.value = value,
            None => self.add(name, value),
        }
    }

    fn change(&mut self, at: u8, change: impl FnMut(&mut Member)) {
        let at = usize::from(at) % self.members.len().max(1);
        self.members.get_mut(at).into_iter().for_each(change);
    }

    fn write(self) -> Vec<u8> {
        let members: Vec<_> = self.members.iter().map(Member::write).collect();
        let mut text = format!("{{{}}}", members.join(",")).into_bytes();
        for (at, bytes) in self.splices {
            let at = usize::from(at) % (text.len() + 1);
            text.splice(at..at, bytes);
        }
        text
    }
}

impl Member {
    fn new(name: String, value: String) -> Self {
        Self {
            space: "",
            name,
            escaped: None,
            value,
        }
    }

    fn nest(&mut self, depth: usize) {
        self.value = format!("{}{}{}", "[".repeat(depth), self.value, "]".repeat(depth));
    }

    fn write(&self) -> String {
        let Self { space, value, .. } = self;
        format!("{space}{}{space}:{space}{value}{space}", self.quoted())
    }

    fn quoted(&self) -> String {
        let Some(at) = self.escaped else {
            return json!(self.name).to_string();
        };
        let at = usize::from(at) % self.name.chars().count().max(1);
        let write = |(index, char): (usize, char)| {
            let plain = json!(char.to_string()).to_string();
            let plain = plain.trim_start_matches('"').trim_end_matches('"');
            let mut units = [0; 2];
            let units = char.encode_utf16(&mut units).iter();
            if index == at || char == '"' {
                units.map(|unit| format!("\\u{unit:04x}")).collect()
            } else {
                plain.to_owned()
            }
        };
        let name: String = self.name.chars().enumerate().map(write).collect();
        format!("\"{name}\"")
    }
}

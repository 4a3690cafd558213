//! A canary in every place that can have a secret: it must not appear in any output.
//!
//! All output (`Debug`, `Display`, chains of sources, responses to clients) is searched for the
//! canary, as text and in the forms in which bytes are printed.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod signing;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{BasicKey, Place, PresentedCredential, Sources};
use bearergate::event::{Event, Observer};
use bearergate::http_response::{BodyStyle, ResponseConfig};
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeyImporter, KeySet};
use bearergate::principal::PrincipalKind;
use bearergate::request::{ClientCertificate, RequestFacts};
use bearergate::secret::Secret;
use bearergate::{
    ConfigError, Gate, JwtValidator, Principal, Rejection, RejectionKind, TokenValidator, json,
};
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

/// Long enough for a MAC key, with characters that are allowed in a token.
const CANARY: &str = "c4naRy-Zq7vX2pLw9KtB5nMs8JhDf3GyR6";
const NOW: u64 = 1_760_000_000;

/// A search of output for the canary.
struct Watch {
    forms: Vec<String>,
    seen: usize,
}

impl Watch {
    fn new() -> Self {
        let bytes = CANARY.as_bytes();
        let list = |show: fn(&u8) -> String| {
            let inner: Vec<_> = bytes[4..12].iter().map(show).collect();
            inner.join(", ")
        };
        let hex: String = bytes[4..16].iter().map(|b| format!("{b:02x}")).collect();
        let mut forms = vec![
            CANARY[4..16].to_owned(),
            CANARY[4..16].to_lowercase(),
            hex.to_uppercase(),
            hex,
            list(|b| b.to_string()),
            list(|b| format!("{b:x}")),
            list(|b| format!("{b:#x}")),
            list(|b| format!("{b:#04x}")),
        ];
        // The bytes before it decide which of three base64 forms it has.
        for shift in 0..3 {
            let shifted = [&b"  "[..shift], bytes].concat();
            for encoded in [STANDARD.encode(&shifted), URL_SAFE.encode(&shifted)] {
                forms.push(encoded[4..24].to_owned());
                forms.push(encoded[24..40].to_owned());
            }
        }
        Self { forms, seen: 0 }
    }

    #[track_caller]
    fn text(&mut self, shown: &str) {
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for form in &self.forms {
            assert!(!flat.contains(form), "{form} in: {shown}");
        }
        self.seen += 1;
    }

    #[track_caller]
    fn debug(&mut self, value: &dyn fmt::Debug) {
        self.text(&format!("{value:?}"));
        self.text(&format!("{value:#?}"));
        self.text(&format!("{value:x?}"));
    }

    #[track_caller]
    fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error);
            self.text(&error.to_string());
            next = error.source();
        }
    }

    #[track_caller]
    fn config<T: fmt::Debug>(&mut self, result: Result<T, ConfigError>) -> ConfigError {
        let error = result.unwrap_err();
        self.error(&error);
        self.text(error.field());
        error
    }

    #[track_caller]
    fn rejection(&mut self, rejection: &Rejection) {
        self.error(rejection);
        self.text(rejection.claim().unwrap_or_default());
    }

    #[track_caller]
    fn answer(&mut self, rejection: Rejection) {
        self.rejection(&rejection);
        let plain = ResponseConfig::builder().realm("api").build().unwrap();
        let refusal = plain.respond_to(rejection.clone());
        self.debug(&refusal);
        self.error(&refusal);
        self.response(rejection);
    }

    /// What a client gets, and what a log line without the source has.
    #[track_caller]
    fn response(&mut self, rejection: Rejection) {
        self.text(&rejection.to_string());
        self.text(rejection.claim().unwrap_or_default());
        let plain = ResponseConfig::builder().realm("api").build().unwrap();
        let refusal = plain.respond_to(rejection);
        self.headers(&refusal.headers());
        self.text(refusal.body());
        let response = refusal.into_response::<&'static str>();
        self.debug(&response);
        self.headers(response.headers());
    }

    #[track_caller]
    fn headers(&mut self, headers: &HeaderMap) {
        self.debug(headers);
        for (name, value) in headers {
            self.text(&format!(
                "{name}: {}",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
    }
}

fn b64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn watch_finds_the_canary_in_every_form() {
    let bytes = CANARY.as_bytes();
    for shown in [
        CANARY.to_owned(),
        format!("x{CANARY}x"),
        format!("{bytes:?}"),
        format!("{bytes:#?}"),
        format!("{bytes:x?}"),
        format!("{bytes:#04x?}"),
        format!("{:?}", format!("\"{CANARY}").as_bytes()),
        STANDARD.encode(CANARY),
        b64(&format!("a{CANARY}b")),
        b64(&format!("{{\"a\":\"{CANARY}\"}}")),
        bytes.iter().map(|b| format!("{b:02X}")).collect(),
    ] {
        let found = std::panic::catch_unwind(|| Watch::new().text(&shown));
        assert!(found.is_err(), "{shown}");
    }
    Watch::new().text("canary");
}

// Configuration

#[test]
fn secret_of_a_key_is_not_shown() {
    let mut watch = Watch::new();
    watch.debug(&Secret::new(CANARY.into()));
    for key in [
        Key::from_secret(CANARY.to_owned()).unwrap(),
        Key::from_base64url_secret(&b64(CANARY)).unwrap(),
        Key::from_jwk(json!({"kty": "oct", "k": b64(CANARY)}).to_string()).unwrap(),
    ] {
        watch.debug(&key);
        watch.debug(&key.id());
        watch.debug(&key.thumbprint());
        let keys = KeySet::rotating(key.clone(), [Key::from_secret(vec![7; 32]).unwrap()]).unwrap();
        watch.debug(&keys);
        let draft = JwtValidator::builder()
            .issuer("i")
            .audience("a")
            .keys(KeySet::from(key.clone()));
        watch.debug(&draft);
        let unfit = draft
            .algorithms([bearergate::crypto::Algorithm::Rs256])
            .build();
        watch.config(unfit);
        watch.config(
            key.clone()
                .with_algorithms([bearergate::crypto::Algorithm::Rs256]),
        );
        watch.config(key.clone().with_kid("k".repeat(257)));
        watch.config(KeySet::rotating(key.clone(), vec![key; 4]));
    }
}

#[test]
fn rejected_key_is_not_shown() {
    let mut watch = Watch::new();
    watch.config(Key::from_secret(CANARY[..31].to_owned()));
    watch.config(Key::from_secret(format!(
        "-----BEGIN PUBLIC KEY-----\n{CANARY}"
    )));
    watch.config(Key::from_secret(format!(
        r#"{{"kty":"RSA","n":"{CANARY}"}}"#
    )));
    for encoded in [
        format!("{CANARY}="),
        format!("{CANARY} "),
        b64(&CANARY[..31]),
        STANDARD.encode(CANARY) + "=",
    ] {
        watch.config(Key::from_base64url_secret(&encoded));
    }
    for pem in [
        CANARY.to_owned(),
        format!("-----BEGIN {CANARY}-----\nAAAA\n-----END {CANARY}-----\n"),
        format!("-----BEGIN PUBLIC KEY-----\n{CANARY}\n-----END PUBLIC KEY-----\n"),
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(CANARY)
        ),
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(CANARY)
        ),
        format!(
            "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n",
            STANDARD.encode(CANARY)
        ),
    ] {
        watch.config(Key::from_pem(&pem));
        watch.config(Key::from_der(pem));
    }
}

/// Invalid keys of a set, with the canary in one member each.
fn invalid_jwks() -> Vec<Value> {
    let ec = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let with = |name: &str, value: Value| {
        let mut jwk = ec.clone();
        jwk[name] = value;
        jwk
    };
    vec![
        with("d", CANARY.into()),
        with("d", b64(CANARY).into()),
        with("x", CANARY.into()),
        with("x", b64(CANARY).into()),
        with("crv", CANARY.into()),
        with("kty", CANARY.into()),
        with("alg", CANARY.into()),
        with("use", CANARY.into()),
        with("key_ops", json!([CANARY])),
        json!({"kty": "RSA", "n": CANARY, "e": "AQAB"}),
        json!({"kty": "RSA", "n": b64(CANARY), "e": "AQAB", "d": CANARY, "p": CANARY}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&CANARY[..31])}),
        json!({"kty": "oct", "k": format!("{CANARY}=")}),
        json!({"kty": "oct", "k": b64(&CANARY[..31])}),
        json!({"kty": "oct", "k": [CANARY]}),
    ]
}

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn rejected_jwk_is_not_shown() {
    let mut watch = Watch::new();
    for jwk in invalid_jwks() {
        watch.config(Key::from_jwk(jwk.to_string()));
    }
    // A key of a set is good without a `kid` that is not a string.
    let mut odd_kid = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    odd_kid["kid"] = json!([CANARY]);
    watch.config(Key::from_jwk(odd_kid.to_string()));
    watch.debug(&KeySet::from_jwks(json!({"keys": [odd_kid]}).to_string()).unwrap());
    for text in [
        CANARY.to_owned(),
        format!("{{\"k\":\"{CANARY}"),
        format!("{{\"{CANARY}\":1,\"{CANARY}\":2}}"),
        format!("[\"{CANARY}\"]"),
        format!("{{\"keys\":\"{CANARY}\"}}"),
        format!("{{\"keys\":[]}} {CANARY}"),
    ] {
        watch.config(Key::from_jwk(&text));
        watch.config(KeySet::from_jwks(&text));
    }
    // In a set with a valid member, the invalid ones are skipped.
    let valid = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let members: Vec<_> = invalid_jwks().into_iter().chain([valid]).collect();
    let notes = Arc::new(Notes::default());
    let import = KeyImporter::default().observer(notes.clone());
    let set = import.jwks(json!({"keys": members}).to_string()).unwrap();
    assert!(set.skipped().len() > 10);
    watch.debug(&import);
    watch.debug(&set);
    watch.debug(&set.skipped());
    for note in &*notes.0.lock().unwrap() {
        watch.text(note);
    }
    watch.config(import.jwks(json!({"keys": invalid_jwks()}).to_string()));
}

#[test]
#[cfg(feature = "jsonwebtoken")]
fn key_of_another_crate_is_not_shown() {
    use bearergate::integrations::jsonwebtoken::key_from_decoding_key;

    let mut watch = Watch::new();
    let short = jsonwebtoken::DecodingKey::from_secret(&CANARY.as_bytes()[..31]).unwrap();
    watch.config(key_from_decoding_key(&short));
    let key = jsonwebtoken::DecodingKey::from_secret(CANARY.as_bytes()).unwrap();
    watch.debug(&key_from_decoding_key(&key).unwrap());
}

#[test]
fn claim_value_to_compare_is_not_shown() {
    let mut watch = Watch::new();
    let draft = config().require_claim("nonce", CANARY);
    watch.debug(&draft);
    let validator = draft.build().unwrap();
    watch.debug(&validator);
    let gate = Gate::builder()
        .validator(validator.clone())
        .allow_any_authenticated();
    watch.debug(&gate);
    watch.debug(&gate.build().unwrap());
    watch.config(JwtValidator::join([validator.clone(), validator]));
    watch.config(
        config()
            .require_claim("nonce", CANARY)
            .max_token_bytes(0)
            .build(),
    );
}

// Requests: tokens

fn config() -> JwtValidatorBuilder<Ready> {
    let keys = KeySet::from(Key::from_secret(signing::SECRET.to_vec()).unwrap());
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let builder = JwtValidator::builder().issuer("https://idp.example.com");
    builder
        .audience("https://api.example.com")
        .keys(keys)
        .clock(clock)
}

fn validators() -> Vec<JwtValidator> {
    let keys = || KeySet::from(Key::from_secret(signing::SECRET.to_vec()).unwrap());
    let clock = || FakeClock::at(UnixTime::from_secs(NOW));
    let id = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .id_token("shop");
    let any = JwtValidator::builder().any_issuer().any_audience();
    let stopped = clock();
    stopped.stop();
    let two_keys = [7, 8].map(|n| Key::from_secret(vec![n; 32]).unwrap());
    let ambiguous = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("a");
    [
        config(),
        config().rfc9068(),
        config().require_type("entity-statement+jwt"),
        config()
            .require_claim("custom", "wanted")
            .allow_clients(["shop"]),
        config().check("custom", |_| false),
        config()
            .max_age(Duration::from_secs(1))
            .max_lifetime(Duration::from_secs(1)),
        config().max_token_bytes(100),
        config().clock(stopped),
        id.keys(keys()).clock(clock()),
        any.keys(keys())
            .clock(clock())
            .allow_missing_expiry()
            .scopes_from("custom"),
        ambiguous
            .keys(KeySet::new(two_keys).unwrap())
            .clock(clock()),
    ]
    .map(|builder| builder.build().unwrap())
    .into()
}

/// Where a token has the canary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Planted {
    /// In a member that the source of a rejection and an explanation show to the operator.
    Shown,
    Hidden,
}

/// Returns where a member is.
fn planted_in(name: &str, shown: &[&str]) -> Planted {
    match shown.contains(&name) {
        true => Planted::Shown,
        false => Planted::Hidden,
    }
}

/// Tokens with the canary in one place each.
fn tokens(planted: &str) -> Vec<(Planted, String)> {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "https://api.example.com", "sub": "alice",
        "client_id": "shop", "iat": NOW - 60, "exp": NOW + 600, "jti": "j1",
    });
    let sign = |header: &Value, claims: &Value| {
        signing::token("HS256", &header.to_string(), &claims.to_string())
    };
    let mut tokens = vec![(Planted::Hidden, sign(&header, &claims))];
    for name in [
        "alg", "typ", "cty", "kid", "crit", "b64", "zip", "enc", "jku", "jwk", "x5c", "custom",
    ] {
        for value in [json!(planted), json!([planted]), json!({planted: planted})] {
            let mut header = header.clone();
            header[name] = value;
            let place = planted_in(name, &["alg", "typ", "kid"]);
            tokens.push((place, sign(&header, &claims)));
        }
    }
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "cnf",
        "client_id",
        "azp",
        "act",
        "scope",
        "at_hash",
        "c_hash",
        "events",
        "token_use",
        "typ",
        "nonce",
        "custom",
    ] {
        let inner = ["jkt", "sub", "act", "x5t#S256"].map(|n| json!({n: planted}));
        for value in [json!(planted), json!([planted, 1]), json!([planted])]
            .into_iter()
            .chain(inner)
        {
            let mut claims = claims.clone();
            claims[name] = value;
            let place = planted_in(name, &["iss", "aud"]);
            tokens.push((place, sign(&header, &claims)));
        }
    }
    for (name, time) in [("exp", NOW - 600), ("nbf", NOW + 600), ("iat", NOW + 600)] {
        let mut late = claims.clone();
        late[name] = time.into();
        late["custom"] = planted.into();
        tokens.push((Planted::Hidden, sign(&header, &late)));
    }
    for name in ["iss", "aud", "exp"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(name);
        without["custom"] = planted.into();
        tokens.push((Planted::Hidden, sign(&header, &without)));
    }
    let quoted = json!(planted).to_string();
    let valid = sign(&header, &claims);
    let (message, _) = valid.rsplit_once('.').unwrap();
    let text = |payload: &str| signing::token("HS256", &header.to_string(), payload);
    let malformed = [
        planted.to_owned(),
        format!("{planted}.{planted}.{planted}"),
        format!("{message}.{}", b64(planted)),
        format!("{message}.{}", b64(&planted[..31])),
        format!("{message}.{}==", b64(planted)),
        format!("{valid}.{}.{}", b64(planted), b64(planted)),
        format!("{}.e30.", b64(planted)),
        text(&format!("{{{quoted}:1,{quoted}:2}}")),
        text(&format!("{{{quoted}:")),
        text(&format!("[{quoted}]")),
        text(&format!("{{\"a\":{quoted}}} {quoted}")),
        text(&format!("{{\"a\":{quoted},\"n\":1e999}}")),
        signing::token("HS256", &format!("{{{quoted}"), &claims.to_string()),
        format!(
            "{}.{}.{}",
            b64(&header.to_string()),
            b64(planted).repeat(900),
            b64(planted)
        ),
        format!(
            "{}.e30.AAAA",
            b64(&format!("{{\"kid\":\"{}\"}}", planted.repeat(200)))
        ),
    ];
    tokens.extend(malformed.map(|token| (Planted::Hidden, token)));
    tokens
}

#[test]
fn token_is_not_shown() {
    let mut watch = Watch::new();
    let mut kinds = BTreeSet::new();
    for validator in validators() {
        watch.debug(&validator);
        for (place, token) in tokens(CANARY) {
            let presented = PresentedCredential::token(&token);
            watch.debug(&presented);
            watch.debug(presented.credential());
            let validated = validator.validate(&presented).try_now().unwrap();
            let rejection = match validated {
                Ok(principal) => {
                    principal_is_clean(&mut watch, &principal);
                    continue;
                }
                Err(rejection) => rejection,
            };
            kinds.insert(rejection.kind());
            match place {
                Planted::Hidden => watch.answer(rejection),
                Planted::Shown => watch.response(rejection),
            }
        }
    }
    let wanted = BTreeSet::from([
        RejectionKind::TokenMalformed,
        RejectionKind::TokenTooLarge,
        RejectionKind::TokenEncrypted,
        RejectionKind::HeaderUnsupported,
        RejectionKind::AlgorithmNotAllowed,
        RejectionKind::KeyNotFound,
        RejectionKind::KeyAmbiguous,
        RejectionKind::SignatureInvalid,
        RejectionKind::ClaimMissing,
        RejectionKind::ClaimInvalid,
        RejectionKind::IssuerMismatch,
        RejectionKind::AudienceMismatch,
        RejectionKind::TypeMismatch,
        RejectionKind::TokenExpired,
        RejectionKind::TokenNotYetValid,
        RejectionKind::TokenIssuedInFuture,
        RejectionKind::BindingRequired,
        RejectionKind::Unavailable,
    ]);
    let unseen: Vec<_> = wanted.difference(&kinds).collect();
    // A key without a `kid` matches any token, so `key_not_found` is provoked below.
    assert_eq!(unseen, [&RejectionKind::KeyNotFound]);
}

#[test]
fn explanation_shows_nothing_else_of_a_token() {
    let mut watch = Watch::new();
    for validator in validators() {
        for (place, token) in tokens(CANARY) {
            let presented = PresentedCredential::token(&token);
            let explanation = validator.explain(&presented).try_now().unwrap();
            let text = explanation.to_string();
            let long = token.split('.').filter(|segment| segment.len() > 16);
            for segment in long {
                assert!(!text.contains(segment), "{text}");
            }
            match place {
                Planted::Hidden => {
                    watch.text(&text);
                    watch.debug(&explanation);
                }
                // Its spellings in the token are not shown.
                Planted::Shown => watch.text(&text.replace(CANARY, "")),
            }
        }
    }
    assert!(watch.seen > 2_000, "{}", watch.seen);
}

/// `Debug` of a principal shows its subject and authority, which identify it in logs, and nothing
/// else of the token.
fn principal_is_clean(watch: &mut Watch, principal: &Principal) {
    if principal.subject() != Some(CANARY) && principal.authority().as_str() != CANARY {
        watch.debug(principal);
    }
    watch.debug(&principal.claims());
    watch.debug(&principal.key());
    watch.debug(&principal.token_id());
    watch.debug(&principal.confirmation());
    for name in ["custom", "nonce", "scope"] {
        watch.debug(&principal.claims().value(name));
        if let Err(error) = principal.claims().get::<u64>(name) {
            watch.error(&error);
        }
    }
}

/// Except in the source of the rejection, for the operator.
#[test]
fn unknown_kid_is_not_shown() {
    let mut watch = Watch::new();
    let key = Key::from_secret(signing::SECRET.to_vec()).unwrap();
    let keys = KeySet::from(key.with_kid("k1").unwrap());
    let header = format!(r#"{{"alg":"HS256","kid":"{CANARY}"}}"#);
    let token = signing::token("HS256", &header, r#"{"iss":"https://idp.example.com"}"#);
    let builder = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("a");
    let validator = builder.keys(keys).build().unwrap();
    let presented = PresentedCredential::token(&token);
    let rejection = validator
        .validate(&presented)
        .try_now()
        .unwrap()
        .unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::KeyNotFound);
    let source = rejection.source().unwrap().to_string();
    assert!(source.contains(CANARY), "{source}");
    watch.response(rejection);
}

#[test]
fn rejected_json_is_not_shown() {
    let mut watch = Watch::new();
    for text in [
        CANARY.to_owned(),
        format!("{{\"{CANARY}\":"),
        format!("{{\"{CANARY}\":1,\"{CANARY}\":1}}"),
        format!("{{\"a\":\"{CANARY}\\x\"}}"),
        format!("{{\"a\":\"{CANARY}\"}}{CANARY}"),
    ] {
        watch.error(&json::Object::parse(text.as_bytes()).unwrap_err());
        let builder = Principal::builder(PrincipalKind::Other, "bench");
        watch.error(&builder.claims(&text).unwrap_err());
    }
    let text = format!("{{\"a\":\"{CANARY}\"}}");
    let object = json::Object::parse(text.as_bytes()).unwrap();
    watch.debug(&object);
    let value = object.get("a").unwrap();
    watch.debug(&value);
    watch.error(&value.deserialize::<u64>().unwrap_err());
    watch.error(&value.deserialize::<Vec<u64>>().unwrap_err());
    watch.error(&value.deserialize::<std::net::IpAddr>().unwrap_err());
}

/// A type whose own checks put the value into their messages.
#[derive(Debug)]
struct Loud;

impl<'de> serde::Deserialize<'de> for Loud {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("no {value} here")))
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "only reading is tested")]
enum Plan {
    Free { seats: u8 },
}

#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "only reading is tested")]
struct Picky<T> {
    a: T,
    missing: u8,
}

#[test]
fn claim_that_is_not_of_a_type_is_not_shown() {
    use std::collections::BTreeMap;

    fn read<T: serde::de::DeserializeOwned + fmt::Debug>(watch: &mut Watch, claim: &Value) {
        let builder = Principal::builder(PrincipalKind::Session, "bench");
        let builder = builder.claims(json!({"a": claim}).to_string()).unwrap();
        let caller = builder.build();
        watch.error(&caller.claims().get::<T>("a").unwrap_err());
        watch.error(&caller.claims().deserialize::<Picky<T>>().unwrap_err());
    }

    let mut watch = Watch::new();
    for claim in [
        json!(CANARY),
        json!([CANARY]),
        json!({CANARY: CANARY}),
        json!({CANARY: {CANARY: [CANARY]}}),
        json!({"free": {CANARY: CANARY}}),
    ] {
        read::<u8>(&mut watch, &claim);
        read::<char>(&mut watch, &claim);
        read::<Loud>(&mut watch, &claim);
        read::<Plan>(&mut watch, &claim);
        read::<std::net::IpAddr>(&mut watch, &claim);
        read::<BTreeMap<u8, u8>>(&mut watch, &claim);
        read::<BTreeMap<String, BTreeMap<String, u8>>>(&mut watch, &claim);
        read::<[Loud; 1]>(&mut watch, &claim);
    }
}

#[test]
fn attached_value_is_not_shown() {
    let mut watch = Watch::new();
    let builder = Principal::builder(PrincipalKind::Session, "bench");
    let builder = builder.claims(format!("{{\"a\":\"{CANARY}\"}}")).unwrap();
    let builder = builder.extension(CANARY).scopes([CANARY]).client(CANARY);
    watch.debug(&builder);
    watch.debug(&builder.build());
}

// Requests: places

#[test]
fn credential_of_a_request_is_not_shown() {
    let mut watch = Watch::new();
    let mut kinds = BTreeSet::new();
    let sources = Sources::builder().dpop().api_key();
    let sources = sources
        .cookie("session")
        .form("access_token")
        .header("x-api-key")
        .query("key");
    let sources = sources
        .allow_origin("https://app.example.com")
        .basic(BasicKey::user_name())
        .build()
        .unwrap();
    let gate = Gate::builder()
        .validator(config().build().unwrap())
        .validator_at(Place::Basic, config().build().unwrap())
        .validator_at(Place::Cookie("session".into()), config().build().unwrap())
        .all_authorities_equal()
        .sources(sources.clone());
    let gate = gate.allow_any_authenticated().build().unwrap();
    watch.debug(&sources);
    watch.debug(&gate);
    let c = CANARY;
    let requests = [
        ("/", "", vec![]),
        ("/", "", vec![("authorization", format!("Bearer {c}"))]),
        ("/", "", vec![("authorization", format!("DPoP {c}"))]),
        ("/", "", vec![("authorization", format!("ApiKey {c}"))]),
        ("/", "", vec![("authorization", format!("{c} {c}"))]),
        (
            "/",
            "",
            vec![("authorization", format!("Basic {}", STANDARD.encode(c)))],
        ),
        ("/", "", vec![("authorization", format!("Bearer {c},{c}"))]),
        ("/", "", vec![("authorization", format!("Bearer  {c}"))]),
        ("/", "", vec![("authorization", format!("Bearer \t{c}"))]),
        (
            "/",
            "",
            vec![(
                "authorization",
                format!("Basic {}", STANDARD.encode(format!("{c}:"))),
            )],
        ),
        (
            "/",
            "",
            vec![
                ("authorization", format!("Bearer {c}")),
                ("x-api-key", c.to_owned()),
            ],
        ),
        ("/", "", vec![("x-api-key", c.to_owned())]),
        ("/", "", vec![("x-api-key", format!("{c} {c}"))]),
        ("/", "", vec![("cookie", format!("session={c}"))]),
        ("/", "", vec![("cookie", format!("session=\"{c}\""))]),
        (
            "/",
            "",
            vec![("cookie", format!("session={c}; session={c}"))],
        ),
        ("/", "", vec![("cookie", format!("other={c}"))]),
        (
            "/",
            "",
            vec![
                ("cookie", format!("session={c}")),
                ("origin", format!("https://{c}")),
            ],
        ),
        ("/?key=", "", vec![]),
        ("/?key=%zz", "", vec![]),
        ("/?a=1&key=", "", vec![]),
        ("/", "access_token=", vec![]),
        ("/", "access_token=%ff", vec![]),
        ("/", "access_token=&access_token=", vec![]),
    ];
    for method in [Method::GET, Method::POST] {
        for (path, form, carried) in &requests {
            let planted = if path.len() > 1 { CANARY } else { "" };
            let uri: Uri = format!("https://user:pass@h.example{path}{planted}")
                .parse()
                .unwrap();
            let form = if form.is_empty() {
                String::new()
            } else {
                format!("{form}{CANARY}")
            };
            let mut headers = HeaderMap::new();
            headers.insert(
                "content-type",
                "application/x-www-form-urlencoded".parse().unwrap(),
            );
            for (name, value) in carried {
                headers.append(*name, value.parse().unwrap());
            }
            let certificate = ClientCertificate::from_der(CANARY.as_bytes());
            let facts = RequestFacts::new(&method, &uri, &headers).with_form(form.as_bytes());
            let facts = facts.with_certificate(&certificate);
            watch.debug(&facts);
            match sources.extract(&facts) {
                Ok(presented) => watch.debug(&presented),
                Err(rejection) => {
                    kinds.insert(rejection.kind());
                    watch.answer(rejection);
                }
            }
            let refusal = gate.try_check_now(facts).unwrap().unwrap_err();
            watch.debug(&refusal);
            watch.error(&refusal);
            watch.headers(&refusal.headers());
            watch.text(refusal.body());
            watch.text(&sources.strip_query_credentials(&uri).to_string());
            sources.mark_sensitive(&mut headers);
            if !carried.iter().any(|(name, _)| matches!(*name, "origin")) {
                watch.debug(&headers);
            }
        }
    }
    for kind in [
        RejectionKind::CredentialMissing,
        RejectionKind::CredentialMalformed,
        RejectionKind::CredentialAmbiguous,
        RejectionKind::CrossSiteRefused,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    for value in [
        CANARY.to_owned(),
        format!("{CANARY} a"),
        format!("Bearer {CANARY}=x"),
    ] {
        watch.answer(PresentedCredential::authorization(&value).unwrap_err());
    }
    watch.answer(PresentedCredential::bearer(&format!("{CANARY} ")).unwrap_err());
}

// Responses

/// The response is the same for every token that is rejected for the same reason.
#[test]
fn response_does_not_depend_on_the_content_of_the_token() {
    let answers = |planted: &str| -> Vec<_> {
        let own = BodyStyle::custom("text/plain", |kind, _| kind.as_str());
        let styles = [
            BodyStyle::Empty,
            BodyStyle::ProblemJson,
            BodyStyle::ProblemJsonWithError,
            own,
        ];
        let configs = styles.map(|style| {
            ResponseConfig::builder()
                .realm("api")
                .body(style)
                .build()
                .unwrap()
        });
        let mut answers = Vec::new();
        for validator in validators() {
            for (_, token) in tokens(planted) {
                let presented = PresentedCredential::token(&token);
                for config in &configs {
                    // The refusal is created from the whole rejection, not only from its kind.
                    if let Err(rejection) = validator.validate(&presented).try_now().unwrap() {
                        let refusal = config.respond_to(rejection);
                        let (kind, headers) = (refusal.kind(), refusal.headers());
                        answers.push((kind, refusal.status(), headers, refusal.body()));
                    }
                }
            }
        }
        answers
    };
    let wanted = answers(CANARY);
    for injected in [
        "x\", error=\"insufficient_scope\", a=\"bcdefghijklmnop",
        "x\r\nset-cookie: session=stolen\r\n\r\nabcdefghijklmnop",
        "Basic realm=\"y\", Bearer error=\"\u{2028}\u{7f}\u{e4}abcdefghij",
        "<script>alert(1)</script>abcdefghijklmn\\u0022\\\\",
    ] {
        for answer in answers(injected) {
            assert!(wanted.contains(&answer), "{answer:?}");
        }
    }
}

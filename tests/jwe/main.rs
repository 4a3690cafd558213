//! Encrypted tokens at a validator and at a gate (RFC 7516, RFC 7519 section 5.2).
#![cfg(all(feature = "jwe", feature = "testing"))]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::jwe::{ContentEncryption, DecryptionKey, DecryptionKeys, KeyManagement};
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::request::ExternalUrl;
use bearergate::testing::{FakeKey, ProofKey, TokenBuilder};
use bearergate::validator::TokenCache;
use bearergate::{Gate, JwtValidator, Principal, RejectionKind};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
const URL: &str = "https://api.example.com";
const ISSUER: &str = "https://idp.example.com";
const SECRET: [u8; 32] = [7; 32];

fn keys() -> DecryptionKeys {
    let key = DecryptionKey::direct(SECRET.to_vec())
        .unwrap()
        .with_kid("own");
    DecryptionKeys::of([key]).unwrap()
}

struct Service {
    issuer: FakeKey,
    gate: Gate,
}

impl Service {
    fn new() -> Self {
        Self::with(|validator| validator.encrypted_with(keys()))
    }

    fn with(change: impl FnOnce(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>) -> Self {
        let issuer = FakeKey::es256("issuer");
        let validator = JwtValidator::builder().issuer(ISSUER).audience(URL);
        let validator = change(validator.keys(issuer.key_set())).build().unwrap();
        Self::of(issuer, validator)
    }

    fn of(issuer: FakeKey, validator: JwtValidator) -> Self {
        let gate = Gate::builder()
            .validator(validator)
            .clock(FakeClock::at(NOW));
        Self {
            issuer,
            gate: gate.allow_any_authenticated().build().unwrap(),
        }
    }

    fn token(&self) -> TokenBuilder {
        let token = TokenBuilder::new(&self.issuer, NOW);
        let token = token.issuer(ISSUER).audience(URL).subject("alice");
        token.expires_in(Duration::from_secs(600))
    }

    fn check(&self, token: &str) -> Result<Principal, RejectionKind> {
        let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let checked = self.gate.try_check_now(&request.body(()).unwrap()).unwrap();
        match checked {
            Ok(admitted) => Ok(admitted.principal().clone()),
            Err(refusal) => Err(refusal.kind()),
        }
    }

    fn kind(&self, token: &str) -> Option<RejectionKind> {
        self.check(token).err()
    }
}

/// Encrypts a text by `dir` with AES-GCM, under this header.
fn encrypt(header: &Value, text: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &SECRET).unwrap());
    let mut bytes = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([5; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut bytes)
        .unwrap();
    let (iv, text) = (
        URL_SAFE_NO_PAD.encode([5; 12]),
        URL_SAFE_NO_PAD.encode(&bytes),
    );
    format!("{header}..{iv}.{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn header() -> Value {
    json!({"alg": "dir", "enc": "A256GCM", "cty": "JWT", "kid": "own"})
}

fn with(name: &str, value: Value) -> Value {
    let mut header = header();
    match value {
        Value::Null => _ = header.as_object_mut().unwrap().remove(name),
        value => header[name] = value,
    }
    header
}

#[test]
fn the_signed_token_is_validated_and_the_principal_says_that_it_was_encrypted() {
    let service = Service::new();
    let signed = service.token().sign();
    let principal = service.check(&encrypt(&header(), &signed)).unwrap();
    assert_eq!(principal.subject(), Some("alice"));
    assert!(principal.was_encrypted());
    let plain = service.check(&signed).unwrap();
    assert!(!plain.was_encrypted());
    assert_eq!(principal.token_id(), plain.token_id());
}

// Everybody knows the public key of a service.
// Defect X83 (encrypted claims without a signature accepted): docs/defects.md
// Defect X84 (encryption taken for authentication): docs/defects.md
#[test]
fn encryption_authenticates_nobody() {
    let service = Service::new();
    let good = service.token();
    let other = FakeKey::es256("issuer");
    let forged = good.clone().forged_by(&other).sign();
    let claims = json!({"iss": ISSUER, "aud": URL, "sub": "alice", "exp": NOW.as_secs() + 600});
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let nested = encrypt(&header(), &good.sign());
    for (inner, expected) in [
        (good.sign(), None),
        (forged, Some(RejectionKind::SignatureInvalid)),
        (
            r#"{"sub":"alice"}"#.to_owned(),
            Some(RejectionKind::TokenMalformed),
        ),
        (none, Some(RejectionKind::AlgorithmNotAllowed)),
        (nested, Some(RejectionKind::TokenEncrypted)),
        (
            good.clone().expired().sign(),
            Some(RejectionKind::TokenExpired),
        ),
        (
            good.clone().audience("other").sign(),
            Some(RejectionKind::AudienceMismatch),
        ),
        (String::new(), Some(RejectionKind::TokenMalformed)),
    ] {
        assert_eq!(
            service.kind(&encrypt(&header(), &inner)),
            expected,
            "{inner}"
        );
    }
}

// Defect X81 (compression, iterations or algorithms of another key in a JWE): docs/defects.md
#[test]
fn the_header_is_checked_before_a_key_is_used() {
    let service = Service::new();
    let signed = service.token().sign();
    let unsupported = Some(RejectionKind::HeaderUnsupported);
    let unknown = Some(RejectionKind::AlgorithmNotAllowed);
    for (name, value, expected) in [
        ("cty", json!("JWT"), None),
        ("cty", json!("jwt"), None),
        ("cty", json!("application/jwt"), None),
        ("cty", json!(null), unsupported),
        ("cty", json!("text"), unsupported),
        ("zip", json!("DEF"), unsupported),
        ("crit", json!(["exp"]), unsupported),
        ("p2c", json!(1_000_000_000), unsupported),
        ("p2s", json!("AA"), unsupported),
        ("b64", json!(false), unsupported),
        ("alg", json!("RSA1_5"), unknown),
        ("alg", json!("PBES2-HS256+A128KW"), unknown),
        ("alg", json!("A128GCMKW"), unknown),
        ("alg", json!("A192KW"), unknown),
        ("alg", json!("ECDH-ES+A192KW"), unknown),
        ("alg", json!("none"), unknown),
        ("alg", json!(1), unsupported),
        ("alg", json!(null), unsupported),
        ("alg", json!("ECDH-ES"), Some(RejectionKind::KeyNotFound)),
        ("enc", json!("A192GCM"), unknown),
        ("enc", json!(null), unsupported),
        ("kid", json!("other"), Some(RejectionKind::KeyNotFound)),
        ("kid", json!(null), None),
        ("typ", json!("JWT"), None),
        ("jwk", json!({"kty": "oct"}), None),
        ("jku", json!("https://attacker.example"), None),
    ] {
        let token = encrypt(&with(name, value.clone()), &signed);
        assert_eq!(service.kind(&token), expected, "{name} {value}");
        // A refusal by the header comes first, and uses no key.
        let failed = expected.or(Some(RejectionKind::DecryptionFailed));
        assert_eq!(service.kind(&without_tag(&token)), failed, "{name} {value}");
    }
}

/// The same with another tag, so that it cannot be decrypted.
fn without_tag(token: &str) -> String {
    let (rest, tag) = token.rsplit_once('.').unwrap();
    format!("{rest}.{}", "A".repeat(tag.len()))
}

// Defect X80 (padding oracle of encrypted tokens): docs/defects.md
#[test]
fn everything_from_the_encrypted_key_to_the_tag_has_one_answer() {
    let service = Service::new();
    let token = encrypt(&header(), &service.token().sign());
    let parts: Vec<&str> = token.split('.').collect();
    let replace = |at: usize, part: &str| {
        let mut parts = parts.clone();
        parts[at] = part;
        parts.join(".")
    };
    let changed = |at: usize| {
        let mut bytes = URL_SAFE_NO_PAD.decode(parts[at]).unwrap();
        bytes[0] ^= 1;
        replace(at, &URL_SAFE_NO_PAD.encode(bytes))
    };
    let short_tag = parts[4].split_at(16).0;
    for token in [
        replace(1, "AAAA"),
        changed(2),
        changed(3),
        changed(4),
        replace(4, short_tag),
        replace(4, ""),
        replace(2, ""),
        replace(3, ""),
    ] {
        let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let refusal = service
            .gate
            .try_check_now(&request.body(()).unwrap())
            .unwrap()
            .unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::DecryptionFailed);
        assert_eq!(refusal.status(), 401);
        let challenge = refusal.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

#[test]
fn claims_in_the_header_are_those_of_the_token() {
    let service = Service::new();
    let signed = service.token().sign();
    for (name, value, expected) in [
        ("iss", json!(ISSUER), None),
        (
            "iss",
            json!("https://other.example"),
            Some(RejectionKind::ClaimInvalid),
        ),
        ("sub", json!("alice"), None),
        ("sub", json!("mallory"), Some(RejectionKind::ClaimInvalid)),
        ("aud", json!("other"), Some(RejectionKind::ClaimInvalid)),
    ] {
        let token = encrypt(&with(name, value.clone()), &signed);
        assert_eq!(service.kind(&token), expected, "{name} {value}");
    }
}

#[test]
fn without_keys_such_a_token_is_refused_and_with_them_it_can_be_required() {
    let plain = Service::with(|validator| validator);
    let token = encrypt(&header(), &plain.token().sign());
    assert_eq!(plain.kind(&token), Some(RejectionKind::TokenEncrypted));
    let required =
        Service::with(|validator| validator.encrypted_with(keys()).encryption_required());
    let signed = required.token().sign();
    assert_eq!(required.kind(&signed), Some(RejectionKind::TokenMalformed));
    assert_eq!(required.kind(&encrypt(&header(), &signed)), None);
    let narrow = Service::with(|validator| {
        validator
            .encrypted_with(keys())
            .content([ContentEncryption::A256CbcHs512])
    });
    let token = encrypt(&header(), &narrow.token().sign());
    let refused = Some(RejectionKind::AlgorithmNotAllowed);
    assert_eq!(narrow.kind(&token), refused);
    assert_eq!(narrow.kind(&without_tag(&token)), refused);
}

#[test]
fn a_proof_is_made_for_the_text_as_presented() {
    let issuer = FakeKey::es256("issuer");
    let client = ProofKey::es256();
    let clock = FakeClock::at(NOW);
    let dpop = Dpop::at(ExternalUrl::parse(URL).unwrap()).clock(clock);
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(URL)
        .keys(issuer.key_set())
        .encrypted_with(keys())
        .sender_constraint(Binding::dpop(dpop.build().unwrap()).build())
        .build()
        .unwrap();
    let service = Service::of(issuer, validator);
    let signed = service
        .token()
        .claim("cnf", json!({"jkt": client.thumbprint()}))
        .sign();
    let token = encrypt(&header(), &signed);
    let kind = |hashed: &str| {
        let proof = client
            .proof("GET", "https://api.example.com/")
            .token(hashed)
            .at(NOW)
            .sign();
        let request = http::Request::get("/")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof);
        let checked = service
            .gate
            .try_check_now(&request.body(()).unwrap())
            .unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    assert_eq!(kind(&token), None);
    assert_eq!(kind(&signed), Some(RejectionKind::ProofInvalid));
}

#[test]
fn a_cached_token_is_still_an_encrypted_one() {
    let issuer = FakeKey::es256("issuer");
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(URL)
        .keys(issuer.key_set())
        .encrypted_with(keys())
        .build()
        .unwrap()
        .cached(&TokenCache::default());
    let service = Service::of(issuer, validator);
    let token = encrypt(&header(), &service.token().sign());
    for _ in 0..3 {
        assert!(service.check(&token).unwrap().was_encrypted());
    }
}

// Defect X85 (one key for two purposes or algorithms): docs/defects.md
#[test]
fn keys_serve_one_algorithm_and_one_purpose() {
    let k = URL_SAFE_NO_PAD.encode(SECRET);
    let import = |members: Value| {
        let mut jwk = json!({"kty": "oct", "k": k});
        let all = members.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(all);
        DecryptionKey::from_jwk(jwk.to_string())
            .map(|key| key.algorithm())
            .ok()
    };
    for (members, expected) in [
        (json!({"alg": "dir"}), Some(KeyManagement::Dir)),
        (json!({"alg": "A256GCM"}), Some(KeyManagement::Dir)),
        (json!({"alg": "A128GCM"}), None),
        (json!({"alg": "A256KW"}), Some(KeyManagement::A256Kw)),
        (json!({"alg": "A128KW"}), None),
        (json!({"alg": "RSA-OAEP-256"}), None),
        (json!({"alg": "HS256"}), None),
        (json!({}), None),
        (
            json!({"alg": "dir", "use": "enc"}),
            Some(KeyManagement::Dir),
        ),
        (json!({"alg": "dir", "use": "sig"}), None),
        (
            json!({"alg": "dir", "key_ops": ["decrypt"]}),
            Some(KeyManagement::Dir),
        ),
        (json!({"alg": "dir", "key_ops": ["sign"]}), None),
    ] {
        assert_eq!(import(members.clone()), expected, "{members}");
    }
    let key = |kid: &str| {
        DecryptionKey::direct(SECRET.to_vec())
            .unwrap()
            .with_kid(kid)
    };
    assert!(DecryptionKeys::of([]).is_err());
    assert!(DecryptionKeys::of([key("a"), key("b")]).is_ok());
    assert!(DecryptionKeys::of([key("a"), key("a")]).is_err());
    assert!(DecryptionKeys::of((0..9).map(|n| key(&n.to_string()))).is_err());
    for (len, is_good) in [(15, false), (16, true), (24, false), (32, true), (64, true)] {
        assert_eq!(
            DecryptionKey::direct(vec![7; len]).is_ok(),
            is_good,
            "{len}"
        );
    }
}

#[test]
fn explanations_of_encrypted_tokens_show_the_steps_of_the_signed_one() {
    use bearergate::TokenValidator;
    use bearergate::credential::PresentedCredential;

    let issuer = FakeKey::es256("issuer");
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(URL)
        .keys(issuer.key_set())
        .encrypted_with(keys())
        .build()
        .unwrap();
    let service = Service::of(issuer, validator.clone());
    let explain = |token: &str| {
        let presented = PresentedCredential::token(token).at(NOW);
        let explanation = validator.explain(&presented).try_now().unwrap();
        explanation.failed().map(|step| step.name().to_owned())
    };
    let good = service.token();
    assert_eq!(explain(&encrypt(&header(), &good.sign())), None);
    let expired = good.clone().expired().sign();
    assert_eq!(
        explain(&encrypt(&header(), &expired)).as_deref(),
        Some("expiry")
    );
}

// A key of AES-GCM is no key of AES-CBC.
#[test]
fn a_key_of_one_content_algorithm_decrypts_no_other() {
    let key = |alg: &str| {
        let jwk =
            json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "kid": "own", "alg": alg});
        DecryptionKeys::of([DecryptionKey::from_jwk(jwk.to_string()).unwrap()]).unwrap()
    };
    for (alg, expected) in [
        ("dir", None),
        ("A256GCM", None),
        ("A128CBC-HS256", Some(RejectionKind::KeyNotFound)),
    ] {
        let service = Service::with(|validator| validator.encrypted_with(key(alg)));
        let token = encrypt(&header(), &service.token().sign());
        assert_eq!(service.kind(&token), expected, "{alg}");
    }
}

//! Import of keys: what is accepted, what is refused and why, and what is never shown.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use bearergate::ConfigError;
use bearergate::crypto::{Algorithm, Provider};
use bearergate::error::ConfigErrorKind;
use bearergate::key::{Key, KeyImporter, KeySet};
use proptest::prelude::*;
use serde_json::{Value, json};

const ED25519: &str = include_str!("keys/ed25519.public.pem");
const ES256: &str = include_str!("keys/es256.public.pem");
const ES384: &str = include_str!("keys/es384.public.pem");
const RSA: &str = include_str!("keys/rsa-2048.public.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa-2048.pkcs1.public.pem");

/// RFC 7515 appendix A.3.
fn es256_jwk() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// RFC 8037 appendix A.2.
fn ed25519_jwk() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// RFC 7515 appendix A.2.
fn rsa_jwk() -> Value {
    json!({
        "kty": "RSA", "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
              P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6\
              3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw\
              KIkQJVsD1A-9Bn1bIVAYPsT8dRgOvQIVXQNZ8p0hJNZ6ihj4rhFTa6Ir8vPQSAyTzHYgW9cTOSeCEmGdZAOt\
              RPUuWQ",
    })
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

fn jwk(jwk: &Value) -> Result<Key, ConfigError> {
    Key::from_jwk(jwk.to_string())
}

fn kind<T>(result: &Result<T, ConfigError>) -> Option<ConfigErrorKind> {
    result.as_ref().err().map(ConfigError::kind)
}

const MALFORMED: Option<ConfigErrorKind> = Some(ConfigErrorKind::KeyMalformed);
const PRIVATE: Option<ConfigErrorKind> = Some(ConfigErrorKind::KeyPrivate);
const WEAK: Option<ConfigErrorKind> = Some(ConfigErrorKind::KeyWeak);

fn der(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

// PEM and DER

#[test]
fn public_keys_are_imported_from_pem_and_der() {
    for pem in [RSA, ES256, ES384, ED25519] {
        let key = Key::from_pem(pem).unwrap();
        assert_eq!(
            key.thumbprint(),
            Key::from_der(der(pem)).unwrap().thumbprint()
        );
        assert_eq!(key.kid(), None);
    }
    let pkcs1 = Key::from_pem(RSA_PKCS1).unwrap();
    assert_eq!(pkcs1.id(), Key::from_pem(RSA).unwrap().id());
}

#[test]
fn only_lines_before_one_pem_block_and_white_space_are_allowed_around_it() {
    for taken in [
        format!("# the key\n{ES256}"),
        format!(
            "Bag Attributes\r\n    localKeyID: 01 AB\r\nKey Attributes: <No Attributes>\r\n{ES256}"
        ),
        format!("subject=CN = -----\n\n{ES256}"),
        format!("\n\n  {ES256}\r\n"),
        ES256.replace('\n', "\r\n"),
        ES256.trim_end().to_owned(),
    ] {
        assert_eq!(kind(&Key::from_pem(&taken)), None, "{taken}");
    }
    for refused in [
        String::new(),
        format!("{ES256}{ES256}"),
        format!("{ES256}{RSA}"),
        format!("# the key: {ES256}"),
        format!("{RSA}\n# the key\n{ES256}"),
        format!("-----END PUBLIC KEY-----\n{ES256}"),
        format!("{ES256}# the key"),
        format!("{ES256}trailing"),
        format!("\u{feff}{ES256}"),
        ES256.replace("-----BEGIN", "----BEGIN"),
        ES256.replace("END PUBLIC KEY", "END RSA PUBLIC KEY"),
        ES256.replace("\nMF", "\nProc-Type: 4,ENCRYPTED\n\nMF"),
        ES256.replace("MF", "M*"),
        ES256.replace('\n', "\\n"),
        ES256.lines().next().unwrap().to_owned(),
    ] {
        assert_eq!(kind(&Key::from_pem(&refused)), MALFORMED, "{refused}");
    }
    assert_eq!(kind(&Key::from_pem([0xff; 40])), MALFORMED);
}

#[test]
fn labels_and_content_must_agree() {
    let relabel = |pem: &str, from: &str, to: &str| pem.replace(from, to);
    for refused in [
        relabel(RSA_PKCS1, "RSA PUBLIC KEY", "PUBLIC KEY"),
        relabel(RSA, "PUBLIC KEY", "RSA PUBLIC KEY"),
        relabel(ES256, "PUBLIC KEY", "EC PUBLIC KEY"),
        relabel(ES256, "PUBLIC KEY", "SSH2 PUBLIC KEY"),
        relabel(ES256, "PUBLIC KEY", "RSA PUBLIC KEY"),
    ] {
        assert_eq!(kind(&Key::from_pem(&refused)), MALFORMED, "{refused}");
    }
}

#[test]
fn private_keys_are_refused_as_private() {
    for private in [
        include_str!("keys/ed25519.private.pem"),
        include_str!("keys/ed25519.pkcs8-v2.private.pem"),
        include_str!("keys/es256.private.pem"),
        include_str!("keys/es384.private.pem"),
        include_str!("keys/rsa-2048.private.pem"),
    ] {
        assert_eq!(kind(&Key::from_pem(private)), PRIVATE);
        assert_eq!(kind(&Key::from_der(der(private))), PRIVATE);
        let relabelled = private.replace("PRIVATE KEY", "PUBLIC KEY");
        assert_eq!(kind(&Key::from_pem(&relabelled)), PRIVATE);
        let relabelled = private.replace("PRIVATE KEY", "RSA PUBLIC KEY");
        assert_eq!(kind(&Key::from_pem(&relabelled)), PRIVATE);
        for label in [
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
        ] {
            let relabelled = private.replace("PRIVATE KEY", label);
            assert_eq!(kind(&Key::from_pem(&relabelled)), PRIVATE);
        }
    }
}

#[test]
fn certificates_are_refused_with_a_hint() {
    let certificate = include_str!("keys/rsa-2048.certificate.pem");
    for refused in [Key::from_pem(certificate), Key::from_der(der(certificate))] {
        assert_eq!(kind(&refused), MALFORMED);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("openssl x509 -pubkey -noout"), "{text}");
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    for pem in [
        include_str!("keys/ed448.public.pem"),
        include_str!("keys/es256.compressed.public.pem"),
        include_str!("keys/rsa-pss-2048.public.pem"),
        include_str!("keys/secp256k1.public.pem"),
    ] {
        assert_eq!(kind(&Key::from_pem(pem)), MALFORMED);
        assert_eq!(kind(&Key::from_der(der(pem))), MALFORMED);
    }
    let short = include_str!("keys/rsa-1024.public.pem");
    assert_eq!(kind(&Key::from_pem(short)), WEAK);
}

#[test]
fn keys_on_p_521_need_aws_lc_rs() {
    let (pem, other) = (
        include_str!("keys/es512.public.pem"),
        include_str!("keys/p521.public.pem"),
    );
    let point = &der(pem)[158 - 132..];
    let (x, y) = (encoded(&point[..66]), encoded(&point[66..]));
    let member = json!({"kty": "EC", "crv": "P-521", "x": x, "y": y, "kid": "k", "alg": "ES512"});
    let set = jwks(&[member.clone(), es256_jwk()]).unwrap();
    let single = [
        Key::from_pem(pem),
        Key::from_pem(other),
        Key::from_der(der(pem)),
        jwk(&member),
    ];
    if cfg!(feature = "aws-lc-rs") {
        for provider in [Provider::default(), Provider::ring()] {
            let key = KeyImporter::on(provider).pem(pem).unwrap();
            assert_eq!(key.algorithms(), Algorithm::Es512.into());
            assert_eq!(key.id(), jwk(&member).unwrap().id());
        }
        assert!(single.iter().all(Result::is_ok));
        assert_eq!((set.keys().len(), set.skipped().len()), (2, 0));
        let short = with(member, "y", encoded(&point[67..]));
        assert_eq!(point[66], 1);
        assert_eq!(jwks(&[short, es256_jwk()]).unwrap().keys().len(), 1);
        return;
    }
    for refused in single {
        assert_eq!(kind(&refused), MALFORMED);
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("`aws-lc-rs`") && text.contains("`ES512`"),
            "{text}"
        );
    }
    let [skipped] = set.skipped() else {
        panic!("{:?}", set.skipped());
    };
    assert_eq!(skipped.kid(), Some("k"));
    assert!(
        skipped.reason().contains("`aws-lc-rs`"),
        "{}",
        skipped.reason()
    );
}

#[test]
fn every_byte_of_der_counts() {
    let good = der(ES256);
    assert_eq!(kind(&Key::from_der(&good)), None);
    assert_eq!(
        kind(&Key::from_der([good.as_slice(), &[0]].concat())),
        MALFORMED
    );
    for len in 0..good.len() {
        assert!(Key::from_der(&good[..len]).is_err(), "{len}");
    }
    for index in 0..good.len() {
        let mut other = good.clone();
        other[index] ^= 1;
        assert!(Key::from_der(&other).is_err(), "{index}");
    }
    // The same content with a length that is not the shortest.
    let long = [&[0x30, 0x81], &good[1..]].concat();
    assert_eq!(kind(&Key::from_der(long)), MALFORMED);
    let longer = [&[0x30, 0x82, 0x00], &good[1..]].concat();
    assert_eq!(kind(&Key::from_der(longer)), MALFORMED);
    let indefinite = [&[0x30, 0x80], &good[2..], &[0, 0]].concat();
    assert_eq!(kind(&Key::from_der(indefinite)), MALFORMED);
}

#[test]
fn deeply_nested_der_does_not_overflow_the_stack() {
    let deep = vec![0x30; 200_000];
    assert_eq!(kind(&Key::from_der(&deep)), MALFORMED);
    let nested = [0x30, 0x80].repeat(100_000);
    assert_eq!(kind(&Key::from_der(&nested)), MALFORMED);
}

// Secrets

#[test]
fn secrets_shorter_than_the_shortest_hash_are_refused() {
    for len in [0, 1, 16, 31] {
        assert_eq!(kind(&Key::from_secret(vec![7; len])), WEAK, "{len}");
    }
    assert_eq!(kind(&Key::from_secret(vec![7; 32])), None);
    assert_eq!(kind(&Key::from_secret(String::from("secret"))), WEAK);
}

#[test]
fn base64url_secrets_are_read_strictly() {
    let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let key = Key::from_base64url_secret(text).unwrap();
    assert_eq!(
        key.id(),
        Key::from_secret((0..32).collect::<Vec<u8>>()).unwrap().id()
    );
    for refused in [
        format!("{text}="),
        format!(" {text}"),
        format!("{text}\n"),
        text.replace("h8", "h9"),
        text.replace('A', "+"),
    ] {
        assert_eq!(
            kind(&Key::from_base64url_secret(&refused)),
            MALFORMED,
            "{refused}"
        );
    }
    assert_eq!(kind(&Key::from_base64url_secret("")), WEAK);
}

#[test]
fn published_keys_are_refused_as_secrets() {
    let looks_public = [
        RSA.as_bytes().to_vec(),
        format!(" \n{RSA_PKCS1}").into_bytes(),
        format!("\u{feff}{ES256}").into_bytes(),
        rsa_jwk().to_string().into_bytes(),
        format!("\n {}", es256_jwk()).into_bytes(),
        der(RSA),
        der(RSA_PKCS1),
        ES256
            .lines()
            .filter(|line| !line.contains('-'))
            .collect::<String>()
            .into_bytes(),
    ];
    for bytes in looks_public {
        assert_eq!(kind(&Key::from_secret(bytes.clone())), MALFORMED);
        use base64::Engine;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
        assert_eq!(kind(&Key::from_base64url_secret(&text)), MALFORMED);
        let oct = json!({"kty": "oct", "k": text});
        assert_eq!(kind(&jwk(&oct)), MALFORMED);
    }
}

#[test]
fn a_path_is_not_read_as_a_key() {
    let path = "/etc/bearergate/keys/issuer.example.com/rsa-2048.public.pem";
    assert_eq!(kind(&Key::from_pem(path)), MALFORMED);
    assert_eq!(kind(&Key::from_der(path)), MALFORMED);
    assert_eq!(kind(&Key::from_base64url_secret(path)), MALFORMED);
    let json = Some(ConfigErrorKind::ValueMalformed);
    assert_eq!(kind(&Key::from_jwk(path)), json);
    assert_eq!(kind(&KeySet::from_jwks(path)), json);
    let short = "/run/secrets/jwt";
    assert_eq!(kind(&Key::from_secret(short.to_owned())), WEAK);
}

#[test]
fn a_secret_jwk_must_be_as_long_as_the_hash_of_its_alg() {
    // 32, 48 and 64 bytes of zero.
    let k = |chars| "A".repeat(chars);
    for (alg, least, below) in [("HS256", 43, 42), ("HS384", 64, 63), ("HS512", 86, 84)] {
        let oct = |chars| json!({"kty": "oct", "k": k(chars), "alg": alg});
        let key = jwk(&oct(least)).unwrap();
        assert_eq!(key.algorithms(), Algorithm::from_name(alg).unwrap().into());
        assert_eq!(kind(&jwk(&oct(below))), WEAK, "{alg}");
    }
    let rs256 = json!({"kty": "oct", "k": k(43), "alg": "RS256"});
    assert_eq!(kind(&jwk(&rs256)), MALFORMED);
    let empty = json!({"kty": "oct", "k": "", "alg": "HS256"});
    assert_eq!(kind(&jwk(&empty)), WEAK);
    assert_eq!(kind(&jwk(&json!({"kty": "oct"}))), MALFORMED);
}

// One JWK

#[test]
fn public_jwks_are_imported_with_kid_and_alg() {
    let full = with(with(es256_jwk(), "kid", "k1"), "alg", "ES256");
    let key = jwk(&with(
        with(full, "use", "sig"),
        "key_ops",
        json!(["verify"]),
    ))
    .unwrap();
    assert_eq!(key.kid(), Some("k1"));
    assert_eq!(key.algorithms(), Algorithm::Es256.into());
    assert_eq!(jwk(&rsa_jwk()).unwrap().algorithms().iter().count(), 6);
    assert_eq!(
        jwk(&ed25519_jwk()).unwrap().algorithms(),
        Algorithm::EdDsa.into()
    );
    for name in ["EdDSA", "Ed25519"] {
        let key = jwk(&with(ed25519_jwk(), "alg", name)).unwrap();
        assert_eq!(key.algorithms(), Algorithm::EdDsa.into());
    }
}

#[test]
fn jwks_for_another_purpose_are_refused() {
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!("SIG")),
        ("use", json!("")),
        ("use", json!(7)),
        ("use", Value::Null),
        ("key_ops", json!([])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!(["encrypt", "wrapKey"])),
        ("key_ops", json!("verify")),
        ("key_ops", json!(["verify", 7])),
        ("key_ops", json!({"verify": true})),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("ES512")),
        ("alg", json!("ES384")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!("none")),
        ("alg", json!("es256")),
        ("alg", json!("")),
        ("alg", json!(["ES256"])),
    ] {
        let refused = jwk(&with(es256_jwk(), name, value.clone()));
        assert_eq!(kind(&refused), MALFORMED, "{name} {value}");
    }
    for operations in [json!(["verify"]), json!(["sign", "verify"])] {
        assert_eq!(kind(&jwk(&with(es256_jwk(), "key_ops", operations))), None);
    }
}

#[test]
fn jwks_with_private_members_are_refused_as_private() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for public in [rsa_jwk(), es256_jwk(), ed25519_jwk()] {
            assert_eq!(
                kind(&jwk(&with(public.clone(), name, "AQAB"))),
                PRIVATE,
                "{name}"
            );
            assert_eq!(
                kind(&jwk(&with(public, name, Value::Null))),
                PRIVATE,
                "{name}"
            );
        }
    }
}

#[test]
fn jwks_of_another_type_or_curve_are_refused() {
    for (public, name, value) in [
        (es256_jwk(), "kty", json!("RSA")),
        (es256_jwk(), "kty", json!("OKP")),
        (es256_jwk(), "kty", json!("ec")),
        (es256_jwk(), "kty", json!("AKP")),
        (es256_jwk(), "kty", json!(1)),
        (es256_jwk(), "crv", json!("P-384")),
        (es256_jwk(), "crv", json!("P-521")),
        (es256_jwk(), "crv", json!("secp256k1")),
        (es256_jwk(), "crv", json!("Ed25519")),
        (es256_jwk(), "crv", json!(256)),
        (ed25519_jwk(), "crv", json!("Ed448")),
        (ed25519_jwk(), "crv", json!("X25519")),
        (rsa_jwk(), "kty", json!("EC")),
    ] {
        let refused = jwk(&with(public, name, value.clone()));
        assert_eq!(kind(&refused), MALFORMED, "{name} {value}");
    }
    for (public, names) in [
        (es256_jwk(), &["kty", "crv", "x", "y"][..]),
        (ed25519_jwk(), &["kty", "crv", "x"]),
        (rsa_jwk(), &["kty", "n", "e"]),
    ] {
        for name in names {
            assert_eq!(
                kind(&jwk(&without(public.clone(), name))),
                MALFORMED,
                "{name}"
            );
        }
    }
}

#[test]
fn points_off_the_curve_or_of_another_length_are_refused() {
    let x = es256_jwk()["x"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("y", x.clone()),
        ("x", x.replace("f8", "f9")),
        ("x", x[..42].to_owned()),
        ("x", format!("{x}A")),
        ("x", format!("AA{x}")),
        ("x", String::new()),
        ("x", format!("{x}=")),
        ("x", x.replace("EU", "EV")),
    ] {
        let refused = jwk(&with(es256_jwk(), name, value.clone()));
        assert_eq!(kind(&refused), MALFORMED, "{name} {value}");
    }
    let off = "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(kind(&jwk(&with(ed25519_jwk(), "x", off))), MALFORMED);
    let identity = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(kind(&jwk(&with(ed25519_jwk(), "x", identity))), WEAK);
}

#[test]
fn weak_rsa_jwks_are_refused() {
    let n = rsa_jwk()["n"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("e", "AQ".to_owned()),      // 1
        ("e", "Ag".to_owned()),      // 2
        ("e", "Aw".to_owned()),      // 3
        ("e", "AQAA".to_owned()),    // 65 536
        ("e", "AgAAAAA".to_owned()), // 2^33
        ("e", String::new()),
        ("n", n[..340].to_owned()),     // 2040 bits
        ("n", n.replace("uWQ", "uWA")), // even
        ("n", n.repeat(5)),
        ("n", String::new()),
    ] {
        assert_eq!(
            kind(&jwk(&with(rsa_jwk(), name, value.clone()))),
            WEAK,
            "{name} {value}"
        );
    }
    assert_eq!(kind(&jwk(&with(rsa_jwk(), "e", 65_537))), MALFORMED);
}

#[test]
fn leading_zeros_of_rsa_numbers_are_accepted() {
    // 257 bytes are 343 characters: a zero byte in front shifts them all.
    use base64::Engine;
    let b64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let n = b64.decode(rsa_jwk()["n"].as_str().unwrap()).unwrap();
    let padded = b64.encode([&[0], n.as_slice()].concat());
    let key = jwk(&with(with(rsa_jwk(), "n", padded), "e", "AAEAAQ")).unwrap();
    assert_eq!(key.id(), jwk(&rsa_jwk()).unwrap().id());
}

#[test]
fn key_ids_are_strings_of_at_most_256_bytes() {
    for kid in [
        "",
        "a",
        "../../dev/null",
        "' OR 1=1",
        "http://169.254.169.254/",
        "é\u{0}",
    ] {
        assert_eq!(
            jwk(&with(es256_jwk(), "kid", kid)).unwrap().kid(),
            Some(kid)
        );
    }
    let kid = |len: usize| with(es256_jwk(), "kid", "k".repeat(len));
    assert_eq!(kind(&jwk(&kid(256))), None);
    assert_eq!(kind(&jwk(&kid(257))), MALFORMED);
    for value in [
        json!(7),
        Value::Null,
        json!(["a"]),
        json!({"a": 1}),
        json!(true),
    ] {
        assert_eq!(
            kind(&jwk(&with(es256_jwk(), "kid", value.clone()))),
            MALFORMED,
            "{value}"
        );
    }
    let key = jwk(&es256_jwk()).unwrap();
    assert_eq!(kind(&key.clone().with_kid("k".repeat(256))), None);
    let refused = key.with_kid("k".repeat(257));
    assert_eq!(kind(&refused), Some(ConfigErrorKind::OutOfRange));
}

#[test]
fn the_text_of_a_jwk_is_read_strictly() {
    let malformed = Some(ConfigErrorKind::ValueMalformed);
    let text = es256_jwk().to_string();
    let inner = text.trim_matches(['{', '}']);
    for refused in [
        String::new(),
        String::from("[]"),
        String::from("\"key\""),
        format!("{text} x"),
        format!("\u{feff}{text}"),
        format!(r#"{{{inner},"kty":"EC"}}"#),
        format!(r#"{{{inner},"k\u0074y":"EC"}}"#),
        format!(r#"{{{inner},"x5c":[{{"a":1,"a":2}}]}}"#),
        text[..text.len() - 1].to_owned(),
    ] {
        assert_eq!(kind(&Key::from_jwk(&refused)), malformed, "{refused}");
    }
    assert_eq!(kind(&Key::from_jwk([0xff, 0xfe])), malformed);
}

// Sets

fn jwks(keys: &[Value]) -> Result<KeySet, ConfigError> {
    KeySet::from_jwks(json!({"keys": keys}).to_string())
}

#[test]
fn bad_members_are_skipped_one_by_one_and_reported() {
    let bad = [
        with(rsa_jwk(), "d", "AQAB"),
        json!({"kty": "oct", "k": "A".repeat(43), "alg": "HS256"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}),
        with(es256_jwk(), "crv", "P-521"),
        with(es256_jwk(), "alg", "ES512"),
        with(rsa_jwk(), "e", "Aw"),
        with(es256_jwk(), "x", "!!"),
        with(es256_jwk(), "kid", "k".repeat(257)),
        with(es256_jwk(), "use", "enc"),
        with(es256_jwk(), "key_ops", json!(["deriveBits"])),
        json!({}),
        json!(null),
        json!("key"),
        json!([]),
    ];
    for (at, member) in bad.iter().enumerate() {
        let named = with(ed25519_jwk(), "kid", "good");
        let set = jwks(&[with(es256_jwk(), "kid", "first"), member.clone(), named]).unwrap();
        assert_eq!(set.keys().len(), 2, "{at}");
        let [skipped] = set.skipped() else {
            panic!("{at}: {:?}", set.skipped());
        };
        assert_eq!(skipped.index(), 1);
        assert!(!skipped.reason().is_empty());
        let only_bad = jwks(std::slice::from_ref(member));
        assert_eq!(kind(&only_bad), Some(ConfigErrorKind::NoUsableKey), "{at}");
    }
    let all = jwks(&[&bad[..], &[es256_jwk()]].concat()).unwrap();
    assert_eq!((all.keys().len(), all.skipped().len()), (1, bad.len()));
}

#[test]
fn a_symmetric_member_never_becomes_a_key() {
    let oct = json!({"kty": "oct", "k": "A".repeat(86), "kid": "s"});
    let set = jwks(&[oct, es256_jwk()]).unwrap();
    assert!(
        !set.algorithms()
            .iter()
            .any(|alg| alg.as_str().starts_with("HS"))
    );
    assert_eq!(set.skipped()[0].kid(), Some("s"));
}

#[test]
fn the_error_for_a_set_without_usable_keys_has_the_reasons() {
    let error = jwks(&[with(es256_jwk(), "use", "enc"), json!({"kty": "oct"})]).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::NoUsableKey);
    let text = error.to_string();
    assert!(text.contains("key 0: expected `use` to be `sig`"), "{text}");
    assert!(
        text.contains("key 1: expected a public key, found a symmetric one"),
        "{text}"
    );
}

#[test]
fn sets_are_read_strictly() {
    let malformed = Some(ConfigErrorKind::ValueMalformed);
    let key = es256_jwk().to_string();
    let inner = key.trim_matches(['{', '}']);
    for refused in [
        String::new(),
        String::from("{}"),
        String::from(r#"{"keys":{}}"#),
        String::from(r#"{"keys":null}"#),
        format!("[{key}]"),
        key.clone(),
        format!(r#"{{"keys":[{key}],"keys":[]}}"#),
        format!(r#"{{"keys":[{key}],"k\u0065ys":[]}}"#),
        format!(r#"{{"keys":[{key}],"other":{{"a":1,"a":1}}}}"#),
        String::from(r#"{"keys":{"a":1,"a":1}}"#),
        format!(r#"{{"keys":[{{{inner},"kty":"EC",}},{key}]}}"#),
        format!(r#"{{"keys":[{{{inner},"kty":"\ud800"}},{key}]}}"#),
        format!(r#"{{"keys":[{key}]}} "#) + "x",
        format!(r#"{{"keys":[{key},]}}"#),
        String::from("<html></html>"),
        format!(
            r#"{{"keys":[{key}],"deep":{}{}}}"#,
            "[".repeat(40),
            "]".repeat(40)
        ),
    ] {
        assert_eq!(kind(&KeySet::from_jwks(&refused)), malformed, "{refused}");
    }
    let more = format!(r#"{{"issuer":"x","keys":[{key}]}}"#);
    assert_eq!(kind(&KeySet::from_jwks(more)), None);
}

/// Every spelling of a text in base64 that a set may have.
fn spellings(canonical: &str) -> Vec<String> {
    let mut spelled = vec![
        canonical.to_owned(),
        canonical.replace('-', "+").replace('_', "/"),
    ];
    let padding = "=".repeat((4 - canonical.len() % 4) % 4);
    for at in 0..spelled.len() {
        spelled.push(format!("{}{padding}", spelled[at]));
    }
    spelled
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine;
    let b64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    b64.decode(text).unwrap()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The only key of a set with this member.
fn in_set(member: &Value) -> Result<Key, ConfigError> {
    jwks(std::slice::from_ref(member)).map(|set| set.keys()[0].clone())
}

/// The key of `keys/es256.short-x`, whose `x` begins with a zero byte.
fn short_x_jwk() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "ANNJgnV6CVnqb09QXFvL7V_3D6U2Q-LVoeUG2IJc-t0",
        "y": "1pLkNrFPXtnw8wiRfAmcKxIF9bGjKIxSdYSe0Ibpr_Q",
    })
}

#[test]
fn key_material_of_a_set_is_read_in_any_spelling() {
    let numbers = [
        (rsa_jwk(), &["n", "e"][..]),
        (es256_jwk(), &["x", "y"]),
        (short_x_jwk(), &["x", "y"]),
    ];
    for (public, names) in numbers {
        let canonical = jwk(&public).unwrap();
        for name in names {
            let text = public[*name].as_str().unwrap();
            let bytes = decoded(text);
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            for number in [
                bytes.clone(),
                [&[0, 0, 0], &bytes[..]].concat(),
                bytes[zeros..].to_vec(),
            ] {
                for spelling in spellings(&encoded(number)) {
                    let read = in_set(&with(public.clone(), name, spelling.clone())).unwrap();
                    assert_eq!(read.id(), canonical.id(), "{name} {spelling}");
                    assert_eq!(read.algorithms(), canonical.algorithms());
                }
            }
        }
    }
    for spelling in spellings(ed25519_jwk()["x"].as_str().unwrap()) {
        let read = in_set(&with(ed25519_jwk(), "x", spelling)).unwrap();
        assert_eq!(read.id(), jwk(&ed25519_jwk()).unwrap().id());
    }
    let mixed = with(
        es256_jwk(),
        "y",
        "x_FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0=",
    );
    assert_eq!(
        in_set(&mixed).unwrap().id(),
        jwk(&es256_jwk()).unwrap().id()
    );
}

#[test]
fn a_lenient_spelling_relaxes_no_check_of_the_key() {
    let x = ed25519_jwk()["x"].as_str().unwrap().to_owned();
    let n = rsa_jwk()["n"].as_str().unwrap().to_owned();
    let padded = |text: &str, zeros: usize| encoded([&vec![0; zeros][..], &decoded(text)].concat());
    let even = n.replace("uWQ", "uWA");
    let half = encoded(&decoded(&n)[128..]);
    for (public, name, value) in [
        // The octets of an Ed25519 key are no number.
        (ed25519_jwk(), "x", padded(&x, 1)),
        (ed25519_jwk(), "x", encoded(&decoded(&x)[..31])),
        // The identity, of small order, in the other alphabet.
        (
            ed25519_jwk(),
            "x",
            format!("{}=", "AQ".to_owned() + &"A".repeat(41)),
        ),
        (rsa_jwk(), "n", even),
        (rsa_jwk(), "n", padded(&half, 128)),
        (rsa_jwk(), "e", "AAAAAw==".to_owned()),
        (rsa_jwk(), "e", "AAEAAA".to_owned()),
        // Above the field's prime, and in range but off the curve.
        (es256_jwk(), "x", encoded([0xff; 32])),
        (es256_jwk(), "x", format!("AQ{}", "A".repeat(42))),
        (es256_jwk(), "x", encoded([7])),
        (es256_jwk(), "x", String::new()),
        (es256_jwk(), "x", "====".to_owned()),
        // Stray bits, wrong padding, characters of no alphabet.
        (
            es256_jwk(),
            "x",
            es256_jwk()["x"].as_str().unwrap().replace("EU", "EV"),
        ),
        (
            es256_jwk(),
            "x",
            format!("{}==", es256_jwk()["x"].as_str().unwrap()),
        ),
        (
            es256_jwk(),
            "x",
            format!("{}====", es256_jwk()["x"].as_str().unwrap()),
        ),
        (rsa_jwk(), "e", "AQAB====".to_owned()),
        (rsa_jwk(), "e", "AQ AB".to_owned()),
    ] {
        let member = with(public, name, value.clone());
        let set = jwks(&[member, with(short_x_jwk(), "kid", "good")]).unwrap();
        assert_eq!(set.keys().len(), 1, "{name} {value}");
        assert_eq!(set.skipped()[0].index(), 0, "{name} {value}");
    }
}

#[test]
fn null_members_of_a_set_count_as_absent() {
    let optional = [
        "alg", "use", "key_ops", "kid", "x5c", "x5t", "d", "p", "q", "dp", "dq", "qi", "oth", "k",
        "other",
    ];
    for public in [rsa_jwk(), es256_jwk(), ed25519_jwk()] {
        let canonical = jwk(&public).unwrap();
        for name in optional {
            let read = in_set(&with(public.clone(), name, Value::Null)).unwrap();
            assert_eq!((read.id(), read.kid()), (canonical.id(), None), "{name}");
            assert_eq!(read.algorithms(), canonical.algorithms(), "{name}");
        }
    }
    for (public, names) in [
        (es256_jwk(), &["kty", "crv", "x", "y"][..]),
        (ed25519_jwk(), &["kty", "crv", "x"]),
        (rsa_jwk(), &["kty", "n", "e"]),
    ] {
        for name in names {
            let set = jwks(&[with(public.clone(), name, Value::Null), short_x_jwk()]).unwrap();
            assert_eq!((set.keys().len(), set.skipped().len()), (1, 1), "{name}");
        }
    }
    // A private member that is there still is one.
    for value in [json!(""), json!(0), json!([])] {
        let set = jwks(&[with(es256_jwk(), "d", value), short_x_jwk()]).unwrap();
        assert_eq!(set.keys().len(), 1);
    }
}

#[test]
fn a_member_whose_kid_is_no_string_is_kept_without_it() {
    for value in [
        json!(1),
        json!(1.5),
        json!(true),
        json!(["k"]),
        json!({"k": 1}),
        Value::Null,
    ] {
        let odd = with(es256_jwk(), "kid", value.clone());
        let set = jwks(&[odd, with(short_x_jwk(), "kid", "k")]).unwrap();
        let kids: Vec<_> = set.keys().iter().map(Key::kid).collect();
        assert_eq!(kids, [None, Some("k")], "{value}");
    }
    let long = with(es256_jwk(), "kid", "k".repeat(257));
    assert_eq!(jwks(&[long, short_x_jwk()]).unwrap().keys().len(), 1);
}

#[test]
fn a_duplicate_inside_one_member_skips_that_member() {
    let key = es256_jwk().to_string();
    let inner = key.trim_matches(['{', '}']);
    let good = with(short_x_jwk(), "kid", "good");
    for odd in [
        format!(r#"{{{inner},"kty":"EC"}}"#),
        format!(r#"{{{inner},"k\u0074y":"EC"}}"#),
        format!(r#"{{{inner},"kid":"a","kid":"b"}}"#),
        format!(r#"{{{inner},"x5c":[{{"a":1,"a":1}}]}}"#),
        format!(r#"{{{inner},"deep":{{"er":{{"a":1,"b":2,"a":1}}}}}}"#),
    ] {
        let set = KeySet::from_jwks(format!(r#"{{"keys":[{odd},{good}]}}"#)).unwrap();
        let kids: Vec<_> = set.keys().iter().map(Key::kid).collect();
        assert_eq!(kids, [Some("good")], "{odd}");
        let [skipped] = set.skipped() else {
            panic!("{odd}");
        };
        assert_eq!((skipped.index(), skipped.kid()), (0, None));
        assert!(
            skipped.reason().contains("one name"),
            "{}",
            skipped.reason()
        );
    }
    // The same names in two members are no duplicates.
    let twice = format!(r#"{{"keys":[{key},{good}]}}"#);
    assert_eq!(KeySet::from_jwks(twice).unwrap().keys().len(), 2);
}

#[test]
fn a_duplicate_outside_the_keys_refuses_the_set() {
    let set = |other: &str| KeySet::from_jwks(format!(r#"{{"keys":[{}],{other}}}"#, es256_jwk()));
    for (odd, good) in [
        (r#""more":[{"a":1,"a":2}]"#, r#""more":[{"a":1,"b":2}]"#),
        (r#""more":[[{"a":1,"a":2}]]"#, r#""more":[[{"a":1,"b":2}]]"#),
        (r#""more":{"a":1,"a":2}"#, r#""more":{"a":1,"b":2}"#),
        (r#""more":1,"more":1"#, r#""more":1,"most":1"#),
    ] {
        let error = set(odd).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{odd}");
        assert_eq!(set(good).unwrap().keys().len(), 1, "{good}");
    }
}

#[test]
fn a_member_may_have_as_many_members_as_an_object_inside_a_text() {
    let mut large = with(es256_jwk(), "kid", "large");
    for at in 0..1_000 {
        large[format!("m{at}")] = json!(at);
    }
    let mut other = json!({});
    for at in 0..1_000 {
        other[format!("m{at}")] = json!(at);
    }
    let set = json!({"keys": [large], "other": other}).to_string();
    let set = KeySet::from_jwks(set).unwrap();
    assert_eq!(set.keys()[0].kid(), Some("large"));
}

#[test]
fn only_jwt_svid_keys_of_a_spiffe_bundle_count() {
    let bundle = |uses: &[Value]| {
        let keys: Vec<_> = uses
            .iter()
            .map(|name| with(es256_jwk(), "use", name.clone()))
            .collect();
        json!({"spiffe_sequence": 1, "spiffe_refresh_hint": 600, "keys": keys}).to_string()
    };
    let spiffe = KeyImporter::default().spiffe_bundle();
    let uses = ["jwt-svid", "x509-svid", "sig", "JWT-SVID", "enc", ""].map(Value::from);
    let all = [&uses[..], &[Value::Null]].concat();
    let set = spiffe.jwks(bundle(&all)).unwrap();
    assert_eq!((set.keys().len(), set.skipped().len()), (1, 6));
    let plain = KeySet::from_jwks(bundle(&all)).unwrap();
    // `sig`, and the one whose `use` is `null`.
    assert_eq!((plain.keys().len(), plain.skipped().len()), (2, 5));

    let only = bundle(&["x509-svid", "jwt-svid"].map(Value::from));
    assert_eq!(spiffe.jwks(&only).unwrap().keys().len(), 1);
    let refused = KeySet::from_jwks(&only).unwrap_err();
    assert_eq!(refused.kind(), ConfigErrorKind::NoUsableKey);
    assert!(
        refused.to_string().contains("`KeyImporter::spiffe_bundle`"),
        "{refused}"
    );
    let refused = spiffe.jwks(bundle(&["x509-svid".into()])).unwrap_err();
    assert_eq!(refused.kind(), ConfigErrorKind::NoUsableKey);
    // All other checks hold.
    let private = with(with(es256_jwk(), "use", "jwt-svid"), "d", "AQAB");
    let refused = spiffe.jwks(json!({"keys": [private]}).to_string());
    assert_eq!(kind(&refused), Some(ConfigErrorKind::NoUsableKey));
}

const CANARY: &str = "Zq7vX2pLw9KtB5nMs8JhDf3GyR6";

fn assert_remedy<T>(refused: Result<T, ConfigError>, expected: ConfigErrorKind, remedy: &str) {
    let error = refused.err().unwrap();
    let (text, source) = (error.to_string(), format!("{error:?}"));
    assert_eq!(error.kind(), expected, "{text}");
    assert!(text.contains(remedy), "{remedy}: {text}");
    assert!(
        !text.contains(CANARY) && !source.contains(CANARY),
        "{source}"
    );
}

#[test]
fn what_is_given_in_place_of_a_set_is_named() {
    let key = with(es256_jwk(), "kid", CANARY).to_string();
    let certificate =
        format!("-----BEGIN CERTIFICATE-----\\n{CANARY}\\n-----END CERTIFICATE-----\\n");
    for (text, remedy) in [
        (String::new(), "found nothing"),
        (format!("/etc/{CANARY}.pem"), "looks like a path"),
        (format!("{CANARY}.json"), "looks like a path"),
        (format!("https://{CANARY}/jwks"), "`FetchedKeys`"),
        (key.clone(), "`Key::from_jwk`"),
        (format!("[{key}]"), "`keys` is that array"),
        (format!("\"{CANARY}\""), "JSON string"),
        (format!("<html>{CANARY}"), "HTML"),
        (ES256.to_owned(), "`Key::from_pem`"),
        (format!("\u{feff}{{\"keys\":[{key}]}}"), "byte-order mark"),
        (format!(r#"{{"keys":"{CANARY}"}}"#), "another type"),
        (
            format!(r#"{{"issuer":"{CANARY}","jwks_uri":"https://a"}}"#),
            "`jwks_uri`",
        ),
        (
            format!(r#"{{"{CANARY}":"{certificate}"}}"#),
            "`FetchedKeys::certificate_map`",
        ),
        (format!(r#"{{"{CANARY}":1}}"#), "give a JWK Set"),
        (CANARY.to_owned(), "JSON object"),
    ] {
        let refused = KeySet::from_jwks(&text);
        assert_remedy(refused, ConfigErrorKind::ValueMalformed, remedy);
    }
}

#[test]
fn what_is_given_in_place_of_a_single_key_is_named() {
    const MALFORMED: ConfigErrorKind = ConfigErrorKind::KeyMalformed;
    let escaped = ES256.replace('\n', "\\n");
    for (text, remedy) in [
        (escaped.clone(), r"two characters `\n`"),
        (
            escaped.trim_end_matches("\\n").to_owned(),
            r"two characters `\n`",
        ),
        (format!("\"{escaped}\""), r"two characters `\n`"),
        (format!("/etc/{CANARY}.pem"), "looks like a path"),
        (format!("{CANARY}.pem"), "looks like a path"),
        (
            format!(r#"{{"kty":"EC","kid":"{CANARY}"}}"#),
            "`Key::from_jwk`",
        ),
        (format!("{ES256}{RSA}"), "found several"),
        (CANARY.to_owned(), "`-----BEGIN `"),
    ] {
        assert_remedy(Key::from_pem(&text), MALFORMED, remedy);
    }
    assert_remedy(
        Key::from_der(format!("/run/{CANARY}.der")),
        MALFORMED,
        "looks like a path",
    );
    assert_remedy(Key::from_der(ES256), MALFORMED, "`Key::from_pem`");
    let set = format!(r#"{{"keys":["{CANARY}"]}}"#);
    assert_remedy(Key::from_jwk(set), MALFORMED, "`KeySet::from_jwks`");
    let json = ConfigErrorKind::ValueMalformed;
    assert_remedy(
        Key::from_jwk(format!("/run/{CANARY}.jwk")),
        json,
        "looks like a path",
    );
    assert_remedy(Key::from_jwk(ES256), json, "`Key::from_pem`");
}

#[test]
fn the_path_of_a_key_file_is_no_secret() {
    let path = format!("/run/secrets/{CANARY}.key");
    assert_remedy(
        Key::from_secret(path.clone()),
        ConfigErrorKind::KeyMalformed,
        "looks like a path",
    );
    // Standard base64 may begin with a slash.
    assert_eq!(kind(&Key::from_secret(path.replace('.', "/"))), None);
    assert_eq!(kind(&Key::from_secret(path.replace("/run", "Xrun"))), None);
}

#[test]
fn sets_over_the_limits_are_refused_as_a_whole() {
    let range = Some(ConfigErrorKind::OutOfRange);
    let named = |n: usize| with(es256_jwk(), "kid", format!("k{n}"));
    let many = |count| (0..count).map(named).collect::<Vec<_>>();
    assert_eq!(jwks(&many(100)).unwrap().keys().len(), 100);
    assert_eq!(kind(&jwks(&many(101))), range);
    // Members that would be skipped count too.
    let with_bad = [many(100), vec![json!({"kty": "AKP"})]].concat();
    assert_eq!(kind(&jwks(&with_bad)), range);

    let text = json!({"keys": [es256_jwk()]}).to_string();
    let padded = |len: usize| format!("{text}{}", " ".repeat(len - text.len()));
    assert_eq!(kind(&KeySet::from_jwks(padded(256 * 1024))), None);
    assert_eq!(kind(&KeySet::from_jwks(padded(256 * 1024 + 1))), range);
}

#[test]
fn max_keys_bounds_the_members_of_a_set_up_to_one_thousand() {
    let range = Some(ConfigErrorKind::OutOfRange);
    let named = |n: usize| json!({"kty": "AKP", "kid": format!("k{n}")});
    let set = |count| {
        let others: Vec<_> = (1..count).map(named).chain([es256_jwk()]).collect();
        json!({"keys": others}).to_string()
    };
    let read = |most, count| KeyImporter::default().max_keys(most).jwks(set(count));
    for (most, count, expected) in [
        (1, 1, None),
        (1, 2, range),
        (99, 100, range),
        (101, 101, None),
        (101, 102, range),
        (1_000, 1_000, None),
        (1_000, 1_001, range),
        (0, 1, range),
        (1_001, 1, range),
    ] {
        assert_eq!(kind(&read(most, count)), expected, "{most} {count}");
    }
    let refused = read(101, 102).unwrap_err();
    assert_eq!(refused.field(), "jwks");
    let text = refused.to_string();
    for part in ["at most 101 keys", "found 102", "`max_keys`"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(read(1_001, 1).unwrap_err().field(), "max_keys");
    assert!(KeyImporter::default().max_keys(0).pem(ES256).is_ok());
}

#[test]
fn a_set_needs_a_key() {
    let kind = kind(&KeySet::new([]));
    assert_eq!(kind, Some(ConfigErrorKind::NoUsableKey));
}

// Restrictions

#[test]
fn a_restriction_cannot_add_algorithms() {
    let key = jwk(&with(rsa_jwk(), "alg", "RS256")).unwrap();
    let unusable = Some(ConfigErrorKind::AlgorithmUnusable);
    assert_eq!(kind(&key.clone().with_algorithms([Algorithm::Rs256])), None);
    for other in [Algorithm::Ps256, Algorithm::Hs256, Algorithm::Es256] {
        assert_eq!(kind(&key.clone().with_algorithms([other])), unusable);
        let both = [Algorithm::Rs256, other];
        assert_eq!(kind(&key.clone().with_algorithms(both)), unusable);
    }
    assert_eq!(kind(&key.with_algorithms([])), Some(ConfigErrorKind::Empty));
}

// What is never shown

#[test]
fn neither_debug_nor_errors_show_key_material() {
    const CANARY: &str = "canary-5fK2qkXW-canary-5fK2qkXW-0123456789";
    let import = KeyImporter::on(Provider::ring());
    let key = import
        .secret(CANARY.to_owned())
        .unwrap()
        .with_kid(CANARY)
        .unwrap();
    let set = KeySet::from(key.clone());
    let shown = [
        format!("{key:?} {set:?} {:?} {import:?}", key.id()),
        format!("{:?}", Key::from_base64url_secret(&format!("{CANARY}!"))),
        format!("{:?}", Key::from_pem(CANARY)),
        format!("{:?}", Key::from_der(CANARY)),
        format!("{:?}", Key::from_jwk(CANARY)),
        format!("{:?}", Key::from_secret(CANARY[..20].to_owned())),
        format!("{:?}", Key::from_jwk(format!(r#"{{"kty":"{CANARY}"}}"#))),
        format!(
            "{:?}",
            Key::from_jwk(format!(r#"{{"kty":"oct","k":"{CANARY}!"}}"#))
        ),
        format!(
            "{:?}",
            KeySet::from_jwks(format!(r#"{{"keys":["{CANARY}"]}}"#))
        ),
        format!(
            "{:?}",
            Key::from_pem(format!("-----BEGIN {CANARY}-----\n-----END {CANARY}-----"))
        ),
    ];
    for text in shown {
        assert!(!text.contains("5fK2qkXW"), "{text}");
        assert!(!text.contains("99, 97, 110, 97, 114, 121"), "{text}");
    }
    let public = format!("{:?}", jwk(&es256_jwk()).unwrap());
    assert!(
        public.contains("P-256") && !public.contains("f83OJ3D2"),
        "{public}"
    );
}

#[test]
fn keys_and_sets_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Key>();
    shared::<KeySet>();
    shared::<KeyImporter>();
}

proptest! {
    #[test]
    fn no_bytes_make_a_constructor_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Key::from_pem(&bytes);
        let _ = Key::from_der(&bytes);
        let _ = Key::from_jwk(&bytes);
        let _ = KeySet::from_jwks(&bytes);
        let _ = Key::from_secret(bytes);
    }

    #[test]
    fn no_change_to_der_makes_a_constructor_panic(
        index in 0_usize..294,
        byte in any::<u8>(),
        cut in 0_usize..294,
    ) {
        let mut changed = der(RSA);
        changed[index] = byte;
        let _ = Key::from_der(&changed);
        let _ = Key::from_der(&changed[..cut]);
    }

    #[test]
    fn no_value_of_a_member_makes_a_constructor_panic(
        name in "kty|crv|x|y|n|e|d|k|use|alg|kid|key_ops",
        value in "\\PC{0,60}",
    ) {
        for public in [rsa_jwk(), es256_jwk(), ed25519_jwk()] {
            let _ = jwk(&with(public, &name, value.clone()));
        }
    }
}

//! Allocations of a validation.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod signing;

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{CrossSiteCheck, PresentedCredential, Sources};
use bearergate::crypto::Provider;
use bearergate::jwt::{JwtValidatorBuilder, NeedsKeys};
use bearergate::key::{Key, KeyHint, KeyImporter, KeySet, KeyStatus};
use bearergate::principal::{KeyId, TokenId};
use bearergate::request::RequestFacts;
use bearergate::revocation::{Denylist, Revocation};
use bearergate::validator::TokenCache;
use bearergate::{
    JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind, TokenValidator, limits,
};
use http::{HeaderMap, Method, Uri};

const NOW: u64 = 1_760_000_000;
const START: &str = r#"{"iss":"https://idp.example.com","aud":"https://api.example.com","sub":"alice","client_id":"shop","iat":1759999940,"exp":1760000600,"jti":"j1""#;
const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

/// Every provider with its bare signature checks.
fn providers() -> Vec<(Provider, MakeCheck)> {
    vec![
        (Provider::ring(), on_ring),
        #[cfg(feature = "aws-lc-rs")]
        (Provider::aws_lc_rs(), on_aws_lc_rs),
    ]
}

fn key(provider: Provider, algorithm: &str) -> Key {
    let import = KeyImporter::on(provider);
    match algorithm {
        "HS256" => import.secret(signing::SECRET.to_vec()),
        "RS256" => import.pem(include_str!("keys/rsa-2048.public.pem")),
        "ES256" => import.pem(include_str!("keys/es256.public.pem")),
        _ => import.pem(include_str!("keys/ed25519.public.pem")),
    }
    .unwrap()
}

fn draft() -> JwtValidatorBuilder<NeedsKeys> {
    let builder = JwtValidator::builder().issuer("https://idp.example.com");
    builder.audience("https://api.example.com")
}

fn validator(provider: Provider, algorithm: &str) -> JwtValidator {
    let keys = KeySet::from(key(provider, algorithm));
    let builder = draft().keys(keys).clock(clock());
    builder
        .max_token_bytes(limits::TOKEN_BYTES_MAX)
        .build()
        .unwrap()
}

fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

fn token(algorithm: &str, payload: &str) -> String {
    let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"k1"}}"#);
    signing::token(algorithm, &header, payload)
}

/// Validates a token twice, so that allocations made once in the process are not counted.
fn validate(
    validator: &dyn TokenValidator,
    token: &str,
) -> (AllocationInfo, Option<RejectionKind>) {
    let presented = PresentedCredential::token(token);
    let validate = || validator.validate(&presented).try_now().unwrap();
    drop(validate());
    let mut result = None;
    let info = measure(|| result = Some(validate()));
    (info, result.unwrap().err().map(|r| r.kind()))
}

/// Returns the allocations of the provider's bare check of the same signature.
fn raw(check: &RawCheck, token: &str) -> u64 {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    check(message.as_bytes(), &signature);
    measure(|| assert!(check(message.as_bytes(), &signature))).count_total
}

type RawCheck = Box<dyn Fn(&[u8], &[u8]) -> bool>;
type MakeCheck = fn(&str) -> RawCheck;

fn public(algorithm: &str) -> Vec<u8> {
    let pem = match algorithm {
        "RS256" => include_str!("keys/rsa-2048.pkcs1.public.pem"),
        "ES256" => include_str!("keys/es256.public.pem"),
        _ => include_str!("keys/ed25519.public.pem"),
    };
    let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap();
    let key_len = match algorithm {
        "RS256" => der.len(),
        "ES256" => 65,
        _ => 32,
    };
    der.get(der.len() - key_len..).unwrap().to_vec()
}

fn on_ring(algorithm: &str) -> RawCheck {
    use ring::signature;
    let verification: &'static dyn signature::VerificationAlgorithm = match algorithm {
        "HS256" => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signing::SECRET);
            return Box::new(move |m, s| ring::hmac::verify(&key, m, s).is_ok());
        }
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        _ => &signature::ED25519,
    };
    let key = signature::UnparsedPublicKey::new(verification, public(algorithm));
    Box::new(move |m, s| key.verify(m, s).is_ok())
}

#[cfg(feature = "aws-lc-rs")]
fn on_aws_lc_rs(algorithm: &str) -> RawCheck {
    use aws_lc_rs::{hmac, signature};
    let verification: &'static dyn signature::VerificationAlgorithm = match algorithm {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, signing::SECRET);
            return Box::new(move |m, s| hmac::verify(&key, m, s).is_ok());
        }
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        _ => &signature::ED25519,
    };
    let key = signature::ParsedPublicKey::new(verification, public(algorithm)).unwrap();
    Box::new(move |m, s| key.verify_sig(m, s).is_ok())
}

fn members(count: usize, member: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| format!(",{}", member(n))).collect()
}

/// Payloads of usual tokens, all accepted.
fn usual() -> Vec<(&'static str, String)> {
    let scopes: Vec<_> = (0..40).map(|n| format!("\"orders:read:{n}\"")).collect();
    let long: Vec<_> = (0..400).map(|n| format!("\"orders:read:{n}\"")).collect();
    let act = r#","act":{"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}}"#;
    [
        ("plain", r#","scope":"a b c""#.to_owned()),
        ("escaped name", r#","\u0073cope":"a b""#.to_owned()),
        (
            "array of scopes",
            format!(r#","scope":[{}]"#, scopes.join(",")),
        ),
        (
            "long array of scopes",
            format!(r#","scope":[{}]"#, long.join(",")),
        ),
        ("escaped scopes", r#","scope":"a\/b \u00e4""#.to_owned()),
        ("200 members", members(200, |n| format!(r#""m{n}":{n}"#))),
        ("actors", act.to_owned()),
    ]
    .map(|(name, rest)| (name, format!("{START}{rest}}}")))
    .into_iter()
    .chain([(
        "escaped subject, client and scopes",
        START
            .replace("alice", r"al\u0069ce")
            .replace("shop", r"sh\/op")
            + &format!(r#","scope":[{}]}}"#, scopes.join(",")),
    )])
    .collect()
}

#[test]
fn accepted_token_takes_two_allocations_in_addition_to_the_bare_check() {
    for (provider, bare_check) in providers() {
        for algorithm in ALGORITHMS {
            let validator = validator(provider, algorithm);
            let check = bare_check(algorithm);
            for (name, payload) in usual() {
                let token = token(algorithm, &payload);
                let (info, rejected) = validate(&validator, &token);
                assert_eq!(rejected, None, "{name}");
                let bare = raw(&check, &token);
                let own = info.count_total - bare;
                assert!(
                    own <= 2,
                    "{provider:?} {algorithm} {name}: {own} in addition to {bare}"
                );
            }
        }
    }
}

#[test]
fn cached_token_and_denylist_take_no_allocation() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let cache = TokenCache::default();
        let validator = validator(Provider::ring(), algorithm).cached(&cache);
        for (name, payload) in usual() {
            let token = token(algorithm, &payload);
            let (info, rejected) = validate(&validator, &token);
            assert_eq!(rejected, None, "{name}");
            assert_eq!(info.count_total, 0, "{algorithm} {name}");
            let presented = PresentedCredential::token(&token);
            let principal = validator.validate(&presented).try_now().unwrap().unwrap();
            let denylist = denylist();
            let info = measure(|| assert!(denylist.check(&principal).is_ok()));
            assert_eq!(info.count_total, 0, "{algorithm} {name}");
        }
        assert_eq!(cache.len(), usual().len());
    }
}

/// A denylist with a revocation of each kind.
fn denylist() -> Denylist {
    let id = TokenId::parse(&"0".repeat(64)).unwrap();
    let issuer = "https://idp.example.com";
    let denylist = Denylist::default();
    for revocation in [
        Revocation::client(issuer, "none"),
        Revocation::jwt_id(issuer, "none"),
        Revocation::key(issuer, Key::from_secret(vec![1; 32]).unwrap().id()),
        Revocation::session(issuer, "none"),
        Revocation::subject(issuer, "none"),
        Revocation::token(id),
    ] {
        denylist.revoke(revocation).try_now().unwrap().unwrap();
    }
    denylist
}

/// Signed payloads that are made to cost memory, up to the largest size.
fn adversarial() -> Vec<(String, String)> {
    let mut payloads = Vec::new();
    for size in [200, 600, 1_200, 2_000, 5_000, 12_000, 48_000] {
        let fill = |unit: &dyn Fn(usize) -> String| {
            let mut text = String::new();
            for n in 0.. {
                let next = unit(n);
                if text.len() + next.len() > size {
                    return text;
                }
                text += &next;
            }
            text
        };
        let object =
            |unit: &dyn Fn(usize) -> String| format!("{{{}}}", fill(unit).trim_start_matches(','));
        let nested = |depth: usize, inner: &str| {
            (0..depth).fold(inner.to_owned(), |inner, _| format!(r#"{{"act":{inner}}}"#))
        };
        let tiny = |n: usize| format!(",\"{n:x}\":0");
        let escaped = |n: usize| format!(r#","\u0061{n:x}":0"#);
        let capped = |n: usize| if n < 240 { tiny(n) } else { " ".to_owned() };
        let escaped_capped = |n: usize| if n < 240 { escaped(n) } else { " ".to_owned() };
        let long_names = |n: usize| match n {
            0..240 => format!(r#","\u0061{n:03}{}":0"#, "x".repeat(size / 300)),
            _ => " ".to_owned(),
        };
        let filled = |unit: &str| fill(&|_| unit.to_owned());
        let strings = |unit: &str| fill(&|n| format!("{}{unit}", if n > 0 { "," } else { "" }));
        let rest = [
            ("many members", fill(&tiny)),
            ("members to the cap", fill(&capped)),
            ("escaped names", fill(&escaped)),
            ("escaped names to the cap", fill(&escaped_capped)),
            ("long escaped names", fill(&long_names)),
            (
                "an object of many names",
                format!(r#","o":{}"#, object(&tiny)),
            ),
            (
                "an object of names to the cap",
                format!(r#","o":{}"#, object(&capped)),
            ),
            (
                "actor of many names",
                format!(r#","act":{}"#, object(&capped)),
            ),
            (
                "fourth actor of many names",
                format!(r#","act":{}"#, nested(3, &object(&capped))),
            ),
            (
                "fifth actor of many names",
                format!(r#","act":{}"#, nested(4, &object(&capped))),
            ),
            (
                "confirmation of many names",
                format!(r#","cnf":{}"#, object(&capped)),
            ),
            (
                "nested arrays",
                format!(r#","o":{}{}"#, "[".repeat(size / 2), "]".repeat(size / 2)),
            ),
            (
                "objects in a row",
                format!(
                    r#","o":[{}]"#,
                    strings(&object(&|n| {
                        if n < 9 { tiny(n) } else { " ".repeat(size) }
                    }))
                ),
            ),
            ("long string", format!(r#","o":"{}""#, filled("x"))),
            (
                "long escaped string",
                format!(r#","o":"{}""#, filled("\\n")),
            ),
            ("long subject", format!(r#","azp":"{}""#, filled("\\/"))),
            (
                "long scope",
                format!(r#","scope":"{}""#, filled("\\u0061 ")),
            ),
            (
                "scopes",
                format!(r#","scope":[{}]"#, strings("\"\\u0061\"")),
            ),
            ("tiny scopes", format!(r#","scope":[{}]"#, strings("\"\""))),
            ("audiences", format!(r#","o":[{}]"#, strings("\"a\""))),
            ("huge number", format!(r#","o":{}"#, filled("9"))),
            ("long fraction", format!(r#","o":0.{}"#, filled("9"))),
            ("unclosed", format!(r#","o":[{}"#, filled("["))),
        ];
        for (name, rest) in rest {
            payloads.push((format!("{name}, {size}"), format!("{START}{rest}}}")));
        }
        for depth in [2, 8, 31] {
            // Nested objects, each with its own names.
            let each = (size / depth / 9).min(240);
            let names = members(each, |n| format!(r#""{n:x}":0"#));
            let inner = (0..depth).fold("0".to_owned(), |inner, _| {
                format!(r#"{{"o":{inner}{names}}}"#)
            });
            let name = format!("{depth} nested objects, {size}");
            payloads.push((name, format!(r#"{START},"o":{inner}}}"#)));
            let name = format!("{depth} nested actors, {size}");
            let inner = inner.replace("\"o\"", "\"act\"");
            payloads.push((name, format!(r#"{START},"act":{inner}}}"#)));
        }
    }
    payloads
}

/// Tokens that are made to cost memory, without a valid signature.
fn unsigned() -> Vec<String> {
    let cap = limits::TOKEN_BYTES_MAX;
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = |rest: &str| encode(&format!(r#"{{"alg":"HS256"{rest}}}"#));
    let names = members(250, |n| format!(r#""\u0061{n}":0"#));
    let many = members(900, |n| format!(r#""{n}":0"#));
    let kid = format!(r#","kid":"{}""#, r"\u0061".repeat(600));
    vec![
        String::new(),
        ".".repeat(cap),
        "a".repeat(cap),
        ".".repeat(cap + 1),
        format!("{}..", "a".repeat(cap - 2)),
        format!(".{}.", "a".repeat(cap - 2)),
        format!("..{}", "a".repeat(cap - 2)),
        format!("{}.{}", header(""), "a".repeat(cap / 2)),
        format!("{}.e30.{}", header(""), "A".repeat(cap / 2)),
        format!("{}.{}.AAAA", header(&names), encode(START) + "fQ"),
        format!("{}.{}.AAAA", header(&many), encode(START)),
        format!("{}.{}.AAAA", header(&kid), encode(&format!("{START}}}"))),
    ]
}

#[track_caller]
fn is_bounded(name: &str, token: &str, info: AllocationInfo) {
    let bound = 4 * token.len() as u64 + 1_536;
    let taken = info.bytes_total;
    assert!(
        taken <= bound,
        "{name}: {taken} of {bound}, token {}",
        token.len()
    );
}

#[test]
fn no_token_takes_more_than_four_times_its_bytes() {
    let validator = validator(Provider::ring(), "HS256");
    let mut results = std::collections::HashMap::new();
    let mut broken = Vec::new();
    for (name, payload) in usual()
        .into_iter()
        .map(|(n, p)| (n.to_owned(), p))
        .chain(adversarial())
    {
        for escaped_kid in [false, true] {
            let kid = if escaped_kid {
                r"\u0061".repeat(256)
            } else {
                "k1".to_owned()
            };
            let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
            let token = signing::token("HS256", &header, &payload);
            let (info, rejected) = validate(&validator, &token);
            *results.entry(rejected).or_insert(0_u32) += 1;
            let bound = 4 * token.len() as u64 + 1_536;
            if info.bytes_total > bound {
                broken.push(format!(
                    "{name} {escaped_kid}: {} of {bound} {rejected:?}\n",
                    info.bytes_total
                ));
            }
        }
    }
    let expected = [
        None,
        Some(RejectionKind::TokenMalformed),
        Some(RejectionKind::ClaimInvalid),
    ];
    assert!(
        expected.iter().all(|kind| results.contains_key(kind)),
        "{results:?}"
    );
    assert!(broken.is_empty(), "{}", broken.concat());
    for token in unsigned() {
        let (info, rejected) = validate(&validator, &token);
        assert!(rejected.is_some());
        let start: String = token.chars().take(20).collect();
        is_bounded(&start, &token, info);
    }
}

/// The source of a rejection is made of a few strings, whatever the token and the configuration hold.
#[test]
fn rejection_with_a_source_allocates_little() {
    let many: Vec<_> = (0..50)
        .map(|n| format!("https://{n}.example.com"))
        .collect();
    let keys = || KeySet::from(key(Provider::ring(), "HS256").with_kid("k1").unwrap());
    let builder = JwtValidator::builder()
        .issuers(many.clone())
        .audiences(many);
    let validator = builder.keys(keys()).clock(clock()).build().unwrap();
    let issuer = r#""iss":"https://0.example.com""#;
    let of =
        |header: &str, payload: &str| signing::token("HS256", header, &format!("{{{payload}}}"));
    let header = r#"{"alg":"HS256","kid":"k1"}"#;
    let all = "\"a\",".repeat(500);
    let mut counts = Vec::new();
    for (kind, token) in [
        (RejectionKind::IssuerMismatch, of(header, r#""iss":"x""#)),
        (
            RejectionKind::AudienceMismatch,
            of(
                header,
                &format!(r#"{issuer},"exp":1760000600,"aud":[{all}"b"]"#),
            ),
        ),
        (
            RejectionKind::TokenExpired,
            of(
                header,
                &format!(r#"{issuer},"exp":1,"aud":"https://0.example.com""#),
            ),
        ),
        (
            RejectionKind::TypeMismatch,
            of(r#"{"alg":"HS256","kid":"k1","typ":"x"}"#, issuer),
        ),
        (
            RejectionKind::AlgorithmNotAllowed,
            of(r#"{"alg":"RS1","kid":"k1"}"#, issuer),
        ),
        (
            RejectionKind::AlgorithmNotAllowed,
            of(r#"{"alg":"RS256","kid":"k1"}"#, issuer),
        ),
        (
            RejectionKind::KeyNotFound,
            of(r#"{"alg":"HS256","kid":"k2"}"#, issuer),
        ),
    ] {
        let (info, rejected) = validate(&validator, &token);
        assert_eq!(rejected, Some(kind));
        counts.push((kind.as_str(), info.count_total, info.bytes_max));
    }
    let most = counts.iter().map(|(_, count, _)| *count).max();
    assert!(most <= Some(MOST_OF_A_REJECTION), "{counts:?}");
}

/// The buffer of the token, the rejection and its source, and the strings of the source.
const MOST_OF_A_REJECTION: u64 = 9;

#[test]
fn reading_the_header_allocates_nothing() {
    let token = token("HS256", &format!("{START}}}"));
    let value = format!("Bearer {token}");
    let info = measure(|| assert!(PresentedCredential::authorization(&value).is_ok()));
    assert_eq!(info.count_total, 0);

    let sources = Sources::default();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", value.parse().unwrap());
    headers.insert("accept", "*/*".parse().unwrap());
    let uri = Uri::from_static("https://api.example.com/orders?page=2");
    let info = measure(|| {
        let facts = RequestFacts::new(&Method::GET, &uri, &headers);
        assert!(sources.extract(&facts).is_ok());
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn reading_a_header_of_its_own_or_a_cookie_allocates_nothing() {
    let sources = Sources::builder()
        .header("x-api-key")
        .cookie("sid")
        .query("key");
    let sources = sources
        .allow_origin("https://app.example.com")
        .build()
        .unwrap();
    let check = CrossSiteCheck::default()
        .allow_origin("https://app.example.com")
        .unwrap();
    let uri = Uri::from_static("https://api.example.com/orders?page=2");
    for (name, value) in [
        ("authorization", "Bearer   a.b.c"),
        ("x-api-key", "12|secret"),
        ("cookie", "x=1; sid=abc"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers.insert("origin", "https://app.example.com".parse().unwrap());
        headers.insert("sec-fetch-site", "same-site".parse().unwrap());
        headers.insert("upgrade", "websocket".parse().unwrap());
        let info = measure(|| {
            let facts = RequestFacts::new(&Method::POST, &uri, &headers);
            assert!(sources.extract(&facts).is_ok());
            assert!(check.check(facts).is_ok());
        });
        assert_eq!(info.count_total, 0, "{name}");
    }
}

#[derive(Debug)]
struct Ready(Arc<KeySet>);

impl KeyStore for Ready {
    fn find<'a>(&'a self, _: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        NowOrLater::now(Ok(Arc::clone(&self.0)))
    }

    fn status(&self, _: &KeyId) -> KeyStatus {
        KeyStatus::Fresh
    }
}

#[test]
fn store_that_is_ready_adds_no_allocation() {
    let token = token("HS256", &format!("{START}}}"));
    let fixed = validate(&validator(Provider::ring(), "HS256"), &token);
    let keys = KeySet::from(key(Provider::ring(), "HS256"));
    let builder = draft().key_store(Arc::new(Ready(Arc::new(keys))));
    let stored = validate(&builder.clock(clock()).build().unwrap(), &token);
    assert_eq!(fixed.1, None);
    assert_eq!(stored, fixed);
}

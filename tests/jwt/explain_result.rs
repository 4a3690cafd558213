//! An explanation has the result of the validation, and has no effect of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bearergate::clock::FakeClock;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::diagnosis::Outcome;
use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
use bearergate::principal::{Confirmation, KeyId};
use bearergate::validator::{SenderConstraint, TokenCache};
use bearergate::{JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind, TokenValidator};
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::*;
use crate::explain::{explain, step};

const VALUES: [&str; 12] = [
    "\"https://idp.example.com\"",
    "[\"https://api.example.com\",\"b\"]",
    "\"app\"",
    "\"\"",
    "null",
    "7",
    "1700000000",
    "1800000000",
    "1700000000000",
    "[]",
    "{\"jkt\":7}",
    "{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
];

const NAMES: [&str; 18] = [
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
    "nonce",
    "token_use",
    "typ",
    "at_hash",
    "cid",
    "tenant",
];

const HEADER: [(&str, &str); 9] = [
    ("typ", "\"at+jwt\""),
    ("typ", "\"dpop+jwt\""),
    ("kid", "\"k\""),
    ("kid", "\"x\""),
    ("kid", "7"),
    ("crit", "[]"),
    ("cty", "\"JWT\""),
    ("alg", "\"none\""),
    ("alg", "\"EdDSA\""),
];

static VALIDATORS: LazyLock<Vec<JwtValidator>> = LazyLock::new(|| {
    let keys = || {
        let named = |byte| Key::from_secret(vec![byte; 32]).unwrap();
        KeySet::new([
            named(7).with_kid("k").unwrap(),
            named(8).with_kid("l").unwrap(),
        ])
        .unwrap()
    };
    let id = JwtValidator::builder().issuer(ISSUER).id_token("app");
    let id = id.keys(secret().into()).clock(clock());
    let pattern = JwtValidator::builder()
        .issuer_pattern("https://{name}.example.com", |tenant| {
            (tenant.name() != "idp").then(|| tenant.issuer().into())
        })
        .audience(AUDIENCE)
        .keys(secret().into())
        .clock(clock());
    let stopped = clock();
    stopped.stop();
    let other = JwtValidator::builder().issuer("https://other.example.com");
    let other = other.audience("b").keys(keys()).clock(clock());
    let joined = [validator(), other.build().unwrap()];
    let demanding = builder()
        .require_claim("tenant", "app")
        .require_claim("sub", "alice")
        .allow_clients(["app"])
        .max_age(std::time::Duration::from_secs(100))
        .scopes_from("cid");
    let lenient = builder()
        .absent_if_empty(["sub", "azp"])
        .absent_if_null(["jti", "scope"])
        .client_from("cid")
        .access_mark("tenant");
    [
        builder(),
        with_keys(keys()),
        open(),
        builder().rfc9068(),
        builder().clock(stopped),
        builder().max_token_bytes(180),
        builder().sender_constraint(Refusing),
        demanding,
        lenient,
        id,
        pattern,
    ]
    .map(|builder| builder.build().unwrap())
    .into_iter()
    .chain([JwtValidator::join(joined).unwrap()])
    .collect()
});

#[derive(Debug)]
struct Refusing;

impl SenderConstraint for Refusing {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Err(RejectionKind::ProofInvalid.into()))
    }
}

/// Returns the texts of a result.
fn texts(rejection: Option<&Rejection>) -> Option<(RejectionKind, Option<&str>)> {
    rejection.map(|rejection| (rejection.kind(), rejection.claim()))
}

/// Checks that a token is explained as it is validated.
fn check(validator: &JwtValidator, token: &str) -> Result<(), TestCaseError> {
    let validated = validate(validator, token).err();
    let explanation = explain(validator, token);
    // The proof of a bound token is not asked for.
    let is_proof = validated.as_ref().map(Rejection::kind) == Some(RejectionKind::ProofInvalid);
    let expected = validated.as_ref().filter(|_| !is_proof);
    prop_assert_eq!(
        texts(explanation.rejection()),
        texts(expected),
        "{}",
        explanation
    );
    let failed = explanation
        .steps()
        .iter()
        .filter(|step| step.outcome() == Outcome::Failed);
    prop_assert_eq!(
        failed.count(),
        usize::from(expected.is_some()),
        "{}",
        explanation
    );
    step(validator, token, "size");
    let text = explanation.to_string();
    for segment in token.split('.').filter(|segment| segment.len() >= 12) {
        prop_assert!(!text.contains(segment), "{}", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_token_is_explained_as_it_is_validated(
        changes in proptest::collection::vec((select(&NAMES[..]), select(&VALUES[..]), any::<bool>()), 0..4),
        members in proptest::collection::vec(select(&HEADER[..]), 0..2),
        is_signed in prop_oneof![4 => Just(true), 1 => Just(false)],
    ) {
        let claims = changes.into_iter().fold(claims(), |claims, (name, raw, is_there)| match is_there {
            true => claims.set(name, raw),
            false => claims.without(name),
        });
        let header = members.into_iter().fold(header(), |header, (name, raw)| header.set(name, raw));
        let message = message(header.to_string(), claims.to_string());
        let token = mac_with(if is_signed { &SECRET } else { &[9; 32] }, &message);
        for validator in &*VALIDATORS {
            check(validator, &token)?;
        }
    }

    #[test]
    fn any_text_is_explained_as_it_is_validated(
        text in "[A-Za-z0-9_.{}\"= ~+-]{0,60}",
        header in proptest::collection::vec(any::<u8>(), 0..40),
        payload in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        check(&VALIDATORS[0], &text)?;
        check(&VALIDATORS[0], &mac_with(&SECRET, &message(&header, &payload)))?;
        let good = crate::common::header().to_string();
        check(&VALIDATORS[0], &mac_with(&SECRET, &message(good, &payload)))?;
    }

    /// A token with one byte changed.
    #[test]
    fn changed_token_is_explained_as_it_is_validated(at in 0_usize..200, byte in 0x20_u8..0x7f) {
        let mut text = token(claims()).into_bytes();
        let at = at % text.len();
        text[at] = byte;
        check(&VALIDATORS[0], std::str::from_utf8(&text).unwrap())?;
    }
}

/// A segment of the token that its sender has copied into a member that is shown.
#[test]
fn segment_that_a_member_repeats_is_not_shown() {
    let payload = claims().set("aud", "\"x\"").to_string();
    let header = header().set("kid", format!("\"{}\"", encode(&payload)));
    let named = secret().with_kid("k").unwrap();
    let validator = with_keys(named.into()).build().unwrap();
    let token = mac(&header, &payload);
    let text = explain(&validator, &token).to_string();
    assert!(text.contains("(a part of the token)"), "{text}");
    assert!(!text.contains(&encode(&payload)[..60]), "{text}");
}

/// The segment is cut, or has other text before it, so that a value shows the middle of it.
#[test]
fn cut_and_embedded_segments_are_not_shown_in_any_form() {
    let payload = claims().set("aud", "\"x\"").to_string();
    let segment = encode(&payload);
    let named = secret().with_kid("k").unwrap();
    let validator = with_keys(named.into()).build().unwrap();
    for kid in [
        format!("x{segment}"),
        segment[20..].to_owned(),
        segment[..40].to_owned(),
        format!("{} {}", &segment[40..60], &segment[..20]),
    ] {
        let token = mac(header().set("kid", format!("\"{kid}\"")), &payload);
        let explanation = explain(&validator, &token);
        let rejection = explanation.rejection().map(Rejection::kind);
        assert_eq!(rejection, Some(RejectionKind::KeyNotFound), "{explanation}");
        for text in [
            explanation.to_string(),
            explanation.to_json(),
            explanation.to_html(),
            format!("{explanation:?}"),
        ] {
            assert!(text.contains("(a part of the token)"), "{text}");
            let shown = segment.as_bytes().windows(12);
            let mut shown = shown.map(|run| std::str::from_utf8(run).unwrap());
            assert_eq!(shown.find(|run| text.contains(run)), None, "{text}");
        }
    }
    // Another `kid` is shown as it is.
    let token = mac(header().set("kid", "\"signing-key-of-2026-10\""), &payload);
    let text = format!("{:?}", explain(&validator, &token));
    assert!(text.contains("`signing-key-of-2026-10`"), "{text}");
}

#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl SenderConstraint for Counting {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        NowOrLater::now(Ok(()))
    }
}

const BOUND: &str = "{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";

#[test]
fn sender_constraint_is_not_asked() {
    let proofs = Counting::default();
    let constrained = builder().sender_constraint(proofs.clone()).build().unwrap();
    let bound = token(claims().set("cnf", BOUND));
    let binding = step(&constrained, &bound, "binding");
    assert_eq!(binding.outcome(), Outcome::Skipped);
    assert!(
        binding.hint_text().unwrap().contains("not asked"),
        "{binding}"
    );
    assert_eq!(proofs.0.load(Ordering::SeqCst), 0);
    assert!(validate(&constrained, &bound).is_ok());
    assert_eq!(proofs.0.load(Ordering::SeqCst), 1);
    // A token that is not bound has no hint.
    assert_eq!(
        step(&constrained, &token(claims()), "binding").hint_text(),
        None
    );

    let failed = step(&validator(), &bound, "binding");
    assert_eq!(failed.outcome(), Outcome::Failed);
    assert!(
        failed
            .found_text()
            .unwrap()
            .contains("no sender constraint"),
        "{failed}"
    );
    let other = token(claims().set("cnf", "{\"kid\":\"s3cret\"}"));
    let failed = step(&constrained, &other, "binding");
    assert_eq!(failed.outcome(), Outcome::Failed);
    assert!(
        failed.found_text().unwrap().contains("another method"),
        "{failed}"
    );
    assert!(!explain(&constrained, &other).to_string().contains("s3cret"));
}

#[test]
fn scheme_is_checked_first() {
    let text = token(claims());
    let sources = Sources::builder().dpop().api_key().build().unwrap();
    let explained = |value: &str| {
        let presented = sources.authorization(value).unwrap();
        let validated = validator().validate(&presented).try_now().unwrap().err();
        let explanation = validator().explain(&presented).try_now().unwrap();
        assert_eq!(texts(explanation.rejection()), texts(validated.as_ref()));
        explanation
    };
    let key = explained(&format!("ApiKey {text}"));
    assert_eq!(key.steps().len(), 1);
    assert_eq!(key.failed().unwrap().name(), "credential");
    let unbound = explained(&format!("DPoP {text}"));
    assert_eq!(unbound.failed().unwrap().name(), "binding");
    assert!(explained(&format!("Bearer {text}")).is_accepted());
}

#[test]
fn no_cache_is_read_or_filled() {
    let clock = clock();
    let cache = TokenCache::builder().build().unwrap();
    let keys = KeySet::from(Key::from_pem(ED25519).unwrap());
    let cached = with_keys(keys)
        .clock(clock.clone())
        .build()
        .unwrap()
        .cached(&cache);
    let text = ed25519(header().set("alg", "\"EdDSA\""), claims());
    assert!(explain(&cached, &text).is_accepted());
    assert_eq!(cache.len(), 0);
    assert!(validate(&cached, &text).is_ok());
    assert_eq!(cache.len(), 1);
    assert!(explain(&cached, &text).is_accepted());
}

/// A source of keys that answers when it is polled, or not at all.
#[derive(Debug)]
struct LateKeys(Option<KeySet>);

impl KeyStore for LateKeys {
    fn find<'a>(&'a self, _: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        let found = self.0.clone().map(Arc::new);
        NowOrLater::later(async move {
            found.ok_or_else(|| {
                Rejection::new(RejectionKind::Unavailable).with_source("host is down")
            })
        })
    }

    fn status(&self, _: &KeyId) -> KeyStatus {
        KeyStatus::Unknown
    }
}

fn late(keys: Option<KeySet>, clock: FakeClock) -> JwtValidator {
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    let builder = builder.key_store(Arc::new(LateKeys(keys))).clock(clock);
    builder.build().unwrap()
}

#[test]
fn keys_that_have_to_be_waited_for_are_explained_too() {
    let explained = |validator: &JwtValidator| {
        let text = token(claims().set("aud", "\"other\""));
        let presented = PresentedCredential::token(&text);
        let explanation = ready(validator.explain(&presented));
        let failed = explanation.failed().unwrap();
        (failed.name(), failed.found_text().unwrap().to_owned())
    };
    let good = late(Some(secret().into()), clock());
    assert_eq!(explained(&good), ("audience", "`other`".to_owned()));
    let (name, found) = explained(&late(None, clock()));
    assert_eq!(name, "key");
    assert!(found.contains("host is down"), "{found}");
    let stopped = clock();
    stopped.stop();
    let (name, found) = explained(&late(Some(secret().into()), stopped));
    assert_eq!((name, found.as_str()), ("key", "a clock that has none"));
}

fn ready<T: Send>(mut answer: NowOrLater<'_, T>) -> T {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};
    for _ in 0..10 {
        let context = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(value) = Pin::new(&mut answer).poll(context) {
            return value;
        }
    }
    panic!("no answer after ten polls")
}

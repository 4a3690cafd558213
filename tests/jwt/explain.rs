//! Explanations: the step that fails, what was expected and what was found. Each token that is
//! rejected has a twin that differs in the tested member and passes that step.

use std::time::Duration;

use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::diagnosis::{Explanation, Outcome, Step};
use bearergate::key::{Key, KeySet};
use bearergate::{JwtValidator, TokenValidator};

use crate::common::*;

const STEPS: [&str; 14] = [
    "size",
    "shape",
    "header",
    "issuer",
    "key",
    "signature",
    "claims",
    "type",
    "audience",
    "expiry",
    "not_before",
    "issued_at",
    "demands",
    "binding",
];

pub(crate) fn explain(validator: &JwtValidator, token: &str) -> Explanation {
    let presented = PresentedCredential::token(token);
    validator.explain(&presented).try_now().unwrap()
}

/// Returns the step of this name, after all rules of the order were checked.
#[track_caller]
pub(crate) fn step(validator: &JwtValidator, token: &str, name: &str) -> Step {
    let explanation = explain(validator, token);
    let names: Vec<_> = explanation.steps().iter().map(Step::name).collect();
    assert_eq!(names, STEPS);
    let place = |outcome| {
        let mut steps = explanation.steps().iter();
        steps.position(|step| step.outcome() == outcome)
    };
    let failed = place(Outcome::Failed);
    assert_eq!(failed.is_some(), explanation.rejection().is_some());
    for (at, step) in explanation.steps().iter().enumerate() {
        let is_behind = failed.is_some_and(|failed| at > failed);
        let texts = [step.expected_text(), step.found_text()];
        match step.outcome() {
            Outcome::Failed => {
                assert_eq!(failed, Some(at), "two steps have failed");
                assert!(texts.iter().all(|text| text.is_some_and(|t| !t.is_empty())));
            }
            Outcome::Skipped => assert_eq!(texts, [None, None]),
            _ => assert!(!is_behind, "{explanation}"),
        }
    }
    let steps = explanation.steps().iter();
    steps.cloned().find(|step| step.name() == name).unwrap()
}

#[track_caller]
fn assert_failed(
    validator: &JwtValidator,
    token: &str,
    name: &str,
    expected: &[&str],
    found: &[&str],
) {
    let step = step(validator, token, name);
    assert_eq!(
        step.outcome(),
        Outcome::Failed,
        "{}",
        explain(validator, token)
    );
    for word in expected {
        assert!(
            step.expected_text().unwrap().contains(word),
            "{word}: {step}"
        );
    }
    for word in found {
        assert!(step.found_text().unwrap().contains(word), "{word}: {step}");
    }
}

#[track_caller]
fn assert_ok(validator: &JwtValidator, token: &str, name: &str) {
    let step = step(validator, token, name);
    assert_eq!(step.outcome(), Outcome::Ok, "{}", explain(validator, token));
}

#[track_caller]
fn assert_skipped(validator: &JwtValidator, token: &str, name: &str) {
    let step = step(validator, token, name);
    assert_eq!(
        step.outcome(),
        Outcome::Skipped,
        "{}",
        explain(validator, token)
    );
}

#[test]
fn accepted_token_has_no_failed_step() {
    let explanation = explain(&validator(), &token(claims()));
    assert!(explanation.is_accepted() && explanation.failed().is_none());
    let skipped = explanation.steps().iter();
    let skipped = skipped.filter(|step| step.outcome() == Outcome::Skipped);
    let skipped: Vec<_> = skipped.map(Step::name).collect();
    assert_eq!(skipped, ["not_before", "demands", "binding"]);
}

#[test]
fn steps_without_a_check_are_skipped() {
    let bare = Text::empty().set("sub", "\"a\"");
    let open = open().build().unwrap();
    for name in [
        "issuer",
        "audience",
        "expiry",
        "not_before",
        "issued_at",
        "demands",
        "binding",
    ] {
        assert_skipped(&open, &token(&bare), name);
    }
    let full = claims().set("nbf", NOW);
    let required = builder().require_claim("sub", "alice").build().unwrap();
    for name in [
        "issuer",
        "audience",
        "expiry",
        "not_before",
        "issued_at",
        "demands",
    ] {
        assert_ok(&required, &token(&full), name);
    }
}

#[test]
fn size_names_the_cap_that_was_passed() {
    let sized = |bytes| builder().max_token_bytes(bytes).build().unwrap();
    let text = token(claims());
    let len = text.len();
    assert_ok(&sized(len), &text, "size");
    let (most, found) = ((len - 1).to_string(), len.to_string());
    assert_failed(&sized(len - 1), &text, "size", &[&most], &[&found]);

    let header = header().set("x", format!("\"{}\"", "a".repeat(80)));
    let bytes = header.to_string().len();
    let capped = |bytes| builder().max_header_bytes(bytes).build().unwrap();
    let long = mac(&header, claims());
    assert_ok(&capped(bytes), &long, "size");
    let (most, found) = ((bytes - 1).to_string(), bytes.to_string());
    assert_failed(
        &capped(bytes - 1),
        &long,
        "size",
        &[&most, "header"],
        &[&found],
    );

    let deep = |levels| {
        claims().set(
            "x",
            format!("{}1{}", "[".repeat(levels), "]".repeat(levels)),
        )
    };
    assert_ok(&validator(), &token(deep(31)), "size");
    assert_failed(
        &validator(),
        &token(deep(32)),
        "size",
        &["32"],
        &["payload"],
    );
    let members = |most: usize| {
        let members = (0..most).map(|n| format!("\"m{n}\":0"));
        members.collect::<Vec<_>>().join(",")
    };
    let top = |n| {
        claims()
            .to_string()
            .replace('}', &format!(",{}}}", members(n)))
    };
    assert_ok(&validator(), &token(top(251)), "size");
    assert_failed(
        &validator(),
        &token(top(252)),
        "size",
        &["256"],
        &["payload"],
    );
    let inner = |n| claims().set("x", format!("{{{}}}", members(n)));
    assert_ok(&validator(), &token(inner(1_024)), "size");
    assert_failed(
        &validator(),
        &token(inner(1_025)),
        "size",
        &["1024"],
        &["payload"],
    );
    let wide = mac(header_of(&format!(",{}", members(256))), claims());
    assert_failed(&validator(), &wide, "size", &["256"], &["header"]);
}

fn header_of(more: &str) -> String {
    format!("{{\"alg\":\"HS256\"{more}}}")
}

#[test]
fn shape_says_what_is_wrong_with_the_text() {
    let good = token(claims());
    assert_ok(&validator(), &good, "shape");
    let parts: Vec<_> = good.split('.').collect();
    let payload = |text: &str| mac(header(), text);
    for (text, words) in [
        (String::new(), "an empty text"),
        (
            "2YotnFZFEjr1zCsicMWpAA".to_owned(),
            "an opaque text without dots",
        ),
        (format!("{}.{}", parts[0], parts[1]), "2 segments"),
        (format!("{good}.x"), "4 segments"),
        (format!("Bearer {good}"), "the scheme `Bearer`"),
        (format!("\"{good}\""), "quotes"),
        (format!("{good}\n"), "white space"),
        (
            format!("{good}="),
            "a signature that is not base64url: it has padding",
        ),
        (
            format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
            "a header that is not base64url",
        ),
        (
            format!("{}.{}+.{}", parts[0], parts[1], parts[2]),
            "a payload that is not base64url",
        ),
        (format!("{good}~"), "an SD-JWT"),
        (
            payload("[]"),
            "a payload that is not strict JSON: value is not an object at byte 0",
        ),
        (payload("{\"a\":1,\"a\":1}"), "duplicate member"),
        (
            mac("{", claims()),
            "a header that is not strict JSON: unexpected end",
        ),
    ] {
        assert_failed(&validator(), &text, "shape", &["three segments"], &[words]);
    }
    let encrypted = format!("{}.a.b.c.d", encode(r#"{"alg":"dir","enc":"A256GCM"}"#));
    assert_failed(
        &validator(),
        &encrypted,
        "shape",
        &["three segments"],
        &["five segments"],
    );
}

#[test]
fn nothing_is_said_about_a_text_that_cannot_be_read() {
    for text in [
        "s3cret-opaque",
        "s3cret.s3cret.s3cret",
        "s3cret.s3cret.s3cret.s3cret.s3cret",
    ] {
        let explanation = explain(&validator(), text);
        assert!(!explanation.to_string().contains("s3cret"), "{explanation}");
        assert!(explanation.failed().is_some());
    }
}

#[test]
fn header_names_the_member_at_fault() {
    let with = |name: &str, raw: &str| mac(header().set(name, raw), claims());
    let long = format!("\"{}\"", "k".repeat(257));
    for (name, bad, found, good) in [
        ("crit", "[\"x\"]", "`crit`", None),
        ("b64", "true", "`b64`", None),
        ("enc", "\"A256GCM\"", "`enc`", None),
        ("kid", "7", "`kid`: number", Some("\"k\"")),
        ("kid", &long, "a `kid` of 257 bytes", Some("\"k\"")),
        ("typ", "null", "`typ`: null", Some("\"JWT\"")),
        ("cty", "\"JWT\"", "`cty`", Some("\"json\"")),
        ("cty", "[]", "`cty`: array", Some("\"json\"")),
        ("alg", "{}", "`alg`: object", Some("\"HS256\"")),
        ("alg", "\"none\"", "`none`", Some("\"HS256\"")),
        ("alg", "\"x\\u0000y\"", "`x\\u{0}y`", Some("\"HS256\"")),
    ] {
        assert_failed(&validator(), &with(name, bad), "header", &[], &[found]);
        let good = good.map_or_else(|| token(claims()), |good| with(name, good));
        assert_ok(&validator(), &good, "header");
    }
    let absent = mac(Text::empty().set("kid", "\"k\""), claims());
    assert_failed(
        &validator(),
        &absent,
        "header",
        &["`alg`"],
        &["`alg` is absent"],
    );
}

#[test]
fn algorithm_is_contrasted_with_those_of_the_keys() {
    let pem = || Key::from_pem(ED25519).unwrap();
    let both = || KeySet::new([secret(), pem()]).unwrap();
    let only = |keys: KeySet| with_keys(keys).build().unwrap();
    let text = token(claims());
    assert_failed(
        &only(pem().into()),
        &text,
        "header",
        &["`EdDSA`"],
        &["`HS256`"],
    );
    assert_ok(&only(both()), &text, "header");
    let restricted = with_keys(both())
        .algorithms([Algorithm::EdDsa])
        .build()
        .unwrap();
    assert_failed(&restricted, &text, "header", &["`EdDSA`"], &["`HS256`"]);
    let cut = mac(
        header().set("alg", format!("\"{}\"", "a".repeat(300))),
        claims(),
    );
    let step = step(&validator(), &cut, "header");
    assert_eq!(
        step.found_text().unwrap(),
        format!("`{}...`", "a".repeat(200))
    );
}

#[test]
fn issuer_holds_every_configured_value_and_those_of_the_token() {
    let names = ["https://a.example", "https://b.example"];
    let keys = || KeySet::from(secret());
    let of = |names: &[&str]| {
        let builder = JwtValidator::builder().issuers(names.iter().copied());
        builder
            .audience(AUDIENCE)
            .keys(keys())
            .clock(clock())
            .build()
            .unwrap()
    };
    let two = of(&names);
    let with = |raw: &str| token(claims().set("iss", raw));
    assert_failed(
        &two,
        &with("\"https://c.example\""),
        "issuer",
        &names,
        &["https://c.example"],
    );
    assert_ok(&two, &with("\"https://b.example\""), "issuer");
    assert_failed(
        &two,
        &with("[\"https://b.example\"]"),
        "issuer",
        &names,
        &["https://b.example"],
    );
    assert_failed(&two, &with("7"), "issuer", &names, &["7"]);
    let absent = token(claims().without("iss"));
    assert_failed(&two, &absent, "issuer", &names, &["`iss` is absent"]);

    let many: Vec<_> = (0..40).map(|n| format!("https://{n}.example")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_failed(&of(&many), &with("\"x\""), "issuer", &many, &["`x`"]);
    let joined = JwtValidator::join([of(&names), validator()]).unwrap();
    assert_failed(
        &joined,
        &with("\"x\""),
        "issuer",
        &[names[0], names[1], ISSUER],
        &["`x`"],
    );
    assert_ok(&joined, &token(claims()), "issuer");
}

#[test]
fn tenant_that_is_not_allowed_fails_the_issuer() {
    let pattern = "https://login.example.com/{tenant}/v2.0";
    let builder = JwtValidator::builder().issuer_pattern(pattern, |tenant| {
        (tenant.name() == "blue").then(|| tenant.issuer().into())
    });
    let keys = KeySet::from(secret());
    let tenants = builder
        .audience(AUDIENCE)
        .keys(keys)
        .clock(clock())
        .build()
        .unwrap();
    let of = |name: &str| {
        let issuer = format!("\"https://login.example.com/{name}/v2.0\"");
        token(claims().set("iss", issuer))
    };
    assert_ok(&tenants, &of("blue"), "issuer");
    assert_failed(
        &tenants,
        &of("red"),
        "issuer",
        &["https://login.example.com/"],
        &["/red/v2.0"],
    );
    assert_failed(
        &tenants,
        &token(claims()),
        "issuer",
        &["login.example.com"],
        &[ISSUER],
    );
}

#[test]
fn key_names_the_kid_and_those_of_the_set() {
    let named = |kid: &str, byte| {
        Key::from_secret(vec![byte; 32])
            .unwrap()
            .with_kid(kid)
            .unwrap()
    };
    let keys = KeySet::new([named("k1", 7), named("k2", 8)]).unwrap();
    let two = with_keys(keys).build().unwrap();
    let with = |kid: &str| mac(header().set("kid", format!("\"{kid}\"")), claims());
    assert_ok(&two, &with("k1"), "key");
    let expected = ["HS256", "2 keys", "`k1`, `k2`"];
    assert_failed(
        &two,
        &with("rotated-away"),
        "key",
        &expected,
        &["`kid` `rotated-away`"],
    );
    assert_failed(&two, &token(claims()), "key", &expected, &["no `kid`"]);
    let many = (0..40).map(|n| named(&format!("key-{n}-"), 8));
    let many = with_keys(KeySet::new(many).unwrap()).build().unwrap();
    let step = step(&many, &with("x"), "key");
    let expected = step.expected_text().unwrap();
    assert!(
        expected.contains("40 keys") && expected.contains("key-9-"),
        "{expected}"
    );
    assert!(
        !expected.contains("key-10-") && expected.ends_with("30 more"),
        "{expected}"
    );
}

#[test]
fn signature_names_algorithm_and_key() {
    let message = message(
        header().set("kid", "\"k\"").to_string(),
        claims().to_string(),
    );
    let other = mac_with(&[8; 32], &message);
    assert_failed(
        &validator(),
        &other,
        "signature",
        &["`HS256`"],
        &["`kid` `k`"],
    );
    assert_ok(&validator(), &mac_with(&SECRET, &message), "signature");
}

#[test]
fn claims_name_the_claim_and_its_type_and_never_the_value() {
    let client = builder().client_from("cid").build().unwrap();
    for (name, bad, found, good) in [
        ("sub", "7", "`sub`: number", "\"a\""),
        ("sub", "\"\"", "`sub`: string", "\"a\""),
        ("sub", "\"s3cret\\u0007\"", "`sub`: string", "\"a\""),
        ("jti", "{\"s3cret\":1}", "`jti`: object", "\"a\""),
        ("azp", "null", "`azp`: null", "\"a\""),
        ("client_id", "true", "`client_id`: boolean", "\"a\""),
        ("aud", "[7]", "`aud`: array", "\"https://api.example.com\""),
        ("exp", "\"1700000300\"", "`exp`: string", "1700000300"),
        ("nbf", "-1", "`nbf`: number", "1"),
        ("iat", "1700000000000", "`iat`: number", "1700000000"),
        (
            "cnf",
            "[]",
            "`cnf`: array",
            "{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        ),
        ("act", "\"s3cret\"", "`act`: string", "{\"sub\":\"b\"}"),
        ("scope", "[\"a b\"]", "`scope`: array", "[\"a\"]"),
        ("cid", "[]", "`cid`: array", "\"a\""),
    ] {
        let with = |raw: &str| token(claims().set(name, raw));
        assert_failed(&client, &with(bad), "claims", &["a"], &[found]);
        let text = explain(&client, &with(bad)).to_string();
        assert!(
            !text.contains("s3cret") && !text.contains("\\u{7}"),
            "{text}"
        );
        assert_ok(&client, &with(good), "claims");
    }
}

#[test]
fn type_names_what_passes_and_what_was_found() {
    let with = |typ: &str| mac(header().set("typ", format!("\"{typ}\"")), claims());
    let none = token(claims());
    let profile = builder()
        .require_type("Application/AT+jwt")
        .build()
        .unwrap();
    let several = builder().accept_types(["JWT", "x"]).build().unwrap();
    let standard = ["`JWT`", "`at+jwt`"];
    assert_failed(
        &validator(),
        &with("dpop+jwt"),
        "type",
        &standard,
        &["`dpop+jwt`"],
    );
    assert_ok(&validator(), &with("at+jwt"), "type");
    assert_failed(
        &profile,
        &with("JWT"),
        "type",
        &["Application/AT+jwt"],
        &["`JWT`"],
    );
    assert_failed(
        &profile,
        &none,
        "type",
        &["Application/AT+jwt"],
        &["no `typ`"],
    );
    assert_ok(&profile, &with("at+jwt"), "type");
    assert_failed(&several, &none, "type", &["`JWT`", "`x`"], &["no `typ`"]);
    assert_ok(&several, &with("x"), "type");
    for mark in MARKS.into_iter().chain(["nonce"]) {
        let marked = token(claims().set(mark, "\"s3cret\""));
        assert_failed(&validator(), &marked, "type", &["access token"], &[mark]);
        assert!(
            !explain(&validator(), &marked)
                .to_string()
                .contains("s3cret")
        );
    }
    for (name, bad, good) in [("token_use", "id", "access"), ("typ", "ID", "Bearer")] {
        let with = |word: &str| token(claims().set(name, format!("\"{word}\"")));
        assert_failed(&validator(), &with(bad), "type", &["access token"], &[name]);
        assert_ok(&validator(), &with(good), "type");
    }
}

#[test]
fn access_mark_that_is_missing_is_named() {
    let marked = builder().access_mark("scope").build().unwrap();
    let valued = builder()
        .access_mark_value("kind", "s3cret")
        .build()
        .unwrap();
    assert_failed(
        &marked,
        &token(claims()),
        "type",
        &["`scope`"],
        &["`scope` is absent"],
    );
    assert_ok(&marked, &token(claims().set("scope", "\"a\"")), "type");
    let other = token(claims().set("kind", "\"other\""));
    assert_failed(&valued, &other, "type", &["`kind`"], &["`kind`: string"]);
    assert!(!explain(&valued, &other).to_string().contains("s3cret"));
    assert_ok(&valued, &token(claims().set("kind", "\"s3cret\"")), "type");
}

#[test]
fn id_tokens_have_the_same_steps() {
    let of = |presenters: &[&str]| {
        let builder = JwtValidator::builder().issuer(ISSUER).id_token("shop");
        let builder = builder.keys(KeySet::from(secret())).clock(clock());
        let builder = match presenters {
            [] => builder,
            names => builder.presented_by(names.iter().copied()),
        };
        builder.build().unwrap()
    };
    let claims = || claims().set("aud", "\"shop\"").set("nonce", "\"n\"");
    assert_ok(&of(&[]), &token(claims()), "type");
    let access = mac(header().set("typ", "\"at+jwt\""), claims());
    assert_failed(&of(&[]), &access, "type", &["`JWT`"], &["`at+jwt`"]);
    let other = token(claims().set("azp", "\"app\""));
    assert_failed(
        &of(&[]),
        &other,
        "type",
        &["`azp`", "`shop`"],
        &["`azp`: string"],
    );
    assert_failed(
        &of(&["web"]),
        &other,
        "type",
        &["`shop`, `web`"],
        &["`azp`: string"],
    );
    assert_ok(&of(&["app"]), &other, "type");
    let several = token(claims().set("aud", "[\"shop\",\"bank\"]"));
    assert_failed(&of(&[]), &several, "type", &["`azp`"], &["`azp` is absent"]);
    let several = token(
        claims()
            .set("aud", "[\"shop\",\"bank\"]")
            .set("azp", "\"shop\""),
    );
    assert_failed(
        &of(&[]),
        &several,
        "audience",
        &["`shop`"],
        &["`shop`, `bank`"],
    );
    assert_failed(
        &of(&[]),
        &token(claims().without("sub")),
        "demands",
        &["`sub`"],
        &["absent"],
    );
    assert_failed(
        &of(&[]),
        &token(claims().without("iat")),
        "demands",
        &["`iat`"],
        &["absent"],
    );
}

#[test]
fn audience_holds_every_configured_value_and_those_of_the_token() {
    let names = ["https://api.example.com", "api"];
    let keys = KeySet::from(secret());
    let builder = JwtValidator::builder().issuer(ISSUER).audiences(names);
    let two = builder.keys(keys).clock(clock()).build().unwrap();
    let with = |raw: &str| token(claims().set("aud", raw));
    assert_failed(
        &two,
        &with("\"account\""),
        "audience",
        &names,
        &["`account`"],
    );
    assert_ok(&two, &with("[\"account\",\"api\"]"), "audience");
    let many: Vec<_> = (0..40).map(|n| format!("\"aud-{n}-\"")).collect();
    let last = ["aud-0-", "aud-39-"];
    assert_failed(
        &two,
        &with(&format!("[{}]", many.join(","))),
        "audience",
        &names,
        &last,
    );
    let absent = token(claims().without("aud"));
    assert_failed(&two, &absent, "audience", &names, &["`aud` is absent"]);
    let long = format!("\"{}\\u001b[2J\"", "a".repeat(250));
    let step = step(&two, &with(&long.replace("\\u001b[2J", "")), "audience");
    assert_eq!(
        step.found_text().unwrap(),
        format!("`{}...`", "a".repeat(200))
    );
}

#[test]
fn times_have_value_distance_now_and_leeway() {
    let with = |name: &str, raw: String| token(claims().set(name, raw));
    let now = NOW.to_string();
    for (name, step, bad, good, distance) in [
        ("exp", "expiry", NOW - 400, NOW + 1, "400"),
        ("exp", "expiry", NOW - 30, NOW - 29, "30"),
        ("nbf", "not_before", NOW + 31, NOW + 30, "31"),
        ("iat", "issued_at", NOW + 90, NOW + 30, "90"),
    ] {
        let value = bad.to_string();
        let late = with(name, value.clone());
        assert_failed(
            &validator(),
            &late,
            step,
            &[&now, "30"],
            &[&value, distance],
        );
        assert_ok(&validator(), &with(name, good.to_string()), step);
    }
    // A fraction counts against the token.
    let ahead = with("iat", format!("{}.5", NOW + 30));
    let value = (NOW + 31).to_string();
    assert_failed(&validator(), &ahead, "issued_at", &[&now], &[&value, "31"]);
    let absent = token(claims().without("exp"));
    assert_failed(
        &validator(),
        &absent,
        "expiry",
        &[&now, "30"],
        &["`exp` is absent"],
    );
    let optional = builder().allow_missing_expiry().build().unwrap();
    assert_skipped(&optional, &absent, "expiry");
}

#[test]
fn demands_say_which_requirement_failed() {
    let with = |name: &str, raw: &str| token(claims().set(name, raw));
    let plain = token(claims());
    let valued = builder().require_claim("tenant", "s3cret").build().unwrap();
    assert_failed(
        &valued,
        &plain,
        "demands",
        &["`tenant`", "string"],
        &["`tenant` is absent"],
    );
    assert_failed(
        &valued,
        &with("tenant", "7"),
        "demands",
        &["`tenant`"],
        &["`tenant`: number"],
    );
    let other = with("tenant", "\"hidden\"");
    assert_failed(
        &valued,
        &other,
        "demands",
        &["`tenant`"],
        &["`tenant`: string"],
    );
    let text = explain(&valued, &other).to_string();
    assert!(
        !text.contains("s3cret") && !text.contains("hidden"),
        "{text}"
    );
    assert_ok(&valued, &with("tenant", "\"s3cret\""), "demands");

    let clients = builder().allow_clients(["app", "web"]).build().unwrap();
    assert_failed(
        &clients,
        &plain,
        "demands",
        &["`app`, `web`"],
        &["`client_id` is absent"],
    );
    let other = with("azp", "\"hidden\"");
    assert_failed(
        &clients,
        &other,
        "demands",
        &["`app`, `web`"],
        &["`azp`: string"],
    );
    assert_ok(&clients, &with("azp", "\"web\""), "demands");

    let young = builder().max_age(Duration::from_secs(60)).build().unwrap();
    let old = (NOW - 91).to_string();
    assert_failed(
        &young,
        &with("iat", &old),
        "demands",
        &["60", "30"],
        &[&old, "91"],
    );
    assert_ok(&young, &with("iat", &(NOW - 90).to_string()), "demands");
    assert_failed(
        &young,
        &token(claims().without("iat")),
        "demands",
        &["60"],
        &["absent"],
    );

    let short = builder()
        .max_lifetime(Duration::from_secs(300))
        .build()
        .unwrap();
    let long = with("exp", &(NOW + 301).to_string());
    assert_failed(&short, &long, "demands", &["300"], &["301 seconds"]);
    assert_ok(&short, &plain, "demands");

    let checked = builder().check("tenant", |claims| claims.value("tenant").is_some());
    let checked = checked.build().unwrap();
    assert_failed(
        &checked,
        &plain,
        "demands",
        &["the check `tenant`"],
        &["does not"],
    );
    assert_ok(&checked, &with("tenant", "1"), "demands");

    let profile = builder().rfc9068().build().unwrap();
    let typed = |claims: Text| mac(header().set("typ", "\"at+jwt\""), claims);
    let full = claims().set("client_id", "\"c\"").set("jti", "\"1\"");
    assert_ok(&profile, &typed(full.clone()), "demands");
    assert_failed(
        &profile,
        &typed(full.without("jti")),
        "demands",
        &["`jti`"],
        &["absent"],
    );

    let scopes = builder().scopes_from("scp").build().unwrap();
    assert_failed(
        &scopes,
        &with("scp", "7"),
        "demands",
        &["scopes"],
        &["`scp`: number"],
    );
    assert_skipped(&scopes, &with("scp", "\"a\""), "demands");
}

#[test]
fn own_requirements_of_registered_claims_are_demands() {
    let required = open().require_claim("aud", "a").require_claim("exp", 1_i64);
    let required = required.require_claim("iss", "i").build().unwrap();
    let with = |raw: &str| token(Text::empty().set("aud", raw));
    assert_failed(
        &required,
        &token(Text::empty()),
        "demands",
        &["`aud`"],
        &["`aud` is absent"],
    );
    assert_failed(
        &required,
        &with("\"b\""),
        "demands",
        &["`aud`"],
        &["`aud`: string"],
    );
    assert_failed(
        &required,
        &with("\"a\""),
        "demands",
        &["`exp`"],
        &["`exp` is absent"],
    );
    let sub = builder().require_claim("sub", "bob").build().unwrap();
    assert_failed(
        &sub,
        &token(claims()),
        "demands",
        &["`sub`"],
        &["`sub`: string"],
    );
    assert_failed(
        &sub,
        &token(claims().set("sub", "7")),
        "claims",
        &["string"],
        &["number"],
    );
}

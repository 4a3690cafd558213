//! The contract of the example `replay`, row by row.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

#[path = "../examples/replay/engine/mod.rs"]
mod engine;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::clock::{FakeClock, UnixTime};
use engine::{Engine, Outcome};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const EXP: u64 = NOW + 600;
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://api.example.com";
const PEM: &str = include_str!("keys/ed25519.public.pem");
const PRIVATE: &str = include_str!("keys/ed25519.private.pem");
const CERTIFICATE: &str = include_str!("keys/rsa-2048.certificate.pem");
const SECRET: [u8; 64] = [0x5a; 64];

fn pair() -> Ed25519KeyPair {
    let body: String = PRIVATE.lines().filter(|line| !line.contains('-')).collect();
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&STANDARD.decode(body).unwrap()).unwrap()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(header: &Value, payload: &str) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(payload));
    let signature = match header["alg"].as_str().unwrap() {
        "HS256" => mac(hmac::HMAC_SHA256, &message),
        "HS512" => mac(hmac::HMAC_SHA512, &message),
        _ => pair().sign(message.as_bytes()).as_ref().to_vec(),
    };
    format!("{message}.{}", b64(signature))
}

fn mac(algorithm: hmac::Algorithm, message: &str) -> Vec<u8> {
    let key = hmac::Key::new(algorithm, &SECRET);
    hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
}

fn token(claims: &Value) -> String {
    signed(
        &json!({"alg": "EdDSA", "typ": "at+jwt"}),
        &claims.to_string(),
    )
}

fn mac_token(algorithm: &str) -> String {
    signed(&json!({"alg": algorithm}), &claims().to_string())
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": EXP})
}

fn jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair().public_key())})
}

/// A line that is accepted.
fn case() -> Value {
    json!({
        "id": "a", "token": token(&claims()), "pem": PEM,
        "issuer": ISSUER, "audience": AUDIENCE, "now": NOW,
    })
}

/// The same line about a token that the secret makes.
fn mac_case(algorithm: &str) -> Value {
    let case = with(&without(&case(), "pem"), "secret", b64(SECRET));
    with(&case, "token", mac_token(algorithm))
}

fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[name] = value.into();
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

struct Run {
    outcome: Outcome,
    output: String,
    notes: String,
}

impl Run {
    fn answers(&self) -> Vec<Value> {
        let lines = self.output.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn run_at(clock: FakeClock, input: impl AsRef<[u8]>) -> Run {
    let (mut output, mut notes) = (Vec::new(), Vec::new());
    let outcome = Engine::new(Arc::new(clock), &mut notes)
        .run(input.as_ref(), &mut output)
        .unwrap();
    Run {
        outcome,
        output: String::from_utf8(output).unwrap(),
        notes: String::from_utf8(notes).unwrap(),
    }
}

fn run(input: impl AsRef<[u8]>) -> Run {
    run_at(FakeClock::at(UnixTime::from_secs(NOW)), input)
}

fn run_one(line: impl AsRef<[u8]>) -> Value {
    let run = run(line);
    let [answer] = run.answers().try_into().unwrap();
    let is_input_error = answer["verdict"] == "input_error";
    assert_eq!(run.outcome == Outcome::InputErrors, is_input_error);
    answer
}

fn answer_to(case: &Value) -> Value {
    run_one(case.to_string())
}

/// Verdict, and kind where there is one.
fn verdict(case: &Value) -> String {
    let answer = answer_to(case);
    let verdict = answer["verdict"].as_str().unwrap();
    match answer["kind"].as_str() {
        Some(kind) => format!("{verdict} {kind}"),
        None => verdict.to_owned(),
    }
}

fn assert_input_error(case: &Value) {
    let answer = answer_to(case);
    assert_eq!(answer["verdict"], "input_error", "{case}");
    assert!(answer["kind"].is_string());
}

fn assert_text_error(line: impl AsRef<[u8]>) -> Value {
    let answer = run_one(line);
    assert_eq!(answer["verdict"], "input_error");
    answer
}

mod input {
    use super::*;

    #[test]
    fn id_is_repeated() {
        for id in ["", "a", "with \"quotes\" and \\", "zwölf\n\u{7f}\u{2028}"] {
            let answer = answer_to(&with(&case(), "id", id));
            assert_eq!(
                (&answer["id"], &answer["verdict"]),
                (&json!(id), &json!("accept"))
            );
        }
        for id in [json!(1), json!(["a"]), json!({}), json!(true), Value::Null] {
            let answer = answer_to(&with(&case(), "id", id));
            assert_eq!(answer["id"], Value::Null);
            assert_eq!(answer["verdict"], "input_error");
        }
        let answer = answer_to(&without(&case(), "id"));
        assert_eq!(answer["id"], Value::Null);
        assert_eq!(answer["verdict"], "input_error");
    }

    #[test]
    fn id_is_repeated_if_the_line_is_refused() {
        let line = |members: &str| format!("{{\"token\":\"x\",\"id\":\"b\"{members}}}");
        let deep = format!(",\"jwk\":{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for (members, id) in [
            (",\"token\":\"y\"", json!("b")),
            (",\"strange\":1", json!("b")),
            (&deep, json!("b")),
            (",\"id\":\"b\"", Value::Null),
            (",\"i\\u0064\":\"c\"", Value::Null),
            (",", Value::Null),
        ] {
            assert_eq!(assert_text_error(line(members))["id"], id, "{members}");
        }
    }

    #[test]
    fn token_is_the_compact_token() {
        let good = token(&claims());
        assert_eq!(verdict(&with(&case(), "token", good.as_str())), "accept");
        for token in [
            format!(" {good}"),
            format!("{good} "),
            format!("{good}\n"),
            format!("{good}="),
            format!("Bearer {good}"),
            String::new(),
        ] {
            let verdict = verdict(&with(&case(), "token", token.as_str()));
            assert_eq!(verdict, "reject token_malformed", "{token:?}");
        }
    }

    #[test]
    fn authorization_is_a_whole_header_value() {
        let good = token(&claims());
        let verdict_of =
            |value: String| verdict(&with(&without(&case(), "token"), "authorization", value));
        assert_eq!(verdict_of(format!("Bearer {good}")), "accept");
        assert_eq!(verdict_of(format!("bEARER {good}")), "accept");
        assert_eq!(verdict_of(format!("Bearer   {good}")), "accept");
        for value in [
            format!(" Bearer {good}"),
            format!("Bearer {good} "),
            format!("Bearer\t{good}"),
            format!("Bearer \t{good}"),
            format!("Bearer {good}\r"),
            String::new(),
        ] {
            assert_eq!(
                verdict_of(value.clone()),
                "reject credential_malformed",
                "{value:?}"
            );
        }
        for none in [
            format!("Basic {good}"),
            "Bearer".to_owned(),
            "Bearer  ".to_owned(),
        ] {
            let verdict = verdict_of(none.clone());
            assert_eq!(verdict, "reject credential_missing", "{none:?}");
        }
    }

    #[test]
    fn credential_is_given_once() {
        let header = format!("Bearer {}", token(&claims()));
        assert_input_error(&with(&case(), "authorization", header));
        assert_input_error(&without(&case(), "token"));
        assert_eq!(verdict(&case()), "accept");
    }

    #[test]
    fn every_form_of_key_verifies() {
        let secret = json!({"kty": "oct", "k": b64(SECRET)});
        let jwks = json!({"keys": [jwk()]});
        let case = without(&case(), "pem");
        for (form, keys) in [
            ("jwks", jwks.clone()),
            ("jwks", jwks.to_string().into()),
            ("jwk", jwk()),
            ("pem", PEM.into()),
        ] {
            assert_eq!(
                verdict(&with(&case, form, keys.clone())),
                "accept",
                "{form}"
            );
            let other = with(&case, "token", mac_token("HS256"));
            let found = verdict(&with(&other, form, keys));
            assert_eq!(found, "reject algorithm_not_allowed", "{form}");
        }
        let case = with(&case, "token", mac_token("HS256"));
        for (form, key) in [("jwk", secret), ("secret", b64(SECRET).into())] {
            assert_eq!(verdict(&with(&case, form, key)), "accept", "{form}");
        }
    }

    #[test]
    fn keys_are_given_once() {
        let forms = [
            ("jwks", json!({"keys": [jwk()]})),
            ("jwk", jwk()),
            ("secret", b64(SECRET).into()),
            ("pem", PEM.into()),
        ];
        let case = without(&case(), "pem");
        assert_input_error(&case);
        for (first, one) in &forms {
            for (second, other) in forms.iter().filter(|form| form.0 != *first) {
                let both = with(&with(&case, first, one.clone()), second, other.clone());
                assert_input_error(&both);
            }
        }
    }

    #[test]
    fn keys_that_cannot_be_used_are_a_configuration_error() {
        let case = without(&case(), "pem");
        let jwks = json!({"keys": [jwk()]}).to_string();
        let twice = jwks.replacen("\"kty\"", "\"kty\":\"OKP\",\"kty\"", 1);
        let two_sets = jwks.replacen("\"keys\"", "\"keys\":[],\"keys\"", 1);
        for (form, keys, kind) in [
            ("jwks", json!({"keys": []}), "no_usable_key"),
            ("jwks", json!({}), "value_malformed"),
            ("jwks", twice.into(), "no_usable_key"),
            ("jwks", two_sets.into(), "value_malformed"),
            ("jwks", "".into(), "value_malformed"),
            ("jwk", with(&jwk(), "d", b64([1; 32])), "key_private"),
            ("jwk", json!({"kty": "OKP"}), "key_malformed"),
            ("secret", b64([1; 31]).into(), "key_weak"),
            (
                "secret",
                format!("{}=", b64(SECRET)).into(),
                "key_malformed",
            ),
            ("pem", PRIVATE.into(), "key_private"),
            ("pem", "".into(), "key_malformed"),
        ] {
            let verdict = verdict(&with(&case, form, keys));
            assert_eq!(verdict, format!("config_error {kind}"), "{form}");
        }
    }

    #[test]
    fn certificate_is_refused_with_a_hint() {
        let run = run(with(&case(), "pem", CERTIFICATE).to_string());
        let expected = json!({"id": "a", "verdict": "config_error", "kind": "key_malformed"});
        assert_eq!(run.answers(), [expected]);
        assert_eq!(run.outcome, Outcome::Clean);
        assert!(run.notes.starts_with("line 1: `pem`: "), "{}", run.notes);
        assert!(run.notes.contains("certificate"), "{}", run.notes);
    }

    #[test]
    fn members_are_of_their_type() {
        let wrong = [
            json!(true),
            json!({}),
            json!([]),
            json!(1),
            json!("x"),
            json!([1]),
        ];
        for (name, right) in [
            ("token", &["x"][..]),
            ("secret", &["x"]),
            ("pem", &["x"]),
            ("type", &["x"]),
        ] {
            for value in wrong
                .iter()
                .filter(|value| !right.iter().any(|r| *value == r))
            {
                let case = if name == "secret" {
                    without(&case(), "pem")
                } else {
                    case()
                };
                assert_input_error(&with(&case, name, value.clone()));
            }
        }
        for (name, values) in [
            ("jwks", vec![json!(1), json!([]), json!(true)]),
            ("jwk", vec![json!(1), json!([]), jwk().to_string().into()]),
        ] {
            for value in values {
                assert_input_error(&with(&without(&case(), "pem"), name, value));
            }
        }
        for name in ["issuer", "audience"] {
            for value in [
                json!(1),
                json!({}),
                json!(true),
                json!([1]),
                json!(["x", null]),
            ] {
                assert_input_error(&with(&case(), name, value));
            }
        }
        for value in [json!("EdDSA"), json!(1), json!({}), json!(["EdDSA", 1])] {
            assert_input_error(&with(&case(), "algorithms", value));
        }
        assert_eq!(verdict(&case()), "accept");
    }

    #[test]
    fn no_member_is_null_or_unknown() {
        for name in [
            "id",
            "token",
            "authorization",
            "jwks",
            "jwk",
            "secret",
            "pem",
            "algorithms",
            "issuer",
            "audience",
            "type",
            "now",
            "leeway",
            "expiry",
            "accept_types",
            "access_mark",
            "absent_if_empty",
            "absent_if_null",
            "client_from",
            "max_header_bytes",
            "strange",
        ] {
            assert_input_error(&with(&case(), name, Value::Null));
        }
        for name in ["strange", "Token", "iss", "aud", "kid", ""] {
            assert_input_error(&with(&case(), name, "x"));
        }
    }
}

mod expectations {
    use super::*;

    #[test]
    fn algorithms_narrow_the_keys() {
        for name in ["EdDSA", "Ed25519"] {
            assert_eq!(
                verdict(&with(&case(), "algorithms", json!([name]))),
                "accept"
            );
        }
        assert_eq!(verdict(&mac_case("HS256")), "accept");
        assert_eq!(verdict(&mac_case("HS512")), "accept");
        let narrowed = |algorithm| with(&mac_case(algorithm), "algorithms", json!(["HS512"]));
        assert_eq!(verdict(&narrowed("HS512")), "accept");
        assert_eq!(verdict(&narrowed("HS256")), "reject algorithm_not_allowed");
    }

    #[test]
    fn algorithms_that_no_key_can_serve_are_a_configuration_error() {
        for names in [
            json!(["none"]),
            json!(["eddsa"]),
            json!(["ES256"]),
            json!(["EdDSA", "x"]),
        ] {
            let verdict = verdict(&with(&case(), "algorithms", names.clone()));
            assert_eq!(verdict, "config_error algorithm_unusable", "{names}");
        }
        let verdict = verdict(&with(&case(), "algorithms", json!([])));
        assert_eq!(verdict, "config_error empty");
    }

    #[test]
    fn one_of_the_names_must_match() {
        for (member, claim, refused) in [
            ("issuer", "iss", "reject issuer_mismatch"),
            ("audience", "aud", "reject audience_mismatch"),
        ] {
            let right = claims()[claim].clone();
            for value in [
                right.clone(),
                json!([right]),
                json!(["https://other", right]),
            ] {
                assert_eq!(verdict(&with(&case(), member, value)), "accept");
            }
            for value in [
                json!("https://other"),
                json!(["https://other", "https://more"]),
            ] {
                let answer = with(&case(), member, value);
                assert_eq!(verdict(&answer), refused);
                assert_eq!(answer_to(&answer)["claim"], claim);
            }
            let verdict = verdict(&with(&case(), member, json!([])));
            assert_eq!(verdict, "config_error empty");
        }
    }

    #[test]
    fn an_absent_expectation_is_not_checked() {
        for (member, claim) in [("issuer", "iss"), ("audience", "aud")] {
            let bare = with(&case(), "token", token(&without(&claims(), claim)));
            let answer = answer_to(&bare);
            assert_eq!(answer["verdict"], "reject");
            assert_eq!(answer["claim"], claim);
            assert_eq!(verdict(&without(&bare, member)), "accept");
            let other = token(&with(&claims(), claim, "https://other"));
            let other = with(&case(), "token", other);
            assert_eq!(verdict(&without(&other, member)), "accept");
        }
    }

    #[test]
    fn type_replaces_the_default_rule() {
        let typed = |typ: Value| {
            let header = json!({"alg": "EdDSA", "typ": typ});
            with(&case(), "token", signed(&header, &claims().to_string()))
        };
        let untyped = signed(&json!({"alg": "EdDSA"}), &claims().to_string());
        let untyped = with(&case(), "token", untyped);
        for case in [&untyped, &typed("JWT".into()), &typed("at+jwt".into())] {
            assert_eq!(verdict(case), "accept");
        }
        assert_eq!(verdict(&typed("strange".into())), "reject type_mismatch");
        for case in [&untyped, &typed("JWT".into()), &typed("at+jwt".into())] {
            assert_eq!(
                verdict(&with(case, "type", "strange")),
                "reject type_mismatch"
            );
        }
        assert_eq!(
            verdict(&with(&typed("strange".into()), "type", "strange")),
            "accept"
        );
    }

    #[test]
    fn now_is_the_time_of_the_verdict() {
        let at = |now: Value| verdict(&with(&case(), "now", now));
        let raw = |now: &str| {
            let line = case().to_string();
            let now = format!("\"now\":{now}");
            run_one(line.replace(&format!("\"now\":{NOW}"), &now))["verdict"].clone()
        };
        assert_eq!(at(json!(EXP + 29)), "accept");
        assert_eq!(at(json!(EXP + 30)), "reject token_expired");
        assert_eq!(at(json!(0)), "accept");
        assert_eq!(at(json!(253_402_300_799_u64)), "reject token_expired");
        assert_eq!(raw(&format!("{}.9", EXP + 29)), "accept");
        assert_eq!(raw(&format!("{}.{}", EXP + 29, "9".repeat(30))), "accept");
        assert_eq!(raw("18e8"), "accept");
        assert_eq!(raw("19e8"), "reject");
        for wrong in [
            "-1",
            "-0.5",
            "253402300800",
            "1e300",
            "\"1800000000\"",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(raw(wrong), "input_error", "{wrong}");
        }
    }

    #[test]
    fn without_now_the_time_is_that_of_the_clock() {
        let line = without(&case(), "now").to_string();
        let at = |now| run_at(FakeClock::at(UnixTime::from_secs(now)), &line).answers()[0].clone();
        assert_eq!(at(EXP + 29)["verdict"], "accept");
        assert_eq!(at(EXP + 30)["kind"], "token_expired");
    }

    #[test]
    fn without_any_time_nothing_is_validated() {
        let clock = FakeClock::at(UnixTime::from_secs(NOW));
        clock.stop();
        let lines = format!("{}\n{}", without(&case(), "now"), case());
        let run = run_at(clock, lines);
        let unavailable = json!({"id": "a", "verdict": "unavailable", "kind": "unavailable"});
        assert_eq!(run.answers()[0], unavailable);
        assert_eq!(run.answers()[1]["verdict"], "accept");
        assert_eq!(run.outcome, Outcome::Clean);
    }

    #[test]
    fn leeway_is_granted() {
        let at =
            |leeway: Value, now: u64| verdict(&with(&with(&case(), "now", now), "leeway", leeway));
        assert_eq!(at(json!(0), EXP - 1), "accept");
        assert_eq!(at(json!(0), EXP), "reject token_expired");
        assert_eq!(at(json!(600), EXP + 599), "accept");
        assert_eq!(at(json!(600.0), EXP + 600), "reject token_expired");
        assert_eq!(at(json!(601), NOW), "config_error out_of_range");
        assert_eq!(at(json!(1e300), NOW), "config_error out_of_range");
        for leeway in [json!(-1), json!(0.5), json!("30"), json!([]), json!(true)] {
            assert_input_error(&with(&case(), "leeway", leeway));
        }
    }

    #[test]
    fn expiry_is_required_unless_optional() {
        let endless = with(&case(), "token", token(&without(&claims(), "exp")));
        let expired = with(&case(), "now", EXP + 30);
        for case in [endless.clone(), with(&endless, "expiry", "required")] {
            let expected = json!({
                "id": "a", "verdict": "reject", "kind": "claim_missing", "claim": "exp",
            });
            assert_eq!(answer_to(&case), expected);
        }
        assert_eq!(verdict(&with(&endless, "expiry", "optional")), "accept");
        let verdict = verdict(&with(&expired, "expiry", "optional"));
        assert_eq!(verdict, "reject token_expired");
        for value in [
            json!("Optional"),
            json!(""),
            json!(true),
            json!(["optional"]),
        ] {
            assert_input_error(&with(&case(), "expiry", value));
        }
    }
}

/// Members that let one kind of token in, each with what it does not relax.
mod opt_ins {
    use super::*;

    /// A line about a token without a `typ`, with these claims added.
    fn line(more: &Value) -> Value {
        typed(&json!({"alg": "EdDSA"}), more)
    }

    fn typed(header: &Value, more: &Value) -> Value {
        let mut claims = claims();
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        with(&case(), "token", signed(header, &claims.to_string()))
    }

    fn answer(case: &Value) -> (String, Value) {
        (verdict(case), answer_to(case)["claim"].clone())
    }

    #[test]
    fn access_mark_is_a_name_or_a_name_and_a_value() {
        let token = line(&json!({"nonce": "n", "uid": "u1"}));
        assert_eq!(
            answer(&token),
            ("reject type_mismatch".into(), "nonce".into())
        );
        assert_eq!(verdict(&with(&token, "access_mark", "uid")), "accept");
        let valued = json!({"name": "uid", "value": "u1"});
        assert_eq!(verdict(&with(&token, "access_mark", valued)), "accept");
        for value in ["U1", "u1 ", "", "[\"u1\"]"] {
            let valued = json!({"name": "uid", "value": value});
            let answer = answer(&with(&token, "access_mark", valued));
            assert_eq!(answer, ("reject type_mismatch".into(), "uid".into()));
        }
        // Other marks and types are still refused, and `at+jwt` needs the mark too.
        for more in [
            json!({"uid": 1, "at_hash": "h"}),
            json!({"uid": 1, "token_use": "id"}),
        ] {
            let verdict = verdict(&with(&line(&more), "access_mark", "uid"));
            assert_eq!(verdict, "reject type_mismatch");
        }
        let other = typed(&json!({"alg": "EdDSA", "typ": "x"}), &json!({"uid": 1}));
        let other = answer(&with(&other, "access_mark", "uid"));
        assert_eq!(other, ("reject type_mismatch".into(), "typ".into()));
        for missing in [case(), line(&json!({})), line(&json!({"uid": null}))] {
            let answer = answer(&with(&missing, "access_mark", "uid"));
            assert_eq!(answer, ("reject type_mismatch".into(), "uid".into()));
        }
        let wrong = with(&line(&json!({"client_id": 7})), "access_mark", "client_id");
        let expected = ("reject claim_invalid".into(), "client_id".into());
        assert_eq!(answer(&wrong), expected);
    }

    #[test]
    fn access_mark_of_another_form_is_an_input_error_and_a_senseless_one_of_configuration() {
        for value in [
            json!(1),
            json!(true),
            json!(["uid"]),
            json!({}),
            json!({"name": "uid"}),
            json!({"value": "u1"}),
            json!({"name": "uid", "value": null}),
            json!({"name": "uid", "value": 1}),
            json!({"name": 1, "value": "u1"}),
            json!({"name": "uid", "value": "u1", "more": 1}),
        ] {
            assert_input_error(&with(&case(), "access_mark", value));
        }
        for name in [
            "",
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "nonce",
            "at_hash",
            "c_hash",
            "s_hash",
            "events",
            "sd_hash",
            "_sd",
            "_sd_alg",
            "vct",
            "vc",
            "vp",
            "status_list",
            "sub_id",
        ] {
            for mark in [json!(name), json!({"name": name, "value": "x"})] {
                let answer = answer_to(&with(&case(), "access_mark", mark));
                assert_eq!(answer["verdict"], "config_error", "{name}");
            }
        }
        for name in ["token_use", "typ"] {
            let marked = with(&case(), "access_mark", name);
            assert_eq!(verdict(&marked), "reject type_mismatch");
        }
    }

    #[test]
    fn blank_claims_are_absent_where_a_line_says_so() {
        for (member, other, blank) in [
            ("absent_if_empty", "absent_if_null", json!("")),
            ("absent_if_null", "absent_if_empty", Value::Null),
        ] {
            for name in ["sub", "azp", "client_id", "jti", "scope"] {
                let token = line(&json!({name: blank.clone()}));
                let answer = answer_to(&with(&token, member, json!([name])));
                assert_eq!(answer["verdict"], "accept", "{member} {name}");
                assert_eq!(answer["claims"][name], blank);
                let is_absent = name == "sub";
                assert_eq!(answer["subject"] == Value::Null, is_absent);
                if (name, member) != ("scope", "absent_if_empty") {
                    for case in [token.clone(), with(&token, other, json!([name]))] {
                        assert_eq!(verdict(&case), "reject claim_invalid");
                    }
                }
            }
            for names in [
                json!([]),
                json!(["iss"]),
                json!(["sub", "exp"]),
                json!([""]),
            ] {
                let answer = answer_to(&with(&case(), member, names));
                assert_eq!(answer["verdict"], "config_error");
            }
            for value in [json!("sub"), json!(1), json!({}), json!([1]), json!([null])] {
                assert_input_error(&with(&case(), member, value));
            }
        }
    }

    #[test]
    fn accept_types_replaces_the_default_set() {
        let of = |typ: &str| typed(&json!({"alg": "EdDSA", "typ": typ}), &json!({}));
        let untyped = line(&json!({}));
        for (case, types, expected) in [
            (of("JOSE"), json!(["JWT", "JOSE"]), "accept"),
            (of("application/jose"), json!(["JOSE"]), "accept"),
            (of("jwt"), json!(["application/JWT", "JOSE"]), "accept"),
            (of("JWT"), json!(["JOSE"]), "reject type_mismatch"),
            (
                untyped.clone(),
                json!(["JWT", "JOSE"]),
                "reject type_mismatch",
            ),
            (of("JOSE"), json!([]), "config_error empty"),
            (of("JOSE"), json!(["JOSE", ""]), "config_error empty"),
            (
                of("JOSE"),
                json!(["JOSE", "dpop+jwt"]),
                "config_error conflict",
            ),
        ] {
            assert_eq!(verdict(&with(&case, "accept_types", types)), expected);
        }
        let marked = typed(&json!({"alg": "EdDSA", "typ": "JWT"}), &json!({"vct": "x"}));
        let marked = with(&marked, "accept_types", json!(["JWT"]));
        assert_eq!(
            answer(&marked),
            ("reject type_mismatch".into(), "vct".into())
        );
        assert_eq!(
            verdict(&with(&untyped, "type", "vc+jwt")),
            "config_error conflict"
        );
        for value in [json!("JWT"), json!(1), json!({}), json!([1])] {
            assert_input_error(&with(&case(), "accept_types", value));
        }
        let both = with(&case(), "type", "at+jwt");
        assert_input_error(&with(&both, "accept_types", json!(["at+jwt"])));
    }

    #[test]
    fn max_header_bytes_is_the_cap_on_the_decoded_header() {
        let of = |len: usize| {
            let header = |pad: usize| json!({"alg": "EdDSA", "x5c": ["A".repeat(pad)]});
            let pad = len - header(0).to_string().len();
            typed(&header(pad), &json!({}))
        };
        for (len, cap, expected) in [
            (4_096, None, "accept"),
            (4_097, None, "reject token_too_large"),
            (4_097, Some(json!(4_097)), "accept"),
            (4_097, Some(json!(4.096e3)), "reject token_too_large"),
            (11_000, Some(json!(16_384)), "accept"),
            (13_000, Some(json!(16_384)), "reject token_too_large"),
            (100, Some(json!(99)), "reject token_too_large"),
            (100, Some(json!(100)), "accept"),
        ] {
            let case = match cap {
                Some(cap) => with(&of(len), "max_header_bytes", cap),
                None => of(len),
            };
            assert_eq!(verdict(&case), expected, "{len}");
        }
        for cap in [json!(0), json!(16_385), json!(1.5), json!(-1), json!(1e300)] {
            let case = with(&case(), "max_header_bytes", cap);
            assert_eq!(verdict(&case), "config_error out_of_range");
        }
        for cap in [json!("4096"), json!(true), json!([4096]), json!({})] {
            assert_input_error(&with(&case(), "max_header_bytes", cap));
        }
    }

    #[test]
    fn client_from_names_the_client_of_the_answer() {
        let token = line(&json!({"appid": "app", "client_id": "id", "azp": "party"}));
        let answer = answer_to(&with(&token, "client_from", "appid"));
        assert_eq!(
            (&answer["verdict"], &answer["client"]),
            (&json!("accept"), &json!("app"))
        );
        assert!(answer_to(&token).get("client").is_none());
        let answer = answer_to(&with(&token, "client_from", "cid"));
        assert_eq!(answer.get("client"), Some(&Value::Null));
        for value in [
            json!(7),
            json!(""),
            json!("a\n"),
            json!(["app"]),
            Value::Null,
        ] {
            let token = line(&json!({"appid": value}));
            let answer = self::answer(&with(&token, "client_from", "appid"));
            assert_eq!(answer, ("reject claim_invalid".into(), "appid".into()));
        }
        let token = with(&line(&json!({"azp": 7})), "client_from", "appid");
        assert_eq!(
            self::answer(&token),
            ("reject claim_invalid".into(), "azp".into())
        );
        assert_eq!(
            verdict(&with(&case(), "client_from", "")),
            "config_error empty"
        );
        for value in [json!(1), json!(["appid"]), json!({}), json!(true)] {
            assert_input_error(&with(&case(), "client_from", value));
        }
    }

    #[test]
    fn absence_is_an_empty_list_of_audiences_only_where_none_is_expected() {
        let token = line(&json!({"aud": []}));
        assert_eq!(verdict(&without(&token, "audience")), "accept");
        assert_eq!(
            answer(&token),
            ("reject claim_invalid".into(), "aud".into())
        );
    }

    #[test]
    fn unknown_header_members_are_ignored() {
        for value in [
            json!("DEF"),
            json!("NONE"),
            json!(1),
            Value::Null,
            json!({}),
        ] {
            let token = typed(&json!({"alg": "EdDSA", "zip": value}), &json!({}));
            assert_eq!(verdict(&token), "accept");
        }
    }
}

mod output {
    use super::*;

    #[test]
    fn accept_shows_the_whole_payload_unchanged() {
        let payload = format!(
            "{{ \"exp\":\t{EXP} ,\r\n \"n\" : [ 1.10, 1e2, 123456789012345678901234567890 ],\n\
             \"s\" : \" a \\\" , \\\\\" , \"sub\" : \"\\u0061lice\",\"o\":{{ }} }}"
        );
        let token = signed(&json!({"alg": "EdDSA"}), &payload);
        let line = json!({"id": "a", "token": token, "pem": PEM, "now": NOW});
        let expected = format!(
            "{{\"id\":\"a\",\"verdict\":\"accept\",\"subject\":\"alice\",\"claims\":{{\
             \"exp\":{EXP},\"n\":[1.10,1e2,123456789012345678901234567890],\
             \"s\":\" a \\\" , \\\\\",\"sub\":\"\\u0061lice\",\"o\":{{}}}}}}\n"
        );
        assert_eq!(run(line.to_string()).output, expected);
    }

    #[test]
    fn an_absent_subject_is_null() {
        let answer = answer_to(&with(&case(), "token", token(&without(&claims(), "sub"))));
        assert_eq!(answer["verdict"], "accept");
        assert_eq!(
            answer.as_object().unwrap().get("subject"),
            Some(&Value::Null)
        );
        assert_eq!(answer_to(&case())["subject"], "alice");
        assert_eq!(answer_to(&case())["claims"], claims());
    }

    #[test]
    fn refusals_show_only_kind_and_claim() {
        let good = token(&claims());
        let (message, _) = good.rsplit_once('.').unwrap();
        let forged = format!("{message}.{}", b64([1; 64]));
        let forged = run(with(&case(), "token", forged).to_string());
        assert_eq!(
            forged.output,
            "{\"id\":\"a\",\"verdict\":\"reject\",\"kind\":\"signature_invalid\"}\n"
        );
        let wrong = run(with(&case(), "token", token(&with(&claims(), "sub", 1))).to_string());
        assert_eq!(
            wrong.output,
            "{\"id\":\"a\",\"verdict\":\"reject\",\"kind\":\"claim_invalid\",\"claim\":\"sub\"}\n"
        );
    }

    #[test]
    fn secrets_are_not_printed() {
        let canary = "canary-canary-canary-canary-canary";
        let secret = with(&without(&case(), "pem"), "secret", canary);
        let lines = [
            secret.clone(),
            with(&secret, "strange", canary),
            with(&case(), "pem", canary),
            with(&case(), "jwks", canary),
            with(&without(&case(), "pem"), "jwks", canary),
            with(
                &without(&case(), "pem"),
                "jwk",
                json!({"kty": "oct", "k": canary, "x": [canary]}),
            ),
            with(&case(), "token", canary),
            with(&case(), "now", canary),
        ];
        let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
        let run = run(format!("{}\n{{{canary}", lines.join("\n")));
        assert_eq!(run.answers().len(), 9);
        assert!(!run.output.contains(canary), "{}", run.output);
        assert!(!run.notes.contains(canary), "{}", run.notes);
    }
}

mod explained {
    use super::*;

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

    /// Returns the steps of the answer, which is otherwise the one without them.
    fn steps(case: &Value) -> Vec<Value> {
        let plain = answer_to(case);
        let answer = answer_to(&with(case, "explain", true));
        assert_eq!(without(&answer, "explain"), plain);
        let steps = answer["explain"].as_array().unwrap().clone();
        let names: Vec<_> = steps.iter().map(|step| step["step"].clone()).collect();
        assert_eq!(names, STEPS);
        let place = |outcome: &str| steps.iter().position(|step| step["outcome"] == outcome);
        let failed = place("failed");
        assert_eq!(failed.is_none(), answer["verdict"] == "accept");
        for (at, step) in steps.iter().enumerate() {
            let members = step.as_object().unwrap();
            let known = ["step", "outcome", "expected", "found"];
            assert!(members.keys().all(|name| known.contains(&name.as_str())));
            let outcome = step["outcome"].as_str().unwrap();
            match failed {
                Some(failed) if at == failed => assert_eq!(members.len(), 4),
                Some(failed) if at > failed => assert_eq!(outcome, "skipped"),
                _ => assert!(["ok", "skipped"].contains(&outcome)),
            }
            assert!(outcome != "skipped" || members.len() == 2);
        }
        steps
    }

    fn step(case: &Value, name: &str) -> Value {
        let at = STEPS.iter().position(|step| *step == name).unwrap();
        steps(case)[at].clone()
    }

    fn of_claims(claims: &Value) -> Value {
        with(&case(), "token", token(claims))
    }

    fn of_header(name: &str, value: Value) -> Value {
        let header = with(&json!({"alg": "EdDSA"}), name, value);
        with(&case(), "token", signed(&header, &claims().to_string()))
    }

    /// A case that fails a step, what the step then says, and its twin that passes it.
    fn pairs() -> Vec<(&'static str, Value, &'static str, &'static str, Value)> {
        let keys = json!({"keys": [with(&jwk(), "kid", "k1"), {
            "kty": "EC", "crv": "P-256", "kid": "k2",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }]});
        let of_set = |kid: &str| {
            let case = of_header("kid", kid.into());
            with(&without(&case, "pem"), "jwks", keys.clone())
        };
        let changed = |name: &str, value: Value| of_claims(&with(&claims(), name, value));
        let forged = token(&claims()).replace('.', "\n");
        let mut parts: Vec<_> = forged.lines().collect();
        let signature = b64([7; 64]);
        parts[2] = &signature;
        let forged = with(&case(), "token", parts.join("."));
        let long = "a".repeat(60);
        let header = of_header("x", long.into());
        vec![
            (
                "size",
                with(&header, "max_header_bytes", 50),
                "50",
                "82",
                with(&header, "max_header_bytes", 90),
            ),
            (
                "shape",
                with(&case(), "token", "b3BhcXVl"),
                "three segments",
                "opaque",
                case(),
            ),
            ("header", mac_alg(), "EdDSA", "HS256", case()),
            (
                "header",
                of_header("crit", json!(["x"])),
                "crit",
                "crit",
                case(),
            ),
            (
                "issuer",
                changed("iss", "https://idp.example.com/".into()),
                ISSUER,
                "https://idp.example.com/",
                case(),
            ),
            (
                "issuer",
                of_claims(&without(&claims(), "iss")),
                ISSUER,
                "absent",
                case(),
            ),
            ("key", of_set("k3"), "k1", "k3", of_set("k1")),
            ("signature", forged, "signature", "signature", case()),
            (
                "claims",
                changed("jti", 7.into()),
                "string",
                "`jti`: number",
                changed("jti", "a".into()),
            ),
            (
                "type",
                of_header("typ", "dpop+jwt".into()),
                "at+jwt",
                "dpop+jwt",
                of_header("typ", "JWT".into()),
            ),
            (
                "type",
                with(&case(), "access_mark", "m"),
                "m",
                "absent",
                with(&changed("m", 1.into()), "access_mark", "m"),
            ),
            (
                "audience",
                changed("aud", json!(["x", "y"])),
                AUDIENCE,
                "`x`, `y`",
                case(),
            ),
            (
                "audience",
                of_claims(&without(&claims(), "aud")),
                AUDIENCE,
                "absent",
                case(),
            ),
            (
                "expiry",
                changed("exp", (NOW - 400).into()),
                "1800000000",
                "1799999600, 400",
                case(),
            ),
            (
                "expiry",
                of_claims(&without(&claims(), "exp")),
                "30",
                "`exp` is absent",
                case(),
            ),
            (
                "not_before",
                changed("nbf", (NOW + 90).into()),
                "1800000000",
                "1800000090, 90",
                changed("nbf", NOW.into()),
            ),
            (
                "issued_at",
                changed("iat", (NOW + 90).into()),
                "30",
                "1800000090, 90",
                changed("iat", NOW.into()),
            ),
            (
                "binding",
                changed("cnf", json!({"jkt": b64([1; 32])})),
                "cnf",
                "cnf",
                case(),
            ),
        ]
    }

    fn mac_alg() -> Value {
        let header = json!({"alg": "HS256"});
        with(&case(), "token", signed(&header, &claims().to_string()))
    }

    #[test]
    fn every_step_fails_and_passes() {
        for (name, bad, expected, found, good) in pairs() {
            let failed = step(&bad, name);
            assert_eq!(failed["outcome"], "failed", "{name}: {}", answer_to(&bad));
            let has = |member: &str, text: &str| {
                let value = failed[member].as_str().unwrap();
                assert!(value.contains(text), "{name} {member}: {value}");
            };
            has("expected", expected);
            has("found", found);
            let passed = step(&good, name);
            let outcome = if name == "binding" { "skipped" } else { "ok" };
            assert_eq!(passed["outcome"], outcome, "{name}: {}", answer_to(&good));
        }
    }

    #[test]
    fn steps_with_nothing_to_check_are_skipped() {
        let open = without(&without(&case(), "issuer"), "audience");
        let bare = with(&open, "token", token(&json!({})));
        let bare = with(&bare, "expiry", "optional");
        assert_eq!(verdict(&bare), "accept");
        let skipped = [
            "issuer",
            "audience",
            "expiry",
            "not_before",
            "issued_at",
            "demands",
            "binding",
        ];
        for (name, step) in STEPS.iter().zip(steps(&bare)) {
            let expected = if skipped.contains(name) {
                "skipped"
            } else {
                "ok"
            };
            assert_eq!(step["outcome"], expected, "{name}");
        }
    }

    #[test]
    fn only_an_answer_about_one_token_has_steps() {
        assert_eq!(
            answer_to(&with(&case(), "explain", false)),
            answer_to(&case())
        );
        for value in [json!(1), json!("true"), Value::Null, json!([])] {
            assert_input_error(&with(&case(), "explain", value));
        }
        let asked = with(&case(), "explain", true);
        let header = |value: &str| with(&without(&asked, "token"), "authorization", value);
        let good = format!("Bearer {}", token(&claims()));
        assert!(answer_to(&header(&good))["explain"].is_array());
        for case in [
            header("Basic eDp5"),
            header("Bearer a b"),
            with(&asked, "leeway", 601),
            with(&asked, "strange", 1),
        ] {
            let answer = answer_to(&case);
            assert_ne!(answer["verdict"], "accept");
            assert!(answer.get("explain").is_none(), "{answer}");
        }
        let clock = FakeClock::at(UnixTime::from_secs(NOW));
        clock.stop();
        let run = run_at(clock, without(&asked, "now").to_string());
        let answer = &run.answers()[0];
        assert_eq!(answer["verdict"], "unavailable");
        assert_eq!(answer["explain"].as_array().unwrap().len(), STEPS.len());
    }

    #[test]
    fn nothing_else_of_the_token_is_shown() {
        const CANARY: &str = "c4naRy-Zq7vX2pLw9KtB5nMs8";
        let mut cases = Vec::new();
        for name in [
            "sub", "jti", "custom", "azp", "scope", "nonce", "cnf", "act", "exp", "nbf",
        ] {
            for value in [
                json!(CANARY),
                json!([CANARY]),
                json!({CANARY: CANARY}),
                json!({"sub": CANARY}),
            ] {
                cases.push(of_claims(&with(&claims(), name, value)));
            }
        }
        for name in ["custom", "jwk", "x5c", "crit"] {
            cases.push(of_header(name, json!([CANARY])));
        }
        cases.extend([
            with(&case(), "token", CANARY),
            with(&case(), "token", format!("{CANARY}.{CANARY}.{CANARY}")),
            with(
                &case(),
                "access_mark",
                json!({"name": "m", "value": CANARY}),
            ),
        ]);
        cases.extend(pairs().into_iter().flat_map(|pair| [pair.1, pair.4]));
        for case in cases {
            let steps = Value::from(steps(&case)).to_string();
            assert!(!steps.contains(CANARY.get(3..20).unwrap()), "{steps}");
            let token = case["token"].as_str().unwrap();
            for segment in token.split('.').filter(|segment| segment.len() > 8) {
                assert!(!steps.contains(segment), "{steps}");
            }
            assert!(!steps.contains("alice"), "{steps}");
        }
    }

    #[test]
    fn a_shown_value_is_cut_and_escaped() {
        let long = of_claims(&with(&claims(), "iss", "i".repeat(300)));
        let found = step(&long, "issuer")["found"].to_string();
        assert!(found.contains(&"i".repeat(200)) && !found.contains(&"i".repeat(201)));
        let odd = of_claims(&with(&claims(), "aud", json!(["a\u{2028}\u{202e}b"])));
        let found = step(&odd, "audience")["found"].as_str().unwrap().to_owned();
        assert!(found.contains("a\\u{2028}\\u{202e}b"), "{found}");
    }
}

mod lines {
    use super::*;

    #[test]
    fn a_line_that_is_not_a_strict_object_is_an_input_error() {
        let good = case().to_string();
        let deep = |depth| {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            good.replacen('{', &format!("{{\"jwk\":{{\"x\":{nested}}},"), 1)
                .replace("\"pem\":", "\"type\":")
        };
        for line in [
            "[]".to_owned(),
            "\"x\"".to_owned(),
            "null".to_owned(),
            "1".to_owned(),
            "{".to_owned(),
            "{}".to_owned(),
            format!("{good}x"),
            format!("{good}{good}"),
            format!("[{good}]"),
            format!("\u{feff}{good}"),
            good.replacen('{', "{\"now\":1,", 1),
            good.replacen('{', "{\"n\\u006fw\":1,", 1),
            good.replacen('{', "{\"strange\":{\"a\":1,\"a\":1},", 1),
            good.replace("\"a\"", "\"\\ud800\""),
            deep(31),
        ] {
            let answer = assert_text_error(&line);
            assert!(answer["kind"].is_string(), "{line}");
        }
        assert_eq!(assert_text_error(deep(31))["kind"], "too_deep");
        assert_eq!(run_one(&good)["verdict"], "accept");
        // One level less is refused by the key.
        assert_eq!(run_one(deep(30))["kind"], "key_malformed");
    }

    #[test]
    fn the_run_continues_after_an_input_error() {
        let good = case();
        let more = with(&good, "id", "b");
        let run = run(format!("{good}\nnonsense\n{more}\n"));
        let found: Vec<_> = run
            .answers()
            .iter()
            .map(|answer| (answer["id"].clone(), answer["verdict"].clone()))
            .collect();
        let expected = [
            (json!("a"), json!("accept")),
            (Value::Null, json!("input_error")),
            (json!("b"), json!("accept")),
        ];
        assert_eq!(found, expected);
        assert_eq!(run.outcome, Outcome::InputErrors);
        assert!(run.notes.starts_with("line 2: "), "{}", run.notes);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_input_error() {
        let mut line = case().to_string().into_bytes();
        let at = line.iter().position(|byte| *byte == b'a').unwrap();
        line[at] = 0xff;
        line.extend_from_slice(format!("\n{}", case()).as_bytes());
        let answers = run(line).answers();
        assert_eq!(answers[0]["verdict"], "input_error");
        assert_eq!(answers[1]["verdict"], "accept");
    }

    #[test]
    fn blank_lines_and_carriage_returns_are_skipped() {
        let good = case();
        let run = run(format!("\r\n\n \t \r\n{good}\r\n\n  {good}  \n{good}"));
        let verdicts: Vec<_> = run.answers().iter().map(|a| a["verdict"].clone()).collect();
        assert_eq!(verdicts, ["accept", "accept", "accept"]);
        assert_eq!(run.outcome, Outcome::Clean);
        assert_eq!(super::run("").output, "");
        assert_eq!(super::run("\n\r\n ").outcome, Outcome::Clean);
    }

    #[test]
    fn an_overlong_line_is_one_input_error() {
        let good = case().to_string();
        let padded = |len: usize| format!("{good}{}", " ".repeat(len - good.len()));
        let cap = bearergate::limits::JSON_BYTES;
        for ending in ["\n", "\r\n"] {
            for (len, expected) in [
                (cap, "accept"),
                (cap + 1, "input_error"),
                (cap + 2, "input_error"),
                (cap + 3, "input_error"),
                (cap + 4, "input_error"),
                (3 * cap, "input_error"),
            ] {
                let run = run(format!("{}{ending}{good}{ending}", padded(len)));
                let verdicts: Vec<_> = run.answers().iter().map(|a| a["verdict"].clone()).collect();
                assert_eq!(verdicts, [expected, "accept"], "{len}");
            }
        }
    }

    #[test]
    fn every_member_distinguishes_configurations() {
        let late = with(&case(), "now", EXP + 60);
        let endless = with(&case(), "token", token(&without(&claims(), "exp")));
        let narrow = with(&mac_case("HS256"), "algorithms", json!(["HS256"]));
        let keyless = without(&case(), "pem");
        let blank = |value: &Value| {
            with(
                &case(),
                "token",
                token(&with(&claims(), "azp", value.clone())),
            )
        };
        for (member, good, value) in [
            ("algorithms", narrow, json!(["HS512"])),
            ("issuer", case(), json!("https://other")),
            ("audience", case(), json!("https://other")),
            ("type", with(&case(), "type", "at+jwt"), json!("JWT")),
            ("leeway", with(&late, "leeway", 61), json!(60)),
            (
                "accept_types",
                with(&case(), "accept_types", json!(["at+jwt"])),
                json!(["JWT"]),
            ),
            (
                "access_mark",
                with(
                    &with(&case(), "token", token(&with(&claims(), "jti", "1"))),
                    "access_mark",
                    "jti",
                ),
                json!("uid"),
            ),
            (
                "absent_if_empty",
                with(&blank(&json!("")), "absent_if_empty", json!(["azp"])),
                json!(["jti"]),
            ),
            (
                "absent_if_null",
                with(&blank(&Value::Null), "absent_if_null", json!(["azp"])),
                json!(["jti"]),
            ),
            (
                "client_from",
                with(&case(), "client_from", "sub"),
                json!("exp"),
            ),
            (
                "max_header_bytes",
                with(&case(), "max_header_bytes", 100),
                json!(10),
            ),
            (
                "expiry",
                with(&endless, "expiry", "optional"),
                json!("required"),
            ),
            ("pem", case(), json!("x")),
            ("jwk", with(&keyless, "jwk", jwk()), json!({"kty": "OKP"})),
            (
                "jwks",
                with(&keyless, "jwks", json!({"keys": [jwk()]})),
                json!({"keys": []}),
            ),
            ("secret", mac_case("HS256"), b64([1; 64]).into()),
        ] {
            let bad = with(&good, member, value);
            let run = run(format!("{good}\n{bad}\n{good}\n{bad}"));
            let accepted: Vec<_> = run
                .answers()
                .iter()
                .map(|answer| answer["verdict"] == "accept")
                .collect();
            assert_eq!(accepted, [true, false, true, false], "{member}");
            assert_eq!(run.outcome, Outcome::Clean, "{member}");
        }
    }

    #[test]
    fn configurations_are_never_mixed_up() {
        let other = token(&with(&claims(), "iss", "https://other"));
        let lines: String = (0..2_500)
            .map(|at| {
                let case = with(&case(), "id", at.to_string());
                let case = with(&case, "leeway", at / 5);
                match at % 5 {
                    0 => case,
                    1 => with(&case, "issuer", "https://other"),
                    2 => with(
                        &with(&case, "issuer", "https://other"),
                        "token",
                        other.as_str(),
                    ),
                    3 => with(&without(&case, "pem"), "secret", b64(SECRET)),
                    _ => with(&with(&case, "issuer", json!([])), "audience", ISSUER),
                }
                .to_string()
                    + "\n"
            })
            .collect();
        let answers = run(lines).answers();
        assert_eq!(answers.len(), 2_500);
        for (at, answer) in answers.iter().enumerate() {
            assert_eq!(answer["id"], at.to_string());
            let expected = match at % 5 {
                0 | 2 => Value::Null,
                1 => "issuer_mismatch".into(),
                3 => "algorithm_not_allowed".into(),
                _ => "empty".into(),
            };
            assert_eq!(answer["kind"], expected, "{at}");
        }
    }
}

mod program {
    use super::*;

    /// Cargo builds the examples next to the tests.
    fn program() -> PathBuf {
        let mut path = std::env::current_exe().unwrap();
        path.pop();
        path.pop();
        path.push("examples");
        path.push(format!("replay{}", std::env::consts::EXE_SUFFIX));
        assert!(path.exists(), "run `cargo build --example replay` first");
        path
    }

    fn replay(input: String) -> Output {
        let mut child = Command::new(program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        output
    }

    #[test]
    fn the_exit_status_reports_input_errors() {
        let refused = with(&case(), "now", EXP + 30);
        let misconfigured = with(&case(), "leeway", 601);
        let clean = format!("{}\n{refused}\n\n{misconfigured}\n", case());
        let output = replay(clean.clone());
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, run(&clean).output);
        assert_eq!(text.lines().count(), 3);
        let output = replay(format!("nonsense\n{clean}"));
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(replay(String::new()).status.code(), Some(0));
    }
}

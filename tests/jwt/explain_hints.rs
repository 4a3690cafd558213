//! Hints of explanations for usual mistakes. Each names the option for its case, if there is one.

use bearergate::JwtValidator;
use bearergate::crypto::Algorithm;
use bearergate::key::{Key, KeySet};

use crate::common::*;
use crate::explain::{explain, step};

/// Returns the hint of the failed step.
fn hint(validator: &JwtValidator, token: &str) -> String {
    let explanation = explain(validator, token);
    let failed = explanation.failed().unwrap();
    failed.hint_text().unwrap_or_default().to_owned()
}

#[track_caller]
fn assert_hint(validator: &JwtValidator, token: &str, words: &[&str]) {
    let hint = hint(validator, token);
    for word in words {
        assert!(hint.contains(word), "{word}: {hint}");
    }
}

fn with(name: &str, raw: impl ToString) -> String {
    token(claims().set(name, raw))
}

fn at_issuer(issuer: &str) -> JwtValidator {
    let builder = JwtValidator::builder().issuer(issuer).audience(AUDIENCE);
    builder
        .keys(secret().into())
        .clock(clock())
        .build()
        .unwrap()
}

#[test]
fn text_that_is_no_jwt() {
    let good = token(claims());
    let parts: Vec<_> = good.split('.').collect();
    for (text, words) in [
        (
            "2YotnFZFEjr1zCsicMWpAA",
            &["was an audience requested?", "IntrospectionValidator"][..],
        ),
        (&format!("Bearer {good}"), &["remove `Bearer`", "twice"]),
        (&format!("bearer {good}"), &["remove `Bearer`"]),
        (&format!("\"{good}\""), &["without quotes"]),
        (&format!("'{good}'"), &["without quotes"]),
        (&format!("{good}\n"), &["white space"]),
        (&format!("{}.{}", parts[0], parts[1]), &["cut off"]),
        (
            &format!("{good}=="),
            &["without padding", "providers::aws_alb"],
        ),
        (&format!("{}.a.b.c.d", parts[0]), &["encryption"]),
    ] {
        assert_hint(&validator(), text, words);
    }
    let deflated = mac(header().set("zip", "\"DEF\""), "\u{1}\u{2}");
    assert_hint(&validator(), &deflated, &["`zip`", "inflated"]);
}

#[test]
fn size_names_the_settings() {
    let chain = header().set("x5c", format!("[\"{}\"]", "A".repeat(5_000)));
    assert_hint(
        &validator(),
        &mac(chain, claims()),
        &["x5c", "max_header_bytes"],
    );
    let long = header().set("x", format!("\"{}\"", "A".repeat(5_000)));
    assert_hint(&validator(), &mac(long, claims()), &["max_header_bytes"]);
    let small = builder().max_token_bytes(20).build().unwrap();
    assert_hint(&small, &token(claims()), &["max_token_bytes"]);
}

#[test]
fn algorithm_that_no_key_serves() {
    let pem = Key::from_pem(ED25519).unwrap();
    let public = with_keys(pem.clone().into()).build().unwrap();
    assert_hint(&public, &token(claims()), &["shared secret"]);
    let asymmetric = mac(header().set("alg", "\"RS256\""), claims());
    assert_hint(&public, &asymmetric, &["keys of this issuer"]);
    let both = with_keys(KeySet::new([secret(), pem]).unwrap());
    let restricted = both.algorithms([Algorithm::EdDsa]).build().unwrap();
    assert_hint(&restricted, &token(claims()), &["`algorithms` excludes it"]);
    let unsigned = mac(header().set("alg", "\"None\""), claims());
    assert_hint(&public, &unsigned, &["not signed"]);
}

#[test]
fn issuer_that_differs_in_one_detail() {
    let configured = at_issuer("https://idp.example.com/a");
    for (found, words) in [
        ("https://idp.example.com/a/", "slash"),
        ("http://idp.example.com/a", "scheme"),
        ("https://IDP.example.com/a", "upper and lower case"),
        ("https://idp.example.com:443/a", "port"),
        ("https://idp.example.com/a ", "white space"),
        ("https://other.example.com", "JwtValidator::join"),
    ] {
        assert_hint(&configured, &with("iss", format!("\"{found}\"")), &[words]);
    }
    assert_hint(
        &configured,
        &token(claims().without("iss")),
        &["any_issuer"],
    );
    let tenant = "11111111-2222-4333-8444-555555555555";
    let v2 = at_issuer(&format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    let v1 = with("iss", format!("\"https://sts.windows.net/{tenant}/\""));
    assert_hint(
        &v2,
        &v1,
        &[
            "v1 token of Entra",
            "requestedAccessTokenVersion",
            "providers::entra",
        ],
    );
}

#[test]
fn key_and_signature() {
    let named = secret().with_kid("k1").unwrap();
    let fixed = with_keys(named.into()).build().unwrap();
    let unknown = mac(header().set("kid", "\"k2\""), claims());
    assert_hint(&fixed, &unknown, &["FetchedKeys"]);
    let two = KeySet::new([secret(), Key::from_secret(vec![8; 32]).unwrap()]).unwrap();
    let two = with_keys(two).build().unwrap();
    assert_hint(&two, &token(claims()), &["`kid`", "KeySet::rotating"]);
    let message = message(header().to_string(), claims().to_string());
    let other = mac_with(&[8; 32], &message);
    assert_hint(
        &validator(),
        &other,
        &["another secret", "from_base64url_secret"],
    );
}

#[test]
fn claims_that_an_issuer_leaves_blank() {
    for name in ["sub", "azp", "client_id", "jti"] {
        let empty = with(name, "\"\"");
        assert_hint(
            &validator(),
            &empty,
            &[&format!("absent_if_empty([\"{name}\"])")],
        );
        let null = with(name, "null");
        assert_hint(
            &validator(),
            &null,
            &[&format!("absent_if_null([\"{name}\"])")],
        );
    }
    assert_hint(
        &validator(),
        &with("scope", "null"),
        &["absent_if_null([\"scope\"])"],
    );
    // No option is named where there is none.
    assert_eq!(hint(&validator(), &with("sub", "7")), "");
    assert_eq!(hint(&validator(), &with("nbf", "null")), "");
}

#[test]
fn times_in_milliseconds_or_as_strings() {
    for name in ["exp", "nbf", "iat"] {
        let millis = with(name, format!("{NOW}123"));
        assert_hint(&validator(), &millis, &["milliseconds"]);
        let string = with(name, format!("\"{NOW}\""));
        assert_hint(&validator(), &string, &["string"]);
    }
    assert_hint(
        &validator(),
        &with("exp", 3_600),
        &["looks like a lifetime"],
    );
}

#[test]
fn clocks_that_differ() {
    let late = with("exp", NOW - 400);
    assert_hint(
        &validator(),
        &late,
        &["expired 400 seconds ago", "check the clocks", "30 seconds"],
    );
    let old = with("exp", NOW - 5_000);
    assert_hint(&validator(), &old, &["expired 5000 seconds ago"]);
    assert!(!hint(&validator(), &old).contains("clocks"));
    for name in ["nbf", "iat"] {
        let ahead = with(name, NOW + 90);
        let words = [
            "90 seconds ahead",
            "check both clocks",
            "30 seconds",
            "`leeway`",
            "600",
        ];
        assert_hint(&validator(), &ahead, &words);
    }
    assert_hint(
        &validator(),
        &token(claims().without("exp")),
        &["allow_missing_expiry"],
    );
}

#[test]
fn id_token_in_place_of_an_access_token_and_the_reverse() {
    assert_hint(
        &validator(),
        &with("nonce", "\"n\""),
        &["id_token(client_id)", "access_mark"],
    );
    for name in ["at_hash", "c_hash", "s_hash"] {
        assert_hint(&validator(), &with(name, "\"h\""), &["id_token(client_id)"]);
    }
    assert_hint(
        &validator(),
        &with("token_use", "\"id\""),
        &["id_token(client_id)"],
    );
    let by_audience = token(claims().set("aud", "\"shop\"").set("azp", "\"shop\""));
    assert_hint(&validator(), &by_audience, &["id_token(client_id)"]);

    let id = JwtValidator::builder().issuer(ISSUER).id_token("shop");
    let id = id.keys(secret().into()).clock(clock()).build().unwrap();
    let access = mac(
        header().set("typ", "\"at+jwt\""),
        claims().set("aud", "\"shop\""),
    );
    assert_hint(
        &id,
        &access,
        &["where an ID token is due", "id_token(client_id)"],
    );
    let used = token(
        claims()
            .set("aud", "\"shop\"")
            .set("token_use", "\"access\""),
    );
    assert_hint(&id, &used, &["where an ID token is due"]);
    let other = token(claims().set("aud", "\"shop\"").set("azp", "\"app\""));
    assert_hint(&id, &other, &["presented_by"]);
    assert_hint(&id, &token(claims()), &["trusted_audiences"]);
}

#[test]
fn types_of_an_issuer() {
    let own = mac(header().set("typ", "\"custom+jwt\""), claims());
    assert_hint(&validator(), &own, &["require_type", "accept_types"]);
    let profile = builder().rfc9068().build().unwrap();
    assert_hint(&profile, &token(claims()), &["`rfc9068` needs"]);
    let logout = mac(header().set("typ", "\"logout+jwt\""), claims());
    assert_hint(&validator(), &logout, &["a logout token"]);
    let marked = builder().access_mark("scope").build().unwrap();
    assert_hint(&marked, &token(claims()), &["access_mark"]);
}

#[test]
fn audience_that_was_not_requested() {
    let slash = with("aud", format!("\"{AUDIENCE}/\""));
    assert_hint(&validator(), &slash, &["slash"]);
    assert_hint(
        &validator(),
        &with("aud", "\"account\""),
        &["audience mapper", "keycloak_clients"],
    );
    let graph = with("aud", "\"00000003-0000-0000-c000-000000000000\"");
    assert_hint(&validator(), &graph, &["Microsoft Graph"]);
    assert_hint(&validator(), &with("aud", "\"x\""), &["audiences"]);
    let absent = token(claims().without("aud"));
    assert_hint(&validator(), &absent, &["any_audience", "allow_clients"]);
}

#[test]
fn scopes_and_client_in_another_claim() {
    let claims_hint = |validator: &JwtValidator, token: &str| {
        let step = step(validator, token, "claims");
        step.hint_text().unwrap_or_default().to_owned()
    };
    for name in ["scp", "roles", "permissions"] {
        let found = claims_hint(&validator(), &with(name, "[\"a\"]"));
        assert!(
            found.contains(&format!("scopes_from(\"{name}\")")),
            "{found}"
        );
        let both = token(claims().set(name, "[\"a\"]").set("scope", "\"a\""));
        assert_eq!(claims_hint(&validator(), &both), "");
    }
    let own = builder().scopes_from("scp").build().unwrap();
    assert_eq!(claims_hint(&own, &with("scp", "\"a\"")), "");
    assert!(claims_hint(&own, &with("scope", "\"a\"")).contains("scopes_from(\"scope\")"));
    assert_eq!(claims_hint(&validator(), &token(claims())), "");

    for name in ["cid", "appid"] {
        let found = claims_hint(&validator(), &with(name, "\"app\""));
        assert!(
            found.contains(&format!("client_from(\"{name}\")")),
            "{found}"
        );
    }
    let clients = builder().allow_clients(["app"]).build().unwrap();
    assert_hint(&clients, &with("cid", "\"app\""), &["client_from(\"cid\")"]);
}

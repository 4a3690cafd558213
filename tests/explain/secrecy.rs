//! No form of an explanation has anything of a credential, nor a value of the caller.

use bearergate::gate::RequestExplanation;
use bearergate::validator::Shape;
use bearergate::{Gate, claim};
use http::request::Parts;

use crate::common::*;

fn forms(explained: &RequestExplanation) -> [String; 4] {
    [
        explained.to_string(),
        explained.to_json(),
        explained.to_html(),
        format!("{explained:?}"),
    ]
}

fn assert_secret(gate: &Gate, parts: &Parts, secrets: &[&str]) {
    let explained = agreed(gate, parts);
    for text in forms(&explained) {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
}

#[test]
fn no_form_shows_a_credential_a_header_a_query_or_a_value_of_the_caller() {
    let keys = Keys::new();
    let key = keys.issue();
    let gate = full(&keys, &Proofs::default()).authorizer(claim("tenant").is("acme"));
    let gate = gate.build().unwrap();
    let good = claims()
        .claim("tenant", "canary-tenant")
        .claim("email", "canary@example.com");
    let tokens = [
        good.sign(),
        good.clone().claim("exp", 1).sign(),
        good.clone().issuer("https://other.example.com").sign(),
        good.clone().forged_by(&other_key()).sign(),
        good.clone().without("exp").sign(),
        key.clone(),
        key.replace("live", "test"),
        key.get(..key.len() - 2).unwrap_or_default().to_owned(),
        "6f1ed002ab5595859014ebf0951522d9".to_owned(),
    ];
    for token in &tokens {
        // Parts of a token as they are in it; a key's id may be shown.
        let secret = token.rsplit(['.', '_']).next().unwrap_or_default();
        for scheme in [
            "Bearer",
            "DPoP",
            "ApiKey",
            "Basic",
            "Bearer Bearer",
            "Canary",
        ] {
            let request = with(get(), "authorization", &format!("{scheme} {token}"));
            let request = with(request, "x-canary", "canary");
            assert_secret(&gate, &parts(request), &[token, secret]);
        }
        let query = http::Request::get(format!("/orders?access_token={token}&canary=canary"));
        assert_secret(&gate, &parts(query), &[token, secret]);
        for method in ["GET", "POST"] {
            let cookie = http::Request::builder().method(method).uri("/orders");
            let cookie = with(cookie, "cookie", &format!("sid={token}; canary=canary"));
            assert_secret(&gate, &parts(cookie), &[token, secret]);
        }
        let own = with(with(get(), "x-own", token), "x-own", "canary");
        assert_secret(&gate, &parts(own), &[token, secret]);
    }
}

#[test]
fn refusal_and_its_sources_show_no_credential() {
    let gate = named(Named::new(Shape::Opaque))
        .allow_any_authenticated()
        .build()
        .unwrap();
    for value in [
        "Bearer canary canary",
        "Bearer token_inactive",
        "Canary canary",
    ] {
        let parts = parts(with(get(), "authorization", value));
        let refusal = wait(gate.check(&parts)).unwrap_err();
        let mut error: Option<&dyn std::error::Error> = Some(&refusal);
        while let Some(own) = error {
            let text = format!("{own} {own:?}").to_lowercase();
            assert!(!text.contains("canary"), "{text}");
            error = own.source();
        }
    }
}

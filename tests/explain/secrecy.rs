//! No form of an explanation has anything of a credential, nor a value of the caller.

use bearergate::credential::PresentedCredential;
use bearergate::gate::RequestExplanation;
use bearergate::validator::{Authorities, Shape};
use bearergate::{Gate, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator, claim};
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

/// A validator of the service whose errors repeat what was presented.
#[derive(Debug)]
struct Repeating;

impl TokenValidator for Repeating {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let token = presented.credential().expose();
        let cut = token.get(3..).unwrap_or_default();
        let why = format!("`{token}` is not in the list, nor is {cut}; the list has 3 entries");
        NowOrLater::now(Err(
            Rejection::new(RejectionKind::TokenInactive).with_source(why)
        ))
    }
}

#[test]
fn errors_of_a_validator_that_repeat_the_credential_are_shown_without_it() {
    let gate = Gate::builder().validator(Repeating).clock(clock());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let token = "6f1ed002ab5595859014ebf0951522d9";
    let explained = agreed(&gate, &bearer(token));
    assert!(
        found(&explained).contains("the list has 3 entries"),
        "{explained}"
    );
    let explained = forms(&explained);
    for text in explained {
        assert!(text.contains("(a part of the token)"), "{text}");
        assert!(!text.contains(token), "{text}");
        assert!(!text.contains("5595859014ebf0951522d9"), "{text}");
    }
}

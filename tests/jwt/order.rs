//! The order of the checks decides the kind.

use crate::common::*;

struct Draft {
    header: Text,
    claims: Text,
    secret: [u8; 32],
    tail: &'static str,
}

type Mend = fn(&mut Draft);

fn claim(draft: &mut Draft, name: &str, raw: impl ToString) {
    draft.claims = draft.claims.clone().set(name, raw);
}

fn drop_claim(draft: &mut Draft, name: &str) {
    draft.claims = draft.claims.clone().without(name);
}

fn header_member(draft: &mut Draft, name: &str, raw: &str) {
    draft.header = draft.header.clone().set(name, raw);
}

fn drop_header_member(draft: &mut Draft, name: &str) {
    draft.header = draft.header.clone().without(name);
}

#[test]
fn first_failed_check_decides_the_kind() {
    let named = secret().with_kid("k").unwrap();
    let builder = with_keys(named.into()).require_claim("tenant", "acme");
    let validator = builder.max_token_bytes(1_000).build().unwrap();
    let mut draft = Draft {
        header: Text::empty()
            .set("alg", "\"none\"")
            .set("crit", "[\"x\"]")
            .set("kid", "\"other\"")
            .set("typ", "\"dpop+jwt\""),
        claims: Text::empty()
            .set("iss", "\"https://evil.example\"")
            .set("sub", 7)
            .set("aud", "\"https://other.example\"")
            .set("exp", 1)
            .set("nbf", NOW + 1_000)
            .set("iat", NOW + 1_000)
            .set("nonce", "\"n\"")
            .set("cnf", "{\"kid\":\"x\"}")
            .set("pad", format!("\"{}\"", "p".repeat(2_000))),
        secret: [8; 32],
        tail: ".x",
    };
    let steps: [(&str, Mend); 18] = [
        ("token_too_large", |d| drop_claim(d, "pad")),
        ("token_malformed", |d| d.tail = ""),
        ("header_unsupported", |d| drop_header_member(d, "crit")),
        ("algorithm_not_allowed", |d| {
            header_member(d, "alg", "\"EdDSA\"")
        }),
        ("issuer_mismatch iss", |d| {
            claim(d, "iss", format!("\"{ISSUER}\""))
        }),
        ("algorithm_not_allowed", |d| {
            header_member(d, "alg", "\"HS256\"")
        }),
        ("key_not_found", |d| header_member(d, "kid", "\"k\"")),
        ("signature_invalid", |d| d.secret = SECRET),
        ("claim_invalid sub", |d| claim(d, "sub", "\"alice\"")),
        ("type_mismatch typ", |d| header_member(d, "typ", "\"JWT\"")),
        ("type_mismatch nonce", |d| drop_claim(d, "nonce")),
        ("audience_mismatch aud", |d| {
            claim(d, "aud", format!("\"{AUDIENCE}\""))
        }),
        ("token_expired exp", |d| claim(d, "exp", NOW + 300)),
        ("token_not_yet_valid nbf", |d| claim(d, "nbf", NOW)),
        ("token_issued_in_future iat", |d| claim(d, "iat", NOW)),
        ("claim_missing tenant", |d| claim(d, "tenant", "\"acme\"")),
        ("binding_required cnf", |d| drop_claim(d, "cnf")),
        ("accept", |_| ()),
    ];
    for (expected, mend) in steps {
        let message = message(draft.header.to_string(), draft.claims.to_string());
        let token = format!("{}{}", mac_with(&draft.secret, &message), draft.tail);
        assert_eq!(outcome(&validator, &token), expected);
        mend(&mut draft);
    }
}

#[test]
fn claims_of_an_unverified_token_are_not_checked() {
    let validator = open().build().unwrap();
    for claims in [
        claims().set("sub", 7),
        claims().set("exp", 1),
        claims().set("cnf", "{}"),
    ] {
        let message = message(header().to_string(), claims.to_string());
        assert_eq!(
            outcome(&validator, &mac_with(&[8; 32], &message)),
            "signature_invalid"
        );
    }
}

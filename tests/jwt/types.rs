//! Registered claims of every type, escapes, actors and scopes.

use bearergate::JwtValidator;

use crate::common::*;

const VALUES: [(&str, &str); 14] = [
    ("absent", ""),
    ("null", "null"),
    ("bool", "true"),
    ("integer", "1700000000"),
    ("negative", "-1700000000"),
    ("fraction", "1700000000.5"),
    ("huge", "1e300"),
    ("string", "\"x\""),
    ("empty string", "\"\""),
    ("empty array", "[]"),
    ("array", "[\"x\"]"),
    ("object", "{}"),
    ("mixed array", "[\"x\",7]"),
    ("control character", "\"a\\u0000b\""),
];

/// The outcomes for one claim with each value, in their order: `A` accept, `I` claim_invalid,
/// `M` claim_missing, `X` a mismatch, `B` binding_required.
fn check_row(validator: &JwtValidator, claim: &str, row: &str) {
    let codes: Vec<&str> = row.split(' ').collect();
    assert_eq!(codes.len(), VALUES.len());
    for ((name, raw), code) in VALUES.iter().zip(codes) {
        let claims = if raw.is_empty() {
            claims().without(claim)
        } else {
            claims().set(claim, raw)
        };
        let expected = match (code, claim) {
            ("A", _) => "accept".to_owned(),
            ("I", _) => format!("claim_invalid {claim}"),
            ("M", _) => format!("claim_missing {claim}"),
            ("B", _) => format!("binding_required {claim}"),
            ("X", "iss") => "issuer_mismatch iss".to_owned(),
            _ => "audience_mismatch aud".to_owned(),
        };
        assert_eq!(
            outcome(validator, &token(claims)),
            expected,
            "{claim}: {name}"
        );
    }
}

// Defects B01 (claim of a wrong type read as absent), B03 (odd numbers as times), B09 (shape of
// `aud`), B13 (empty or foreign subject): docs/defects.md
#[test]
fn registered_claim_of_wrong_type_is_rejected_even_if_not_required() {
    let validator = open().build().unwrap();
    for (claim, row) in [
        // absent null bool int neg frac huge str "" [] ["x"] {} mixed control
        ("iss", "A I I I I I I A I I I I I I"),
        ("sub", "A I I I I I I A I I I I I I"),
        ("jti", "A I I I I I I A I I I I I I"),
        ("client_id", "A I I I I I I A I I I I I I"),
        ("azp", "A I I I I I I A I I I I I I"),
        ("aud", "A I I I I I I A A A A I I I"),
        ("exp", "A I I A I A I I I I I I I I"),
        ("nbf", "A I I A I A I I I I I I I I"),
        ("iat", "A I I A I A I I I I I I I I"),
        ("cnf", "A I I I I I I I I I I B I I"),
        ("act", "A I I I I I I I I I I A I I"),
        ("scope", "A I I I I I I A A A A I I A"),
    ] {
        check_row(&validator, claim, row);
    }
}

// Defects B01 (claim of a wrong type read as absent), B02 (token without `exp`), B08 (audience not
// checked), B09 (shape of `aud`): docs/defects.md
#[test]
fn required_claim_must_be_present_of_its_type_and_equal() {
    let validator = validator();
    for (claim, row) in [
        // absent null bool int neg frac huge str "" [] ["x"] {} mixed control
        ("iss", "M I I I I I I X X I I I I X"),
        ("aud", "M I I I I I I X X I X I I I"),
        ("exp", "M I I A I A I I I I I I I I"),
        ("sub", "A I I I I I I A I I I I I I"),
        ("nbf", "A I I A I A I I I I I I I I"),
        ("iat", "A I I A I A I I I I I I I I"),
        ("cnf", "A I I I I I I I I I I B I I"),
    ] {
        check_row(&validator, claim, row);
    }
}

#[test]
fn other_claims_can_be_of_any_type() {
    for (name, raw) in &VALUES[1..] {
        let claims = claims().set("role", raw);
        assert_eq!(outcome(&validator(), &token(claims)), "accept", "{name}");
    }
}

// Defects M03 (text that is not Unicode), J04 (forged log line): docs/defects.md
#[test]
fn control_characters_are_rejected_in_every_spelling() {
    let validator = open().build().unwrap();
    for claim in ["iss", "sub", "jti", "client_id", "azp", "aud"] {
        let blame = format!("claim_invalid {claim}");
        for dirty in [
            "\\n", "\\u0000", "\\u001f", "\u{7f}", "\\u007f", "\u{85}", "\\u009f",
        ] {
            for raw in [format!("\"a{dirty}b\""), format!("\"{dirty}\"")] {
                assert_eq!(
                    outcome(&validator, &token(claims().set(claim, &raw))),
                    blame,
                    "{raw}"
                );
            }
        }
        for clean in ["\u{a0}", "\\u00a0", "\u{2028}", "é", "\\/", "\\\\", "\\\""] {
            let claims = claims().set(claim, format!("\"a{clean}b\""));
            assert_eq!(outcome(&validator, &token(claims)), "accept", "{clean}");
        }
    }
    let claims = claims().set("aud", format!("[\"{AUDIENCE}\",\"a\\nb\"]"));
    assert_eq!(outcome(&validator, &token(claims)), "claim_invalid aud");
}

// Defects B09 (shape of `aud`), B10 (audience shared by deployments): docs/defects.md
#[test]
fn audience_is_one_whole_member_byte_for_byte() {
    let good = [
        format!("\"{AUDIENCE}\""),
        format!("[\"{AUDIENCE}\"]"),
        format!("[\"a\",\"{AUDIENCE}\",\"b\"]"),
        format!("[ \"a\" , \"{AUDIENCE}\" ]"),
        format!("\"{}\"", AUDIENCE.replace('/', "\\/")),
        format!("[\"{}\"]", AUDIENCE.replace('a', "\\u0061")),
    ];
    for raw in good {
        assert_eq!(
            outcome(&validator(), &token(claims().set("aud", &raw))),
            "accept",
            "{raw}"
        );
    }
    let upper = AUDIENCE.to_uppercase();
    for other in [
        "",
        "api",
        "https://api.example.co",
        "https://api.example.com/",
        "https://api.example.com ",
        " https://api.example.com",
        "https://api.example.com.evil.example",
        "https://api.example.com https://b",
        upper.as_str(),
    ] {
        for raw in [
            format!("\"{other}\""),
            format!("[\"{other}\"]"),
            format!("[\"{other}\",\"b\"]"),
        ] {
            let outcome = outcome(&validator(), &token(claims().set("aud", &raw)));
            assert_eq!(outcome, "audience_mismatch aud", "{raw}");
        }
    }
    for raw in [
        format!("[\"{AUDIENCE}\",7]"),
        format!("[\"{AUDIENCE}\",[\"b\"]]"),
        format!("[[\"{AUDIENCE}\"]]"),
        format!("[\"{AUDIENCE}\",null]"),
        format!("{{\"0\":\"{AUDIENCE}\"}}"),
    ] {
        let outcome = outcome(&validator(), &token(claims().set("aud", &raw)));
        assert_eq!(outcome, "claim_invalid aud", "{raw}");
    }
}

#[test]
fn empty_list_of_audiences_is_no_audience() {
    let open = JwtValidator::builder().issuer(ISSUER).any_audience();
    let open = open.keys(secret().into()).clock(clock()).build().unwrap();
    for raw in ["[]", "[ ]"] {
        let token = token(claims().set("aud", raw));
        let principal = validate(&open, &token).unwrap();
        assert_eq!(principal.audience().count(), 0);
        assert_eq!(outcome(&validator(), &token), "claim_invalid aud");
    }
    for raw in ["[[]]", "[null]", "[\"a\",7]", "{}", "null"] {
        let token = token(claims().set("aud", raw));
        assert_eq!(outcome(&open, &token), "claim_invalid aud", "{raw}");
    }
}

#[test]
fn one_of_several_audiences_is_enough() {
    let builder = bearergate::JwtValidator::builder()
        .issuer(ISSUER)
        .audiences(["a", "b"]);
    let validator = builder
        .keys(secret().into())
        .clock(clock())
        .build()
        .unwrap();
    for (raw, expected) in [
        ("\"a\"", "accept"),
        ("\"b\"", "accept"),
        ("[\"c\",\"b\"]", "accept"),
        ("\"c\"", "audience_mismatch aud"),
        ("\"a b\"", "audience_mismatch aud"),
    ] {
        assert_eq!(
            outcome(&validator, &token(claims().set("aud", raw))),
            expected,
            "{raw}"
        );
    }
}

#[test]
fn escapes_are_decoded_before_comparison() {
    let claims = claims()
        .set("iss", format!("\"{}\"", ISSUER.replace('/', "\\/")))
        .set("sub", "\"\\u0061lice \\\"\\ud83d\\ude00\\\"\"")
        .set("client_id", "\"\\u0061pp\"")
        .set("scope", "\"\\u0061 b\\u0020c\"");
    let principal = validate(&validator(), &token(claims)).unwrap();
    assert_eq!(principal.authority().as_str(), ISSUER);
    assert_eq!(principal.subject(), Some("alice \"😀\""));
    assert_eq!(principal.client(), Some("app"));
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["a", "b", "c"]);
}

#[test]
fn principal_has_the_claims_of_the_token() {
    let claims = claims()
        .set("scope", "\"read\"")
        .set("tenant", "\"acme\"")
        .set("nbf", NOW);
    let principal = validate(&validator(), &token(&claims)).unwrap();
    assert_eq!(
        principal.kind(),
        bearergate::principal::PrincipalKind::AccessToken
    );
    assert_eq!(principal.subject(), Some("alice"));
    assert_eq!(principal.client(), None);
    assert_eq!(principal.audience().collect::<Vec<_>>(), [AUDIENCE]);
    let secs =
        |time: Option<bearergate::clock::UnixTime>| time.map(bearergate::clock::UnixTime::as_secs);
    assert_eq!(secs(principal.expires_at()), Some(NOW + 300));
    assert_eq!(secs(principal.not_before()), Some(NOW));
    assert_eq!(secs(principal.issued_at()), Some(NOW));
    assert_eq!(principal.key(), Some(secret().id()));
    assert!(!principal.is_confirmed());
    assert_eq!(principal.claims().json(), claims.to_string());
    assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
}

/// Objects nested by `act`.
fn chain(depth: usize) -> String {
    let opening = "{\"sub\":\"a\",\"act\":".repeat(depth - 1);
    format!("{opening}{{\"sub\":\"a\"}}{}", "}".repeat(depth - 1))
}

#[test]
fn chain_of_actors_is_at_most_four_deep() {
    for (depth, expected) in [
        (1, "accept"),
        (4, "accept"),
        (5, "claim_invalid act"),
        (20, "claim_invalid act"),
    ] {
        let claims = claims().set("act", chain(depth));
        assert_eq!(outcome(&validator(), &token(claims)), expected, "{depth}");
    }
    let principal = validate(&validator(), &token(claims().set("act", chain(4)))).unwrap();
    assert_eq!(principal.actors().count(), 4);
}

#[test]
fn actor_is_an_object_with_string_names() {
    for (raw, expected) in [
        (r#"{"sub":"a","iss":"b"}"#, "accept"),
        (r#"{"sub":7}"#, "claim_invalid act"),
        (r#"{"sub":""}"#, "claim_invalid act"),
        (r#"{"sub":"a\n"}"#, "claim_invalid act"),
        (r#"{"sub":"a","iss":null}"#, "claim_invalid act"),
        (r#"{"sub":"a","act":null}"#, "claim_invalid act"),
        (r#"{"sub":"a","act":[]}"#, "claim_invalid act"),
        (r#"{"sub":"a","\u0061ct":{"sub":7}}"#, "claim_invalid act"),
    ] {
        assert_eq!(
            outcome(&validator(), &token(claims().set("act", raw))),
            expected,
            "{raw}"
        );
    }
}

fn scopes(raw: &str) -> Vec<String> {
    let principal = validate(&validator(), &token(claims().set("scope", raw))).unwrap();
    let scopes = principal.scopes().unwrap();
    scopes.iter().map(str::to_owned).collect()
}

// Defect L03 (scope compared by a part of it): docs/defects.md
#[test]
fn scopes_are_separated_only_by_spaces() {
    for (raw, expected) in [
        ("\"\"", &[][..]),
        ("\" \"", &[]),
        ("\"a\"", &["a"]),
        ("\"a b\"", &["a", "b"]),
        ("\"  a  b \"", &["a", "b"]),
        ("\"a\\tb\"", &["a\tb"]),
        ("\"a\\nb\"", &["a\nb"]),
        ("\"a\u{a0}b\"", &["a\u{a0}b"]),
        ("\"a\\u00a0b c\"", &["a\u{a0}b", "c"]),
        ("\"a,b\"", &["a,b"]),
        ("[]", &[]),
        ("[\"a\",\"b\"]", &["a", "b"]),
        ("[ \"a\" , \"\\u0062\" ]", &["a", "b"]),
    ] {
        assert_eq!(scopes(raw), expected, "{raw}");
    }
    let principal = validate(&validator(), &token(claims())).unwrap();
    assert!(principal.scopes().is_none());
}

// Defect L03 (scope compared by a part of it): docs/defects.md
#[test]
fn scope_is_a_whole_member() {
    let claims = claims().set("scope", "\"readwrite not-admin Read\"");
    let principal = validate(&validator(), &token(claims)).unwrap();
    let scopes = principal.scopes().unwrap();
    assert!(scopes.contains("readwrite"));
    for other in [
        "read",
        "admin",
        "not",
        "READ",
        "",
        "readwrite not-admin",
        " ",
    ] {
        assert!(!scopes.contains(other), "{other}");
    }
}

#[test]
fn member_of_a_scope_array_has_no_space() {
    for raw in [
        "[\"a b\"]",
        "[\"a\",\" \"]",
        "[\"a\\u0020b\"]",
        "[[\"a\"]]",
        "[null]",
    ] {
        let claims = claims().set("scope", raw);
        assert_eq!(
            outcome(&validator(), &token(claims)),
            "claim_invalid scope",
            "{raw}"
        );
    }
}

#[test]
fn scopes_from_another_claim_replace_those_of_scope() {
    let validator = builder().scopes_from("scp").build().unwrap();
    let both = claims().set("scope", "\"admin\"").set("scp", "[\"read\"]");
    let principal = validate(&validator, &token(both)).unwrap();
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["read"]);

    let other = validate(&validator, &token(claims().set("scope", "\"admin\""))).unwrap();
    assert!(other.scopes().is_none());

    for raw in ["null", "7", "[\"a b\"]", "{}"] {
        let outcome = outcome(&validator, &token(claims().set("scp", raw)));
        assert_eq!(outcome, "claim_invalid scp", "{raw}");
    }
    let wrong = claims().set("scope", "7").set("scp", "\"read\"");
    assert_eq!(outcome(&validator, &token(wrong)), "claim_invalid scope");
}

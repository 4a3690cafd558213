//! The header, and the purpose of a token.

use bearergate::JwtValidator;

use crate::common::*;

fn with(name: &str, raw: &str) -> String {
    let header = header();
    mac(
        if raw.is_empty() {
            header.without(name)
        } else {
            header.set(name, raw)
        },
        claims(),
    )
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn by_default_typ_is_absent_jwt_or_at_jwt() {
    for raw in [
        "",
        r#""JWT""#,
        r#""jwt""#,
        r#""application/jwt""#,
        r#""APPLICATION/JWT""#,
        r#""at+jwt""#,
        r#""AT+JWT""#,
        r#""application/at+jwt""#,
        r#""\u004aWT""#,
    ] {
        assert_eq!(outcome(&validator(), &with("typ", raw)), "accept", "{raw}");
    }
    for raw in [
        r#""""#,
        r#"" JWT""#,
        r#""JWT ""#,
        r#""JWT\u0000""#,
        r#""JWS""#,
        r#""JOSE""#,
        r#""id_token""#,
        r#""logout+jwt""#,
        r#""dpop+jwt""#,
        r#""kb+jwt""#,
        r#""dc+sd-jwt""#,
        r#""secevent+jwt""#,
        r#""token-introspection+jwt""#,
        r#""oauth-authz-req+jwt""#,
        r#""client-authentication+jwt""#,
        r#""rt+jwt""#,
        r#""at+jwt+x""#,
        r#""application/""#,
        r#""application/application/jwt""#,
        r#""text/jwt""#,
    ] {
        assert_eq!(
            outcome(&validator(), &with("typ", raw)),
            "type_mismatch typ",
            "{raw}"
        );
    }
}

#[test]
fn other_kinds_of_tokens_are_rejected_by_their_typ() {
    for typ in [
        "oauth-id-jag+jwt",
        "txntoken+jwt",
        "wit+jwt",
        "wpt+jwt",
        "vc+jwt",
        "vp+jwt",
        "vc+sd-jwt",
        "statuslist+jwt",
        "entity-statement+jwt",
        "application/txntoken+jwt",
    ] {
        let raw = format!("\"{typ}\"");
        assert_eq!(
            outcome(&validator(), &with("typ", &raw)),
            "type_mismatch typ",
            "{typ}"
        );
    }
}

#[test]
fn header_members_of_wrong_type_are_rejected() {
    for name in ["typ", "kid", "cty", "alg"] {
        for raw in ["null", "7", "true", "[\"JWT\"]", "{}"] {
            assert_eq!(
                outcome(&validator(), &with(name, raw)),
                "header_unsupported",
                "{name} {raw}"
            );
        }
    }
}

#[test]
fn required_typ_replaces_the_default_set() {
    let only = |typ: &str| builder().require_type(typ).build().unwrap();
    for (wanted, raw, expected) in [
        ("at+jwt", r#""at+jwt""#, "accept"),
        ("at+jwt", r#""Application/AT+JWT""#, "accept"),
        ("application/at+jwt", r#""at+jwt""#, "accept"),
        ("at+jwt", r#""JWT""#, "type_mismatch typ"),
        ("at+jwt", "", "type_mismatch typ"),
        ("JWT", r#""jwt""#, "accept"),
        ("JWT", r#""at+jwt""#, "type_mismatch typ"),
        ("JWT", "", "type_mismatch typ"),
        (
            "entity-statement+jwt",
            r#""entity-statement+jwt""#,
            "accept",
        ),
        (
            "entity-statement+jwt",
            r#""Entity\u002dStatement+jwt""#,
            "accept",
        ),
        (
            "entity-statement+jwt",
            r#""application/entity-statement+jwt""#,
            "accept",
        ),
        (
            "entity-statement+jwt",
            r#""entity-statement""#,
            "type_mismatch typ",
        ),
        ("entity-statement+jwt", r#""JWT""#, "type_mismatch typ"),
    ] {
        assert_eq!(
            outcome(&only(wanted), &with("typ", raw)),
            expected,
            "{wanted} {raw}"
        );
    }
}

/// Validates claims under each `typ` that does not name a purpose, and returns the one outcome.
fn purpose(validator: &JwtValidator, claims: &Text) -> String {
    let outcomes = ["", r#""JWT""#].map(|typ| {
        let header = if typ.is_empty() {
            header()
        } else {
            header().set("typ", typ)
        };
        outcome(validator, &mac(header, claims))
    });
    assert_eq!(outcomes[0], outcomes[1]);
    let named = mac(header().set("typ", r#""at+jwt""#), claims);
    assert_eq!(
        outcome(validator, &named),
        "accept",
        "its own typ says what it is"
    );
    outcomes[0].clone()
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn claims_of_another_purpose_are_rejected() {
    for mark in MARKS.into_iter().chain(["nonce"]) {
        for raw in ["\"x\"", "null", "{}"] {
            let claims = claims().set(mark, raw);
            assert_eq!(
                purpose(&validator(), &claims),
                format!("type_mismatch {mark}"),
                "{raw}"
            );
        }
        let escaped = mark.replace('s', "\\u0073").replace('v', "\\u0076");
        assert_eq!(
            outcome(&validator(), &token(claims().set(&escaped, "1"))),
            format!("type_mismatch {mark}"),
        );
        let other = claims().set(&format!("{mark}x"), "1");
        assert_eq!(purpose(&validator(), &other), "accept");
    }
    for (claim, raw, expected) in [
        ("token_use", r#""access""#, "accept"),
        ("token_use", r#""id""#, "type_mismatch token_use"),
        ("token_use", r#""Access""#, "type_mismatch token_use"),
        ("token_use", r#""refresh""#, "type_mismatch token_use"),
        ("token_use", "null", "type_mismatch token_use"),
        ("token_use", "[\"access\"]", "type_mismatch token_use"),
        ("typ", r#""Bearer""#, "accept"),
        ("typ", r#""bearer""#, "accept"),
        ("typ", r#""DPoP""#, "accept"),
        ("typ", r#""DPOP""#, "accept"),
        ("typ", r#""ID""#, "type_mismatch typ"),
        ("typ", r#""Refresh""#, "type_mismatch typ"),
        ("typ", r#""Offline""#, "type_mismatch typ"),
        ("typ", r#""JWT""#, "type_mismatch typ"),
        ("typ", r#""""#, "type_mismatch typ"),
        ("typ", "7", "type_mismatch typ"),
        ("typ", "null", "type_mismatch typ"),
    ] {
        assert_eq!(
            purpose(&validator(), &claims().set(claim, raw)),
            expected,
            "{claim} {raw}"
        );
    }
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn claims_of_another_purpose_are_rejected_under_a_required_jwt_too() {
    let only = |typ: &str| builder().require_type(typ).build().unwrap();
    let claims = claims().set("at_hash", "\"h\"");
    for (typ, expected) in [
        ("JWT", "type_mismatch at_hash"),
        ("at+jwt", "accept"),
        ("x", "type_mismatch at_hash"),
    ] {
        let header = header().set("typ", format!("\"{typ}\""));
        assert_eq!(
            outcome(&only(typ), &mac(header, &claims)),
            expected,
            "{typ}"
        );
    }
}

/// A token whose `zip` says that its payload is compressed: plain, and with the raw DEFLATE form
/// (RFC 1951) of a stored block.
fn compressed() -> [String; 2] {
    let text = claims().to_string();
    let len = u16::try_from(text.len()).unwrap();
    let mut deflated = vec![1];
    deflated.extend(len.to_le_bytes());
    deflated.extend((!len).to_le_bytes());
    deflated.extend(text.as_bytes());
    let header = header().set("zip", r#""DEF""#).to_string();
    [
        mac_with(&SECRET, &message(&header, &text)),
        mac_with(&SECRET, &message(&header, &deflated)),
    ]
}

#[test]
fn nonce_is_accepted_only_in_bearer_tokens() {
    let claims = claims().set("nonce", "\"n\"");
    for (typ, expected) in [
        (r#""Bearer""#, "accept"),
        (r#""bEARER""#, "accept"),
        (r#""DPoP""#, "type_mismatch nonce"),
    ] {
        assert_eq!(
            purpose(&validator(), &claims.clone().set("typ", typ)),
            expected,
            "{typ}"
        );
    }
}

// Defects A17 (`crit` ignored), A18 (unencoded payload), A27 (nested tokens), A29 (decompression
// bomb), A30 (padding oracle of RSA1_5): docs/defects.md
#[test]
fn critical_unencoded_compressed_and_nested_tokens_are_rejected() {
    for (name, raw) in [
        ("crit", r#"["x"]"#),
        ("crit", r#"["alg"]"#),
        ("crit", r#"["exp","exp"]"#),
        ("crit", "[]"),
        ("crit", r#""x""#),
        ("crit", "null"),
        ("cr\\u0069t", r#"["x"]"#),
        ("b64", "false"),
        ("b64", "true"),
        ("enc", r#""A256GCM""#),
        ("cty", r#""JWT""#),
        ("cty", r#""jwt""#),
        ("cty", r#""application/JWT""#),
        ("cty", r#""\u004aWT""#),
    ] {
        assert_eq!(
            outcome(&validator(), &with(name, raw)),
            "header_unsupported",
            "{name} {raw}"
        );
    }
    // `zip` is ignored and nothing is inflated.
    let [plain, deflated] = compressed();
    assert_eq!(outcome(&validator(), &plain), "accept");
    assert_eq!(outcome(&validator(), &deflated), "token_malformed");
    let both = header().set("crit", r#"["b64"]"#).set("b64", "false");
    assert_eq!(
        outcome(&validator(), &mac(both, claims())),
        "header_unsupported"
    );
    for (name, raw) in [
        ("cty", r#""json""#),
        ("cty", r#""JWT+x""#),
        ("x", "1"),
        ("pi.atm", r#""8""#),
        ("zip", r#""NONE""#),
        ("zip", r#""DEF""#),
        ("zip", "null"),
        ("zip", "[7]"),
        ("z\\u0069p", r#""DEF""#),
        ("exp", "1"),
        ("Crit", r#"["x"]"#),
    ] {
        assert_eq!(outcome(&validator(), &with(name, raw)), "accept", "{name}");
    }
}

// Defects A01 (unsigned token accepted), A02 (`none` in another spelling), A03 (unknown algorithm,
// empty signature): docs/defects.md
#[test]
fn only_names_in_the_closed_list_are_algorithms() {
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        "none\\u0000",
        "",
        "foo",
        "hs256",
        "Hs256",
        "HS256 ",
        " HS256",
        "HS256,none",
        "HS1",
        "ES256K",
        "ES512",
        "RSA1_5",
        "dir",
        "EdDSA ",
        "SHA256",
    ] {
        let header = header().set("alg", format!("\"{name}\""));
        let good = mac(&header, claims());
        let unsigned = format!("{}.", message(header.to_string(), claims().to_string()));
        for token in [good, unsigned] {
            assert_eq!(
                outcome(&validator(), &token),
                "algorithm_not_allowed",
                "{name}"
            );
        }
    }
    assert_eq!(
        outcome(&validator(), &with("alg", "")),
        "header_unsupported"
    );
    assert_eq!(
        outcome(&validator(), &with("alg", "\"H\\u00532\\u00356\"")),
        "accept"
    );
    let unsigned = format!("{}.", message(header().to_string(), claims().to_string()));
    assert_eq!(outcome(&validator(), &unsigned), "signature_invalid");
}

// Defects A08 (key in the header trusted), A09 (key fetched from an address in the header), A10
// (certificate in the header trusted): docs/defects.md
#[test]
fn keys_in_the_header_are_ignored() {
    let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, encode([8; 32]));
    for (name, raw) in [
        ("jwk", jwk.as_str()),
        ("jwk", "null"),
        ("jku", r#""https://evil.example/keys""#),
        ("jku", "7"),
        ("x5u", r#""http://169.254.169.254/""#),
        ("x5c", r#"["MIIB"]"#),
        ("x5c", "{}"),
        ("x5t", r#""x""#),
        ("x5t#S256", "[]"),
    ] {
        let header = header().set(name, raw);
        assert_eq!(
            outcome(&validator(), &mac(&header, claims())),
            "accept",
            "{name} {raw}"
        );
        let forged = mac_with(&[8; 32], &message(header.to_string(), claims().to_string()));
        assert_eq!(
            outcome(&validator(), &forged),
            "signature_invalid",
            "{name} {raw}"
        );
    }
}

// Defect A11 (injection through `kid`): docs/defects.md
#[test]
fn kid_is_an_opaque_string_of_at_most_256_bytes() {
    let named = secret().with_kid("k1").unwrap();
    let validator = with_keys(named.into()).build().unwrap();
    for (raw, expected) in [
        (r#""k1""#, "accept"),
        (r#""\u006b1""#, "accept"),
        ("", "accept"),
        (r#""K1""#, "key_not_found"),
        (r#""k1 ""#, "key_not_found"),
        (r#""k1\u0000""#, "key_not_found"),
        (r#""""#, "key_not_found"),
        (r#""../../dev/null""#, "key_not_found"),
        (r#""' OR 1=1 --""#, "key_not_found"),
        (r#""http://169.254.169.254/""#, "key_not_found"),
    ] {
        assert_eq!(outcome(&validator, &with("kid", raw)), expected, "{raw}");
    }
    for (len, expected) in [
        (256, "key_not_found"),
        (257, "header_unsupported"),
        (3000, "header_unsupported"),
    ] {
        let raw = format!("\"{}\"", "k".repeat(len));
        assert_eq!(outcome(&validator, &with("kid", &raw)), expected, "{len}");
    }
    let long = secret().with_kid("k".repeat(256)).unwrap();
    let validator = with_keys(long.into()).build().unwrap();
    let raw = format!("\"{}\"", "k".repeat(256));
    assert_eq!(outcome(&validator, &with("kid", &raw)), "accept");
}

// Defect A07 (algorithm from an unprotected header): docs/defects.md
#[test]
fn alg_outside_the_protected_header_is_ignored() {
    let message = message("{}", claims().to_string());
    assert_eq!(
        outcome(&validator(), &mac_with(&SECRET, &message)),
        "header_unsupported"
    );
}

#[test]
fn cached_header_gives_the_same_result() {
    let make = || {
        let named = secret().with_kid("k1").unwrap();
        with_keys(named.into())
            .require_type("x+jwt")
            .build()
            .unwrap()
    };
    let used = make();
    let typ = r#""x+jwt""#;
    let headers = [
        header().set("typ", typ).set("kid", r#""k1""#),
        header().set("kid", r#""k1""#).set("typ", typ),
        header().set("typ", r#""application/X+JWT""#),
        header().set("typ", typ).set("kid", r#""\u006b1""#),
        header().set("typ", r#""y+jwt""#).set("kid", r#""k1""#),
        header().set("typ", typ).set("kid", r#""k2""#),
        header().set("typ", typ).set("crit", "[]"),
        header().set("typ", typ).set("x", "1"),
        header().set("typ", typ).set("x", "2"),
        header(),
    ];
    for pad in ["", "p", "a longer claim than the one before"] {
        for header in &headers {
            let token = mac(header, claims().set("pad", format!("\"{pad}\"")));
            assert_eq!(outcome(&used, &token), outcome(&make(), &token), "{header}");
            let message = message(header.to_string(), claims().to_string());
            let forged = mac_with(&[8; 32], &message);
            assert_eq!(
                outcome(&used, &forged),
                outcome(&make(), &forged),
                "{header}"
            );
        }
    }
    assert_eq!(outcome(&used, &mac(&headers[0], claims())), "accept");
    assert_eq!(
        outcome(&used, &mac(&headers[4], claims())),
        "type_mismatch typ"
    );
    assert_eq!(outcome(&used, &mac(&headers[5], claims())), "key_not_found");
}

//! What a header may say, and which purpose a token has.

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
fn typ_is_absent_jwt_or_at_jwt_by_default() {
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
        assert_eq!(verdict(&validator(), &with("typ", raw)), "accept", "{raw}");
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
            verdict(&validator(), &with("typ", raw)),
            "type_mismatch typ",
            "{raw}"
        );
    }
}

#[test]
fn tokens_of_newer_kinds_are_refused_by_their_typ() {
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
            verdict(&validator(), &with("typ", &raw)),
            "type_mismatch typ",
            "{typ}"
        );
    }
}

#[test]
fn header_members_of_another_type_are_refused() {
    for name in ["typ", "kid", "cty", "alg"] {
        for raw in ["null", "7", "true", "[\"JWT\"]", "{}"] {
            assert_eq!(
                verdict(&validator(), &with(name, raw)),
                "header_unsupported",
                "{name} {raw}"
            );
        }
    }
}

#[test]
fn a_required_typ_replaces_the_default_set() {
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
            verdict(&only(wanted), &with("typ", raw)),
            expected,
            "{wanted} {raw}"
        );
    }
}

/// Judges claims under each `typ` that leaves the purpose open, and says the one verdict.
fn purpose(validator: &JwtValidator, claims: &Text) -> String {
    let verdicts = ["", r#""JWT""#].map(|typ| {
        let header = if typ.is_empty() {
            header()
        } else {
            header().set("typ", typ)
        };
        verdict(validator, &mac(header, claims))
    });
    assert_eq!(verdicts[0], verdicts[1]);
    let named = mac(header().set("typ", r#""at+jwt""#), claims);
    assert_eq!(
        verdict(validator, &named),
        "accept",
        "its own typ says what it is"
    );
    verdicts[0].clone()
}

// Defect B12 (token of another kind accepted): docs/defects.md
#[test]
fn marks_of_another_purpose_are_refused() {
    for mark in ["at_hash", "c_hash", "s_hash", "events", "sd_hash", "nonce"] {
        for raw in ["\"x\"", "null", "{}"] {
            let claims = claims().set(mark, raw);
            assert_eq!(
                purpose(&validator(), &claims),
                format!("type_mismatch {mark}"),
                "{raw}"
            );
        }
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
fn marks_count_under_a_required_jwt_too() {
    let only = |typ: &str| builder().require_type(typ).build().unwrap();
    let claims = claims().set("at_hash", "\"h\"");
    for (typ, expected) in [
        ("JWT", "type_mismatch at_hash"),
        ("at+jwt", "accept"),
        ("x", "accept"),
    ] {
        let header = header().set("typ", format!("\"{typ}\""));
        assert_eq!(
            verdict(&only(typ), &mac(header, &claims)),
            expected,
            "{typ}"
        );
    }
}

#[test]
fn a_nonce_is_for_bearer_tokens_alone() {
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
fn critical_unencoded_packed_and_nested_tokens_are_refused() {
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
        ("zip", r#""DEF""#),
        ("zip", "null"),
        ("enc", r#""A256GCM""#),
        ("cty", r#""JWT""#),
        ("cty", r#""jwt""#),
        ("cty", r#""application/JWT""#),
        ("cty", r#""\u004aWT""#),
    ] {
        assert_eq!(
            verdict(&validator(), &with(name, raw)),
            "header_unsupported",
            "{name} {raw}"
        );
    }
    let both = header().set("crit", r#"["b64"]"#).set("b64", "false");
    assert_eq!(
        verdict(&validator(), &mac(both, claims())),
        "header_unsupported"
    );
    for (name, raw) in [
        ("cty", r#""json""#),
        ("x", "1"),
        ("exp", "1"),
        ("Crit", r#"["x"]"#),
    ] {
        assert_eq!(verdict(&validator(), &with(name, raw)), "accept", "{name}");
    }
}

// Defects A01 (unsigned token accepted), A02 (`none` in another spelling), A03 (unknown algorithm,
// empty signature): docs/defects.md
#[test]
fn only_names_of_the_closed_list_are_algorithms() {
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
                verdict(&validator(), &token),
                "algorithm_not_allowed",
                "{name}"
            );
        }
    }
    assert_eq!(
        verdict(&validator(), &with("alg", "")),
        "header_unsupported"
    );
    assert_eq!(
        verdict(&validator(), &with("alg", "\"H\\u00532\\u00356\"")),
        "accept"
    );
    let unsigned = format!("{}.", message(header().to_string(), claims().to_string()));
    assert_eq!(verdict(&validator(), &unsigned), "signature_invalid");
}

// Defects A08 (key in the header trusted), A09 (key fetched from an address in the header), A10
// (certificate in the header trusted): docs/defects.md
#[test]
fn keys_in_the_header_are_never_used_and_never_minded() {
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
            verdict(&validator(), &mac(&header, claims())),
            "accept",
            "{name} {raw}"
        );
        let forged = mac_with(&[8; 32], &message(header.to_string(), claims().to_string()));
        assert_eq!(
            verdict(&validator(), &forged),
            "signature_invalid",
            "{name} {raw}"
        );
    }
}

// Defect A11 (injection through `kid`): docs/defects.md
#[test]
fn a_kid_is_an_opaque_string_of_at_most_256_bytes() {
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
        assert_eq!(verdict(&validator, &with("kid", raw)), expected, "{raw}");
    }
    for (len, expected) in [
        (256, "key_not_found"),
        (257, "header_unsupported"),
        (3000, "header_unsupported"),
    ] {
        let raw = format!("\"{}\"", "k".repeat(len));
        assert_eq!(verdict(&validator, &with("kid", &raw)), expected, "{len}");
    }
    let long = secret().with_kid("k".repeat(256)).unwrap();
    let validator = with_keys(long.into()).build().unwrap();
    let raw = format!("\"{}\"", "k".repeat(256));
    assert_eq!(verdict(&validator, &with("kid", &raw)), "accept");
}

// Defect A07 (algorithm from an unprotected header): docs/defects.md
#[test]
fn an_alg_outside_the_protected_header_does_not_count() {
    let message = message("{}", claims().to_string());
    assert_eq!(
        verdict(&validator(), &mac_with(&SECRET, &message)),
        "header_unsupported"
    );
}

#[test]
fn a_header_that_comes_again_is_read_as_it_was_at_first() {
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
            assert_eq!(verdict(&used, &token), verdict(&make(), &token), "{header}");
            let message = message(header.to_string(), claims().to_string());
            let forged = mac_with(&[8; 32], &message);
            assert_eq!(
                verdict(&used, &forged),
                verdict(&make(), &forged),
                "{header}"
            );
        }
    }
    assert_eq!(verdict(&used, &mac(&headers[0], claims())), "accept");
    assert_eq!(
        verdict(&used, &mac(&headers[4], claims())),
        "type_mismatch typ"
    );
    assert_eq!(verdict(&used, &mac(&headers[5], claims())), "key_not_found");
}

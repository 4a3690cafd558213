//! The twelve checks of RFC 9449 section 4.3, each with a proof that differs in it only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::UnixTime;
use bearergate::testing::ProofKey;
use serde_json::json;

use crate::common::*;

#[test]
fn a_good_proof_passes() {
    let service = Service::new();
    let token = service.bound_token();
    let admitted = service.check(&request(&token, &[&service.proof(&token).sign()]));
    let admitted = admitted.unwrap();
    assert_eq!(admitted.principal().subject(), Some("alice"));
    assert!(admitted.principal().is_confirmed());
    assert_eq!(
        admitted.freshness(),
        Some(bearergate::validator::Freshness::IssuedAt)
    );
    assert!(!admitted.headers().contains_key("dpop-nonce"));
}

// Defect E10 (two proofs, or two credentials): docs/defects.md
// Defect E45 (several DPoP fields, a list or an empty field): docs/defects.md
#[test]
fn check_01_there_is_one_header_field() {
    let service = Service::new();
    let token = service.bound_token();
    let proof = || service.proof(&token).sign();
    let (one, other) = (proof(), proof());
    assert_eq!(service.kind(&request(&token, &[])), REQUIRED);
    assert_eq!(service.kind(&request(&token, &[&one, &other])), INVALID);
    assert_eq!(service.kind(&request(&token, &[&one, &one])), INVALID);
    assert_eq!(service.kind(&request(&token, &[&one, "x"])), INVALID);
    assert_eq!(
        service.kind(&request(&token, &[&format!("{one},{other}")])),
        INVALID
    );
    assert_eq!(service.kind(&request(&token, &[""])), INVALID);
    // None of them was used up.
    assert_eq!(service.kind(&request(&token, &[&one])), None);
}

#[test]
fn check_02_it_is_one_jws_in_its_only_spelling() {
    let service = Service::new();
    let token = service.bound_token();
    let good = service.proof(&token).sign();
    let parts: Vec<_> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    for bad in [
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}."),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}.{claims}."),
        format!(".{claims}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!(" {good}"),
        format!("{good} "),
        format!("\"{good}\""),
        good.replace('.', ".."),
    ] {
        assert_eq!(service.kind(&request(&token, &[&bad])), INVALID, "{bad}");
    }
    assert_eq!(service.kind(&request(&token, &[&good])), None);
}

// Defect E30 (proof without jti accepted where nobody checks replays): docs/defects.md
#[test]
fn check_03_all_required_claims_are_there_with_their_types() {
    let service = Service::new();
    for name in ["htm", "htu", "iat", "jti", "ath"] {
        assert_eq!(
            service.changed(|proof| proof.without(name)),
            INVALID,
            "{name}"
        );
        for value in [json!(null), json!(["GET"]), json!({}), json!(true)] {
            let changed = service.changed(|proof| proof.claim(name, &value));
            assert_eq!(changed, INVALID, "{name} {value}");
        }
    }
    for name in ["htm", "htu", "jti", "ath"] {
        assert_eq!(
            service.changed(|proof| proof.claim(name, 1)),
            INVALID,
            "{name}"
        );
    }
    let iat = NOW.as_secs();
    for value in [json!(iat.to_string()), json!(-1), json!(1e300)] {
        assert_eq!(
            service.changed(|proof| proof.claim("iat", &value)),
            INVALID,
            "{value}"
        );
    }
    for (len, expected) in [(0, INVALID), (1, None), (256, None), (257, INVALID)] {
        let id = "x".repeat(len);
        assert_eq!(service.changed(|proof| proof.id(&id)), expected, "{len}");
    }
    assert_eq!(service.changed(|proof| proof.id("a\nb")), INVALID);
    for name in ["exp", "nbf"] {
        assert_eq!(
            service.changed(|proof| proof.claim(name, "1")),
            INVALID,
            "{name}"
        );
    }
    // Where nonces are off, a nonce is ignored.
    assert_eq!(service.changed(|proof| proof.nonce("any")), None);
    assert_eq!(service.changed(|proof| proof.claim("nonce", 1)), INVALID);
    assert_eq!(
        service.changed(|proof| proof.claim("other", json!({"a": [1]}))),
        None
    );
}

#[test]
fn check_04_typ_is_that_of_proofs() {
    let service = Service::new();
    for good in [
        "dpop+jwt",
        "DPoP+JWT",
        "application/dpop+jwt",
        "Application/DPOP+jwt",
    ] {
        assert_eq!(
            service.changed(|proof| proof.header("typ", good)),
            None,
            "{good}"
        );
    }
    for bad in [
        json!("JWT"),
        json!("at+jwt"),
        json!("dpop+jwt+wrongyousee"),
        json!("dpop"),
        json!(" dpop+jwt"),
        json!(["dpop+jwt"]),
        json!(null),
    ] {
        assert_eq!(
            service.changed(|proof| proof.header("typ", &bad)),
            INVALID,
            "{bad}"
        );
    }
    assert_eq!(
        service.changed(|proof| proof.without_header("typ")),
        INVALID
    );
}

// Defect E08 (proof that is unsigned or signed with a shared secret): docs/defects.md
// Defect E39 (algorithm recognized by the beginning of its name): docs/defects.md
#[test]
fn check_05_alg_is_one_of_the_configured_ones() {
    let service = Service::new();
    for bad in [
        json!("none"),
        json!("HS256"),
        json!("ES384"),
        json!("ES512"),
        json!("ES256K"),
        json!("ES2567"),
        json!("RSxyz"),
        json!("es256"),
        json!("RS256"),
        json!("PS256"),
        json!(""),
        json!(null),
        json!(["ES256"]),
    ] {
        assert_eq!(
            service.changed(|proof| proof.header("alg", &bad)),
            INVALID,
            "{bad}"
        );
    }
    assert_eq!(
        service.changed(|proof| proof.without_header("alg")),
        INVALID
    );
}

#[test]
fn check_06_the_signature_is_valid_under_the_key_of_the_proof() {
    let service = Service::new();
    let token = service.bound_token();
    let good = service.proof(&token).sign();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
    bytes[3] ^= 1;
    assert_eq!(service.kind(&request(&token, &[&with(&bytes)])), INVALID);
    for bad in [&[0; 64][..], &[0; 63], &[0; 65], &[], &[1; 512], &[1; 600]] {
        assert_eq!(service.kind(&request(&token, &[&with(bad)])), INVALID);
    }
    // Of another key of the client, and of another message.
    let other = ProofKey::es256();
    let forged = other
        .proof("GET", ORDERS)
        .header("jwk", service.client.jwk());
    let forged = forged.token(&token).at(NOW).sign();
    assert_eq!(service.kind(&request(&token, &[&forged])), INVALID);
    assert_eq!(service.kind(&request(&token, &[&good])), None);
}

// Defect E07 (private key in the header of a proof): docs/defects.md
// Defect E40 (private members of another key type accepted): docs/defects.md
#[test]
fn check_07_the_key_has_no_private_member() {
    let service = Service::new();
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = service.client.jwk();
        jwk[name] = value;
        service.changed(|proof| proof.header("jwk", &jwk))
    };
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!("AQAB"), json!(""), json!(null), json!([])] {
            assert_eq!(with(name, value.clone()), INVALID, "{name} {value}");
        }
    }
    for name in ["kid", "x5c", "x5t", "n", "e", "other", "D"] {
        assert_eq!(with(name, json!("AQAB")), None, "{name}");
    }
}

// Defect E02 (method compared without case): docs/defects.md
#[test]
fn check_08_htm_is_the_method() {
    let service = Service::new();
    for bad in ["POST", "PUT", "get", "GET ", "", "HEAD"] {
        assert_eq!(
            service.changed(|proof| proof.claim("htm", bad)),
            INVALID,
            "{bad}"
        );
    }
    assert_eq!(service.changed(|proof| proof.claim("htm", "GET")), None);
}

// Defect E01 (URI of a proof compared too loosely or too strictly): docs/defects.md
// Defect E14 (htu with query or fragment refused): docs/defects.md
#[test]
fn check_09_htu_is_the_uri_without_query_and_fragment() {
    let service = Service::new();
    for good in [
        "https://api.example.com/orders",
        "https://api.example.com/orders?other=query",
        "https://api.example.com/orders#fragment",
        "https://api.example.com:443/orders",
        "HTTPS://API.example.COM/orders",
        "https://api.example.com/%6frders",
    ] {
        assert_eq!(
            service.changed(|proof| proof.claim("htu", good)),
            None,
            "{good}"
        );
    }
    for bad in [
        "https://api.example.com/order",
        "https://api.example.com/orders/",
        "https://api.example.com/Orders",
        "https://other.example.com/orders",
        "http://api.example.com/orders",
        "/orders",
        "",
    ] {
        assert_eq!(
            service.changed(|proof| proof.claim("htu", bad)),
            INVALID,
            "{bad}"
        );
    }
    // An escape in the JSON is not an escape in the URI.
    let token = service.bound_token();
    let claims = json!({"htm": "GET", "htu": "*", "iat": NOW.as_secs(), "jti": "escaped", "ath": ath(&token)});
    let claims = claims
        .to_string()
        .replace('*', "https:\\/\\/api.example.com\\/orders");
    let proof = service.proof(&token).raw_claims(claims).sign();
    assert_eq!(service.kind(&request(&token, &[&proof])), None);
}

fn ath(token: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

// Defect E06 (nonce absent, old or of another server accepted): docs/defects.md
#[test]
fn check_10_a_nonce_of_the_service_is_required_where_nonces_are_on() {
    let service =
        Service::with(|dpop| dpop.nonces(bearergate::nonce::Nonces::of_this_process().unwrap()));
    for change in [
        None,
        Some(""),
        Some("other"),
        Some("0123456789012345678901"),
    ] {
        let kind = service.changed(|proof| match change {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        });
        assert_eq!(kind, NONCE, "{change:?}");
    }
}

// Defect E04 (time of a proof accepted from a wide window, or added up without care): docs/defects.md
#[test]
fn check_11_it_was_made_recently() {
    let service = Service::new();
    let at = |secs: i64| UnixTime::from_secs(NOW.as_secs().checked_add_signed(secs).unwrap());
    for (offset, expected) in [
        (0, None),
        (-60, None),
        (-61, INVALID),
        (30, None),
        (31, INVALID),
        (-3_600, INVALID),
        (3_600, INVALID),
    ] {
        assert_eq!(
            service.changed(|proof| proof.at(at(offset))),
            expected,
            "{offset}"
        );
    }
    let now = NOW.as_secs();
    for (name, value, expected) in [
        ("exp", now + 300, None),
        ("exp", now - 29, None),
        ("exp", now - 30, INVALID),
        ("nbf", now, None),
        ("nbf", now + 30, None),
        ("nbf", now + 31, INVALID),
    ] {
        assert_eq!(
            service.changed(|proof| proof.claim(name, value)),
            expected,
            "{name}"
        );
    }
}

// Defect E03 (hash of the token absent or wrong): docs/defects.md
// Defect E37 (signature verified before the cheap checks): docs/defects.md
#[test]
fn check_12_ath_is_the_hash_of_the_token_and_the_key_is_the_one_in_it() {
    let service = Service::new();
    let token = service.bound_token();
    assert_eq!(service.changed(|proof| proof.token("other")), INVALID);
    for bad in [
        format!("{}=", ath(&token)),
        ath(&token).split_at(42).0.to_owned(),
        String::new(),
        "A".repeat(43),
    ] {
        assert_eq!(
            service.changed(|proof| proof.claim("ath", &bad)),
            INVALID,
            "{bad}"
        );
    }
    let other = ProofKey::es256();
    let proof = other.proof("GET", ORDERS).token(&token).at(NOW);
    assert_eq!(service.kind(&request(&token, &[&proof.sign()])), MISMATCH);
    // The key is named before a wrong claim and a wrong signature.
    let worse = proof.claim("htm", "PUT").sign();
    let worse = format!("{}.AAAA", worse.rsplit_once('.').unwrap().0);
    assert_eq!(service.kind(&request(&token, &[&worse])), MISMATCH);
}

#[test]
fn headers_that_change_the_meaning_are_refused_and_others_are_never_used() {
    let service = Service::new();
    for name in ["crit", "b64", "enc"] {
        assert_eq!(
            service.changed(|proof| proof.header(name, json!(["x"]))),
            INVALID,
            "{name}"
        );
    }
    for name in ["kid", "jku", "x5u", "x5c", "x5t", "zip", "cnf", "other"] {
        let url = "https://attacker.example/keys";
        assert_eq!(
            service.changed(|proof| proof.header(name, url)),
            None,
            "{name}"
        );
    }
    for bad in ["", "x", "[]", "{", r#"{"typ":"dpop+jwt","typ":"dpop+jwt"}"#] {
        assert_eq!(
            service.changed(|proof| proof.raw_header(bad)),
            INVALID,
            "{bad}"
        );
        assert_eq!(
            service.changed(|proof| proof.raw_claims(bad)),
            INVALID,
            "{bad}"
        );
    }
}

// Defect E46 (confirmation taken from the proof): docs/defects.md
#[test]
fn a_confirmation_in_the_proof_confirms_nothing() {
    let service = Service::new();
    let other = ProofKey::es256();
    let token = service.bound_token();
    let cnf = json!({"jkt": other.thumbprint()});
    let proof = other.proof("GET", ORDERS).token(&token).at(NOW);
    let proof = proof.claim("cnf", &cnf).header("cnf", &cnf);
    assert_eq!(service.kind(&request(&token, &[&proof.sign()])), MISMATCH);
}

// Defect E47 (proof used as access token, or the reverse): docs/defects.md
#[test]
fn a_proof_is_no_token_and_a_token_no_proof() {
    let service = Service::new();
    let token = service.bound_token();
    let proof = service.proof(&token).sign();
    assert_eq!(service.kind(&request(&token, &[&token])), INVALID);
    let as_token = service.kind(&request(&proof, &[&proof]));
    assert!(as_token.is_some_and(|kind| kind != bearergate::RejectionKind::ProofInvalid));
}

#[test]
fn sizes_are_inclusive() {
    let service = Service::new();
    let token = service.bound_token();
    // Fills the claims up to this length.
    let filled = |len: usize| {
        let base = service.proof(&token).claim("fill", "");
        let text = |fill: usize| {
            let claims = json!({"htm": "GET", "htu": ORDERS, "iat": NOW.as_secs(), "jti": format!("{len}"),
                "ath": ath(&token), "fill": "x".repeat(fill)});
            claims.to_string()
        };
        let empty = text(0).len();
        let proof = base.raw_claims(text(len - empty)).sign();
        service.kind(&request(&token, &[&proof]))
    };
    assert_eq!(filled(4_096), None);
    assert_eq!(filled(4_097), INVALID);
    let members = |count: usize| {
        let mut jwk = service.client.jwk();
        for number in 4..count {
            jwk[format!("m{number}")] = json!(1);
        }
        service.changed(|proof| proof.header("jwk", &jwk))
    };
    assert_eq!(members(32), None);
    assert_eq!(members(33), INVALID);
}

//! The fields of a signature, and its key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ring::hmac;

use crate::common::*;

// Defect N06 (duplicate labels, components or parameters): docs/defects.md
#[test]
fn other_signatures_are_ignored_and_ours_is_the_only_one() {
    let service = Service::new();
    let signed = |nonce: &str| {
        let mut parts = service.parts(BODY);
        service.sign(&mut parts, &good(nonce));
        parts
    };
    let text =
        |parts: &http::request::Parts, name: &str| parts.headers[name].to_str().unwrap().to_owned();
    let add = |nonce: &str, input: &str, signature: &str| {
        let mut parts = signed(nonce);
        let (inputs, signatures) = (text(&parts, "signature-input"), text(&parts, "signature"));
        insert(&mut parts, "signature-input", &format!("{inputs}{input}"));
        insert(&mut parts, "signature", &format!("{signatures}{signature}"));
        service.kind(&parts)
    };
    let other = r#", proxy=("@method");created=1;tag="proxy""#;
    assert_eq!(add("1", other, ", proxy=:AA==:"), None);
    let twin = format!(", sig2={}", good("2"));
    assert_eq!(add("2", &twin, ", sig2=:AA==:"), INVALID);
    assert_eq!(add("3", other, ""), INVALID);
    assert_eq!(add("4", "", ", proxy=:AA==:"), INVALID);
    assert_eq!(add("5", r#", sig1=("@method");created=1"#, ""), INVALID);
    let many: String = (0..4)
        .map(|n| format!(r#", p{n}=("@method");created=1;tag="p""#))
        .collect();
    let signatures: String = (0..4).map(|n| format!(", p{n}=:AA==:")).collect();
    assert_eq!(add("6", &many, &signatures), INVALID);
    let mut stripped = signed("7");
    stripped.headers.remove("signature");
    assert_eq!(service.kind(&stripped), UNSIGNED);
    insert(&mut stripped, "signature", "other=:AA==:");
    assert_eq!(service.kind(&stripped), UNSIGNED);
    for name in ["signature", "signature-input"] {
        let mut twice = signed("8");
        let value = HeaderValue::from_str(&text(&twice, name)).unwrap();
        twice.headers.append(name, value);
        assert_eq!(service.kind(&twice), INVALID, "{name}");
    }
    assert_eq!(service.kind(&signed("9")), None);
}

#[test]
fn the_list_has_one_spelling() {
    let service = Service::new();
    let good = good("1");
    for bad in [
        good.replace("\" \"", "\"  \""),
        good.replacen('(', "( ", 1),
        good.replace(";keyid", "; keyid"),
        good.replace(";nonce", ";nonce=\"2\";nonce"),
        good.replacen("\"@method\"", "\"@method\" \"@method\"", 1),
        good.replacen("\"@method\"", "\"@METHOD\"", 1),
        good.replacen("\"@method\"", "@method", 1),
        good.replace("keyid=\"ed\"", "keyid=ed"),
        good.replace("tag=\"fapi-2-request\"", "tag=\"fapi-2-request\";tag=\"x\""),
    ] {
        assert_eq!(service.signed(&bad), INVALID, "{bad}");
    }
    assert_eq!(service.signed(&good), None);
    assert_eq!(
        service.signed(&good.replace("tag=\"fapi-2-request\"", "tag=fapi-2-request")),
        UNSIGNED
    );
    let names: Vec<_> = (0..29).map(|n| format!("\"x-{n}\"")).collect();
    let more = format!("{COVERED} {}", names.join(" "));
    assert_eq!(service.signed(&list(&more, "")), INVALID);
}

// Defect N05 (alg of the signature chooses the algorithm): docs/defects.md
#[test]
fn the_key_owns_the_algorithm() {
    let service = Service::new();
    for (alg, expected) in [
        ("ed25519", None),
        ("hmac-sha256", INVALID),
        ("EdDSA", INVALID),
        ("ecdsa-p256-sha256", INVALID),
    ] {
        let list = list(COVERED, &format!(r#";alg="{alg}";nonce="{alg}""#));
        assert_eq!(service.signed(&list), expected, "{alg}");
    }
    let with_key = |keyid: &str| {
        let list = good("k").replace("keyid=\"ed\"", &format!("keyid=\"{keyid}\""));
        service.signed(&list)
    };
    assert_eq!(with_key("other"), INVALID);
    assert_eq!(with_key("mac"), INVALID);
    assert_eq!(
        service.signed(&good("k2").replace(";keyid=\"ed\"", "")),
        INVALID
    );
    // The same request by the other key.
    let list = good("mac").replace("keyid=\"ed\"", "keyid=\"mac\";alg=\"hmac-sha256\"");
    let mut parts = service.parts(BODY);
    let base = service.base(&parts, &list);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), base.as_bytes());
    set(&mut parts, &list, tag.as_ref());
    assert_eq!(service.kind(&parts), None);
    let cut = STANDARD.encode(&tag.as_ref()[..16]);
    insert(&mut parts, "signature", &format!("sig1=:{cut}:"));
    assert_eq!(service.kind(&parts), INVALID);
}

//! Tokens that are bound to a client certificate, or to a key and a certificate.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::RejectionKind;
use bearergate::binding::Binding;
use bearergate::request::ClientCertificate;
use http::request::Parts;
use serde_json::{Value, json};

use crate::common::*;

fn certificate(byte: u8) -> ClientCertificate {
    ClientCertificate::from_der(vec![0x30, 0x01, byte])
}

fn x5t(byte: u8) -> String {
    URL_SAFE_NO_PAD.encode(certificate(byte).sha256())
}

fn with(mut parts: Parts, certificate: Option<ClientCertificate>) -> Parts {
    if let Some(certificate) = certificate {
        parts.extensions.insert(certificate);
    }
    parts
}

fn both(service_required: bool) -> Service {
    Service::bound(|clock| {
        let binding = Binding::dpop(dpop(clock).build().unwrap()).or_certificates();
        match service_required {
            true => binding.required().build(),
            false => binding.build(),
        }
    })
}

fn certificates() -> Service {
    Service::bound(|_| Binding::certificates().build())
}

fn kind(
    service: &Service,
    scheme: &str,
    cnf: &Value,
    has_proof: bool,
    own: Option<ClientCertificate>,
) -> Option<RejectionKind> {
    let token = service.token(cnf);
    let proof = service.proof(&token).sign();
    let proofs: &[&str] = if has_proof { &[&proof] } else { &[] };
    service.kind(&with(under(scheme, &token, proofs), own))
}

// RFC 8705 section 3.
// Defect F02 (token bound to a certificate accepted without it): docs/defects.md
#[test]
fn a_bound_token_needs_the_certificate_of_the_connection() {
    let cnf = json!({"x5t#S256": x5t(1)});
    for service in [certificates(), both(false), both(true)] {
        let check = |own| kind(&service, "Bearer", &cnf, false, own);
        assert_eq!(check(Some(certificate(1))), None);
        assert_eq!(check(Some(certificate(2))), MISMATCH);
        assert_eq!(check(None), REQUIRED);
        let hash = ClientCertificate::from_sha256(*certificate(1).sha256());
        assert_eq!(check(Some(hash)), None);
        let again = kind(&service, "Bearer", &cnf, true, Some(certificate(1)));
        assert_eq!(again, None);
    }
}

#[test]
fn each_cell_of_the_matrix_has_its_kind() {
    let service = both(false);
    let own = || Some(certificate(1));
    let jkt = json!({"jkt": service.client.thumbprint()});
    let x5t = json!({"x5t#S256": x5t(1)});
    let all = json!({"jkt": service.client.thumbprint(), "x5t#S256": x5t["x5t#S256"]});
    let check = |scheme, cnf: &Value| kind(&service, scheme, cnf, true, own());
    assert_eq!(check("Bearer", &jkt), REQUIRED);
    assert_eq!(check("Bearer", &x5t), None);
    assert_eq!(check("Bearer", &all), REQUIRED);
    assert_eq!(check("DPoP", &jkt), None);
    assert_eq!(check("DPoP", &x5t), MISMATCH);
    assert_eq!(check("DPoP", &all), None);
}

#[test]
fn a_token_that_is_bound_to_both_needs_both_and_keeps_its_proof() {
    let service = both(false);
    let cnf = json!({"jkt": service.client.thumbprint(), "x5t#S256": x5t(1)});
    let token = service.token(&cnf);
    let proof = service.proof(&token).sign();
    let check = |proofs: &[&str], own| service.kind(&with(request(&token, proofs), own));
    assert_eq!(check(&[], Some(certificate(1))), REQUIRED);
    assert_eq!(check(&[&proof], None), REQUIRED);
    assert_eq!(check(&[&proof], Some(certificate(2))), MISMATCH);
    assert_eq!(check(&[&proof], Some(certificate(1))), None);
    assert_eq!(check(&[&proof], Some(certificate(1))), REPLAYED);
}

#[test]
fn a_method_that_is_not_configured_is_never_ignored() {
    let keys = Service::new();
    let x5t = json!({"x5t#S256": x5t(1)});
    assert_eq!(
        kind(&keys, "Bearer", &x5t, false, Some(certificate(1))),
        REQUIRED
    );
    let both = json!({"jkt": keys.client.thumbprint(), "x5t#S256": x5t["x5t#S256"]});
    assert_eq!(
        kind(&keys, "DPoP", &both, true, Some(certificate(1))),
        REQUIRED
    );
    let only = certificates();
    let jkt = json!({"jkt": only.client.thumbprint()});
    assert_eq!(
        kind(&only, "Bearer", &jkt, true, Some(certificate(1))),
        REQUIRED
    );
}

#[test]
fn challenges_say_what_can_mend_it() {
    let challenge = |service: &Service, scheme: &str, cnf: &Value| {
        let token = service.token(cnf);
        let refusal = service.check(&under(scheme, &token, &[])).unwrap_err();
        let headers = refusal.headers();
        let mut lines = headers.get_all("www-authenticate").iter();
        let line = lines.next().unwrap().to_str().unwrap().to_owned();
        assert_eq!(lines.count(), 0);
        assert!(line.contains("error=\"invalid_token\""), "{line}");
        line.split(' ').next().unwrap().to_owned()
    };
    let service = both(true);
    let (jkt, x5t) = (json!({"jkt": x5t(1)}), json!({"x5t#S256": x5t(1)}));
    assert_eq!(challenge(&service, "Bearer", &x5t), "Bearer");
    assert_eq!(challenge(&service, "DPoP", &x5t), "DPoP");
    assert_eq!(challenge(&service, "Bearer", &jkt), "DPoP");
    assert_eq!(challenge(&service, "DPoP", &jkt), "DPoP");
    assert_eq!(challenge(&certificates(), "Bearer", &x5t), "Bearer");
}

// RFC 8705 section 3.1: the hash of the DER bytes, and no other.
// Defect F11 (hash of the text, of the key, or SHA-1 compared): docs/defects.md
#[test]
fn other_hashes_of_the_certificate_do_not_confirm() {
    let service = certificates();
    let der = [0x30, 0x01, 0x01];
    let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
    let sha512 = ring::digest::digest(&ring::digest::SHA512, &der);
    let hex: String = certificate(1)
        .sha256()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let of_text = ring::digest::digest(&ring::digest::SHA256, b"-----BEGIN CERTIFICATE-----");
    // Another hash, and spellings and names that are not understood.
    for (name, value, expected) in [
        ("x5t#S256", URL_SAFE_NO_PAD.encode(of_text), MISMATCH),
        ("x5t#S256", URL_SAFE_NO_PAD.encode(sha1), CLAIM),
        ("x5t#S256", URL_SAFE_NO_PAD.encode(sha512), CLAIM),
        ("x5t#S256", hex, CLAIM),
        ("x5t#S256", x5t(1) + "=", CLAIM),
        ("x5t", URL_SAFE_NO_PAD.encode(sha1), REQUIRED),
        ("x5t#S512", URL_SAFE_NO_PAD.encode(sha512), REQUIRED),
        ("x5t#S256", x5t(1), None),
    ] {
        let cnf = json!({name: value});
        let found = kind(&service, "Bearer", &cnf, false, Some(certificate(1)));
        assert_eq!(found, expected, "{cnf}");
    }
}

const CLAIM: Option<RejectionKind> = Some(RejectionKind::ClaimInvalid);

// RFC 8705 appendix A.
#[test]
fn the_thumbprint_of_the_rfc_is_that_of_its_certificate() {
    const CERTIFICATE: &str = "\
        MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx\
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG\
        SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ\
        /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID\
        SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV\
        bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
    let der = STANDARD.decode(CERTIFICATE).unwrap();
    let own = ClientCertificate::from_der(der);
    let cnf = json!({"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"});
    let service = certificates();
    assert_eq!(kind(&service, "Bearer", &cnf, false, Some(own)), None);
    let other = Some(certificate(1));
    assert_eq!(kind(&service, "Bearer", &cnf, false, other), MISMATCH);
}

//! Content and its digest (RFC 9530).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::RejectionKind;
use bearergate::message::content_digest;
use bearergate::request::Content;
use ring::digest::{SHA256, SHA512, digest};

use crate::common::*;

/// Signs this value of `Content-Digest`, and sends this content.
fn with(service: &Service, value: &str, content: Content<'_>) -> Option<RejectionKind> {
    let mut parts = service.parts(BODY);
    insert(&mut parts, "content-digest", value);
    service.sign(
        &mut parts,
        &list(COVERED, &format!(r#";nonce="{}""#, STANDARD.encode(value))),
    );
    service
        .check(&parts, content)
        .err()
        .map(|refusal| refusal.kind())
}

#[test]
fn every_known_digest_fits_and_one_is_known() {
    let service = Service::new();
    let sha256 = STANDARD.encode(digest(&SHA256, BODY));
    let sha512 = STANDARD.encode(digest(&SHA512, BODY));
    let other = STANDARD.encode(digest(&SHA256, b"other"));
    let body = || Content::Whole(BODY);
    for (value, expected) in [
        (format!("sha-256=:{sha256}:"), None),
        (format!("sha-512=:{sha512}:"), None),
        (format!("sha-256=:{sha256}:, sha-512=:{sha512}:"), None),
        (format!("md5=:AAAA:, sha-256=:{sha256}:"), None),
        (format!("sha-256=:{other}:"), INVALID),
        (format!("sha-256=:{other}:, sha-512=:{sha512}:"), INVALID),
        (format!("sha-512=:{sha256}:"), INVALID),
        ("md5=:AAAA:".to_owned(), INVALID),
        ("sha-256".to_owned(), INVALID),
        (format!("sha-256={sha256}"), INVALID),
        (format!("SHA-256=:{sha256}:"), INVALID),
        (format!("sha-256=:{sha256}:, sha-256=:{sha256}:"), INVALID),
    ] {
        assert_eq!(with(&service, &value, body()), expected, "{value}");
    }
}

// Defect N01 (signature verified and body not): docs/defects.md
#[test]
fn a_changed_body_is_refused_although_the_signature_is_valid() {
    let service = Service::new();
    let value = content_digest(BODY);
    assert_eq!(
        with(&service, &value, Content::Whole(b"ten apples")),
        INVALID
    );
    assert_eq!(with(&service, &value, Content::Whole(b"")), INVALID);
    assert_eq!(with(&service, &value, Content::None), INVALID);
    assert_eq!(with(&service, &value, Content::Unknown), INVALID);
    assert_eq!(with(&service, &value, Content::Whole(BODY)), None);
}

// The digest may be signed in a form of its own; then it still has to be the one of the content.
// Defect N14 (digest covered with a parameter): docs/defects.md
#[test]
fn a_digest_that_is_covered_with_a_parameter_is_compared() {
    let digest = content_digest(BODY);
    let raw = STANDARD.encode(&digest);
    let value = digest.strip_prefix("sha-256=").unwrap();
    let both = format!("md5=:AAAA:, {digest}");
    for (parameter, field, signed, is_covered) in [
        ("", &digest, digest.clone(), true),
        (";sf", &digest, digest.clone(), true),
        (";bs", &digest, format!(":{raw}:"), true),
        (r#";key="sha-256""#, &digest, value.to_owned(), true),
        (r#";key="md5""#, &both, ":AAAA:".to_owned(), false),
    ] {
        for allows in [false, true] {
            let service = Service::with(|verifier| match allows {
                true => verifier.allow_unsigned_content(),
                false => verifier,
            });
            let mut parts = service.parts(BODY);
            insert(&mut parts, "content-digest", field);
            let name = format!(r#""content-digest"{parameter}"#);
            let covered = COVERED.replace(r#""content-digest""#, &name);
            service.sign_as(&mut parts, &list(&covered, ""), &[(&name, &signed)]);
            let check = |content| {
                let checked = service.check(&parts, Content::Whole(content));
                checked.err().map(|refusal| refusal.kind())
            };
            let changed = match allows && !is_covered {
                true => None,
                false => INVALID,
            };
            assert_eq!(check(b"ten apples"), changed, "{parameter} {allows}");
            if is_covered {
                assert_eq!(check(BODY), None, "{parameter} {allows}");
            }
        }
    }
}

// A request of HTTP/2 announces no length.
// Defect N02 (content without a covered digest): docs/defects.md
#[test]
fn content_that_may_be_there_has_to_be_covered() {
    let uncovered = COVERED.replace(r#" "content-digest""#, "");
    let send = |name: Option<(&'static str, &str)>, method: http::Method, content| {
        let service = Service::new();
        let mut parts = service.parts(BODY);
        parts.method = method;
        if let Some((name, value)) = name {
            insert(&mut parts, name, value);
        }
        service.sign(&mut parts, &list(&uncovered, ""));
        service
            .check(&parts, content)
            .err()
            .map(|refusal| refusal.kind())
    };
    let post = || http::Method::POST;
    let get = || http::Method::GET;
    for content in [Content::Unknown, Content::Whole(BODY), Content::Later] {
        assert_eq!(send(None, post(), content), INVALID, "{content:?}");
    }
    assert_eq!(
        send(
            Some(("transfer-encoding", "chunked")),
            get(),
            Content::Unknown
        ),
        INVALID
    );
    assert_eq!(
        send(Some(("content-length", "5")), get(), Content::Unknown),
        INVALID
    );
    assert_eq!(send(None, get(), Content::Unknown), None);
    let empty = Some(("content-length", "0"));
    assert_eq!(send(empty, post(), Content::Later), None);
    assert_eq!(
        send(Some(("content-length", "00")), post(), Content::Later),
        INVALID
    );
    assert_eq!(send(None, http::Method::DELETE, Content::None), None);
    assert_eq!(
        send(Some(("content-length", "0")), post(), Content::Unknown),
        None
    );
    assert_eq!(send(None, http::Method::PUT, Content::None), None);
}

#[test]
fn content_that_is_read_later_is_checked_at_its_end() {
    let service = Service::new();
    let mut parts = service.parts(BODY);
    service.sign(&mut parts, &good("1"));
    let admitted = service.check(&parts, Content::Later).unwrap();
    let check = || admitted.signed().unwrap().content_check().unwrap();
    let mut good = check();
    good.update(&BODY[..4]);
    good.update(&BODY[4..]);
    assert!(good.finish().is_ok());
    let mut bad = check();
    bad.update(b"ten apples");
    assert_eq!(
        bad.finish().unwrap_err().kind(),
        RejectionKind::MessageSignatureInvalid
    );
    assert!(check().finish().is_err());
}

// RFC 9530 section 2 and appendix B.1.
#[test]
fn the_examples_of_rfc_9530_fit_their_content() {
    let service = Service::new();
    let content = b"{\"hello\": \"world\"}\n";
    let sha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let sha512 = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:";
    assert_eq!(bearergate::message::content_digest(content), sha256);
    let both = format!("{sha256},{sha512}");
    for value in [sha256, sha512, &both] {
        assert_eq!(
            with(&service, value, Content::Whole(content)),
            None,
            "{value}"
        );
    }
    for value in [sha256, sha512] {
        let other = Content::Whole(b"{\"hello\": \"world\"}");
        assert_eq!(
            with(&service, &format!("{value} "), other),
            INVALID,
            "{value}"
        );
    }
}

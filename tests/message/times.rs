//! When a request was signed.

use crate::common::*;

// Defect N10 (times in milliseconds, negative, or with fractions): docs/defects.md
#[test]
fn a_signature_is_recent() {
    let service = Service::new();
    let now = NOW.as_secs();
    let at = |created: &str, more: &str| {
        let list = format!(
            r#"({COVERED});created={created};keyid="ed";tag="fapi-2-request";nonce="{created}{more}"{more}"#
        );
        service.signed(&list)
    };
    for (created, expected) in [
        (now, None),
        (now - 60, None),
        (now - 61, INVALID),
        (now + 30, None),
        (now + 31, INVALID),
        (now * 1_000, INVALID),
    ] {
        assert_eq!(at(&created.to_string(), ""), expected, "{created}");
    }
    for bad in [
        "-1",
        "999999999999999",
        &format!("{now}.0"),
        &format!("\"{now}\""),
        "?1",
    ] {
        assert_eq!(at(bad, ""), INVALID, "{bad}");
    }
    for (expires, expected) in [
        (format!("{}", now + 1), None),
        (format!("{now}"), INVALID),
        (format!("{}", now - 1), INVALID),
        (format!("{}.5", now + 10), INVALID),
        ("-1".to_owned(), INVALID),
    ] {
        let more = format!(";expires={expires}");
        assert_eq!(at(&now.to_string(), &more), expected, "{expires}");
    }
    // It ends before it begins, and both are times at which a signature may pass.
    let ends = |expires: u64| at(&(now + 20).to_string(), &format!(";expires={expires}"));
    assert_eq!(ends(now + 20), INVALID);
    assert_eq!(ends(now + 10), INVALID);
    assert_eq!(ends(now + 21), None);
    let none = format!(r#"({COVERED});keyid="ed";tag="fapi-2-request""#);
    assert_eq!(service.signed(&none), INVALID);
}

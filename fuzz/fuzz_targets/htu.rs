//! The comparison of two addresses of a request (RFC 3986 section 6.2.2), as of a proof and a service.
//!
//! The input is two addresses, separated by a line end.
//!
//! Property: nothing panics; which of the two is the proof's does not matter; an address that fits
//! anything fits itself, in every spelling of its scheme and host, with another query, and with an
//! unreserved letter of its path escaped; and `ExternalUrl` finds the same.
#![no_main]

use bearergate::request::TargetUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\n').unwrap_or((text, text));
    let fits = |target: &str, htu: &str| TargetUri::new(target).fits(htu);
    let both = fits(one, other);
    assert_eq!(both, fits(other, one), "not symmetrical");
    if both {
        assert!(fits(one, one) && fits(other, other), "not reflexive");
    }
    if !fits(one, one) {
        return;
    }
    let plain = one.split(['?', '#']).next().unwrap_or_default();
    assert!(fits(one, plain) && fits(plain, &format!("{plain}?x=/../y#z")));
    let (scheme, rest) = plain.split_once("://").expect("what fits is absolute");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    assert!(!authority.contains('@'), "user information");
    let loud = format!(
        "{}://{}{path}",
        scheme.to_uppercase(),
        authority.to_uppercase()
    );
    assert!(fits(plain, &loud), "{loud}");
    if let Some(at) = path.find(|letter: char| letter.is_ascii_alphanumeric())
        && !path[..at].contains('%')
    {
        let escaped = format!(
            "{}%{:02x}{}",
            &path[..at],
            path.as_bytes()[at],
            &path[at + 1..]
        );
        let spelled = format!("{scheme}://{authority}{escaped}");
        assert!(fits(plain, &spelled), "{spelled}");
    }
    assert!(
        !fits(plain, &format!("{plain}/x")) || path.ends_with("/.."),
        "a longer path"
    );
});

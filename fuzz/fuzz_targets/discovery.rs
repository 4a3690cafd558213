//! Discovery documents.
//!
//! The first line is the configured issuer, the rest is the document.
//!
//! Property: nothing panics. `serde_json` reads each accepted document too, its `issuer` is the
//! configured one byte for byte, its `jwks_uri` is returned unchanged, and its other addresses are
//! strings.
#![no_main]

use bearergate::key::jwks_uri_of;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|b| *b == b'\n') else {
        return;
    };
    let (issuer, document) = (&data[..end], &data[end + 1..]);
    let Ok(issuer) = std::str::from_utf8(issuer) else {
        return;
    };
    let Some(jwks_uri) = jwks_uri_of(document, issuer) else {
        return;
    };
    let read: Value =
        serde_json::from_slice(document).expect("no more is accepted than by serde_json");
    assert_eq!(read["issuer"], issuer);
    let text = read.get("jwks_uri").map(|value| value.as_str());
    assert_eq!(text, jwks_uri.as_deref().map(Some));
    for name in ["introspection_endpoint", "revocation_endpoint"] {
        assert!(read.get(name).is_none_or(Value::is_string), "{name}");
    }
});

//! Discovery documents.
//!
//! The first line is the configured issuer, the rest the document.
//!
//! Property: nothing panics; what is accepted is what `serde_json` reads too, its `issuer` is the
//! configured one byte for byte, and its addresses are strings as they stand.
#![no_main]

use bearergate::key::Metadata;
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
    let Ok(metadata) = Metadata::read(document, issuer) else {
        return;
    };
    let read: Value = serde_json::from_slice(document).expect("we accept no more than serde_json");
    assert_eq!(read["issuer"], issuer);
    for (name, own) in [
        ("jwks_uri", metadata.jwks_uri()),
        ("introspection_endpoint", metadata.introspection_endpoint()),
        ("revocation_endpoint", metadata.revocation_endpoint()),
    ] {
        assert_eq!(read.get(name).and_then(Value::as_str), own, "{name}");
        assert_eq!(read.get(name).is_some(), own.is_some(), "{name}");
    }
});

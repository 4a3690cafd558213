//! Encrypted tokens (RFC 7516).
//!
//! The input is the header of a token, a line end, and a text, which is sealed with the secret of the
//! service by AES-GCM, whatever the header says. Without a line end it is a whole token.
//!
//! Property: nothing panics; a token that was not sealed here is not opened; of an opened one `serde_json`
//! reads that its header is one of `dir` with that secret, and the text is the one that was sealed.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::jwe::{DecryptionKey, DecryptionKeys, KeyManagement};
use libfuzzer_sys::fuzz_target;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

const SECRET: [u8; 32] = [7; 32];

static KEYS: LazyLock<DecryptionKeys> = LazyLock::new(|| {
    let own = DecryptionKey::direct(SECRET.to_vec()).expect("the secret has a good length");
    let jwk = |kid: &str, alg: &str| {
        let k = URL_SAFE_NO_PAD.encode([9; 16]);
        json!({"kty": "oct", "k": k, "kid": kid, "alg": alg}).to_string()
    };
    let wrap = DecryptionKey::from_jwk_for(jwk("wrap", "A128KW"), KeyManagement::A128Kw);
    let agree = json!({
        // RFC 7518 appendix C.
        "kty": "EC", "crv": "P-256", "kid": "agree", "alg": "ECDH-ES",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    });
    let agree = DecryptionKey::from_jwk(agree.to_string());
    let keys = [
        own.with_kid("own"),
        wrap.expect("the key is valid"),
        agree.expect("the key is valid"),
    ];
    DecryptionKeys::of(keys).expect("the ids differ")
});

fuzz_target!(|text: &[u8]| {
    let Some(at) = text.iter().position(|byte| *byte == b'\n') else {
        if let Ok(token) = str::from_utf8(text) {
            let opened = KEYS.decrypt(token).try_now().expect("nothing waits");
            assert!(opened.is_err(), "forged");
        }
        return;
    };
    let (header, plain) = (&text[..at], &text[at + 1..]);
    let token = seal(header, plain);
    let opened = KEYS.decrypt(&token).try_now().expect("nothing waits");
    let Ok(opened) = opened else {
        return;
    };
    assert_eq!(opened.plaintext(), plain);
    let header: Value = serde_json::from_slice(header).expect("serde_json refuses it");
    assert_eq!(
        (&header["alg"], &header["enc"]),
        (&json!("dir"), &json!("A256GCM"))
    );
    assert!(header.get("kid").is_none_or(|kid| kid == "own"), "{header}");
    for name in ["crit", "zip", "p2c", "p2s", "b64"] {
        assert!(header.get(name).is_none(), "{header}");
    }
    // One changed byte, and it is not opened.
    let mut other = token.into_bytes();
    let last = other.len() - 10;
    other[last] = if other[last] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).expect("it is ASCII");
    assert!(
        KEYS.decrypt(&other)
            .try_now()
            .expect("nothing waits")
            .is_err()
    );
});

fn seal(header: &[u8], plain: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(header);
    let key = UnboundKey::new(&AES_256_GCM, &SECRET).expect("the secret has the length");
    let mut bytes = plain.to_vec();
    let (nonce, aad) = (
        Nonce::assume_unique_for_key([5; 12]),
        Aad::from(header.as_bytes()),
    );
    let tag = LessSafeKey::new(key).seal_in_place_separate_tag(nonce, aad, &mut bytes);
    let tag = tag.expect("it is short");
    let parts = [&[5; 12][..], &bytes, tag.as_ref()];
    let parts = parts.map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}..{}", parts.join("."))
}

//! Keys and tokens, created in this process and new in every run.

use super::AUDIENCE;
use super::Alg;
use super::ISSUER;
use super::KEY_ID;
use super::Key;
use super::PublicKey;
use super::Tokens;
use crate::case::Probe;
use crate::error::During;
use crate::error::Result;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::EcdsaSigningAlgorithm;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The unit of the times: since the token was issued, until it expires, and of the bad probes.
const HOUR: u64 = 3_600;

/// Signs the input of a token.
pub type Signer = Box<dyn Fn(&[u8]) -> Result<Vec<u8>>>;

/// Creates a new key pair or secret.
///
/// # Errors
///
/// Fails if the cryptography does.
pub fn key(alg: Alg) -> Result<(Signer, Key)> {
    match alg {
        Alg::Hs256 => secret(),
        Alg::Rs256 => rsa(alg, &signature::RSA_PKCS1_SHA256),
        Alg::Ps256 => rsa(alg, &signature::RSA_PSS_SHA256),
        Alg::Es256 => ecdsa(alg, "P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Alg::Es384 => ecdsa(alg, "P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        Alg::EdDsa => ed25519(alg),
    }
}

fn secret() -> Result<(Signer, Key)> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    // A string, because one peer accepts no other secrets.
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
    let signer: Signer = Box::new(move |input| Ok(hmac::sign(&key, input).as_ref().to_vec()));
    Ok((signer, Key::Secret(text)))
}

fn rsa(alg: Alg, padding: &'static dyn signature::RsaEncoding) -> Result<(Signer, Key)> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let public = pair.public_key();
    let jwk = json!({
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    });
    let key = public_key(alg, public, jwk)?;
    let signer: Signer = Box::new(move |input| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &SystemRandom::new(), input, &mut signature)?;
        Ok(signature)
    });
    Ok((signer, key))
}

fn ecdsa(alg: Alg, curve: &str, signing: &'static EcdsaSigningAlgorithm) -> Result<(Signer, Key)> {
    let pair = EcdsaKeyPair::generate(signing)?;
    let point = pair.public_key().as_ref();
    // SEC 1, section 2.3.3: an uncompressed point is 4, x, y.
    let (x, y) = point[1..].split_at(point.len() / 2);
    let jwk = json!({
        "kty": "EC",
        "crv": curve,
        "x": URL_SAFE_NO_PAD.encode(x),
        "y": URL_SAFE_NO_PAD.encode(y),
    });
    let key = public_key(alg, pair.public_key(), jwk)?;
    let signer: Signer = Box::new(move |input| {
        let signature = pair.sign(&SystemRandom::new(), input)?;
        Ok(signature.as_ref().to_vec())
    });
    Ok((signer, key))
}

fn ed25519(alg: Alg) -> Result<(Signer, Key)> {
    let pair = Ed25519KeyPair::generate()?;
    let jwk = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
    });
    let key = public_key(alg, pair.public_key(), jwk)?;
    let signer: Signer = Box::new(move |input| Ok(pair.sign(input).as_ref().to_vec()));
    Ok((signer, key))
}

fn public_key<K>(alg: Alg, key: &K, mut jwk: Value) -> Result<Key>
where
    K: AsRef<[u8]> + AsDer<PublicKeyX509Der<'static>>,
{
    jwk["kid"] = KEY_ID.into();
    jwk["alg"] = alg.name().into();
    jwk["use"] = "sig".into();
    Ok(Key::Public(PublicKey {
        bytes: key.as_ref().to_vec(),
        pem: pem(AsDer::<PublicKeyX509Der<'_>>::as_der(key)?.as_ref()),
        jwk,
    }))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: String = lines.map(|line| line.into_owned() + "\n").collect();
    format!("-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n")
}

/// Creates the token of every probe.
///
/// # Errors
///
/// Fails if signing does.
pub fn tokens(alg: Alg, signer: &Signer) -> Result<Tokens> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    // Signed once, so that the modified tokens differ from it in one part.
    let good = sign(alg, &claims(now, Probe::Good), signer)?;
    Tokens::new(|probe| match probe {
        Probe::Good => Ok(good.clone()),
        Probe::BadSignature => with_part(&good, 2, |signature| signature[20] ^= 1),
        Probe::BadPayload => with_part(&good, 1, |payload| swap(payload, b"acme", b"evil")),
        other => sign(alg, &claims(now, other), signer),
    })
}

fn claims(now: u64, probe: Probe) -> Value {
    let begin = match probe {
        Probe::Early => now + HOUR,
        Probe::Expired => now - 3 * HOUR,
        _ => now - HOUR,
    };
    json!({
        "iss": if probe == Probe::OtherIssuer { "https://idp.example.net" } else { ISSUER },
        "sub": "user-5f1c9e2a",
        "aud": if probe == Probe::OtherAudience { "https://api.example.net" } else { AUDIENCE },
        "exp": begin + 2 * HOUR,
        "nbf": begin,
        "iat": now - 3 * HOUR,
        "jti": "b9d2c6f0a1e84c7d",
        "client_id": "mobile-app",
        "scope": "orders:read orders:write",
        "tenant": "acme",
        "roles": ["buyer", "auditor"],
        "level": 3,
    })
}

fn sign(alg: Alg, claims: &Value, signer: &Signer) -> Result<String> {
    let header = json!({ "alg": alg.name(), "kid": KEY_ID, "typ": "at+jwt" });
    let input = format!("{}.{}", encode(&header), encode(claims));
    let signature = signer(input.as_bytes()).during("signing a token")?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Changes one of the three parts of a token.
///
/// # Errors
///
/// Fails if the part is not base64url.
pub fn with_part(token: &str, index: usize, change: impl FnOnce(&mut [u8])) -> Result<String> {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[index])?;
    change(&mut bytes);
    parts[index] = URL_SAFE_NO_PAD.encode(bytes);
    Ok(parts.join("."))
}

/// Replaces the first `old` by `new`, which has the same length.
pub fn swap(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let found = bytes.windows(old.len()).position(|window| window == old);
    let start = found.expect("the claims contain the text to replace");
    bytes[start..start + new.len()].copy_from_slice(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hs256_token_has_about_500_bytes() {
        let (signer, _) = key(Alg::Hs256).unwrap();
        let tokens = tokens(Alg::Hs256, &signer).unwrap();
        let length = tokens.of(Probe::Good).len();
        assert!((450..=550).contains(&length), "{length}");
    }

    #[test]
    fn every_probe_is_another_token() {
        let (signer, _) = key(Alg::Es256).unwrap();
        let tokens = tokens(Alg::Es256, &signer).unwrap();
        let mut all: Vec<_> = Probe::ALL.iter().map(|probe| tokens.of(*probe)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Probe::ALL.len());
    }
}

//! The bare signature checks: the lower bound of every validation.
//!
//! The key is prepared and the signature is decoded in advance.

use super::Alg;
use super::Fixture;
use super::Key;
use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Creates the case of each provider.
///
/// # Errors
///
/// Fails if a provider refuses the key.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let checks = [
        (Provider::Ring, check(fixture, ring(fixture))?),
        (Provider::AwsLcRs, check(fixture, aws_lc_rs(fixture)?)?),
    ];
    let cases = checks.map(|(provider, check)| {
        let name = provider.raw().expect("both providers have a raw check");
        Case::new(name, provider, check).refusing(Probe::BADLY_SIGNED)
    });
    Ok(cases.into())
}

/// Verifies a signature over an input.
type Verify = Box<dyn Fn(&[u8], &[u8]) -> bool>;

fn check(fixture: &Fixture, verify: Verify) -> Result<Check> {
    let signed = Probe::ALL
        .map(|probe| Signed::from(fixture.tokens.of(probe)))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    Ok(Box::new(move |probe| {
        let signed = &signed[probe as usize];
        verify(&signed.input, &signed.signature)
    }))
}

struct Signed {
    input: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn from(token: &str) -> Result<Self> {
        let (input, signature) = token.rsplit_once('.').ok_or("a token without dots")?;
        Ok(Self {
            input: input.into(),
            signature: URL_SAFE_NO_PAD.decode(signature)?,
        })
    }
}

fn ring(fixture: &Fixture) -> Verify {
    use ring::hmac;
    use ring::signature::ECDSA_P256_SHA256_FIXED;
    use ring::signature::ECDSA_P384_SHA384_FIXED;
    use ring::signature::ED25519;
    use ring::signature::RSA_PKCS1_2048_8192_SHA256;
    use ring::signature::RSA_PSS_2048_8192_SHA256;
    use ring::signature::UnparsedPublicKey;
    use ring::signature::VerificationAlgorithm;

    let public = match &fixture.key {
        Key::Public(public) => public.bytes.clone(),
        Key::Secret(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            return Box::new(move |input, tag| hmac::verify(&key, input, tag).is_ok());
        }
    };
    let algorithm: &'static dyn VerificationAlgorithm = match fixture.alg {
        Alg::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Alg::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Alg::Es256 => &ECDSA_P256_SHA256_FIXED,
        Alg::Es384 => &ECDSA_P384_SHA384_FIXED,
        Alg::EdDsa | Alg::Hs256 => &ED25519,
    };
    let key = UnparsedPublicKey::new(algorithm, public);
    Box::new(move |input, signature| key.verify(input, signature).is_ok())
}

fn aws_lc_rs(fixture: &Fixture) -> Result<Verify> {
    use aws_lc_rs::hmac;
    use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
    use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED;
    use aws_lc_rs::signature::ED25519;
    use aws_lc_rs::signature::ParsedPublicKey;
    use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
    use aws_lc_rs::signature::RSA_PSS_2048_8192_SHA256;

    let public = match &fixture.key {
        Key::Public(public) => &public.bytes,
        Key::Secret(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            return Ok(Box::new(move |input, tag| {
                hmac::verify(&key, input, tag).is_ok()
            }));
        }
    };
    let key = match fixture.alg {
        Alg::Rs256 => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public),
        Alg::Ps256 => ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public),
        Alg::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public),
        Alg::Es384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, public),
        Alg::EdDsa | Alg::Hs256 => ParsedPublicKey::new(&ED25519, public),
    }
    .during("raw aws-lc-rs")?;
    Ok(Box::new(move |input, signature| {
        key.verify_sig(input, signature).is_ok()
    }))
}

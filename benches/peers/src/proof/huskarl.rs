//! `huskarl-resource-server` 0.11 with its native crypto (RustCrypto).
//!
//! Its proof validator leaves the comparisons with the request and the token to the caller, which its access
//! token validators do; they are done here.

use super::API;
use super::METHOD;
use super::PATH;
use super::Proofs;
use super::TOKEN;
use super::hash;
use crate::case::Case;
use crate::case::Provider;
use crate::jwt::peers::ready;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huskarl_crypto_native::NativeVerifierPlatform;
use huskarl_resource_server::validator::dpop_proof::DPoPProofValidator;
use std::hint::black_box;
use std::sync::Arc;

/// Creates the case.
pub fn case(proofs: &Proofs) -> Case {
    let validator = DPoPProofValidator::builder()
        .jws_verifier_platform(Arc::new(NativeVerifierPlatform))
        .allowed_signing_algorithms(vec![proofs.fixture.alg.name().to_owned()])
        .build();
    let thumbprint = URL_SAFE_NO_PAD.encode(proofs.thumbprint);
    let check = proofs.fixture.check(move |proof| {
        let Some(Ok(found)) = black_box(ready(validator.validate(proof))) else {
            return false;
        };
        let htu = format!("{API}{PATH}");
        let ath = URL_SAFE_NO_PAD.encode(hash(TOKEN.as_bytes()));
        found.thumbprint.as_deref() == Some(&*thumbprint)
            && found.htm.as_deref() == Some(METHOD)
            && found.htu.as_deref() == Some(&*htu)
            && found.ath.as_deref() == Some(&*ath)
    });
    let name = "huskarl-resource-server 0.11 rust-crypto";
    Case::new(name, Provider::RustCrypto, check)
}

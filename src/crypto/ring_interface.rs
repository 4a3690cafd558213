//! Verifiers that are the same source text on `ring` and on `aws-lc-rs`.
//!
//! `aws-lc-rs` has the interface of `ring` for MACs and for the names of the RSA parameters, but
//! with types of its own, so a macro writes these items once for each library.

/// Defines `Mac`, `rsa_params` and `verify_embedded` on the library that is in scope as `$library`.
macro_rules! mac_and_rsa_params {
    ($library:ident) => {
        fn rsa_params(algorithm: Algorithm) -> Option<&'static $library::signature::RsaParameters> {
            use $library::signature;
            Some(match algorithm {
                Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
                Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
                Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                _ => return None,
            })
        }

        /// Returns true only if the signature is valid under a key that is used once.
        fn verify_embedded(
            key: EmbeddedKey<'_>,
            algorithm: Algorithm,
            message: &[u8],
            signature: &[u8],
        ) -> bool {
            use $library::signature::{ED25519, RsaPublicKeyComponents, UnparsedPublicKey};
            match key {
                EmbeddedKey::Ec(curve, point) => {
                    signature.len() == 2 * curve.len()
                        && ecdsa_params(curve).is_some_and(|params| {
                            let key = UnparsedPublicKey::new(params, point);
                            key.verify(message, signature).is_ok()
                        })
                }
                EmbeddedKey::Ed25519(point) => {
                    let key = UnparsedPublicKey::new(&ED25519, point);
                    key.verify(message, signature).is_ok()
                }
                EmbeddedKey::Rsa(n, e) => rsa_params(algorithm).is_some_and(|params| {
                    let key = RsaPublicKeyComponents { n, e };
                    key.verify(params, message, signature).is_ok()
                }),
            }
        }

        /// One prepared secret for each algorithm that the key serves.
        struct Mac {
            hs256: Option<$library::hmac::Key>,
            hs384: Option<$library::hmac::Key>,
            hs512: Option<$library::hmac::Key>,
        }

        impl Mac {
            fn new(secret: &[u8], algorithms: Algorithms) -> Self {
                use $library::hmac;
                let key = |algorithm, hash| {
                    algorithms
                        .contains(algorithm)
                        .then(|| hmac::Key::new(hash, secret))
                };
                Self {
                    hs256: key(Algorithm::Hs256, hmac::HMAC_SHA256),
                    hs384: key(Algorithm::Hs384, hmac::HMAC_SHA384),
                    hs512: key(Algorithm::Hs512, hmac::HMAC_SHA512),
                }
            }

            fn key(&self, algorithm: Algorithm) -> Option<&$library::hmac::Key> {
                match algorithm {
                    Algorithm::Hs256 => self.hs256.as_ref(),
                    Algorithm::Hs384 => self.hs384.as_ref(),
                    Algorithm::Hs512 => self.hs512.as_ref(),
                    _ => None,
                }
            }
        }

        impl Verify for Mac {
            fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
                self.key(algorithm)
                    .is_some_and(|key| $library::hmac::verify(key, message, signature).is_ok())
            }
        }
    };
}

pub(super) use mac_and_rsa_params;

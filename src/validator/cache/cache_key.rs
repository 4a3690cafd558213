//! The key of a credential in the token cache.

use std::fmt;

use ring::digest;

use crate::credential::Credential;

/// SHA-256 over a domain tag, the validator's number, and scheme and credential with their
/// lengths.
///
/// Every byte of the credential is hashed, so no two credentials share an entry.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    pub(super) fn new(validator: u64, credential: &Credential<'_>) -> Self {
        let (scheme, token) = (credential.scheme().as_str(), credential.expose());
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(TAG);
        context.update(&validator.to_be_bytes());
        for part in [scheme.as_bytes(), token.as_bytes()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut key = [0; 32];
        let hash = context.finish();
        key.iter_mut()
            .zip(hash.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(key)
    }
}

const TAG: &[u8] = b"bearergate token cache 1\0";

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey([redacted])")
    }
}

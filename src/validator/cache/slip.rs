//! What a credential is found by.

use std::fmt;

use ring::digest;

use crate::credential::Credential;

/// SHA-256 over a domain tag, the judge, and scheme and credential with their lengths.
///
/// All bytes of the credential count, so no two share an entry.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct Slip([u8; 32]);

impl Slip {
    pub(super) fn new(judge: u64, credential: &Credential<'_>) -> Self {
        let (scheme, token) = (credential.scheme().as_str(), credential.expose());
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(TAG);
        context.update(&judge.to_be_bytes());
        for part in [scheme.as_bytes(), token.as_bytes()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut slip = [0; 32];
        let hash = context.finish();
        slip.iter_mut()
            .zip(hash.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(slip)
    }
}

const TAG: &[u8] = b"bearergate token cache 1\0";

impl fmt::Debug for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slip([redacted])")
    }
}

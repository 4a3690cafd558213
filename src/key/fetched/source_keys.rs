//! The keys of a source, and which of them may be used at a time.

use std::ops::Range;
use std::sync::Arc;

use super::fetch_problem::FetchProblem;
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::key::certificate_map::CertificateKeys;
use crate::key::import::KeyImporter;
use crate::key::set::KeySet;

/// The form in which a source publishes its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum SourceForm {
    /// A JWK Set (RFC 7517).
    Jwks,
    /// An object of certificates in PEM, each under its key id.
    Certificates,
    /// One key in PEM, which gets this key id.
    Pem(Arc<str>),
}

impl SourceForm {
    /// Returns the media types to ask for.
    pub(super) const fn types(&self) -> &'static str {
        match self {
            Self::Jwks => "application/jwk-set+json, application/json",
            Self::Certificates => "application/json",
            Self::Pem(_) => "*/*",
        }
    }

    /// Reads the keys.
    pub(super) fn read(
        &self,
        import: &KeyImporter,
        body: &[u8],
    ) -> Result<SourceKeys, FetchProblem> {
        let keys = match self {
            Self::Jwks => import
                .jwks(body)
                .map(|keys| SourceKeys::Lasting(Arc::new(keys))),
            Self::Certificates => import
                .certificate_map(body)
                .map(|keys| SourceKeys::Dated(Arc::new(keys))),
            Self::Pem(kid) => import
                .pem(body)
                .and_then(|key| key.with_kid(&**kid))
                .map(|key| SourceKeys::Lasting(Arc::new(KeySet::from(key)))),
        };
        keys.map_err(|error| self.problem(error))
    }

    fn problem(&self, error: ConfigError) -> FetchProblem {
        let (text, remedy) = match (error.kind(), self) {
            (_, Self::Pem(_)) => (
                "the answer is no usable key in PEM",
                "check that the address is that of one public key in PEM",
            ),
            (ConfigErrorKind::OutOfRange, _) => (
                "the set has more keys than its limit",
                "raise the limit with `max_keys` (up to 1000), or have keys removed at the provider",
            ),
            (ConfigErrorKind::NoUsableKey, Self::Jwks) => (
                "the answer is no JWK Set with a usable key",
                "have the provider publish a public signing key of a supported kind; the reason for \
                 each key is given with it",
            ),
            (ConfigErrorKind::NoUsableKey, Self::Certificates) => (
                "the answer has no certificate with a usable key",
                "have the provider publish a certificate of a supported key; a JWK Set needs \
                 `FetchedKeys::jwks_url`",
            ),
            (_, Self::Jwks) => (
                "the answer is no JWK Set",
                "check that the address is that of a JWK Set, not of a page, of one key or of a \
                 discovery document; an object of certificates needs `FetchedKeys::certificate_map`",
            ),
            (_, Self::Certificates) => (
                "the answer is no object of certificates",
                "check that the address is that of an object of certificates by key id, not of a \
                 page; a JWK Set needs `FetchedKeys::jwks_url`",
            ),
        };
        FetchProblem::new(text, remedy).because(error)
    }
}

/// The keys that a source published.
#[derive(Clone)]
pub(super) enum SourceKeys {
    /// Usable as long as the source publishes them.
    Lasting(Arc<KeySet>),
    /// Usable in the validity of their certificates too.
    Dated(Arc<CertificateKeys>),
}

impl SourceKeys {
    /// Returns the keys that may be used at this time, and the times for which they are the same.
    pub(super) fn valid_at(&self, now: UnixTime) -> (Arc<KeySet>, Range<UnixTime>) {
        match self {
            Self::Lasting(keys) => (Arc::clone(keys), ALWAYS),
            Self::Dated(keys) => {
                let (keys, span) = keys.valid_at(now);
                (Arc::new(keys), span)
            }
        }
    }
}

const ALWAYS: Range<UnixTime> = UnixTime::from_secs(0)..UnixTime::from_secs(u64::MAX);

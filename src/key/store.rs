//! Where keys come from.

use std::fmt;
use std::sync::Arc;

use super::set::KeySet;
use crate::crypto::Algorithm;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// Brings the keys of one issuer.
///
/// [`KeySet`] is the store whose keys never change.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Brings the keys to choose from. The hint is unverified: it may speed up the search or
    /// cause a refresh, but it never decides what is trusted.
    ///
    /// # Errors
    ///
    /// A store that cannot answer gives [`Unavailable`](crate::error::RejectionKind::Unavailable), never
    /// an empty set.
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>>;

    /// Says whether a verdict reached under this key may still stand. Asked on every cache hit.
    fn status(&self, key: &KeyId) -> KeyStatus;

    /// Finds out what is wrong with where the keys come from, for the operator; a store that
    /// has nothing to tell finds nothing.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(Vec::new())
    }

    /// Brings the keys before the first token needs them; a store that has them does nothing.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable) if they do not come.
    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

const _: Option<&dyn KeyStore> = None;

impl<S: KeyStore + ?Sized> KeyStore for Arc<S> {
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        (**self).find(hint)
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        (**self).status(key)
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose()
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        (**self).warm_up()
    }
}

/// What an unverified token says about its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct KeyHint<'a> {
    kid: Option<&'a str>,
    algorithm: Algorithm,
}

impl<'a> KeyHint<'a> {
    /// Makes a hint from the header's `kid` and `alg`.
    pub const fn new(kid: Option<&'a str>, algorithm: Algorithm) -> Self {
        Self { kid, algorithm }
    }

    /// Returns the header's `kid`: untrusted, opaque, at most 256 bytes.
    pub const fn kid(&self) -> Option<&'a str> {
        self.kid
    }

    /// Returns the header's `alg`.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Whether a key still counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyStatus {
    /// It is among the keys, and they are up to date.
    Fresh,
    /// It is no longer among the keys.
    Gone,
    /// It was among the keys when they were last up to date, and they may still be used.
    Stale,
    /// The keys are too old to say.
    Unknown,
}

//! Stores that provide the keys of one issuer.

use std::fmt;
use std::sync::Arc;

use super::hint::KeyHint;
use super::set::KeySet;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// A source of the keys of one issuer.
///
/// A [`JwtValidator`](crate::JwtValidator) asks it for every token that no cache answers.
/// [`KeySet`] is the store whose keys never change, [`FetchedKeys`](crate::key::FetchedKeys)
/// fetches them from the issuer. Implement the trait for keys from elsewhere, such as a secret
/// manager.
///
/// Contract:
///
/// - Return a key set only if every key in it belongs to this issuer and may verify tokens *now*.
///   A key that was withdrawn must be absent.
/// - The hint is untrusted. It must never decide which keys are trusted.
/// - Report an outage as [`Unavailable`](crate::RejectionKind::Unavailable). An empty or outdated
///   set in its place would turn valid tokens into invalid ones, or the reverse.
/// - Have no side effect before the returned future is first polled: a caller that cannot wait
///   drops it and calls again. Dropping it must not cancel work that others wait for.
/// - [`status`](Self::status) is called on every cache hit, so it must be fast and must not block.
///
/// ```
/// use std::sync::{Arc, RwLock};
/// use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
/// use bearergate::principal::KeyId;
/// use bearergate::{JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind};
///
/// /// Keys that an operator replaces while the service runs.
/// #[derive(Debug)]
/// struct ReplaceableKeys(RwLock<Arc<KeySet>>);
///
/// impl KeyStore for ReplaceableKeys {
///     fn find<'a>(
///         &'a self,
///         _hint: KeyHint<'a>,
///     ) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
///         let keys = self.0.read().map(|keys| Arc::clone(&keys));
///         NowOrLater::now(keys.map_err(|_| RejectionKind::Unavailable.into()))
///     }
///
///     fn status(&self, key: &KeyId) -> KeyStatus {
///         match self.0.read() {
///             Ok(keys) if keys.keys().iter().any(|own| own.id() == *key) => KeyStatus::Fresh,
///             Ok(_) => KeyStatus::Gone,
///             Err(_) => KeyStatus::Unknown,
///         }
///     }
/// }
///
/// let keys = KeySet::from(Key::from_secret(vec![7; 32])?);
/// let store = Arc::new(ReplaceableKeys(RwLock::new(Arc::new(keys))));
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .key_store(store)
///     .build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Returns the set from which the key for this token is picked.
    ///
    /// The set picks the key by its own rule, see [`KeySet`]. The hint is unverified: it may cause
    /// a refresh, but it never decides what is trusted.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::RejectionKind::Unavailable) if the keys cannot be read now, and
    /// [`KeyNotFound`](crate::RejectionKind::KeyNotFound) if it is certain that no key matches.
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>>;

    /// Returns whether a result that was verified with this key is still valid.
    ///
    /// A cache asks this on every hit. Return [`Fresh`](KeyStatus::Fresh) or
    /// [`Stale`](KeyStatus::Stale) only if the key would still be among the keys of
    /// [`find`](Self::find).
    fn status(&self, key: &KeyId) -> KeyStatus;

    /// Examines where the keys come from, for the operator, and changes nothing.
    ///
    /// The findings are part of what [`Gate::doctor`](crate::Gate::doctor) reports. By default
    /// there are none.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(Vec::new())
    }

    /// Loads the keys before the first token needs them.
    ///
    /// By default it does nothing, which suits a store that always has its keys.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::RejectionKind::Unavailable) if the keys cannot be loaded.
    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

const _: Option<&dyn KeyStore> = None;

impl KeyStore for KeySet {
    fn find<'a>(&'a self, _hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        NowOrLater::now(Ok(self.to_shared()))
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        if self.has(key) {
            KeyStatus::Fresh
        } else {
            KeyStatus::Gone
        }
    }
}

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

/// The status of a key that verified a signature earlier.
///
/// A cached result is used only if the key is [`Fresh`](Self::Fresh) or [`Stale`](Self::Stale).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyStatus {
    /// The key is in the set, and the set is up to date.
    ///
    /// A cached result that was verified with it may be used.
    Fresh,
    /// The key is no longer in the set: what it verified is no longer valid.
    ///
    /// A cached result is removed, and the token is validated again.
    Gone,
    /// The key was in the set when that was last up to date, and the set may still be used.
    ///
    /// A cached result may be used, as a token that is validated now would be accepted with this
    /// key.
    Stale,
    /// The set is too old to be used, so nothing is known about the key.
    ///
    /// A cached result is not used, and the token is validated again.
    Unknown,
}

//! The secret and the window of nonces.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::error::ConfigError;
use crate::limits;
use crate::secret_source::SecretSource;

/// The secret of nonces, and how long they live. Cheap to clone. `Debug` shows no secret.
///
/// A nonce lives one to two windows, by default two to four minutes. The service sends the next one
/// while the client's is about to end.
///
/// ```
/// use bearergate::nonce::Nonces;
///
/// // Every node of a service has a secret of its own here: it is for a service of one node.
/// let nonces = Nonces::of_this_process()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Nonces(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    newest: hmac::Key,
    older: Option<hmac::Key>,
    window: Duration,
    is_shared: bool,
}

impl Nonces {
    /// Takes a secret of 32 to 64 random bytes, which must be the same on every node and in every
    /// service of one origin.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a secret of another length, and
    /// the errors of [`SecretSource::read`].
    pub fn shared(secret: &SecretSource) -> Result<Self, ConfigError> {
        Ok(Self::new(key(secret)?, true))
    }

    /// Makes a random secret for this process. Nonces of another process are then refused, so with
    /// several nodes every change of the node costs the client a request.
    ///
    /// # Errors
    ///
    /// [`NoUsableKey`](crate::error::ConfigErrorKind::NoUsableKey) if the system has no random numbers.
    pub fn of_this_process() -> Result<Self, ConfigError> {
        let mut secret = Zeroizing::new([0; 32]);
        let filled = SystemRandom::new().fill(&mut *secret);
        filled.map_err(|_| ConfigError::no_random("nonces"))?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*secret);
        Ok(Self::new(key, false))
    }

    fn new(newest: hmac::Key, is_shared: bool) -> Self {
        Self(Arc::new(Inner {
            newest,
            older: None,
            window: limits::NONCE_WINDOW,
            is_shared,
        }))
    }

    /// Accepts nonces of the secret before this one too, for a rotation: begin with the new secret and
    /// the old one on all nodes, and remove the old one after two windows. New nonces have the new
    /// secret.
    ///
    /// # Errors
    ///
    /// As [`shared`](Self::shared), and [`Conflict`](crate::error::ConfigErrorKind::Conflict) if there
    /// is an older secret already.
    pub fn with_older(self, secret: &SecretSource) -> Result<Self, ConfigError> {
        if self.0.older.is_some() {
            let detail = "expected one older secret, found two; a rotation has one";
            return Err(ConfigError::conflict("older", detail));
        }
        let older = key(secret)?;
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.older = Some(older);
        Ok(Self(Arc::new(inner)))
    }

    /// Sets the length of the window, in whole seconds; 120 s by default.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) outside
    /// [`limits::NONCE_WINDOW_MIN`] to [`limits::NONCE_WINDOW_MAX`].
    pub fn lasting(self, window: Duration) -> Result<Self, ConfigError> {
        let range = limits::NONCE_WINDOW_MIN..=limits::NONCE_WINDOW_MAX;
        if !range.contains(&window) {
            return Err(ConfigError::out_of_range("window", window, range));
        }
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.window = Duration::from_secs(window.as_secs());
        Ok(Self(Arc::new(inner)))
    }

    /// Returns whether other processes have the same secret.
    pub(super) fn is_shared(&self) -> bool {
        self.0.is_shared
    }

    /// Returns the length of the window in seconds.
    pub(super) fn window_secs(&self) -> u64 {
        self.0.window.as_secs()
    }

    /// Returns the keys, the newest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &hmac::Key> {
        [Some(&self.0.newest), self.0.older.as_ref()]
            .into_iter()
            .flatten()
    }
}

fn key(secret: &SecretSource) -> Result<hmac::Key, ConfigError> {
    let secret = secret.read()?;
    let (bytes, range) = (
        secret.expose(),
        limits::NONCE_SECRET_BYTES_MIN..=limits::NONCE_SECRET_BYTES_MAX,
    );
    if !range.contains(&bytes.len()) {
        return Err(ConfigError::out_of_range("secret", bytes.len(), range));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes))
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces")
            .field("window", &self.0.window)
            .field("shared", &self.0.is_shared)
            .field("older", &self.0.older.is_some())
            .finish()
    }
}

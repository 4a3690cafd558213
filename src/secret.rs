//! Secret bytes that are redacted in `Debug` and wiped from memory.

use std::fmt;

use zeroize::Zeroizing;

/// Secret bytes that cannot be printed or compared and are wiped when dropped.
///
/// [`expose`](Self::expose) is the only access, so that a search for its name finds every use.
/// Copies that the caller made before, or makes of the exposed bytes, are not wiped.
///
/// ```
/// use bearergate::secret::Secret;
///
/// let secret = Secret::new(b"correct horse battery staple 123".to_vec());
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// assert_eq!(secret.expose().len(), 32);
/// ```
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Creates a secret from its bytes without copying them. Copies that were made before are not
    /// wiped.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the secret bytes. Do not log them, and compare them in constant time only. What the
    /// caller copies from them is not wiped.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

/// A newly created secret that its owner is shown once, such as an API key.
///
/// It cannot be printed, compared or cloned, and is wiped when dropped.
/// [`reveal`](Self::reveal) is the only access and consumes it. Stores keep only a digest, so the
/// secret cannot be recovered later.
///
/// ```compile_fail
/// # fn show(secret: bearergate::secret::ShownOnce) {
/// let text = format!("{secret}");
/// # }
/// ```
///
/// ```
/// # fn show(secret: bearergate::secret::ShownOnce) {
/// let text = secret.reveal();
/// # }
/// ```
#[must_use = "a secret that is not revealed now is lost"]
pub struct ShownOnce(Zeroizing<String>);

impl ShownOnce {
    pub(crate) const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// Returns the secret as text. The text and its copies are no longer wiped; the caller is
    /// responsible for them.
    #[must_use]
    pub fn reveal(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce([redacted])")
    }
}

/// A new credential: the secret, to be given to its owner now, and the record of it without the
/// secret.
#[non_exhaustive]
#[derive(Debug)]
pub struct Issued<T> {
    /// The secret. It is not kept anywhere else. If it is dropped without
    /// [`reveal`](ShownOnce::reveal), the credential is useless and should be revoked.
    pub secret: ShownOnce,
    /// What was issued, to whom and for how long.
    pub record: T,
}

//! Bytes that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

/// Secret bytes: not printable, not comparable, wiped when dropped.
///
/// [`expose`](Self::expose) is the only way out, so that a reviewer finds every use by its name.
/// It does not wipe copies that the caller made before or makes after.
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
    /// Takes the bytes over without copying them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the secret bytes.
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

/// A secret that was just made and is shown to its owner once: it cannot be printed, compared or
/// cloned by accident, and is wiped when dropped.
///
/// [`reveal`](Self::reveal) is the only way out and uses it up. Only a digest of it is kept
/// anywhere else, so that a secret which was not taken down then is lost.
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

    /// Gives the secret out. What becomes of the text, and of its copies, is the caller's care.
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
    /// The secret. It is not kept anywhere else.
    pub secret: ShownOnce,
    /// What was issued, to whom and for how long.
    pub record: T,
}

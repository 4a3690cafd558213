//! Secrets that are redacted in output and wiped from memory.

use std::fmt;

use zeroize::Zeroizing;

/// Secret bytes: not printable, not comparable, wiped from memory when dropped.
///
/// [`expose`](Self::expose) is the only access, so that a reviewer finds every use by its name.
/// Copies that the caller made before or makes later are not wiped.
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
    /// Takes ownership of the bytes without a copy.
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

/// A new secret together with what is stored about it.
///
/// Every manager of this crate returns this when it creates a credential: the secret, which goes
/// to its owner and is kept nowhere, and the record, from which the secret cannot be computed.
///
/// ```
/// use bearergate::api_key::{ApiKeyError, ApiKeyId, ApiKeyManager, NewApiKey};
///
/// async fn issue(keys: &ApiKeyManager) -> Result<(String, ApiKeyId), ApiKeyError> {
///     let issued = keys.create(NewApiKey::new("robot-7").never_expires()).await?;
///     Ok((issued.secret.reveal(), issued.record.id()))
/// }
/// # let _ = issue;
/// ```
#[derive(Debug)]
#[must_use = "the secret is lost unless it is revealed now"]
#[non_exhaustive]
pub struct Issued<T> {
    /// The only copy of the secret, for its owner.
    pub secret: ShownOnce,
    /// What the store keeps about the credential.
    pub record: T,
}

impl<T> Issued<T> {
    pub(crate) const fn new(secret: ShownOnce, record: T) -> Self {
        Self { secret, record }
    }
}

/// A new secret that is shown to its owner once. It cannot be printed, compared or cloned, and is
/// wiped from memory when dropped.
///
/// [`reveal`](Self::reveal) is the only access and consumes it. Everything else keeps only a
/// digest, so a secret that its owner does not save at that time is lost.
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
#[must_use = "the secret is lost unless it is revealed now"]
pub struct ShownOnce(Zeroizing<String>);

impl ShownOnce {
    pub(crate) const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// Returns the secret. The caller is responsible for the text and its copies from then on.
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

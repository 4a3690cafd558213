//! The authority, format and peppers of API keys.

use std::fmt;
use std::sync::Arc;

use super::format::{ApiKeyFormat, LegacyFormat, PepperSet};
use super::store::PepperCheck;
use crate::error::ConfigError;
use crate::principal::Authority;

/// The authority, the format and the peppers that the API keys of one service share.
///
/// An [`ApiKeyManager`](crate::api_key::ApiKeyManager) issues keys of a scheme, an
/// [`ApiKeyValidator`](crate::ApiKeyValidator) accepts them. Cheap to clone.
///
/// ```
/// use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
/// # use bearergate::secret::Secret;
/// use bearergate::secret_source::SecretSource;
///
/// # let secret = || Ok::<_, std::io::Error>(Secret::new(vec![7; 32]));
/// # let source = SecretSource::from_fn("vault", secret);
/// let peppers = PepperSet::new(1, &source)?;
/// let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?;
/// # let _ = scheme;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyScheme(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    authority: Authority,
    format: ApiKeyFormat,
    legacy: Option<LegacyFormat>,
    peppers: PepperSet,
}

impl ApiKeyScheme {
    /// Makes a scheme of its three parts.
    ///
    /// The authority is the name under which the subjects of the keys are known. It must not
    /// change: keys whose record has another authority are unknown to this scheme, whichever store
    /// holds them.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an authority without a name.
    pub fn new(
        authority: impl Into<Authority>,
        format: ApiKeyFormat,
        peppers: PepperSet,
    ) -> Result<Self, ConfigError> {
        let authority = authority.into();
        if authority.as_str().is_empty() {
            let remedy = "choose a name that will not change, like `acme keys`";
            return Err(ConfigError::empty("authority", remedy));
        }
        Ok(Self(Arc::new(Inner {
            authority,
            format,
            legacy: None,
            peppers,
        })))
    }

    /// Accepts keys of this format in addition, which another system issued. Every text that has
    /// the format is then looked up in the store.
    #[must_use]
    pub fn with_legacy(mut self, format: LegacyFormat) -> Self {
        Arc::make_mut(&mut self.0).legacy = Some(format);
        self
    }

    /// Returns the authority of the subjects. Only records of this authority are accepted, seen and
    /// changed under the scheme.
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Returns the format of the keys that are issued under this scheme, for example to read the id
    /// of a leaked key with [`key_id`](ApiKeyFormat::key_id).
    pub fn format(&self) -> &ApiKeyFormat {
        &self.0.format
    }

    /// Returns the format of the keys that another system issued, set by
    /// [`with_legacy`](Self::with_legacy); `None` if such keys are not accepted.
    pub fn legacy(&self) -> Option<&LegacyFormat> {
        self.0.legacy.as_ref()
    }

    pub(super) fn peppers(&self) -> &PepperSet {
        &self.0.peppers
    }

    /// Returns the check value of each pepper, the current one first.
    pub(super) fn pepper_checks(&self) -> impl Iterator<Item = PepperCheck> + Send + '_ {
        let values = self.0.peppers.check_values(self.0.authority.as_str());
        values.map(|(version, value)| PepperCheck::from_stored(value, version))
    }
}

impl fmt::Debug for ApiKeyScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyScheme")
            .field("authority", &self.0.authority)
            .field("format", &self.0.format)
            .field("legacy", &self.0.legacy)
            .field("peppers", &self.0.peppers)
            .finish()
    }
}

//! The authority, format and peppers of API keys.

use std::fmt;
use std::sync::Arc;

use super::format::ApiKeyFormat;
use crate::api_key::format::LegacyFormat;
use crate::api_key::format::PepperSet;
use crate::error::ConfigError;
use crate::principal::Authority;

/// The authority, the format and the peppers that the API keys of one service share.
///
/// An [`ApiKeyManager`](crate::api_key::ApiKeyManager) issues keys of a ring, an
/// [`ApiKeyValidator`](crate::api_key::ApiKeyValidator) accepts them. Cheap to clone.
///
/// ```
/// use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
/// # use bearergate::secret::Secret;
/// use bearergate::secret_source::SecretSource;
///
/// # let source = SecretSource::from_fn("vault", || Ok::<_, std::io::Error>(Secret::new(vec![7;
/// 32]))); let peppers = PepperSet::new(1, &source)?; let ring = ApiKeyScheme::new("acme keys",
/// ApiKeyFormat::new("acme_live")?, peppers)?;
/// # let _ = ring;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeyScheme(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    authority: Authority,
    format: ApiKeyFormat,
    foreign: Option<LegacyFormat>,
    peppers: PepperSet,
}

impl ApiKeyScheme {
    /// Makes a ring of the three parts.
    ///
    /// The authority is the name under which the subjects of the keys are known, and must not
    /// change: records of another authority are unknown to this ring, whatever store holds them.
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
            foreign: None,
            peppers,
        })))
    }

    /// Accepts keys of another format too, which another system issued.
    #[must_use]
    pub fn with_foreign(mut self, format: LegacyFormat) -> Self {
        Arc::make_mut(&mut self.0).foreign = Some(format);
        self
    }

    /// Returns the authority of the keys' subjects.
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// Returns the format of the keys that are issued.
    pub fn format(&self) -> &ApiKeyFormat {
        &self.0.format
    }

    /// Returns the format of the keys that another system issued.
    pub fn foreign(&self) -> Option<&LegacyFormat> {
        self.0.foreign.as_ref()
    }

    pub(crate) fn peppers(&self) -> &PepperSet {
        &self.0.peppers
    }
}

impl fmt::Debug for ApiKeyScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyScheme")
            .field("authority", &self.0.authority)
            .field("format", &self.0.format)
            .field("foreign", &self.0.foreign)
            .field("peppers", &self.0.peppers)
            .finish()
    }
}

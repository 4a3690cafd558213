//! The address under which clients reach a service.

use crate::error::ConfigError;

/// The URI that a client has requested, as an extension of a request.
///
/// A gateway inserts it that knows it better than the request line says. It must not come from a
/// header of the request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetUri(Box<str>);

impl TargetUri {
    /// Creates the extension from an absolute URI.
    pub fn new(uri: impl Into<Box<str>>) -> Self {
        Self(uri.into())
    }

    /// Returns the URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where clients reach a service, and how the paths that the service receives become theirs.
///
/// Proofs of possession and message signatures name the URI that the client has requested. It is
/// compared with this configuration, never with `Host` or a forwarding header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalUrl {
    /// As configured, without a trailing slash.
    base: Box<str>,
    /// The length of scheme and authority in `base`.
    origin_len: usize,
    without: Box<str>,
}

impl ExternalUrl {
    /// Parses the base of the service's URIs, such as `https://api.example.com/orders`. Plain http is
    /// allowed on loopback hosts.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it is no such URI, or has
    /// user information, a query or a fragment.
    pub fn parse(base: &str) -> Result<Self, ConfigError> {
        let base = base.trim_end_matches('/');
        let origin_len = base
            .find("://")
            .and_then(|at| base.get(at + 3..)?.find('/').map(|slash| at + 3 + slash))
            .unwrap_or(base.len());
        Ok(Self {
            base: base.into(),
            origin_len,
            without: Box::default(),
        })
    }

    /// Removes a prefix that a proxy has put before the path, such as `/internal`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it does not begin with a
    /// slash or ends with one.
    pub fn without(mut self, internal: &str) -> Result<Self, ConfigError> {
        self.without = internal.into();
        Ok(self)
    }

    /// Returns the base as it was configured.
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// Returns scheme and authority of the base.
    pub fn origin(&self) -> &str {
        self.base.get(..self.origin_len).unwrap_or_default()
    }
}

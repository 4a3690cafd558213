//! The authority that asserts a subject.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The configured name of the issuer, endpoint or store that asserts the facts of a principal.
///
/// A subject identifies a caller only together with its authority, because two issuers may use the
/// same subject for different users. So ownership, denylists and audit logs use the pair.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Authority(Arc<str>);

impl Authority {
    /// Creates an authority from a name of the configuration, never from a text of a credential.
    /// Two authorities are equal only if their names are, byte by byte.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Returns true if there is another copy of it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Returns the name. Write it to audit logs together with the subject. It is the text that
    /// `Display` writes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Authority {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Authority {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Authority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

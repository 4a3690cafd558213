//! Members of a JWK Set that were not imported.

/// A member of a JWK Set that was skipped, as a report for the operator.
///
/// A skipped member never verifies a signature; the other members of the set are not affected. See
/// [`KeySet::skipped`](crate::key::KeySet::skipped).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SkippedKey {
    pub(super) index: usize,
    pub(super) kid: Option<Box<str>>,
    pub(super) reason: &'static str,
}

impl SkippedKey {
    /// Returns the position of the member in the array `keys`, from 0.
    ///
    /// It identifies a member whose [`kid`](Self::kid) is absent or not unique.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the `kid`, if it is a string of at most 256 bytes. It is untrusted text.
    ///
    /// Escape it before it is written to a log or a page.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns why the member was skipped, as constant text without any part of the key.
    ///
    /// The text is for people and may change; do not compare it.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

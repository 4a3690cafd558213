//! Lists of the grants of one subject.

use std::fmt;

use crate::principal::Authority;

/// Whose sessions or families of refresh tokens to list, and how many.
///
/// Managers make it; a store reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GrantQuery {
    /// The authority of the subject. Grants of another one are never listed.
    pub authority: Authority,
    /// The subject, compared byte by byte.
    pub subject: String,
    /// Where the page before ended ([`GrantPage::next`]); `None` for the first page.
    pub after: Option<GrantPosition>,
    /// Most records that the store looks at for this page.
    pub limit: usize,
}

impl GrantQuery {
    /// Makes a query for the first page.
    pub fn new(authority: impl Into<Authority>, subject: impl Into<String>, limit: usize) -> Self {
        Self {
            authority: authority.into(),
            subject: subject.into(),
            after: None,
            limit,
        }
    }

    /// Continues where the page before ended.
    #[must_use]
    pub fn after(mut self, position: GrantPosition) -> Self {
        self.after = Some(position);
        self
    }
}

/// A part of a list of grants.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GrantPage<R> {
    /// The records that no revocation ends, the one with the greatest
    /// [`Sequence`](crate::grant::store::Sequence) first. They may be expired.
    pub records: Vec<R>,
    /// Where the next page begins; `None` if this is the last one. A page without a record may
    /// have a next one: a store looks at a bounded number of records, and some may be revoked.
    pub next: Option<GrantPosition>,
}

impl<R> GrantPage<R> {
    /// Makes a page.
    pub const fn new(records: Vec<R>, next: Option<GrantPosition>) -> Self {
        Self { records, next }
    }
}

/// A place in a list of grants. Only the store that made it can read it.
///
/// It names a record, so it is for the next call only; `Debug` does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct GrantPosition(Vec<u8>);

impl GrantPosition {
    /// Takes the bytes by which the store finds the place again.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns these bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for GrantPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantPosition([redacted])")
    }
}

//! Sessions as stores keep them.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::grant::Grant;
use crate::grant::GrantStore;
use crate::grant::Lookup;
use crate::grant::Sequence;
use crate::grant::TokenDigest;
use crate::now_or_later::NowOrLater;

/// Keeps sessions by the digest of their secret id.
///
/// Each method is one atomic step that reads the marks of [`GrantStore`] in its own transaction;
/// on an error everything is as it was.
pub trait SessionStore: GrantStore {
    /// Adds a session with version 1 and returns its moment: that of its grant, or if it has none
    /// the store's next one at [`created`](Grant::created), taken in the same transaction. Every
    /// moment that the store gives later comes after it, also after one that came from elsewhere.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if there is one of that digest already, or a
    /// mark has ended the grant; or another [`StoreError`].
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>>;

    /// Looks a session up.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>>;

    /// Puts `session` in the place of the one of digest `old`, whose digest it need not share, and
    /// returns its new version, one more than before.
    ///
    /// Only if that one is there, no mark ends it, and its version is that of `session`; the
    /// later `last_used` of both and the old moment are kept. The old digest is unknown from then
    /// on, if it is another.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if any of that fails or the new digest is
    /// taken: a late write never brings a session back. Or another [`StoreError`].
    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>>;

    /// Notes that a session was used at `at`, unless a later use is noted; its version stays.
    /// Returns false if there is none or a mark has ended it.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it could not be noted.
    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>>;
}

const _: Option<&dyn SessionStore> = None;

/// A session: its grant, the digest of its secret id, and data of the service.
///
/// `Debug` does not show the data.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionRecord {
    digest: TokenDigest,
    version: u64,
    grant: Grant,
    data: Vec<u8>,
}

impl SessionRecord {
    /// Makes a session of version 1 without data.
    pub const fn new(digest: TokenDigest, grant: Grant) -> Self {
        Self {
            digest,
            version: 1,
            grant,
            data: Vec::new(),
        }
    }

    /// Sets the digest of its secret id.
    #[must_use]
    pub fn with_digest(mut self, digest: TokenDigest) -> Self {
        self.digest = digest;
        self
    }

    /// Sets the version that it was read at.
    #[must_use]
    pub fn with_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Sets the grant.
    #[must_use]
    pub fn with_grant(mut self, grant: Grant) -> Self {
        self.grant = grant;
        self
    }

    /// Sets the data of the service.
    #[must_use]
    pub fn with_data(mut self, data: Vec<u8>) -> Self {
        self.data = data;
        self
    }

    /// Returns the digest of its secret id.
    pub const fn digest(&self) -> TokenDigest {
        self.digest
    }

    /// Returns the version, which every change but a use raises by one.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns who was granted what.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns the data of the service.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("grant", &self.grant)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

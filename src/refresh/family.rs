//! Families of refresh tokens as a store keeps them.

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

/// Keeps families of refresh tokens.
///
/// A family is one record, whatever the number of its rotations, so a rotation is one change of
/// one record. Each method is one atomic step that reads the marks of [`GrantStore`] in its own
/// transaction; on an error everything is as it was.
pub trait RefreshTokenStore: GrantStore {
    /// Adds a family with version 1 and returns its moment: that of its grant, or if it has none
    /// the store's next one at [`created`](Grant::created), taken in the same transaction. Every
    /// moment that the store gives later comes after it, also after one that came from elsewhere.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if there is one of that id already, or a mark
    /// has ended the grant; or another [`StoreError`].
    fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>>;

    /// Looks a family up.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>>;

    /// Puts `family` in the place of the one of the same id and returns its new version, one more
    /// than before.
    ///
    /// Only if that one is there, no mark ends it, and its version is that of `family`; the later
    /// `last_used` of both and the old moment are kept. Of any number of changes of one version
    /// exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if any of that fails, or another
    /// [`StoreError`].
    fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>>;
}

const _: Option<&dyn RefreshTokenStore> = None;

/// All refresh tokens that came from one grant: which of them is good, and which one was before.
///
/// `Debug` shows no digest.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct RefreshFamily {
    id: TokenDigest,
    version: u64,
    grant: Grant,
    current: TokenDigest,
    spent: Option<SpentToken>,
    thumbprint: Option<[u8; 32]>,
    revoked: Option<UnixTime>,
}

impl RefreshFamily {
    /// Makes a family of version 1. `id` is the digest of what all its tokens have in common,
    /// `current` that of what only the first one has.
    pub const fn new(id: TokenDigest, current: TokenDigest, grant: Grant) -> Self {
        Self {
            id,
            version: 1,
            grant,
            current,
            spent: None,
            thumbprint: None,
            revoked: None,
        }
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

    /// Sets the digest of the good token.
    #[must_use]
    pub fn with_current(mut self, current: TokenDigest) -> Self {
        self.current = current;
        self
    }

    /// Sets the token that was good before.
    #[must_use]
    pub fn with_spent(mut self, spent: Option<SpentToken>) -> Self {
        self.spent = spent;
        self
    }

    /// Binds all its tokens to the key of this SHA-256 thumbprint (RFC 7638).
    #[must_use]
    pub fn with_thumbprint(mut self, thumbprint: Option<[u8; 32]>) -> Self {
        self.thumbprint = thumbprint;
        self
    }

    /// Sets when it was revoked.
    #[must_use]
    pub fn with_revoked(mut self, at: Option<UnixTime>) -> Self {
        self.revoked = at;
        self
    }

    /// Returns the digest of what all its tokens have in common.
    pub const fn id(&self) -> TokenDigest {
        self.id
    }

    /// Returns the version, which every change raises by one.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns who was granted what.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns the digest of the good token.
    pub const fn current(&self) -> TokenDigest {
        self.current
    }

    /// Returns the token that was good before.
    pub const fn spent(&self) -> Option<&SpentToken> {
        self.spent.as_ref()
    }

    /// Returns the thumbprint of the key that its tokens are bound to.
    pub const fn thumbprint(&self) -> Option<&[u8; 32]> {
        self.thumbprint.as_ref()
    }

    /// Returns when it was revoked.
    pub const fn revoked(&self) -> Option<UnixTime> {
        self.revoked
    }
}

impl fmt::Debug for RefreshFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshFamily")
            .field("grant", &self.grant)
            .field("version", &self.version)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// The refresh token that was good before the present one.
///
/// `Debug` shows when it was spent.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpentToken {
    digest: TokenDigest,
    at: UnixTime,
    sealed: Vec<u8>,
}

impl SpentToken {
    /// Takes the digest of a token that was spent at `at`, and its successor sealed under a key
    /// that only the spent token gives; empty where there is no reuse window.
    pub const fn new(digest: TokenDigest, at: UnixTime, sealed: Vec<u8>) -> Self {
        Self { digest, at, sealed }
    }

    /// Returns its digest.
    pub const fn digest(&self) -> TokenDigest {
        self.digest
    }

    /// Returns when it was spent.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns its sealed successor, empty where there is none.
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

impl fmt::Debug for SpentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpentToken")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

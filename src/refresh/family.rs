//! Families of refresh tokens as stores keep them.

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

/// A store of families of refresh tokens.
///
/// A family is one record, whatever the number of its rotations, so a rotation is one change of
/// one record.
///
/// Contract: each method is one atomic step that reads the revocations of [`GrantStore`] in its own
/// transaction; on an error everything is as it was. A family is returned as
/// [`Live`](Lookup::Live) only if no revocation ends it. The store never sees a token, reads no
/// clock and decides nothing: [`RefreshManager`](crate::refresh::RefreshManager) does. Check an
/// implementation with `testing::refresh_token_store`.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::StoreError;
/// use bearergate::grant::{Grant, GrantStore, Lookup, RevocationRecord, Sequence, TokenDigest};
/// use bearergate::refresh::{RefreshFamily, RefreshManager, RefreshTokenStore};
/// use bearergate::stores::MemoryGrantStore;
///
/// /// Counts the changes of families in another store.
/// #[derive(Debug)]
/// struct Counted {
///     store: MemoryGrantStore,
///     changes: AtomicU64,
/// }
///
/// impl GrantStore for Counted {
///     fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
///         self.store.revoke(record)
///     }
///
///     fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
///         self.store.is_revoked(grant)
///     }
///
///     fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
///         self.store.purge(now)
///     }
/// }
///
/// impl RefreshTokenStore for Counted {
///     fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>> {
///         RefreshTokenStore::create(&self.store, family)
///     }
///
///     fn find(
///         &self,
///         id: TokenDigest,
///     ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
///         RefreshTokenStore::find(&self.store, id)
///     }
///
///     fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>> {
///         RefreshTokenStore::update(&self.store, family).map(|changed| {
///             self.changes.fetch_add(u64::from(changed.is_ok()), Ordering::Relaxed);
///             changed
///         })
///     }
/// }
///
/// let store = Counted { store: MemoryGrantStore::new(1_000_000), changes: AtomicU64::new(0) };
/// let tokens = RefreshManager::builder(Arc::new(store), "my service").build()?;
/// # let _ = tokens;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub trait RefreshTokenStore: GrantStore {
    /// Adds a family with version 1 and returns its sequence number: that of its grant, or, if the
    /// grant has none, the store's next one at [`created`](Grant::created), taken in the same
    /// transaction. Every later number of the store is greater, also than one that the grant had
    /// from another store.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if there is a family with that id, or the
    /// grant is revoked; or another [`StoreError`].
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

    /// Replaces the family with the same id and returns its new version, one more than before.
    ///
    /// Only if the old family exists, is not revoked, and has the version of `family`; the later
    /// `last_used` of both and the old sequence number are kept. Of any number of changes of one
    /// version exactly one succeeds.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if any of that fails, or another
    /// [`StoreError`].
    fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>>;
}

const _: Option<&dyn RefreshTokenStore> = None;

/// All refresh tokens of one grant, as stores keep them: the current token and the one before.
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
    /// Makes a family of version 1. `id` is the digest of the part that all its tokens share,
    /// `current` that of its first token.
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

    /// Sets the digest of the current token.
    #[must_use]
    pub fn with_current(mut self, current: TokenDigest) -> Self {
        self.current = current;
        self
    }

    /// Sets the token that was spent last.
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

    /// Returns the digest of the part that all its tokens share.
    pub const fn id(&self) -> TokenDigest {
        self.id
    }

    /// Returns the version, which every change raises by one.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns what was granted, and to whom.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns the digest of the current token.
    pub const fn current(&self) -> TokenDigest {
        self.current
    }

    /// Returns the token that was spent last.
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

/// The refresh token that was spent last, the predecessor of the current one.
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

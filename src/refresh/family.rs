//! Families of refresh tokens as stores keep them.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, Sequence, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore, not_listed};
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
/// use bearergate::grant::{Grant, GrantStore};
/// use bearergate::grant::store::{Lookup, RevocationRecord, Sequence, TokenDigest};
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

    /// Does what [`create`](Self::create) does, and keeps the families of the subject, which is its
    /// authority and id together, within `limit`, in the same transaction.
    ///
    /// Only those count that are neither expired when the new one was
    /// [created](Grant::created) nor revoked. A family that ends so is unknown from then on.
    ///
    /// The default ignores the limit: one subject can then fill the store. A store of more than a
    /// test implements it; one that wraps another passes it on. `testing::refresh_token_store`
    /// checks it.
    ///
    /// # Errors
    ///
    /// [`SubjectFull`](crate::error::StoreErrorKind::SubjectFull) if the limit
    /// [refuses](SubjectLimit::refuses) the family, or the errors of `create`; then no family has
    /// ended.
    fn create_within(
        &self,
        family: RefreshFamily,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        let _ = limit;
        self.create(family).map(|created| created.map(Created::new))
    }

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

    /// Lists the families of one subject, which is its authority and id together: those that no
    /// revocation ends, the newest first.
    ///
    /// The store looks at [`limit`](GrantQuery::limit) records at the most, and says where the next
    /// page begins. One that is there from the first page to the last is listed once.
    ///
    /// The default reports [`Unavailable`](crate::error::StoreErrorKind::Unavailable): implement it,
    /// and pass it on in a store that wraps another. `testing::refresh_token_store` checks it.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they could not be read.
    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<RefreshFamily>>, StoreError>> {
        let _ = query;
        NowOrLater::now(Err(not_listed()))
    }
}

const _: Option<&dyn RefreshTokenStore> = None;

/// A refresh token that was spent, as a store keeps it: its digest, and when that was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpentToken {
    /// The digest of the token. It is not known how the token reads.
    pub digest: TokenDigest,
    /// When it was spent, by the clock of the node that answered.
    pub at: UnixTime,
}

impl SpentToken {
    /// Makes it from its parts. A store calls it for what it reads back.
    pub const fn new(digest: TokenDigest, at: UnixTime) -> Self {
        Self { digest, at }
    }
}

/// All refresh tokens of one grant, as stores keep them: the current token, the one before it, and
/// for the reuse window a few that are older.
///
/// A store writes the fields as they are, except those that its methods say it sets. `Debug` shows
/// no digest.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct RefreshFamily {
    /// The digest of the part that all its tokens share, by which it is found.
    pub id: TokenDigest,
    /// The version that it was read at. Every change raises it by one.
    pub version: u64,
    /// What was granted, to whom, and for how long. All tokens of the family grant the same.
    pub grant: Grant,
    /// The digest of the current token, the only one that can be spent. A rotation replaces it and
    /// moves it to `spent`.
    pub current: TokenDigest,
    /// The digest of the token that was spent last; `None` until one is. Then the next two fields
    /// are unset too.
    pub spent: Option<TokenDigest>,
    /// When that token was spent.
    pub spent_at: Option<UnixTime>,
    /// The current token, encrypted so that only the spent one decrypts it; empty where there is no
    /// [reuse window](crate::refresh::RefreshManagerBuilder::reuse_window).
    pub sealed: Vec<u8>,
    /// The tokens that were spent before `spent` and within the reuse window, the latest first; at
    /// most [`limits::REFRESH_EARLIER`](crate::limits::REFRESH_EARLIER). One of them that is
    /// presented within the window does not end the family.
    pub earlier: Vec<SpentToken>,
    /// The SHA-256 thumbprint (RFC 7638) of the key that its tokens are bound to.
    pub thumbprint: Option<[u8; 32]>,
    /// When it was revoked, by its client or because a spent token was presented again. A revoked
    /// family is kept until it is purged, so that its tokens stay refused.
    pub revoked: Option<UnixTime>,
}

impl RefreshFamily {
    /// Makes a family of version 1 that is not bound to a key. `id` is the digest of the part that
    /// all its tokens share, `current` that of its first token.
    pub const fn new(id: TokenDigest, current: TokenDigest, grant: Grant) -> Self {
        Self {
            id,
            version: 1,
            grant,
            current,
            spent: None,
            spent_at: None,
            sealed: Vec::new(),
            earlier: Vec::new(),
            thumbprint: None,
            revoked: None,
        }
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

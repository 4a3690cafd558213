//! Sessions as stores keep them.

use std::fmt;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, Sequence, SubjectLimit, TokenDigest,
};
use crate::grant::{Grant, GrantStore, not_listed};
use crate::now_or_later::NowOrLater;

/// A store of sessions by the digest of their secret id.
///
/// Contract: each method is one atomic step that reads the revocations of [`GrantStore`] in its own
/// transaction; on an error everything is as it was. A session is returned as
/// [`Live`](Lookup::Live) only if no revocation ends it. The store never sees a secret id, reads no
/// clock and decides nothing: [`SessionManager`](crate::session::SessionManager) and
/// [`SessionValidator`](crate::session::SessionValidator) do. Check an implementation with
/// `testing::session_store`.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use bearergate::NowOrLater;
/// use bearergate::clock::UnixTime;
/// use bearergate::error::StoreError;
/// use bearergate::grant::{Grant, GrantStore};
/// use bearergate::grant::store::{Lookup, RevocationRecord, Sequence, TokenDigest};
/// use bearergate::session::{SessionManager, SessionRecord, SessionStore};
/// use bearergate::stores::MemoryGrantStore;
///
/// /// Counts the logins of another store.
/// #[derive(Debug)]
/// struct Counted {
///     store: MemoryGrantStore,
///     logins: AtomicU64,
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
/// impl SessionStore for Counted {
///     fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
///         SessionStore::create(&self.store, session).map(|created| {
///             self.logins.fetch_add(u64::from(created.is_ok()), Ordering::Relaxed);
///             created
///         })
///     }
///
///     fn find(
///         &self,
///         digest: TokenDigest,
///     ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
///         SessionStore::find(&self.store, digest)
///     }
///
///     fn update(
///         &self,
///         old: TokenDigest,
///         session: SessionRecord,
///     ) -> NowOrLater<'_, Result<u64, StoreError>> {
///         SessionStore::update(&self.store, old, session)
///     }
///
///     fn touch(
///         &self,
///         digest: TokenDigest,
///         at: UnixTime,
///     ) -> NowOrLater<'_, Result<bool, StoreError>> {
///         self.store.touch(digest, at)
///     }
/// }
///
/// let store = Counted { store: MemoryGrantStore::new(1_000_000), logins: AtomicU64::new(0) };
/// let sessions = SessionManager::builder(Arc::new(store), "my service").build()?;
/// # let _ = sessions;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub trait SessionStore: GrantStore {
    /// Adds a session with version 1 and returns its sequence number: that of its grant, or, if the
    /// grant has none, the store's next one at [`created`](Grant::created), taken in the same
    /// transaction. Every later number of the store is greater, also than one that the grant had
    /// from another store.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if there is a session with that digest, or the
    /// grant is revoked; or another [`StoreError`].
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>>;

    /// Does what [`create`](Self::create) does, and keeps the sessions of the subject, which is its
    /// authority and id together, within `limit`, in the same transaction.
    ///
    /// Only those count that are neither expired when the new one was
    /// [created](Grant::created) nor revoked. A session that ends so is unknown from then on, and
    /// the families of refresh tokens that belong to it, if the store keeps them too.
    ///
    /// The default ignores the limit: one subject can then fill the store. A store of more than a
    /// test implements it; one that wraps another passes it on. `testing::session_store` checks it.
    ///
    /// # Errors
    ///
    /// [`SubjectFull`](crate::error::StoreErrorKind::SubjectFull) if the limit
    /// [refuses](SubjectLimit::refuses) the session, or the errors of `create`; then no session has
    /// ended.
    fn create_within(
        &self,
        session: SessionRecord,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        let _ = limit;
        self.create(session)
            .map(|created| created.map(Created::new))
    }

    /// Looks a session up.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if that could not be found out.
    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>>;

    /// Replaces the session with digest `old` by `session`, whose digest may differ, and returns
    /// its new version, one more than before.
    ///
    /// Only if the old session exists, is not revoked, and has the version of `session`; the later
    /// `last_used` of both and the old sequence number are kept. If the digest changes, the old one
    /// is unknown from then on.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::StoreErrorKind::Conflict) if any of that fails or the new digest is
    /// taken: a late write never restores a session. Or another [`StoreError`].
    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>>;

    /// Notes that a session was used at `at`, unless a later use is noted; its version stays.
    /// Returns false if there is no such session or it is revoked.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it could not be noted.
    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>>;

    /// Lists the sessions of one subject, which is its authority and id together: those that no
    /// revocation ends, the newest first.
    ///
    /// The store looks at [`limit`](GrantQuery::limit) records at the most, and says where the next
    /// page begins. One that is there from the first page to the last is listed once.
    ///
    /// The default reports [`Unavailable`](crate::error::StoreErrorKind::Unavailable): implement it,
    /// and pass it on in a store that wraps another. `testing::session_store` checks it.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if they could not be read.
    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<SessionRecord>>, StoreError>> {
        let _ = query;
        NowOrLater::now(Err(not_listed()))
    }
}

const _: Option<&dyn SessionStore> = None;

/// A session as stores keep it.
///
/// A store writes the fields as they are, except those that its methods say it sets. `Debug` does
/// not show the data.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionRecord {
    /// The digest of its secret id, by which it is found. The id itself is known only to the
    /// client.
    pub digest: TokenDigest,
    /// The version that it was read at. Every change except [`SessionStore::touch`] raises it by
    /// one.
    pub version: u64,
    /// What was granted, to whom, and for how long.
    pub grant: Grant,
    /// The data that the service keeps with the session. Policies do not see it; the crate does not
    /// read it.
    pub data: Vec<u8>,
}

impl SessionRecord {
    /// Makes a session of version 1 without data. A manager makes it of a new grant; a store makes
    /// it of what it reads back and then sets the other fields.
    pub const fn new(digest: TokenDigest, grant: Grant) -> Self {
        Self {
            digest,
            version: 1,
            grant,
            data: Vec::new(),
        }
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

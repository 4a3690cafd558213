//! The lives of API keys.

use super::draft::NewApiKey;
use super::error::ApiKeyError;
use super::error::ApiKeyErrorKind;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::record::ApiKeyRecord;
use super::row::ApiKeyRow;
use super::row::Disabled;
use super::scheme::ApiKeyScheme;
use super::store::ApiKeyChange;
use super::store::ApiKeyFilter;
use super::store::ApiKeyQuery;
use super::store::ApiKeyStore;
use crate::api_key::format::ApiKeyId;
use crate::api_key::format::MintedKey;
use crate::api_key::format::PepperedDigest;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::clock::UnixTime;
use crate::error::StoreErrorKind;
use crate::limits;
use crate::secret::ShownOnce;

/// Leads API keys through their lives: created, rotated, revoked, purged. Cheap to clone.
///
/// Every step is one commit of the store, so it is taken whole or not at all, and a judge that
/// asks the same store sees it with the next request. It sees the records of its own ring alone.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bearergate::api_key::{ApiKeyManager, ApiKeyScheme, NewApiKey};
/// use bearergate::stores::MemoryApiKeyStore;
///
/// # async fn issue(ring: ApiKeyScheme) -> Result<(), Box<dyn std::error::Error>> {
/// let keys = ApiKeyManager::new(ring, Arc::new(MemoryApiKeyStore::new(100_000)?));
/// let draft = NewApiKey::new("robot-7").expires_in(Duration::from_secs(90 * 86_400));
/// let issued = keys.create(draft).await?;
/// let show_once = issued.key.reveal();
///
/// let rotated = keys.rotate(issued.record.id(), Duration::from_secs(86_400)).await?;
/// keys.revoke(rotated.record.id(), "leaked").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyManager {
    ring: ApiKeyScheme,
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
}

/// A key that was just made.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuedApiKey {
    /// The key itself, for its owner to take down now: nobody can tell it again.
    pub key: ShownOnce,
    /// What is kept of it.
    pub record: ApiKeyRecord,
}

/// How often a step is tried while somebody else changes the same key.
const TRIES: usize = 8;

impl ApiKeyManager {
    /// Manages the keys of this ring whose records are in this store.
    pub fn new(ring: ApiKeyScheme, store: Arc<dyn ApiKeyStore>) -> Self {
        let clock = Arc::new(SystemClock);
        Self { ring, store, clock }
    }

    /// Sets the clock; by default it is the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`Malformed`](ApiKeyErrorKind::Malformed) for a draft that no record can be made of,
    /// [`Full`](ApiKeyErrorKind::Full) or [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn create(&self, draft: NewApiKey) -> Result<IssuedApiKey, ApiKeyError> {
        let (minted, digest) = self.mint()?;
        let record = self.record(draft, (minted.id(), digest))?;
        self.insert(record.clone()).await?;
        let key = minted.into_shown();
        Ok(IssuedApiKey { key, record })
    }

    /// Takes in a key that others issued before.
    ///
    /// # Errors
    ///
    /// Like [`create`](Self::create); [`Malformed`](ApiKeyErrorKind::Malformed) also if the ring
    /// takes no foreign keys or none of this form, or the key begins like one of the ring's own and
    /// so would never be looked up as somebody else's, [`Conflict`](ApiKeyErrorKind::Conflict) if the
    /// key is there already.
    pub async fn import(&self, draft: NewApiKey, key: &str) -> Result<ApiKeyRecord, ApiKeyError> {
        let foreign = self.ring.foreign().ok_or(ApiKeyErrorKind::Malformed)?;
        if key.starts_with(self.ring.format().prefix()) {
            return Err(ApiKeyErrorKind::Malformed.into());
        }
        let key = foreign.parse(key).map_err(|_| ApiKeyErrorKind::Malformed)?;
        let digest = self.ring.peppers().foreign_digest(&key);
        self.import_digest(draft, digest).await
    }

    /// Takes in a key that others issued before and of which there is only the SHA-256 digest of
    /// its text; at its first use it is digested anew, with the pepper.
    ///
    /// The ring must take such keys
    /// ([`with_imported_sha256`](crate::api_key::LegacyFormat::with_imported_sha256)).
    ///
    /// # Errors
    ///
    /// Like [`import`](Self::import).
    pub async fn import_sha256(
        &self,
        draft: NewApiKey,
        sha256: [u8; 32],
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let foreign = self.ring.foreign();
        if !foreign.is_some_and(|foreign| foreign.takes_sha256()) {
            return Err(ApiKeyErrorKind::Malformed.into());
        }
        let digest = PepperedDigest::sha256(sha256);
        self.import_digest(draft, digest).await
    }

    /// Makes a key that takes the place of another one, which stays good for the overlap and
    /// then ends.
    ///
    /// The new key is in everything like the old one and lives as long as that one was to live
    /// from its creation on. It has the ring's own format even if the old one is foreign.
    ///
    /// # Errors
    ///
    /// [`NotCurrent`](ApiKeyErrorKind::NotCurrent) if the old key is disabled, expired or rotated
    /// already, [`Unknown`](ApiKeyErrorKind::Unknown), or like [`create`](Self::create).
    pub async fn rotate(
        &self,
        id: ApiKeyId,
        overlap: Duration,
    ) -> Result<IssuedApiKey, ApiKeyError> {
        let (minted, digest) = self.mint()?;
        let now = self.now()?;
        let new = (minted.id(), digest);
        let record = self
            .change(id, |old| {
                let record = successor(old, new, now)?;
                let end = now.saturating_add(overlap);
                old.expires_at = Some(old.expires_at.map_or(end, |own| own.min(end)));
                old.successor = Some(new.0);
                Ok(Some(record))
            })
            .await?;
        let record = record.ok_or(ApiKeyErrorKind::Unavailable)?;
        let key = minted.into_shown();
        Ok(IssuedApiKey { key, record })
    }

    /// Disables a key at once and for good. One that is disabled already stays as it is.
    ///
    /// # Errors
    ///
    /// [`Unknown`](ApiKeyErrorKind::Unknown), [`Conflict`](ApiKeyErrorKind::Conflict) or
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable): the key may still be good then.
    pub async fn revoke(&self, id: ApiKeyId, reason: &str) -> Result<(), ApiKeyError> {
        let now = self.now()?;
        let disable = |key: &mut ApiKeyRow| {
            key.disabled
                .get_or_insert_with(|| Disabled::new(now, reason));
            Ok(None)
        };
        self.change(id, disable).await.map(|_| ())
    }

    /// Lets a key end at this time, unless it ends before.
    ///
    /// # Errors
    ///
    /// Like [`revoke`](Self::revoke).
    pub async fn expire(&self, id: ApiKeyId, at: UnixTime) -> Result<(), ApiKeyError> {
        let expire = |key: &mut ApiKeyRow| {
            key.expires_at = Some(key.expires_at.map_or(at, |own| own.min(at)));
            Ok(None)
        };
        self.change(id, expire).await.map(|_| ())
    }

    /// Finds what is kept of a key.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn find(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        let found = self.store.find(id).await?;
        Ok(found.filter(|record| record.authority() == self.ring.authority()))
    }

    /// Lists keys by ascending id, at most [`limits::API_KEY_PAGE`] of them: the first ones, or
    /// those after the last one of the page before. An empty page is the end.
    ///
    /// Due for rotation is what
    /// [`ApiKeyFilter::ExpiresBy`] lists.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn list(
        &self,
        filter: ApiKeyFilter,
        after: Option<ApiKeyId>,
    ) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        let authority = self.ring.authority().clone();
        let mut query = ApiKeyQuery::new(authority, filter, limits::API_KEY_PAGE);
        query.after = after;
        Ok(self.store.list(query).await?)
    }

    /// Forgets every key that had expired or was disabled at this time, and says how many.
    ///
    /// It goes page by page: after an error some are gone and some are not. Keep a key for as
    /// long as you want to be told that it was disabled or expired instead of unknown. A time
    /// ahead is taken as now: no good key is forgotten.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ApiKeyErrorKind::Conflict) or
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn purge(&self, ended_by: UnixTime) -> Result<usize, ApiKeyError> {
        let ended_by = ended_by.min(self.now()?);
        let (mut purged, mut conflicts) = (0, 0);
        loop {
            let page = self.list(ApiKeyFilter::EndedBy(ended_by), None).await?;
            let count = page.len();
            if count == 0 {
                return Ok(purged);
            }
            let changes = page.iter().map(removal).collect();
            match self.store.commit(changes).await {
                Ok(()) => (purged, conflicts) = (purged + count, 0),
                Err(e) if e.kind() == StoreErrorKind::Conflict && conflicts < TRIES => {
                    conflicts += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn now(&self) -> Result<UnixTime, ApiKeyError> {
        let now = self.clock.now();
        now.ok_or_else(|| ApiKeyErrorKind::Unavailable.into())
    }

    fn mint(&self) -> Result<(MintedKey, PepperedDigest), ApiKeyError> {
        let minted =
            self.ring.format().mint().map_err(|error| {
                ApiKeyError::new(ApiKeyErrorKind::Unavailable).with_source(error)
            })?;
        let digest = self.ring.peppers().digest(&minted.parsed());
        Ok((minted, digest))
    }

    fn record(
        &self,
        draft: NewApiKey,
        key: (ApiKeyId, PepperedDigest),
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let authority = self.ring.authority().clone();
        let parts = draft.into_parts(authority, key, self.now()?);
        ApiKeyRecord::from_parts(parts).map_err(ApiKeyError::malformed)
    }

    async fn import_digest(
        &self,
        draft: NewApiKey,
        digest: PepperedDigest,
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let unavailable = ApiKeyErrorKind::Unavailable;
        let id = ApiKeyId::random().map_err(|e| ApiKeyError::new(unavailable).with_source(e))?;
        let mut parts = self.record(draft, (id, digest))?.to_parts();
        parts.is_legacy = true;
        let record = ApiKeyRecord::from_parts(parts).map_err(ApiKeyError::malformed)?;
        self.insert(record.clone()).await?;
        Ok(record)
    }

    async fn insert(&self, record: ApiKeyRecord) -> Result<(), ApiKeyError> {
        Ok(self
            .store
            .commit(vec![ApiKeyChange::Insert(record)])
            .await?)
    }

    /// Changes a key, and adds what the change brings forth, in one step. Where somebody else
    /// changed the key meanwhile, reads it again and decides anew.
    async fn change(
        &self,
        id: ApiKeyId,
        change: impl Fn(&mut ApiKeyRow) -> Result<Option<ApiKeyRecord>, ApiKeyError>,
    ) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        for _ in 0..TRIES {
            let found = self.find(id).await?.ok_or(ApiKeyErrorKind::Unknown)?;
            let mut parts = found.to_parts();
            let added = change(&mut parts)?;
            parts.version = parts.version.saturating_add(1);
            let changed = ApiKeyRecord::from_parts(parts).map_err(ApiKeyError::malformed)?;
            let mut changes = vec![ApiKeyChange::Replace(changed)];
            changes.extend(added.clone().map(ApiKeyChange::Insert));
            match self.store.commit(changes).await {
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                result => return Ok(result.map(|()| added)?),
            }
        }
        Err(ApiKeyErrorKind::Conflict.into())
    }
}

fn removal(record: &ApiKeyRecord) -> ApiKeyChange {
    let (id, version) = (record.id(), record.version());
    ApiKeyChange::Remove { id, version }
}

/// Returns the record of the key that takes the place of an old one.
fn successor(
    old: &ApiKeyRow,
    key: (ApiKeyId, PepperedDigest),
    now: UnixTime,
) -> Result<ApiKeyRecord, ApiKeyError> {
    let is_over = old.expires_at.is_some_and(|end| end <= now);
    if is_over || old.disabled.is_some() || old.successor.is_some() {
        return Err(ApiKeyErrorKind::NotCurrent.into());
    }
    let mut new = old.clone();
    (new.id, new.digest) = key;
    (new.version, new.created_at) = (1, now);
    new.expires_at = old.expires_at.map(|end| {
        let lifetime = end.as_secs().saturating_sub(old.created_at.as_secs());
        now.saturating_add(Duration::from_secs(lifetime))
    });
    // Past it says nothing; still ahead, it holds for the successor too.
    new.not_before = old.not_before.filter(|begin| *begin > now);
    (new.last_used, new.is_legacy) = (None, false);
    new.predecessor = Some(old.id);
    ApiKeyRecord::from_parts(new).map_err(ApiKeyError::malformed)
}

impl fmt::Debug for ApiKeyManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyManager")
            .field("ring", &self.ring)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

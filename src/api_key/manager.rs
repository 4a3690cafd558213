//! The manager of API keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bounds::check_time;
use super::draft::NewApiKey;
use super::error::{ApiKeyError, ApiKeyErrorKind};
use super::format::{ApiKeyId, MintedKey, PepperedDigest};
use super::import::ImportFlaw;
use super::pepper_guard::{PepperGuard, PepperParts};
use super::record::ApiKeyRecord;
use super::scheme::ApiKeyScheme;
use super::store::contract::ApiKeyStore;
use super::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery, ApiKeyRow, Disabled};
use crate::clock::{Clock, UnixTime};
use crate::credential::Sources;
use crate::error::{ConfigError, StoreErrorKind};
use crate::limits;
use crate::now_or_later::yield_once;
use crate::secret::Issued;

/// Creates, rotates, revokes and purges API keys. Cheap to clone.
///
/// Each change is one [commit](ApiKeyStore::commit) of the store: it is made whole or not at all,
/// and a validator with the same store sees it with the next request. Only records of the scheme's
/// own authority are seen and changed.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bearergate::api_key::{ApiKeyManager, ApiKeyScheme, NewApiKey};
/// use bearergate::stores::MemoryApiKeyStore;
///
/// # async fn issue(scheme: ApiKeyScheme) -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
/// let keys = ApiKeyManager::builder(scheme, store).build()?;
/// let draft = NewApiKey::new("robot-7").expires_in(Duration::from_secs(90 * 86_400));
/// let issued = keys.create(draft).await?;
/// let show_once = issued.secret.reveal();
///
/// let rotated = keys.rotate(issued.record.id(), Duration::from_secs(86_400)).await?;
/// keys.revoke(rotated.record.id(), "leaked").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ApiKeyManager {
    pub(super) scheme: ApiKeyScheme,
    pub(super) store: Arc<dyn ApiKeyStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sources: Option<Sources>,
    pub(super) peppers: Arc<PepperGuard>,
}

/// How often a change is tried while others change the same key.
const TRIES: usize = 8;

impl ApiKeyManager {
    /// Creates a key. The secret in the answer is the only copy of it.
    ///
    /// # Errors
    ///
    /// [`Malformed`](ApiKeyErrorKind::Malformed) if a value of the draft is not allowed: the error
    /// names the [field](ApiKeyError::field). [`PepperSwapped`](ApiKeyErrorKind::PepperSwapped),
    /// [`Full`](ApiKeyErrorKind::Full) or [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn create(&self, draft: NewApiKey) -> Result<Issued<ApiKeyRecord>, ApiKeyError> {
        let (minted, digest) = self.mint().await?;
        let record = self.record(draft, (minted.id(), digest))?;
        self.insert(record.clone()).await?;
        Ok(Issued {
            secret: minted.into_shown(),
            record,
        })
    }

    /// Imports a key that another system issued, so that it stays valid. Only its digest is kept.
    ///
    /// # Errors
    ///
    /// Like [`create`](Self::create). [`Malformed`](ApiKeyErrorKind::Malformed) also if the scheme
    /// has no [legacy format](ApiKeyScheme::with_legacy), if the key does not have it, if the
    /// key begins with the prefix of the scheme, because it would never be looked up as a legacy
    /// key, or if it has a character that no request can carry: anything but visible ASCII, and
    /// what the [configured places](crate::api_key::ApiKeyManagerBuilder::sources) cannot carry.
    /// The text of the error says which, and where, without the key.
    /// [`Conflict`](ApiKeyErrorKind::Conflict) if the key was imported already.
    pub async fn import(&self, draft: NewApiKey, key: &str) -> Result<ApiKeyRecord, ApiKeyError> {
        let legacy = self.scheme.legacy().ok_or(ImportFlaw::NoLegacyFormat)?;
        if key.starts_with(self.scheme.format().prefix()) {
            return Err(ImportFlaw::OwnPrefix.into());
        }
        ImportFlaw::in_characters(key, self.sources.as_ref()).map_or(Ok(()), Err)?;
        let key = legacy
            .parse(key)
            .map_err(|_| ImportFlaw::length(key, *legacy))?;
        let digest = self.scheme.peppers().legacy_digest(&key);
        self.import_digest(draft, digest).await
    }

    /// Imports a key of another system of which only the SHA-256 digest of its text is known. The
    /// record gets a digest with a pepper when the key is first used.
    ///
    /// The scheme's legacy format must allow such keys
    /// ([`with_imported_sha256`](crate::api_key::LegacyFormat::with_imported_sha256)). The text is
    /// not known, so a key that no request can carry is imported too, and never used.
    ///
    /// # Errors
    ///
    /// Like [`import`](Self::import).
    pub async fn import_sha256(
        &self,
        draft: NewApiKey,
        sha256: [u8; 32],
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let legacy = self.scheme.legacy();
        if !legacy.is_some_and(|legacy| legacy.takes_sha256()) {
            return Err(ImportFlaw::NoDigests.into());
        }
        let digest = PepperedDigest::sha256(sha256);
        self.import_digest(draft, digest).await
    }

    /// Creates a key that replaces another one. The old key stays valid for the overlap and then
    /// expires, or earlier if it would have expired before.
    ///
    /// The new key has all properties of the old one, and the same lifetime, counted from its own
    /// creation, until the year 9999 at most. It has the scheme's own format, also if the old key has
    /// the legacy format.
    ///
    /// # Errors
    ///
    /// [`Malformed`](ApiKeyErrorKind::Malformed) for an overlap that ends after the year 9999,
    /// [`NotCurrent`](ApiKeyErrorKind::NotCurrent) if the old key is disabled, expired or rotated
    /// already, [`Unknown`](ApiKeyErrorKind::Unknown), or like [`create`](Self::create).
    pub async fn rotate(
        &self,
        id: ApiKeyId,
        overlap: Duration,
    ) -> Result<Issued<ApiKeyRecord>, ApiKeyError> {
        let now = self.now()?;
        let most = Duration::from_secs(limits::TIME_MAX.saturating_sub(now.as_secs()));
        if overlap > most {
            let flaw = ConfigError::out_of_range("overlap", overlap, ..=most);
            return Err(ApiKeyError::malformed(flaw));
        }
        let (minted, digest) = self.mint().await?;
        let new = (minted.id(), digest);
        let (_, record) = self
            .change(id, |old| {
                let record = successor(old, new, now)?;
                let end = now.saturating_add(overlap);
                old.expires_at = Some(old.expires_at.map_or(end, |own| own.min(end)));
                old.successor = Some(new.0);
                Ok(Some(record))
            })
            .await?;
        let record = record.ok_or(ApiKeyErrorKind::Unavailable)?;
        Ok(Issued {
            secret: minted.into_shown(),
            record,
        })
    }

    /// Disables a key at once and for good. A key that is disabled already keeps its time and
    /// reason.
    ///
    /// # Errors
    ///
    /// [`Unknown`](ApiKeyErrorKind::Unknown), [`Conflict`](ApiKeyErrorKind::Conflict) or
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable). After the last two the key may still be
    /// valid.
    pub async fn revoke(&self, id: ApiKeyId, reason: &str) -> Result<(), ApiKeyError> {
        let now = self.now()?;
        let disable = |key: &mut ApiKeyRow| {
            key.disabled
                .get_or_insert_with(|| Disabled::new(now, reason));
            Ok(None)
        };
        self.change(id, disable).await.map(|_| ())
    }

    /// Lets a key expire at this time, unless it expires earlier. A lifetime is never extended; with
    /// an [update](Self::update) it can be.
    ///
    /// # Errors
    ///
    /// [`Malformed`](ApiKeyErrorKind::Malformed) for a time after the year 9999, or like
    /// [`revoke`](Self::revoke).
    pub async fn expire(&self, id: ApiKeyId, at: UnixTime) -> Result<(), ApiKeyError> {
        check_time("at", at).map_err(ApiKeyError::malformed)?;
        let expire = |key: &mut ApiKeyRow| {
            key.expires_at = Some(key.expires_at.map_or(at, |own| own.min(at)));
            Ok(None)
        };
        self.change(id, expire).await.map(|_| ())
    }

    /// Finds the record of a key of this scheme's authority, also of one that is disabled or
    /// expired. `None` if there is no such key, or its record has another authority.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable) if the store cannot answer; this does not mean
    /// that there is no key.
    pub async fn find(&self, id: ApiKeyId) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        let found = self.store.find(id).await?;
        Ok(found.filter(|record| record.authority() == self.scheme.authority()))
    }

    /// Lists keys by ascending id, one page of at most [`limits::API_KEY_PAGE`] at a time: the
    /// first page, or the one after the last id of the previous page. An empty page is the end.
    ///
    /// Keys that are due for rotation are found with [`ApiKeyFilter::ExpiresBy`].
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn list(
        &self,
        filter: ApiKeyFilter,
        after: Option<ApiKeyId>,
    ) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        let authority = self.scheme.authority().clone();
        let mut query = ApiKeyQuery::new(authority, filter, limits::API_KEY_PAGE);
        query.after = after;
        Ok(self.store.list(query).await?)
    }

    /// Removes every record whose key had expired or was disabled at this time, and returns how
    /// many. A time in the future counts as now, so no valid key is removed.
    ///
    /// Requests with a removed key are rejected as `api_key_unknown` instead of `api_key_expired`
    /// or `api_key_disabled`; keep records for as long as that difference matters to you. Records
    /// are removed page by page: after an error some are removed and some are not.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ApiKeyErrorKind::Conflict) or
    /// [`Unavailable`](ApiKeyErrorKind::Unavailable).
    pub async fn purge(&self, ended_by: UnixTime) -> Result<usize, ApiKeyError> {
        let ended_by = ended_by.min(self.now()?);
        let (mut purged, mut conflicts) = (0, 0);
        loop {
            let authority = self.scheme.authority().clone();
            let page = self.store.ended(authority, ended_by, limits::API_KEY_PAGE);
            let page = page.await?;
            let count = page.len();
            if count == 0 {
                return Ok(purged);
            }
            let remove = |record: &ApiKeyRecord| ApiKeyChange::Remove {
                id: record.id(),
                version: record.version(),
            };
            match self.store.commit(page.iter().map(remove).collect()).await {
                Ok(()) => (purged, conflicts) = (purged + count, 0),
                Err(e) if e.kind() == StoreErrorKind::Conflict && conflicts < TRIES => {
                    conflicts += 1;
                }
                Err(error) => return Err(error.into()),
            }
            yield_once().await;
        }
    }

    /// Returns the time, at most the latest one that a record may have: a wrong clock must not keep
    /// a key from being revoked.
    pub(super) fn now(&self) -> Result<UnixTime, ApiKeyError> {
        let now = self.clock.now().ok_or(ApiKeyErrorKind::Unavailable)?;
        Ok(now.min(UnixTime::from_secs(limits::TIME_MAX)))
    }

    /// Succeeds only if no pepper was swapped: a key made with another one would never be valid.
    async fn check_peppers(&self) -> Result<(), ApiKeyError> {
        let parts = PepperParts {
            scheme: &self.scheme,
            store: &*self.store,
        };
        Ok(self.peppers.settle(parts).await?)
    }

    async fn mint(&self) -> Result<(MintedKey, PepperedDigest), ApiKeyError> {
        self.check_peppers().await?;
        let minted =
            self.scheme.format().mint().map_err(|error| {
                ApiKeyError::new(ApiKeyErrorKind::Unavailable).with_source(error)
            })?;
        let digest = self.scheme.peppers().digest(&minted.parsed());
        Ok((minted, digest))
    }

    fn record(
        &self,
        draft: NewApiKey,
        key: (ApiKeyId, PepperedDigest),
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        let authority = self.scheme.authority().clone();
        let row = draft.into_row(authority, key, self.now()?);
        row.and_then(ApiKeyRecord::checked)
            .map_err(ApiKeyError::malformed)
    }

    async fn import_digest(
        &self,
        draft: NewApiKey,
        digest: PepperedDigest,
    ) -> Result<ApiKeyRecord, ApiKeyError> {
        self.check_peppers().await?;
        let unavailable = ApiKeyErrorKind::Unavailable;
        let id = ApiKeyId::random().map_err(|e| ApiKeyError::new(unavailable).with_source(e))?;
        let mut row = self.record(draft, (id, digest))?.to_row();
        row.is_legacy = true;
        let record = ApiKeyRecord::checked(row).map_err(ApiKeyError::malformed)?;
        self.insert(record.clone()).await?;
        Ok(record)
    }

    async fn insert(&self, record: ApiKeyRecord) -> Result<(), ApiKeyError> {
        Ok(self
            .store
            .commit(vec![ApiKeyChange::Insert(record)])
            .await?)
    }

    /// Changes a record and adds the one that the change returns, in one commit, and returns both.
    /// If the record was changed by others at the same time, reads it again and repeats the decision.
    pub(super) async fn change(
        &self,
        id: ApiKeyId,
        change: impl Fn(&mut ApiKeyRow) -> Result<Option<ApiKeyRecord>, ApiKeyError>,
    ) -> Result<(ApiKeyRecord, Option<ApiKeyRecord>), ApiKeyError> {
        for _ in 0..TRIES {
            let found = self.find(id).await?.ok_or(ApiKeyErrorKind::Unknown)?;
            let mut row = found.to_row();
            let added = change(&mut row)?;
            row.version = row.version.saturating_add(1);
            let changed = ApiKeyRecord::checked(row).map_err(ApiKeyError::malformed)?;
            let mut changes = vec![ApiKeyChange::Replace(changed.clone())];
            changes.extend(added.clone().map(ApiKeyChange::Insert));
            match self.store.commit(changes).await {
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                result => return Ok(result.map(|()| (changed, added))?),
            }
        }
        Err(ApiKeyErrorKind::Conflict.into())
    }
}

/// Returns the record of the key that replaces an old one.
fn successor(
    old: &ApiKeyRow,
    key: (ApiKeyId, PepperedDigest),
    now: UnixTime,
) -> Result<ApiKeyRecord, ApiKeyError> {
    let is_expired = old.expires_at.is_some_and(|end| end <= now);
    if is_expired || old.disabled.is_some() || old.successor.is_some() {
        return Err(ApiKeyErrorKind::NotCurrent.into());
    }
    let mut new = old.clone();
    (new.id, new.digest) = key;
    (new.version, new.created_at) = (1, now);
    new.expires_at = old.expires_at.map(|end| {
        let lifetime = end.as_secs().saturating_sub(old.created_at.as_secs());
        let end = now.saturating_add(Duration::from_secs(lifetime));
        end.min(UnixTime::from_secs(limits::TIME_MAX))
    });
    // A time in the past has no effect; one in the future applies to the successor too.
    new.not_before = old.not_before.filter(|begin| *begin > now);
    (new.last_used, new.is_legacy) = (None, false);
    new.predecessor = Some(old.id);
    ApiKeyRecord::checked(new).map_err(ApiKeyError::malformed)
}

impl fmt::Debug for ApiKeyManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyManager")
            .field("scheme", &self.scheme)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

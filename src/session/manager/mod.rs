//! The manager of sessions: creation, change and revocation.

mod builder;
mod listing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::SessionManagerBuilder;
use ring::rand::{SecureRandom, SystemRandom};

use super::cookie::SessionCookie;
use super::id::SessionId;
use super::record::{SessionRecord, SessionStore};
use super::request::{NewSession, SessionChange};
use super::validator::{Session, SessionValidator};
use crate::clock::{Clock, UnixTime};
use crate::error::ConfigError;
use crate::event::Observer;
use crate::grant::store::{Created, RevocationRecord, Sequence, SessionHandle, SubjectLimit};
use crate::grant::{
    GrantError, GrantErrorKind, GrantStore, PurgeOnFull, no_random, purge, report_ended,
};
use crate::limits;
use crate::principal::Authority;
use crate::secret::Issued;

/// The manager of the sessions of one authority: it creates, changes and revokes them. Cheap to
/// clone.
///
/// Ids are 256 random bits; a store keeps only their digest. A change is refused with
/// [`Conflict`](GrantErrorKind::Conflict) if the session was changed or revoked since it was read,
/// so a late write never restores a session.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::session::{NewSession, SessionCookie, SessionManager};
/// use bearergate::stores::MemoryGrantStore;
///
/// # async fn log_in() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryGrantStore::new(1_000_000));
/// let sessions = SessionManager::builder(store, "my service").build()?;
/// let cookie = SessionCookie::new("__Host-session")?;
///
/// // After the user was authenticated:
/// let issued = sessions.create(NewSession::new("alice").scopes(["orders:read"])).await?;
/// let set_cookie = cookie.set(issued.secret);
///
/// // At the logout:
/// sessions.revoke(&issued.record).await?;
/// # let _ = set_cookie;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionManager(Arc<Inner>);

struct Inner {
    store: Arc<dyn SessionStore>,
    others: Vec<Arc<dyn GrantStore>>,
    authority: Authority,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    idle: Duration,
    limit: Option<SubjectLimit>,
    full: PurgeOnFull,
    observer: Option<Arc<dyn Observer>>,
}

impl SessionManager {
    /// Returns the validator for the session ids in this cookie. Give it to the gate together with
    /// [`Sources`](crate::credential::Sources) that have the cookie enabled.
    pub fn validator(&self, cookie: &SessionCookie) -> SessionValidator {
        let Inner {
            store,
            authority,
            clock,
            ..
        } = &*self.0;
        SessionValidator::new(store.clone(), authority.clone(), clock.clone(), cookie)
    }

    /// Creates a session after the service has authenticated its subject. The secret is its id, for
    /// [`SessionCookie::set`].
    ///
    /// The id is never taken from a request, so an attacker cannot fix it in advance.
    ///
    /// # Errors
    ///
    /// [`Malformed`](GrantErrorKind::Malformed) if a part of `new` is malformed or too long, or
    /// another [`GrantError`]; then there is no session. A [full](GrantErrorKind::Full) store is
    /// purged before, but not again in a second in which that made no room.
    pub async fn create(&self, new: NewSession) -> Result<Issued<Session>, GrantError> {
        let now = self.now()?;
        let (draft, data) = new.into_parts();
        check_data(&data)?;
        let grant = draft.grant(&self.0.authority, now)?;
        let mut handle = [0; 16];
        SystemRandom::new().fill(&mut handle).map_err(no_random)?;
        let grant = grant
            .with_session(Some(SessionHandle::new(handle)))
            .with_lifetime(now.saturating_add(self.0.lifetime), self.0.idle);
        let id = random_id()?;
        let mut record = SessionRecord::new(id.digest(), grant);
        record.data = data;
        let sequence = self.store(&record, now).await?;
        record.grant = record.grant.with_sequence(Some(sequence));
        Ok(Issued {
            secret: id.into_shown(),
            record: Session::new(Arc::new(record)),
        })
    }

    /// Gives a session a new id, the secret of the result, and changes what it grants, in one step.
    /// From then on the old id is unknown; the handle and both timeouts stay.
    ///
    /// Call it whenever the privileges of the session change.
    ///
    /// # Errors
    ///
    /// [`Conflict`](GrantErrorKind::Conflict) if the session was changed or has ended since it was
    /// read, [`Malformed`](GrantErrorKind::Malformed) if the change is malformed or too long, or
    /// another [`GrantError`]; then the old id stays.
    pub async fn rotate(
        &self,
        session: &Session,
        change: SessionChange,
    ) -> Result<Issued<Session>, GrantError> {
        let id = random_id()?;
        let mut changed = change.put_on(session.record())?;
        changed.digest = id.digest();
        Ok(Issued {
            record: self.update(session, changed).await?,
            secret: id.into_shown(),
        })
    }

    /// Writes the data that the service keeps with a session.
    ///
    /// # Errors
    ///
    /// [`Conflict`](GrantErrorKind::Conflict) if the session was changed or has ended since it was
    /// read, [`Malformed`](GrantErrorKind::Malformed) for more than
    /// [`limits::SESSION_DATA_BYTES`], or another [`GrantError`]; then the old data stays.
    pub async fn save(
        &self,
        session: &Session,
        data: impl Into<Vec<u8>>,
    ) -> Result<Session, GrantError> {
        let mut changed = session.record().clone();
        changed.data = data.into();
        self.update(session, changed).await
    }

    /// Revokes a session and all refresh tokens that belong to it.
    ///
    /// Access tokens that were minted from them end too where
    /// [`GrantRevocations`](crate::issuer::GrantRevocations) is asked.
    ///
    /// # Errors
    ///
    /// A [`GrantError`]; then the session may not be revoked, and the call is to be repeated.
    pub async fn revoke(&self, session: &Session) -> Result<(), GrantError> {
        self.revoke_grant(session.grant()).await
    }

    /// Revokes the session with this handle and all refresh tokens that belong to it, whoever its
    /// subject is. For a handle that a user sends, call [`revoke_of`](Self::revoke_of).
    ///
    /// # Errors
    ///
    /// Like [`revoke`](Self::revoke).
    pub async fn revoke_handle(&self, handle: SessionHandle) -> Result<(), GrantError> {
        let authority = self.0.authority.clone();
        self.write(RevocationRecord::session(authority, handle, self.now()?))
            .await
    }

    /// Revokes all sessions and refresh tokens of a subject, so that it has to log in again. Those
    /// created later are not affected.
    ///
    /// # Errors
    ///
    /// Like [`revoke`](Self::revoke).
    pub async fn revoke_subject(&self, subject: &str) -> Result<(), GrantError> {
        let authority = self.0.authority.clone();
        self.write(RevocationRecord::subject(authority, subject, self.now()?))
            .await
    }

    /// Revokes all sessions and refresh tokens of a client. Those created later are not affected.
    ///
    /// # Errors
    ///
    /// Like [`revoke`](Self::revoke).
    pub async fn revoke_client(&self, client: &str) -> Result<(), GrantError> {
        let authority = self.0.authority.clone();
        self.write(RevocationRecord::client(authority, client, self.now()?))
            .await
    }

    /// Removes expired and revoked records from the store, sessions and others, and returns how
    /// many. Call it at an interval, for example every hour.
    ///
    /// # Errors
    ///
    /// A [`GrantError`]; what was removed by then is removed.
    pub async fn purge(&self) -> Result<usize, GrantError> {
        purge(&*self.0.store, self.now()?).await
    }

    async fn store(&self, record: &SessionRecord, now: UnixTime) -> Result<Sequence, GrantError> {
        let store = &self.0.store;
        let create = || match self.0.limit {
            Some(limit) => store.create_within(record.clone(), limit),
            None => store
                .create(record.clone())
                .map(|created| created.map(Created::new)),
        };
        let created = self.0.full.create(&**store, now, create).await?;
        report_ended(self.0.observer.as_deref(), &record.grant, &created);
        Ok(created.sequence)
    }

    async fn update(&self, old: &Session, mut new: SessionRecord) -> Result<Session, GrantError> {
        check_data(&new.data)?;
        if old.grant().has_expired(self.now()?) {
            return Err(GrantErrorKind::Conflict.into());
        }
        let digest = old.record().digest;
        new.version = self.0.store.update(digest, new.clone()).await?;
        Ok(Session::new(Arc::new(new)))
    }

    async fn write(&self, record: RevocationRecord) -> Result<(), GrantError> {
        let record = match self.0.limit {
            Some(_) => record,
            // Without a limit many users may share a subject, and a logout must end only one.
            None => record.exact(),
        };
        for other in &self.0.others {
            other.revoke(record.clone()).await?;
        }
        self.0.store.revoke(record).await?;
        self.0.full.is_worth_another();
        Ok(())
    }

    fn now(&self) -> Result<UnixTime, GrantError> {
        let now = self.0.clock.now();
        now.ok_or_else(|| GrantErrorKind::Unavailable.into())
    }
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            store,
            authority,
            lifetime,
            idle,
            ..
        } = &*self.0;
        f.debug_struct("SessionManager")
            .field("authority", authority)
            .field("lifetime", lifetime)
            .field("idle", idle)
            .field("store", store)
            .finish_non_exhaustive()
    }
}

fn check_data(data: &[u8]) -> Result<(), GrantError> {
    if data.len() > limits::SESSION_DATA_BYTES {
        let range = ..=limits::SESSION_DATA_BYTES;
        let flaw = ConfigError::size_out_of_range("data", data.len(), "bytes", range);
        return Err(GrantError::malformed(flaw));
    }
    Ok(())
}

fn random_id() -> Result<SessionId, GrantError> {
    SessionId::random().map_err(no_random)
}

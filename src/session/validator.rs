//! Judges session ids.

use super::id::SessionId;

use std::fmt;
use std::sync::Arc;

use super::cookie::SessionCookie;
use super::record::SessionRecord;
use super::record::SessionStore;
use crate::clock::Clock;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::grant::Grant;
use crate::grant::Lookup;
use crate::grant::SessionHandle;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::Authority;
use crate::principal::Principal;
use crate::principal::PrincipalKind;
use crate::validator::Authorities;
use crate::validator::Shape;
use crate::validator::TokenValidator;

/// Judges the session ids of one authority, found in its cookie.
///
/// [`SessionManager::validator`](crate::session::SessionManager::validator) makes it. It accepts an id only
/// if the store has its session, no mark has ended that, and neither of its timeouts is over. The
/// principal is of kind [`Session`](PrincipalKind::Session), with the granted scopes and claims,
/// and carries a [`Session`] that [`Principal::extension`] finds.
///
/// A use is written at most once a minute, and at least four times in an idle timeout, so a
/// session may end that much before its idle timeout is over.
///
/// | refused because | kind |
/// |---|---|
/// | it is no session id, before any store is asked | `token_malformed` |
/// | there is no such session, or its id was changed | `session_unknown` |
/// | it was revoked, or its subject or client was | `token_revoked` |
/// | it was idle for too long, or is too old | `session_expired` |
/// | the store did not answer | `unavailable` |
pub struct SessionValidator {
    store: Arc<dyn SessionStore>,
    authority: Authority,
    clock: Arc<dyn Clock>,
    shapes: [Shape; 1],
}

/// A session that was found good: the extension of a [`Principal`] by which its request changes
/// or ends it.
#[derive(Clone, Debug)]
pub struct Session(Arc<SessionRecord>);

impl Session {
    pub(crate) const fn new(record: Arc<SessionRecord>) -> Self {
        Self(record)
    }

    /// Returns its lasting name, by which it can be [revoked](crate::session::SessionManager::revoke).
    pub fn handle(&self) -> Option<SessionHandle> {
        self.grant().session()
    }

    /// Returns who was granted what, and until when.
    pub fn grant(&self) -> &Grant {
        self.0.grant()
    }

    /// Returns the data that the service keeps with it.
    pub fn data(&self) -> &[u8] {
        self.0.data()
    }

    pub(crate) fn record(&self) -> &SessionRecord {
        &self.0
    }
}

impl SessionValidator {
    pub(crate) fn new(
        store: Arc<dyn SessionStore>,
        authority: Authority,
        clock: Arc<dyn Clock>,
        cookie: &SessionCookie,
    ) -> Self {
        Self {
            store,
            authority,
            clock,
            shapes: [Shape::Place(cookie.place().clone())],
        }
    }

    fn judge(
        &self,
        found: Result<Lookup<Arc<SessionRecord>>, StoreError>,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<Principal, Rejection>> {
        let session = match self.standing(found, now) {
            Ok(session) => session,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        if !needs_touch(session.grant(), now) {
            return NowOrLater::now(principal(session));
        }
        let touched = self.store.touch(session.digest(), now);
        touched.map(|result| match result {
            Ok(true) => principal(session),
            Ok(false) => Err(RejectionKind::SessionUnknown.into()),
            Err(error) => Err(error.into()),
        })
    }

    fn standing(
        &self,
        found: Result<Lookup<Arc<SessionRecord>>, StoreError>,
        now: UnixTime,
    ) -> Result<Arc<SessionRecord>, Rejection> {
        match found? {
            Lookup::Live(session) if *session.grant().authority() != self.authority => {
                Err(RejectionKind::SessionUnknown.into())
            }
            Lookup::Live(session) if session.grant().is_over(now) => {
                Err(RejectionKind::SessionExpired.into())
            }
            Lookup::Live(session) => Ok(session),
            Lookup::Revoked => Err(RejectionKind::TokenRevoked.into()),
            Lookup::Unknown => Err(RejectionKind::SessionUnknown.into()),
        }
    }
}

impl TokenValidator for SessionValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let Some(id) = SessionId::parse(presented.credential().expose()) else {
            return NowOrLater::now(Err(RejectionKind::TokenMalformed.into()));
        };
        let Some(now) = presented.now().or_else(|| self.clock.now()) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let found = self.store.find(id.digest());
        found.then(move |found| self.judge(found, now))
    }
}

impl fmt::Debug for SessionValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionValidator")
            .field("authority", &self.authority)
            .field("shapes", &self.shapes)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// Not on every request, yet so often that the idle timeout still means something.
fn needs_touch(grant: &Grant, now: UnixTime) -> bool {
    let every = limits::SESSION_TOUCH.min(grant.idle() / 4);
    now >= grant.last_used().saturating_add(every) && now > grant.last_used()
}

fn principal(session: Arc<SessionRecord>) -> Result<Principal, Rejection> {
    let grant = session.grant();
    let mut builder = Principal::builder(PrincipalKind::Session, grant.authority().clone())
        .subject(grant.subject())
        .times(grant.created(), None, Some(grant.expires()));
    if let Some(client) = grant.client() {
        builder = builder.client(client);
    }
    if let Some(scopes) = grant.scopes() {
        builder = builder.scopes([scopes]);
    }
    if let Some(claims) = grant.claims() {
        let corrupt = |e| StoreError::new(StoreErrorKind::Corrupt).with_source(e);
        builder = builder.claims(claims).map_err(corrupt)?;
    }
    Ok(builder.extension(Session::new(session)).build())
}

//! Validation of session ids.

use std::fmt;
use std::sync::Arc;

use super::cookie::SessionCookie;
use super::id::SessionId;
use super::record::{SessionRecord, SessionStore};
use crate::clock::{Clock, UnixTime};
use crate::credential::{PresentedCredential, loopback};
use crate::diagnosis::{Explanation, Finding};
use crate::error::{Rejection, RejectionKind, StoreError, StoreErrorKind};
use crate::grant::Grant;
use crate::grant::store::{Lookup, SessionHandle};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Authority, Principal, PrincipalKind};
use crate::validator::{Authorities, Shape, TokenValidator, check_kind};

/// Validates the session ids of one authority, found in its cookie.
///
/// [`SessionManager::validator`](crate::session::SessionManager::validator) makes it. An id is accepted
/// only if the store has its session, neither the session nor its subject or client is revoked,
/// and neither of its timeouts has expired. The principal is of kind
/// [`Session`](PrincipalKind::Session), with the granted scopes and claims, and has the
/// [`Session`] as an [extension](Principal::extension).
///
/// A use is written at most once a minute, and at least four times in an idle timeout, so a
/// session may end by that much earlier than its idle timeout.
///
/// | rejected because | kind |
/// |---|---|
/// | the cookie is [insecure](SessionCookie::insecure_loopback) and the request is for another host than this machine | `address_denied` |
/// | it is no session id, before the store is asked | `token_malformed` |
/// | it is under the scheme `DPoP` or `ApiKey`, before the store is asked | `credential_malformed` |
/// | there is no such session, or its id was replaced | `session_unknown` |
/// | the session, its subject or its client was revoked | `token_revoked` |
/// | its idle or absolute timeout has expired | `session_expired` |
/// | the store did not answer | `unavailable` |
pub struct SessionValidator {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) authority: Authority,
    pub(super) clock: Arc<dyn Clock>,
    shapes: [Shape; 1],
    pub(super) is_insecure: bool,
}

/// The session of an accepted id, an extension of its [`Principal`].
///
/// A handler passes it to the [`SessionManager`](crate::session::SessionManager) to change or to end the
/// session.
#[derive(Clone, Debug)]
pub struct Session(Arc<SessionRecord>);

impl Session {
    pub(crate) const fn new(record: Arc<SessionRecord>) -> Self {
        Self(record)
    }

    /// Returns the public handle, by which the session can be
    /// [revoked](crate::session::SessionManager::revoke). It stays the same when the id is replaced.
    pub fn handle(&self) -> Option<SessionHandle> {
        self.grant().session()
    }

    /// Returns the subject, what was granted to it, and the timeouts. They are those at the time at
    /// which the id was validated.
    pub fn grant(&self) -> &Grant {
        &self.0.grant
    }

    /// Returns the data that the service stores with the session. It is empty unless it was set.
    /// The crate does not read it.
    pub fn data(&self) -> &[u8] {
        &self.0.data
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
            is_insecure: cookie.is_insecure(),
        }
    }

    /// Returns false for an insecure cookie unless the request is known to be for this machine.
    pub(super) fn may_be_sent(&self, presented: &PresentedCredential<'_>) -> bool {
        !self.is_insecure || presented.facts().is_some_and(loopback::is_addressed)
    }

    fn accept(
        &self,
        found: Result<Lookup<Arc<SessionRecord>>, StoreError>,
        now: UnixTime,
        is_diagnosis: bool,
    ) -> NowOrLater<'_, Result<Principal, Rejection>> {
        let session = match self.live_session(found, now) {
            Ok(session) => session,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        // A use is not written on every request, but several times in an idle timeout.
        let (used, idle) = (session.grant.last_used(), session.grant.idle());
        let every = limits::SESSION_TOUCH.min(idle / 4);
        if now < used.saturating_add(every) || now <= used || is_diagnosis {
            return NowOrLater::now(principal(session));
        }
        let touched = self.store.touch(session.digest, now);
        touched.map(|result| match result {
            Ok(true) => principal(session),
            Ok(false) => Err(RejectionKind::SessionUnknown.into()),
            Err(error) => Err(error.into()),
        })
    }

    fn live_session(
        &self,
        found: Result<Lookup<Arc<SessionRecord>>, StoreError>,
        now: UnixTime,
    ) -> Result<Arc<SessionRecord>, Rejection> {
        match found? {
            Lookup::Live(session) if *session.grant.authority() != self.authority => {
                Err(RejectionKind::SessionUnknown.into())
            }
            Lookup::Live(session) if session.grant.has_expired(now) => {
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

    fn authority_names(&self) -> Option<Vec<Authority>> {
        Some(vec![self.authority.clone()])
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        if !self.may_be_sent(presented) {
            let rejection = Rejection::new(RejectionKind::AddressDenied);
            return NowOrLater::now(Err(rejection.with_source(NOT_THIS_MACHINE)));
        }
        let Some(id) = SessionId::parse(presented.credential().expose()) else {
            return NowOrLater::now(Err(RejectionKind::TokenMalformed.into()));
        };
        let Some(now) = presented.now().or_else(|| self.clock.now()) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let scheme = presented.credential().scheme();
        if let Err(kind) = check_kind(scheme, PrincipalKind::Session) {
            return NowOrLater::now(Err(kind.into()));
        }
        let found = self.store.find(id.digest());
        let is_diagnosis = presented.is_diagnosis();
        found.then(move |found| self.accept(found, now, is_diagnosis))
    }

    /// Returns the principal of a session whose record is in memory.
    fn recall<'a>(&'a self, presented: &'a PresentedCredential<'a>) -> Option<Principal> {
        self.validate(presented).try_now().ok()?.ok()
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        self.explained(presented)
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        self.ask_store().map(|asked| Ok(asked?))
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.find_problems()
    }
}

pub(super) const NOT_THIS_MACHINE: &str = "an insecure session cookie is accepted only in requests for `localhost`, 127.0.0.0/8 or `[::1]`";

impl fmt::Debug for SessionValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionValidator")
            .field("authority", &self.authority)
            .field("shapes", &self.shapes)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

fn principal(session: Arc<SessionRecord>) -> Result<Principal, Rejection> {
    let grant = &session.grant;
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

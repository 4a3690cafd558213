//! Grants: the common part of sessions and refresh tokens.

use std::fmt;
use std::time::Duration;

use super::store::sequence::Sequence;
use super::store::session_handle::SessionHandle;
use crate::clock::{Leeway, UnixTime};
use crate::principal::Authority;
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// What was granted, to whom, and for how long: the common part of a
/// [`SessionRecord`](crate::session::SessionRecord) and a [`RefreshFamily`](crate::refresh::RefreshFamily).
///
/// All of it was set by the service. Stores read it through its getters and build it through
/// [`new`](Self::new) and its setters. `Debug` shows authority, subject, client and session.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Grant {
    authority: Authority,
    subject: String,
    client: Option<String>,
    session: Option<SessionHandle>,
    scopes: Option<String>,
    claims: Option<String>,
    created: UnixTime,
    sequence: Option<Sequence>,
    last_used: UnixTime,
    expires: UnixTime,
    idle: Duration,
}

impl Grant {
    /// Makes a grant to a subject that is expired unless [`with_lifetime`](Self::with_lifetime)
    /// follows.
    pub fn new(
        authority: impl Into<Authority>,
        subject: impl Into<String>,
        created: UnixTime,
    ) -> Self {
        Self {
            authority: authority.into(),
            subject: subject.into(),
            client: None,
            session: None,
            scopes: None,
            claims: None,
            created,
            sequence: None,
            last_used: created,
            expires: created,
            idle: Duration::ZERO,
        }
    }

    /// Sets the client. A revocation of the client ends the grant too. A refresh token always has
    /// one; a session need not.
    #[must_use]
    pub fn with_client(mut self, client: Option<String>) -> Self {
        self.client = client;
        self
    }

    /// Sets the session that this is or belongs to. A revocation of the session ends the grant too,
    /// whenever it was made.
    #[must_use]
    pub fn with_session(mut self, session: Option<SessionHandle>) -> Self {
        self.session = session;
        self
    }

    /// Sets the scopes, joined by spaces. `None` means that the principal has no scopes, which is
    /// not the same as an empty set. The text is not checked here.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Option<String>) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets the granted claims, the text of one JSON object. Policies read them, so users must not
    /// be able to edit them. The text is not checked here.
    #[must_use]
    pub fn with_claims(mut self, claims: Option<String>) -> Self {
        self.claims = claims;
        self
    }

    /// Sets the absolute expiry and the idle timeout, in whole seconds. A fraction of a second of
    /// the idle timeout is dropped. Without this call the grant is expired at once.
    #[must_use]
    pub fn with_lifetime(mut self, expires: UnixTime, idle: Duration) -> Self {
        self.expires = expires;
        self.idle = Duration::from_secs(idle.as_secs());
        self
    }

    /// Sets when it was last used. The idle timeout counts from then. By default it is the time at
    /// which the grant was made.
    #[must_use]
    pub fn with_last_used(mut self, at: UnixTime) -> Self {
        self.last_used = at;
        self
    }

    /// Sets the sequence number of the grant. A store sets it when the record is created, unless
    /// it is set already, and keeps it through every change.
    #[must_use]
    pub fn with_sequence(mut self, sequence: Option<Sequence>) -> Self {
        self.sequence = sequence;
        self
    }

    /// Returns the authority under which subject, client and session mean something. It is the
    /// configured name that the manager was built with.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the subject. The service authenticated it before the grant was made. It identifies a
    /// user only together with the [`authority`](Self::authority).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the client. It is `None` for a session that is not for a particular client. For a
    /// refresh token it is the only client that may use it.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Returns the session that this is or belongs to. A refresh token without a session has none.
    pub const fn session(&self) -> Option<SessionHandle> {
        self.session
    }

    /// Returns the scopes, joined by spaces. `None` means that no scopes were set. A principal made
    /// from such a grant has no scopes, which no rule that needs one accepts.
    pub fn scopes(&self) -> Option<&str> {
        self.scopes.as_deref()
    }

    /// Returns the granted claims, the text of one JSON object. `None` means that no claims were
    /// set.
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }

    /// Returns when it was made, by the clock of the node that made it. Clocks of several nodes
    /// differ, so revocations compare the [`sequence`](Self::sequence) instead.
    pub const fn created(&self) -> UnixTime {
        self.created
    }

    /// Returns its number among the grants and revocations of its store; `None` until it is
    /// stored.
    pub const fn sequence(&self) -> Option<Sequence> {
        self.sequence
    }

    /// Returns when it was last used, within the precision at which uses are written. A use within
    /// a minute of the last one may not be written.
    pub const fn last_used(&self) -> UnixTime {
        self.last_used
    }

    /// Returns its absolute expiry. From then on the grant is expired, however often it is used. No
    /// call of a manager moves it.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// Returns its idle timeout. It counts from [`last_used`](Self::last_used).
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// Returns when it expires if it is not used again. It is the earlier of the absolute expiry
    /// and the end of the idle timeout.
    pub fn expires_if_unused(&self) -> UnixTime {
        self.expires.min(self.last_used.saturating_add(self.idle))
    }

    /// Returns true if it has expired at `now`, by either timeout. No
    /// [`Leeway`](crate::clock::Leeway) is added, because the times are those of the service
    /// itself.
    pub fn has_expired(&self, now: UnixTime) -> bool {
        self.expires_if_unused().has_passed(now, Leeway::ZERO)
    }

    /// Returns the targets of all revocations that may end it: its subject, its session and its
    /// client.
    pub fn revocation_targets(&self) -> impl Iterator<Item = RevocationTarget<'_>> {
        let authority = self.authority.as_str();
        let subject = RevocationTarget::new(RevocationKind::Subject, authority, &*self.subject);
        let session = self.session.map(|session| {
            RevocationTarget::new(RevocationKind::Session, authority, session.to_string())
        });
        let client = self
            .client()
            .map(|client| RevocationTarget::new(RevocationKind::Client, authority, client));
        [Some(subject), session, client].into_iter().flatten()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("authority", &self.authority)
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn a_grant_expires_at_the_earlier_of_its_two_timeouts() {
        let secs = |n| NOW.saturating_add(Duration::from_secs(n));
        let grant = Grant::new("a", "s", NOW).with_lifetime(secs(100), Duration::from_secs(30));
        assert!(!grant.has_expired(secs(29)));
        assert!(grant.has_expired(secs(30)));
        let used = grant.with_last_used(secs(80));
        assert!(!used.has_expired(secs(99)));
        assert!(used.has_expired(secs(100)));
        assert!(Grant::new("a", "s", NOW).has_expired(NOW));
    }

    #[test]
    fn a_grant_is_revoked_by_its_subject_session_or_client() {
        let handle = SessionHandle::new([7; 16]);
        let target = |kind, id: &'static str| RevocationTarget::new(kind, "a", id);
        let subject = || target(RevocationKind::Subject, "s");
        let bare = Grant::new("a", "s", NOW);
        assert!(bare.revocation_targets().eq([subject()]));
        let full = bare
            .with_session(Some(handle))
            .with_client(Some("c".to_owned()));
        let targets = [
            subject(),
            RevocationTarget::new(RevocationKind::Session, "a", handle.to_string()),
            target(RevocationKind::Client, "c"),
        ];
        assert!(full.revocation_targets().eq(targets));
    }
}

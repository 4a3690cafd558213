//! The sessions of one subject: a list of them, and the end of all but one.

use std::sync::Arc;

use super::SessionManager;
use crate::error::ConfigError;
use crate::grant::store::{GrantQuery, RevocationRecord, SessionHandle};
use crate::grant::{Grant, GrantError, GrantErrorKind, check_authority, sort_by_use};
use crate::limits;
use crate::session::record::SessionRecord;
use crate::session::summary::SessionSummary;
use crate::session::validator::Session;

impl SessionManager {
    /// Lists the sessions of a subject that are neither expired nor revoked, the one that was used
    /// last first: for a page "your devices".
    ///
    /// Of more than [`limits::GRANTS_PER_SUBJECT_MAX`] it lists those that were created last; only an
    /// [unlimited](crate::session::SessionManagerBuilder::unlimited_per_subject) subject has so many.
    ///
    /// ```
    /// use bearergate::session::{Session, SessionManager};
    ///
    /// async fn devices(
    ///     sessions: &SessionManager,
    ///     current: &Session,
    /// ) -> Result<Vec<String>, bearergate::grant::GrantError> {
    ///     let own = sessions.list(current.grant().subject()).await?;
    ///     let line = |session: &bearergate::session::SessionSummary| {
    ///         let used = session.grant().last_used().as_secs();
    ///         let mark = if session.is_current(current) { " (this one)" } else { "" };
    ///         format!("{}: last used {used}{mark}", session.handle())
    ///     };
    ///     Ok(own.iter().map(line).collect())
    /// }
    /// # let _ = devices;
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`](GrantErrorKind::Unavailable) if the store or the clock does not answer.
    pub async fn list(&self, subject: &str) -> Result<Vec<SessionSummary>, GrantError> {
        let now = self.now()?;
        let mut listed = Vec::new();
        let mut query = self.sessions_of(subject);
        loop {
            let page = self.0.store.list(query.clone()).await?;
            let live = page
                .records
                .into_iter()
                .filter(|s| !s.grant.has_expired(now));
            listed.extend(live.filter_map(SessionSummary::new));
            match page.next {
                Some(next) if listed.len() < limits::GRANTS_PER_SUBJECT_MAX => {
                    query = query.after(next);
                }
                _ => break,
            }
        }
        listed.truncate(limits::GRANTS_PER_SUBJECT_MAX);
        sort_by_use(&mut listed, SessionSummary::grant);
        Ok(listed)
    }

    /// Revokes all sessions of the subject of `session` but this one, with the refresh tokens that
    /// belong to them: "log out everywhere else". Returns how many there were.
    ///
    /// The session stays, with the refresh tokens that belong to it; so do refresh tokens that
    /// belong to no session. Every other session that existed when the call began has ended when it
    /// returns. One that is created meanwhile has ended too, unless logins of the subject go on
    /// without a pause; so change the password before.
    ///
    /// A [`MemoryGrantStore`](crate::stores::MemoryGrantStore) ends the session too if the subject
    /// has ended so many sessions lately that one revocation takes the place of many; then the
    /// error is a [`Conflict`](GrantErrorKind::Conflict), and the user has to log in again.
    ///
    /// # Errors
    ///
    /// [`Conflict`](GrantErrorKind::Conflict) if the session has ended,
    /// [`Malformed`](GrantErrorKind::Malformed) if it is of another authority, or another
    /// [`GrantError`]; then some of the others may not be revoked, and the call is to be repeated.
    pub async fn revoke_others(&self, session: &Session) -> Result<usize, GrantError> {
        let grant = session.grant();
        check_authority(&self.0.authority, grant.authority())?;
        let kept = grant.session().ok_or_else(no_handle)?;
        self.ensure_live(grant).await?;
        let mut revoked = 0_usize;
        for _ in 0..PASSES {
            match self.revoke_but(grant.subject(), kept).await? {
                0 => break,
                some => revoked = revoked.saturating_add(some),
            }
        }
        self.ensure_live(grant).await?;
        Ok(revoked)
    }

    /// Revokes the session with this handle, and the refresh tokens that belong to it, only if it is
    /// one of this subject's; returns false if the subject has no such session.
    ///
    /// For a handle that a page sent back, which is untrusted: with
    /// [`revoke_handle`](Self::revoke_handle) a user could end the session of another one.
    ///
    /// # Errors
    ///
    /// A [`GrantError`]; then the session may not be revoked, and the call is to be repeated.
    pub async fn revoke_of(
        &self,
        subject: &str,
        handle: SessionHandle,
    ) -> Result<bool, GrantError> {
        let mut query = self.sessions_of(subject);
        loop {
            let page = self.0.store.list(query.clone()).await?;
            let is_meant = |session: &&Arc<SessionRecord>| session.grant.session() == Some(handle);
            if let Some(session) = page.records.iter().find(is_meant) {
                self.revoke_grant(&session.grant).await?;
                return Ok(true);
            }
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(false),
            }
        }
    }

    /// Revokes what is found in one pass over the sessions of a subject.
    async fn revoke_but(&self, subject: &str, kept: SessionHandle) -> Result<usize, GrantError> {
        let now = self.now()?;
        let is_other = |session: &Arc<SessionRecord>| {
            session.grant.session() != Some(kept) && !session.grant.has_expired(now)
        };
        let mut revoked = 0_usize;
        let mut query = self.sessions_of(subject);
        loop {
            let page = self.0.store.list(query.clone()).await?;
            for other in page.records.iter().filter(|session| is_other(session)) {
                self.revoke_grant(&other.grant).await?;
                revoked = revoked.saturating_add(1);
            }
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(revoked),
            }
        }
    }

    pub(super) async fn revoke_grant(&self, grant: &Grant) -> Result<(), GrantError> {
        let handle = grant.session().ok_or_else(no_handle)?;
        let record = RevocationRecord::session(grant.authority().clone(), handle, self.now()?);
        let record = record.of_grant(grant);
        // Validators with a leeway accept a token of the session for a while after its expiry.
        let until = grant.expires().saturating_add(limits::LEEWAY_MAX);
        self.write(record.with_until(until)).await
    }

    async fn ensure_live(&self, grant: &Grant) -> Result<(), GrantError> {
        let has_ended =
            grant.has_expired(self.now()?) || self.0.store.is_revoked(grant.clone()).await?;
        match has_ended {
            true => Err(GrantErrorKind::Conflict.into()),
            false => Ok(()),
        }
    }

    fn sessions_of(&self, subject: &str) -> GrantQuery {
        GrantQuery::new(self.0.authority.clone(), subject, limits::GRANTS_PER_PAGE)
    }
}

fn no_handle() -> GrantError {
    let detail = "expected one with a handle, found one without; no manager makes such a session";
    GrantError::malformed(ConfigError::malformed("session", detail))
}

/// How often one call looks for sessions that were created meanwhile.
const PASSES: usize = 4;

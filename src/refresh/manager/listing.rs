//! What clients hold for one subject: a list, and the end of what one client holds.

use std::sync::Arc;

use super::{ATTEMPTS, RefreshManager};
use crate::clock::UnixTime;
use crate::grant::store::{GrantQuery, Lookup};
use crate::grant::{Grant, GrantError, GrantErrorKind, sort_by_use};
use crate::limits;
use crate::refresh::family::RefreshFamily;

impl RefreshManager {
    /// Lists what clients hold refresh tokens for, of one subject, the one that was used last first:
    /// for a page "connected applications". The families are neither expired nor revoked.
    ///
    /// Of more than [`limits::GRANTS_PER_SUBJECT_MAX`] it lists those that were created last; only an
    /// [unlimited](crate::refresh::RefreshManagerBuilder::unlimited_per_subject) subject has so many.
    ///
    /// ```
    /// use bearergate::refresh::RefreshManager;
    ///
    /// async fn applications(
    ///     tokens: &RefreshManager,
    ///     subject: &str,
    /// ) -> Result<Vec<String>, bearergate::grant::GrantError> {
    ///     let held = tokens.list(subject).await?;
    ///     let clients = held.iter().filter_map(|grant| grant.client());
    ///     Ok(clients.map(str::to_owned).collect())
    /// }
    /// # let _ = applications;
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`](GrantErrorKind::Unavailable) if the store or the clock does not answer.
    pub async fn list(&self, subject: &str) -> Result<Vec<Grant>, GrantError> {
        let now = self.now().ok_or(GrantErrorKind::Unavailable)?;
        let mut listed = Vec::new();
        let mut query = self.families_of(subject);
        loop {
            let page = self.0.store.list(query.clone()).await?;
            let live = page.records.iter().filter(|family| is_live(family, now));
            listed.extend(live.map(|family| family.grant.clone()));
            match page.next {
                Some(next) if listed.len() < limits::GRANTS_PER_SUBJECT_MAX => {
                    query = query.after(next);
                }
                _ => break,
            }
        }
        listed.truncate(limits::GRANTS_PER_SUBJECT_MAX);
        sort_by_use(&mut listed, |grant| grant);
        Ok(listed)
    }

    /// Revokes all refresh tokens that a client holds for a subject, and returns how many families
    /// there were: "disconnect this application". Tokens of other clients, and of other subjects,
    /// stay; so do sessions.
    ///
    /// Every family that existed when the call began has ended when it returns; one that is created
    /// meanwhile has ended too, unless the client gets new ones without a pause. Access tokens that
    /// were minted from them last until they expire.
    ///
    /// # Errors
    ///
    /// A [`GrantError`]; then some may not be revoked, and the call is to be repeated.
    pub async fn revoke_client_of(&self, subject: &str, client: &str) -> Result<usize, GrantError> {
        let mut revoked = 0_usize;
        for _ in 0..ATTEMPTS {
            match self.revoke_held(subject, client).await? {
                0 => break,
                some => revoked = revoked.saturating_add(some),
            }
        }
        Ok(revoked)
    }

    /// Revokes what is found in one pass over the families of a subject.
    async fn revoke_held(&self, subject: &str, client: &str) -> Result<usize, GrantError> {
        let now = self.now().ok_or(GrantErrorKind::Unavailable)?;
        let mut revoked = 0_usize;
        let mut query = self.families_of(subject);
        loop {
            let page = self.0.store.list(query.clone()).await?;
            for family in page.records {
                if family.grant.client() == Some(client) && is_live(&family, now) {
                    revoked = revoked.saturating_add(self.end_found(family, now).await?);
                }
            }
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(revoked),
            }
        }
    }

    /// Revokes a family, also if it is rotated meanwhile; returns 0 if it ended otherwise.
    async fn end_found(
        &self,
        mut family: Arc<RefreshFamily>,
        now: UnixTime,
    ) -> Result<usize, GrantError> {
        for _ in 0..ATTEMPTS {
            if self.end(&family, now).await? {
                return Ok(1);
            }
            family = match self.0.store.find(family.id).await? {
                Lookup::Live(found) if found.revoked.is_none() => found,
                _ => return Ok(0),
            };
        }
        let detail = "the family was changed by every attempt to revoke it";
        Err(GrantError::new(GrantErrorKind::Unavailable).with_source(detail))
    }

    fn families_of(&self, subject: &str) -> GrantQuery {
        GrantQuery::new(self.0.authority.clone(), subject, limits::GRANTS_PER_PAGE)
    }
}

fn is_live(family: &RefreshFamily, now: UnixTime) -> bool {
    family.revoked.is_none() && !family.grant.has_expired(now)
}

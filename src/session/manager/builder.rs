//! The configuration of a session manager.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, SessionManager};
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::grant::store::SubjectLimit;
use crate::grant::{GrantStore, PurgeOnFull, check_lifetime, check_subject_limit};
use crate::limits;
use crate::principal::Authority;
use crate::session::record::SessionStore;

/// Builds a [`SessionManager`]. Only the store and the authority are required. By default a session
/// lives for 12 hours, and for 30 minutes without a use.
#[must_use]
pub struct SessionManagerBuilder(Inner);

impl SessionManager {
    /// Starts a configuration. `authority` is the name under which subjects, clients and sessions
    /// mean something, for example the name of the service.
    pub fn builder(
        store: Arc<dyn SessionStore>,
        authority: impl Into<Authority>,
    ) -> SessionManagerBuilder {
        SessionManagerBuilder(Inner {
            store,
            others: Vec::new(),
            authority: authority.into(),
            clock: Arc::new(SystemClock),
            lifetime: limits::SESSION_LIFETIME,
            idle: limits::SESSION_IDLE,
            limit: Some(SubjectLimit::ending_oldest(limits::GRANTS_PER_SUBJECT)),
            full: PurgeOnFull::default(),
            observer: None,
        })
    }
}

impl SessionManagerBuilder {
    /// Sets the absolute timeout, after which a session expires even if it is used: by default
    /// 12 hours.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.0.lifetime = lifetime;
        self
    }

    /// Sets the idle timeout, after which an unused session expires: by default
    /// 30 minutes.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.0.idle = idle;
        self
    }

    /// Sets how many sessions a subject may have: 1 to [`limits::GRANTS_PER_SUBJECT_MAX`], by
    /// default 100. Expired and revoked ones do not count.
    ///
    /// One more ends the one that was used longest ago, so that nobody who holds the account can
    /// keep its owner from logging in. It ends without a revocation: access tokens that were
    /// minted from it last until they expire.
    pub fn max_per_subject(mut self, most: usize) -> Self {
        self.0.limit = Some(SubjectLimit::with_most(self.0.limit, most));
        self
    }

    /// Refuses one more with [`SubjectFull`](crate::grant::GrantErrorKind::SubjectFull), and ends
    /// none. Anybody who holds the account can then keep its owner from logging in, until the owner's
    /// sessions are revoked.
    pub fn refuse_at_subject_limit(mut self) -> Self {
        self.0.limit = Some(SubjectLimit::made_refusing(self.0.limit));
        self
    }

    /// Lets a subject have any number, for subjects that many users share (guests, kiosks). One
    /// subject can then fill the store, and nobody else can log in; and a store in memory keeps each
    /// of its logouts until there is only the room that is reserved for subjects and clients.
    pub fn unlimited_per_subject(mut self) -> Self {
        self.0.limit = None;
        self
    }

    /// Writes every revocation to this store too, before the store of the sessions. Needed only if
    /// the refresh tokens that belong to these sessions are in another store.
    pub fn also_revoke_in(mut self, store: Arc<dyn GrantStore>) -> Self {
        self.0.others.push(store);
        self
    }

    /// Sets the clock of creations, expiry and revocations, also for its
    /// [validators](SessionManager::validator); by default [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Sets the observer, to which the end of sessions at the limit of a subject is reported as
    /// [`GrantsEndedByLimit`](crate::event::Event::GrantsEndedByLimit); by default none.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.0.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the clock and the observer from an [`Environment`]. Call it before a setter that
    /// differs from it.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.0.clock);
        environment.set_observer(&mut self.0.observer);
        self
    }

    /// Builds the manager.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without the name of an authority,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a lifetime over
    /// [`limits::GRANT_LIFETIME_MAX`], an idle timeout under a second or over the lifetime, or a
    /// number of sessions of a subject outside its range.
    pub fn build(self) -> Result<SessionManager, ConfigError> {
        check_lifetime(&self.0.authority, self.0.lifetime, self.0.idle)?;
        check_subject_limit(self.0.limit)?;
        Ok(SessionManager(Arc::new(self.0)))
    }
}

impl fmt::Debug for SessionManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManagerBuilder")
            .field("authority", &self.0.authority)
            .field("lifetime", &self.0.lifetime)
            .field("idle", &self.0.idle)
            .finish_non_exhaustive()
    }
}

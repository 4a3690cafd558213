//! The configuration of a refresh token manager.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, RefreshManager};
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::grant::store::SubjectLimit;
use crate::grant::{PurgeOnFull, check_lifetime, check_subject_limit};
use crate::limits;
use crate::principal::Authority;
use crate::refresh::family::RefreshTokenStore;

/// Builds a [`RefreshManager`]. Only the store and the authority are required. By default a family
/// lives for 30 days, a token that is not used for 14, and there is no reuse window.
#[must_use]
pub struct RefreshManagerBuilder(Inner);

impl RefreshManager {
    /// Starts a configuration. `authority` is the name under which subjects, clients and sessions
    /// mean something: that of the sessions, if there are any.
    pub fn builder(
        store: Arc<dyn RefreshTokenStore>,
        authority: impl Into<Authority>,
    ) -> RefreshManagerBuilder {
        RefreshManagerBuilder(Inner {
            store,
            authority: authority.into(),
            clock: Arc::new(SystemClock),
            observer: None,
            lifetime: limits::REFRESH_LIFETIME,
            idle: limits::REFRESH_IDLE,
            reuse_window: Duration::ZERO,
            limit: Some(SubjectLimit::ending_oldest(limits::GRANTS_PER_SUBJECT)),
            full: PurgeOnFull::default(),
        })
    }
}

impl RefreshManagerBuilder {
    /// Sets the absolute timeout, after which a family expires even if its tokens are used: by
    /// default 30 days.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.0.lifetime = lifetime;
        self
    }

    /// Sets the idle timeout, after which an unused token expires: by default
    /// 14 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.0.idle = idle;
        self
    }

    /// Sets how long, in whole seconds, a client that lost the response, or that refreshes in two
    /// tabs, may present a spent token again. At most [`limits::REFRESH_REUSE_WINDOW_MAX`].
    ///
    /// It gets the same successor, if it is the same client and key and the successor has not been
    /// used. If the successor was used too, it is refused with
    /// [`RefreshReused`](crate::RejectionKind::RefreshReused), reported as
    /// [`RefreshTokenRepeated`](crate::event::Event::RefreshTokenRepeated), and its family stays:
    /// for the token that was spent last and [`limits::REFRESH_EARLIER`] before it.
    ///
    /// Zero by default, because it weakens the detection of a theft: a thief who spends a stolen
    /// token and its successor within the window, before the client presents it, is found only if
    /// the client presents it once more after the window. Keep it short (a few seconds), or bind the
    /// tokens to a [key](crate::refresh::NewRefreshToken::thumbprint).
    pub fn reuse_window(mut self, reuse_window: Duration) -> Self {
        self.0.reuse_window = reuse_window;
        self
    }

    /// Sets how many families of refresh tokens a subject may have: 1 to [`limits::GRANTS_PER_SUBJECT_MAX`], by
    /// default 100. Expired and revoked ones do not count.
    ///
    /// One more ends the one that was used longest ago, so that nobody who holds the account can
    /// keep its owner from getting one. It ends without a revocation: access tokens
    /// that were minted from it last until they expire.
    pub fn max_per_subject(mut self, most: usize) -> Self {
        self.0.limit = Some(SubjectLimit::with_most(self.0.limit, most));
        self
    }

    /// Refuses one more with [`SubjectFull`](crate::grant::GrantErrorKind::SubjectFull), and ends
    /// none. Anybody who holds the account can then keep its owner from getting one, until the owner's
    /// families of refresh tokens are revoked.
    pub fn refuse_at_subject_limit(mut self) -> Self {
        self.0.limit = Some(SubjectLimit::made_refusing(self.0.limit));
        self
    }

    /// Lets a subject have any number, for subjects that many users share (guests, kiosks). One
    /// subject can then fill the store, and nobody else can get a refresh token.
    pub fn unlimited_per_subject(mut self) -> Self {
        self.0.limit = None;
        self
    }

    /// Sets the observer, to which the reuse of spent tokens is reported as
    /// [`RefreshTokenReused`](crate::event::Event::RefreshTokenReused) if their family was revoked
    /// for it, as [`RefreshTokenRepeated`](crate::event::Event::RefreshTokenRepeated) if it was
    /// within the reuse window, and the end of families at the limit of a subject as
    /// [`GrantsEndedByLimit`](crate::event::Event::GrantsEndedByLimit). Without one nobody learns of
    /// a theft except by the kind of the rejection.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.0.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the clock of creations, expiry and revocations; by default [`SystemClock`]. While it
    /// returns no time, every call fails and nothing is granted.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Takes the clock and the observer from an [`Environment`]. Call it before a setter that differs from it.
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
    /// [`limits::GRANT_LIFETIME_MAX`], an idle timeout under a second or over the lifetime, a
    /// reuse window over [`limits::REFRESH_REUSE_WINDOW_MAX`], or a number of families of a subject
    /// outside its range.
    pub fn build(self) -> Result<RefreshManager, ConfigError> {
        let Inner {
            authority,
            lifetime,
            idle,
            reuse_window,
            ..
        } = &self.0;
        check_lifetime(authority, *lifetime, *idle)?;
        if *reuse_window > limits::REFRESH_REUSE_WINDOW_MAX {
            let range = ..=limits::REFRESH_REUSE_WINDOW_MAX;
            return Err(ConfigError::out_of_range(
                "reuse_window",
                *reuse_window,
                range,
            ));
        }
        check_subject_limit(self.0.limit)?;
        Ok(RefreshManager(Arc::new(self.0)))
    }
}

impl fmt::Debug for RefreshManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RefreshManagerBuilder")
            .field(&self.0)
            .finish()
    }
}

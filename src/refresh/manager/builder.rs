//! Configures a refresh token manager.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::RefreshManager;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::event::Observer;
use crate::grant::check_lifetime;
use crate::limits;
use crate::principal::Authority;
use crate::refresh::family::RefreshTokenStore;

/// Builds a [`RefreshManager`].
#[must_use]
pub struct RefreshManagerBuilder(Inner);

impl RefreshManagerBuilder {
    pub(super) fn new(store: Arc<dyn RefreshTokenStore>, authority: Authority) -> Self {
        Self(Inner {
            store,
            authority,
            clock: Arc::new(SystemClock),
            observer: None,
            lifetime: limits::REFRESH_LIFETIME,
            idle: limits::REFRESH_IDLE,
            grace: Duration::ZERO,
        })
    }

    /// Sets how long a family lasts at the most, whatever happens: by default
    /// 30 days.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.0.lifetime = lifetime;
        self
    }

    /// Sets how long a token lasts unused: by default 14 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.0.idle = idle;
        self
    }

    /// Lets a client that lost an answer ask again: for so long, in whole seconds, a spent token
    /// gives the same successor again, to the same client and key, until that successor is used.
    ///
    /// It is off by default: within the grace a thief who is as fast as the client is not noticed.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.grace = grace;
        self
    }

    /// Sets who hears of spent tokens that are presented again.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.0.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the clock; by default it is the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Empty`](ConfigErrorKind::Empty) without the name of an authority,
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a lifetime over
    /// [`limits::GRANT_LIFETIME_MAX`], an idle timeout under a second or over the lifetime, or a
    /// grace over [`limits::REUSE_WINDOW_MAX`].
    pub fn build(self) -> Result<RefreshManager, ConfigError> {
        let Inner {
            authority,
            lifetime,
            idle,
            grace,
            ..
        } = &self.0;
        check_lifetime(authority, *lifetime, *idle)?;
        if *grace > limits::REUSE_WINDOW_MAX {
            let detail = format!("{grace:?} is too long; give at most 60 seconds");
            return Err(ConfigError::new(
                ConfigErrorKind::OutOfRange,
                "grace",
                detail,
            ));
        }
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

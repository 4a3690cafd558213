//! The builder of fake issuers.

use std::io;
use std::sync::Arc;

use super::fake_issuer::FakeIssuer;
use super::server::Server;
use super::state::{Client, Provider};
use crate::clock::Clock;
use crate::testing::key::FakeKey;

/// A builder of a [`FakeIssuer`]; created by [`FakeIssuer::builder`].
///
/// Nothing runs before [`start`](Self::start), and every setting has a default.
#[derive(Debug)]
#[must_use]
pub struct FakeIssuerBuilder {
    base: String,
    key: Option<FakeKey>,
    clock: Option<Arc<dyn Clock>>,
    port: u16,
}

impl FakeIssuer {
    /// Starts an issuer with a new P-256 key on any free port.
    ///
    /// # Errors
    ///
    /// The error of the system if there is no free port or no thread can be started.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Starts the configuration of an issuer: by default with a new P-256 key, the system's clock,
    /// no path, and any free port.
    pub const fn builder() -> FakeIssuerBuilder {
        FakeIssuerBuilder {
            base: String::new(),
            key: None,
            clock: None,
            port: 0,
        }
    }
}

impl FakeIssuerBuilder {
    /// Sets the path of the issuer's URL, such as `/realms/main`; the default is no path.
    ///
    /// Write it with a leading and without a trailing slash, because it is not checked. The paths
    /// of all endpoints depend on it, see [`FakeEndpoint`](crate::testing::FakeEndpoint).
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.base = path.into();
        self
    }

    /// Sets the first signing key, which is also published; by default it is a new P-256 key with
    /// the `kid` `key-1`.
    ///
    /// [`FakeIssuer::rotate`] later makes a key of the same kind.
    pub fn key(mut self, key: FakeKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets the clock, for the times in tokens and for the `Date` of answers; the default is the
    /// system's clock.
    ///
    /// Give the validator under test the same clock, or its tokens can be expired or not valid yet.
    /// If the clock has no time, the issuer uses the Unix epoch.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the port on loopback; the default 0 takes any free one, so that tests can run at the
    /// same time.
    ///
    /// With a fixed port, [`start`](Self::start) fails while another process uses it.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the issuer; it answers requests as soon as this returns.
    ///
    /// # Errors
    ///
    /// The error of the system if the port is not free or no thread can be started.
    pub fn start(self) -> io::Result<FakeIssuer> {
        let listener = Server::bind(self.port)?;
        let origin = format!("http://{}", listener.local_addr()?);
        let key = self.key.unwrap_or_else(|| FakeKey::es256("key-1"));
        let mut provider = Provider::new(origin, self.base, key);
        if let Some(clock) = self.clock {
            provider.clock = clock;
        }
        provider.lock().clients.push(Client::Secret {
            id: FakeIssuer::CLIENT_ID.to_owned(),
            secret: FakeIssuer::CLIENT_SECRET.to_owned(),
        });
        let provider = Arc::new(provider);
        let own = Arc::clone(&provider);
        let server = Server::start(listener, Arc::new(move |stream| own.serve(stream)))?;
        Ok(FakeIssuer { provider, server })
    }
}

//! Puts a provider together.

use std::io;
use std::sync::Arc;

use super::FakeIssuer;
use super::server::Server;
use super::state::Client;
use super::state::Provider;
use crate::clock::Clock;
use crate::testing::key::FakeKey;

/// Puts a [`FakeIssuer`] together: [`FakeIssuer::builder`].
#[derive(Debug)]
#[must_use]
pub struct FakeIssuerBuilder {
    base: String,
    key: Option<FakeKey>,
    clock: Option<Arc<dyn Clock>>,
    port: u16,
}

impl FakeIssuerBuilder {
    pub(super) const fn new() -> Self {
        Self {
            base: String::new(),
            key: None,
            clock: None,
            port: 0,
        }
    }

    /// Gives the issuer a path, such as `/realms/main`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.base = path.into();
        self
    }

    /// Gives it the key that it begins with; by default a new P-256 key.
    pub fn key(mut self, key: FakeKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Gives it a clock: for the times in its tokens and for the `Date` of its answers.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Takes this port of loopback in place of any free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts it; it answers as soon as this returns.
    ///
    /// # Errors
    ///
    /// Returns what the system said when no port or no thread was to be had.
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

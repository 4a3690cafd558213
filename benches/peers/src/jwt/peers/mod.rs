//! One module for each peer.
//!
//! Everything that a service would keep between two requests is created in advance: keys, options,
//! validators. What the API of a peer requires on every call is part of the measurement.

mod huskarl;
mod jsonwebtoken_11;
mod jsonwebtoken_12;
mod jsonwebtoken_9;
mod jwt_authorizer;
mod jwt_compact;
mod jwt_simple;
mod oauth;

use super::Fixture;
use crate::case::Case;
use crate::case::Check;
use crate::case::Provider;
use crate::error::Result;
use crate::worker;
use crate::worker::Worker;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// Creates the cases of a peer: none if it does not support the algorithm.
type Peer = fn(&Fixture) -> Result<Vec<Case>>;

/// Every peer.
pub const ALL: &[Peer] = &[
    jsonwebtoken_12::cases,
    jsonwebtoken_11::cases,
    jsonwebtoken_9::cases,
    jwt_simple::cases,
    jwt_compact::cases,
    jwt_authorizer::cases,
    huskarl::cases,
    oauth::cases,
];

/// A peer that is measured in a worker, because its provider is global to a process.
struct Backend {
    name: &'static str,
    provider: Provider,
    /// Installs the provider and returns the check; called once in a process.
    check: fn(&Fixture) -> Result<Check>,
}

impl Backend {
    fn start(&self, fixture: &Fixture) -> Result<Case> {
        let worker = Worker::start(self.name, fixture)?;
        Ok(Case::remote(self.name, self.provider, worker))
    }
}

/// Runs as the worker of this name until the parent stops it.
///
/// # Errors
///
/// Fails if there is no worker of this name or the parent has ended.
pub fn work(name: &str) -> Result<()> {
    let backend = jsonwebtoken_11::BACKENDS
        .iter()
        .chain([&jsonwebtoken_12::BACKEND])
        .find(|backend| backend.name == name)
        .ok_or_else(|| format!("unknown worker `{name}`"))?;
    worker::serve(|fixture| {
        let check = (backend.check)(fixture)?;
        Ok(Case::new(backend.name, backend.provider, check))
    })
}

/// Polls a future once, which is enough for a validation with static keys.
pub fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

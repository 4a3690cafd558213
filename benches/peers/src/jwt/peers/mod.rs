//! One module for each peer.
//!
//! Everything that a service would keep between two requests is made beforehand: keys, options,
//! validators. What a peer's API demands anew on every call is part of what is measured.

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
use crate::case::Judge;
use crate::case::Provider;
use crate::error::Result;
use crate::worker;
use crate::worker::Worker;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// Makes the cases of a peer: none if it does not know the algorithm.
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
    /// Installs the provider; called once in a process.
    judge: fn(&Fixture) -> Result<Judge>,
}

impl Backend {
    fn start(&self, fixture: &Fixture) -> Result<Case> {
        let worker = Worker::start(self.name, fixture)?;
        Ok(Case::remote(self.name, self.provider, worker))
    }
}

/// Is the worker of that name, until the parent ends it.
///
/// # Errors
///
/// Fails if there is no such worker or the parent has gone.
pub fn work(name: &str) -> Result<()> {
    let backend = jsonwebtoken_11::BACKENDS
        .iter()
        .chain([&jsonwebtoken_12::BACKEND])
        .find(|backend| backend.name == name)
        .ok_or_else(|| format!("unknown worker `{name}`"))?;
    worker::serve(|fixture| {
        let judge = (backend.judge)(fixture)?;
        Ok(Case::new(backend.name, backend.provider, judge))
    })
}

/// Polls a future once: all the executor that a validation with static keys needs.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

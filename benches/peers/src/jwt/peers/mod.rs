//! One module for each peer.
//!
//! Everything that a service would keep between two requests is made beforehand: keys, options,
//! validators. What a peer's API demands anew on every call is part of what is measured.

mod huskarl;
pub mod jsonwebtoken_11;
mod jsonwebtoken_9;
mod jwt_authorizer;
mod jwt_compact;
mod jwt_simple;
mod oauth;

use super::Fixture;
use crate::case::Case;
use crate::error::Result;
use std::pin::pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// Makes the cases of a peer: none if it does not know the algorithm.
type Peer = fn(&Fixture) -> Result<Vec<Case>>;

/// Every peer.
pub const ALL: &[Peer] = &[
    jsonwebtoken_11::cases,
    jsonwebtoken_9::cases,
    jwt_simple::cases,
    jwt_compact::cases,
    jwt_authorizer::cases,
    huskarl::cases,
    oauth::cases,
];

/// Polls a future once: all the executor that a validation with static keys needs.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

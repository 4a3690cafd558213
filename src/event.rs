//! What happens beside the verdict, for audit and metrics.

use std::fmt;
use std::sync::Arc;

/// Something that happened while keys were loaded or requests judged.
///
/// An event never carries a token, a key or a secret. Text that comes from outside (a key id) is
/// data, not a label: do not use it as the name of a metric.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The digest of an API key was to be made anew under the current pepper, and the older one
    /// stays: the key is good, and its next use tries again.
    DigestKept {
        /// The key's id.
        key: &'a str,
        /// What the store said, a stable code.
        reason: &'static str,
    },
    /// A member of a JWK Set was left out; its siblings stay good.
    KeySkipped {
        /// Position of the member in `keys`, from 0.
        index: usize,
        /// The member's `kid`, if it has one that is a string.
        kid: Option<&'a str>,
        /// Why it was left out, constant text.
        reason: &'static str,
    },
    /// A refresh token that was spent before was presented again, so somebody has it who should
    /// not: its family was revoked.
    RefreshTokenReused {
        /// Under whose authority subject, client and session stand.
        authority: &'a str,
        /// To whom the tokens were granted.
        subject: &'a str,
        /// To which client they were granted.
        client: &'a str,
        /// The handle of the session that they hang on.
        session: Option<&'a str>,
    },
}

/// Takes note of [`Event`]s.
///
/// Called inline on the path of the request, so implementations must not block.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes note of one event.
    fn observe(&self, event: &Event<'_>);
}

const _: Option<&dyn Observer> = None;

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }
}

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
    /// A credential was not judged anew, because the same judge had accepted it before.
    CacheHit {
        /// Who vouches for its subject.
        authority: &'a str,
    },
    /// An endpoint did not answer several times in a row and is left alone for a moment.
    CircuitOpened {
        /// The configured name of the authority whose endpoint it is.
        authority: &'a str,
    },
    /// The digest of an API key was to be made anew under the current pepper, and the older one
    /// stays: the key is good, and its next use tries again.
    RehashFailed {
        /// The key's id.
        key: &'a str,
        /// What the store said, a stable code.
        reason: &'static str,
    },
    /// An endpoint was asked about a token.
    Introspected {
        /// The configured name of the authority whose endpoint it is.
        authority: &'a str,
        /// What was wrong, constant text; nothing if it said whether the token is active.
        problem: Option<&'static str>,
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
    /// A source of keys was asked.
    KeysFetched {
        /// The configured address or issuer.
        source: &'a str,
        /// What was wrong, constant text; nothing if usable keys came or were confirmed.
        problem: Option<&'static str>,
    },
    /// Keys were used that should have been fetched anew, but could not be.
    StaleKeysUsed {
        /// The configured address or issuer.
        source: &'a str,
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

//! What a limit counts by.

use std::sync::Arc;

/// What has a bucket of its own at a limit.
///
/// Every key is a verified fact or the source of the connection, and begins with the authority that
/// vouches for it: two authorities never share a bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum By {
    /// One bucket for all requests of the process, verified or not.
    Everyone,
    /// One for each source: an IPv4 address, or an IPv6 /64. It is asked before the credential is
    /// read, so it cannot be combined with a class or a plan.
    Source,
    /// One for each verified caller: (authority, subject), or else (authority, client), or else
    /// (authority, kind of credential). Requests without a verified caller are not counted.
    Caller,
    /// One for each client application: the (authority, client) of the credential, and one for all
    /// callers of an authority whose credential names no client.
    Client,
    /// One for each API key, and for other credentials as [`By::Caller`].
    Credential,
    /// One for each value of this claim, which has to be a text, such as `tenant`. All callers of an
    /// authority whose claim is missing or is no text share one.
    Claim(Arc<str>),
}

impl By {
    /// Returns [`By::Claim`] of this name.
    pub fn claim(name: impl Into<Arc<str>>) -> Self {
        Self::Claim(name.into())
    }
}

/// What a shared limit or a quota does while its store does not answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outage {
    /// It counts in this process, with this node's share of the rate, at least one cell a period. A
    /// quota counts up to one lease and then refuses. The default.
    #[default]
    Local,
    /// It refuses with [`Unavailable`](crate::RejectionKind::Unavailable).
    Refuse,
}

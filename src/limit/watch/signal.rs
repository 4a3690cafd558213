//! The signals and sets of them.

use std::fmt;

/// A sign of a possible attack. It never refuses a request.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Signal {
    /// Many credentials were refused, and they are a large part of the requests.
    FailureRate,
    /// Credentials of many sources were refused, each of them a few times.
    SourceSpread,
    /// One source presented credentials of many claimed identities that were refused.
    IdentityProbing,
    /// Credentials of one claimed identity were refused from many sources.
    IdentityTargeted,
    /// The policy denied many requests of one verified caller.
    DeniedBurst,
    /// An API key is used from a network from which it was not used before.
    NewSource,
    /// A credential was used that was revoked, disabled, or spent.
    EndedCredentialUsed,
    /// A table has no slot for a new source or identity.
    Saturated,
}

impl Signal {
    /// Every signal, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::FailureRate,
        Self::SourceSpread,
        Self::IdentityProbing,
        Self::IdentityTargeted,
        Self::DeniedBurst,
        Self::NewSource,
        Self::EndedCredentialUsed,
        Self::Saturated,
    ];

    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailureRate => "failure_rate",
            Self::SourceSpread => "source_spread",
            Self::IdentityProbing => "identity_probing",
            Self::IdentityTargeted => "identity_targeted",
            Self::DeniedBurst => "denied_burst",
            Self::NewSource => "new_source",
            Self::EndedCredentialUsed => "ended_credential_used",
            Self::Saturated => "saturated",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The signals that one request raised.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Signals(u8);

impl Signals {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn add(&mut self, signal: Signal) {
        self.0 |= 1 << signal as u8;
    }

    /// Returns them in the order of declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = Signal> {
        let all = Signal::ALL.iter().copied();
        all.filter(move |signal| self.0 & (1 << *signal as u8) != 0)
    }
}

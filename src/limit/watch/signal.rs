//! The signals and sets of them.

use std::fmt;

/// A sign of a possible attack. It never refuses a request.
///
/// A signal is raised at most once in the time of its
/// [threshold](crate::limit::WatchBuilder::threshold) for the same subject. A *failure* is a rejection
/// of a credential that costs its source points by the defaults of
/// [`LockOut`](crate::limit::LockOut). Everything is counted in this process only, and a restart
/// forgets it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Signal {
    /// At least 100 credentials failed within a minute, and they are 30 percent of those that were
    /// presented. The subject is the whole service.
    FailureRate,
    /// Credentials from about 50 sources failed within ten minutes, which is how a slow distributed
    /// attack stays under the budget of every source. The subject is the whole service.
    SourceSpread,
    /// Failed credentials of one source claimed ten different identities within ten minutes. The
    /// subject is the source.
    IdentityProbing,
    /// Failed credentials that claim one identity were presented from 20 sources within ten minutes.
    /// The subject is the claimed identity, which is *not* locked: the attacker chose it.
    IdentityTargeted,
    /// The policy denied 20 requests of one verified caller within a minute, as when it tries the
    /// identifiers of other people's objects (OWASP API1). The subject is the caller.
    DeniedBurst,
    /// An API key was used from an IPv4 /24 or IPv6 /48 that is not one of the last 64 that it was
    /// used from. The first one since the start of the process is not reported. The subject is the
    /// key.
    NewSource,
    /// A credential was used that was revoked, disabled, or spent before. The subject is the identity
    /// that it claims, or its source if it claims none.
    EndedCredentialUsed,
    /// A table of limits, lock-outs or signals has no slot for another source or identity. The
    /// subject is the whole service.
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

    /// Returns the stable snake-case code, such as `source_spread`. It is the label `signal` of the
    /// metric `bearergate_signals_total`.
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

    pub(super) const fn add(&mut self, signal: Signal) {
        self.0 |= 1 << signal as u8;
    }

    /// Returns them in the order of declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = Signal> {
        let all = Signal::ALL.iter().copied();
        all.filter(move |signal| self.0 & (1 << *signal as u8) != 0)
    }
}

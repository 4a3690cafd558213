//! Where a request came from.

use std::net::IpAddr;

use super::source::Source;

/// Where a request came from, as far as it is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    address: Option<IpAddr>,
    via: Option<IpAddr>,
    is_encrypted: Option<bool>,
    problem: Option<OriginProblem>,
}

/// Why the address of a client is unknown.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OriginProblem {
    /// The service did not set the address of the peer.
    NoPeer,
    /// A trusted proxy did not send the configured header.
    HeaderMissing,
    /// The header does not have the syntax of its kind.
    HeaderMalformed,
    /// The header has too many entries or bytes.
    HeaderTooLong,
    /// The entry that should be the client is no address, such as `unknown`.
    NotAnAddress,
    /// The header has fewer entries than there are proxies.
    TooFewHops,
}

impl OriginProblem {
    /// Every problem, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::NoPeer,
        Self::HeaderMissing,
        Self::HeaderMalformed,
        Self::HeaderTooLong,
        Self::NotAnAddress,
        Self::TooFewHops,
    ];

    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPeer => "no_peer",
            Self::HeaderMissing => "header_missing",
            Self::HeaderMalformed => "header_malformed",
            Self::HeaderTooLong => "header_too_long",
            Self::NotAnAddress => "not_an_address",
            Self::TooFewHops => "too_few_hops",
        }
    }
}

impl Origin {
    /// Creates the origin of a client whose address is known.
    pub(crate) const fn known(address: IpAddr, via: Option<IpAddr>) -> Self {
        Self {
            address: Some(address.to_canonical()),
            via,
            is_encrypted: None,
            problem: None,
        }
    }

    /// Creates the origin of a client whose address is not known.
    pub(crate) const fn unknown(via: Option<IpAddr>, problem: OriginProblem) -> Self {
        Self {
            address: None,
            via,
            is_encrypted: None,
            problem: Some(problem),
        }
    }

    #[must_use]
    pub(crate) const fn encrypted(mut self, is_encrypted: Option<bool>) -> Self {
        self.is_encrypted = is_encrypted;
        self
    }

    /// Returns the address of the client in canonical form, or `None` if it is unknown.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Returns the trusted proxy that the request came through: the peer.
    pub const fn via(&self) -> Option<IpAddr> {
        self.via
    }

    /// Returns whether the client's connection is encrypted, or `None` if it is unknown.
    pub const fn is_encrypted(&self) -> Option<bool> {
        self.is_encrypted
    }

    /// Returns why the address is unknown.
    pub const fn problem(&self) -> Option<OriginProblem> {
        self.problem
    }

    /// Returns the source that the request is counted for.
    pub const fn source(&self) -> Source {
        match self.address {
            Some(address) => Source::of(address),
            None => Source::unknown(self.via),
        }
    }
}

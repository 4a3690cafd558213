//! A limits file that was read.

use std::fmt;

use crate::address::{AddressRulesBuilder, Proxies};
use crate::configuration::tree::Tree;
use crate::error::ConfigError;
use crate::gate::GateBuilder;
use crate::limit::{LimitsBuilder, LockOutBuilder};

/// What a limits file says, checked; made by [`LimitsLoader`](super::LimitsLoader).
///
/// What the file does not have is `None`. Nothing is in force yet: give it to a new gate with
/// [`apply`](Self::apply), or replace what is in force with [`Limits::replace`] and
/// [`AddressRules::replace`].
///
/// [`Limits::replace`]: crate::limit::Limits::replace
/// [`AddressRules::replace`]: crate::address::AddressRules::replace
#[derive(Clone)]
pub struct LimitsFile {
    pub(super) proxies: Option<Proxies>,
    pub(super) addresses: Option<AddressRulesBuilder>,
    pub(super) lock_out: Option<LockOutBuilder>,
    pub(super) limits: Option<LimitsBuilder>,
    /// The sections that cannot be replaced while requests are served.
    pub(super) fixed: [Option<Tree>; 2],
}

impl LimitsFile {
    /// Returns who is between the clients and the service.
    pub const fn proxies(&self) -> Option<&Proxies> {
        self.proxies.as_ref()
    }

    /// Returns which addresses are let in.
    pub const fn addresses(&self) -> Option<&AddressRulesBuilder> {
        self.addresses.as_ref()
    }

    /// Returns when a source is locked out.
    pub const fn lock_out(&self) -> Option<&LockOutBuilder> {
        self.lock_out.as_ref()
    }

    /// Returns the limits, also those that were set in Rust. `None` if there is no limit and no quota
    /// at all, unless the loader's builder [allows that](LimitsBuilder::allow_empty).
    pub const fn limits(&self) -> Option<&LimitsBuilder> {
        self.limits.as_ref()
    }

    /// Returns the name of a section that cannot be replaced while requests are served, `proxies` or
    /// `lock_out`, if it is another one than in the file that was loaded before.
    pub fn needs_restart(&self, before: &Self) -> Option<&'static str> {
        let pairs = self.fixed.iter().zip(&before.fixed);
        let mut sections = ["proxies", "lock_out"].into_iter().zip(pairs);
        sections
            .find(|(_, (own, before))| own != before)
            .map(|(name, _)| name)
    }

    /// Sets on a gate what the file has, and leaves the rest of the gate as it is.
    ///
    /// A service that replaces its limits or addresses later builds these itself and keeps a clone.
    ///
    /// # Errors
    ///
    /// Those of a store that counts for limits.
    pub fn apply(&self, mut gate: GateBuilder) -> Result<GateBuilder, ConfigError> {
        if let Some(proxies) = &self.proxies {
            gate = gate.proxies(proxies.clone());
        }
        if let Some(addresses) = &self.addresses {
            gate = gate.addresses(addresses.clone().build()?);
        }
        if let Some(lock_out) = &self.lock_out {
            gate = gate.lock_out(lock_out.clone().build()?);
        }
        if let Some(limits) = &self.limits {
            gate = gate.limits(limits.clone().build()?);
        }
        Ok(gate)
    }
}

impl fmt::Debug for LimitsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitsFile")
            .field("proxies", &self.proxies)
            .field("addresses", &self.addresses)
            .field("lock_out", &self.lock_out)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

//! Which addresses are let in.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::list::AddressList;
use super::ranges::AddressSet;
use crate::error::ConfigError;

/// An allow list and a deny list of addresses, which can be replaced while requests are served.
///
/// An address is let in only if it is known, is not in the deny list and, where there is an allow
/// list, is in it. The deny list is also compared with the IPv4 address inside of an IPv6 address of
/// `64:ff9b::/96` (NAT64, RFC 6052 section 2.1) or `2002::/16` (6to4, RFC 3056), the allow list
/// never: who writes such an address is not the owner of the IPv4 address.
///
/// Give a clone to the gate and keep one: all clones share the lists, and cloning is cheap. A check
/// takes no lock, and time in the logarithm of the lists' length.
///
/// ```
/// use bearergate::address::{AddressList, AddressRules};
///
/// let list = |networks: &[&str]| AddressList::from_networks(networks);
/// let rules = AddressRules::builder()
///     .allow(list(&["192.0.2.0/24"])?)
///     .deny(list(&["192.0.2.66"])?)
///     .build()?;
/// assert!(rules.admits(Some("192.0.2.7".parse()?)));
/// assert!(!rules.admits(Some("192.0.2.66".parse()?)));
/// assert!(!rules.admits(Some("198.51.100.7".parse()?)));
/// assert!(!rules.admits(None));
///
/// let without_deny = AddressRules::builder().allow(list(&["192.0.2.0/24"])?).build()?;
/// rules.replace(&without_deny);
/// assert!(rules.admits(Some("192.0.2.66".parse()?)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AddressRules(Arc<ArcSwap<Lists>>);

#[derive(Clone, Debug)]
struct Lists {
    allow: Option<AddressList>,
    deny: Option<AddressList>,
}

impl AddressRules {
    /// Returns a builder without lists.
    pub fn builder() -> AddressRulesBuilder {
        AddressRulesBuilder {
            allow: None,
            deny: None,
        }
    }

    /// Returns whether a client with this address is let in. `None` is a client whose address is not
    /// known, who is never let in.
    ///
    /// The address is that of an [`Origin`](super::Origin), never one that the client wrote.
    pub fn admits(&self, address: impl Into<Option<IpAddr>>) -> bool {
        let Some(address) = address.into() else {
            return false;
        };
        let (address, lists) = (address.to_canonical(), self.0.load());
        let is_denied = |list: &AddressList| denies(list.set(), address);
        let is_allowed = |list: &AddressList| list.set().contains(address);
        !lists.deny.as_ref().is_some_and(is_denied) && lists.allow.as_ref().is_none_or(is_allowed)
    }

    /// Replaces both lists by those that `rules` has now, for all clones and for the next request.
    ///
    /// To reload files, build new rules first: where that fails, the present lists stay in force.
    pub fn replace(&self, rules: &Self) {
        self.0.store(rules.0.load_full());
    }
}

/// Builds [`AddressRules`]; at least one list is needed.
#[derive(Clone, Debug)]
#[must_use]
pub struct AddressRulesBuilder {
    allow: Option<AddressList>,
    deny: Option<AddressList>,
}

impl AddressRulesBuilder {
    /// Lets in only the addresses of this list; called again, it adds a list. By default every
    /// address that is not denied is let in.
    pub fn allow(mut self, list: AddressList) -> Self {
        self.allow = Some(self.allow.unwrap_or_default().joined(list));
        self
    }

    /// Refuses the addresses of this list, also those that are allowed; called again, it adds a
    /// list. By default none is refused. With an empty list only unknown addresses are.
    pub fn deny(mut self, list: AddressList) -> Self {
        self.deny = Some(self.deny.unwrap_or_default().joined(list));
        self
    }

    /// Builds the rules.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an allow list without a network, which
    /// would refuse every request, and without any list.
    pub fn build(self) -> Result<AddressRules, ConfigError> {
        if self.allow.as_ref().is_some_and(AddressList::is_empty) {
            let detail = "expected at least one network, found none, which would refuse every \
                          request; list one, or give no allow list";
            return Err(ConfigError::missing("allow", detail));
        }
        if self.allow.is_none() && self.deny.is_none() {
            let detail = "expected a list, found none; give an allow list or a deny list";
            return Err(ConfigError::missing("addresses", detail));
        }
        let lists = Lists {
            allow: self.allow,
            deny: self.deny,
        };
        Ok(AddressRules(Arc::new(ArcSwap::from_pointee(lists))))
    }
}

/// Returns whether a list has an address, or the IPv4 address inside of it.
fn denies(list: &AddressSet, address: IpAddr) -> bool {
    let IpAddr::V6(v6) = address else {
        return list.contains(address);
    };
    list.contains(address) || embedded_v4(v6).is_some_and(|v4| list.contains_v4(v4))
}

/// Returns the IPv4 address inside of an address of NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<u32> {
    let bits = address.to_bits();
    if bits >> 32 == NAT64 >> 32 {
        return Some(bits as u32);
    }
    (bits >> 112 == SIX_TO_FOUR >> 112).then_some((bits >> 80) as u32)
}

/// `64:ff9b::/96`.
const NAT64: u128 = 0x64_ff9b << 96;

/// `2002::/16`.
const SIX_TO_FOUR: u128 = 0x2002 << 112;

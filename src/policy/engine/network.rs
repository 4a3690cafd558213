//! Networks of client addresses.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::error::ConfigError;

/// Networks of IPv4 and IPv6 addresses; an IPv4 network is never stored as a mapped IPv6 one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Networks(Vec<IpNet>);

impl Networks {
    pub(in crate::policy) fn parse<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let parsed = networks.into_iter().map(|text| parse(text.as_ref()));
        let all = parsed.collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() {
            let detail = "expected at least one network, found none";
            return Err(ConfigError::missing(FIELD, detail));
        }
        Ok(Self(all))
    }

    /// Returns whether one of these networks contains an address, which is in canonical form.
    pub(in crate::policy) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(in crate::policy) fn iter(&self) -> impl ExactSizeIterator<Item = &IpNet> {
        self.0.iter()
    }
}

const FIELD: &str = "address_in";

fn parse(text: &str) -> Result<IpNet, ConfigError> {
    let network = match text.parse::<IpAddr>() {
        Ok(host) => Ok(IpNet::from(host)),
        Err(_) => text.parse::<IpNet>(),
    };
    let network = network.map_err(|error| {
        let detail = format!("expected a network such as 192.0.2.0/24, found `{text}`");
        malformed(detail).with_source(error)
    })?;
    if network.trunc() != network {
        let detail = format!(
            "expected a network without host bits, found `{text}`; write {}",
            network.trunc()
        );
        return Err(malformed(detail));
    }
    canonical(network).ok_or_else(|| {
        let detail = format!("expected a network of one family, found `{text}` with IPv4 and IPv6 addresses; write one of each");
        malformed(detail)
    })
}

/// Returns a network of mapped IPv6 addresses as the IPv4 network that it represents.
fn canonical(network: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = network else {
        return Some(network);
    };
    let mapped = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
    match v6.addr().to_ipv4_mapped() {
        Some(v4) => {
            let len = v6.prefix_len().checked_sub(MAPPED_BITS)?;
            Ipv4Net::new(v4, len).ok().map(IpNet::V4)
        }
        // A short prefix of zeros contains the mapped addresses, and others.
        None if v6.prefix_len() > 0 && v6.contains(&mapped) => None,
        None => Some(network),
    }
}

const MAPPED_BITS: u8 = 96;

fn malformed(detail: String) -> ConfigError {
    ConfigError::malformed(FIELD, detail)
}

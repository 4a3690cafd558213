//! Where a request comes from.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use ipnet::IpNet;
use ipnet::Ipv4Net;

use crate::error::ConfigError;

/// Networks, each in its own family: an IPv4 network is never kept as a mapped IPv6 one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) struct Networks(Vec<IpNet>);

impl Networks {
    pub(in crate::policy) fn parse<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let parsed = networks.into_iter().map(|text| parse(text.as_ref()));
        let all = parsed.collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() {
            let detail = "no network was given; give at least one";
            return Err(ConfigError::missing(FIELD, detail));
        }
        Ok(Self(all))
    }

    /// Says whether one of these holds an address in canonical form.
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
        let detail = format!("`{text}` is not a network; write it like 192.0.2.0/24");
        malformed(detail).with_source(error)
    })?;
    if network.trunc() != network {
        let detail = format!("`{text}` has host bits; write {}", network.trunc());
        return Err(malformed(detail));
    }
    canonical(network).ok_or_else(|| {
        let detail = format!("`{text}` holds IPv4 and IPv6 addresses; write networks of each");
        malformed(detail)
    })
}

/// Takes a mapped IPv6 network for the IPv4 one that it is.
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
        // A short prefix of zeros holds the mapped addresses and others.
        None if v6.prefix_len() > 0 && v6.contains(&mapped) => None,
        None => Some(network),
    }
}

const MAPPED_BITS: u8 = 96;

fn malformed(detail: String) -> ConfigError {
    ConfigError::malformed(FIELD, detail)
}

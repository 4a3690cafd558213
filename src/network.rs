//! Networks of client addresses, as configurations write them.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::error::{ConfigError, shown};

/// Networks of IPv4 and IPv6 addresses; an IPv4 network is never stored as a mapped IPv6 one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Parses at least one network; errors name the field.
    pub(crate) fn parse<S: AsRef<str>>(
        field: &'static str,
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let parsed = networks.into_iter().map(|text| read(text.as_ref()));
        let all = parsed.collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|unreadable| unreadable.into_error(field, None))?;
        if all.is_empty() {
            let detail = "expected at least one network, found none";
            return Err(ConfigError::missing(field, detail));
        }
        Ok(Self(all))
    }

    /// Returns whether one of these networks contains an address, which is in canonical form.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &IpNet> {
        self.0.iter()
    }
}

/// A text that is not one network of one family without host bits.
#[derive(Debug)]
pub(crate) struct Unreadable {
    detail: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Unreadable {
    fn new(detail: String) -> Self {
        Self {
            detail,
            source: None,
        }
    }

    /// Makes an error about a field; `line` is the line of a list, counted from 1.
    pub(crate) fn into_error(self, field: &'static str, line: Option<usize>) -> ConfigError {
        let detail = match line {
            Some(line) => format!("line {line}: {}", self.detail),
            None => self.detail,
        };
        let error = ConfigError::malformed(field, detail);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// Parses a network such as `192.0.2.0/24`. A single address is the network of this address.
pub(crate) fn read(text: &str) -> Result<IpNet, Unreadable> {
    let network = match text.parse::<IpAddr>() {
        Ok(host) => IpNet::from(host),
        Err(_) => with_prefix(text).map_err(|source| Unreadable {
            detail: format!(
                "expected a network such as 192.0.2.0/24, found `{}`",
                shown(text)
            ),
            source,
        })?,
    };
    if network.trunc() != network {
        return Err(Unreadable::new(format!(
            "expected a network without host bits, found `{text}`; write {}",
            network.trunc()
        )));
    }
    canonical(network).ok_or_else(|| {
        Unreadable::new(format!(
            "expected a network of one family, found `{text}` with IPv4 and IPv6 addresses; write one of each"
        ))
    })
}

/// Parses a network as [`read`] does, and refuses one of all addresses (`/0`).
pub(crate) fn read_part(text: &str) -> Result<IpNet, Unreadable> {
    let network = read(text)?;
    if network.prefix_len() > 0 {
        return Ok(network);
    }
    Err(Unreadable::new(format!(
        "expected a prefix length of at least 1, found `{text}`, which is every address; list the \
         networks that are meant"
    )))
}

/// Parses an address and the length of its prefix, which is a decimal number without signs and
/// leading zeros.
fn with_prefix(text: &str) -> Result<IpNet, Option<Box<dyn Error + Send + Sync>>> {
    let (address, len) = text.split_once('/').ok_or(None)?;
    let address: IpAddr = address.parse().map_err(|error| Some(Box::from(error)))?;
    let is_plain = len == "0" || !len.starts_with(['0', '+']);
    let len = len.parse().map_err(|error| Some(Box::from(error)))?;
    let network = IpNet::new(address, len).map_err(|error| Some(Box::from(error)))?;
    is_plain.then_some(network).ok_or(None)
}

/// Returns a network of mapped IPv6 addresses as the IPv4 network that it represents, or `None` for
/// one with mapped addresses and others.
pub(crate) fn canonical(network: IpNet) -> Option<IpNet> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_one_spelling() {
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:a01:203", "10.1.2.3/32"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_spellings_are_refused_with_the_text() {
        for text in [
            "010.0.0.0/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/-8",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "10.0.0.0/33",
            "10.0.0/8",
            "0xa.0.0.0/8",
            "10.0.0.0 /8",
            "fe80::1%eth0",
            "[::1]",
            "",
        ] {
            let error = read(text).unwrap_err().into_error("networks", Some(7));
            let expected = format!(
                "`networks`: line 7: expected a network such as 192.0.2.0/24, found `{text}`"
            );
            assert_eq!(error.to_string(), expected);
        }
        let error = read("10.0.0.1/8").unwrap_err().into_error("networks", None);
        assert_eq!(
            error.to_string(),
            "`networks`: expected a network without host bits, found `10.0.0.1/8`; write 10.0.0.0/8"
        );
    }
}

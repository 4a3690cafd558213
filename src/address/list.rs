//! Lists of addresses.

use std::sync::Arc;

use ipnet::IpNet;

use super::ranges::AddressSet;
use crate::error::ConfigError;
use crate::limits;
use crate::network;

/// A list of networks, for [`AddressRules`](super::AddressRules).
///
/// A network is written `192.0.2.0/24` or `2001:db8::/32`, without host bits; a single address is
/// the network of this address. A network of mapped IPv6 addresses is the IPv4 network that it
/// represents. Overlapping networks are merged. Cloning is cheap.
///
/// ```
/// use bearergate::address::AddressList;
///
/// let list = AddressList::parse("192.0.2.0/24\n\n2001:db8::7 # the office\n")?;
/// assert_eq!(list.len(), 2);
/// let error = AddressList::parse("192.0.2.0/24\n192.0.2.1/24\n").unwrap_err();
/// assert!(error.to_string().contains("line 2"));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AddressList(Arc<AddressSet>);

impl AddressList {
    /// Parses networks, one text each.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a text that is not a
    /// network, has host bits or is a network of both families, and for a network of all addresses
    /// (`/0`).
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for more than
    /// [`ADDRESS_LINES`](crate::limits::ADDRESS_LINES) networks.
    pub fn from_networks<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let networks = networks.into_iter().enumerate();
        collect(networks.map(|(before, text)| {
            bounded(before + 1)?;
            parsed(text.as_ref(), None).map(Some)
        }))
    }

    /// Parses a text with one network in each line.
    ///
    /// `#` begins a comment anywhere in a line. Blank lines are skipped, and spaces and tabs around
    /// a network are ignored.
    ///
    /// # Errors
    ///
    /// As [`from_networks`](Self::from_networks); the text names the line, counted from 1. All lines
    /// count, also blank ones.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        bounded(text.lines().count())?;
        let lines = text.lines().enumerate();
        collect(lines.map(|(before, line)| {
            let network = line.split_once('#').map_or(line, |(network, _)| network);
            match network.trim_matches([' ', '\t']) {
                "" => Ok(None),
                network => parsed(network, Some(before + 1)).map(Some),
            }
        }))
    }

    /// Returns the number of ranges of addresses, in which overlapping networks count once.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the list has no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a list with the networks of both lists.
    pub(super) fn joined(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self(Arc::new(self.0.joined(&other.0))),
        }
    }

    pub(super) fn into_set(self) -> Arc<AddressSet> {
        self.0
    }

    pub(super) fn set(&self) -> &AddressSet {
        &self.0
    }
}

fn collect(
    networks: impl Iterator<Item = Result<Option<IpNet>, ConfigError>>,
) -> Result<AddressList, ConfigError> {
    let networks = networks.filter_map(Result::transpose);
    let set = networks.collect::<Result<AddressSet, _>>()?;
    Ok(AddressList(Arc::new(set)))
}

/// Fails for more networks or lines than a list may have.
fn bounded(count: usize) -> Result<(), ConfigError> {
    match count > limits::ADDRESS_LINES {
        true => {
            let most = ..=limits::ADDRESS_LINES;
            Err(ConfigError::size_out_of_range(FIELD, count, "lines", most))
        }
        false => Ok(()),
    }
}

/// Parses a network; `line` is its line, counted from 1.
fn parsed(text: &str, line: Option<usize>) -> Result<IpNet, ConfigError> {
    let network = network::read_part(text);
    network.map_err(|unreadable| unreadable.into_error(FIELD, line))
}

const FIELD: &str = "addresses";

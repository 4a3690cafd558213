//! Sets of addresses as sorted ranges.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// A set of addresses, each in canonical form: a mapped IPv6 address is an IPv4 address.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressSet {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl AddressSet {
    /// Returns whether an address in canonical form is in the set. Takes time in the logarithm of
    /// the number of ranges.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contain(address.to_bits()),
            IpAddr::V6(address) => self.v6.contain(address.to_bits()),
        }
    }

    pub(super) fn contains_v4(&self, bits: u32) -> bool {
        self.v4.contain(bits)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.v4.first.is_empty() && self.v6.first.is_empty()
    }

    /// Returns the number of ranges, which is at most that of the networks.
    pub(super) fn len(&self) -> usize {
        self.v4.first.len() + self.v6.first.len()
    }

    /// Returns the set of the addresses of both sets.
    pub(super) fn joined(&self, other: &Self) -> Self {
        Self {
            v4: Ranges::merge(self.v4.iter().chain(other.v4.iter()).collect()),
            v6: Ranges::merge(self.v6.iter().chain(other.v6.iter()).collect()),
        }
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(net) => v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self {
            v4: Ranges::merge(v4),
            v6: Ranges::merge(v6),
        }
    }
}

/// Ranges of one family.
#[derive(Clone, Default)]
struct Ranges<T> {
    // INVARIANT: as long as `last`; each range ends before the next one begins. The first addresses
    // are an array of their own because the search reads only them.
    first: Box<[T]>,
    last: Box<[T]>,
}

impl<T: Copy + Ord> Ranges<T> {
    /// Sorts ranges, and joins those that overlap.
    fn merge(mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let overlaps = next.0 <= kept.1;
            if overlaps {
                kept.1 = kept.1.max(next.1);
            }
            overlaps
        });
        let (first, last): (Vec<_>, Vec<_>) = ranges.into_iter().unzip();
        Self {
            first: first.into(),
            last: last.into(),
        }
    }

    fn contain(&self, address: T) -> bool {
        let after = self.first.partition_point(|first| *first <= address);
        let last = after.checked_sub(1).and_then(|at| self.last.get(at));
        last.is_some_and(|last| address <= *last)
    }

    fn iter(&self) -> impl Iterator<Item = (T, T)> {
        let last = self.last.iter().copied();
        self.first.iter().copied().zip(last)
    }
}

impl<T> fmt::Debug for Ranges<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ranges", self.first.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_set_has_the_addresses_of_its_networks(
            networks in proptest::collection::vec((any::<u32>(), 1_u8..=32), 0..40),
            addresses in proptest::collection::vec(any::<u32>(), 40),
        ) {
            let networks: Vec<_> = networks
                .into_iter()
                .map(|(bits, len)| IpNet::new(IpAddr::from(bits.to_be_bytes()), len).unwrap().trunc())
                .collect();
            let set: AddressSet = networks.iter().copied().collect();
            let half = networks.len() / 2;
            let parts = networks.split_at(half);
            let joined = parts.0.iter().copied().collect::<AddressSet>()
                .joined(&parts.1.iter().copied().collect());
            let borders = networks.iter().flat_map(|network| {
                let IpNet::V4(net) = network else { return [0; 4] };
                let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
            });
            for bits in addresses.into_iter().chain(borders) {
                let address = IpAddr::from(bits.to_be_bytes());
                let expected = networks.iter().any(|network| network.contains(&address));
                prop_assert_eq!(set.contains(address), expected, "{}", address);
                prop_assert_eq!(joined.contains(address), expected, "{}", address);
            }
        }
    }

    #[test]
    fn overlapping_networks_are_one_range() {
        let texts = ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32"];
        let networks = texts.map(|text| text.parse::<IpNet>().unwrap());
        let set: AddressSet = networks.into_iter().collect();
        assert_eq!(set.len(), 2);
        assert_eq!(
            format!("{set:?}"),
            "AddressSet { v4: 1 ranges, v6: 1 ranges }"
        );
    }
}

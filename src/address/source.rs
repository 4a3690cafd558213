//! The unit that is limited and locked out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The part of an address that is limited and locked out: an IPv4 address, or an IPv6 /64.
///
/// A client whose address is unknown is counted in one source for each proxy
/// ([`is_known`](Self::is_known) is false then), which is never locked out.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Source(Kind);

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Kind {
    V4(Ipv4Addr),
    /// The upper 64 bits.
    V6(u64),
    /// Unknown clients of this proxy, or of no known peer.
    Unknown(Option<IpAddr>),
}

impl Source {
    /// Returns the source of an address. A mapped IPv6 address is that of its IPv4 address.
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(Kind::V4(address)),
            IpAddr::V6(address) => Self(Kind::V6((address.to_bits() >> 64) as u64)),
        }
    }

    /// Returns the common source of the unknown clients behind a proxy, or of those whose peer is
    /// not known either.
    pub const fn unknown(proxy: Option<IpAddr>) -> Self {
        Self(Kind::Unknown(proxy))
    }

    /// Returns whether the address of the client is known.
    pub const fn is_known(self) -> bool {
        !matches!(self.0, Kind::Unknown(_))
    }

    /// Returns the bytes that tell this source from every other one, for hashing.
    pub(crate) fn key(self) -> [u8; 17] {
        let mut key = [0; 17];
        let (tag, bits): (u8, u128) = match self.0 {
            Kind::V4(address) => (4, u128::from(address.to_bits())),
            Kind::V6(upper) => (6, u128::from(upper)),
            Kind::Unknown(None) => (0, 0),
            Kind::Unknown(Some(IpAddr::V4(address))) => (1, u128::from(address.to_bits())),
            Kind::Unknown(Some(IpAddr::V6(address))) => (2, address.to_bits()),
        };
        key[0] = tag;
        key[1..].copy_from_slice(&bits.to_be_bytes());
        key
    }

    /// Returns the bytes of the coarse network of this source, which sources share when a table is
    /// full: the IPv4 /24 or the IPv6 /48.
    pub(crate) fn coarse_key(self) -> [u8; 17] {
        let coarse = match self.0 {
            Kind::V4(address) => Kind::V4(Ipv4Addr::from_bits(address.to_bits() & !0xff)),
            Kind::V6(upper) => Kind::V6(upper & !0xffff),
            unknown @ Kind::Unknown(_) => unknown,
        };
        Self(coarse).key()
    }
}

/// Writes the IPv4 address, the network `2001:db8:1:2::/64`, or `unknown`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::V4(address) => address.fmt(f),
            Kind::V6(upper) => write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(upper) << 64)),
            Kind::Unknown(_) => f.write_str("unknown"),
        }
    }
}

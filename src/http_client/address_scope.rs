//! Ranges of addresses that a connection may be made to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses to which a request may connect.
///
/// Check the address that the connection is made to, not the name: a name may resolve to another
/// address each time. This prevents that a document of a provider sends requests to internal
/// services.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AddressScope {
    /// Any address, because the host comes from the configuration.
    ///
    /// Internal addresses are included, so an issuer on a private network can be reached.
    Any,
    /// Only loopback addresses, that is, this machine.
    ///
    /// These are 127.0.0.0/8 and `::1`. An `http` URL has this scope, so nothing is sent
    /// unencrypted over a network, unless its host is named with
    /// [`allow_plain_http`](super::HttpSettings::allow_plain_http).
    Loopback,
    /// Only private and loopback addresses, because the URL has the scheme `http` and a host that
    /// the configuration [allows](super::HttpSettings::allow_plain_http).
    ///
    /// These are 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 (RFC 1918), `fc00::/7` (RFC 4193),
    /// and the loopback addresses. Link-local addresses are excluded, because the metadata services
    /// of cloud providers have such.
    Private,
    /// Only addresses of the public internet, because the host comes from a document.
    ///
    /// Addresses that IANA lists as special-purpose are excluded, such as those of private
    /// networks, this machine, and the metadata services of cloud providers.
    Public,
}

impl AddressScope {
    /// Returns true only if a connection may be made to this address.
    ///
    /// Pass the address that the connection is made to. An IPv6 address that contains an IPv4
    /// address is neither loopback nor private nor public, except with the NAT64 prefix 64:ff9b::/96 and a
    /// public IPv4 address.
    pub const fn permits(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Loopback, address) => address.is_loopback(),
            (Self::Private, IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
            (Self::Private, IpAddr::V6(address)) => {
                address.is_loopback() || address.is_unique_local()
            }
            (Self::Public, IpAddr::V4(address)) => is_public_v4(address),
            (Self::Public, IpAddr::V6(address)) => is_public_v6(address),
        }
    }
}

/// Everything except the addresses in IANA's IPv4 special-purpose address registry.
const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Global unicast addresses. Of the addresses that contain an IPv4 address, only the ones with the
/// NAT64 prefix (RFC 6052).
const fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments (including Teredo), documentation, 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(address: &str) -> bool {
        AddressScope::Public.permits(address.parse().unwrap())
    }

    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address), "{address}");
        }
    }

    #[test]
    fn only_networks_of_one_owner_and_this_machine_are_private() {
        let is_private = |text: &str| AddressScope::Private.permits(text.parse().unwrap());
        for address in [
            "10.0.0.0",
            "10.255.255.255",
            "127.0.0.1",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
        ] {
            assert!(is_private(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.64.0.1",
            "169.254.169.254",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "255.255.255.255",
            "::",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fbff::1",
            "fe00::1",
            "fe80::1",
            "2606:4700::1111",
        ] {
            assert!(!is_private(address), "{address}");
        }
    }

    #[test]
    fn global_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(address), "{address}");
        }
    }
}

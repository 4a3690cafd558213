//! The sources that addresses are counted in.

use std::collections::HashSet;

use bearergate::address::{Proxies, Source};

use crate::common::{address, headers, locate};

fn source(text: &str) -> Source {
    Source::of(address(text))
}

#[test]
fn addresses_of_one_64_are_one_source_and_those_of_two_are_two() {
    let none = headers::<&str>(&[]);
    let of = |host: usize| {
        let peer = format!("[2001:db8:1:2::{host:x}]:443");
        locate(&Proxies::none(), Some(&peer), &none).source()
    };
    let sources: HashSet<_> = (0..1_000).map(of).collect();
    assert_eq!(sources.len(), 1);
    // Two /64 of one /56.
    assert_ne!(source("2001:db8:1:200::1"), source("2001:db8:1:201::1"));
    assert_ne!(source("192.0.2.7"), source("192.0.2.8"));
    assert_eq!(source("::ffff:192.0.2.7"), source("192.0.2.7"));
    assert_ne!(source("::192.0.2.7"), source("192.0.2.7"));
}

#[test]
fn a_source_is_written_as_its_address_or_its_network() {
    assert_eq!(source("192.0.2.7").to_string(), "192.0.2.7");
    assert_eq!(source("::ffff:192.0.2.7").to_string(), "192.0.2.7");
    let network = source("2001:db8:1:2:3:4:5:6").to_string();
    assert_eq!(network, "2001:db8:1:2::/64");
    assert_eq!(Source::unknown(None).to_string(), "unknown");
}

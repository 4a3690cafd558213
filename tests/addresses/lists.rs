//! Address lists and rules.

use std::fmt::Write;
use std::thread;

use bearergate::address::{AddressList, AddressRules};
use bearergate::error::ConfigErrorKind::{self, Empty, OutOfRange, ValueMalformed};
use bearergate::limits::ADDRESS_LINES;

use crate::common::{address, from_proxy, proxies};

fn list(networks: &[&str]) -> AddressList {
    AddressList::from_networks(networks).unwrap()
}

fn allow(networks: &[&str]) -> AddressRules {
    AddressRules::builder()
        .allow(list(networks))
        .build()
        .unwrap()
}

fn deny(networks: &[&str]) -> AddressRules {
    AddressRules::builder()
        .deny(list(networks))
        .build()
        .unwrap()
}

fn admits(rules: &AddressRules, client: &str) -> bool {
    rules.admits(address(client))
}

#[test]
fn an_allow_list_lets_in_its_addresses_only() {
    let rules = allow(&["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"]);
    for client in [
        "192.0.2.0",
        "192.0.2.255",
        "2001:db8::",
        "2001:db8:ffff::1",
        "198.51.100.7",
    ] {
        assert!(admits(&rules, client), "{client}");
    }
    for client in [
        "192.0.1.255",
        "192.0.3.0",
        "2001:db9::",
        "2001:db7:ffff::",
        "198.51.100.8",
    ] {
        assert!(!admits(&rules, client), "{client}");
    }
    assert!(!rules.admits(None));
}

#[test]
fn deny_wins_over_allow() {
    let both = |network: &str, denied: &[&str]| {
        let rules = AddressRules::builder()
            .allow(list(&[network]))
            .deny(list(denied));
        rules.build().unwrap()
    };
    let rules = both("192.0.2.0/24", &["192.0.2.64/26"]);
    assert!(admits(&rules, "192.0.2.63"));
    assert!(!admits(&rules, "192.0.2.64"));
    assert!(!admits(&rules, "192.0.2.127"));
    assert!(admits(&rules, "192.0.2.128"));
    // Also where the allow list is more specific.
    let rules = both("192.0.2.7", &["192.0.2.0/24"]);
    assert!(!admits(&rules, "192.0.2.7"));
}

#[test]
fn an_unknown_address_is_refused_as_soon_as_there_is_a_list() {
    let unknown = from_proxy::<&str>(&proxies(), "x-forwarded-for", &[]);
    let known = from_proxy(&proxies(), "x-forwarded-for", &["203.0.113.7"]);
    let nothing = AddressRules::builder().deny(AddressList::default());
    for rules in [
        deny(&["192.0.2.0/24"]),
        allow(&["203.0.113.0/24"]),
        nothing.build().unwrap(),
    ] {
        assert!(!rules.admits(unknown.address()));
        assert!(rules.admits(known.address()));
    }
}

#[test]
fn a_mapped_address_is_an_ipv4_address_in_lists() {
    for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:a00:0/104"] {
        let rules = deny(&[network]);
        for client in ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203"] {
            assert!(!admits(&rules, client), "{network} {client}");
        }
        assert!(admits(&rules, "::ffff:11.1.2.3"));
        assert!(admits(&allow(&[network]), "::ffff:10.1.2.3"));
    }
}

#[test]
fn the_ipv4_address_inside_an_ipv6_one_is_denied_and_never_allowed() {
    let (denied, allowed) = (deny(&["10.0.0.0/24"]), allow(&["10.0.0.0/24"]));
    for (inside, outside) in [
        ("64:ff9b::10.0.0.1", "64:ff9b::10.0.1.1"),
        ("64:ff9b::a00:1", "64:ff9b::b00:1"),
        ("2002:0a00:0001::1", "2002:0a00:0101::1"),
        ("2002:a00:1:ffff:1:2:3:4", "2002:b00:1:ffff:1:2:3:4"),
    ] {
        assert!(!admits(&denied, inside), "{inside}");
        assert!(admits(&denied, outside), "{outside}");
        assert!(!admits(&allowed, inside), "{inside}");
        assert!(!admits(&allowed, outside), "{outside}");
    }
    // Other prefixes have no IPv4 address inside: NAT64 is a /96.
    for client in [
        "64:ff9b:1::10.0.0.1",
        "64:ff9b::1:a00:1",
        "2003:a00:1::1",
        "::10.0.0.1",
    ] {
        assert!(admits(&denied, client), "{client}");
    }
    assert!(admits(&allowed, "10.0.0.1"));
    // The prefixes themselves can be listed.
    assert!(!admits(&deny(&["64:ff9b::/96"]), "64:ff9b::10.0.1.1"));
    assert!(admits(&allow(&["2002::/16"]), "2002:a00:1::1"));
}

#[test]
fn a_text_has_one_network_a_line_with_comments_and_blank_lines() {
    let text = "# offices\n192.0.2.0/24 # Bern\r\n\n \t\n\t2001:db8::7#Basel\n  198.51.100.7  \n#10.0.0.0/8";
    let rules = AddressList::parse(text).unwrap();
    assert_eq!(rules.len(), 3);
    let rules = AddressRules::builder().allow(rules).build().unwrap();
    for client in ["192.0.2.9", "2001:db8::7", "198.51.100.7"] {
        assert!(admits(&rules, client), "{client}");
    }
    for client in ["10.0.0.1", "2001:db8::8", "198.51.100.8"] {
        assert!(!admits(&rules, client), "{client}");
    }
}

#[track_caller]
fn assert_refused(text: &str, kind: ConfigErrorKind, expected: &str) {
    let error = AddressList::parse(text).unwrap_err();
    assert_eq!((error.kind(), error.field()), (kind, "addresses"));
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_error_names_line_and_text() {
    for (text, expected) in [
        (
            "192.0.2.0/24\n\n192.0.2.1/24 # comment\n",
            "`addresses`: line 3: expected a network without host bits, found `192.0.2.1/24`; \
             write 192.0.2.0/24",
        ),
        (
            "# every address\n0.0.0.0/0",
            "`addresses`: line 2: expected a prefix length of at least 1, found `0.0.0.0/0`, which \
             is every address; list the networks that are meant",
        ),
        (
            "::/0",
            "`addresses`: line 1: expected a prefix length of at least 1, found `::/0`, which is \
             every address; list the networks that are meant",
        ),
        (
            "::ffff:0:0/96",
            "`addresses`: line 1: expected a prefix length of at least 1, found `::ffff:0:0/96`, \
             which is every address; list the networks that are meant",
        ),
        (
            "::/8",
            "`addresses`: line 1: expected a network of one family, found `::/8` with IPv4 and \
             IPv6 addresses; write one of each",
        ),
        (
            "192.0.2.0/24 198.51.100.0/24",
            "`addresses`: line 1: expected a network such as 192.0.2.0/24, found `192.0.2.0/24 \
             198.51.100.0/24`",
        ),
        (
            "010.0.0.0/8",
            "`addresses`: line 1: expected a network such as 192.0.2.0/24, found `010.0.0.0/8`",
        ),
        (
            "\u{feff}10.0.0.0/8",
            "`addresses`: line 1: expected a network such as 192.0.2.0/24, found \
             `\\u{feff}10.0.0.0/8`",
        ),
    ] {
        assert_refused(text, ValueMalformed, expected);
    }
    // The twins.
    let text = "192.0.2.0/24\n\n192.0.2.0/25\n0.0.0.0/1\n::ffff:0:0/97\n8000::/1\n10.0.0.0/8";
    AddressList::parse(text).unwrap();
    // In a list of texts the text is enough.
    let error = AddressList::from_networks(["10.0.0.0/8", "10.0.0.1/8"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`addresses`: expected a network without host bits, found `10.0.0.1/8`; write 10.0.0.0/8"
    );
}

#[test]
fn an_empty_allow_list_is_refused_and_an_empty_deny_list_is_not() {
    let empty = AddressList::parse("# nobody\n").unwrap();
    assert!(empty.is_empty());
    let error = AddressRules::builder()
        .allow(empty.clone())
        .build()
        .unwrap_err();
    assert_eq!((error.kind(), error.field()), (Empty, "allow"));
    assert_eq!(
        error.to_string(),
        "`allow`: expected at least one network, found none, which would refuse every request; list \
         one, or give no allow list"
    );
    let rules = AddressRules::builder().deny(empty).build().unwrap();
    assert!(admits(&rules, "192.0.2.7"));
    let error = AddressRules::builder().build().unwrap_err();
    assert_eq!((error.kind(), error.field()), (Empty, "addresses"));
}

#[test]
fn a_million_lines_load_and_one_more_does_not() {
    let mut text = String::new();
    for n in 0..ADDRESS_LINES as u32 {
        // Every second address, so that no two are one range.
        let [_, a, b, c] = (n * 2).to_be_bytes();
        writeln!(text, "11.{a}.{b}.{c}").unwrap();
    }
    let list = AddressList::parse(&text).unwrap();
    assert_eq!(list.len(), ADDRESS_LINES);
    let rules = AddressRules::builder().deny(list).build().unwrap();
    assert!(!admits(&rules, "11.0.0.0"));
    assert!(admits(&rules, "11.0.0.1"));
    assert!(!admits(&rules, "11.30.132.126"));
    assert!(admits(&rules, "11.30.132.127"));
    text.push_str("# one more\n");
    let expected = "`addresses` has 1000001 lines; it must have at most 1000000";
    assert_refused(&text, OutOfRange, expected);
    let networks = vec!["192.0.2.0/24"; ADDRESS_LINES + 1];
    let error = AddressList::from_networks(networks).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn lists_of_one_kind_add_up() {
    let rules = AddressRules::builder()
        .deny(list(&["192.0.2.0/25"]))
        .deny(list(&["192.0.2.64/26", "2001:db8::/32"]))
        .deny(AddressList::default())
        .build()
        .unwrap();
    for client in ["192.0.2.1", "192.0.2.127", "2001:db8::1"] {
        assert!(!admits(&rules, client), "{client}");
    }
    assert!(admits(&rules, "192.0.2.128"));
    // An empty list does not hide that there is an allow list, nor the other way around.
    let rules = AddressRules::builder()
        .allow(AddressList::default())
        .allow(list(&["192.0.2.0/24"]));
    assert!(!admits(&rules.build().unwrap(), "198.51.100.1"));
}

#[test]
fn lists_are_replaced_while_requests_are_served() {
    let rules = deny(&["192.0.2.0/24"]);
    let in_gate = rules.clone();
    assert!(!admits(&in_gate, "192.0.2.7"));
    // A file that does not load leaves the lists in force.
    AddressList::parse("192.0.2.1/24").unwrap_err();
    assert!(!admits(&in_gate, "192.0.2.7"));
    rules.replace(&deny(&["198.51.100.0/24"]));
    assert!(admits(&in_gate, "192.0.2.7"));
    assert!(!admits(&in_gate, "198.51.100.7"));
}

#[test]
fn a_check_during_a_replacement_sees_one_version_whole() {
    // Each version refuses the address, by another of the two lists.
    let by_allow = allow(&["203.0.113.0/24"]);
    let by_deny = deny(&["192.0.2.0/24"]);
    let rules = deny(&["192.0.2.0/24"]);
    thread::scope(|scope| {
        let reader = scope.spawn(|| (0..50_000).all(|_| !admits(&rules, "192.0.2.7")));
        while !reader.is_finished() {
            rules.replace(&by_allow);
            rules.replace(&by_deny);
        }
        assert!(reader.join().unwrap());
    });
}

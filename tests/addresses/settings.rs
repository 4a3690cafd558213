//! Settings of proxies that do not fit.

use bearergate::address::{ForwardedBy, Proxies};
use bearergate::error::ConfigErrorKind::{self, Conflict, Empty, OutOfRange, ValueMalformed};
use bearergate::limits::FORWARDED_HOPS;
use http::HeaderName;

use crate::common::{by_single, proxies};

#[track_caller]
fn assert_refused(proxies: &Proxies, kind: ConfigErrorKind, text: &str) {
    let error = proxies.check_settings().unwrap_err();
    assert_eq!((error.kind(), error.field()), (kind, "hops"));
    assert_eq!(error.to_string(), text);
}

#[test]
fn the_number_of_hops_must_fit() {
    for hops in 1..=FORWARDED_HOPS {
        proxies().hops(hops).check_settings().unwrap();
        Proxies::trust_every_peer()
            .hops(hops)
            .check_settings()
            .unwrap();
    }
    let text = "`hops` is 0; it must be between 1 and 8";
    assert_refused(&proxies().hops(0), OutOfRange, text);
    let text = "`hops` is 9; it must be between 1 and 8";
    assert_refused(&proxies().hops(9), OutOfRange, text);
    let text = "`hops`: expected no number of proxies, because no proxy is trusted, found one; \
                remove `hops`, or trust the proxies";
    assert_refused(&Proxies::none().hops(1), Conflict, text);
    Proxies::none().check_settings().unwrap();
    let text = "`hops`: expected no number of proxies, because the header has a single address, \
                found one; remove `hops`";
    assert_refused(&by_single().hops(1), Conflict, text);
    by_single().check_settings().unwrap();
}

#[test]
fn to_trust_every_peer_needs_hops_or_a_single_address() {
    let text = "`hops`: expected the number of proxies, because every peer is trusted, found \
                none; call `hops`";
    let every = Proxies::trust_every_peer();
    assert_refused(&every, Empty, text);
    assert_refused(&every.clone().header(ForwardedBy::Forwarded), Empty, text);
    every.clone().hops(1).check_settings().unwrap();
    let single = ForwardedBy::Single(HeaderName::from_static("fly-client-ip"));
    every.header(single).check_settings().unwrap();
}

#[test]
fn trusted_networks_must_be_networks() {
    for (networks, kind, text) in [
        (
            &[][..],
            Empty,
            "`proxies`: expected the networks of the proxies, found none; list them, or use \
             `Proxies::none()` if there is no proxy",
        ),
        (
            &["10.0.0.0/8", "10.0.0.1/8"],
            ValueMalformed,
            "`proxies`: expected a network without host bits, found `10.0.0.1/8`; write 10.0.0.0/8",
        ),
        (
            &["0.0.0.0/0"],
            ValueMalformed,
            "`proxies`: expected a prefix length of at least 1, found `0.0.0.0/0`, which is every \
             address; list the networks that are meant",
        ),
        (
            &["nginx"],
            ValueMalformed,
            "`proxies`: expected a network such as 192.0.2.0/24, found `nginx`",
        ),
    ] {
        let error = Proxies::trust(networks).unwrap_err();
        assert_eq!((error.kind(), error.field()), (kind, "proxies"));
        assert_eq!(error.to_string(), text);
    }
    Proxies::trust(["10.0.0.1", "10.0.0.0/8"]).unwrap();
}

#[test]
fn the_prefix_of_a_translator_is_an_ipv6_96() {
    for prefix in ["64:ff9b::/96", "2001:db8:1::/96"] {
        Proxies::none().translated(prefix).unwrap();
    }
    for prefix in [
        "64:ff9b::/95",
        "64:ff9b::/64",
        "64:ff9b::",
        "64:ff9b::1/96",
        "::ffff:0:0/96",
        "10.0.0.0/8",
        "10.0.0.0/96",
        "nat64",
        "",
    ] {
        let error = Proxies::none().translated(prefix).unwrap_err();
        assert_eq!(error.kind(), ValueMalformed, "{prefix}");
        assert_eq!(error.field(), "translated");
    }
    let error = Proxies::none().translated("2001:db8::/64").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`translated`: expected an IPv6 network with a prefix length of 96, found \
         `2001:db8::/64`; give the prefix of the translator, such as 64:ff9b::/96"
    );
}

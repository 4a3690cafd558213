//! Peers that are no proxies, and spellings of addresses.

use bearergate::address::OriginProblem::{HeaderMissing, NoPeer};
use bearergate::address::{ForwardedBy, Proxies};

use crate::common::{address, by_forwarded, by_single, from_proxy, headers, locate, proxies};

const CLIENT: &str = "192.0.2.7:4711";

/// Every header that some proxy writes.
const CLAIMS: &[(&str, &str)] = &[
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-for", "10.0.0.1, 10.0.0.2"),
    ("x-forwarded-proto", "https"),
    ("forwarded", "for=127.0.0.1;proto=https"),
    ("cf-connecting-ip", "127.0.0.1"),
    ("x-real-ip", "127.0.0.1"),
    ("true-client-ip", "127.0.0.1"),
];

#[test]
fn headers_of_a_peer_that_is_no_proxy_change_nothing() {
    let all = [
        Proxies::none(),
        proxies(),
        by_forwarded(),
        by_single(),
        proxies().hops(1),
    ];
    for proxies in all {
        let plain = locate(&proxies, Some(CLIENT), &headers::<&str>(&[]));
        assert_eq!(plain.address(), Some(address("192.0.2.7")));
        assert_eq!((plain.via(), plain.problem()), (None, None));
        assert_eq!(plain.is_encrypted(), None);
        let spoofed = locate(&proxies, Some(CLIENT), &headers(CLAIMS));
        assert_eq!(spoofed, plain);
        let junk = headers(&[("x-forwarded-for", "\t, junk"), ("forwarded", "=")]);
        assert_eq!(locate(&proxies, Some(CLIENT), &junk), plain);
        let long = ",".repeat(5_000);
        let long = headers(&[("x-forwarded-for", &*long), ("forwarded", &*long)]);
        assert_eq!(locate(&proxies, Some(CLIENT), &long), plain);
    }
    // The same headers from a proxy are read.
    let read = locate(&by_forwarded(), Some("10.0.0.1:1"), &headers(CLAIMS));
    assert_eq!(read.address(), Some(address("127.0.0.1")));
    assert_eq!(read.is_encrypted(), Some(true));
}

#[test]
fn without_a_peer_the_client_is_unknown() {
    for proxies in [
        Proxies::none(),
        proxies(),
        Proxies::trust_every_peer().hops(1),
    ] {
        let origin = locate(&proxies, None, &headers(CLAIMS));
        assert_eq!(origin.problem(), Some(NoPeer));
        assert_eq!((origin.address(), origin.via()), (None, None));
        assert!(!origin.source().is_known());
    }
}

#[test]
fn a_mapped_address_is_an_ipv4_address_everywhere() {
    let none = headers::<&str>(&[]);
    let client = locate(&proxies(), Some("[::ffff:192.0.2.7]:1"), &none);
    assert_eq!(client.address(), Some(address("192.0.2.7")));
    let proxy = locate(&proxies(), Some("[::ffff:10.0.0.1]:1"), &none);
    assert_eq!(proxy.problem(), Some(HeaderMissing));
    assert_eq!(proxy.via(), Some(address("10.0.0.1")));
    let mapped = Proxies::trust(["::ffff:10.0.0.0/104"]).unwrap();
    assert!(mapped.trusts(address("10.1.2.3")));
    assert!(mapped.trusts(address("::ffff:a01:203")));
    assert!(!mapped.trusts(address("11.1.2.3")));
    for (entry, client) in [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        // These have another owner than the IPv4 address, or none.
        ("64:ff9b::192.0.2.7", "64:ff9b::c000:207"),
        ("2002:c000:207::1", "2002:c000:207::1"),
        ("::192.0.2.7", "::c000:207"),
    ] {
        let origin = from_proxy(&proxies(), "x-forwarded-for", &[entry]);
        assert_eq!(origin.address(), Some(address(client)), "{entry}");
    }
}

#[test]
fn the_scope_of_a_link_local_peer_is_dropped() {
    let none = headers::<&str>(&[]);
    let origin = locate(&Proxies::none(), Some("[fe80::1%7]:80"), &none);
    assert_eq!(origin.address(), Some(address("fe80::1")));
    let proxies = Proxies::trust(["fe80::/10"]).unwrap();
    let with_header = headers(&[("x-forwarded-for", "192.0.2.7")]);
    let origin = locate(&proxies, Some("[fe80::1%7]:80"), &with_header);
    assert_eq!(origin.address(), Some(address("192.0.2.7")));
}

#[test]
fn an_address_under_the_prefix_of_the_translator_is_an_ipv4_address() {
    let none = headers::<&str>(&[]);
    let translated = Proxies::none().translated("2001:db8:64::/96").unwrap();
    let peer = |proxies: &Proxies, peer| locate(proxies, Some(peer), &none).address();
    let (own, other) = ("[2001:db8:64::c000:207]:1", "[2001:db8:65::c000:207]:1");
    assert_eq!(peer(&translated, own), Some(address("192.0.2.7")));
    assert_eq!(
        peer(&translated, other),
        Some(address("2001:db8:65::c000:207"))
    );
    assert_eq!(
        peer(&Proxies::none(), own),
        Some(address("2001:db8:64::c000:207"))
    );

    // A translated proxy is the proxy, and a translated entry an IPv4 address.
    let translated = proxies().translated("64:ff9b::/96").unwrap();
    assert!(translated.trusts(address("64:ff9b::10.0.0.1")));
    assert!(!proxies().trusts(address("64:ff9b::10.0.0.1")));
    let entry = |header: &str| from_proxy(&translated, "x-forwarded-for", &[header]).address();
    assert_eq!(
        entry("192.0.2.7, 64:ff9b::10.0.0.2"),
        Some(address("192.0.2.7"))
    );
    assert_eq!(entry("64:ff9b::192.0.2.7"), Some(address("192.0.2.7")));
    let single = by_single().translated("64:ff9b::/96").unwrap();
    let origin = from_proxy(&single, "cf-connecting-ip", &["64:ff9b::192.0.2.7"]);
    assert_eq!(origin.address(), Some(address("192.0.2.7")));
    let forwarded = proxies().header(ForwardedBy::Forwarded);
    let forwarded = forwarded.translated("64:ff9b::/96").unwrap();
    let element = r#"for="[64:ff9b::192.0.2.7]""#;
    let origin = from_proxy(&forwarded, "forwarded", &[element]);
    assert_eq!(origin.address(), Some(address("192.0.2.7")));
}

//! Allocations of the parts that each request passes.

use bearergate::address::{AddressList, AddressRules, Proxies};
use bearergate::request::RequestFacts;
use http::{HeaderMap, Method, Uri};

use crate::common::{address, by_forwarded, by_single, headers, proxies};

fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    allocation_counter::measure(run).count_total
}

fn of_locate(proxies: &Proxies, headers: &HeaderMap) -> u64 {
    let (method, uri) = (Method::GET, Uri::from_static("/"));
    let facts = RequestFacts::new(&method, &uri, headers);
    let facts = facts.with_peer("10.0.0.1:1".parse().unwrap());
    allocations(|| {
        std::hint::black_box(proxies.locate(&facts));
    })
}

#[test]
fn locating_the_client_does_not_allocate() {
    let hops = "198.51.100.9, 192.0.2.7, [2001:db8:ffff::1]:443, 10.0.0.2";
    let quoted = r#"for="\1\9\2.0.2.7", for="[2001:db8:ffff::1]:_a";proto=https"#;
    for (proxies, name, value) in [
        (proxies(), "x-forwarded-for", hops),
        (proxies(), "x-forwarded-for", "junk"),
        (by_forwarded(), "forwarded", quoted),
        (by_forwarded(), "forwarded", "junk"),
        (by_single(), "cf-connecting-ip", "192.0.2.7"),
        (by_single(), "x-forwarded-for", "192.0.2.7"),
        (Proxies::none(), "x-forwarded-for", hops),
    ] {
        let headers = headers(&[(name, value), ("x-forwarded-proto", "https")]);
        assert_eq!(of_locate(&proxies, &headers), 0, "{name}: {value}");
    }
    // The counter works.
    assert_ne!(allocations(|| drop(std::hint::black_box(vec![1]))), 0);
}

#[test]
fn checking_an_address_does_not_allocate() {
    let list = AddressList::from_networks(["192.0.2.0/24", "2001:db8::/32"]).unwrap();
    let rules = AddressRules::builder().deny(list).build().unwrap();
    for client in ["192.0.2.7", "198.51.100.7", "2001:db8::1", "64:ff9b::1"] {
        let client = address(client);
        let count = allocations(|| {
            std::hint::black_box(rules.admits(client));
        });
        assert_eq!(count, 0, "{client}");
    }
}

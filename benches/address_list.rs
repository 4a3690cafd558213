//! Address lists of 100, 10 000 and 200 000 networks, and the client behind four proxies.
//!
//! The addresses of a list's group are spread over all its networks, half of them are in it. Time
//! per check is the time of a group divided by `CHECKS`.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bearergate::address::{AddressList, AddressRules, ForwardedBy, Proxies};
use bearergate::request::RequestFacts;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use ipnet::IpNet;

const SIZES: [u32; 3] = [100, 10_000, 200_000];

/// Addresses that one iteration checks.
const CHECKS: u32 = 1_024;

fn lists(c: &mut Criterion) {
    for size in SIZES {
        let networks = networks(size);
        let texts = networks.iter().map(ToString::to_string);
        let list = AddressList::from_networks(texts).expect("the networks are valid");
        let rules = AddressRules::builder().deny(list).build();
        let rules = rules.expect("there is a list");
        let addresses = addresses(size);
        let denied = addresses.iter().filter(|address| !rules.admits(**address));
        assert_eq!(denied.count(), addresses.len() / 2);

        let mut group = c.benchmark_group(format!("address list {size}"));
        group.throughput(Throughput::Elements(u64::from(CHECKS)));
        group.bench_function("bearergate", |b| {
            let admits = |address: &&IpAddr| rules.admits(**black_box(address));
            b.iter(|| addresses.iter().filter(admits).count());
        });
        if size == 100 {
            let admits =
                |address: &&IpAddr| !networks.iter().any(|net| net.contains(*black_box(address)));
            group.bench_function("ipnet one after the other", |b| {
                b.iter(|| addresses.iter().filter(admits).count());
            });
        }
    }
}

/// Networks of 256 addresses with gaps between them, so that none are joined.
fn networks(size: u32) -> Vec<IpNet> {
    let network = |n: u32| {
        let address = Ipv4Addr::from_bits((n * 2) << 8);
        IpNet::new(address.into(), 24).expect("a prefix length of 24 is valid")
    };
    (0..size).map(network).collect()
}

/// Addresses inside of networks and in the gaps behind them, in no order.
fn addresses(size: u32) -> Vec<IpAddr> {
    let address = |n: u32| {
        let network = n.wrapping_mul(2_654_435_761) % size;
        IpAddr::from(Ipv4Addr::from_bits((network * 2 + n % 2) << 8 | 7))
    };
    (0..CHECKS).map(address).collect()
}

fn client(c: &mut Criterion) {
    let networks = ["10.0.0.0/8", "172.16.0.0/12", "2001:db8:ffff::/48"];
    let proxies = Proxies::trust(networks).expect("the networks are valid");
    let peer: SocketAddr = "10.0.0.1:4711".parse().expect("the address is valid");
    let cases = [
        (
            "x-forwarded-for",
            "192.0.2.7, 172.16.3.4, 10.20.30.40, 10.0.0.2",
            proxies.clone(),
        ),
        (
            "forwarded",
            "for=192.0.2.7;proto=https, for=172.16.3.4, for=10.20.30.40, for=10.0.0.2",
            proxies.clone().header(ForwardedBy::Forwarded),
        ),
        (
            "cf-connecting-ip",
            "192.0.2.7",
            proxies.header(ForwardedBy::Single(HeaderName::from_static(
                "cf-connecting-ip",
            ))),
        ),
    ];
    let (method, uri) = (Method::GET, Uri::from_static("/orders"));
    let mut group = c.benchmark_group("client address");
    for (name, value, proxies) in cases {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("orders.example.com"));
        headers.insert("accept", HeaderValue::from_static("application/json"));
        headers.insert(name, HeaderValue::from_static(value));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let facts = RequestFacts::new(&method, &uri, &headers).with_peer(peer);
        let origin = proxies.locate(&facts);
        assert_eq!(origin.address(), Some(IpAddr::from([192, 0, 2, 7])));
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| proxies.locate(black_box(&facts)));
        });
    }
}

criterion_group!(benches, lists, client);
criterion_main!(benches);

//! `X-Forwarded-For` from a trusted proxy.

use bearergate::address::OriginProblem::{
    self, HeaderMissing, HeaderTooLong, NotAnAddress, TooFewHops,
};
use bearergate::address::{Origin, Proxies};
use bearergate::limits::{FORWARDED_BYTES, FORWARDED_ENTRIES};

use crate::common::{address, assert_client, assert_unknown, from_proxy, headers, locate, proxies};

const NAME: &str = "x-forwarded-for";

fn read<V: AsRef<[u8]>>(lines: &[V]) -> Origin {
    from_proxy(&proxies(), NAME, lines)
}

/// A header that makes the client unknown, and one that differs in the tested part.
struct Twins {
    bad: &'static [&'static str],
    problem: OriginProblem,
    good: &'static [&'static str],
    client: &'static str,
}

const fn twins(
    bad: &'static [&'static str],
    problem: OriginProblem,
    good: &'static [&'static str],
    client: &'static str,
) -> Twins {
    Twins {
        bad,
        problem,
        good,
        client,
    }
}

const V4: &str = "192.0.2.7";
const V6: &str = "2001:db8::7";

const TABLE: &[Twins] = &[
    // Spelling of IPv4.
    twins(&["192.0.2.07"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["0300.0.2.7"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["0xc0.0.2.7"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["0xc0000207"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["3221225991"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.519"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2.256"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2.7.1"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2.7."], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["+192.0.2.7"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2. 7"], NotAnAddress, &[" 192.0.2.7\t"], V4),
    twins(&["192.0.2.0/24"], NotAnAddress, &["192.0.2.0"], "192.0.2.0"),
    twins(&["[192.0.2.7]"], NotAnAddress, &["192.0.2.7"], V4),
    // Ports.
    twins(&["192.0.2.7:"], NotAnAddress, &["192.0.2.7:1"], V4),
    twins(&["192.0.2.7:65536"], NotAnAddress, &["192.0.2.7:65535"], V4),
    twins(&["192.0.2.7:-1"], NotAnAddress, &["192.0.2.7:1"], V4),
    twins(&["192.0.2.7:+1"], NotAnAddress, &["192.0.2.7:1"], V4),
    twins(&["192.0.2.7: 80"], NotAnAddress, &["192.0.2.7:80"], V4),
    twins(&["192.0.2.7:80:80"], NotAnAddress, &["192.0.2.7:80"], V4),
    twins(&["192.0.2.7:000080"], NotAnAddress, &["192.0.2.7:80"], V4),
    twins(&["192.0.2.7:_a"], NotAnAddress, &["192.0.2.7:80"], V4),
    // Spelling of IPv6.
    twins(&["2001:db8:::7"], NotAnAddress, &["2001:db8::7"], V6),
    twins(&["2001:db8::7::"], NotAnAddress, &["2001:db8:0::7"], V6),
    twins(&["2001:db8::00007"], NotAnAddress, &["2001:db8::0007"], V6),
    twins(&["2001:db8::g"], NotAnAddress, &["2001:DB8::7"], V6),
    twins(&["fe80::1%eth0"], NotAnAddress, &["fe80::1"], "fe80::1"),
    twins(&["fe80::1%25eth0"], NotAnAddress, &["[fe80::1]"], "fe80::1"),
    twins(&["[2001:db8::7"], NotAnAddress, &["[2001:db8::7]"], V6),
    twins(&["2001:db8::7]"], NotAnAddress, &["2001:db8::7"], V6),
    twins(
        &["[2001:db8::7]80"],
        NotAnAddress,
        &["[2001:db8::7]:80"],
        V6,
    ),
    twins(
        &["[2001:db8::7]:"],
        NotAnAddress,
        &["[2001:db8::7]:4711"],
        V6,
    ),
    twins(&["[[2001:db8::7]]"], NotAnAddress, &["[2001:db8::7]"], V6),
    twins(&["[ 2001:db8::7]"], NotAnAddress, &[" [2001:db8::7] "], V6),
    twins(
        &["::ffff:192.0.2.07"],
        NotAnAddress,
        &["::ffff:192.0.2.7"],
        V4,
    ),
    twins(
        &["::ffff:192.0.2.7:80"],
        NotAnAddress,
        &["[::ffff:192.0.2.7]:80"],
        V4,
    ),
    twins(&["::fffg:c000:207"], NotAnAddress, &["::FFFF:c000:207"], V4),
    // Names and empty entries.
    twins(&["unknown"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["_hidden"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["localhost"], NotAnAddress, &["127.0.0.1"], "127.0.0.1"),
    twins(&["\"192.0.2.7\""], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["for=192.0.2.7"], NotAnAddress, &["192.0.2.7"], V4),
    twins(&[""], NotAnAddress, &["192.0.2.7"], V4),
    twins(&["192.0.2.7,"], NotAnAddress, &["192.0.2.7"], V4),
    twins(
        &["192.0.2.7, ,10.0.0.2"],
        NotAnAddress,
        &["192.0.2.7,10.0.0.2"],
        V4,
    ),
    twins(
        &["192.0.2.7;10.0.0.2"],
        NotAnAddress,
        &["192.0.2.7, 10.0.0.2"],
        V4,
    ),
    twins(
        &["192.0.2.7 10.0.0.2"],
        NotAnAddress,
        &["192.0.2.7 , 10.0.0.2"],
        V4,
    ),
    // The walk: junk stops it, also where a later entry is an address.
    twins(&["192.0.2.7, junk"], NotAnAddress, &["junk, 192.0.2.7"], V4),
    twins(
        &["192.0.2.7, junk, 10.0.0.2"],
        NotAnAddress,
        &["junk, 192.0.2.7, 10.0.0.2"],
        V4,
    ),
    twins(
        &["192.0.2.7, unknown"],
        NotAnAddress,
        &["unknown, 192.0.2.7"],
        V4,
    ),
    // Several lines are one list.
    twins(&["192.0.2.7", ""], NotAnAddress, &["", "192.0.2.7"], V4),
    twins(
        &["192.0.2.7", "junk"],
        NotAnAddress,
        &["junk", "192.0.2.7"],
        V4,
    ),
    twins(
        &["198.51.100.9, junk", "10.0.0.2"],
        NotAnAddress,
        &["198.51.100.9, 192.0.2.7", "10.0.0.2"],
        V4,
    ),
];

#[test]
fn each_unusable_header_makes_the_client_unknown_and_its_twin_does_not() {
    assert!(TABLE.len() >= 40);
    for row in TABLE {
        let (bad, good) = (read(row.bad), read(row.good));
        assert_eq!(bad.problem(), Some(row.problem), "{:?}", row.bad);
        assert_unknown(bad, row.problem);
        assert_eq!(good.address(), Some(address(row.client)), "{:?}", row.good);
        assert_client(good, row.client);
    }
}

#[test]
fn the_client_is_the_rightmost_entry_that_is_no_proxy() {
    for (header, client) in [
        ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9, 192.0.2.7, 10.1.2.3, 10.3.2.1", "192.0.2.7"),
        ("192.0.2.7, 2001:db8:ffff::1, ::ffff:10.0.0.9", "192.0.2.7"),
        ("10.9.9.9, 192.0.2.7", "192.0.2.7"),
        // All are trusted: the leftmost.
        ("10.9.9.9, 10.8.8.8", "10.9.9.9"),
        ("10.9.9.9", "10.9.9.9"),
    ] {
        assert_client(read(&[header]), client);
    }
}

#[test]
fn all_lines_are_joined_in_order() {
    // The line of the attacker is the first one; the proxy adds its own below it.
    assert_client(read(&["198.51.100.9", "192.0.2.7"]), "192.0.2.7");
    assert_client(read(&["192.0.2.7", "198.51.100.9"]), "198.51.100.9");
    assert_client(
        read(&["198.51.100.9", "192.0.2.7", "10.0.0.2"]),
        "192.0.2.7",
    );
    let joined = read(&["198.51.100.9, 192.0.2.7, 10.0.0.2"]);
    assert_eq!(read(&["198.51.100.9", "192.0.2.7", "10.0.0.2"]), joined);
}

#[test]
fn a_trusted_peer_without_the_header_leaves_the_client_unknown() {
    assert_unknown(read::<&str>(&[]), HeaderMissing);
    // Another header of the same kind is not read.
    for name in ["forwarded", "x-real-ip", "x-client-ip", "cf-connecting-ip"] {
        let origin = from_proxy(&proxies(), name, &["192.0.2.7"]);
        assert_unknown(origin, HeaderMissing);
    }
    let origin = read(&["192.0.2.7"]);
    assert_client(origin, "192.0.2.7");
    // Unknown clients of one proxy are one source, those of another one a second.
    let nothing = headers::<&str>(&[]);
    let of = |peer: &str| locate(&proxies(), Some(peer), &nothing).source();
    assert_eq!(of("10.0.0.1:1"), of("10.0.0.1:2"));
    assert_ne!(of("10.0.0.1:1"), of("10.0.0.2:1"));
}

#[test]
fn entries_and_bytes_are_bounded_over_all_lines() {
    let entries = |count: usize| vec!["192.0.2.7"; count].join(",");
    assert_client(read(&[entries(FORWARDED_ENTRIES)]), "192.0.2.7");
    assert_unknown(read(&[entries(FORWARDED_ENTRIES + 1)]), HeaderTooLong);
    let half = entries(FORWARDED_ENTRIES / 2);
    assert_client(read(&[&*half, &*half]), "192.0.2.7");
    assert_unknown(read(&[&*half, &*half, "192.0.2.7"]), HeaderTooLong);

    // Junk to the left of the client is not read, but it counts.
    let padded = |bytes: usize| format!("{},192.0.2.7", "x".repeat(bytes - 10));
    assert_eq!(padded(FORWARDED_BYTES).len(), FORWARDED_BYTES);
    assert_client(read(&[padded(FORWARDED_BYTES)]), "192.0.2.7");
    assert_unknown(read(&[padded(FORWARDED_BYTES + 1)]), HeaderTooLong);
    let (line, rest) = ("x".repeat(FORWARDED_BYTES - 10), "192.0.2.7");
    assert_client(read(&[&*line, rest]), "192.0.2.7");
    assert_unknown(read(&[&*line, rest, ""]), HeaderTooLong);
}

#[test]
fn bytes_that_are_no_text_make_the_client_unknown() {
    for junk in [
        &b"\xff"[..],
        b"192.0.2.7\xff",
        b"\xc3\xa4",
        b"192.0.2.7, \x80",
        "192.0.2.7\u{a0}".as_bytes(),
        "１９２.0.2.7".as_bytes(),
    ] {
        assert_unknown(read(&[junk]), NotAnAddress);
    }
    assert_client(read(&[&b"\xff\xfe, 192.0.2.7"[..]]), "192.0.2.7");
}

#[test]
fn hops_are_counted_from_the_right() {
    let at = |hops: u8, header: &str| from_proxy(&proxies().hops(hops), NAME, &[header]);
    let header = "198.51.100.9, 192.0.2.7, 203.0.113.4";
    assert_client(at(1, header), "203.0.113.4");
    assert_client(at(2, header), "192.0.2.7");
    assert_client(at(3, header), "198.51.100.9");
    assert_unknown(at(4, header), TooFewHops);
    // Also where that is a trusted network, and where the entries right of it are none.
    assert_client(at(2, "192.0.2.7, 10.0.0.9, 203.0.113.4"), "10.0.0.9");
    assert_client(at(1, "192.0.2.7, 10.0.0.9"), "10.0.0.9");
    assert_unknown(at(2, "192.0.2.7, junk"), NotAnAddress);
    assert_client(at(1, "junk, 192.0.2.7"), "192.0.2.7");
    let two_lines = from_proxy(&proxies().hops(2), NAME, &["192.0.2.7", "203.0.113.4"]);
    assert_client(two_lines, "192.0.2.7");
}

#[test]
fn every_peer_is_trusted_only_with_a_number_of_hops() {
    let header = ["198.51.100.9, 192.0.2.7"];
    let platform = Proxies::trust_every_peer();
    assert_unknown(from_proxy(&platform, NAME, &header), TooFewHops);
    let one_hop = platform.clone().hops(1);
    assert_client(from_proxy(&one_hop, NAME, &header), "192.0.2.7");
    let two_hops = platform.hops(2);
    assert_client(from_proxy(&two_hops, NAME, &header), "198.51.100.9");
}

#[test]
fn encryption_is_the_rightmost_forwarded_scheme() {
    let scheme = |lines: &[&str]| {
        let lines = lines.iter().map(|value| ("x-forwarded-proto", *value));
        let all: Vec<_> = lines.chain([(NAME, "192.0.2.7")]).collect();
        locate(&proxies(), Some("10.0.0.1:1"), &headers(&all)).is_encrypted()
    };
    assert_eq!(scheme(&["https"]), Some(true));
    assert_eq!(scheme(&["HTTPS"]), Some(true));
    assert_eq!(scheme(&["wss"]), Some(true));
    assert_eq!(scheme(&["http"]), Some(false));
    assert_eq!(scheme(&["https, http"]), Some(false));
    assert_eq!(scheme(&["http, https "]), Some(true));
    assert_eq!(scheme(&["https", "http"]), Some(false));
    assert_eq!(scheme(&["http", "https"]), Some(true));
    for nothing in [&[][..], &[""], &["https,"], &["httpss"], &["on"]] {
        assert_eq!(scheme(nothing), None, "{nothing:?}");
    }
    // From a peer that is no proxy it is not read.
    let all = headers(&[("x-forwarded-proto", "https"), (NAME, "192.0.2.7")]);
    let origin = locate(&proxies(), Some("192.0.2.9:1"), &all);
    assert_eq!(origin.is_encrypted(), None);
}

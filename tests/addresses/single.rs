//! A header with a single address.

use bearergate::address::OriginProblem::{HeaderMalformed, HeaderMissing, NotAnAddress};
use bearergate::address::{ForwardedBy, Origin, Proxies};
use http::HeaderName;

use crate::common::{assert_client, assert_unknown, by_single, from_proxy};

const NAME: &str = "cf-connecting-ip";

fn read<V: AsRef<[u8]>>(lines: &[V]) -> Origin {
    from_proxy(&by_single(), NAME, lines)
}

#[test]
fn exactly_one_line_with_one_address_is_read() {
    assert_client(read(&["192.0.2.7"]), "192.0.2.7");
    assert_client(read(&[" 192.0.2.7\t"]), "192.0.2.7");
    assert_client(read(&["2001:db8::7"]), "2001:db8::7");
    assert_client(read(&["::ffff:192.0.2.7"]), "192.0.2.7");
    // It is the client, also where it is a trusted network.
    assert_client(read(&["10.0.0.9"]), "10.0.0.9");
    for bad in [
        "192.0.2.7, 192.0.2.7",
        "192.0.2.7,",
        "192.0.2.7:80",
        "[2001:db8::7]",
        "[2001:db8::7]:80",
        "192.0.2.07",
        "fe80::1%eth0",
        "unknown",
        "",
        "\u{fffd}",
    ] {
        assert_unknown(read(&[bad]), NotAnAddress);
    }
    assert_unknown(read(&[&b"192.0.2.7\xff"[..]]), NotAnAddress);
    assert_unknown(read(&["192.0.2.7", "192.0.2.7"]), HeaderMalformed);
    assert_unknown(read(&["192.0.2.7", ""]), HeaderMalformed);
    assert_unknown(read::<&str>(&[]), HeaderMissing);
    let other = from_proxy(&by_single(), "x-forwarded-for", &["192.0.2.7"]);
    assert_unknown(other, HeaderMissing);
}

#[test]
fn any_header_can_have_a_single_address() {
    let single = |name| ForwardedBy::Single(HeaderName::from_static(name));
    let platform = Proxies::trust_every_peer().header(single("fly-client-ip"));
    platform.check_settings().unwrap();
    let origin = from_proxy(&platform, "fly-client-ip", &["192.0.2.7"]);
    assert_client(origin, "192.0.2.7");
    let listed = Proxies::trust(["10.0.0.0/8"]).unwrap();
    let listed = listed.header(single("x-forwarded-for"));
    let origin = from_proxy(&listed, "x-forwarded-for", &["192.0.2.7"]);
    assert_client(origin, "192.0.2.7");
    let origin = from_proxy(&listed, "x-forwarded-for", &["192.0.2.7, 10.0.0.2"]);
    assert_unknown(origin, NotAnAddress);
}

//! `Forwarded` (RFC 7239) from a trusted proxy.

#[path = "forwarded_grammar.rs"]
mod grammar;

use bearergate::address::Origin;
use bearergate::address::OriginProblem::{
    self, HeaderMalformed, HeaderMissing, HeaderTooLong, NotAnAddress, TooFewHops,
};
use bearergate::limits::{FORWARDED_BYTES, FORWARDED_ENTRIES};
use proptest::prelude::*;

use crate::common::{address, assert_client, assert_unknown, by_forwarded, from_proxy};

const NAME: &str = "forwarded";

fn read<V: AsRef<[u8]>>(lines: &[V]) -> Origin {
    from_proxy(&by_forwarded(), NAME, lines)
}

#[test]
fn each_unusable_element_has_a_twin_that_is_read() {
    const V4: &str = "192.0.2.7";
    const V6: &str = "2001:db8::7";
    for (bad, problem, good, client) in [
        // Nodes that are no address.
        ("for=unknown", NotAnAddress, "for=192.0.2.7", V4),
        ("for=_hidden", NotAnAddress, "for=192.0.2.7", V4),
        ("for=\"_x:80\"", NotAnAddress, "for=\"192.0.2.7:80\"", V4),
        ("for=\"\"", NotAnAddress, "for=\"192.0.2.7\"", V4),
        ("for=\"a,b\"", NotAnAddress, "for=a, for=192.0.2.7", V4),
        (
            "for=\"192.0.2.7;for=1\"",
            NotAnAddress,
            "for=\"192.0.2.7\"",
            V4,
        ),
        ("for=192.0.2.07", NotAnAddress, "for=192.0.2.7", V4),
        ("for=\" 192.0.2.7\"", NotAnAddress, "for=\"192.0.2.7\"", V4),
        ("for=\"[192.0.2.7]\"", NotAnAddress, "for=\"192.0.2.7\"", V4),
        (
            "for=\"2001:db8::7\"",
            NotAnAddress,
            "for=\"[2001:db8::7]\"",
            V6,
        ),
        (
            "for=\"[2001:db8::7%1]\"",
            NotAnAddress,
            "for=\"[2001:db8::7]\"",
            V6,
        ),
        (
            "for=\"[2001:db8::7]80\"",
            NotAnAddress,
            "for=\"[2001:db8::7]:80\"",
            V6,
        ),
        (
            "for=\"[2001:db8::7]:_\"",
            NotAnAddress,
            "for=\"[2001:db8::7]:_p\"",
            V6,
        ),
        (
            "for=\"[2001:db8::7]:_p,\"",
            NotAnAddress,
            "for=\"[2001:db8::7]:_p.-_9\"",
            V6,
        ),
        (
            "for=\"192.0.2.7:\"",
            NotAnAddress,
            "for=\"192.0.2.7:1\"",
            V4,
        ),
        (
            "for=\"192.0.2.7:123456\"",
            NotAnAddress,
            "for=\"192.0.2.7:12345\"",
            V4,
        ),
        (
            "for=\"192.0.2.7:1a\"",
            NotAnAddress,
            "for=\"192.0.2.7:_1a\"",
            V4,
        ),
        // No node.
        ("proto=https", NotAnAddress, "for=192.0.2.7;proto=https", V4),
        ("", NotAnAddress, "for=192.0.2.7", V4),
        ("for=192.0.2.7,", NotAnAddress, "for=192.0.2.7", V4),
        ("for=192.0.2.7, ;", NotAnAddress, ";for=192.0.2.7;;", V4),
        (
            "by=192.0.2.7",
            NotAnAddress,
            "by=10.0.0.1;for=192.0.2.7",
            V4,
        ),
        // Syntax.
        (
            "for=[2001:db8::7]",
            HeaderMalformed,
            "for=\"[2001:db8::7]\"",
            V6,
        ),
        (
            "for=192.0.2.7:80",
            HeaderMalformed,
            "for=\"192.0.2.7:80\"",
            V4,
        ),
        ("for=", HeaderMalformed, "for=192.0.2.7", V4),
        ("for", HeaderMalformed, "for=192.0.2.7", V4),
        ("=192.0.2.7", HeaderMalformed, "x=y;for=192.0.2.7", V4),
        ("192.0.2.7", HeaderMalformed, "FOR=192.0.2.7", V4),
        ("for =192.0.2.7", HeaderMalformed, " for=192.0.2.7 ", V4),
        ("for= 192.0.2.7", HeaderMalformed, "\tfor=192.0.2.7\t", V4),
        (
            "for=192.0.2.7; proto=http",
            HeaderMalformed,
            "for=192.0.2.7;proto=http",
            V4,
        ),
        (
            "for=192.0.2.7 ;proto=http",
            HeaderMalformed,
            "for=192.0.2.7;proto=http",
            V4,
        ),
        (
            "for=192.0.2.7 for=192.0.2.7",
            HeaderMalformed,
            "for=192.0.2.7 ,for=192.0.2.7",
            V4,
        ),
        ("for=\"192.0.2.7", HeaderMalformed, "for=\"192.0.2.7\"", V4),
        ("for=192.0.2.7\"", HeaderMalformed, "for=192.0.2.7", V4),
        (
            "for=\"192.0.2.7\\\"",
            HeaderMalformed,
            "for=\"192.0.2.\\7\"",
            V4,
        ),
        (
            "for=\"192.0.2.7\"x",
            HeaderMalformed,
            "for=\"192.0.2.7\";x=y",
            V4,
        ),
        ("for='192.0.2.7'", NotAnAddress, "for=192.0.2.7", V4),
        ("for=1;for=2", HeaderMalformed, "for=1, for=192.0.2.7", V4),
        (
            "for=192.0.2.7;For=192.0.2.7",
            HeaderMalformed,
            "For=192.0.2.7",
            V4,
        ),
        (
            "for=192.0.2.7;proto=http;proto=https",
            HeaderMalformed,
            "for=192.0.2.7;proto=http",
            V4,
        ),
        (
            "for=192.0.2.7;by=_a;BY=_b",
            HeaderMalformed,
            "for=192.0.2.7;by=_a",
            V4,
        ),
        // One malformed element anywhere.
        (
            "for=1;for=2, for=192.0.2.7",
            HeaderMalformed,
            "for=1, for=192.0.2.7",
            V4,
        ),
        (
            "junk, for=192.0.2.7",
            HeaderMalformed,
            "junk=1, for=192.0.2.7",
            V4,
        ),
        (
            "for=192.0.2.7, for=10.0.0.2, junk",
            HeaderMalformed,
            "for=192.0.2.7, for=10.0.0.2",
            V4,
        ),
        // The walk.
        (
            "for=192.0.2.7, for=unknown",
            NotAnAddress,
            "for=unknown, for=192.0.2.7",
            V4,
        ),
        (
            "for=192.0.2.7, proto=http",
            NotAnAddress,
            "proto=http, for=192.0.2.7",
            V4,
        ),
    ] {
        let (refused, twin) = (read(&[bad]), read(&[good]));
        assert_eq!(refused.problem(), Some(problem), "{bad}");
        assert_unknown(refused, problem);
        assert_eq!(twin.address(), Some(address(client)), "{good}");
        assert_client(twin, client);
    }
}

#[test]
fn quotes_and_escapes_hide_separators() {
    assert_client(read(&[r#"for="192.0.2.7";host="a,for=1;b""#]), "192.0.2.7");
    assert_client(read(&[r#"host="\"";for="\1\9\2.0.2.7""#]), "192.0.2.7");
    assert_client(
        read(&[r#"for=198.51.100.9;x="\\",for="192.0.2.7""#]),
        "192.0.2.7",
    );
    assert_client(read(&[&b"for=192.0.2.7;x=\"\xe4\\\xff\""[..]]), "192.0.2.7");
    assert_unknown(read(&[&b"for=192.0.2.7;x=\xe4"[..]]), HeaderMalformed);
    assert_unknown(read(&[&b"for=\"192.0.2.7\xe4\""[..]]), NotAnAddress);
}

#[test]
fn the_walk_is_that_of_the_list() {
    assert_client(
        read(&["for=198.51.100.9, for=192.0.2.7, for=10.0.0.2"]),
        "192.0.2.7",
    );
    assert_client(read(&["for=10.0.0.3, for=10.0.0.2"]), "10.0.0.3");
    assert_client(read(&["for=198.51.100.9", "for=192.0.2.7"]), "192.0.2.7");
    assert_client(read(&["for=192.0.2.7", "for=198.51.100.9"]), "198.51.100.9");
    assert_unknown(read::<&str>(&[]), HeaderMissing);
    let hops = |count| {
        from_proxy(
            &by_forwarded().hops(count),
            NAME,
            &["for=192.0.2.7,for=10.0.0.2"],
        )
    };
    assert_client(hops(1), "10.0.0.2");
    assert_client(hops(2), "192.0.2.7");
    assert_unknown(hops(3), TooFewHops);
}

#[test]
fn a_quoted_string_does_not_span_lines() {
    assert_unknown(read(&["for=\"", "\";for=192.0.2.7"]), HeaderMalformed);
    assert_unknown(read(&["for=192.0.2.7;x=\"", "y\""]), HeaderMalformed);
    assert_client(read(&["for=192.0.2.7;x=\"\"", "for=10.0.0.2"]), "192.0.2.7");
}

#[test]
fn elements_and_bytes_are_bounded_over_all_lines() {
    let elements = |count: usize| vec!["for=192.0.2.7"; count].join(",");
    assert_client(read(&[elements(FORWARDED_ENTRIES)]), "192.0.2.7");
    assert_unknown(read(&[elements(FORWARDED_ENTRIES + 1)]), HeaderTooLong);
    let half = elements(FORWARDED_ENTRIES / 2);
    assert_client(read(&[&*half, &*half]), "192.0.2.7");
    assert_unknown(read(&[&*half, &*half, "for=192.0.2.7"]), HeaderTooLong);
    // Commas in quotes are not separators.
    let quoted = format!("for=192.0.2.7;x=\"{}\"", ",".repeat(100));
    assert_client(read(&[quoted]), "192.0.2.7");
    let padded = |bytes: usize| format!("for=192.0.2.7;x=\"{}\"", "x".repeat(bytes - 18));
    assert_eq!(padded(FORWARDED_BYTES).len(), FORWARDED_BYTES);
    assert_client(read(&[padded(FORWARDED_BYTES)]), "192.0.2.7");
    assert_unknown(read(&[padded(FORWARDED_BYTES + 1)]), HeaderTooLong);
}

#[test]
fn encryption_is_that_of_the_element_of_the_client() {
    let scheme = |header: &str| read(&[header]).is_encrypted();
    assert_eq!(scheme("for=192.0.2.7;proto=https"), Some(true));
    assert_eq!(scheme("proto=\"HTT\\PS\";for=192.0.2.7"), Some(true));
    assert_eq!(scheme("for=192.0.2.7;PROTO=http"), Some(false));
    assert_eq!(
        scheme("for=192.0.2.7;proto=https, for=10.0.0.2;proto=http"),
        Some(true)
    );
    assert_eq!(
        scheme("for=198.51.100.9;proto=https, for=192.0.2.7;proto=http"),
        Some(false)
    );
    assert_eq!(scheme("for=198.51.100.9;proto=https, for=192.0.2.7"), None);
    assert_eq!(scheme("for=192.0.2.7;proto=ftp"), None);
    assert_eq!(scheme("for=unknown;proto=https"), None);
}

/// What the independent grammar says about the header, with the trusted networks of the tests.
fn expected(lines: &[Vec<u8>]) -> Result<std::net::IpAddr, OriginProblem> {
    let mut all = Vec::new();
    for line in lines {
        all.extend(grammar::elements(line).ok_or(HeaderMalformed)?);
    }
    let mut last = Err(HeaderMissing);
    for element in all.iter().rev() {
        let client = grammar::address(element).ok_or(NotAnAddress)?;
        last = Ok(client);
        if !client.to_string().starts_with("10.") {
            return last;
        }
    }
    last
}

fn agrees(lines: &[Vec<u8>]) {
    let found = read(lines);
    let found = found.address().ok_or_else(|| found.problem().unwrap());
    let texts: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    assert_eq!(found, expected(lines), "{texts:?}");
}

/// Parts of headers, of which most are valid.
fn part() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "for=",
        "For=",
        "proto=",
        "x=",
        "by=",
        "for",
        "=",
        ";",
        ";",
        ",",
        ",",
        ", ",
        " ",
        "\t",
        "192.0.2.7",
        "10.0.0.2",
        "unknown",
        "_a",
        "\"192.0.2.7\"",
        "\"192.0.2.7:80\"",
        "https",
        "\"[2001:db8::7]\"",
        "\"[2001:db8::7]:_p\"",
        "\"",
        "\\",
        "\"\\1\\92.0.2.7\"",
        "\"a,b;c\"",
        "\u{e4}",
        "\"\u{e4}\"",
        "::1",
        "[::1]",
        "1",
    ])
}

/// Headers as a proxy writes them.
fn element() -> impl Strategy<Value = String> {
    let node = proptest::sample::select(vec![
        "192.0.2.7",
        "10.0.0.2",
        "\"10.0.0.3:80\"",
        "\"[2001:db8::7]\"",
        "\"[2001:db8::8]:1\"",
        "unknown",
        "_hidden",
        "\"192.0.2.9:_port\"",
        "\"19\\2.0.2.\\9\"",
        "\"2001:db8::7\"",
        "\"\"",
    ]);
    let more = proptest::sample::select(vec![
        "",
        ";",
        ";proto=https",
        ";by=\"[::1]:_a\"",
        ";host=\"a,b\"",
        ";for=1",
        ";x=y;x=z",
    ]);
    (node, more).prop_map(|(node, more)| format!("for={node}{more}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn headers_of_proxies_are_read_as_by_the_independent_grammar(
        lines in proptest::collection::vec(
            proptest::collection::vec(element(), 1..4).prop_map(|all| all.join(", ").into_bytes()),
            1..3,
        ),
    ) {
        agrees(&lines);
    }

    #[test]
    fn any_header_is_read_as_by_the_independent_grammar(
        lines in proptest::collection::vec(
            proptest::collection::vec(part(), 0..10).prop_map(|all| all.concat().into_bytes()),
            1..3,
        ),
    ) {
        agrees(&lines);
    }

    #[test]
    fn a_written_node_is_read_back(
        bits in any::<u128>(), is_v4 in any::<bool>(), port in proptest::option::of(any::<u16>()),
        escapes in any::<u64>(),
    ) {
        let client: std::net::IpAddr = match is_v4 {
            true => (bits as u32).to_be_bytes().into(),
            false => bits.to_be_bytes().into(),
        };
        prop_assume!(!by_forwarded().trusts(client));
        let node = match client {
            std::net::IpAddr::V4(v4) => v4.to_string(),
            std::net::IpAddr::V6(v6) => format!("[{v6}]"),
        };
        let node = port.map_or_else(|| node.clone(), |port| format!("{node}:{port}"));
        let mut quoted = String::from("for=\"");
        for (at, letter) in node.chars().enumerate() {
            if escapes >> (at % 64) & 1 == 1 {
                quoted.push('\\');
            }
            quoted.push(letter);
        }
        quoted.push('"');
        prop_assert_eq!(read(&[quoted]).address(), Some(client.to_canonical()));
    }
}

//! Hosts of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header;

use crate::request::RequestFacts;

/// Returns true only if the request names a host of this machine, and no other: `localhost`,
/// an address of 127.0.0.0/8, or `[::1]`, with or without a port.
///
/// The name is in `Host`, or in the URI (HTTP/2, absolute form); both must agree with the rule. A
/// request without either, or with two `Host` headers, names none. `X-Forwarded-Host` and `host` in
/// `Forwarded` (RFC 7239 section 5.3) may only name another host: a proxy in front may have replaced
/// `Host`.
pub(crate) fn is_addressed(facts: &RequestFacts<'_>) -> bool {
    let mut lines = facts.headers().get_all(header::HOST).into_iter();
    let (line, second) = (lines.next(), lines.next());
    let in_uri = facts.uri().authority().map(|own| own.as_str().as_bytes());
    let mut names = line.map(|host| host.as_bytes()).into_iter().chain(in_uri);
    let is_named = line.is_some() || in_uri.is_some();
    let parts = |name: &str, ends: &'static [u8]| {
        let lines = facts.headers().get_all(name).into_iter();
        lines.flat_map(|line| line.as_bytes().split(|b| ends.contains(b)))
    };
    let in_pairs = parts("forwarded", b",;").filter_map(host_of_pair);
    let mut forwarded = parts("x-forwarded-host", b",").chain(in_pairs);
    is_named
        && second.is_none()
        && names.all(is_loopback)
        && forwarded.all(|host| is_loopback(host.trim_ascii()))
}

/// Returns the value of the parameter `host`, without its quotes.
fn host_of_pair(pair: &[u8]) -> Option<&[u8]> {
    let (name, value) = pair.split_at_checked(pair.iter().position(|b| *b == b'=')?)?;
    let value = value.get(1..)?.trim_ascii();
    let quoted = value
        .strip_prefix(b"\"")
        .and_then(|v| v.strip_suffix(b"\""));
    let is_host = name.trim_ascii().eq_ignore_ascii_case(b"host");
    is_host.then_some(quoted.unwrap_or(value))
}

fn is_loopback(host: &[u8]) -> bool {
    let Ok(host) = str::from_utf8(host) else {
        return false;
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    port.is_none_or(is_port) && is_loopback_name(name)
}

fn is_loopback_name(name: &str) -> bool {
    let in_brackets = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let address = match in_brackets {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => name.parse::<Ipv4Addr>().map(IpAddr::V4),
    };
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uri: &str, hosts: &[&str]) -> bool {
        let request = http::Request::get(uri);
        let request = hosts
            .iter()
            .fold(request, |r, host| r.header("host", *host));
        let request = request.body(()).unwrap();
        is_addressed(&RequestFacts::from(&request))
    }

    #[test]
    fn hosts_of_this_machine_are_recognised() {
        for host in [
            "localhost",
            "LocalHost",
            "localhost:3000",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.255.3.4",
            "[::1]",
            "[::1]:3000",
        ] {
            assert!(named("/", &[host]), "{host}");
            assert!(named(&format!("http://{host}/"), &[]), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_not() {
        for host in [
            "",
            "app.example.com",
            "localhost.example.com",
            "localhost.",
            "app.localhost",
            "localhost:x",
            "localhost:80:80",
            "user@localhost",
            "localhost:80@evil.example",
            "128.0.0.1",
            "127.1",
            "2130706433",
            "0.0.0.0",
            "127.0.0.1.evil.example",
            "[::]",
            "[::ffff:127.0.0.1]",
            "::1",
            "[::1",
            "[127.0.0.1]",
            " localhost",
            "localhost,app.example.com",
        ] {
            assert!(!named("/", &[host]), "{host}");
        }
    }

    #[test]
    fn every_name_of_the_request_counts() {
        assert!(!named("/", &[]));
        assert!(!named("/", &["localhost", "localhost"]));
        assert!(named("http://localhost/", &["localhost:80"]));
        assert!(!named("http://localhost/", &["app.example.com"]));
        assert!(!named("http://app.example.com/", &["localhost"]));
    }

    #[test]
    fn forwarded_host_may_only_restrict() {
        let with = |host, forwarded: &[&str]| {
            let request = http::Request::get("/").header("host", host);
            let add = |r: http::request::Builder, name: &&str| r.header("x-forwarded-host", *name);
            let request = forwarded.iter().fold(request, add).body(()).unwrap();
            is_addressed(&RequestFacts::from(&request))
        };
        assert!(with("localhost:8080", &["localhost:3000, 127.0.0.1"]));
        for other in ["app.example.com", "localhost, app.example.com", ""] {
            assert!(!with("localhost:8080", &[other]), "{other}");
        }
        assert!(!with("localhost", &["localhost", "app.example.com"]));
        assert!(!with("app.example.com", &["localhost"]));
    }

    #[test]
    fn host_of_the_standard_header_may_only_restrict() {
        let with = |forwarded: &[&str]| {
            let request = http::Request::get("/").header("host", "localhost:8080");
            let add = |r: http::request::Builder, line: &&str| r.header("forwarded", *line);
            let request = forwarded.iter().fold(request, add).body(()).unwrap();
            is_addressed(&RequestFacts::from(&request))
        };
        for own in [
            "for=192.0.2.1;proto=https",
            "host=localhost",
            r#"for=192.0.2.1; Host="localhost:8080", for=192.0.2.2"#,
        ] {
            assert!(with(&[own]), "{own}");
        }
        for other in [
            "host=app.example.com",
            r#"for=192.0.2.1;HOST="app.example.com:443";proto=https"#,
            "for=192.0.2.1, host = app.example.com",
            r#"host="\localhost""#,
            "host=",
        ] {
            assert!(!with(&[other]), "{other}");
        }
        assert!(!with(&["host=localhost", "host=app.example.com"]));
    }

    #[test]
    fn a_host_that_is_no_text_is_not_this_one() {
        for (host, expected) in [(&b"localhost"[..], true), (b"localhost\xff", false)] {
            assert_eq!(is_loopback(host), expected, "{host:?}");
        }
    }
}

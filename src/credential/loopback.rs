//! Hosts of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header;

use crate::request::RequestFacts;

/// Returns true only if the request names a host of this machine, and no other: `localhost`,
/// an address of 127.0.0.0/8, or `[::1]`, with or without a port.
///
/// The name is in `Host`, or in the URI (HTTP/2, absolute form); both must agree with the rule. A
/// request without either, or with two `Host` headers, names none. `X-Forwarded-Host` may only
/// name another host: a proxy in front may have replaced `Host`.
pub(crate) fn is_addressed(facts: &RequestFacts<'_>) -> bool {
    let mut lines = facts.headers().get_all(header::HOST).into_iter();
    let (line, second) = (lines.next(), lines.next());
    let in_uri = facts.uri().authority().map(|own| own.as_str().as_bytes());
    let mut names = line.map(|host| host.as_bytes()).into_iter().chain(in_uri);
    let is_named = line.is_some() || in_uri.is_some();
    let forwarded = facts.headers().get_all("x-forwarded-host").into_iter();
    let mut forwarded = forwarded.flat_map(|line| line.as_bytes().split(|b| *b == b','));
    is_named
        && second.is_none()
        && names.all(is_loopback)
        && forwarded.all(|host| is_loopback(host.trim_ascii()))
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
    fn a_host_that_is_no_text_is_not_this_one() {
        for (host, expected) in [(&b"localhost"[..], true), (b"localhost\xff", false)] {
            assert_eq!(is_loopback(host), expected, "{host:?}");
        }
    }
}

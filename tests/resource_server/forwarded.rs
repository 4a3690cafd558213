//! Certificates that proxies pass on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificates::Certificate;
use crate::server::{API, BoundServer};

fn some(kind: &str) -> Option<String> {
    Some(kind.to_owned())
}

fn escaped(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let escape = |c: char| match keep(c) {
        true => c.to_string(),
        false => format!("%{:02X}", c as u32),
    };
    text.chars().map(escape).collect()
}

/// A server behind a proxy that has this address.
fn behind(form: &str, network: &str, more: &[&str]) -> BoundServer {
    let options = [
        "--mtls",
        "accept",
        "--client-cert",
        form,
        "--trusted-proxy",
        network,
    ];
    BoundServer::of(&[&options[..], more].concat())
}

fn kind(bound: &BoundServer, token: &str, lines: &str) -> Option<String> {
    let header = format!("authorization: Bearer {token}\r\n{lines}");
    bound.server.kind(|server| server.get("/whoami", &header))
}

#[test]
fn each_form_confirms_the_clients_token() {
    let own = Certificate::own_signed();
    let base64 = STANDARD.encode(&own.der);
    let (lf, crlf) = (escaped(&own.pem("\n")), escaped(&own.pem("\r\n")));
    let ends = escaped(own.pem("\n").trim_end());
    for (form, line) in [
        ("rfc9440", format!("client-cert: :{base64}:")),
        (
            "xfcc:1",
            format!("x-forwarded-client-cert: By=a;Hash={}", own.hex()),
        ),
        ("xfcc:1", format!("x-forwarded-client-cert: Cert=\"{lf}\"")),
        (
            "xfcc:2",
            format!("x-forwarded-client-cert: Hash={},By=b", own.hex()),
        ),
        ("nginx:x-client-cert", format!("x-client-cert: {lf}")),
        ("nginx:x-client-cert", format!("x-client-cert: {crlf}")),
        ("nginx:x-client-cert", format!("x-client-cert: {ends}")),
        ("alb-verify", format!("x-amzn-mtls-clientcert-leaf: {lf}")),
        ("alb-passthrough", format!("x-amzn-mtls-clientcert: {lf}")),
        (
            "traefik2",
            format!(
                "x-forwarded-tls-client-cert: {}",
                base64.replace('+', "%2B")
            ),
        ),
        ("traefik3", format!("x-forwarded-tls-client-cert: {base64}")),
        ("der:x-client-cert", format!("x-client-cert: {base64}")),
    ] {
        let bound = behind(form, "127.0.0.0/8", &[]);
        let token = bound.token_with(own.cnf());
        assert_eq!(kind(&bound, &token, &format!("{line}\r\n")), None, "{line}");
        let other = bound.token_with(Certificate::own_signed().cnf());
        let found = kind(&bound, &other, &format!("{line}\r\n"));
        assert_eq!(found, some("binding_mismatch"), "{line}");
        assert_eq!(kind(&bound, &token, ""), some("binding_required"), "{line}");
    }
}

#[test]
fn a_malformed_header_of_the_proxy_is_400_and_of_another_peer_absent() {
    let own = Certificate::own_signed();
    let good = format!("client-cert: :{}:\r\n", STANDARD.encode(&own.der));
    let (trusted, other) = (
        behind("rfc9440", "127.0.0.0/8", &[]),
        behind("rfc9440", "10.0.0.0/8", &[]),
    );
    let big = format!("client-cert: :{}:\r\n", STANDARD.encode(vec![0x30; 13_000]));
    for bad in [
        good.repeat(2),
        "client-cert: :AA==:, :AA==:\r\n".to_owned(),
        "client-cert: nonsense\r\n".to_owned(),
        "client-cert: :AA==:;a=b\r\n".to_owned(),
        big,
    ] {
        for credential in [
            "",
            "authorization: Bearer a b\r\n",
            "authorization: Basic YTpi\r\n",
        ] {
            let reply = trusted.server.get("/whoami", &format!("{credential}{bad}"));
            assert_eq!(reply.status(), 400, "{bad} {credential}");
        }
        let token = other.idp.token(API).sign();
        assert_eq!(kind(&other, &token, &bad), None);
    }
    let token = other.token_with(own.cnf());
    assert_eq!(kind(&other, &token, &good), some("binding_required"));
    let ignored = other
        .server
        .metric("bearergate_certificates_ignored_total ");
    assert_eq!(ignored, Some(6));
    let ignored = trusted
        .server
        .metric("bearergate_certificates_ignored_total ");
    assert_eq!(ignored, Some(0));
}

#[test]
fn elements_of_envoy_are_counted_from_the_right() {
    let (own, near) = (Certificate::own_signed(), Certificate::own_signed());
    let bound = behind("xfcc:2", "127.0.0.0/8", &[]);
    let token = bound.token_with(own.cnf());
    let line = |value: String| format!("x-forwarded-client-cert: {value}\r\n");
    let two = format!("hash={};Subject=\"CN=a,b\",HASH={}", own.hex(), near.hex());
    assert_eq!(kind(&bound, &token, &line(format!("Hash=00,{two}"))), None);
    assert_eq!(kind(&bound, &token, &line(two)), None);
    let one = line(format!("Hash={}", own.hex()));
    assert_eq!(kind(&bound, &token, &one), some("credential_malformed"));
    let none = line("By=a,By=b".to_owned());
    assert_eq!(kind(&bound, &token, &none), some("binding_required"));
    let two = format!(
        "Hash={};Cert=\"{}\",By=b",
        own.hex(),
        escaped(&near.pem("\n"))
    );
    assert_eq!(
        kind(&bound, &token, &line(two)),
        some("credential_malformed")
    );
}

#[test]
fn a_demand_and_an_empty_value_leave_no_certificate() {
    let own = Certificate::own_signed();
    let demand = ["--client-cert-demand", "x-client-verify=SUCCESS"];
    let bound = behind("nginx:x-client-cert", "127.0.0.0/8", &demand);
    let token = bound.token_with(own.cnf());
    let certificate = format!("x-client-cert: {}\r\n", escaped(&own.pem("\n")));
    for (verify, expected) in [
        ("x-client-verify: SUCCESS\r\n", None),
        (
            "x-client-verify: FAILED:expired\r\n",
            some("binding_required"),
        ),
        ("", some("binding_required")),
    ] {
        let found = kind(&bound, &token, &format!("{verify}{certificate}"));
        assert_eq!(found, expected, "{verify}");
    }
    for form in ["nginx:x-client-cert", "der:x-client-cert"] {
        let bound = behind(form, "127.0.0.0/8", &[]);
        let token = bound.token_with(own.cnf());
        assert_eq!(
            kind(&bound, &token, "x-client-cert: \r\n"),
            some("binding_required")
        );
        let unbound = bound.idp.token(API).sign();
        assert_eq!(kind(&bound, &unbound, "x-client-cert: \r\n"), None);
    }
}

//! The metadata of the server (RFC 9728).

use bearergate::testing::FakeIssuer;
use serde_json::{Value, json};

use crate::server::{API, BoundServer, PUBLIC, Server};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn document(options: &[&str]) -> Value {
    let bound = BoundServer::of(options);
    let document = bound.server.get(WELL_KNOWN, "").json();
    assert_eq!(document["resource"], PUBLIC);
    assert_eq!(document["authorization_servers"], json!([bound.idp.url()]));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    document
}

#[test]
fn the_document_is_served_where_the_first_address_says() {
    for (url, path) in [
        (PUBLIC, ""),
        ("https://api.example.test/v1", "/v1"),
        ("https://api.example.test/v1/", "/v1/"),
    ] {
        let bound = BoundServer::of(&[
            "--public-url",
            url,
            "--public-url",
            "https://b.example.test/b",
        ]);
        let place = format!("{WELL_KNOWN}{path}");
        let reply = bound.server.get(&place, "");
        assert_eq!(reply.status(), 200, "{place}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json()["resource"], url);
        let head = bound.server.send(&format!("HEAD {place} HTTP/1.1\r\n"), "");
        assert_eq!(head.status(), 200, "{place}");
        assert!(head.0.ends_with("\r\n\r\n"));
        let others = ["", "/v1", "/v1/", "/b", "/v2"];
        for other in others.into_iter().filter(|other| *other != path) {
            let reply = bound.server.get(&format!("{WELL_KNOWN}{other}"), "");
            assert_eq!(reply.status(), 404, "{other}");
        }
        // A client finds it by the challenge.
        let challenge = bound.server.get("/whoami", "");
        let challenge = challenge.header("www-authenticate").unwrap();
        let full = format!("resource_metadata=\"https://api.example.test{place}\"");
        assert!(challenge.contains(&full), "{challenge}");
    }
    let idp = FakeIssuer::start().unwrap();
    let without = Server::for_issuer(&idp, &[]);
    assert_eq!(without.get(WELL_KNOWN, "").status(), 404);
    assert!(!without.get("/whoami", "").0.contains("resource_metadata"));
}

#[test]
fn it_names_the_proofs_that_are_checked() {
    let algorithms = "dpop_signing_alg_values_supported";
    let (bound, certificates) = (
        "dpop_bound_access_tokens_required",
        "tls_client_certificate_bound_access_tokens",
    );
    let url = ["--public-url", PUBLIC];
    let header = ["--client-cert", "rfc9440", "--trusted-proxy", "10.0.0.0/8"];
    let of = |more: &[&str]| document(&[&url[..], more].concat());
    let plain = of(&[]);
    assert_eq!(
        [&plain[algorithms], &plain[bound], &plain[certificates]],
        [&Value::Null; 3]
    );
    let accepts = of(&["--dpop", "accept", "--dpop-alg", "ES256"]);
    assert_eq!(accepts[algorithms], json!(["ES256"]));
    assert_ne!(accepts[bound], json!(true));
    assert_eq!(of(&["--dpop", "require"])[bound], json!(true));
    assert_eq!(of(&["--dpop", "accept", "--fapi2"])[bound], json!(true));
    let of_certificates = |demand: &[&str]| of(&[&header[..], demand].concat());
    let required = of_certificates(&["--mtls", "require"]);
    assert_eq!(
        (&required[certificates], &required[algorithms]),
        (&json!(true), &Value::Null)
    );
    assert_ne!(
        of_certificates(&["--mtls", "accept"])[certificates],
        json!(true)
    );
    let both = of_certificates(&["--mtls", "require", "--dpop", "require"]);
    assert_ne!(both[bound], json!(true));
    assert_ne!(both[certificates], json!(true));
    assert!(both[algorithms].is_array());
}

#[test]
fn a_detail_is_demanded_of_each_caller() {
    let bound = BoundServer::of(&["--authorization-detail", "payment:read"]);
    let send = |details: Value| {
        let token = bound.idp.token(API).claim("authorization_details", details);
        bound
            .server
            .kind(|server| server.bearer("/detailed", &token.sign()))
    };
    assert_eq!(
        send(json!([{"type": "payment", "actions": ["read"]}])),
        None
    );
    for other in [
        json!([{"type": "payment", "actions": ["write"]}]),
        json!([{"type": "payment"}]),
        json!([{"type": "account", "actions": ["read"]}]),
        json!([]),
    ] {
        assert!(send(other.clone()).is_some(), "{other}");
    }
}

//! The URI that a proof names, and what it is compared with.

use bearergate::request::{ExternalUrl, TargetUri};
use http::request::Parts;

use crate::common::*;

fn url(text: &str) -> ExternalUrl {
    ExternalUrl::parse(text).unwrap()
}

/// Sends a proof for this URI, with a request that was changed.
fn kind(
    service: &Service,
    htu: &str,
    change: impl FnOnce(&mut Parts),
) -> Option<bearergate::RejectionKind> {
    let token = service.bound_token();
    let proof = service.proof(&token).claim("htu", htu).sign();
    let mut parts = request(&token, &[&proof]);
    change(&mut parts);
    service.kind(&parts)
}

// A proof that was stolen for another service would pass with any of them.
// Defect E17 (address of the service taken from a header): docs/defects.md
// Defect E19 (list in X-Forwarded-Proto breaks the address): docs/defects.md
#[test]
fn no_header_and_no_authority_of_the_request_line_says_where_a_request_was_sent() {
    let service = Service::new();
    let stolen = "https://other.example.com/orders";
    let set = |name: &'static str, value: &'static str| {
        move |parts: &mut Parts| {
            parts.headers.insert(name, value.parse().unwrap());
        }
    };
    for (name, value) in [
        ("host", "other.example.com"),
        ("x-forwarded-host", "other.example.com"),
        ("x-forwarded-proto", "https, http"),
        ("forwarded", "host=other.example.com;proto=https"),
    ] {
        assert_eq!(kind(&service, stolen, set(name, value)), INVALID, "{name}");
        assert_eq!(kind(&service, ORDERS, set(name, value)), None, "{name}");
    }
    let absolute =
        |parts: &mut Parts| parts.uri = "https://other.example.com/orders".parse().unwrap();
    assert_eq!(kind(&service, stolen, absolute), INVALID);
    assert_eq!(kind(&service, ORDERS, absolute), None);
}

#[test]
fn a_proof_may_name_each_address_of_the_service() {
    let service = Service::with(|dpop| {
        let inner = url("https://inner.example.net/svc")
            .without("/internal")
            .unwrap();
        dpop.or_at(inner)
    });
    let internal = |parts: &mut Parts| parts.uri = "/internal/orders".parse().unwrap();
    assert_eq!(kind(&service, ORDERS, |_| ()), None);
    assert_eq!(
        kind(&service, "https://inner.example.net/svc/orders", |_| ()),
        None
    );
    assert_eq!(
        kind(&service, "https://inner.example.net/svc/orders", internal),
        None
    );
    assert_eq!(
        kind(&service, "https://inner.example.net/orders", |_| ()),
        INVALID
    );
}

#[test]
fn a_gateway_that_knows_the_target_says_it() {
    let service = Service::new();
    let target = |parts: &mut Parts| {
        parts
            .extensions
            .insert(TargetUri::new("https://edge.example.com/v1/orders?page=2"));
    };
    assert_eq!(
        kind(&service, "https://edge.example.com/v1/orders", target),
        None
    );
    assert_eq!(kind(&service, ORDERS, target), INVALID);
    let service = Service::with(|dpop| {
        dpop.target_fn(|facts| {
            let path = facts.uri().path();
            (path != "/other").then(|| format!("https://edge.example.com/v1{path}"))
        })
    });
    assert_eq!(
        kind(&service, "https://edge.example.com/v1/orders", |_| ()),
        None
    );
    assert_eq!(kind(&service, ORDERS, |_| ()), INVALID);
    let other = |parts: &mut Parts| parts.uri = "/other".parse().unwrap();
    assert_eq!(kind(&service, "https://api.example.com/other", other), None);
}

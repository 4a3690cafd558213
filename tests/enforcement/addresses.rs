//! Steps 2 and 3: the address of the client, TLS, address lists.

use bearergate::address::{AddressList, AddressRules, Proxies};
use bearergate::error::ConfigErrorKind;
use bearergate::limit::{By, Limit, Limits, LockOut, Rate};
use bearergate::policy::address_in;
use bearergate::request::EncryptedConnection;
use bearergate::{Gate, RejectionKind};

use crate::helpers::{Service, Tokens, kind, request};

fn denied(network: &str) -> AddressRules {
    let list = AddressList::from_networks([network]).unwrap();
    AddressRules::builder().deny(list).build().unwrap()
}

#[test]
fn an_address_on_a_deny_list_is_refused_before_anything_is_parsed() {
    let service = Service::new();
    let gate = service.gate().addresses(denied("192.0.2.0/24"));
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(
        kind(&gate, "good-a", "192.0.2.7"),
        Some(RejectionKind::AddressDenied)
    );
    assert_eq!(service.tokens.calls(), 0);
    assert_eq!(kind(&gate, "good-a", "198.51.100.7"), None);
}

#[test]
fn an_unknown_address_is_refused_where_there_is_a_list_and_passes_without_one() {
    let service = Service::new();
    let proxies = || Proxies::trust(["10.0.0.0/8"]).unwrap();
    let listed = service
        .gate()
        .proxies(proxies())
        .addresses(denied("192.0.2.0/24"));
    let listed = listed.allow_any_authenticated().build().unwrap();
    let open = service.gate().proxies(proxies());
    let open = open.allow_any_authenticated().build().unwrap();
    // The proxy has sent no header.
    assert_eq!(
        kind(&listed, "good-a", "10.0.0.1"),
        Some(RejectionKind::AddressDenied)
    );
    assert_eq!(kind(&open, "good-a", "10.0.0.1"), None);
}

#[test]
fn policies_see_the_address_that_the_proxies_locate() {
    let service = Service::new();
    let gate = service
        .gate()
        .proxies(Proxies::trust(["10.0.0.0/8"]).unwrap());
    let gate = gate
        .authorizer(address_in(["203.0.113.0/24"]).unwrap())
        .build()
        .unwrap();
    let forwarded = |value: &str| {
        let mut request = request(Some("good-a"), "10.0.0.1");
        let headers = request.headers_mut();
        headers.insert("x-forwarded-for", value.parse().unwrap());
        let checked = gate.try_check_now(&request).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    assert_eq!(forwarded("203.0.113.9"), None);
    assert_eq!(forwarded("198.51.100.9"), Some(RejectionKind::AccessDenied));
    assert_eq!(
        forwarded("203.0.113.9, unknown"),
        Some(RejectionKind::AccessDenied)
    );
}

#[test]
fn a_connection_without_tls_is_refused_where_tls_is_required() {
    let service = Service::new();
    let gate = service
        .gate()
        .require_tls()
        .allow_any_authenticated()
        .build()
        .unwrap();
    let with = |encrypted: Option<bool>| {
        let mut request = request(Some("good-a"), "192.0.2.7");
        if let Some(encrypted) = encrypted {
            request
                .extensions_mut()
                .insert(EncryptedConnection(encrypted));
        }
        let checked = gate.try_check_now(&request).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    assert_eq!(with(Some(true)), None);
    assert_eq!(with(Some(false)), Some(RejectionKind::TlsRequired));
    assert_eq!(with(None), Some(RejectionKind::TlsRequired));
}

#[test]
fn behind_a_proxy_tls_is_what_the_proxy_reports() {
    let service = Service::new();
    let gate = service
        .gate()
        .proxies(Proxies::trust(["10.0.0.0/8"]).unwrap())
        .require_tls();
    let gate = gate.allow_any_authenticated().build().unwrap();
    let with = |proto: Option<&str>| {
        let mut request = request(Some("good-a"), "10.0.0.1");
        request.extensions_mut().insert(EncryptedConnection(true));
        let headers = request.headers_mut();
        headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        if let Some(proto) = proto {
            headers.insert("x-forwarded-proto", proto.parse().unwrap());
        }
        let checked = gate.try_check_now(&request).unwrap();
        checked.err().map(|refusal| refusal.kind())
    };
    assert_eq!(with(Some("https")), None);
    assert_eq!(with(Some("http")), Some(RejectionKind::TlsRequired));
    // The connection of the proxy says nothing about that of the client.
    assert_eq!(with(None), Some(RejectionKind::TlsRequired));
}

#[test]
fn what_needs_an_address_is_not_built_without_proxies() {
    let gate = || {
        Gate::builder()
            .validator(Tokens::default())
            .allow_any_authenticated()
    };
    let rate = Rate::per_minute(1).unwrap();
    let by = |by| {
        Limits::builder()
            .limit(Limit::rate("x", rate).by(by))
            .build()
            .unwrap()
    };
    let faulty = [
        gate().lock_out(LockOut::default()),
        gate().addresses(denied("192.0.2.0/24")),
        gate().require_tls(),
        gate().limits(by(By::Source)),
    ];
    for builder in faulty {
        let error = builder.build().unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::Empty, "proxies")
        );
        assert!(
            error.to_string().contains("`Proxies::none()` if nobody"),
            "{error}"
        );
    }
    assert!(gate().limits(by(By::Caller)).build().is_ok());
    let with_proxies = gate().proxies(Proxies::none()).lock_out(LockOut::default());
    assert!(with_proxies.build().is_ok());
}

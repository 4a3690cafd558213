//! Providers without TLS: only named hosts, only at private addresses, and never silently.

use std::sync::{Arc, Mutex};

use bearergate::clock::FakeClock;
use bearergate::diagnosis::Severity;
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::http_client::{
    AddressScope, Endpoint, HttpClient, HttpError, HttpRequest, HttpResponse, HttpSettings,
};
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::{FetchedKeys, FetchedKeysBuilder};
use bearergate::testing::{FakeEndpoint, FakeIssuer};
use bearergate::{Gate, NowOrLater, RejectionKind};

use crate::common::{START, Scene};
use crate::net::Patient;

/// A network in which the host `keycloak` is the provider.
#[derive(Debug)]
struct Compose {
    client: Patient,
    provider: String,
    seen: Mutex<Vec<(String, AddressScope)>>,
}

impl Compose {
    fn of(idp: &FakeIssuer) -> Arc<Self> {
        Arc::new(Self {
            client: Patient::new(),
            provider: idp.url().to_owned(),
            seen: Mutex::default(),
        })
    }

    fn seen(&self) -> Vec<(String, AddressScope)> {
        self.seen.lock().unwrap().clone()
    }
}

impl HttpClient for Compose {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        let endpoint = request.endpoint();
        let asked = (endpoint.host().to_owned(), request.address_scope());
        self.seen.lock().unwrap().push(asked);
        let url = format!("{}{}", self.provider, endpoint.uri().path());
        let there = Endpoint::parse(&url).unwrap();
        self.client.send(HttpRequest::get(there))
    }
}

fn started() -> (FakeClock, FakeIssuer) {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    (clock, idp)
}

const DOCUMENT: &str = "http://keycloak:8080/.well-known/openid-configuration";
const JWKS: &str = "http://keycloak:8080/jwks";

#[tokio::test]
async fn a_named_host_is_asked_without_tls_at_private_addresses_and_reported() {
    let (clock, idp) = started();
    let client = Compose::of(&idp);
    let jwks = idp.endpoint(FakeEndpoint::Jwks);
    let path = jwks.strip_prefix(idp.url()).unwrap().to_owned();
    idp.announce("jwks_uri", format!("http://keycloak:8080{path}"));
    let keys = FetchedKeys::discover(idp.url()).discovery_url(DOCUMENT);
    let keys = keys.http_settings(HttpSettings::new().allow_plain_http(["keycloak", "other"]));
    let scene = Scene::build(
        Arc::clone(&client) as Arc<dyn HttpClient>,
        (clock, idp, keys),
    );
    assert_eq!(scene.recorded().plain, ["keycloak"]);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    let asked = ("keycloak".to_owned(), AddressScope::Private);
    assert_eq!(client.seen(), [asked.clone(), asked]);
    let gate = Gate::builder()
        .validator(scene.validator.clone())
        .allow_any_authenticated();
    let report = gate.build().unwrap().doctor().await;
    assert_eq!(report.severity(), Severity::Warning, "{report}");
    let warnings: Vec<_> = report
        .findings()
        .iter()
        .filter(|finding| finding.text.contains("without TLS"))
        .collect();
    assert_eq!(warnings.len(), 2, "{report}");
    assert!(warnings.iter().all(|finding| finding.hint.is_some()));
}

fn refused(keys: FetchedKeysBuilder) -> Option<String> {
    let (_, idp) = started();
    let environment = Environment::new()
        .http_client(Compose::of(&idp))
        .spawner(TokioSpawner::new());
    let error = keys.env(&environment).build().err()?;
    assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed);
    Some(error.to_string())
}

#[test]
fn another_host_without_tls_is_refused_with_its_name() {
    let allowed = |hosts: &[&str]| HttpSettings::new().allow_plain_http(hosts.iter().copied());
    let environment = |settings| Environment::new().http_settings(settings);
    let build = |url: &str, hosts: &[&str]| {
        let keys = FetchedKeys::jwks_url(url).env(&environment(allowed(hosts)));
        refused(keys)
    };
    assert_eq!(build(JWKS, &["keycloak"]), None);
    for hosts in [&[][..], &["other"]] {
        let text = build(JWKS, hosts).unwrap();
        for part in ["`keycloak`", "allow_plain_http", "https"] {
            assert!(text.contains(part), "{text}");
        }
    }
    let text = build("http://8.8.8.8/jwks", &["8.8.8.8"]).unwrap();
    assert!(text.contains("private address"), "{text}");
    let discovered = |settings| {
        let keys = FetchedKeys::discover("http://keycloak:8080/realms/a");
        refused(keys.env(&environment(settings)))
    };
    assert_eq!(discovered(allowed(&["keycloak"])), None);
    assert!(discovered(allowed(&[])).is_some());
    let own = FetchedKeys::certificate_map(JWKS).allow_plain_http(["keycloak"]);
    assert_eq!(refused(own), None);
}

/// A document of a host with TLS could otherwise lead requests to services on the private network.
#[tokio::test]
async fn a_document_does_not_lead_to_plain_http_at_another_host() {
    for (trusted, expected) in [(false, Err(RejectionKind::Unavailable)), (true, Ok(()))] {
        let (clock, idp) = started();
        let client = Compose::of(&idp);
        let jwks = idp.endpoint(FakeEndpoint::Jwks);
        let path = jwks.strip_prefix(idp.url()).unwrap().to_owned();
        idp.announce("jwks_uri", format!("http://internal{path}"));
        let keys = FetchedKeys::discover(idp.url()).discovery_url(DOCUMENT);
        let keys = keys.allow_plain_http(["keycloak", "internal"]);
        let keys = if trusted {
            keys.trust_host("internal")
        } else {
            keys
        };
        let scene = Scene::build(
            Arc::clone(&client) as Arc<dyn HttpClient>,
            (clock, idp, keys),
        );
        assert_eq!(scene.validate(&scene.good()).await, expected);
        let is_asked = client.seen().iter().any(|(host, _)| host == "internal");
        assert_eq!(is_asked, trusted);
        assert_eq!(scene.keys.current().is_some(), trusted);
        let plain = scene.recorded().plain;
        assert_eq!(plain.contains(&"internal".to_owned()), trusted, "{plain:?}");
    }
}

#[tokio::test]
async fn a_host_with_tls_is_no_use_of_plain_http() {
    let (clock, idp) = started();
    let keys = FetchedKeys::jwks_url("https://keycloak/jwks").allow_plain_http(["keycloak"]);
    let scene = Scene::build(Compose::of(&idp), (clock, idp, keys));
    assert!(scene.recorded().plain.is_empty());
}

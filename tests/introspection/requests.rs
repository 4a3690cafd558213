//! The headers and deadlines of requests to a provider, answers with a coding, and plain http.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bearergate::client_auth::ClientAuth;
use bearergate::diagnosis::Severity;
use bearergate::environment::Environment;
use bearergate::event::{Event, Observer};
use bearergate::http_client::{
    AddressScope, Endpoint, HttpClient, HttpError, HttpRequest, HttpResponse, HttpSettings,
};
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::introspection::{RevocationClient, RevokeError};
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};
use bearergate::{Gate, IntrospectionValidator, NowOrLater, RejectionKind};

use crate::common::{AUDIENCE, Setup};
use crate::net::Patient;

fn own() -> ClientAuth {
    let secret = FakeIssuer::CLIENT_SECRET.to_owned();
    ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret).unwrap()
}

fn revocation(setup: &Setup, settings: HttpSettings) -> RevocationClient {
    let environment = Environment::new()
        .clock(setup.clock.clone())
        .http_client(Patient::new())
        .http_settings(settings);
    let url = setup.idp.endpoint(FakeEndpoint::Revocation);
    RevocationClient::new(&url, own(), &environment).unwrap()
}

#[tokio::test]
async fn every_request_names_the_client_and_asks_for_no_coding() {
    let version = format!("bearergate/{}", env!("CARGO_PKG_VERSION"));
    let named = || HttpSettings::new().user_agent("orders-api/1.4");
    for (settings, agent) in [
        (HttpSettings::new(), version.as_str()),
        (named(), "orders-api/1.4"),
    ] {
        let own = settings.clone();
        let setup = Setup::with(|_, builder| builder.http_settings(own));
        let token = setup.active_token();
        assert_eq!(setup.validate(&token).await, Ok(()));
        revocation(&setup, settings).revoke(&token).await.unwrap();
        for endpoint in [FakeEndpoint::Introspection, FakeEndpoint::Revocation] {
            let request = &setup.idp.requests(endpoint)[0];
            assert_eq!(request.header("user-agent"), Some(agent), "{endpoint:?}");
            let coding = request.header("accept-encoding");
            assert_eq!(coding, Some("identity"), "{endpoint:?}");
        }
    }
}

#[tokio::test]
async fn a_response_with_a_coding_is_named_and_not_read() {
    for (coding, expected) in [
        ("identity", Ok(())),
        ("gzip", Err(RejectionKind::Unavailable)),
    ] {
        let setup = Setup::new();
        let token = setup.active_token();
        let header = ("content-encoding", coding);
        setup.idp.header(FakeEndpoint::Introspection, header);
        assert_eq!(setup.validate(&token).await, expected, "{coding}");
        let problem = setup.events().calls[0];
        let is_named = problem.is_some_and(|text| text.contains("content coding"));
        assert_eq!(is_named, expected.is_err(), "{problem:?}");
    }
}

/// The body of a refusal is read for its `error` only if it has no coding; otherwise its status
/// says what failed.
#[tokio::test]
async fn a_refused_revocation_with_a_coding_is_read_by_its_status() {
    let setup = Setup::new();
    let refused = async |coding: &str| {
        let body = r#"{"error":"unsupported_token_type"}"#;
        let answer = Answer::new(400).content("application/json", body);
        let answer = answer.header("content-encoding", coding);
        let fault = Fault::Answer(answer);
        setup.idp.fail(FakeEndpoint::Revocation, fault);
        let client = revocation(&setup, HttpSettings::new());
        client.revoke("a").await.unwrap_err()
    };
    let plain = refused("identity").await;
    assert!(matches!(plain, RevokeError::Unsupported), "{plain:?}");
    let coded = refused("gzip").await;
    assert!(matches!(coded, RevokeError::Unavailable(_)), "{coded:?}");
}

#[tokio::test]
async fn the_deadlines_of_the_settings_end_a_call() {
    let short = HttpSettings::new().deadline(Duration::from_millis(100));
    let setup = Setup::with_deadlines_of(short);
    let token = setup.active_token();
    setup.idp.fail(FakeEndpoint::Introspection, Fault::Hang);
    let begun = Instant::now();
    let unavailable = Err(RejectionKind::Unavailable);
    assert_eq!(setup.validate(&token).await, unavailable);
    assert!(begun.elapsed() < Duration::from_millis(2_500));
    let problem = setup.events().calls[0].unwrap();
    assert!(problem.contains("deadline of the whole call"), "{problem}");
}

/// A network in which the host `keycloak` is the provider.
#[derive(Debug)]
struct Compose {
    client: Patient,
    provider: String,
}

impl HttpClient for Compose {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        assert_eq!(request.address_scope(), AddressScope::Private);
        let url = format!("{}{}", self.provider, request.endpoint().uri().path());
        let form = request.body().expose().to_vec();
        let there = HttpRequest::post_form(Endpoint::parse(&url).unwrap(), form.into());
        let value = request.headers().get("authorization").unwrap().clone();
        let name = "authorization".parse().unwrap();
        self.client.send(there.with_header(name, value))
    }
}

#[derive(Clone, Debug, Default)]
struct Hosts(Arc<Mutex<Vec<String>>>);

impl Observer for Hosts {
    fn observe(&self, event: &Event<'_>) {
        if let Event::PlainHttpAllowed { host } = event {
            self.0.lock().unwrap().push((*host).to_owned());
        }
    }
}

#[tokio::test]
async fn an_endpoint_without_tls_is_used_only_if_its_host_is_named_and_is_reported() {
    let idp = FakeIssuer::start().unwrap();
    let hosts = Hosts::default();
    let environment = Environment::new()
        .http_client(Compose {
            client: Patient::new(),
            provider: idp.url().to_owned(),
        })
        .observer(hosts.clone())
        .spawner(TokioSpawner::new());
    let at = |endpoint: FakeEndpoint| {
        let url = idp.endpoint(endpoint);
        url.replace(idp.url(), "http://keycloak:8080")
    };
    let url = at(FakeEndpoint::Introspection);
    let builder = || {
        let builder = IntrospectionValidator::builder(&url, own());
        builder.audience(AUDIENCE).env(&environment)
    };
    let refused = builder().build().unwrap_err().to_string();
    assert!(refused.contains("allow_plain_http"), "{refused}");
    let validator = builder().allow_plain_http(["keycloak"]).build().unwrap();
    assert_eq!(*hosts.0.lock().unwrap(), ["keycloak"]);
    let gate = Gate::builder().validator(validator);
    let gate = gate.allow_any_authenticated().build().unwrap();
    let report = gate.doctor().await;
    assert_eq!(report.severity(), Severity::Warning, "{report}");
    assert!(report.to_string().contains("without TLS"), "{report}");
    let revoke = at(FakeEndpoint::Revocation);
    let refused = RevocationClient::new(&revoke, own(), &environment);
    assert!(refused.unwrap_err().to_string().contains("keycloak"));
    let settings = HttpSettings::new().allow_plain_http(["keycloak"]);
    let allowing = environment.http_settings(settings);
    let client = RevocationClient::new(&revoke, own(), &allowing).unwrap();
    assert_eq!(hosts.0.lock().unwrap().len(), 2);
    assert!(client.revoke("a").await.is_ok());
}

//! Findings of the doctor for providers that work, fail, or send wrong data.
#![cfg(all(feature = "reqwest", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::sync::Arc;
use std::time::Duration;

use bearergate::binding::{Binding, Dpop};
use bearergate::client_auth::{ClientAuth, ClientKey};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::diagnosis::{Finding, Report, Severity};
use bearergate::environment::Environment;
use bearergate::gate::GateBuilder;
use bearergate::http_client::HttpSettings;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{FetchedKeys, KeySet};
use bearergate::nonce::Nonces;
use bearergate::request::ExternalUrl;
use bearergate::secret_source::SecretSource;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, FakeKey, Fault};
use bearergate::{Gate, IntrospectionValidator, JwtValidator};

const API: &str = "https://api.example.com";
const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);

fn started() -> FakeIssuer {
    let idp = FakeIssuer::builder().clock(FakeClock::at(NOW));
    idp.start().unwrap()
}

fn environment() -> Environment {
    Environment::new()
        .clock(FakeClock::at(NOW))
        .http_client(Client::new().unwrap())
        .spawner(TokioSpawner::new())
}

fn validator(issuer: &str) -> JwtValidatorBuilder<Ready> {
    let keys = FetchedKeys::discover(issuer).env(&environment());
    let keys = keys.build().unwrap();
    JwtValidator::builder()
        .issuer(issuer)
        .audience(API)
        .key_store(Arc::new(keys))
}

async fn report(validator: JwtValidatorBuilder<Ready>) -> Report {
    let gate = Gate::builder()
        .validator(validator.build().unwrap())
        .allow_any_authenticated()
        .build()
        .unwrap();
    gate.doctor().await
}

/// Returns the worst finding.
#[track_caller]
fn worst(report: &Report) -> &Finding {
    let mut worst = report.findings().iter();
    worst.find(|f| f.severity == report.severity()).unwrap()
}

#[track_caller]
fn assert_finds(report: &Report, severity: Severity, parts: [&str; 2]) {
    let worst = worst(report);
    assert_eq!(worst.severity, severity, "{report}");
    assert!(worst.subject.contains(parts[0]), "{report}");
    assert!(worst.text.contains(parts[1]), "{report}");
    assert_eq!(worst.hint.is_some(), severity != Severity::Ok, "{report}");
}

#[tokio::test]
async fn a_working_provider_has_no_problem() {
    let idp = started();
    let report = report(validator(idp.url())).await;
    assert_eq!(report.severity(), Severity::Ok, "{report}");
    let text = report.to_string();
    for part in [
        "names the keys at",
        "the clocks agree",
        "key `key-1` verifies ES256",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn every_fault_of_the_documents_is_found() {
    let idp = started();
    let ask = async || report(validator(idp.url())).await;
    idp.announce("issuer", "https://other");
    assert_finds(&ask().await, Severity::Error, ["discovery", "issuer"]);
    idp.announce("issuer", idp.url());
    assert_eq!(ask().await.severity(), Severity::Ok);
    idp.announce("jwks_uri", ());
    assert_finds(
        &ask().await,
        Severity::Error,
        ["discovery", "names no keys"],
    );
    idp.announce("jwks_uri", idp.endpoint(FakeEndpoint::Jwks));
    idp.fail(FakeEndpoint::Discovery, Fault::Status(500));
    assert_finds(&ask().await, Severity::Error, ["discovery", "500"]);
    idp.fail(FakeEndpoint::Discovery, Fault::Status(404));
    idp.fail(FakeEndpoint::ServerMetadata, Fault::Status(404));
    assert_finds(
        &ask().await,
        Severity::Error,
        ["discovery", "no discovery document"],
    );
    idp.heal(FakeEndpoint::Discovery);
    for (fault, text) in [
        (Fault::Html, "no JWK Set"),
        (Fault::Redirect("https://elsewhere".to_owned()), "307"),
        (Fault::Reset, "did not answer"),
        (Fault::Status(503), "503"),
    ] {
        idp.fail(FakeEndpoint::Jwks, fault);
        assert_finds(&ask().await, Severity::Error, ["keys", text]);
    }
    idp.heal(FakeEndpoint::Jwks);
    assert_eq!(ask().await.severity(), Severity::Ok);
    idp.down();
    assert_finds(
        &ask().await,
        Severity::Error,
        ["discovery", "did not answer"],
    );
}

#[tokio::test]
async fn keys_that_are_skipped_are_named_and_no_key_is_worse() {
    let idp = started();
    let weak = r#"{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}"#;
    idp.publish_also(weak);
    let skipped = report(validator(idp.url())).await;
    assert_finds(&skipped, Severity::Warning, ["keys", "`weak` is skipped"]);
    idp.publish([]);
    let empty = report(validator(idp.url())).await;
    assert_finds(
        &empty,
        Severity::Error,
        ["keys", "no JWK Set with a usable key"],
    );
}

#[tokio::test]
async fn the_clocks_are_compared() {
    for (ahead, severity) in [
        (0, Severity::Ok),
        (5, Severity::Ok),
        (6, Severity::Warning),
        (30, Severity::Warning),
        (31, Severity::Error),
    ] {
        let clock = FakeClock::at(NOW);
        clock.advance(Duration::from_secs(ahead));
        let idp = FakeIssuer::builder().clock(clock).start().unwrap();
        let report = report(validator(idp.url())).await;
        assert_eq!(report.severity(), severity, "{report}");
    }
}

#[tokio::test]
async fn only_any_audience_is_a_warning() {
    let fixed = || {
        let builder = JwtValidator::builder().issuer("https://idp.example.com");
        let builder = builder.any_audience();
        builder.keys(FakeKey::es256("a").key_set())
    };
    let only_this = report(fixed()).await;
    assert_finds(
        &only_this,
        Severity::Warning,
        ["idp.example.com", "any_audience()"],
    );
    let with_clients = report(fixed().allow_clients(["client"])).await;
    assert_eq!(with_clients.severity(), Severity::Ok, "{with_clients}");
}

fn introspecting(idp: &FakeIssuer, auth: ClientAuth) -> GateBuilder {
    let url = idp.endpoint(FakeEndpoint::Introspection);
    let validator = IntrospectionValidator::builder(&url, auth)
        .audience(API)
        .env(&environment())
        .build()
        .unwrap();
    let gate = Gate::builder().validator(validator);
    gate.allow_any_authenticated().all_authorities_equal()
}

async fn introspected(idp: &FakeIssuer, auth: ClientAuth) -> Report {
    introspecting(idp, auth).build().unwrap().doctor().await
}

fn basic(secret: &str) -> ClientAuth {
    ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret.to_owned()).unwrap()
}

#[track_caller]
fn assert_hint(report: &Report, part: &str) {
    let remedy = worst(report).hint.unwrap();
    assert!(remedy.contains(part), "{report}");
}

#[tokio::test]
async fn wrong_credentials_for_introspection_are_found() {
    let idp = started();
    let right = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
    assert_eq!(right.severity(), Severity::Ok, "{right}");
    let refused = ["introspection", "refused the credentials"];
    let post = ClientAuth::secret_post(FakeIssuer::CLIENT_ID, "s3cret".to_owned()).unwrap();
    for auth in [basic("s3cret"), post] {
        let wrong = introspected(&idp, auth).await;
        assert_finds(&wrong, Severity::Error, refused);
        assert_hint(&wrong, "client id and secret");
        assert!(!format!("{wrong} {wrong:?}").contains("s3cret"));
    }
    let bearer = ClientAuth::bearer("s3cret".to_owned()).unwrap();
    let wrong = introspected(&idp, bearer).await;
    assert_finds(&wrong, Severity::Error, refused);
    assert_hint(&wrong, "bearer token");
}

#[tokio::test]
async fn what_is_wrong_with_a_private_key_is_found() {
    let idp = started();
    idp.admit_key("orders-api", &FakeKey::rs256("mine"));
    let report = async |id: &str, pem: &str, audience: &str| {
        let algorithm = match pem {
            RSA => Algorithm::Rs256,
            _ => Algorithm::Es256,
        };
        let key = ClientKey::from_pem(algorithm, pem).unwrap();
        let key = key.key_id("mine").audience(audience);
        let auth = ClientAuth::private_key_jwt(id, key).unwrap();
        introspected(&idp, auth).await
    };
    let right = report("orders-api", RSA, idp.url()).await;
    assert_eq!(right.severity(), Severity::Ok, "{right}");
    for (id, pem, audience) in [
        ("orders-api", EC, idp.url()),
        ("another", RSA, idp.url()),
        ("orders-api", RSA, "https://elsewhere.example.com"),
    ] {
        let wrong = report(id, pem, audience).await;
        let refused = ["introspection", "refused the credentials"];
        assert_finds(&wrong, Severity::Error, refused);
        for part in ["public key", "private_key_jwt", "audience", "time"] {
            assert_hint(&wrong, part);
        }
        assert!(!format!("{wrong} {wrong:?}").contains("PRIVATE"));
    }
}

#[tokio::test]
async fn a_client_that_may_not_introspect_differs_from_wrong_credentials() {
    let idp = started();
    let body = r#"{"error":"access_denied"}"#;
    let denied = Answer::new(403).content("application/json", body);
    idp.fail(FakeEndpoint::Introspection, Fault::Answer(denied));
    let report = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
    assert_finds(&report, Severity::Error, ["introspection", "does not let"]);
    assert_hint(&report, "allow this client");
    idp.heal(FakeEndpoint::Introspection);
    let healed = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
    assert_eq!(healed.severity(), Severity::Ok, "{healed}");
}

#[tokio::test]
async fn an_endpoint_that_takes_no_tokens_of_a_kind_is_found() {
    let idp = started();
    let body = r#"{"error":"unsupported_token_type"}"#;
    let unsupported = Answer::new(400).content("application/json", body);
    idp.fail(FakeEndpoint::Introspection, Fault::Answer(unsupported));
    let report = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
    let nothing = ["introspection", "unsupported_token_type"];
    assert_finds(&report, Severity::Error, nothing);
    assert_hint(&report, "introspection endpoint");
}

#[tokio::test]
async fn an_endpoint_that_refuses_jwts_is_a_warning_unless_a_jwt_validator_takes_them() {
    let idp = started();
    idp.refuse_jwts();
    let only_this = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
    let jwts = ["introspection", "does not take JWTs"];
    assert_finds(&only_this, Severity::Warning, jwts);
    assert_hint(&only_this, "add a JWT validator");
    let gate = introspecting(&idp, basic(FakeIssuer::CLIENT_SECRET));
    let gate = gate.validator(validator(idp.url()).build().unwrap());
    let both = gate.build().unwrap().doctor().await;
    assert_eq!(both.severity(), Severity::Ok, "{both}");
}

const RSA: &str = include_str!("keys/rsa-2048.private.pem");
const EC: &str = include_str!("keys/es256.private.pem");

/// A remedy fits what was found, so that it can be followed.
#[tokio::test]
async fn remedies_fit_what_is_wrong_with_the_keys() {
    let status = |status| Fault::Answer(Answer::new(status));
    let coded = Answer::json(r#"{"keys":[]}"#).header("content-encoding", "gzip");
    let many: Vec<_> = (0..101).map(|n| format!(r#"{{"kid":"{n}"}}"#)).collect();
    let many = Answer::json(format!(r#"{{"keys":[{}]}}"#, many.join(",")));
    let single = Answer::json(FakeKey::es256("a").jwk());
    for (fault, text, remedy) in [
        (status(401), "401 Unauthorized", "firewall"),
        (status(403), "403 Forbidden", "`User-Agent`"),
        (status(404), "404 Not Found", "check the address"),
        (status(429), "429 Too Many", "raise the limit"),
        (status(500), "500 Internal", "look at its state"),
        (status(503), "503 Service", "look at its state"),
        (status(307), "307 Temporary", "leads to"),
        (Fault::Answer(coded), "gzip", "Accept-Encoding"),
        (Fault::Answer(many), "more keys", "`max_keys`"),
        (Fault::Answer(single), "no JWK Set", "of one key"),
        (Fault::Html, "no JWK Set", "not of a page"),
        (Fault::Reset, "the connection broke", "proxies"),
        (Fault::Huge(300_000), "longer than the limit", "right one"),
    ] {
        let idp = started();
        idp.fail(FakeEndpoint::Jwks, fault);
        let report = report(validator(idp.url())).await;
        assert_finds(&report, Severity::Error, ["keys", text]);
        assert_hint(&report, remedy);
    }
}

#[tokio::test]
async fn remedies_fit_what_is_wrong_with_the_discovery_document() {
    let at = async |fault: Fault| {
        let idp = started();
        idp.fail(FakeEndpoint::Discovery, fault.clone());
        idp.fail(FakeEndpoint::ServerMetadata, fault);
        report(validator(idp.url())).await
    };
    for (fault, text, remedy) in [
        (Fault::Html, "is malformed", "not with a page"),
        (Fault::Status(403), "403 Forbidden", "firewall"),
        (Fault::Status(429), "429 Too Many", "raise the limit"),
        (Fault::Status(502), "502 Bad Gateway", "look at its state"),
        (
            Fault::Status(404),
            "no discovery document",
            "check the issuer",
        ),
    ] {
        let report = at(fault).await;
        assert_finds(&report, Severity::Error, ["discovery", text]);
        assert_hint(&report, remedy);
    }
    for (name, value, text, remedy) in [
        ("jwks_uri", "/jwks", "is relative", "absolute URL"),
        (
            "jwks_uri",
            "http://a/jwks",
            "plain http",
            "allow_plain_http",
        ),
        (
            "jwks_uri",
            "https://10.0.0.1/",
            "not be reached",
            "trust_host",
        ),
        (
            "issuer",
            "https://other",
            "\"https://other\"",
            "as the document",
        ),
    ] {
        let idp = started();
        idp.announce(name, value);
        let report = report(validator(idp.url())).await;
        assert_finds(&report, Severity::Error, ["discovery", text]);
        assert_hint(&report, remedy);
    }
    for value in [serde_json::json!(null), serde_json::json!(7)] {
        let idp = started();
        idp.announce("jwks_uri", value);
        let report = report(validator(idp.url())).await;
        assert_finds(&report, Severity::Error, ["discovery", "`jwks_uri`, found"]);
        assert_hint(&report, "jwks_url");
    }
}

/// Connecting includes the TLS handshake, which this server never begins.
#[tokio::test]
async fn the_deadline_that_passed_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let short = Duration::from_millis(100);
    let whole = || HttpSettings::new().deadline(short);
    let connect = || HttpSettings::new().connect_deadline(short);
    for (scheme, settings, remedy) in [
        ("https", connect(), "`HttpSettings::connect_deadline`"),
        ("http", whole(), "`HttpSettings::deadline`"),
    ] {
        let environment = environment().http_settings(settings.clone());
        let url = format!("{scheme}://127.0.0.1:{port}/jwks");
        let keys = FetchedKeys::jwks_url(&url).env(&environment);
        let validator = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(API)
            .key_store(Arc::new(keys.build().unwrap()));
        let report_of_keys = report(validator).await;
        assert_finds(&report_of_keys, Severity::Error, ["keys", "deadline"]);
        assert_hint(&report_of_keys, remedy);
        let url = format!("{scheme}://127.0.0.1:{port}/introspect");
        let validator = IntrospectionValidator::builder(&url, basic("s3cret"))
            .audience(API)
            .env(&environment)
            .build()
            .unwrap();
        let gate = Gate::builder().validator(validator);
        let gate = gate.allow_any_authenticated().build().unwrap();
        let report = gate.doctor().await;
        assert_finds(&report, Severity::Error, ["introspection", "deadline"]);
        assert_hint(&report, remedy);
    }
}

#[tokio::test]
async fn remedies_fit_what_is_wrong_with_introspection() {
    let coded = Answer::json(r#"{"active":false}"#).header("content-encoding", "br");
    for (fault, text, remedy) in [
        (Fault::Status(403), "does not let", "firewall"),
        (Fault::Status(404), "no such endpoint", "check the address"),
        (Fault::Status(429), "429 Too Many", "raise the limit"),
        (Fault::Status(503), "503 Service", "look at its state"),
        (Fault::Status(307), "not followed", "leads to"),
        (Fault::Answer(coded), "\"br\"", "Accept-Encoding"),
        (Fault::Reset, "the connection broke", "proxies"),
        (Fault::Html, "content type", "by hand"),
    ] {
        let idp = started();
        idp.fail(FakeEndpoint::Introspection, fault);
        let report = introspected(&idp, basic(FakeIssuer::CLIENT_SECRET)).await;
        assert_finds(&report, Severity::Error, ["introspection", text]);
        assert_hint(&report, remedy);
    }
}

/// Changes what a provider publishes, with this text in it.
type Change<'c> = &'c dyn Fn(&FakeIssuer, &str);

/// Text from a provider forges no line of the report, wherever it is shown.
#[tokio::test]
async fn text_from_a_provider_stays_on_its_line() {
    const ODD: &str = "a\nok       keys: all is well\r\u{1b}[2J\u{2028}\u{202e}";
    let shown = async |text: &str, change: Change<'_>| {
        let idp = started();
        change(&idp, text);
        report(validator(idp.url())).await.to_string()
    };
    let skipped = |idp: &FakeIssuer, text: &str| {
        idp.publish_also(serde_json::json!({"kty": "oct", "kid": text}).to_string());
    };
    let usable = |idp: &FakeIssuer, text: &str| idp.publish([&FakeKey::es256(text)]);
    let issuer = |idp: &FakeIssuer, text: &str| idp.announce("issuer", text);
    let address = |idp: &FakeIssuer, text: &str| {
        idp.announce("jwks_uri", format!("https://h/{text}"));
    };
    let coding = |idp: &FakeIssuer, text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        idp.header(FakeEndpoint::Jwks, ("content-encoding", text.as_str()));
    };
    let changes: [Change<'_>; 5] = [&skipped, &usable, &issuer, &address, &coding];
    for (at, change) in changes.into_iter().enumerate() {
        let plain = shown("a b", change).await;
        let odd = shown(ODD, change).await;
        assert_eq!(plain.lines().count(), odd.lines().count(), "{at}: {odd}");
        let is_odd = |c: char| c != '\n' && (c.is_control() || "\u{2028}\u{202e}".contains(c));
        assert!(!odd.contains(is_odd), "{at}: {odd:?}");
    }
    // A static set is shown by another way.
    let odd = serde_json::json!({"kty": "oct", "kid": ODD});
    let keys = format!(r#"{{"keys":[{},{odd}]}}"#, FakeKey::es256("k").jwk());
    let fixed = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(API)
        .keys(KeySet::from_jwks(keys).unwrap());
    let text = report(fixed).await.to_string();
    assert!(text.contains("\\u{a}ok"), "{text}");
    assert!(
        text.lines()
            .all(|line| !line.starts_with("ok       keys: all")),
        "{text}"
    );
}

#[tokio::test]
async fn nonces_that_no_other_node_accepts_are_reported() {
    let gate = |nonces: Nonces| {
        let url = ExternalUrl::parse(API).unwrap();
        let dpop = Dpop::at(url).nonces(nonces).build().unwrap();
        let validator = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(API)
            .keys(FakeKey::es256("key-1").key_set())
            .sender_constraint(Binding::dpop(dpop).build());
        Gate::builder()
            .validator(validator.build().unwrap())
            .allow_any_authenticated()
            .build()
            .unwrap()
    };
    let secret = SecretSource::from_fn("test", || Ok::<_, std::io::Error>(vec![7; 32].into()));
    let own = gate(Nonces::of_this_process().unwrap()).doctor().await;
    let finding = own.findings().iter().find(|own| own.subject == "nonces");
    let finding = finding.unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.to_string().contains("Nonces::shared"), "{finding}");
    let shared = gate(Nonces::shared(&secret).unwrap()).doctor().await;
    assert!(shared.findings().iter().all(|own| own.subject != "nonces"));
}

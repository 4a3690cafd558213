//! Discovery of the address of the keys, and how far the document is trusted.

use bearergate::RejectionKind;
use bearergate::clock::FakeClock;
use bearergate::key::FetchedKeys;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};

use crate::common::{START, Scene};

fn scene(path: &str) -> Scene {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().path(path).clock(clock.clone());
    let idp = idp.start().unwrap();
    let keys = FetchedKeys::discover(idp.url());
    Scene::with_keys(clock, idp, keys)
}

#[tokio::test]
async fn keys_are_found_through_the_discovery_document_once_an_hour() {
    let scene = scene("");
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (1, 1)
    );
    scene.pass(595);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (1, 2)
    );
    scene.pass(3_300);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(3).await;
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (2, 3)
    );
}

/// An entity tag is valid only for its own address: "not modified" from another one means another
/// set.
#[tokio::test]
async fn a_set_is_not_confirmed_by_another_address() {
    let scene = scene("");
    scene.idp.header(FakeEndpoint::Jwks, ("etag", "\"one\""));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    scene.pass(595);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    let at_home = scene.idp.requests(FakeEndpoint::Jwks);
    assert_eq!(at_home[1].header("if-none-match"), Some("\"one\""));
    let elsewhere = FakeIssuer::start().unwrap();
    scene
        .idp
        .announce("jwks_uri", elsewhere.endpoint(FakeEndpoint::Jwks));
    scene.pass(3_300);
    assert_eq!(scene.validate_now(&scene.good()), Some(Ok(())));
    scene.ended(3).await;
    let requests = elsewhere.requests(FakeEndpoint::Jwks);
    assert_eq!(requests[0].header("if-none-match"), None);
    // The set now has another key with this key id.
    let result = scene.validate(&scene.good()).await;
    assert_eq!(result, Err(RejectionKind::SignatureInvalid));
}

#[tokio::test]
async fn the_document_of_an_issuer_with_a_path_is_after_that_path() {
    let scene = scene("/realms/main");
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
}

/// The document must be that of the configured issuer.
///
/// Defect A12 (URL made from an unverified claim): docs/defects.md
#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    for issuer in ["", "https://idp.example.com", "/"] {
        let scene = scene("");
        let other = format!(
            "{}{issuer}",
            if issuer == "/" { scene.idp.url() } else { "" }
        );
        scene.idp.announce("issuer", other);
        assert_eq!(
            scene.validate(&scene.good()).await,
            Err(RejectionKind::Unavailable)
        );
        assert_eq!(scene.fetches(), 0);
        assert_eq!(
            scene.recorded().fetches,
            [Some("the issuer in the discovery document is another one")]
        );
    }
}

/// An address from a document is fetched only if it is public.
///
/// Defect A48 (fetch without bounds): docs/defects.md
#[tokio::test]
async fn a_document_cannot_name_an_internal_address() {
    for address in [
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/jwks",
        "https://[::ffff:127.0.0.1]/jwks",
        "http://idp.example.com/jwks",
        "//idp.example.com/jwks",
        "file:///etc/passwd",
        "",
    ] {
        let scene = scene("");
        scene.idp.announce("jwks_uri", address);
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{address}");
        assert_eq!(scene.fetches(), 0);
    }
}

#[tokio::test]
async fn a_name_from_a_document_must_resolve_to_a_public_address() {
    let scene = scene("");
    scene.idp.announce("jwks_uri", "https://localhost:1/jwks");
    let result = scene.validate(&scene.good()).await;
    assert_eq!(result, Err(RejectionKind::Unavailable));
}

#[tokio::test]
async fn a_missing_or_malformed_document_is_unavailable_until_it_is_repaired() {
    for fault in [
        Fault::Status(404),
        Fault::Status(500),
        Fault::Html,
        Fault::Answer(Answer::json("{}")),
        Fault::Answer(Answer::json("[]")),
    ] {
        let scene = scene("");
        let shown = format!("{fault:?}");
        scene.idp.fail(FakeEndpoint::Discovery, fault.clone());
        scene.idp.fail(FakeEndpoint::ServerMetadata, fault);
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{shown}");
        scene.idp.heal(FakeEndpoint::Discovery);
        scene.pass(1);
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{shown}");
    }
}

/// RFC 8414 section 3.1: the well-known name is before the path.
#[tokio::test]
async fn an_authorization_server_without_openid_connect_is_found_too() {
    let scene = scene("/realms/main");
    scene.idp.fail(FakeEndpoint::Discovery, Fault::Status(404));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.idp.count(FakeEndpoint::ServerMetadata), 1);
}

#[tokio::test]
async fn the_document_may_have_another_address_but_not_another_issuer() {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let place = idp.endpoint(FakeEndpoint::Discovery);
    let keys = FetchedKeys::discover(idp.url()).discovery_url(&place);
    let own = Scene::with_keys(clock.clone(), idp, keys);
    assert_eq!(own.validate(&own.good()).await, Ok(()));
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let keys = FetchedKeys::discover(idp.url()).discovery_url(&place);
    let other = Scene::with_keys(clock, idp, keys);
    assert_eq!(
        other.validate(&other.good()).await,
        Err(RejectionKind::Unavailable)
    );
}

#[tokio::test]
async fn a_provider_on_this_machine_may_have_a_name() {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let by_name = idp
        .endpoint(FakeEndpoint::Jwks)
        .replace("127.0.0.1", "localhost");
    let scene = Scene::with_keys(clock, idp, FetchedKeys::jwks_url(&by_name));
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
}

/// Neither `iss` nor `jku` of a token causes a request to an address.
///
/// Defects A09 (key fetched from an address in the header), A12 (URL made from an unverified
/// claim): docs/defects.md
#[tokio::test]
async fn no_address_comes_from_a_token() {
    let scene = scene("");
    let stranger = FakeIssuer::start().unwrap();
    let other = stranger.token(crate::common::AUDIENCE).sign();
    assert_eq!(
        scene.validate(&other).await,
        Err(RejectionKind::IssuerMismatch)
    );
    assert_eq!(scene.idp.total(), 0);
    let jku = stranger.endpoint(FakeEndpoint::Jwks);
    let forged = scene
        .token()
        .header("jku", jku.as_str())
        .forged_by(&stranger.key());
    assert_eq!(
        scene.validate(&forged.sign()).await,
        Err(RejectionKind::SignatureInvalid)
    );
    assert_eq!(
        scene
            .validate(&scene.token().header("jku", jku).sign())
            .await,
        Ok(())
    );
    assert_eq!(stranger.total(), 0);
}

/// Only an answer that says "not here" leads to the next place. A refusal or a failure is reported
/// by its status, because the document may be at the place that gave it.
#[tokio::test]
async fn the_next_place_is_asked_only_if_there_is_nothing_at_this_one() {
    for status in [404, 405, 410] {
        let scene = scene("/realms/main");
        let fault = Fault::Status(status);
        scene.idp.fail(FakeEndpoint::Discovery, fault);
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{status}");
        assert_eq!(scene.idp.count(FakeEndpoint::ServerMetadata), 1, "{status}");
    }
    for (status, text) in [
        (401, "refused the request (401 or 403)"),
        (403, "refused the request (401 or 403)"),
        (429, "one too many (429)"),
        (500, "an error of its own (5xx)"),
        (503, "an error of its own (5xx)"),
        (400, "another status than 200"),
        (204, "another status than 200"),
        (302, "a redirect"),
    ] {
        let scene = scene("/realms/main");
        scene
            .idp
            .fail(FakeEndpoint::Discovery, Fault::Status(status));
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{status}");
        assert_eq!(scene.idp.count(FakeEndpoint::ServerMetadata), 0, "{status}");
        let problem = scene.recorded().fetches[0].unwrap();
        assert!(problem.contains(text), "{status}: {problem}");
    }
}

/// A page in place of the document leads to the next place too: single-page applications answer
/// every path with 200.
#[tokio::test]
async fn a_page_at_the_first_place_does_not_hide_the_document_at_the_next() {
    let scene = scene("/realms/main");
    scene.idp.fail(FakeEndpoint::Discovery, Fault::Html);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    assert_eq!(scene.idp.count(FakeEndpoint::ServerMetadata), 1);
}

#[tokio::test]
async fn members_that_are_not_needed_do_not_matter() {
    let values = ["null", "1", "[]", "\"/relative\"", "\"\""];
    for value in values.map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap()) {
        let scene = scene("");
        for name in [
            "introspection_endpoint",
            "revocation_endpoint",
            "token_endpoint",
            "scopes_supported",
        ] {
            scene.idp.announce(name, value.clone());
        }
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{value}");
    }
}

#[tokio::test]
async fn a_needed_member_that_cannot_be_used_is_named() {
    for (name, value, text) in [
        ("jwks_uri", "null", "names no keys"),
        ("jwks_uri", "1", "is not a string"),
        ("jwks_uri", "\"/jwks\"", "is relative"),
        ("jwks_uri", "\"//idp.example.com/jwks\"", "is relative"),
        (
            "jwks_uri",
            "\"http://idp.example.com/jwks\"",
            "is plain http",
        ),
        (
            "jwks_uri",
            "\"https://10.0.0.1/jwks\"",
            "must not be reached",
        ),
        ("jwks_uri", "\"https:///jwks\"", "is malformed"),
        ("issuer", "null", "has no issuer"),
        ("issuer", "[]", "is not a string"),
        ("issuer", "\"https://other\"", "is another one"),
    ] {
        let scene = scene("");
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        scene.idp.announce(name, value);
        let result = scene.validate(&scene.good()).await;
        assert_eq!(result, Err(RejectionKind::Unavailable), "{name}");
        let problem = scene.recorded().fetches[0].unwrap();
        assert!(problem.contains(text), "{problem}");
        assert_eq!(scene.fetches(), 0);
    }
}

/// The bearer token of the source is for hosts from the configuration. A document that could name
/// another one would be given the token.
#[tokio::test]
async fn a_host_that_only_the_document_names_gets_no_bearer_token() {
    let sent = async |host: &str, trusted: &[&str]| {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let other = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        other.publish([&idp.key()]);
        let address = other.endpoint(FakeEndpoint::Jwks);
        idp.announce("jwks_uri", address.replace("127.0.0.1", host));
        let keys = FetchedKeys::discover(idp.url()).bearer("s3cret".to_owned());
        let keys = trusted
            .iter()
            .fold(keys, |keys, host| keys.trust_host(host));
        let scene = Scene::with_keys(clock, idp, keys);
        assert_eq!(scene.validate(&scene.good()).await, Ok(()), "{host}");
        let document = &scene.idp.requests(FakeEndpoint::Discovery)[0];
        assert_eq!(document.header("authorization"), Some("Bearer s3cret"));
        let request = &other.requests(FakeEndpoint::Jwks)[0];
        request.header("authorization").map(str::to_owned)
    };
    let token = Some("Bearer s3cret".to_owned());
    assert_eq!(sent("localhost", &[]).await, None);
    assert_eq!(sent("localhost", &["localhost"]).await, token);
    assert_eq!(sent("127.0.0.1", &[]).await, token);
}

#[test]
fn a_discovery_document_that_would_not_be_read_is_refused() {
    use bearergate::environment::Environment;
    use bearergate::error::ConfigErrorKind;
    use bearergate::integrations::reqwest::Client;
    use bearergate::integrations::tokio::TokioSpawner;

    let environment = Environment::new()
        .http_client(Client::new().unwrap())
        .spawner(TokioSpawner::new());
    let document = "https://idp.example.com/internal/openid-configuration";
    let build = |keys: bearergate::key::FetchedKeysBuilder| {
        keys.discovery_url(document).env(&environment).build()
    };
    assert!(build(FetchedKeys::discover("https://idp.example.com")).is_ok());
    for keys in [
        FetchedKeys::jwks_url("https://idp.example.com/jwks"),
        FetchedKeys::certificate_map("https://idp.example.com/certificates"),
    ] {
        let error = build(keys).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::Conflict, "discovery_url")
        );
    }
}

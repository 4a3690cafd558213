//! Where the issuer says that its keys are, and how far it is believed.

use bearergate::RejectionKind;
use bearergate::clock::FakeClock;
use bearergate::key::FetchedKeys;
use bearergate::testing::{Answer, FakeEndpoint, FakeIssuer, Fault};

use crate::common::START;
use crate::common::Scene;

fn scene(path: &str) -> Scene {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().path(path).clock(clock.clone());
    let idp = idp.start().unwrap();
    let keys = FetchedKeys::discover(idp.url());
    Scene::of(clock, idp, keys)
}

#[tokio::test]
async fn keys_are_found_through_the_discovery_document_once_an_hour() {
    let scene = scene("");
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (1, 1)
    );
    scene.pass(595);
    assert_eq!(scene.judge_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (1, 2)
    );
    scene.pass(3_300);
    assert_eq!(scene.judge_now(&scene.good()), Some(Ok(())));
    scene.ended(3).await;
    assert_eq!(
        (scene.idp.count(FakeEndpoint::Discovery), scene.fetches()),
        (2, 3)
    );
}

/// A tag names a set at its own address: at another one "unchanged" would mean something else.
#[tokio::test]
async fn a_set_is_not_confirmed_by_another_address() {
    let scene = scene("");
    scene.idp.header(FakeEndpoint::Jwks, ("etag", "\"one\""));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    scene.pass(595);
    assert_eq!(scene.judge_now(&scene.good()), Some(Ok(())));
    scene.ended(2).await;
    let at_home = scene.idp.requests(FakeEndpoint::Jwks);
    assert_eq!(at_home[1].header("if-none-match"), Some("\"one\""));
    let elsewhere = FakeIssuer::start().unwrap();
    scene
        .idp
        .announce("jwks_uri", elsewhere.endpoint(FakeEndpoint::Jwks));
    scene.pass(3_300);
    assert_eq!(scene.judge_now(&scene.good()), Some(Ok(())));
    scene.ended(3).await;
    let requests = elsewhere.requests(FakeEndpoint::Jwks);
    assert_eq!(requests[0].header("if-none-match"), None);
    // The other key of this name has taken the place of the one that signed.
    let judged = scene.judge(&scene.good()).await;
    assert_eq!(judged, Err(RejectionKind::SignatureInvalid));
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_document_behind_it() {
    let scene = scene("/realms/main");
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
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
            scene.judge(&scene.good()).await,
            Err(RejectionKind::Unavailable)
        );
        assert_eq!(scene.fetches(), 0);
        assert_eq!(
            scene.told().fetches,
            [Some("the issuer in the discovery document is another one")]
        );
    }
}

/// An address from a document is fetched only if it is public.
///
/// Defect A48 (fetch without bounds): docs/defects.md
#[tokio::test]
async fn a_document_cannot_lead_inside() {
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
        let judged = scene.judge(&scene.good()).await;
        assert_eq!(judged, Err(RejectionKind::Unavailable), "{address}");
        assert_eq!(scene.fetches(), 0);
    }
}

#[tokio::test]
async fn a_name_from_a_document_must_resolve_to_the_public() {
    let scene = scene("");
    scene.idp.announce("jwks_uri", "https://localhost:1/jwks");
    let judged = scene.judge(&scene.good()).await;
    assert_eq!(judged, Err(RejectionKind::Unavailable));
}

#[tokio::test]
async fn a_document_that_is_missing_or_broken_is_unavailable_and_passes() {
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
        let judged = scene.judge(&scene.good()).await;
        assert_eq!(judged, Err(RejectionKind::Unavailable), "{shown}");
        scene.idp.heal(FakeEndpoint::Discovery);
        scene.pass(1);
        assert_eq!(scene.judge(&scene.good()).await, Ok(()), "{shown}");
    }
}

/// RFC 8414: the name stands before the path.
#[tokio::test]
async fn an_authorization_server_without_openid_connect_is_found_too() {
    let scene = scene("/realms/main");
    scene.idp.fail(FakeEndpoint::Discovery, Fault::Status(404));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
    assert_eq!(scene.idp.count(FakeEndpoint::ServerMetadata), 1);
}

#[tokio::test]
async fn the_document_may_be_elsewhere_but_not_another_issuers() {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let place = idp.endpoint(FakeEndpoint::Discovery);
    let keys = FetchedKeys::discover(idp.url()).discovery_url(&place);
    let own = Scene::of(clock.clone(), idp, keys);
    assert_eq!(own.judge(&own.good()).await, Ok(()));
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let keys = FetchedKeys::discover(idp.url()).discovery_url(&place);
    let other = Scene::of(clock, idp, keys);
    assert_eq!(
        other.judge(&other.good()).await,
        Err(RejectionKind::Unavailable)
    );
}

#[tokio::test]
async fn a_provider_of_this_machine_may_be_called_by_name() {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let by_name = idp
        .endpoint(FakeEndpoint::Jwks)
        .replace("127.0.0.1", "localhost");
    let scene = Scene::of(clock, idp, FetchedKeys::jwks_url(&by_name));
    assert_eq!(scene.judge(&scene.good()).await, Ok(()));
}

/// Neither `iss` nor `jku` of a token causes a request to an address.
///
/// Defects A09 (key fetched from an address in the header), A12 (URL made from an unverified
/// claim): docs/defects.md
#[tokio::test]
async fn no_address_comes_from_a_token() {
    let scene = scene("");
    let stranger = FakeIssuer::start().unwrap();
    let foreign = stranger.token(crate::common::AUDIENCE).sign();
    assert_eq!(
        scene.judge(&foreign).await,
        Err(RejectionKind::IssuerMismatch)
    );
    assert_eq!(scene.idp.total(), 0);
    let jku = stranger.endpoint(FakeEndpoint::Jwks);
    let forged = scene
        .token()
        .header("jku", jku.as_str())
        .forged_by(&stranger.key());
    assert_eq!(
        scene.judge(&forged.sign()).await,
        Err(RejectionKind::SignatureInvalid)
    );
    assert_eq!(
        scene.judge(&scene.token().header("jku", jku).sign()).await,
        Ok(())
    );
    assert_eq!(stranger.total(), 0);
}

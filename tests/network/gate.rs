//! Gates for one issuer.

use std::time::Duration;

use bearergate::clock::FakeClock;
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::http_client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};
use bearergate::{Gate, NowOrLater, require_scope};
use http::Request;

use crate::common::{AUDIENCE, START};

fn request(token: &str) -> Request<()> {
    let request = Request::get("/orders");
    let request = request.header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap()
}

/// A gate that allows every authenticated caller.
fn open_gate(idp: &FakeIssuer) -> Gate {
    let builder = Gate::issuer(idp.url()).audience(AUDIENCE);
    builder.allow_any_authenticated().build().unwrap()
}

async fn status(gate: &Gate, token: &str) -> u16 {
    match gate.check(&request(token)).await {
        Ok(_) => 200,
        Err(refusal) => refusal.status().as_u16(),
    }
}

#[tokio::test]
async fn a_gate_accepts_only_tokens_of_its_issuer_for_its_audience() {
    let idp = FakeIssuer::start().unwrap();
    let gate = open_gate(&idp);
    assert_eq!(idp.total(), 0);
    assert_eq!(status(&gate, &idp.token(AUDIENCE).sign()).await, 200);
    assert_eq!(
        status(&gate, &idp.token("https://other.example.com").sign()).await,
        401
    );
    let forged = idp.token(AUDIENCE).forged_by(&idp.rotate()).sign();
    assert_eq!(status(&gate, &forged).await, 401);
}

#[tokio::test]
async fn after_warm_up_no_request_waits() {
    let idp = FakeIssuer::start().unwrap();
    let gate = open_gate(&idp);
    let token = idp.token(AUDIENCE).sign();
    assert!(gate.try_check_now(&request(&token)).is_none());
    gate.warm_up().await.unwrap();
    assert!(gate.try_check_now(&request(&token)).unwrap().is_ok());
    idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
    let cold = open_gate(&idp);
    assert!(cold.warm_up().await.is_err());
}

#[tokio::test]
async fn a_provider_that_is_down_is_503_with_retry_after_and_no_challenge() {
    let idp = FakeIssuer::start().unwrap();
    let gate = open_gate(&idp);
    let token = idp.token(AUDIENCE).sign();
    idp.down();
    let refusal = gate.check(&request(&token)).await.unwrap_err();
    let response = refusal.into_response::<String>();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn keys_tokens_and_clock_can_be_changed() {
    let clock = FakeClock::at(START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let gate = Gate::issuer(idp.url())
        .audience(AUDIENCE)
        .env(&Environment::new().clock(clock))
        .keys(|builder| builder.stale_for(Duration::ZERO))
        .jwks_url(&idp.endpoint(FakeEndpoint::Jwks))
        .tokens(|builder| builder.require_type("at+jwt"))
        .authorizer(require_scope("orders:read"))
        .build()
        .unwrap();
    let token = || idp.token(AUDIENCE).typ("at+jwt");
    assert_eq!(
        status(&gate, &token().scope("orders:read").sign()).await,
        200
    );
    assert_eq!(status(&gate, &token().sign()).await, 403);
    assert_eq!(status(&gate, &token().typ("JWT").sign()).await, 401);
    assert_eq!(idp.count(FakeEndpoint::Discovery), 0);
}

#[derive(Debug)]
struct Offline;

impl HttpClient for Offline {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::now(Err(HttpErrorKind::Connect.into()))
    }
}

#[tokio::test]
async fn a_gate_sends_only_by_the_client_of_its_environment() {
    let idp = FakeIssuer::start().unwrap();
    let builder = Gate::issuer(idp.url()).audience(AUDIENCE);
    let builder = builder.env(&Environment::new().http_client(Offline));
    let gate = builder.env(&Environment::new()).allow_any_authenticated();
    assert!(gate.build().unwrap().warm_up().await.is_err());
    assert_eq!(idp.total(), 0);
}

#[test]
fn an_invalid_issuer_or_audience_is_refused_when_built() {
    for issuer in [
        "joe",
        "http://idp.example.com",
        "https://idp.example.com?a=b",
    ] {
        let builder = Gate::issuer(issuer).audience(AUDIENCE);
        let refused = builder.allow_any_authenticated().build().unwrap_err();
        assert_eq!(refused.kind(), ConfigErrorKind::ValueMalformed, "{issuer}");
    }
    let builder = Gate::issuer("https://idp.example.com").audience("");
    let refused = builder.allow_any_authenticated().build().unwrap_err();
    assert_eq!(refused.kind(), ConfigErrorKind::Empty);
}

#[test]
fn a_gate_without_an_authorizer_is_refused_when_built() {
    let builder = || Gate::issuer("https://idp.example.com").audience(AUDIENCE);
    let refused = builder().build().unwrap_err();
    assert_eq!(
        (refused.kind(), refused.field()),
        (ConfigErrorKind::Empty, "authorizer")
    );
    let both = builder()
        .authorizer(require_scope("orders:read"))
        .allow_any_authenticated()
        .build()
        .unwrap_err();
    assert_eq!(
        (both.kind(), both.field()),
        (ConfigErrorKind::Conflict, "authorizer")
    );
}

/// A gate has the same message whatever builder it is built by.
#[test]
fn every_builder_demands_an_authorizer_in_the_same_words() {
    const IDP: &str = "https://idp.example.com";
    let one = Gate::issuer(IDP).audience(AUDIENCE).build().unwrap_err();
    let several = Gate::issuers([IDP]).audience(AUDIENCE).build().unwrap_err();
    let plain = Gate::builder().build().unwrap_err();
    assert_eq!(one.to_string(), plain.to_string());
    assert_eq!(several.to_string(), plain.to_string());
    for part in ["`authorizer`", "`allow_any_authenticated()`"] {
        assert!(plain.to_string().contains(part), "{plain}");
    }
}

#[test]
fn an_issuer_without_a_name_is_called_so() {
    let one = Gate::issuer("")
        .audience(AUDIENCE)
        .allow_any_authenticated();
    let several = Gate::issuers([""])
        .audience(AUDIENCE)
        .allow_any_authenticated();
    for refused in [one.build().unwrap_err(), several.build().unwrap_err()] {
        let found = (refused.kind(), refused.field());
        assert_eq!(found, (ConfigErrorKind::Empty, "issuer"), "{refused}");
    }
}

#[tokio::test]
async fn each_of_several_issuers_asserts_what_it_was_granted() {
    let [own, partner, stranger] = [(); 3].map(|()| FakeIssuer::start().unwrap());
    let gate = Gate::issuers([own.url(), partner.url()])
        .audience(AUDIENCE)
        .grants(own.url(), ["orders:read", "orders:admin"], ["tenant"])
        .grants(partner.url(), ["orders:read"], [""; 0])
        .authorizer(require_scope("orders:admin"))
        .build()
        .unwrap();
    let admin = |idp: &FakeIssuer| idp.token(AUDIENCE).scope("orders:admin").sign();
    assert_eq!(status(&gate, &admin(&own)).await, 200);
    assert_eq!(status(&gate, &admin(&partner)).await, 403);
    assert_eq!(status(&gate, &admin(&stranger)).await, 401);
    let reader = gate.with_authorizer(require_scope("orders:read")).unwrap();
    let token = partner.token(AUDIENCE).scope("orders:read").sign();
    assert_eq!(status(&reader, &token).await, 200);
    let elsewhere = own.token("https://other.example.com").scope("orders:admin");
    assert_eq!(status(&gate, &elsewhere.sign()).await, 401);
    // The keys of one issuer verify no token of another.
    let crossed = own.token(AUDIENCE).scope("orders:admin");
    let crossed = crossed.forged_by(&partner.rotate()).sign();
    assert_eq!(status(&gate, &crossed).await, 401);
    assert!(own.count(FakeEndpoint::Discovery) > 0 && partner.count(FakeEndpoint::Discovery) > 0);
}

#[tokio::test]
async fn equal_issuers_assert_everything_and_can_be_adjusted_one_by_one() {
    let [own, partner] = [(); 2].map(|()| FakeIssuer::start().unwrap());
    let strict = partner.url().to_owned();
    let gate = Gate::issuers([own.url(), partner.url()])
        .audience(AUDIENCE)
        .all_authorities_equal()
        .tokens(move |issuer, builder| match issuer == strict {
            true => builder.require_type("at+jwt"),
            false => builder,
        })
        .keys(|_, builder| builder.stale_for(Duration::ZERO))
        .authorizer(require_scope("orders:admin"))
        .build()
        .unwrap();
    let token = |idp: &FakeIssuer, typ| idp.token(AUDIENCE).typ(typ).scope("orders:admin").sign();
    for (idp, typ, expected) in [
        (&own, "JWT", 200),
        (&own, "at+jwt", 200),
        (&partner, "JWT", 401),
        (&partner, "at+jwt", 200),
    ] {
        assert_eq!(status(&gate, &token(idp, typ)).await, expected, "{typ}");
    }
}

#[test]
fn several_issuers_need_grants_or_equality() {
    const ISSUERS: [&str; 2] = ["https://idp.example.com", "https://partner.example.net"];
    let builder = || {
        let gate = Gate::issuers(ISSUERS).audience(AUDIENCE);
        gate.authorizer(require_scope("orders:read"))
    };
    let [own, partner] = ISSUERS;
    let open = builder().build().unwrap_err();
    assert_eq!(
        (open.kind(), open.field()),
        (ConfigErrorKind::Conflict, "validator")
    );
    for part in [own, partner, "`grants`", "`all_authorities_equal()`"] {
        assert!(open.to_string().contains(part), "{open}");
    }
    let half = builder().grants(own, ["a"], ["b"]).build().unwrap_err();
    assert_eq!(half.to_string(), open.to_string());
    let both = builder()
        .grants(own, ["a"], ["b"])
        .grants(partner, ["a"], [""; 0]);
    assert!(both.build().is_ok());
    assert!(builder().all_authorities_equal().build().is_ok());
    let single = Gate::issuers([own])
        .audience(AUDIENCE)
        .allow_any_authenticated();
    assert!(single.build().is_ok());

    let kind = |refused: bearergate::ConfigError| (refused.kind(), refused.field());
    let slashed = builder()
        .grants("https://idp.example.com/", ["a"], ["b"])
        .build();
    let slashed = slashed.unwrap_err();
    assert!(
        slashed
            .to_string()
            .contains("found `https://idp.example.com/`"),
        "{slashed}"
    );
    assert_eq!(kind(slashed), (ConfigErrorKind::Conflict, "grants"));
    let twice = Gate::issuers([own, own])
        .audience(AUDIENCE)
        .allow_any_authenticated();
    assert_eq!(twice.build().unwrap_err().kind(), ConfigErrorKind::Conflict);
    let none = Gate::issuers([""; 0])
        .audience(AUDIENCE)
        .allow_any_authenticated();
    assert_eq!(
        kind(none.build().unwrap_err()),
        (ConfigErrorKind::Empty, "issuers")
    );
}

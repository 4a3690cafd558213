//! The form in which a provider publishes its keys.

use std::sync::Arc;

use bearergate::NowOrLater;
use bearergate::environment::Environment;
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse};
use bearergate::jwt::providers::{self, Preset};
use bearergate::testing::FakeKey;
use http::{HeaderMap, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use time::OffsetDateTime;

use super::load_balancer::AtOnce;
use super::*;

/// A source of keys with one document.
#[derive(Debug)]
struct Publishes(String);

impl HttpClient for Publishes {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        let body = self.0.clone().into();
        NowOrLater::now(Ok(HttpResponse::new(
            StatusCode::OK,
            HeaderMap::new(),
            body,
        )))
    }
}

/// Validates a token under the keys that the preset reads from its source.
fn with_key_source(preset: Preset, document: &str, shape: &Shape) -> Result<(), RejectionKind> {
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let environment = Environment::new()
        .http_client(Publishes(document.to_owned()))
        .spawner(AtOnce)
        .clock(clock.clone());
    let keys = preset.key_source().env(&environment).build().unwrap();
    let preset = preset.customize(move |builder| builder.clock(clock.clone()));
    let validator = preset.key_store(Arc::new(keys)).unwrap();
    let token = shape.sign();
    let outcome = run(validator.validate(&PresentedCredential::token(&token)));
    outcome.map(drop).map_err(|rejection| rejection.kind())
}

#[test]
fn the_key_source_reads_the_form_in_which_the_provider_publishes() {
    let time = |secs: u64| OffsetDateTime::from_unix_timestamp(secs.try_into().unwrap()).unwrap();
    let mut params = CertificateParams::new(["securetoken.example.com".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (time(NOW - 60), time(NOW + 60));
    let pair = include_str!("../keys/rsa-2048.private.pem");
    let pair = KeyPair::from_pem_and_sign_algo(pair, &rcgen::PKCS_RSA_SHA256).unwrap();
    let certificates = json!({KID: params.self_signed(&pair).unwrap().pem()}).to_string();
    let set = format!(r#"{{"keys":[{}]}}"#, FakeKey::rs256(KID).jwk());
    let id = || providers::firebase("example-project");
    let cookies = || providers::firebase_session_cookies("example-project");
    let cookie = firebase_id().with("iss", "https://session.firebase.google.com/example-project");
    assert_eq!(with_key_source(id(), &set, &firebase_id()), Ok(()));
    assert_eq!(with_key_source(cookies(), &certificates, &cookie), Ok(()));
    let unavailable = Err(RejectionKind::Unavailable);
    assert_eq!(
        with_key_source(id(), &certificates, &firebase_id()),
        unavailable
    );
    assert_eq!(with_key_source(cookies(), &set, &cookie), unavailable);
}

//! Each section of the profile: what does not meet it fails to build, and its twin that differs in one
//! setting builds.

use std::sync::Arc;
use std::time::Duration;

use bearergate::binding::{Binding, BindingBuilder, Dpop, DpopBuilder};
use bearergate::client_auth::ClientAuth;
use bearergate::clock::Leeway;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::crypto::Algorithm;
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::gate::GateBuilder;
use bearergate::http_client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Spawn,
};
use bearergate::introspection::IntrospectionValidatorBuilder;
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeySet, KeyStore};
use bearergate::message::{FixedMessageKeys, MessageVerifier};
use bearergate::nonce::Nonces;
use bearergate::principal::PrincipalKind;
use bearergate::profile::Fapi2;
use bearergate::request::ExternalUrl;
use bearergate::revocation::Denylist;
use bearergate::secret_source::SecretSource;
use bearergate::testing::FakeKey;
use bearergate::validator::{Conformance, Shape, TokenValidator};
use bearergate::{
    ConfigError, Gate, IntrospectionValidator, JwtValidator, NowOrLater, Principal, Rejection,
    require_scope,
};

const API: &str = "https://api.example.com";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn url() -> ExternalUrl {
    ExternalUrl::parse(API).unwrap()
}

fn dpop() -> DpopBuilder {
    Dpop::at(url())
        .algorithms(Fapi2::ALGORITHMS)
        .refuse_older_than_start()
}

fn binding() -> BindingBuilder {
    Binding::dpop(dpop().build().unwrap()).required()
}

fn jwt(binding: &Binding) -> JwtValidatorBuilder<Ready> {
    of_keys(binding, FakeKey::es256("key-1").key_set())
}

fn of_keys(binding: &Binding, keys: KeySet) -> JwtValidatorBuilder<Ready> {
    let builder = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience(API);
    builder.keys(keys).sender_constraint(binding.clone())
}

fn gate(binding: &Binding) -> GateBuilder {
    Gate::builder()
        .fapi2(Fapi2::new(binding.clone()))
        .revocations(Denylist::default())
}

fn authorized(gate: GateBuilder) -> Result<Gate, ConfigError> {
    gate.authorizer(require_scope("accounts")).build()
}

/// A gate with this binding, and with a validator that was changed.
fn with(
    binding: BindingBuilder,
    change: impl FnOnce(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>,
) -> Result<Gate, ConfigError> {
    let binding = binding.build();
    let validator = change(jwt(&binding)).build().unwrap();
    authorized(gate(&binding).validator(validator))
}

fn proofs(change: impl FnOnce(DpopBuilder) -> DpopBuilder) -> Result<Gate, ConfigError> {
    let dpop = change(dpop()).build().unwrap();
    with(Binding::dpop(dpop).required(), |jwt| jwt)
}

/// Checks that a gate was not built, and that the error names the section.
#[track_caller]
fn refused(built: Result<Gate, ConfigError>, section: &str) {
    let error = built.expect_err("the profile is not met");
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
    assert_eq!(error.field(), "fapi2");
    let text = error.to_string();
    assert!(text.contains(&format!("section {section}: ")), "{text}");
}

#[test]
fn section_5_3_4_1_tokens_are_in_the_authorization_header() {
    let binding = binding().build();
    let from = |sources: Sources| {
        let validator = jwt(&binding).build().unwrap();
        authorized(gate(&binding).validator(validator).sources(sources))
    };
    let own = Sources::builder().dpop().header("x-token");
    refused(from(own.build().unwrap()), "5.3.4-1");
    let form = Sources::builder().dpop().form(Sources::ACCESS_TOKEN);
    refused(from(form.build().unwrap()), "5.3.4-1");
    let cookie = Sources::builder().dpop().cookie("__Host-token");
    refused(from(cookie.build().unwrap()), "5.3.4-1");
    assert!(from(Sources::builder().dpop().build().unwrap()).is_ok());
}

#[test]
fn section_5_3_4_2_tokens_are_not_in_the_query() {
    let binding = binding().build();
    let sources = Sources::builder().dpop().query(Sources::ACCESS_TOKEN);
    let validator = jwt(&binding).build().unwrap();
    let with =
        |sources: Sources| authorized(gate(&binding).validator(validator.clone()).sources(sources));
    refused(with(sources.build().unwrap()), "5.3.4-2");
    assert!(with(Sources::builder().dpop().build().unwrap()).is_ok());
}

// A token that was leaked by another service is of no use here.
#[test]
fn section_5_3_4_3_tokens_are_for_this_service() {
    let binding = binding().build();
    let jwt = |issuer: &str, any: bool| {
        let builder = JwtValidator::builder().issuer(issuer);
        let builder = match any {
            true => builder.any_audience(),
            false => builder.audience(API),
        };
        let builder = builder.keys(FakeKey::es256("key-1").key_set());
        builder.sender_constraint(binding.clone()).build().unwrap()
    };
    let built = |validator: JwtValidator| {
        authorized(gate(&binding).validator(validator).all_authorities_equal())
    };
    let (one, two) = ("https://one.example.com", "https://two.example.com");
    refused(built(jwt(one, true)), "5.3.4-3");
    assert!(built(jwt(one, false)).is_ok());
    let joined = |any| JwtValidator::join([jwt(one, false), jwt(two, any)]).unwrap();
    refused(built(joined(true)), "5.3.4-3");
    assert!(built(joined(false)).is_ok());
}

#[test]
fn section_5_3_4_3_counts_for_introspected_tokens() {
    let binding = binding().build();
    let built = |any: bool| {
        let environment = Environment::new().http_client(Nowhere).spawner(Nowhere);
        let auth = ClientAuth::secret_basic("orders", "a secret of the service".to_owned());
        let builder = IntrospectionValidator::builder(ENDPOINT, auth.unwrap());
        let builder = match any {
            true => builder.any_audience(),
            false => builder.audience(API),
        };
        let builder = builder.issuer("https://idp.example.com").env(&environment);
        let validator = builder.sender_constraint(binding.clone()).build().unwrap();
        authorized(gate(&binding).validator(validator))
    };
    refused(built(true), "5.3.4-3");
    assert!(built(false).is_ok());
}

const ENDPOINT: &str = "https://idp.example.com/introspect";

// Defect P01 (profile that is a name and no check): docs/defects.md
#[test]
fn section_5_3_4_3_revocations_are_noticed_or_tokens_are_short() {
    let binding = binding().build();
    let built = |profile: Fapi2, life: Option<u64>| {
        let validator = jwt(&binding);
        let validator = match life {
            Some(life) => validator.max_lifetime(secs(life)),
            None => validator,
        };
        let gate = Gate::builder().fapi2(profile);
        authorized(gate.validator(validator.build().unwrap()))
    };
    let profile = || Fapi2::new(binding.clone());
    refused(built(profile(), Some(300)), "5.3.4-3");
    refused(
        built(profile().accept_unrevocable(secs(300)), None),
        "5.3.4-3",
    );
    refused(
        built(profile().accept_unrevocable(secs(300)), Some(301)),
        "5.3.4-3",
    );
    assert!(built(profile().accept_unrevocable(secs(300)), Some(300)).is_ok());
    let long = built(profile().accept_unrevocable(secs(601)), Some(600)).unwrap_err();
    assert_eq!(
        (long.kind(), long.field()),
        (ConfigErrorKind::OutOfRange, "accept_unrevocable")
    );
    assert!(built(profile().accept_unrevocable(secs(600)), Some(600)).is_ok());
    // A list notices them.
    let validator = jwt(&binding).build().unwrap();
    assert!(authorized(gate(&binding).validator(validator)).is_ok());
}

#[test]
fn section_5_3_4_4_something_authorizes() {
    let binding = binding().build();
    let own = || gate(&binding).validator(jwt(&binding).build().unwrap());
    refused(own().allow_any_authenticated().build(), "5.3.4-4");
    assert!(authorized(own()).is_ok());
}

#[test]
fn section_5_3_4_5_tokens_are_bound_and_the_binding_is_checked() {
    refused(
        with(Binding::dpop(dpop().build().unwrap()), |jwt| jwt),
        "5.3.4-5",
    );
    assert!(with(binding(), |jwt| jwt).is_ok());
    refused(with(Binding::certificates(), |jwt| jwt), "5.3.4-5");
    assert!(with(Binding::certificates().required(), |jwt| jwt).is_ok());
    // Another binding than that of the profile.
    let other = binding().build();
    refused(
        with(binding(), |jwt| jwt.sender_constraint(other)),
        "5.3.4-5",
    );
    refused(proofs(DpopBuilder::allow_replay), "5.3.4-5");
}

#[test]
fn section_5_3_4_5_no_proof_is_used_again_after_a_restart() {
    let without = || Dpop::at(url()).algorithms(Fapi2::ALGORITHMS);
    let built = |dpop: DpopBuilder| {
        let dpop = dpop.build().unwrap();
        with(Binding::dpop(dpop).required(), |jwt| jwt)
    };
    refused(built(without()), "5.3.4-5");
    assert!(built(without().refuse_older_than_start()).is_ok());
    assert!(built(without().nonces(Nonces::of_this_process().unwrap())).is_ok());
    // The secret of several nodes outlives each of them.
    let secret = || Ok::<_, std::io::Error>(vec![7; 32].into());
    let secret = SecretSource::from_fn("secret", secret);
    let shared = || without().nonces(Nonces::shared(&secret).unwrap());
    refused(built(shared()), "5.3.4-5");
    assert!(built(shared().refuse_older_than_start()).is_ok());
}

#[test]
fn section_5_4_1_1_algorithms_are_those_of_the_profile() {
    refused(
        proofs(|dpop| dpop.algorithms([Algorithm::Rs256])),
        "5.4.1-1",
    );
    refused(
        proofs(|dpop| dpop.algorithms([Algorithm::Es256, Algorithm::Ps384])),
        "5.4.1-1",
    );
    assert!(proofs(|dpop| dpop.algorithms([Algorithm::Es256])).is_ok());
    let binding = binding().build();
    let built = |validator: JwtValidatorBuilder<Ready>| {
        authorized(gate(&binding).validator(validator.build().unwrap()))
    };
    let keys = |key: FakeKey| built(of_keys(&binding, key.key_set()));
    refused(keys(FakeKey::rs256("key-1")), "5.4.1-1");
    assert!(keys(FakeKey::ed25519("key-1")).is_ok());
    // A store may get any key.
    let store = || {
        let store: Arc<dyn KeyStore> = Arc::new(FakeKey::es256("key-1").key_set());
        let builder = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(API);
        builder.key_store(store).sender_constraint(binding.clone())
    };
    refused(built(store()), "5.4.1-1");
    assert!(built(store().algorithms(Fapi2::ALGORITHMS)).is_ok());
}

#[test]
fn section_5_4_1_1_counts_for_signed_requests() {
    let binding = binding().build();
    let built = |algorithms: &[Algorithm]| {
        let key: Key = FakeKey::es256("client")
            .public()
            .with_kid("client")
            .unwrap();
        let keys = FixedMessageKeys::new(&KeySet::from(key)).unwrap();
        let verifier = MessageVerifier::fapi2(url(), keys).algorithms(algorithms.iter().copied());
        let own = gate(&binding).validator(jwt(&binding).build().unwrap());
        authorized(own.signed_requests(verifier.build().unwrap()))
    };
    refused(built(&[Algorithm::Es256, Algorithm::Es384]), "5.4.1-1");
    assert!(built(&Fapi2::ALGORITHMS).is_ok());
}

#[test]
fn section_5_3_2_1_14_clocks_differ_by_ten_to_sixty_seconds() {
    for (ahead, conforms) in [(9, false), (10, true), (60, true), (61, false)] {
        let leeway = Leeway::new(secs(ahead)).unwrap();
        let of_tokens = with(binding(), |jwt| jwt.leeway(leeway));
        let of_proofs = proofs(|dpop| dpop.window(secs(60), secs(ahead)));
        for built in [of_tokens, of_proofs] {
            match conforms {
                true => assert!(built.is_ok(), "{ahead}"),
                false => refused(built, "5.3.2.1-14"),
            }
        }
    }
}

/// An endpoint that is never called.
#[derive(Debug)]
struct Nowhere;

impl HttpClient for Nowhere {
    fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::now(Err(HttpError::new(HttpErrorKind::Connect)))
    }
}

impl Spawn for Nowhere {
    fn spawn(&self, _: NowOrLater<'static, ()>) {}
}

fn introspection(binding: &Binding) -> IntrospectionValidatorBuilder<Ready> {
    let environment = Environment::new().http_client(Nowhere).spawner(Nowhere);
    let auth = ClientAuth::secret_basic("orders", "a secret of the service".to_owned()).unwrap();
    IntrospectionValidator::builder(ENDPOINT, auth)
        .audience(API)
        .issuer("https://idp.example.com")
        .sender_constraint(binding.clone())
        .env(&environment)
}

#[test]
fn an_introspection_endpoint_notices_revocations() {
    let binding = binding().build();
    let gate = Gate::builder().fapi2(Fapi2::new(binding.clone()));
    let validator = introspection(&binding).build().unwrap();
    assert!(authorized(gate.validator(validator)).is_ok());
}

#[test]
fn message_signing_needs_signed_answers_with_algorithms_of_the_profile() {
    let binding = binding().build();
    let keys = || -> Arc<dyn KeyStore> { Arc::new(FakeKey::es256("key-1").key_set()) };
    let built = |validator: IntrospectionValidatorBuilder<Ready>| {
        let gate = Gate::builder().fapi2(Fapi2::new(binding.clone()).message_signing());
        authorized(gate.validator(validator.build().unwrap()))
    };
    refused(built(introspection(&binding)), "Message Signing 5.5");
    let signed = || introspection(&binding).signed("https://idp.example.com", keys());
    refused(built(signed()), "5.4.1-1");
    assert!(built(signed().signed_algorithms(Fapi2::ALGORITHMS)).is_ok());
}

/// A validator of the service.
#[derive(Debug)]
struct Own {
    conformance: Conformance,
}

impl TokenValidator for Own {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn conformance(&self) -> Conformance {
        self.conformance.clone()
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        NowOrLater::now(Ok(Principal::builder(PrincipalKind::Other, "own").build()))
    }
}

#[test]
fn a_validator_of_ones_own_conforms_only_if_it_says_so() {
    let binding = binding().build();
    let built =
        |conformance: Conformance| authorized(gate(&binding).validator(Own { conformance }));
    refused(built(Conformance::new()), "5.3.4-5");
    let bound = || Conformance::new().sender_constraint(binding.clone());
    refused(built(bound()), "5.3.4-3");
    let bound = || bound().checks_audience();
    refused(built(bound()), "5.4.1-1");
    assert!(built(bound().unsigned()).is_ok());
    let signed = |algorithm| bound().signed_with([algorithm]);
    refused(built(signed(Algorithm::Es256)), "5.3.2.1-14");
    let leeway = Leeway::default();
    assert!(built(signed(Algorithm::Es256).leeway(leeway)).is_ok());
    refused(built(signed(Algorithm::Hs256).leeway(leeway)), "5.4.1-1");
}

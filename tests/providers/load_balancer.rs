//! Identities that a load balancer forwards.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::http_client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Spawn,
};
use bearergate::jwt::providers::{self, AWS_ALB_HEADER, AwsAlbBuilder, AwsAlbValidator};
use bearergate::principal::PrincipalKind;
use bearergate::{Gate, NowOrLater, TokenValidator};
use http::{HeaderMap, Request, StatusCode};

use super::*;

const REGION: &str = "eu-west-1";
const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
const KEY: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
/// The end of an id without a key.
const UNKNOWN: &str = "-000000000000";
const PEM: &str = include_str!("../keys/es256.public.pem");

/// The server of the keys: it has the key of one id, or of every id that does not end with
/// [`UNKNOWN`], unless it is down.
#[derive(Clone, Debug, Default)]
struct KeyServer(Arc<Mutex<ServerState>>);

#[derive(Debug, Default)]
struct ServerState {
    asked: Vec<String>,
    is_down: bool,
    has_every_id: bool,
    /// The key, if it is not [`PEM`].
    other_key: Option<&'static str>,
}

impl HttpClient for KeyServer {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        NowOrLater::later(async move {
            let mut state = self.0.lock().unwrap();
            let url = request.endpoint().uri().to_string();
            let is_known = state.has_every_id && !url.ends_with(UNKNOWN);
            let (status, body) = match is_known || url.ends_with(KEY) {
                true => (StatusCode::OK, state.other_key.unwrap_or(PEM)),
                false => (StatusCode::NOT_FOUND, ""),
            };
            state.asked.push(url);
            if state.is_down {
                return Err(HttpErrorKind::Connect.into());
            }
            Ok(HttpResponse::new(status, HeaderMap::new(), body.into()))
        })
    }
}

/// Runs each task to its end at once: no server here waits.
#[derive(Debug)]
pub(super) struct AtOnce;

impl Spawn for AtOnce {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        run(task);
    }
}

struct Scene {
    server: KeyServer,
    clock: FakeClock,
    validator: AwsAlbValidator,
}

impl Scene {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(AwsAlbBuilder) -> AwsAlbBuilder) -> Self {
        let (server, clock) = (
            KeyServer::default(),
            FakeClock::at(UnixTime::from_secs(NOW)),
        );
        let environment = environment(&server).clock(clock.clone());
        let builder = providers::aws_alb(REGION, ARN, "web").env(&environment);
        let validator = configure(builder).build().unwrap();
        Self {
            server,
            clock,
            validator,
        }
    }

    fn validate(&self, token: &str) -> Result<Principal, Rejection> {
        run(self.validator.validate(&PresentedCredential::token(token)))
    }

    fn reason(&self, token: &str) -> (RejectionKind, Option<String>) {
        let rejection = self.validate(token).unwrap_err();
        (rejection.kind(), rejection.claim().map(str::to_owned))
    }

    fn requests(&self) -> usize {
        self.server.0.lock().unwrap().asked.len()
    }
}

fn environment(server: &KeyServer) -> Environment {
    Environment::new()
        .http_client(server.clone())
        .spawner(AtOnce)
}

fn forwarded() -> Shape {
    Shape::new(
        json!({
            "typ": "JWT", "kid": KEY, "alg": "ES256", "iss": COGNITO, "client": "web",
            "signer": ARN, "exp": NOW + 120,
        }),
        json!({
            "sub": "cbc2c3f4-1b6b-4d47-8d8b-6a6d3d1f6f7a", "email": "alice@example.com",
            "username": "alice", "exp": NOW + 120, "iss": COGNITO,
        }),
    )
}

/// A token as a load balancer makes it; another spelling is given by another `encode`.
fn spelled(shape: &Shape, encode: impl Fn(&[u8]) -> String) -> String {
    let parts = [&shape.header, &shape.claims].map(|part| encode(part.to_string().as_bytes()));
    let message = parts.join(".");
    let signature = encode(&signing::sign("ES256", message.as_bytes()));
    format!("{message}.{signature}")
}

fn padded(shape: &Shape) -> String {
    spelled(shape, |part| URL_SAFE.encode(part))
}

fn with_header(member: &str, value: impl Into<Value>) -> Shape {
    let mut shape = forwarded();
    let header = shape.header.as_object_mut().unwrap();
    header.insert(member.to_owned(), value.into());
    shape
}

fn without_header(member: &str) -> Shape {
    let mut shape = forwarded();
    shape
        .header
        .as_object_mut()
        .unwrap()
        .remove(member)
        .unwrap();
    shape
}

/// Each rejected token names the step and has a twin that is accepted.
#[test]
fn explanation_names_the_step_that_failed() {
    let late = |name: &str, value: u64| {
        let mut shape = forwarded();
        shape.claims[name] = value.into();
        padded(&shape)
    };
    let good = padded(&forwarded());
    let (message, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", URL_SAFE.encode([7; 64]));
    let scene = Scene::with(|builder| builder.issuer(COGNITO));
    let explained = |token: &str| {
        let presented = PresentedCredential::token(token);
        let explanation = run(scene.validator.explain(&presented));
        let validated = scene.validate(token).err();
        let kind = |rejection: &Rejection| (rejection.kind(), rejection.claim().map(str::to_owned));
        assert_eq!(
            explanation.rejection().map(kind),
            validated.as_ref().map(kind)
        );
        explanation
    };
    assert!(explained(&good).is_accepted());
    for (step, token) in [
        ("size", "a".repeat(16_385)),
        (
            "shape",
            spelled(&forwarded(), |part| URL_SAFE_NO_PAD.encode(part)),
        ),
        ("header", padded(&with_header("alg", "RS256"))),
        ("header", padded(&with_header("typ", "at+jwt"))),
        ("signer", padded(&with_header("signer", format!("{ARN}x")))),
        ("signer", padded(&without_header("signer"))),
        ("signature", forged),
        ("claims", late("sub", 7)),
        ("client", padded(&with_header("client", "app"))),
        ("expiry", late("exp", NOW - 30)),
        ("not_before", late("nbf", NOW + 31)),
        ("issued_at", late("iat", NOW + 31)),
    ] {
        let explanation = explained(&token);
        let failed = explanation.failed().unwrap();
        assert_eq!(failed.name(), step, "{explanation}");
        let texts = [failed.expected_text(), failed.found_text()];
        assert!(texts.iter().all(|text| text.is_some_and(|t| !t.is_empty())));
        let text = explanation.to_string();
        assert!(
            !text.contains("alice") && !text.contains("cbc2c3f4"),
            "{text}"
        );
    }
    let late = explained(&late("exp", NOW - 400));
    assert!(
        late.failed()
            .unwrap()
            .found_text()
            .unwrap()
            .contains("400 seconds")
    );
}

#[test]
fn an_identity_is_accepted_with_the_key_at_its_own_address() {
    let scene = Scene::new();
    let principal = scene.validate(&padded(&forwarded())).unwrap();
    assert_eq!(
        principal.subject(),
        Some("cbc2c3f4-1b6b-4d47-8d8b-6a6d3d1f6f7a")
    );
    assert_eq!(
        (principal.client(), principal.kind()),
        (Some("web"), PrincipalKind::IdToken)
    );
    assert_eq!(principal.authority().as_str(), ARN);
    assert!(principal.scopes().is_none() && principal.token_id().is_some());
    let url = format!("https://public-keys.auth.elb.eu-west-1.amazonaws.com/{KEY}");
    assert_eq!(scene.server.0.lock().unwrap().asked, [url]);
    scene.validate(&padded(&forwarded())).unwrap();
    assert_eq!(scene.requests(), 1);
}

#[test]
fn only_the_padded_spelling_is_accepted() {
    let scene = Scene::new();
    scene.validate(&padded(&forwarded())).unwrap();
    let bare = spelled(&forwarded(), |part| URL_SAFE_NO_PAD.encode(part));
    assert_eq!(scene.reason(&bare).0, RejectionKind::TokenMalformed);
    let token = padded(&forwarded());
    let cut = token.trim_end_matches('=');
    assert_ne!(cut, token);
    for other in [
        cut.to_owned(),
        format!("{token}="),
        format!("{token}.a"),
        token.replace('.', ".."),
    ] {
        assert_eq!(scene.reason(&other).0, RejectionKind::TokenMalformed);
    }
}

#[test]
fn signer_and_client_are_demanded() {
    let scene = Scene::new();
    let stranger = ARN.replace("111122223333", "999999999999");
    let reason = |shape: &Shape| scene.reason(&padded(shape));
    let mismatch = (RejectionKind::IssuerMismatch, Some("signer".to_owned()));
    assert_eq!(reason(&with_header("signer", stranger)), mismatch);
    assert_eq!(reason(&without_header("signer")).0, ClaimMissing);
    assert_eq!(reason(&with_header("signer", json!([ARN]))).0, ClaimInvalid);
    // A stranger's token causes no request.
    assert_eq!(scene.requests(), 0);
    let mismatch = (AudienceMismatch, Some("client".to_owned()));
    assert_eq!(reason(&with_header("client", "other")), mismatch);
    assert_eq!(reason(&without_header("client")).0, ClaimMissing);
}

#[test]
fn signature_and_header_are_checked() {
    let scene = Scene::new();
    let token = padded(&forwarded());
    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", URL_SAFE.encode([1; 64]));
    assert_eq!(scene.reason(&forged).0, RejectionKind::SignatureInvalid);
    for (member, value, kind) in [
        ("alg", json!("RS256"), RejectionKind::AlgorithmNotAllowed),
        ("alg", json!("none"), RejectionKind::AlgorithmNotAllowed),
        ("alg", json!(256), RejectionKind::HeaderUnsupported),
        ("crit", json!(["exp"]), RejectionKind::HeaderUnsupported),
        ("typ", json!("at+jwt"), TypeMismatch),
        (
            "kid",
            json!("../../other"),
            RejectionKind::HeaderUnsupported,
        ),
        (
            "kid",
            json!(KEY.replace('-', "")),
            RejectionKind::HeaderUnsupported,
        ),
        ("kid", json!(7), RejectionKind::HeaderUnsupported),
    ] {
        assert_eq!(
            scene.reason(&padded(&with_header(member, value))).0,
            kind,
            "{member}"
        );
    }
}

#[test]
fn a_header_without_a_type_is_accepted() {
    let scene = Scene::new();
    scene.validate(&padded(&without_header("typ"))).unwrap();
    let numeric = padded(&with_header("typ", 1));
    assert_eq!(scene.reason(&numeric).0, RejectionKind::HeaderUnsupported);
}

#[test]
fn only_hexadecimal_ids_of_keys_are_looked_up() {
    let scene = Scene::new();
    scene.server.0.lock().unwrap().has_every_id = true;
    for kid in [
        "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
        "../../..-4e5f-6071-8293-a4b5c6d7e8f9",
        "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f?",
    ] {
        let token = padded(&with_header("kid", kid));
        assert_eq!(scene.reason(&token).0, RejectionKind::HeaderUnsupported);
    }
    assert_eq!(scene.requests(), 0);
    let upper = padded(&with_header("kid", KEY.to_uppercase()));
    scene.validate(&upper).unwrap();
    assert_eq!(scene.requests(), 1);
}

#[test]
fn a_key_that_is_not_for_es256_is_not_used() {
    for (pem, wanted) in [
        (PEM, None),
        (
            include_str!("../keys/rsa-2048.public.pem"),
            Some(RejectionKind::KeyNotFound),
        ),
        (
            include_str!("../keys/es384.public.pem"),
            Some(RejectionKind::KeyNotFound),
        ),
    ] {
        let scene = Scene::new();
        scene.server.0.lock().unwrap().other_key = Some(pem);
        let outcome = scene.validate(&padded(&forwarded()));
        assert_eq!(outcome.err().map(|rejection| rejection.kind()), wanted);
    }
}

#[test]
fn headers_and_tokens_are_read_up_to_their_limits() {
    let scene = Scene::new();
    let padded_header = |len: usize| {
        let bare = with_header("pad", "").header.to_string().len();
        padded(&with_header("pad", "x".repeat(len - bare)))
    };
    scene.validate(&padded_header(4 * 1024)).unwrap();
    let longer = padded_header(4 * 1024 + 1);
    assert_eq!(scene.reason(&longer).0, RejectionKind::TokenTooLarge);
    let limit = 16 * 1024;
    // The parts are spelled in groups of four bytes and there are two dots.
    let of_length = |wanted: usize| {
        let token = |pad: usize| padded(&forwarded().with("pad", "x".repeat(pad)));
        let found = (0..limit).map(|step| limit * 3 / 4 - step).map(token);
        found
            .into_iter()
            .find(|token| token.len() == wanted)
            .unwrap()
    };
    scene.validate(&of_length(limit - 2)).unwrap();
    let longer = of_length(limit + 2);
    assert_eq!(scene.reason(&longer).0, RejectionKind::TokenTooLarge);
    for (len, kind) in [
        (limit, RejectionKind::TokenMalformed),
        (limit + 1, RejectionKind::TokenTooLarge),
    ] {
        assert_eq!(scene.reason(&"a".repeat(len)).0, kind);
    }
}

#[test]
fn a_bound_identity_is_refused() {
    let scene = Scene::new();
    let bound = forwarded().with("cnf", json!({"jkt": "0".repeat(43)}));
    let reason = (RejectionKind::BindingRequired, Some("cnf".to_owned()));
    assert_eq!(scene.reason(&padded(&bound)), reason);
    scene.validate(&padded(&bound.without("cnf"))).unwrap();
}

#[test]
fn an_identity_of_the_future_is_refused() {
    let scene = Scene::new();
    let issued = |at: u64| padded(&forwarded().with("iat", at));
    scene.validate(&issued(NOW + 30)).unwrap();
    let reason = (RejectionKind::TokenIssuedInFuture, Some("iat".to_owned()));
    assert_eq!(scene.reason(&issued(NOW + 31)), reason);
}

#[test]
fn a_fraction_of_a_second_does_not_prolong_the_header() {
    let scene = Scene::new();
    let until = |exp: Value| padded(&with_header("exp", exp));
    scene.validate(&until(json!(NOW - 29))).unwrap();
    let text = until(json!(1_759_999_970.5));
    assert_eq!(scene.reason(&text).0, RejectionKind::TokenExpired);
    assert_eq!(NOW - 30, 1_759_999_970);
}

#[test]
fn the_earlier_of_both_expiries_counts() {
    let scene = Scene::new();
    let expired = (RejectionKind::TokenExpired, Some("exp".to_owned()));
    assert_eq!(
        scene.reason(&padded(&with_header("exp", NOW - 30))),
        expired
    );
    assert_eq!(
        scene.reason(&padded(&forwarded().with("exp", NOW - 30))),
        expired
    );
    scene
        .validate(&padded(&forwarded().with("exp", NOW - 29)))
        .unwrap();
    let mut none = without_header("exp");
    scene.validate(&padded(&none)).unwrap();
    none = none.without("exp");
    assert_eq!(scene.reason(&padded(&none)).0, ClaimMissing);
    assert_eq!(
        scene.reason(&padded(&with_header("exp", "soon"))).0,
        ClaimInvalid
    );
    let early = forwarded().with("nbf", NOW + 31);
    assert_eq!(
        scene.reason(&padded(&early)).0,
        RejectionKind::TokenNotYetValid
    );
}

#[test]
fn a_configured_issuer_is_demanded_and_is_the_authority() {
    let scene = Scene::with(|builder| builder.issuer(COGNITO));
    let principal = scene.validate(&padded(&forwarded())).unwrap();
    assert_eq!(principal.authority().as_str(), COGNITO);
    scene
        .validate(&padded(&forwarded().without("iss")))
        .unwrap();
    let other = forwarded().with("iss", "https://idp.example.com");
    assert_eq!(
        scene.reason(&padded(&other)),
        (IssuerMismatch, Some("iss".to_owned()))
    );
    let mut silent = without_header("iss");
    silent = silent.without("iss");
    assert_eq!(scene.reason(&padded(&silent)).0, ClaimMissing);
}

#[test]
fn unknown_key_ids_cause_a_bounded_number_of_requests() {
    let scene = Scene::new();
    for id in 0..100 {
        let kid = format!("{id:08x}-4e5f-6071-8293-a4b5c6d7e8f9");
        let token = padded(&with_header("kid", kid));
        assert_eq!(scene.reason(&token).0, RejectionKind::Unavailable);
    }
    assert_eq!(scene.requests(), 8);
    scene.clock.advance(Duration::from_secs(30));
    scene.validate(&padded(&forwarded())).unwrap();
    // The ids of strangers make room; the load balancer's own key stays.
    for id in 100..160 {
        scene.clock.advance(Duration::from_secs(30));
        let kid = format!("{id:08x}-4e5f-6071-8293-a4b5c6d7e8f9");
        let shape = with_header("kid", kid).with("exp", NOW + 10_000);
        assert_eq!(scene.reason(&padded(&shape)).0, RejectionKind::Unavailable);
    }
    let before = scene.requests();
    let late = with_header("exp", NOW + 10_000).with("exp", NOW + 10_000);
    scene.validate(&padded(&late)).unwrap();
    assert!(scene.requests() <= before + 1);
}

/// Validates an identity under the key with this number.
fn ask_for(scene: &Scene, number: u32, end: &str) -> Result<Principal, Rejection> {
    let kid = format!("{number:08x}-4e5f-6071-8293{end}");
    let mut shape = with_header("kid", kid).with("exp", NOW + 10_000);
    let header = shape.header.as_object_mut().unwrap();
    header.insert("exp".to_owned(), (NOW + 10_000).into());
    scene.validate(&padded(&shape))
}

#[test]
fn the_keys_of_sixteen_ids_are_kept_and_the_oldest_makes_room() {
    let scene = Scene::new();
    scene.server.0.lock().unwrap().has_every_id = true;
    let own = "-a4b5c6d7e8f9";
    for number in 0..16 {
        if number % 8 == 0 {
            scene.clock.advance(Duration::from_secs(30));
        }
        ask_for(&scene, number, own).unwrap();
    }
    ask_for(&scene, 0, own).unwrap();
    assert_eq!(scene.requests(), 16);
    scene.clock.advance(Duration::from_secs(30));
    ask_for(&scene, 16, own).unwrap();
    ask_for(&scene, 1, own).unwrap();
    assert_eq!(scene.requests(), 17);
    ask_for(&scene, 0, own).unwrap();
    assert_eq!(scene.requests(), 18);
}

#[test]
fn an_id_without_a_key_makes_room_before_the_oldest() {
    let scene = Scene::new();
    scene.server.0.lock().unwrap().has_every_id = true;
    let own = "-a4b5c6d7e8f9";
    for number in 0..16 {
        if number % 8 == 0 {
            scene.clock.advance(Duration::from_secs(30));
        }
        let end = if number == 5 { UNKNOWN } else { own };
        assert_eq!(ask_for(&scene, number, end).is_ok(), number != 5);
    }
    scene.clock.advance(Duration::from_secs(30));
    ask_for(&scene, 16, own).unwrap();
    let before = scene.requests();
    for number in (0..5).chain(6..17) {
        ask_for(&scene, number, own).unwrap();
    }
    assert_eq!(scene.requests(), before);
}

#[test]
fn a_key_server_that_does_not_answer_makes_tokens_unavailable() {
    let scene = Scene::new();
    scene.server.0.lock().unwrap().is_down = true;
    assert_eq!(
        scene.reason(&padded(&forwarded())).0,
        RejectionKind::Unavailable
    );
    scene.server.0.lock().unwrap().is_down = false;
    scene.clock.advance(Duration::from_secs(60));
    scene.validate(&padded(&forwarded())).unwrap();
}

#[test]
fn a_gate_reads_the_load_balancers_header_and_no_other() {
    let server = KeyServer::default();
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let users = providers::aws_alb(REGION, ARN, "web").env(&environment(&server));
    let sources = Sources::builder().header(AWS_ALB_HEADER).build().unwrap();
    let gate = Gate::builder()
        .validator(users.build().unwrap())
        .sources(sources)
        .allow_any_authenticated()
        .clock(clock)
        .build()
        .unwrap();
    let ask = |name: &str, value: String| {
        let request = Request::get("/").header(name, value).body(()).unwrap();
        run(gate.check(&request))
            .map(drop)
            .map_err(|refusal| refusal.kind())
    };
    let token = padded(&forwarded());
    assert_eq!(ask(AWS_ALB_HEADER, token.clone()), Ok(()));
    assert_eq!(
        ask("authorization", format!("Bearer {token}")),
        Err(RejectionKind::CredentialMalformed)
    );
}

#[test]
fn the_configuration_is_checked() {
    let build = |region: &str, arn: &str, client: &str| {
        let builder = providers::aws_alb(region, arn, client);
        let built = builder.env(&environment(&KeyServer::default())).build();
        let error = built.unwrap_err();
        (error.kind(), error.field())
    };
    let malformed = ConfigErrorKind::ValueMalformed;
    assert_eq!(build("", ARN, "web"), (malformed, "region"));
    assert_eq!(build("eu-west-1/x", ARN, "web"), (malformed, "region"));
    let nowhere = ARN.replace(REGION, "euwest1");
    assert_eq!(build("euwest1", &nowhere, "web"), (malformed, "region"));
    assert_eq!(build(REGION, "web", "web"), (malformed, "load_balancer"));
    let network = ARN.replace("/app/", "/net/");
    assert_eq!(build(REGION, &network, "web"), (malformed, "load_balancer"));
    assert_eq!(
        build("us-east-1", ARN, "web"),
        (ConfigErrorKind::Conflict, "load_balancer")
    );
    assert_eq!(build(REGION, ARN, ""), (ConfigErrorKind::Empty, "client"));
    let alone = providers::aws_alb(REGION, ARN, "web").build().unwrap_err();
    assert_eq!(alone.kind(), ConfigErrorKind::Empty);
}

#[test]
fn each_partition_has_its_own_address_of_keys() {
    for (region, wanted) in [
        (
            "us-gov-west-1",
            "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/",
        ),
        (
            "cn-north-1",
            "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/",
        ),
    ] {
        let (server, arn) = (KeyServer::default(), ARN.replace(REGION, region));
        let validator = providers::aws_alb(region, &arn, "web")
            .env(&environment(&server))
            .build()
            .unwrap();
        let token = padded(&with_header("signer", arn));
        let presented = PresentedCredential::token(&token).at(UnixTime::from_secs(NOW));
        run(validator.validate(&presented)).unwrap();
        assert_eq!(server.0.lock().unwrap().asked, [format!("{wanted}{KEY}")]);
    }
}

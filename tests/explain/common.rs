//! Gates, requests, and the comparison of an explanation with the check of the same request.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{Place, PresentedCredential, Sources};
use bearergate::diagnosis::Step;
use bearergate::gate::{GateBuilder, RequestExplanation};
use bearergate::principal::{Confirmation, PrincipalKind};
use bearergate::revocation::RevocationList;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::validator::{Authorities, SenderConstraint, Shape};
use bearergate::{
    ApiKeyValidator, Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind,
    TokenValidator, require_scope,
};
use http::request::{Builder, Parts};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

static KEY: LazyLock<FakeKey> = LazyLock::new(|| FakeKey::ed25519("k1"));

pub(crate) fn clock() -> FakeClock {
    FakeClock::at(NOW)
}

/// A token that is accepted and has the scope `orders:read`.
pub(crate) fn claims() -> TokenBuilder {
    TokenBuilder::new(&KEY, NOW)
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .subject("canary-subject")
        .scope("orders:read")
}

pub(crate) fn other_key() -> FakeKey {
    FakeKey::ed25519("k1")
}

/// A token that is bound to a key.
pub(crate) fn bound() -> TokenBuilder {
    let thumbprint = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    claims().claim("cnf", serde_json::json!({"jkt": thumbprint}))
}

/// Counts how often it is asked, and accepts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs(Arc<AtomicUsize>);

impl Proofs {
    pub(crate) fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl SenderConstraint for Proofs {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        NowOrLater::now(Ok(()))
    }
}

pub(crate) fn jwt(proofs: &Proofs) -> JwtValidator {
    JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keys(KEY.key_set())
        .clock(clock())
        .sender_constraint(proofs.clone())
        .build()
        .unwrap()
}

/// Accepts every credential but those that name a kind, and answers at once or after a pause.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    shapes: Vec<Shape>,
    is_slow: bool,
    pub(crate) calls: Arc<AtomicUsize>,
    pub(crate) uses: Arc<AtomicUsize>,
}

impl Named {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shapes: vec![shape],
            is_slow: false,
            calls: Arc::default(),
            uses: Arc::default(),
        }
    }

    pub(crate) fn slow(shape: Shape) -> Self {
        Self {
            is_slow: true,
            ..Self::new(shape)
        }
    }

    fn result(&self, presented: &PresentedCredential<'_>) -> Result<Principal, Rejection> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if !presented.is_diagnosis() {
            self.uses.fetch_add(1, Ordering::SeqCst);
        }
        let token = presented.credential().expose();
        let mut kinds = RejectionKind::ALL.iter();
        match kinds.find(|kind| kind.as_str() == token) {
            Some(kind) => Err(Rejection::new(*kind).with_source("as the test asked")),
            None => Ok(Principal::builder(PrincipalKind::Other, "named")
                .subject("canary-subject")
                .scopes(["orders:read"])
                .build()),
        }
    }
}

impl TokenValidator for Named {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        if !self.is_slow {
            return NowOrLater::now(self.result(presented));
        }
        NowOrLater::later(async move {
            Pause::default().await;
            self.result(presented)
        })
    }
}

#[derive(Default)]
pub(crate) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.0, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// Polls until the value is ready.
pub(crate) fn wait<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    for _ in 0..1_000 {
        if let Poll::Ready(value) = answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
    unreachable!("it is never ready")
}

/// Revokes everything, or cannot say.
#[derive(Debug)]
pub(crate) struct Revokes(pub(crate) RejectionKind);

impl RevocationList for Revokes {
    fn check_revocation<'a>(&'a self, _: &'a Principal) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Err(self.0.into()))
    }
}

/// API keys of one service.
pub(crate) struct Keys {
    pub(crate) store: Arc<MemoryApiKeyStore>,
    pub(crate) validator: ApiKeyValidator,
    pub(crate) manager: ApiKeyManager,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let pepper = SecretSource::from_fn("pepper", || {
            Ok::<_, std::convert::Infallible>(Secret::from(vec![7_u8; 32]))
        });
        let peppers = PepperSet::new(1, &pepper).unwrap();
        let format = ApiKeyFormat::new("acme_live").unwrap();
        let scheme = ApiKeyScheme::new("acme keys", format, peppers).unwrap();
        let store = Arc::new(MemoryApiKeyStore::new(100).unwrap());
        let validator = ApiKeyValidator::builder(scheme.clone(), store.clone())
            .without_header()
            .clock(clock());
        let manager = ApiKeyManager::builder(scheme, store.clone()).clock(clock());
        Self {
            store,
            validator: validator.build().unwrap(),
            manager: manager.build().unwrap(),
        }
    }

    pub(crate) fn issue(&self) -> String {
        let draft = NewApiKey::new("canary-subject").expires_in(Duration::from_secs(3_600));
        let issued = wait(self.manager.create(draft.scopes(["orders:read"]))).unwrap();
        issued.secret.reveal()
    }
}

pub(crate) fn sources() -> Sources {
    let all = Sources::builder().dpop().api_key().cookie("sid");
    all.header("x-own").query("access_token").build().unwrap()
}

/// A gate with JWTs, API keys and a cookie; nothing takes opaque tokens in other places.
pub(crate) fn full(keys: &Keys, proofs: &Proofs) -> GateBuilder {
    Gate::builder()
        .validator(jwt(proofs))
        .validator(keys.validator.clone())
        .validator_at(Place::Cookie("sid".into()), Named::new(Shape::Opaque))
        .sources(sources())
        .clock(clock())
}

pub(crate) fn reader(keys: &Keys, proofs: &Proofs) -> Gate {
    let gate = full(keys, proofs).authorizer(require_scope("orders:read"));
    gate.build().unwrap()
}

/// A gate with opaque tokens of this validator only.
pub(crate) fn named(validator: Named) -> GateBuilder {
    Gate::builder().validator(validator).clock(clock())
}

pub(crate) fn get() -> Builder {
    http::Request::get("/orders")
}

pub(crate) fn with(builder: Builder, name: &str, value: &str) -> Builder {
    builder.header(name, value)
}

pub(crate) fn parts(builder: Builder) -> Parts {
    builder.body(()).unwrap().into_parts().0
}

pub(crate) fn bearer(token: &str) -> Parts {
    parts(get().header("authorization", format!("Bearer {token}")))
}

/// Explains a request and checks it, compares the results, and returns the explanation.
pub(crate) fn agreed(gate: &Gate, parts: &Parts) -> RequestExplanation {
    let explained = wait(gate.explain(parts));
    let checked = wait(gate.check(parts));
    let refusal = checked.err();
    let kind = |refusal: &bearergate::http_response::Refusal| {
        let claim = refusal.rejection().claim().map(str::to_owned);
        (
            refusal.kind(),
            refusal.status(),
            claim,
            refusal.decision().cloned(),
        )
    };
    assert_eq!(
        explained.refusal().map(kind),
        refusal.as_ref().map(kind),
        "{explained}"
    );
    assert_eq!(
        explained.failed().is_some(),
        refusal.is_some(),
        "{explained}"
    );
    let outcomes = explained.sections().iter().flat_map(|own| own.steps());
    let failed = outcomes.filter(|step| step.outcome().as_str() == "failed");
    assert!(failed.count() <= 1, "{explained}");
    for step in explained.failed().iter() {
        assert!(
            step.expected_text().is_some() && step.found_text().is_some(),
            "{step}"
        );
    }
    explained
}

/// Returns the name of the section that failed, and its step.
pub(crate) fn failure(explained: &RequestExplanation) -> (&'static str, &Step) {
    let failed = explained
        .sections()
        .iter()
        .find(|own| own.failed().is_some());
    let section = failed.unwrap();
    (section.name(), section.failed().unwrap())
}

pub(crate) fn found(explained: &RequestExplanation) -> String {
    failure(explained).1.found_text().unwrap().to_owned()
}

pub(crate) fn hint(explained: &RequestExplanation) -> String {
    failure(explained)
        .1
        .hint_text()
        .unwrap_or_default()
        .to_owned()
}

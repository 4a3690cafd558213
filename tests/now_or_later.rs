//! Ready and waiting components give the same answers, by the same calls.
//!
//! Each component that may have to wait is given in two forms, one that answers at once and one
//! that answers when it is polled. Every combination of forms must give the same results, and must
//! call the same components in the same order: nothing that has answered is called twice.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod signing;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::api_key::store::{ApiKeyChange, ApiKeyQuery};
use bearergate::api_key::{
    ApiKeyFormat, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyScheme, ApiKeyStore, LegacyFormat,
    NewApiKey, PepperSet, PepperedDigest,
};
use bearergate::client_auth::ClientAuth;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::environment::Environment;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::grant::GrantStore;
use bearergate::grant::store::{Lookup, Sequence, TokenDigest};
use bearergate::http_client::{HttpClient, HttpError, HttpRequest, HttpResponse, Spawn};
use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
use bearergate::policy::{AccessRequest, Decision};
use bearergate::principal::{Confirmation, KeyId, PrincipalKind};
use bearergate::revocation::RevocationList;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::session::{NewSession, SessionCookie, SessionManager, SessionRecord, SessionStore};
use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};
use bearergate::validator::{Authorities, SenderConstraint, Shape, TokenCache};
use bearergate::{
    ApiKeyValidator, Authorizer, Gate, IntrospectionValidator, JwtValidator, KeyStore, NowOrLater,
    Principal, Rejection, RejectionKind, TokenValidator,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

const NOW: u64 = 1_760_000_000;
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://api.example.com";
const LEGACY: [&str; 4] = [
    "c0ffee00-7a11-4d0e-9f3b-0000",
    "c0ffee00-7a11-4d0e-9f3b-1111",
    "c0ffee00-7a11-4d0e-9f3b-2222",
    "c0ffee00-7a11-4d0e-9f3b-3333",
];

/// The calls that components have answered, in order.
#[derive(Clone, Debug, Default)]
struct CallLog(Arc<Mutex<Vec<String>>>);

impl CallLog {
    fn push(&self, call: &str) {
        self.0.lock().unwrap().push(call.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A component in its ready or its waiting form.
#[derive(Clone)]
struct Component<T> {
    inner: T,
    waits: bool,
    log: CallLog,
}

impl<T: Sync> Component<T> {
    fn new(inner: T, waits: bool, log: &CallLog) -> Self {
        let log = log.clone();
        Self { inner, waits, log }
    }

    fn call<'a, R: Send + 'a>(
        &'a self,
        name: &'static str,
        call: impl FnOnce(&'a T) -> NowOrLater<'a, R> + Send + 'a,
    ) -> NowOrLater<'a, R> {
        if !self.waits {
            self.log.push(name);
            return call(&self.inner);
        }
        NowOrLater::later(async move {
            Pause::default().await;
            self.log.push(name);
            let value = call(&self.inner).await;
            Pause::default().await;
            value
        })
    }
}

impl<T> fmt::Debug for Component<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Component")
    }
}

/// A future that is pending once.
#[derive(Default)]
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// One line for each input: what it is, its result, the calls that led to it.
type Report = Vec<String>;

/// Runs every combination of ready and waiting components; `run` takes which of them wait.
fn every_combination<const N: usize>(run: impl Fn([bool; N]) -> Report) -> Report {
    let ready = run([false; N]);
    for bits in 1..1_usize << N {
        let waits = std::array::from_fn(|n| bits >> n & 1 == 1);
        assert_eq!(run(waits), ready, "waiting: {waits:?}");
    }
    ready
}

/// Validates a credential and reports it.
fn validated(
    validator: &dyn TokenValidator,
    (name, credential): (&str, &str),
    log: &CallLog,
) -> String {
    let presented = PresentedCredential::token(credential).at(UnixTime::from_secs(NOW));
    let answer = validator.validate(&presented);
    let result = drive(answer).map(|principal| principal.subject().map(str::to_owned));
    line(name, result.map_err(|rejection| rejection.kind()), log)
}

fn line(name: &str, result: Result<impl fmt::Debug, RejectionKind>, log: &CallLog) -> String {
    let calls = log.take().join(", ");
    match result {
        Ok(value) => format!("{name}: {value:?} by {calls}"),
        Err(kind) => format!("{name}: {} by {calls}", kind.as_str()),
    }
}

fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

// The gate: two validators, two revocation lists, an authorizer.

/// Rejects a credential that names a kind with that kind; others name the scopes of a principal.
#[derive(Debug)]
struct ByName(&'static str);

impl TokenValidator for Component<ByName> {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.call(self.inner.0, |_| {
            let token = presented.credential().expose();
            let mut kinds = RejectionKind::ALL.iter();
            NowOrLater::now(match kinds.find(|kind| kind.as_str() == token) {
                Some(kind) => Err(Rejection::new(*kind)),
                None => {
                    let builder = Principal::builder(PrincipalKind::Other, "example");
                    Ok(builder.subject(token).scopes([token]).build())
                }
            })
        })
    }
}

/// Revokes who has the scope of its name.
#[derive(Debug)]
struct ListOf(&'static str);

impl RevocationList for Component<ListOf> {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.call(self.inner.0, |list| {
            let has = |scope| principal.scopes().is_some_and(|own| own.contains(scope));
            NowOrLater::now(match has(list.0) {
                true => Err(RejectionKind::TokenRevoked.into()),
                false if has("outage") => Err(RejectionKind::Unavailable.into()),
                false => Ok(()),
            })
        })
    }
}

#[derive(Debug)]
struct Rules;

impl Authorizer for Component<Rules> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        self.call("authorizer", |_| {
            let subject = request.principal().subject();
            NowOrLater::now(match (subject, request.facts()) {
                (Some("denied"), _) | (_, None) => Decision::deny(),
                (Some("undecided"), _) => Decision::unavailable(),
                _ => Decision::allow(),
            })
        })
    }
}

fn gate([user, client, first, second, rules]: [bool; 5], log: &CallLog) -> Gate {
    let sources = Sources::builder().without_bearer().header("x-app");
    Gate::builder()
        .clock(clock())
        .validator(Component::new(ByName("user"), user, log))
        .client_validator(Component::new(ByName("client"), client, log))
        .client_sources(sources.build().unwrap())
        .revocations(Component::new(ListOf("first"), first, log))
        .revocations(Component::new(ListOf("second"), second, log))
        .authorizer(Component::new(Rules, rules, log))
        .build()
        .unwrap()
}

const REQUESTS: [(&str, Option<&str>); 12] = [
    ("alice", Some("app")),
    ("alice", None),
    ("a b", Some("app")),
    ("token_expired", Some("app")),
    ("credential_missing", Some("app")),
    ("alice", Some("api_key_unknown")),
    ("unavailable", Some("app")),
    ("first", Some("app")),
    ("second", Some("app")),
    ("outage", Some("app")),
    ("denied", Some("app")),
    ("undecided", Some("second")),
];

fn checks(waits: [bool; 5]) -> Report {
    let log = CallLog::default();
    let gate = gate(waits, &log);
    let requests = REQUESTS.iter().map(|(user, client)| {
        let mut request = http::Request::get("/");
        request = request.header("authorization", format!("Bearer {user}"));
        if let Some(client) = client {
            request = request.header("x-app", *client);
        }
        let request = request.body(()).unwrap();
        let answer = gate.check(&request);
        let result = drive(answer).map(|admitted| {
            let client = admitted.client().and_then(|client| client.subject());
            (
                admitted.principal().subject().map(str::to_owned),
                client.map(str::to_owned),
            )
        });
        let kind = result.map_err(|refusal| refusal.kind());
        line(&format!("{user} {client:?}"), kind, &log)
    });
    requests.collect()
}

#[test]
fn gate_decides_the_same() {
    let report = every_combination(checks);
    let both = "user, first, second, client, first, second";
    for expected in [
        format!(r#"alice Some("app"): (Some("alice"), Some("app")) by {both}, authorizer"#),
        "alice None: credential_missing by user, first, second".to_owned(),
        r#"first Some("app"): token_revoked by user, first"#.to_owned(),
        r#"second Some("app"): token_revoked by user, first, second"#.to_owned(),
        format!(r#"denied Some("app"): access_denied by {both}, authorizer"#),
    ] {
        assert!(report.contains(&expected), "{expected} in {report:#?}");
    }
}

#[test]
fn gate_is_ready_only_if_all_components_are() {
    let log = CallLog::default();
    let request = http::Request::get("/")
        .header("authorization", "Bearer alice")
        .header("x-app", "app")
        .body(())
        .unwrap();
    let is_ready = |waits| gate(waits, &log).try_check_now(&request).is_some();
    assert!(is_ready([false; 5]));
    for n in 0..5 {
        assert!(!is_ready(std::array::from_fn(|at| at == n)), "{n}");
    }
}

// JWTs: a key store and a sender constraint.

#[derive(Debug)]
struct Keys(Arc<KeySet>);

impl KeyStore for Component<Keys> {
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        self.call("keys", move |keys| {
            NowOrLater::now(match hint.kid() {
                Some("outage") => Err(RejectionKind::Unavailable.into()),
                _ => Ok(keys.0.clone()),
            })
        })
    }

    fn status(&self, _: &KeyId) -> KeyStatus {
        KeyStatus::Fresh
    }
}

/// Takes possession of the key whose thumbprint is all ones for proven.
#[derive(Debug)]
struct Proofs;

impl SenderConstraint for Component<Proofs> {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        self.call("proof", |_| {
            NowOrLater::now(match confirmation.jkt() {
                Some([1, ..]) => Ok(()),
                Some([2, ..]) => Err(RejectionKind::BindingMismatch.into()),
                _ => Err(RejectionKind::Unavailable.into()),
            })
        })
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn bound_to(byte: u8) -> String {
    format!(r#","cnf":{{"jkt":"{}"}}"#, base64(&[byte; 32]))
}

// The cache keeps no token under a secret, so these are signed with a private key.
fn jwt(kid: &str, exp: u64, more: &str) -> String {
    jwt_for("alice", kid, exp, more)
}

fn jwt_for(subject: &str, kid: &str, exp: u64, more: &str) -> String {
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
    let claims =
        format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"{subject}","exp":{exp}{more}}}"#);
    signing::token("EdDSA", &header, &claims)
}

fn jwts([keys, proofs]: [bool; 2]) -> Report {
    let log = CallLog::default();
    let key = Key::from_pem(include_str!("keys/ed25519.public.pem"));
    let set = KeySet::from(key.unwrap());
    let plain = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .key_store(Arc::new(Component::new(Keys(Arc::new(set)), keys, &log)))
        .sender_constraint(Component::new(Proofs, proofs, &log))
        .clock(clock())
        .build()
        .unwrap();
    let cached = plain
        .clone()
        .cached(&TokenCache::builder().build().unwrap());
    let good = jwt("k1", NOW + 600, "");
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", base64(&[7; 64]));
    let inputs = [
        ("good", good.clone()),
        ("forged", forged),
        ("expired", jwt("k1", NOW - 600, "")),
        ("keys missing", jwt("outage", NOW + 600, "")),
        ("proven", jwt("k1", NOW + 600, &bound_to(1))),
        ("not proven", jwt("k1", NOW + 600, &bound_to(2))),
        ("proof unknown", jwt("k1", NOW + 600, &bound_to(3))),
        ("expired and bound", jwt("k1", NOW - 600, &bound_to(1))),
    ];
    let mut report = Report::new();
    for (name, token) in &inputs {
        // The second time the principal is in the cache.
        for validator in [&plain, &cached, &cached] {
            report.push(validated(validator, (name, token), &log));
        }
    }
    report
}

#[test]
fn jwt_validator_decides_the_same() {
    let report = every_combination(jwts);
    for expected in [
        r#"good: Some("alice") by keys"#,
        r#"good: Some("alice") by "#,
        "keys missing: unavailable by keys",
        r#"proven: Some("alice") by keys, proof"#,
        r#"proven: Some("alice") by proof"#,
        "not proven: binding_mismatch by keys, proof",
        "not proven: binding_mismatch by proof",
        "expired and bound: token_expired by keys",
    ] {
        assert!(
            report.contains(&expected.to_owned()),
            "{expected} in {report:#?}"
        );
    }
}

// The gate with bound tokens: keys, a revocation list, an authorizer and the sender constraint.

fn bound_gate([keys, list, rules, proofs]: [bool; 4], log: &CallLog) -> Gate {
    let key = Key::from_pem(include_str!("keys/ed25519.public.pem"));
    let set = Arc::new(KeySet::from(key.unwrap()));
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .key_store(Arc::new(Component::new(Keys(set), keys, log)))
        .sender_constraint(Component::new(Proofs, proofs, log))
        .clock(clock())
        .build()
        .unwrap();
    Gate::builder()
        .clock(clock())
        .validator(validator.cached(&TokenCache::builder().build().unwrap()))
        .revocations(Component::new(ListOf("revoked"), list, log))
        .authorizer(Component::new(Rules, rules, log))
        .build()
        .unwrap()
}

fn bound_checks(waits: [bool; 4]) -> Report {
    let log = CallLog::default();
    let gate = bound_gate(waits, &log);
    let denied = |byte| jwt_for("denied", "k1", NOW + 600, &bound_to(byte));
    let revoked = |byte| {
        let more = bound_to(byte) + r#","scope":"revoked""#;
        jwt("k1", NOW + 600, &more)
    };
    let mut report = Report::new();
    for (name, token) in [
        ("unbound", jwt("k1", NOW + 600, "")),
        ("proven", jwt("k1", NOW + 600, &bound_to(1))),
        ("not proven", jwt("k1", NOW + 600, &bound_to(2))),
        ("proof unknown", jwt("k1", NOW + 600, &bound_to(3))),
        ("denied and proven", denied(1)),
        ("denied and not proven", denied(2)),
        ("revoked and proven", revoked(1)),
        ("revoked and not proven", revoked(2)),
        ("expired", jwt("k1", NOW - 600, &bound_to(1))),
    ] {
        let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(()).unwrap();
        // The second time the principal is in the cache.
        for _ in 0..2 {
            let result = drive(gate.check(&request));
            let result = result.map(|admitted| admitted.principal().subject().map(str::to_owned));
            report.push(line(name, result.map_err(|refusal| refusal.kind()), &log));
        }
    }
    report
}

#[test]
fn gate_asks_for_the_proof_of_a_bound_token_last_and_once() {
    let report = every_combination(bound_checks);
    for expected in [
        r#"unbound: Some("alice") by keys, revoked, authorizer"#,
        r#"proven: Some("alice") by keys, revoked, authorizer, proof"#,
        r#"proven: Some("alice") by revoked, authorizer, proof"#,
        "not proven: binding_mismatch by keys, revoked, authorizer, proof",
        "not proven: binding_mismatch by revoked, authorizer, proof",
        "proof unknown: unavailable by revoked, authorizer, proof",
        "denied and proven: access_denied by keys, revoked, authorizer, proof",
        "denied and not proven: binding_mismatch by revoked, authorizer, proof",
        "revoked and proven: token_revoked by keys, revoked, proof",
        "revoked and not proven: binding_mismatch by revoked, proof",
        "expired: token_expired by keys",
    ] {
        assert!(
            report.contains(&expected.to_owned()),
            "{expected} in {report:#?}"
        );
    }
}

#[test]
fn gate_that_is_not_ready_has_asked_for_no_proof() {
    let log = CallLog::default();
    let token = jwt("k1", NOW + 600, &bound_to(1));
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let request = request.body(()).unwrap();
    for bits in 0..16 {
        let waits = std::array::from_fn(|n| bits >> n & 1 == 1);
        let answer = bound_gate(waits, &log).try_check_now(&request);
        assert_eq!(answer.is_some(), bits == 0, "{waits:?}");
        let proofs = log.take().iter().filter(|call| *call == "proof").count();
        assert_eq!(proofs, usize::from(bits == 0), "{waits:?}");
    }
}

// Introspection: an endpoint and a sender constraint.

#[derive(Debug)]
struct Endpoint;

impl HttpClient for Component<Endpoint> {
    fn send(&self, request: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
        self.call("endpoint", move |_| {
            let form = String::from_utf8(request.body().expose().to_vec()).unwrap();
            let bytes = 1..=3;
            let bound = bytes.map(|byte| (byte, format!("token=bound-{byte}")));
            let cnf = bound
                .filter(|(_, token)| form.contains(token))
                .map(|(byte, _)| bound_to(byte))
                .collect::<String>();
            let is_known = form.contains("token=good") || !cnf.is_empty();
            let body = match is_known {
                true => format!(
                    r#"{{"active":true,"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"alice","token_type":"Bearer","exp":{}{cnf}}}"#,
                    NOW + 600
                ),
                false => r#"{"active":false}"#.to_owned(),
            };
            let json = HeaderValue::from_static("application/json");
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
            let status = match form.contains("token=outage") {
                true => StatusCode::BAD_GATEWAY,
                false => StatusCode::OK,
            };
            NowOrLater::now(Ok(HttpResponse::new(status, headers, body.into_bytes())))
        })
    }
}

/// Drives a task where it is spawned.
#[derive(Debug)]
struct Inline;

impl Spawn for Inline {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        drive(task);
    }
}

fn introspections([endpoint, proofs]: [bool; 2]) -> Report {
    let log = CallLog::default();
    let auth = ClientAuth::secret_basic("orders-api", signing::SECRET.to_vec()).unwrap();
    let validator = IntrospectionValidator::builder("https://idp.example.com/introspect", auth)
        .audience(AUDIENCE)
        .issuer(ISSUER)
        .clock(clock())
        .sender_constraint(Component::new(Proofs, proofs, &log))
        .env(
            &Environment::new()
                .http_client(Component::new(Endpoint, endpoint, &log))
                .spawner(Inline),
        )
        .build()
        .unwrap();
    let mut report = Report::new();
    for token in [
        "good", "bad", "a b", "outage", "bound-1", "bound-2", "bound-3",
    ] {
        // The second time the validator remembers the token.
        for _ in 0..2 {
            report.push(validated(&validator, (token, token), &log));
        }
    }
    report
}

#[test]
fn introspection_validator_decides_the_same() {
    let report = every_combination(introspections);
    for expected in [
        r#"good: Some("alice") by endpoint"#,
        r#"good: Some("alice") by "#,
        "bad: token_inactive by endpoint",
        "outage: unavailable by endpoint",
        r#"bound-1: Some("alice") by endpoint, proof"#,
        r#"bound-1: Some("alice") by proof"#,
        "bound-2: binding_mismatch by proof",
    ] {
        assert!(
            report.contains(&expected.to_owned()),
            "{expected} in {report:#?}"
        );
    }
}

// API keys: a store.

/// A store that may be down.
#[derive(Debug)]
struct ApiKeys {
    store: Arc<MemoryApiKeyStore>,
    is_down: bool,
}

impl ApiKeys {
    fn up<'a, R: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a MemoryApiKeyStore) -> NowOrLater<'a, Result<R, StoreError>>,
    ) -> NowOrLater<'a, Result<R, StoreError>> {
        match self.is_down {
            true => NowOrLater::now(Err(StoreError::new(StoreErrorKind::Unavailable))),
            false => call(&self.store),
        }
    }
}

impl ApiKeyStore for Component<ApiKeys> {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.call("find", move |keys| keys.up(|store| store.find(id)))
    }

    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.call("probe", move |keys| keys.up(|store| store.probe(id)))
    }

    fn find_by_digest(
        &self,
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.call("legacy", move |keys| {
            keys.up(|store| store.find_by_digest(digest))
        })
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.call("list", move |keys| keys.up(|store| store.list(query)))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        self.call("commit", move |keys| keys.up(|store| store.commit(changes)))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        self.log.push("touch");
        self.inner.store.touch(id, now);
    }
}

/// A ring whose current pepper is the first of these versions.
fn ring_of(versions: &[u8]) -> ApiKeyScheme {
    let source = |byte: u8| {
        let read = move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]));
        SecretSource::from_fn("test pepper", read)
    };
    let (current, older) = versions.split_first().unwrap();
    let current = PepperSet::new(u32::from(*current), &source(*current)).unwrap();
    let peppers = older.iter().fold(current, |set, version| {
        set.with_older(u32::from(*version), &source(*version))
            .unwrap()
    });
    let format = ApiKeyFormat::new("acme_live").unwrap();
    let ring = ApiKeyScheme::new("acme keys", format, peppers).unwrap();
    ring.with_legacy(LegacyFormat::new(20).unwrap().with_imported_sha256())
}

fn api_keys([waits]: [bool; 1]) -> Report {
    let log = CallLog::default();
    let store = Arc::new(MemoryApiKeyStore::new(1_000).unwrap());
    let manager = |versions: &[u8]| {
        let builder = ApiKeyManager::builder(ring_of(versions), store.clone());
        builder.clock(clock()).build().unwrap()
    };
    let draft = || NewApiKey::new("robot-7").expires_in(Duration::from_secs(86_400));
    let issue = |keys: &ApiKeyManager| {
        let issued = drive(keys.create(draft())).unwrap();
        (issued.secret.reveal(), issued.record.id())
    };
    let (old, new) = (manager(&[1]), manager(&[2, 1]));
    let ((rehashed, _), (current, _)) = (issue(&old), issue(&new));
    let (purged, id) = issue(&new);
    drive(new.revoke(id, "lost")).unwrap();
    drive(new.purge(UnixTime::from_secs(NOW))).unwrap();
    let (disabled, id) = issue(&new);
    drive(new.revoke(id, "leaked")).unwrap();
    let (stranger, _) = {
        let other = Arc::new(MemoryApiKeyStore::new(1_000).unwrap());
        let builder = ApiKeyManager::builder(ring_of(&[2, 1]), other);
        issue(&builder.clock(clock()).build().unwrap())
    };
    let [legacy, legacy_old, legacy_sha256, legacy_unknown] = LEGACY;
    drive(new.import(draft(), legacy)).unwrap();
    drive(old.import(draft(), legacy_old)).unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, legacy_sha256.as_bytes());
    let sha256 = hash.as_ref().try_into().unwrap();
    drive(new.import_sha256(draft(), sha256)).unwrap();
    let validator = |is_down: bool| {
        let keys = ApiKeys {
            store: store.clone(),
            is_down,
        };
        let store = Arc::new(Component::new(keys, waits, &log));
        let builder = ApiKeyValidator::builder(ring_of(&[2, 1]), store);
        builder.clock(clock()).build().unwrap()
    };
    let (up, down) = (validator(false), validator(true));
    let mut report = Report::new();
    for (name, key) in [
        ("current pepper", &*current),
        ("older pepper", &*rehashed),
        ("disabled", &*disabled),
        ("purged", &*purged),
        ("of another store", &*stranger),
        ("mistyped", "acme_live_0123456789ABCDEF"),
        ("legacy", legacy),
        ("legacy, older pepper", legacy_old),
        ("legacy, plain digest", legacy_sha256),
        ("legacy, unknown", legacy_unknown),
        ("too short", "c0ffee00"),
    ] {
        report.push(validated(&down, (name, key), &log));
        // The second time the digest is one under the current pepper.
        for _ in 0..2 {
            report.push(validated(&up, (name, key), &log));
        }
    }
    report
}

#[test]
fn api_key_validator_decides_the_same() {
    let report = every_combination(api_keys);
    for expected in [
        r#"current pepper: Some("robot-7") by probe, touch"#,
        "current pepper: unavailable by probe",
        r#"older pepper: Some("robot-7") by probe, commit"#,
        r#"older pepper: Some("robot-7") by probe"#,
        "of another store: api_key_unknown by probe",
        "mistyped: api_key_malformed by ",
        r#"legacy: Some("robot-7") by legacy, touch"#,
        r#"legacy, older pepper: Some("robot-7") by legacy, legacy, commit"#,
        r#"legacy, plain digest: Some("robot-7") by legacy, legacy, legacy, commit"#,
        "legacy, unknown: api_key_unknown by legacy, legacy, legacy, legacy",
        "legacy, unknown: unavailable by legacy",
    ] {
        assert!(
            report.contains(&expected.to_owned()),
            "{expected} in {report:#?}"
        );
    }
}

// Sessions: a store.

impl GrantStore for Component<Arc<MemoryGrantStore>> {
    fn revoke(
        &self,
        mark: bearergate::grant::store::RevocationRecord,
    ) -> NowOrLater<'_, Result<(), StoreError>> {
        self.call("mark", move |store| store.revoke(mark))
    }

    fn is_revoked(
        &self,
        grant: bearergate::grant::Grant,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.call("is_revoked", move |store| store.is_revoked(grant))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.call("purge", move |store| store.purge(now))
    }
}

impl SessionStore for Component<Arc<MemoryGrantStore>> {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.call("create", move |store| {
            SessionStore::create(&**store, session)
        })
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        self.call("find", move |store| SessionStore::find(&**store, digest))
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        self.call("update", move |store| {
            SessionStore::update(&**store, old, session)
        })
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.call("touch", move |store| store.touch(digest, at))
    }
}

fn sessions([waits]: [bool; 1]) -> Report {
    let log = CallLog::default();
    let store = Arc::new(MemoryGrantStore::new(1_000));
    let begun = FakeClock::at(UnixTime::from_secs(NOW - 600));
    let manager = |store: Arc<dyn SessionStore>, clock: FakeClock| {
        let builder = SessionManager::builder(store, "example").clock(clock);
        builder.idle(Duration::from_secs(1_200)).build().unwrap()
    };
    let plain = manager(store.clone(), begun.clone());
    let issue = |subject: &str| drive(plain.create(NewSession::new(subject))).unwrap();
    let good = issue("alice");
    let revoked = issue("bob");
    drive(plain.revoke(&revoked.record)).unwrap();
    begun.set(UnixTime::from_secs(NOW - 2_000));
    let idle = issue("carol");
    let store = Arc::new(Component::new(store, waits, &log));
    let cookie = SessionCookie::new("__Host-sid").unwrap();
    let validator = manager(store, clock()).validator(&cookie);
    let mut report = Report::new();
    for (name, id) in [
        ("good", good.secret.reveal()),
        ("revoked", revoked.secret.reveal()),
        ("idle", idle.secret.reveal()),
        ("unknown", base64(&[7; 32])),
        ("malformed", "7".to_owned()),
    ] {
        // The second use within a minute is not written.
        for _ in 0..2 {
            report.push(validated(&validator, (name, &id), &log));
        }
    }
    report
}

#[test]
fn session_validator_decides_the_same() {
    let report = every_combination(sessions);
    for expected in [
        r#"good: Some("alice") by find, touch"#,
        r#"good: Some("alice") by find"#,
        "revoked: token_revoked by find",
        "idle: session_expired by find",
        "unknown: session_unknown by find",
        "malformed: token_malformed by ",
    ] {
        assert!(
            report.contains(&expected.to_owned()),
            "{expected} in {report:#?}"
        );
    }
}

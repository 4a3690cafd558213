//! Requests through the gate, from their headers to the HTTP response.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::clock::{Clock, FakeClock, UnixTime};
use bearergate::credential::{BasicKey, Place, PresentedCredential, Sources};
use bearergate::error::ConfigErrorKind;
use bearergate::gate::{Admitted, GateBuilder};
use bearergate::http_response::{Refusal, ResponseConfig};
use bearergate::key::{Key, KeySet};
use bearergate::policy::{AccessRequest, Condition, Decision, Rule, authorize_fn, client};
use bearergate::principal::PrincipalKind;
use bearergate::request::{ClientAddress, PeerAddress, RequestFacts};
use bearergate::revocation::RevocationList;
use bearergate::validator::{Authorities, Shape};
use bearergate::{
    Authorizer, Gate, JwtValidator, NowOrLater, Policy, Principal, Rejection, RejectionKind,
    TokenValidator, claim, require_scope,
};
use http::request::Parts;
use http::{Request, header};
use serde::Deserialize;

const NOW: u64 = 1_700_000_000;
const SECRET: &[u8] = b"a test secret of thirty-two bytes";

/// Rejects a credential that names a kind with that kind, and accepts every other one.
#[derive(Clone, Debug)]
struct TestValidator {
    name: &'static str,
    shapes: Vec<Shape>,
    authorities: Authorities,
    is_slow: bool,
    calls: Arc<AtomicUsize>,
}

impl TestValidator {
    fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            shapes: vec![shape],
            authorities: Authorities::OWN,
            is_slow: false,
            calls: Arc::default(),
        }
    }

    fn opaque() -> Self {
        Self::new("opaque", Shape::Opaque)
    }

    fn slow() -> Self {
        Self {
            is_slow: true,
            ..Self::opaque()
        }
    }

    fn outside(self, authorities: Authorities) -> Self {
        Self {
            authorities,
            ..self
        }
    }

    fn accept_or_reject(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<Principal, Rejection> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let token = presented.credential().expose();
        match RejectionKind::ALL
            .iter()
            .find(|kind| kind.as_str() == token)
        {
            Some(kind) => Err(Rejection::new(*kind)),
            None => {
                let builder = Principal::builder(PrincipalKind::Other, self.name);
                let now = presented.now().unwrap();
                let builder = builder.client("billing").scopes([token]);
                Ok(builder.expires_at(now).build())
            }
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl TokenValidator for TestValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        self.authorities
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        if !self.is_slow {
            return NowOrLater::now(self.accept_or_reject(presented));
        }
        NowOrLater::later(async move {
            Pause::default().await;
            self.accept_or_reject(presented)
        })
    }
}

/// A future that is pending once.
#[derive(Default)]
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Polls until the value is ready, and returns how often it was not.
fn drive<T>(answer: impl Future<Output = T>) -> (T, usize) {
    let mut answer = pin!(answer);
    let mut pauses = 0;
    loop {
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => return (value, pauses),
            Poll::Pending => pauses += 1,
        }
    }
}

fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

fn builder() -> GateBuilder {
    Gate::builder().clock(clock())
}

fn open(validator: &TestValidator) -> Gate {
    let builder = builder().validator(validator.clone());
    builder.allow_any_authenticated().build().unwrap()
}

fn parts(headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get("/orders?page=2");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn bearer(token: &str) -> Parts {
    parts(&[("authorization", &format!("Bearer {token}"))])
}

fn check(gate: &Gate, parts: &Parts) -> Result<Admitted, Refusal> {
    gate.try_check_now(parts).unwrap()
}

fn kind<T>(result: Result<T, Refusal>) -> Option<RejectionKind> {
    result.err().map(|refusal| refusal.kind())
}

/// The status and the challenge of the response.
fn answer(refusal: Refusal) -> (u16, Option<String>) {
    let response = refusal.into_response::<String>();
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), challenge)
}

const INVALID_TOKEN: &str = r#"Bearer realm="api", error="invalid_token", error_description="the credential is not accepted""#;

fn jwt(claims: &str) -> String {
    jwt_by(SECRET, claims)
}

fn jwt_by(secret: &[u8], claims: &str) -> String {
    let text = format!(
        "{}.{}",
        base64(br#"{"alg":"HS256"}"#),
        base64(claims.as_bytes())
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", base64(tag.as_ref()))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn claims(exp: u64, more: &str) -> String {
    let iss = "https://idp.example.com";
    let aud = "https://api.example.com";
    format!(r#"{{"iss":"{iss}","aud":"{aud}","sub":"alice","exp":{exp}{more}}}"#)
}

const GOOD: &str = r#","scope":"orders:read","tenant":"acme""#;

fn jwt_validator(issuer: &str) -> JwtValidator {
    JwtValidator::builder()
        .issuer(issuer)
        .audience("https://api.example.com")
        .keys(KeySet::from(Key::from_secret(SECRET.to_vec()).unwrap()))
        .build()
        .unwrap()
}

fn jwt_gate() -> Gate {
    builder()
        .validator(jwt_validator("https://idp.example.com"))
        .authorizer(require_scope("orders:read").and(claim("tenant").is("acme")))
        .build()
        .unwrap()
}

#[test]
fn valid_token_is_admitted_with_its_claims() {
    #[derive(Deserialize)]
    struct MyClaims {
        sub: String,
        tenant: String,
    }
    let gate = jwt_gate();
    let admitted = check(&gate, &bearer(&jwt(&claims(NOW + 60, GOOD)))).unwrap();
    let me: MyClaims = admitted.principal().claims().deserialize().unwrap();
    assert_eq!((me.sub.as_str(), me.tenant.as_str()), ("alice", "acme"));
    assert_eq!(admitted.now(), UnixTime::from_secs(NOW));
    assert!(admitted.decision().is_allowed());
    assert_eq!(
        admitted.decision().to_string(),
        "allowed: met (claim tenant)"
    );
    assert!(admitted.client().is_none());
    assert!(admitted.headers().is_empty());
}

#[test]
fn invalid_token_is_refused_with_its_response() {
    let gate = jwt_gate();
    let invalid = (401, Some(INVALID_TOKEN.to_owned()));
    let good = jwt(&claims(NOW + 60, GOOD));
    let forged = jwt_by(
        b"another secret of thirty-two bytes",
        &claims(NOW + 60, GOOD),
    );
    for (token, kind) in [
        (jwt(&claims(NOW - 60, GOOD)), RejectionKind::TokenExpired),
        (forged, RejectionKind::SignatureInvalid),
        (good.replace('.', "~"), RejectionKind::TokenMalformed),
        ("a".repeat(20_000), RejectionKind::TokenTooLarge),
        (format!("{good}.a.a"), RejectionKind::TokenEncrypted),
    ] {
        let refusal = check(&gate, &bearer(&token)).unwrap_err();
        assert_eq!(refusal.kind(), kind);
        assert_eq!(answer(refusal), invalid, "{kind:?}");
    }
    assert!(check(&gate, &bearer(&good)).is_ok());
}

#[test]
fn missing_credential_is_requested_without_an_error() {
    let gate = jwt_gate();
    let bare = (401, Some(r#"Bearer realm="api""#.to_owned()));
    for parts in [
        parts(&[]),
        parts(&[("authorization", "Basic QTpC")]),
        parts(&[("authorization", "Bearer")]),
        parts(&[("authorization", "Bearer  ")]),
    ] {
        let refusal = check(&gate, &parts).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::CredentialMissing);
        assert_eq!(answer(refusal), bare);
    }
}

#[test]
fn two_credentials_or_a_malformed_one_are_a_bad_request() {
    let validator = TestValidator::opaque();
    let gate = open(&validator);
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    for (parts, kind) in [
        (parts(&two), RejectionKind::CredentialAmbiguous),
        (
            parts(&[("authorization", "Bearer\ta")]),
            RejectionKind::CredentialMalformed,
        ),
        (bearer("a b"), RejectionKind::CredentialMalformed),
    ] {
        let refusal = check(&gate, &parts).unwrap_err();
        assert_eq!(refusal.kind(), kind);
        let expected = r#"Bearer realm="api", error="invalid_request""#;
        assert_eq!(answer(refusal), (400, Some(expected.to_owned())));
    }
    assert_eq!(validator.calls(), 0);
}

#[test]
fn missing_scope_is_named_and_the_decision_kept() {
    let gate = jwt_gate();
    let expected = r#"Bearer realm="api", error="insufficient_scope", scope="orders:read""#;
    for scope in ["", r#","scope":"orders""#, r#","scope":"""#] {
        let token = jwt(&claims(NOW + 60, &format!(r#"{scope},"tenant":"acme""#)));
        let refusal = check(&gate, &bearer(&token)).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::ScopeInsufficient);
        let decision = refusal.decision().unwrap();
        assert!(decision.missing_scopes().eq(["orders:read"]));
        assert_eq!(answer(refusal), (403, Some(expected.to_owned())));
    }
}

#[test]
fn other_denials_do_not_reveal_the_rule() {
    let gate = jwt_gate();
    for tenant in ["", r#","tenant":"other""#, r#","tenant":["acme"]"#] {
        let token = jwt(&claims(
            NOW + 60,
            &format!(r#","scope":"orders:read"{tenant}"#),
        ));
        let refusal = check(&gate, &bearer(&token)).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::AccessDenied);
        assert_eq!(
            refusal.decision().unwrap().reasons()[0].name(),
            "claim tenant"
        );
        assert_eq!(answer(refusal), (403, None));
    }
}

#[test]
fn response_carries_the_decision_for_logging() {
    let token = jwt(&claims(NOW + 60, ""));
    let refusal = check(&jwt_gate(), &bearer(&token)).unwrap_err();
    let decision = refusal.decision().unwrap().clone();
    let response = refusal.into_response::<String>();
    assert_eq!(response.extensions().get::<Decision>(), Some(&decision));
}

#[test]
fn step_up_names_what_is_needed() {
    let step_up = authorize_fn("recent login", |_| {
        let age = Duration::from_secs(300);
        Decision::step_up()
            .with_acr_values("gold")
            .with_max_age(age)
    });
    let builder = builder()
        .validator(TestValidator::opaque())
        .authorizer(step_up);
    let refusal = check(&builder.build().unwrap(), &bearer("good")).unwrap_err();
    let expected = concat!(
        r#"Bearer realm="api", error="insufficient_user_authentication", "#,
        r#"acr_values="gold", max_age="300""#
    );
    assert_eq!(answer(refusal), (401, Some(expected.to_owned())));
}

#[test]
fn challenge_omits_what_a_header_cannot_hold() {
    let odd = authorize_fn("odd", |_| {
        Decision::scope_insufficient(["a\"b", "", "fine"])
    });
    let builder = builder().validator(TestValidator::opaque()).authorizer(odd);
    let refusal = check(&builder.build().unwrap(), &bearer("good")).unwrap_err();
    let expected = r#"Bearer realm="api", error="insufficient_scope", scope="fine""#;
    assert_eq!(answer(refusal), (403, Some(expected.to_owned())));
}

#[test]
fn allow_passed_to_deny_is_a_denial() {
    let refusal = ResponseConfig::default().deny(Decision::allow());
    assert_eq!(refusal.kind(), RejectionKind::AccessDenied);
    assert_eq!(answer(refusal), (403, None));
}

#[test]
fn what_could_not_be_checked_is_unavailable() {
    let stopped = clock();
    stopped.stop();
    let by_clock = Gate::builder()
        .clock(stopped)
        .validator(TestValidator::opaque())
        .allow_any_authenticated();
    let policy = authorize_fn("store", |_| Decision::unavailable());
    let by_policy = builder()
        .validator(TestValidator::opaque())
        .authorizer(policy);
    for (gate, token) in [
        (by_clock.build().unwrap(), "good"),
        (by_policy.build().unwrap(), "good"),
        (open(&TestValidator::opaque()), "unavailable"),
    ] {
        let refusal = check(&gate, &bearer(token)).unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::Unavailable);
        assert_eq!(refusal.headers()[header::RETRY_AFTER], "5");
        assert_eq!(answer(refusal), (503, None));
    }
}

#[test]
fn every_kind_of_a_validator_reaches_its_response() {
    let gate = open(&TestValidator::opaque());
    for kind in RejectionKind::ALL {
        let refusal = check(&gate, &bearer(kind.as_str())).unwrap_err();
        assert_eq!(refusal.kind(), *kind);
        assert_eq!(answer(refusal), answer(Refusal::from(*kind)));
    }
}

#[test]
fn only_a_missing_credential_may_become_anonymous() {
    let gate = open(&TestValidator::opaque());
    let optional = |parts: &Parts| gate.authenticate_optional(parts).try_now().unwrap();
    assert!(optional(&parts(&[])).unwrap().is_none());
    for none in ["Basic QTpC", "Bearer", "Bearer "] {
        let none = parts(&[("authorization", none)]);
        assert!(optional(&none).unwrap().is_none());
    }
    assert!(optional(&bearer("good")).unwrap().is_some());
    for kind in RejectionKind::ALL {
        // A validator that rejects with `credential_missing` has seen a credential.
        assert_eq!(self::kind(optional(&bearer(kind.as_str()))), Some(*kind));
    }
    let malformed = optional(&bearer("a b"));
    assert_eq!(
        self::kind(malformed),
        Some(RejectionKind::CredentialMalformed)
    );
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    let ambiguous = optional(&parts(&two));
    assert_eq!(
        self::kind(ambiguous),
        Some(RejectionKind::CredentialAmbiguous)
    );
}

#[test]
fn anonymous_request_needs_a_working_clock() {
    let stopped = clock();
    stopped.stop();
    let builder = Gate::builder()
        .clock(stopped)
        .validator(TestValidator::opaque());
    let gate = builder.allow_any_authenticated().build().unwrap();
    let parts = parts(&[]);
    let result = gate.authenticate_optional(&parts).try_now().unwrap();
    assert_eq!(kind(result), Some(RejectionKind::Unavailable));
}

#[test]
fn routes_share_a_validator_and_differ_in_policy() {
    let gate = open(&TestValidator::opaque());
    let parts = bearer("good");
    let caller = gate.authenticate(&parts).try_now().unwrap().unwrap();
    let strict = builder().validator(TestValidator::opaque());
    let strict = strict
        .authorizer(authorize_fn(
            "closed orders",
            |r: &AccessRequest<'_>| match (r.action(), r.resource(), r.facts()) {
                (Some("read"), Some("/orders"), None) => Decision::allow(),
                _ => Decision::deny(),
            },
        ))
        .build()
        .unwrap();
    let read = caller
        .request()
        .with_action("read")
        .with_resource("/orders");
    assert!(strict.authorize(&read).try_now().unwrap().is_ok());
    let write = read.with_action("write");
    let refused = strict.authorize(&write).try_now().unwrap();
    assert_eq!(kind(refused), Some(RejectionKind::AccessDenied));
}

#[test]
fn authorizer_of_a_check_sees_the_request() {
    let policy = authorize_fn("orders", |r: &AccessRequest<'_>| {
        let path = r.facts().map(|facts| facts.uri().path());
        if path == Some("/orders") && r.now().as_secs() == NOW {
            Decision::allow()
        } else {
            Decision::deny()
        }
    });
    let builder = builder()
        .validator(TestValidator::opaque())
        .authorizer(policy);
    let gate = builder.build().unwrap();
    assert!(check(&gate, &bearer("good")).is_ok());
    let request = Request::get("/else").header("authorization", "Bearer good");
    let request = request.body("a body").unwrap();
    let refused = gate.try_check_now(&request).unwrap();
    assert_eq!(kind(refused), Some(RejectionKind::AccessDenied));
}

/// The peer may be a proxy, and a client can send any header.
#[test]
fn authorizer_of_a_check_sees_only_the_client_address() {
    let gate = Gate::builder()
        .validator(TestValidator::opaque())
        .authorizer(bearergate::policy::address_in(["192.0.2.0/24"]).unwrap())
        .clock(clock())
        .build()
        .unwrap();
    let refused = |peer: &str, client: Option<&str>| {
        let mut parts = parts(&[
            ("authorization", "Bearer good"),
            ("x-forwarded-for", "192.0.2.7"),
        ]);
        parts.extensions.insert(PeerAddress(peer.parse().unwrap()));
        if let Some(client) = client {
            let address = ClientAddress(client.parse().unwrap());
            parts.extensions.insert(address);
        }
        kind(check(&gate, &parts))
    };
    for (peer, client) in [
        ("10.0.0.1:443", "192.0.2.7"),
        ("192.0.2.1:443", "192.0.2.7"),
        ("10.0.0.1:443", "::ffff:192.0.2.7"),
    ] {
        assert_eq!(refused(peer, Some(client)), None, "{peer} {client}");
    }
    let denied = Some(RejectionKind::AccessDenied);
    assert_eq!(refused("192.0.2.1:443", Some("198.51.100.7")), denied);
    assert_eq!(refused("192.0.2.1:443", None), denied);
}

#[test]
fn explicit_address_overrides_that_of_the_facts() {
    let within = bearergate::policy::address_in(["192.0.2.0/24"]).unwrap();
    let alice = Principal::builder(PrincipalKind::Other, "example").build();
    let mut parts = parts(&[]);
    let inside = "192.0.2.7".parse().unwrap();
    parts.extensions.insert(ClientAddress(inside));
    let facts = RequestFacts::from(&parts);
    let request = AccessRequest::new(&alice, UnixTime::from_secs(NOW)).with_facts(&facts);
    assert!(within.decide(&request).is_allowed());
    let outside = request.with_address("198.51.100.7".parse().unwrap());
    assert!(!within.decide(&outside).is_allowed());
}

fn two_slots(user: &TestValidator, client: &TestValidator) -> Gate {
    let sources = Sources::builder().without_bearer().header("x-api-key");
    builder()
        .validator(user.clone())
        .client_validator(client.clone())
        .client_sources(sources.build().unwrap())
        .authorizer(authorize_fn("client", |r: &AccessRequest<'_>| {
            match r.client() {
                Some(client) if client.authority().as_str() == "keys" => Decision::allow(),
                _ => Decision::deny(),
            }
        }))
        .build()
        .unwrap()
}

fn both(user: &str, client: &str) -> Parts {
    let user = format!("Bearer {user}");
    parts(&[("authorization", &user), ("x-api-key", client)])
}

#[test]
fn both_slots_must_be_filled() {
    let (user, client) = (
        TestValidator::opaque(),
        TestValidator::new("keys", Shape::Opaque),
    );
    let gate = two_slots(&user, &client);
    let admitted = check(&gate, &both("alice", "app")).unwrap();
    assert_eq!(admitted.principal().authority().as_str(), "opaque");
    assert_eq!(admitted.client().unwrap().authority().as_str(), "keys");
    let missing = Some(RejectionKind::CredentialMissing);
    assert_eq!(kind(check(&gate, &bearer("alice"))), missing);
    let key_alone = parts(&[("x-api-key", "app")]);
    assert_eq!(kind(check(&gate, &key_alone)), missing);
    let refused = check(&gate, &both("alice", "api_key_unknown"));
    assert_eq!(kind(refused), Some(RejectionKind::ApiKeyUnknown));
    let refused = check(&gate, &both("token_expired", "app"));
    assert_eq!(kind(refused), Some(RejectionKind::TokenExpired));
}

#[test]
fn ambiguity_is_detected_per_slot() {
    let gate = two_slots(
        &TestValidator::opaque(),
        &TestValidator::new("keys", Shape::Opaque),
    );
    assert!(check(&gate, &both("alice", "app")).is_ok());
    let headers = [
        ("authorization", "Bearer alice"),
        ("x-api-key", "app"),
        ("x-api-key", "app"),
    ];
    let refused = check(&gate, &parts(&headers));
    assert_eq!(kind(refused), Some(RejectionKind::CredentialAmbiguous));
}

#[test]
fn anonymous_caller_may_omit_the_application_but_not_send_an_invalid_one() {
    let gate = two_slots(
        &TestValidator::opaque(),
        &TestValidator::new("keys", Shape::Opaque),
    );
    let optional = |parts: &Parts| gate.authenticate_optional(parts).try_now().unwrap();
    assert!(optional(&parts(&[])).unwrap().is_none());
    assert!(optional(&parts(&[("x-api-key", "app")])).unwrap().is_none());
    let bad = optional(&parts(&[("x-api-key", "api_key_unknown")]));
    assert_eq!(kind(bad), Some(RejectionKind::ApiKeyUnknown));
    let half = optional(&bearer("alice"));
    assert_eq!(kind(half), Some(RejectionKind::CredentialMissing));
    assert!(optional(&both("alice", "app")).unwrap().is_some());
}

#[test]
fn waiting_validator_does_nothing_before_it_is_polled() {
    let validator = TestValidator::slow();
    let gate = open(&validator);
    let parts = bearer("good");
    let answer = gate.check(&parts);
    assert_eq!(validator.calls(), 0);
    let (admitted, pauses) = drive(answer);
    assert_eq!(admitted.unwrap().principal().authority().as_str(), "opaque");
    assert_eq!((validator.calls(), pauses), (1, 1));
    let expired = self::bearer("token_expired");
    let (refused, _) = drive(gate.check(&expired));
    assert_eq!(kind(refused), Some(RejectionKind::TokenExpired));
    drop(gate.check(&parts));
    assert_eq!(validator.calls(), 2);
}

#[test]
fn try_check_now_returns_none_if_the_result_is_not_ready() {
    let validator = TestValidator::slow();
    let gate = open(&validator);
    assert!(gate.try_check_now(&bearer("good")).is_none());
    assert_eq!(validator.calls(), 0);
    // A request that needs no validator has a ready result.
    let refused = gate.try_check_now(&parts(&[])).unwrap();
    assert_eq!(kind(refused), Some(RejectionKind::CredentialMissing));
}

#[test]
fn both_slots_may_wait() {
    let (user, client) = (TestValidator::slow(), TestValidator::slow());
    let gate = two_slots(&user, &client);
    let parts = both("alice", "app");
    let (refused, pauses) = drive(gate.check(&parts));
    assert_eq!(kind(refused), Some(RejectionKind::AccessDenied));
    assert_eq!((pauses, user.calls(), client.calls()), (2, 1, 1));
}

#[derive(Debug, Default)]
struct SlowPolicy(AtomicUsize);

impl Authorizer for SlowPolicy {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::later(async move {
            Pause::default().await;
            self.0.fetch_add(1, Ordering::SeqCst);
            match request.facts() {
                Some(_) => Decision::allow(),
                None => Decision::deny(),
            }
        })
    }
}

#[test]
fn waiting_authorizer_causes_no_second_validation() {
    let (validator, policy) = (TestValidator::opaque(), Arc::new(SlowPolicy::default()));
    let builder = builder().validator(validator.clone());
    let gate = builder.authorizer(Arc::clone(&policy)).build().unwrap();
    let parts = bearer("good");
    let (admitted, pauses) = drive(gate.check(&parts));
    assert!(admitted.is_ok());
    assert_eq!((pauses, validator.calls()), (1, 1));
    assert_eq!(policy.0.load(Ordering::SeqCst), 1);
}

#[derive(Clone, Debug, Default)]
struct SlowList(Arc<AtomicUsize>);

impl RevocationList for SlowList {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::later(async move {
            Pause::default().await;
            self.0.fetch_add(1, Ordering::SeqCst);
            match principal.scopes().is_some_and(|s| s.contains("revoked")) {
                true => Err(RejectionKind::TokenRevoked.into()),
                false => Ok(()),
            }
        })
    }
}

// A validator may have used up a proof of possession when it answered.
#[test]
fn waiting_revocation_list_causes_no_second_validation() {
    for (validator, pauses) in [(TestValidator::opaque(), 1), (TestValidator::slow(), 2)] {
        let list = SlowList::default();
        let builder = builder()
            .validator(validator.clone())
            .revocations(list.clone());
        let gate = builder.allow_any_authenticated().build().unwrap();
        let parts = bearer("good");
        let (admitted, paused) = drive(gate.check(&parts));
        assert!(admitted.is_ok());
        assert_eq!((paused, validator.calls()), (pauses, 1));
        let revoked = bearer("revoked");
        let (refused, _) = drive(gate.check(&revoked));
        assert_eq!(kind(refused), Some(RejectionKind::TokenRevoked));
        let refused_anyway = bearer("token_expired");
        let (refused, _) = drive(gate.check(&refused_anyway));
        assert_eq!(kind(refused), Some(RejectionKind::TokenExpired));
        assert_eq!((validator.calls(), list.0.load(Ordering::SeqCst)), (3, 2));
    }
}

#[derive(Clone, Debug, Default)]
struct CountingClock(Arc<AtomicUsize>);

impl Clock for CountingClock {
    fn now(&self) -> Option<UnixTime> {
        let calls = self.0.fetch_add(1, Ordering::SeqCst);
        Some(UnixTime::from_secs(NOW + calls as u64))
    }
}

#[test]
fn request_has_one_time() {
    let clock = CountingClock::default();
    let validator = TestValidator::slow();
    let builder = Gate::builder().clock(clock.clone()).validator(validator);
    let gate = builder.allow_any_authenticated().build().unwrap();
    let parts = bearer("good");
    let (admitted, _) = drive(gate.check(&parts));
    let admitted = admitted.unwrap();
    assert_eq!(admitted.principal().expires_at(), Some(admitted.now()));
    assert_eq!(clock.0.load(Ordering::SeqCst), 1);
}

#[test]
fn rejection_is_final() {
    let keys = TestValidator::new("keys", Shape::Prefix("to".into()));
    let rest = TestValidator::opaque();
    let builder = builder().validator(keys.clone()).validator(rest.clone());
    let gate = builder.allow_any_authenticated().build().unwrap();
    let refused = check(&gate, &bearer("token_expired"));
    assert_eq!(kind(refused), Some(RejectionKind::TokenExpired));
    assert_eq!((keys.calls(), rest.calls()), (1, 0));
    assert!(check(&gate, &bearer("good")).is_ok());
    assert_eq!((keys.calls(), rest.calls()), (1, 1));
}

#[test]
fn place_is_bound_to_its_validator() {
    let sources = Sources::builder().cookie("sid").build().unwrap();
    let place = Place::Cookie("sid".into());
    let gate = builder()
        .sources(sources)
        .validator(jwt_validator("https://idp.example.com"))
        .validator_at(place, TestValidator::opaque())
        .allow_any_authenticated()
        .build()
        .unwrap();
    let same = ("sec-fetch-site", "same-origin");
    let admitted = check(&gate, &parts(&[("cookie", "sid=good"), same])).unwrap();
    assert_eq!(admitted.principal().authority().as_str(), "opaque");
    let refused = check(&gate, &bearer("good"));
    assert_eq!(kind(refused), Some(RejectionKind::TokenMalformed));
    let cross = ("sec-fetch-site", "cross-site");
    let mut cross_site = parts(&[("cookie", "sid=good"), cross]);
    cross_site.method = http::Method::POST;
    let refused = check(&gate, &cross_site).unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::CrossSiteRefused);
    assert_eq!(answer(refused), (403, None));
}

#[test]
fn credential_in_the_query_makes_the_response_private() {
    let sources = Sources::builder().query("access_token").build().unwrap();
    let builder = builder()
        .sources(sources)
        .validator(TestValidator::opaque());
    let gate = builder.allow_any_authenticated().build().unwrap();
    let request = Request::get("/?access_token=good").body(()).unwrap();
    let admitted = gate.try_check_now(&request).unwrap().unwrap();
    assert_eq!(admitted.headers()[header::CACHE_CONTROL], "private");
    assert!(check(&gate, &bearer("good")).unwrap().headers().is_empty());
}

fn refused(builder: GateBuilder) -> (ConfigErrorKind, &'static str) {
    let error = builder.build().unwrap_err();
    (error.kind(), error.field())
}

#[test]
fn gate_without_validator_or_authorizer_is_not_built() {
    let no_policy = builder().validator(TestValidator::opaque());
    assert_eq!(refused(no_policy), (ConfigErrorKind::Empty, "authorizer"));
    let no_validator = builder().allow_any_authenticated();
    assert_eq!(refused(no_validator), (ConfigErrorKind::Empty, "validator"));
    let two = builder()
        .validator(TestValidator::opaque())
        .authorizer(require_scope("a"))
        .allow_any_authenticated();
    assert_eq!(refused(two), (ConfigErrorKind::Conflict, "authorizer"));
}

#[test]
fn second_slot_is_complete_and_shares_no_place_with_the_first() {
    let first = || {
        builder()
            .validator(TestValidator::opaque())
            .allow_any_authenticated()
    };
    let no_places = first().client_validator(TestValidator::opaque());
    let empty = ConfigErrorKind::Empty;
    assert_eq!(refused(no_places), (empty, "client_sources"));
    let key = Sources::builder().without_bearer().header("x-api-key");
    let key = key.build().unwrap();
    let no_validator = first().client_sources(key.clone());
    assert_eq!(refused(no_validator), (empty, "client_validator"));
    let shared = first()
        .client_validator(TestValidator::opaque())
        .client_sources(Sources::default());
    let conflict = ConfigErrorKind::Conflict;
    assert_eq!(refused(shared), (conflict, "client_sources"));
    let apart = first()
        .client_validator(TestValidator::opaque())
        .client_sources(key);
    assert!(apart.build().is_ok());
    // A request has one `Authorization` header.
    let basic = Sources::builder()
        .without_bearer()
        .basic(BasicKey::user_name());
    let same_header = first()
        .client_validator(TestValidator::new("basic", Shape::Place(Place::Basic)))
        .client_sources(basic.build().unwrap());
    assert_eq!(refused(same_header), (conflict, "client_sources"));
}

#[test]
fn basic_is_read_only_where_a_validator_is_bound_to_it() {
    let sources = || {
        Sources::builder()
            .basic(BasicKey::user_name())
            .build()
            .unwrap()
    };
    let conflict = (ConfigErrorKind::Conflict, "validator");
    let unbound = builder()
        .sources(sources())
        .validator(TestValidator::opaque())
        .allow_any_authenticated();
    assert_eq!(refused(unbound), conflict);
    let not_enabled = builder()
        .validator_at(Place::Basic, TestValidator::opaque())
        .allow_any_authenticated();
    assert_eq!(refused(not_enabled), conflict);

    let keys = TestValidator::new("basic", Shape::Opaque);
    let gate = builder()
        .sources(sources())
        .validator(TestValidator::new("bearer", Shape::Opaque))
        .validator_at(Place::Basic, keys.clone())
        .allow_any_authenticated()
        .build()
        .unwrap();
    let by = |value: &str| {
        let admitted = check(&gate, &parts(&[("authorization", value)])).unwrap();
        admitted.principal().authority().to_string()
    };
    assert_eq!(by("Bearer good"), "bearer");
    assert_eq!(by("Bearer  good"), "bearer");
    // The validator that is bound to it is asked, but what it accepts is no API key.
    let basic = |value: &str| kind(check(&gate, &parts(&[("authorization", value)])));
    let malformed = Some(RejectionKind::CredentialMalformed);
    assert_eq!(basic("Basic Z29vZDo="), malformed);
    assert_eq!(keys.calls(), 1);
    assert_eq!(basic("Basic Z29vZDp4"), malformed);
    assert_eq!(keys.calls(), 1);
}

#[test]
fn overlapping_or_unreachable_validators_are_refused() {
    let conflict = (ConfigErrorKind::Conflict, "validator");
    let two = builder()
        .validator(TestValidator::opaque())
        .validator(TestValidator::opaque())
        .allow_any_authenticated();
    assert_eq!(refused(two), conflict);
    let place = Place::Cookie("sid".into());
    let unreachable = builder()
        .validator_at(place, TestValidator::opaque())
        .allow_any_authenticated();
    assert_eq!(refused(unreachable), conflict);
    let sources = Sources::builder().cookie("sid").build().unwrap();
    let unbound = builder()
        .sources(sources)
        .validator(TestValidator::opaque())
        .validator(TestValidator::new("jwt", Shape::Jwt))
        .allow_any_authenticated();
    assert_eq!(refused(unbound), conflict);
}

/// A cookie is sent without the caller's doing, so it is no matter of its shape which validator gets
/// it.
#[test]
fn cookie_is_bound_to_a_validator_if_several_shapes_would_be_taken_from_it() {
    let cookie = || Place::Cookie("sid".into());
    let of = |shapes: &[Shape]| TestValidator {
        shapes: shapes.to_vec(),
        ..TestValidator::opaque()
    };
    let gate = |validator: TestValidator| {
        let sources = Sources::builder().cookie("sid").build().unwrap();
        let builder = builder().sources(sources).validator(validator);
        builder.allow_any_authenticated()
    };
    let prefix = |text: &'static str| Shape::Prefix(text.into());
    let conflict = (ConfigErrorKind::Conflict, "validator");
    for several in [
        vec![Shape::Jwt, Shape::Opaque],
        vec![Shape::Jwt, prefix("sk_")],
        vec![Shape::Jwt, Shape::SdJwt],
        vec![prefix("sk_"), prefix("pk_")],
        vec![
            Shape::Place(Place::AuthorizationHeader),
            Shape::Jwt,
            Shape::Opaque,
        ],
    ] {
        assert_eq!(refused(gate(of(&several))), conflict, "{several:?}");
        assert_eq!(
            refused(gate(of(&several[..1])).validator(of(&several[1..]))),
            conflict
        );
        let nested = Arc::new(Arc::new(of(&several)));
        let sources = Sources::builder().cookie("sid").build().unwrap();
        let nested = builder().sources(sources).validator(nested);
        assert_eq!(refused(nested.allow_any_authenticated()), conflict);
        // Bound to one of them by name, or declared by the validator itself.
        let bound = gate(of(&several)).validator_at(cookie(), TestValidator::opaque());
        assert!(bound.build().is_ok(), "{several:?}");
        let own = [vec![Shape::Place(cookie())], several.clone()].concat();
        assert!(gate(of(&own)).build().is_ok(), "{several:?}");
        // Without a cookie there is nothing to bind.
        let plain = builder().validator(of(&several)).allow_any_authenticated();
        assert!(plain.build().is_ok(), "{several:?}");
    }
    for one in [Shape::Jwt, Shape::Opaque, prefix("sk_")] {
        assert!(gate(of(std::slice::from_ref(&one))).build().is_ok());
        let elsewhere = Shape::Place(Place::AuthorizationHeader);
        assert!(gate(of(&[one, elsewhere])).build().is_ok());
    }
}

#[test]
fn cookie_of_the_second_slot_is_bound_too() {
    let client = |shapes: &[Shape]| {
        let sources = Sources::builder().without_bearer().cookie("app");
        let validator = TestValidator {
            shapes: shapes.to_vec(),
            ..TestValidator::opaque()
        };
        builder()
            .validator(TestValidator::opaque())
            .client_validator(validator)
            .client_sources(sources.build().unwrap())
            .allow_any_authenticated()
    };
    let conflict = (ConfigErrorKind::Conflict, "client_validator");
    assert_eq!(refused(client(&[Shape::Jwt, Shape::Opaque])), conflict);
    let cookie = Shape::Place(Place::Cookie("app".into()));
    assert!(client(&[Shape::Jwt, Shape::Opaque, cookie]).build().is_ok());
    assert!(client(&[Shape::Jwt]).build().is_ok());
}

/// One validator for the tokens of several issuers takes one shape.
#[test]
fn cookie_may_have_the_tokens_of_several_issuers() {
    let sources = Sources::builder().cookie("t").build().unwrap();
    let issuers = ["https://a.example.com", "https://b.example.com"];
    let gate = builder()
        .sources(sources)
        .validator(JwtValidator::join(issuers.map(jwt_validator)).unwrap())
        .all_authorities_equal()
        .allow_any_authenticated();
    assert!(gate.build().is_ok());
}

#[test]
fn several_outside_authorities_are_bounded_or_declared_equal() {
    let gate = |a: Authorities, b: Authorities| {
        builder()
            .validator(TestValidator::opaque().outside(a))
            .validator(TestValidator::new("jwt", Shape::Jwt).outside(b))
            .allow_any_authenticated()
    };
    let conflict = (ConfigErrorKind::Conflict, "validator");
    let (open, bounded) = (Authorities::OUTSIDE, Authorities::BOUNDED);
    assert_eq!(refused(gate(open, open)), conflict);
    assert_eq!(refused(gate(open, bounded)), conflict);
    assert!(gate(bounded, bounded).build().is_ok());
    assert!(gate(Authorities::OWN, open).build().is_ok());
    assert!(gate(open, open).all_authorities_equal().build().is_ok());
    let join = || {
        let issuers = ["https://a.example.com", "https://b.example.com"];
        JwtValidator::join(issuers.map(jwt_validator)).unwrap()
    };
    let joined = || builder().validator(join()).allow_any_authenticated();
    assert_eq!(refused(joined()), conflict);
    assert!(joined().all_authorities_equal().build().is_ok());
}

/// A gate that trusts its own tickets, and two outside authorities with these bounds.
fn two_outside(a: Authorities, b: Authorities) -> GateBuilder {
    builder()
        .validator(TestValidator::new("tickets", Shape::Prefix("tkt_".into())))
        .validator(TestValidator::opaque().outside(a))
        .validator(TestValidator::new("jwt", Shape::Jwt).outside(b))
}

const TICKET: &str = "tkt_1";
const OPAQUE: &str = "opaque-token";
const JWT: &str = "eyJhIjoxfQ.e30.c2ln";

/// Whether each credential is admitted, or else the first reason of the denial.
fn admitted(gate: GateBuilder, authorizer: impl Authorizer + 'static) -> [String; 3] {
    let gate = gate.authorizer(authorizer).build().unwrap();
    [TICKET, OPAQUE, JWT].map(|token| {
        let checked = gate.try_check_now(&bearer(token)).unwrap();
        checked.map_or_else(
            |refusal| refusal.decision().unwrap().to_string(),
            |admitted| admitted.principal().authority().to_string(),
        )
    })
}

#[test]
fn an_id_without_its_authority_is_unknown_for_each_of_several_outside_ones() {
    let (bounded, open) = (Authorities::BOUNDED, Authorities::OUTSIDE);
    let several = || two_outside(bounded, bounded);
    let all = || Condition::any(["tkt_1", OPAQUE, JWT].map(require_scope)).unwrap();
    let unknown = "denied: unknown (client billing, of an authority that is not named)";
    let names = ["tickets", "opaque", "jwt"];
    // What the service issued itself cannot be taken for what somebody else did.
    let bare = [names[0], unknown, unknown];
    assert_eq!(admitted(several(), client("billing")), bare);
    let either = client("billing") | client("other");
    assert_eq!(
        admitted(several(), either).map(|own| own.contains("unknown")),
        [false, true, true]
    );
    let others = !client("other");
    let negated = admitted(several(), others);
    assert_eq!(negated[0], names[0]);
    assert_eq!(negated[1], unknown.replace("billing", "other"));
    let forbidden = Policy::builder()
        .rule(Rule::forbid("blocked", client("other")))
        .rule(Rule::permit("all", all()))
        .build()
        .unwrap();
    let denied = "denied: unknown (blocked)";
    assert_eq!(
        admitted(several(), forbidden.clone()),
        [names[0], denied, denied]
    );

    // One outside authority, or equal ones: an id has one meaning.
    let one = || two_outside(Authorities::OWN, open);
    let equal = || two_outside(open, open).all_authorities_equal();
    assert_eq!(admitted(one(), client("billing")), names);
    assert_eq!(admitted(equal(), client("billing")), names);
    assert_eq!(admitted(one(), forbidden.clone()), names);
    assert_eq!(admitted(equal(), forbidden), names);
}

#[test]
fn an_id_with_its_authority_is_of_that_one_only() {
    let several = || two_outside(Authorities::BOUNDED, Authorities::BOUNDED);
    let other = "denied: not_met (client billing of jwt)";
    let ours = || client("billing").of("jwt");
    assert_eq!(admitted(several(), ours()), [other, other, "jwt"]);
    let not_met = "denied: not_met (client other of jwt)";
    let wrong = client("other").of("jwt");
    assert_eq!(admitted(several(), wrong), [not_met; 3]);
    let outside = "denied: not_met (client billing of jwt)";
    assert_eq!(admitted(several(), !ours()), ["tickets", "opaque", outside]);
    let of_others = (!client("other")).of("jwt");
    let foreign = "denied: not_met (authority jwt)";
    assert_eq!(admitted(several(), of_others), [foreign, foreign, "jwt"]);
}

#[test]
fn no_credential_or_secret_is_shown() {
    let gate = jwt_gate();
    let token = jwt(&claims(NOW + 60, r#","tenant":"s3cret","scope":"x""#));
    let parts = bearer(&token);
    let caller = gate.authenticate(&parts).try_now().unwrap().unwrap();
    let refusal = check(&gate, &parts).unwrap_err();
    let good = jwt(&claims(NOW + 60, &format!(r#"{GOOD},"pin":"s3cret""#)));
    let admitted = check(&gate, &bearer(&good)).unwrap();
    let malformed = check(&gate, &bearer("s3cret")).unwrap_err();
    let decision = refusal.decision().unwrap().clone();
    let mut shown = format!("{gate:?} {caller:?} {refusal:?} {refusal} {admitted:?} {malformed:?}");
    shown += &format!("{decision:?} {decision} {:?}", admitted.decision());
    for refusal in [refusal, malformed] {
        let response = refusal.into_response::<String>();
        shown += &format!("{response:?}");
    }
    let secret = str::from_utf8(SECRET).unwrap();
    let payload = token.split('.').nth(1).unwrap();
    for canary in ["s3cret", secret, payload, "acme"] {
        assert!(!shown.contains(canary), "{canary} in {shown}");
    }
}

#[test]
fn gate_and_its_results_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let gate = jwt_gate().clone();
    let parts = parts(&[]);
    let (refused, _) = drive(is_send(gate.check(&parts)));
    assert_eq!(kind(refused), Some(RejectionKind::CredentialMissing));
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Gate>();
    shared::<Admitted>();
}

#[test]
fn a_place_that_is_not_enabled_is_named_with_the_call_that_enables_it() {
    let header = http::HeaderName::from_static("x-api-key");
    for (place, call) in [
        (Place::Header(header), "`.header(\"x-api-key\")`"),
        (
            Place::Cookie("__Host-sid".into()),
            "`.cookie(\"__Host-sid\")`",
        ),
        (Place::Basic, "`.basic(..)`"),
    ] {
        let bound = TestValidator::new("bound", Shape::Place(place));
        let gate = Gate::builder().validator(bound).sources(Sources::default());
        let error = gate.allow_any_authenticated().build().unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::Conflict, "validator")
        );
        assert!(error.to_string().contains(call), "{error}");
    }
}

fn message(builder: GateBuilder) -> String {
    let built = builder.allow_any_authenticated().build();
    built.unwrap_err().to_string()
}

/// A conflict names what is to be changed, and the call that changes it.
#[test]
fn a_place_that_no_source_reads_is_named_with_its_validator() {
    let at = |place: Place| builder().validator_at(place, jwt_validator("https://idp.example.com"));
    for (place, parts) in [
        (
            Place::Cookie("sid".into()),
            ["the cookie `sid`", "`.cookie(\"sid\")`"],
        ),
        (
            Place::Query("token".into()),
            ["the query parameter `token`", "`.query(\"token\")`"],
        ),
        (
            Place::Form("t".into()),
            ["the form field `t`", "`.form(\"t\")`"],
        ),
    ] {
        let text = message(at(place).validator(TestValidator::opaque()));
        for part in ["`JwtValidator`", "`GateBuilder::sources`"]
            .iter()
            .chain(&parts)
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("TestValidator"), "{text}");
    }
    let shared: Arc<dyn TokenValidator> = Arc::new(TestValidator::new(
        "cookie",
        Shape::Place(Place::Cookie("sid".into())),
    ));
    assert!(message(builder().validator(shared)).contains("`TokenValidator` takes"));
    let app = TestValidator::new("app", Shape::Place(Place::Cookie("app".into())));
    let places = Sources::builder().without_bearer().header("x-app").build();
    let slot = builder()
        .validator(TestValidator::opaque())
        .client_validator(app);
    let text = message(slot.client_sources(places.unwrap()));
    assert!(text.contains("`GateBuilder::client_sources`"), "{text}");
}

#[test]
fn validators_that_overlap_are_told_how_to_be_joined() {
    let idp = || jwt_validator("https://idp.example.com");
    let text = message(builder().validator(idp()).validator(idp()));
    assert!(text.contains("`JwtValidator::join`"), "{text}");
    let opaque = TestValidator::opaque;
    let text = message(builder().validator(opaque()).validator(opaque()));
    for part in ["`Shape::Opaque`", "a prefix", "`GateBuilder::validator_at`"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        builder()
            .validator(opaque())
            .validator(idp())
            .allow_any_authenticated()
            .build()
            .is_ok()
    );
}

#[test]
fn outside_authorities_without_bounds_are_named() {
    let idp = jwt_validator("https://idp.example.com");
    let partner = jwt_validator("https://partner.example.net");
    let joined = JwtValidator::join([idp, partner]).unwrap();
    let text = message(builder().validator(joined.clone()));
    for part in [
        "`https://idp.example.com`",
        "`https://partner.example.net`",
        "`grants`",
        "`all_authorities_equal()`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let equal = builder().validator(joined).all_authorities_equal();
    assert!(equal.allow_any_authenticated().build().is_ok());
    // Names that are not known are not made up.
    let unnamed = TestValidator::opaque().outside(Authorities::OUTSIDE.with(Authorities::OUTSIDE));
    assert!(message(builder().validator(unnamed)).contains("authorities are trusted and"));
}

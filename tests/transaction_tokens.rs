//! Transaction tokens of a trust domain, which are no access tokens.
#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::request::Parts;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
const API: &str = "https://api.example.com";
const DOMAIN: &str = "https://trust.example.com";
const SERVICE: &str = "https://txn.example.com";
const IDP: &str = "https://idp.example.com";

/// A service that workloads call with a token of their own and that of the transaction.
struct Service {
    issuer: FakeKey,
    gate: Gate,
}

impl Service {
    fn new() -> Self {
        let issuer = FakeKey::es256("issuer");
        let transactions = JwtValidator::builder()
            .issuer(SERVICE)
            .transaction_token(DOMAIN)
            .keys(issuer.key_set())
            .build()
            .unwrap();
        let workloads = JwtValidator::builder().issuer(IDP).audience(API);
        let workloads = workloads.keys(issuer.key_set()).build().unwrap();
        let transaction = Sources::builder().without_bearer().header("txn-token");
        let gate = Gate::builder()
            .validator(transactions)
            .sources(transaction.build().unwrap())
            .client_validator(workloads)
            .client_sources(Sources::default())
            .clock(FakeClock::at(NOW))
            .authorizer(require_scope("orders.read"));
        Self {
            issuer,
            gate: gate.build().unwrap(),
        }
    }

    fn token(&self, issuer: &str, audience: &str) -> TokenBuilder {
        let token = TokenBuilder::new(&self.issuer, NOW).issuer(issuer);
        let token = token.audience(audience).scope("orders.read");
        token.expires_in(Duration::from_secs(300))
    }

    fn transaction(&self) -> TokenBuilder {
        self.token(SERVICE, DOMAIN)
            .typ("txntoken+jwt")
            .subject("alice")
            .claim("txn", "97053963-771d-49cc-a4e3-20aad399c312")
            .claim("req_wl", "apigateway.trust.example.com")
            .claim("tctx", json!({"amount": 12}))
    }

    fn workload(&self) -> TokenBuilder {
        self.token(IDP, API).subject("shop")
    }

    fn request(&self, transaction: &str, workload: &str) -> Parts {
        let request = http::Request::get("/")
            .header("authorization", format!("Bearer {workload}"))
            .header("txn-token", transaction);
        request.body(()).unwrap().into_parts().0
    }

    fn kind(&self, parts: &Parts) -> Option<RejectionKind> {
        let checked = self.gate.try_check_now(parts).unwrap();
        checked.err().map(|refusal| refusal.kind())
    }

    fn with(&self, transaction: &TokenBuilder) -> Option<RejectionKind> {
        self.kind(&self.request(&transaction.sign(), &self.workload().sign()))
    }
}

#[test]
fn a_transaction_is_that_of_a_user_and_the_workload_is_the_application() {
    let service = Service::new();
    let parts = service.request(&service.transaction().sign(), &service.workload().sign());
    let admitted = service.gate.try_check_now(&parts).unwrap().unwrap();
    let principal = admitted.principal();
    assert_eq!(principal.subject(), Some("alice"));
    let amount = principal.claims().value("tctx").is_some();
    assert!(amount);
    let client = admitted.client().unwrap();
    assert_eq!(client.subject(), Some("shop"));
    // Neither is enough by itself.
    let mut without = parts.clone();
    without.headers.remove("authorization");
    let missing = Some(RejectionKind::CredentialMissing);
    assert_eq!(service.kind(&without), missing);
    let mut without = parts.clone();
    without.headers.remove("txn-token");
    assert_eq!(service.kind(&without), missing);
    let mut twice = parts;
    let value = twice.headers["txn-token"].clone();
    twice.headers.append("txn-token", value);
    let ambiguous = Some(RejectionKind::CredentialAmbiguous);
    assert_eq!(service.kind(&twice), ambiguous);
}

// Defect R03 (transaction token as access token, or the reverse): docs/defects.md
#[test]
fn a_transaction_token_is_no_access_token_and_the_reverse() {
    let service = Service::new();
    let (transaction, workload) = (service.transaction(), service.workload());
    let mismatch = Some(RejectionKind::TypeMismatch);
    let sent = |transaction: &TokenBuilder, workload: &TokenBuilder| {
        service.kind(&service.request(&transaction.sign(), &workload.sign()))
    };
    assert_eq!(sent(&transaction, &workload), None);
    for typ in ["at+jwt", "JWT", "application/at+jwt", "dpop+jwt"] {
        assert_eq!(
            sent(&transaction.clone().typ(typ), &workload),
            mismatch,
            "{typ}"
        );
    }
    let untyped = transaction.clone().without_header("typ");
    assert_eq!(sent(&untyped, &workload), mismatch);
    for typ in ["TXNTOKEN+JWT", "application/txntoken+jwt"] {
        assert_eq!(
            sent(&transaction.clone().typ(typ), &workload),
            None,
            "{typ}"
        );
        assert_eq!(
            sent(&transaction, &workload.clone().typ(typ)),
            mismatch,
            "{typ}"
        );
    }
}

#[test]
fn a_transaction_token_has_all_its_claims() {
    let service = Service::new();
    assert_eq!(service.with(&service.transaction()), None);
    for (name, expected) in [
        ("iat", RejectionKind::ClaimMissing),
        ("exp", RejectionKind::ClaimMissing),
        ("aud", RejectionKind::ClaimMissing),
        ("sub", RejectionKind::ClaimMissing),
        ("txn", RejectionKind::ClaimInvalid),
        ("req_wl", RejectionKind::ClaimInvalid),
        ("scope", RejectionKind::ClaimInvalid),
    ] {
        let found = service.with(&service.transaction().without(name));
        assert_eq!(found, Some(expected), "{name}");
    }
    for name in ["txn", "req_wl"] {
        for bad in [json!(""), json!(1), json!(["a"]), Value::Null] {
            let found = service.with(&service.transaction().claim(name, &bad));
            assert_eq!(found, Some(RejectionKind::ClaimInvalid), "{name} {bad}");
        }
    }
    let other = service.transaction().audience(API);
    let found = service.with(&other);
    assert_eq!(found, Some(RejectionKind::AudienceMismatch));
    let other = service.transaction().scope("orders.write");
    let found = service.with(&other);
    assert_eq!(found, Some(RejectionKind::ScopeInsufficient));
}

#[test]
fn a_transaction_ends_within_minutes() {
    let service = Service::new();
    let lasting = |secs| service.transaction().expires_in(Duration::from_secs(secs));
    assert_eq!(service.with(&lasting(600)), None);
    let long = Some(RejectionKind::ClaimInvalid);
    assert_eq!(service.with(&lasting(601)), long);
    let expired = service.transaction().expired();
    let expired = service.with(&expired);
    assert_eq!(expired, Some(RejectionKind::TokenExpired));
}

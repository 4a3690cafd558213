//! Conditions over authorization details (RFC 9396) and over who acts for the subject (RFC 8693), of real
//! tokens.
#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::policy::{
    AccessRequest, Condition, DetailTest, Truth, actor_chain_at_most, actor_is, detail, no_actor,
};
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, Principal, RejectionKind, TokenValidator, require_scope};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
const ISSUER: &str = "https://idp.example.com";
const API: &str = "https://api.example.com";

/// A token with this claim, and its validation.
fn validated(claim: &str, value: &Value) -> Result<Principal, bearergate::Rejection> {
    let key = FakeKey::es256("key-1");
    let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
    let validator = validator.keys(key.key_set()).build().unwrap();
    let token = TokenBuilder::new(&key, NOW).issuer(ISSUER).audience(API);
    let token = match value {
        Value::Null => token.sign(),
        value => token.claim(claim, value).sign(),
    };
    let presented = PresentedCredential::bearer(&token).unwrap().at(NOW);
    validator.validate(&presented).try_now().unwrap()
}

fn truth_of(condition: &Condition, claim: &str, value: &Value) -> Truth {
    let principal = validated(claim, value).unwrap();
    condition.evaluate(&AccessRequest::new(&principal, NOW))
}

fn truth(test: DetailTest, details: Value) -> Truth {
    truth_of(&test.granted(), "authorization_details", &details)
}

fn payment() -> Value {
    json!({
        "type": "payment_initiation",
        "actions": ["initiate", "status"],
        "locations": ["https://api.example.com/payments"],
        "instructedAmount": {"currency": "EUR", "amount": "123.50"},
        "limit": 5, "recurring": false,
    })
}

fn full() -> DetailTest {
    detail("payment_initiation")
        .action("initiate")
        .location("https://api.example.com/payments")
        .member("instructedAmount.currency", "EUR")
        .member("limit", 5)
        .member("recurring", false)
}

fn with(name: &str, value: Value) -> Value {
    let mut payment = payment();
    let members = payment.as_object_mut().unwrap();
    match value {
        Value::Null => _ = members.remove(name),
        value => _ = members.insert(name.to_owned(), value),
    }
    payment
}

// RFC 9396 section 2.
// Defect R01 (authorization details matched across elements): docs/defects.md
// Defect R02 (absent actions taken for all actions): docs/defects.md
#[test]
fn an_element_grants_all_that_is_demanded_or_nothing() {
    assert_eq!(truth(full(), json!([payment()])), Truth::True);
    assert_eq!(
        truth(full().action("status"), json!([payment()])),
        Truth::True
    );
    for (name, value) in [
        ("type", json!("account_information")),
        ("type", json!("Payment_initiation")),
        ("actions", json!(["status"])),
        ("actions", json!([])),
        // What an element does not list is not granted.
        ("actions", json!(null)),
        ("locations", json!(null)),
        ("locations", json!(["https://api.example.com/payments/"])),
        ("instructedAmount", json!({"currency": "USD"})),
        ("limit", json!(6)),
        ("recurring", json!(true)),
    ] {
        let found = truth(full(), json!([with(name, value.clone())]));
        assert_eq!(found, Truth::False, "{name} {value}");
    }
    assert_eq!(truth(full(), json!([])), Truth::False);
    // A demand of the type is met by the type.
    assert_eq!(
        truth(
            detail("payment_initiation"),
            json!([with("actions", json!(null))])
        ),
        Truth::True
    );
}

#[test]
fn what_is_demanded_is_in_one_and_the_same_element() {
    let one = with("actions", json!(["status"]));
    let other = with("locations", json!(["https://other.example.com"]));
    assert_eq!(truth(full(), json!([one, other])), Truth::False);
    let all = json!([one, other, payment()]);
    assert_eq!(truth(full(), all), Truth::True);
}

#[test]
fn another_type_is_unknown_unless_another_element_fits() {
    for (name, value) in [
        ("actions", json!("initiate")),
        ("locations", json!({"a": 1})),
        ("instructedAmount", json!("EUR")),
        ("instructedAmount", json!({"currency": 978})),
        ("limit", json!("5")),
        ("limit", json!(null)),
    ] {
        let odd = with(name, value.clone());
        let found = |details: Value| truth(full(), details);
        assert_eq!(found(json!([odd])), Truth::Unknown, "{name} {value}");
        assert_eq!(
            found(json!([odd, payment()])),
            Truth::True,
            "{name} {value}"
        );
        let negated = truth_of(
            &full().granted().not(),
            "authorization_details",
            &json!([odd]),
        );
        assert_eq!(negated, Truth::Unknown, "{name} {value}");
        // An element of another type says nothing about this one.
        let mut other = odd;
        other["type"] = json!("other");
        assert_eq!(found(json!([other])), Truth::False, "{name} {value}");
    }
    assert_eq!(truth(full(), Value::Null), Truth::Unknown);
}

// RFC 9396 section 2: an array of objects, each with a type.
#[test]
fn a_claim_of_another_form_is_refused() {
    let kind = |value: Value| {
        let validated = validated("authorization_details", &value);
        validated.err().map(|rejection| {
            assert_eq!(rejection.claim(), Some("authorization_details"));
            rejection.kind()
        })
    };
    let many = |count: usize| Value::from(vec![json!({"type": "a"}); count]);
    for good in [
        json!([]),
        json!([{"type": "a"}]),
        json!([payment(), {"type": "b", "c": []}]),
        many(64),
    ] {
        assert_eq!(kind(good.clone()), None, "{good}");
    }
    for bad in [
        json!({"type": "a"}),
        json!("a"),
        json!(["a"]),
        json!([{}]),
        json!([{"type": 1}]),
        json!([{"type": ""}]),
        json!([{"type": "a"}, {"Type": "a"}]),
        json!([[{"type": "a"}]]),
        many(65),
    ] {
        assert_eq!(
            kind(bad.clone()),
            Some(RejectionKind::ClaimInvalid),
            "{bad}"
        );
    }
}

#[test]
fn a_deny_is_insufficient_scope() {
    let key = FakeKey::es256("key-1");
    let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
    let validator = validator.keys(key.key_set()).build().unwrap();
    let gate = |policy: Condition| {
        let gate = Gate::builder()
            .validator(validator.clone())
            .authorizer(policy);
        gate.clock(FakeClock::at(NOW)).build().unwrap()
    };
    let token = |details: Value| {
        let token = TokenBuilder::new(&key, NOW).issuer(ISSUER).audience(API);
        let token = token
            .claim("authorization_details", details)
            .scope("pay")
            .sign();
        let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
        request.body(()).unwrap()
    };
    let check = |policy: Condition, details: Value| {
        let checked = gate(policy).try_check_now(&token(details)).unwrap();
        checked.err().map(|refusal| {
            let challenge = refusal.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .to_owned();
            (refusal.kind(), refusal.status().as_u16(), challenge)
        })
    };
    let pay = || full().granted();
    assert_eq!(check(pay(), json!([payment()])), None);
    let (kind, status, challenge) = check(pay(), json!([])).unwrap();
    assert_eq!((kind, status), (RejectionKind::ScopeInsufficient, 403));
    assert!(
        challenge.contains(r#"error="insufficient_scope""#),
        "{challenge}"
    );
    assert!(!challenge.contains("scope="), "{challenge}");
    // A scope that is missing too is named.
    let both = check(pay() & require_scope("admin"), json!([])).unwrap();
    assert!(both.2.contains(r#"scope="admin""#), "{}", both.2);
}

#[test]
fn an_issuer_with_bounds_asserts_details_only_if_it_may() {
    let key = FakeKey::es256("key-1");
    let truth = |claims: &[&str]| {
        let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
        let validator = validator
            .keys(key.key_set())
            .grants(["pay"], claims.iter().copied());
        let token = TokenBuilder::new(&key, NOW).issuer(ISSUER).audience(API);
        let token = token
            .claim("authorization_details", json!([payment()]))
            .sign();
        let presented = PresentedCredential::bearer(&token).unwrap().at(NOW);
        let validator = validator.build().unwrap();
        let principal = validator.validate(&presented).try_now().unwrap().unwrap();
        full()
            .granted()
            .evaluate(&AccessRequest::new(&principal, NOW))
    };
    assert_eq!(truth(&["authorization_details"]), Truth::True);
    assert_eq!(truth(&["tenant"]), Truth::Unknown);
}

fn acting(condition: &Condition, act: Value) -> Truth {
    truth_of(condition, "act", &act)
}

// RFC 8693 section 4.1.
// Defect X60 (nested actor that gains rights): docs/defects.md
// Defect X61 (absent actor satisfies a condition or its negation): docs/defects.md
#[test]
fn only_the_outermost_actor_counts() {
    let support = actor_is(ISSUER, "support");
    assert_eq!(acting(&support, json!({"sub": "support"})), Truth::True);
    assert_eq!(
        acting(&support, json!({"sub": "support", "iss": ISSUER})),
        Truth::True
    );
    assert_eq!(acting(&support, json!({"sub": "other"})), Truth::False);
    let inner = json!({"sub": "other", "act": {"sub": "support"}});
    assert_eq!(acting(&support, inner), Truth::False);
    let outer = json!({"sub": "support", "act": {"sub": "other"}});
    assert_eq!(acting(&support, outer), Truth::True);
    assert_eq!(acting(&support, Value::Null), Truth::Unknown);
    assert_eq!(acting(&support.clone().not(), Value::Null), Truth::Unknown);
}

#[test]
fn an_actor_of_another_authority_is_another_one() {
    let support = actor_is(ISSUER, "support");
    let foreign = json!({"sub": "support", "iss": "https://other.example.com"});
    assert_eq!(acting(&support, foreign.clone()), Truth::False);
    // Another issuer cannot assert an actor of this one.
    let other = actor_is("https://other.example.com", "support");
    assert_eq!(acting(&other, foreign), Truth::False);
    assert_eq!(acting(&other, json!({"sub": "support"})), Truth::False);
}

#[test]
fn chains_have_a_length() {
    let chains = [
        Value::Null,
        json!({"sub": "a"}),
        json!({"sub": "b", "act": {"sub": "a"}}),
        json!({"sub": "c", "act": {"sub": "b", "act": {"sub": "a"}}}),
    ];
    for (length, chain) in chains.iter().enumerate() {
        for most in 0..5 {
            let found = acting(&actor_chain_at_most(most), chain.clone());
            assert_eq!(found, Truth::from(length <= most), "{length} {most}");
        }
        let none = acting(&no_actor(), chain.clone());
        assert_eq!(none, Truth::from(length == 0), "{length}");
    }
}

#[test]
fn evaluation_allocates_nothing() {
    let principal = validated("authorization_details", &json!([{"type": "a"}, payment()])).unwrap();
    let (condition, request) = (full().granted(), AccessRequest::new(&principal, NOW));
    assert_eq!(condition.evaluate(&request), Truth::True);
    let measured = allocation_counter::measure(|| {
        assert_eq!(condition.evaluate(&request), Truth::True);
    });
    assert_eq!(measured.count_total, 0);
}

//! Conditions over the claims of a real token.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod signing;

use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Provider;
use bearergate::key::{KeyImporter, KeySet};
use bearergate::policy::{
    AccessRequest, Condition, Truth, audience, authority, client, kind, max_token_age,
    sender_constrained,
};
use bearergate::principal::Confirmation;
use bearergate::validator::SenderConstraint;
use bearergate::{JwtValidator, NowOrLater, Principal, Rejection, TokenValidator, require_scope};

const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);

/// Accepts every proof.
#[derive(Debug)]
struct Proved;

impl SenderConstraint for Proved {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

fn caller(more: &str) -> Principal {
    let key = KeyImporter::on(Provider::ring()).secret(signing::SECRET.to_vec());
    let validator = JwtValidator::builder()
        .issuer("https://idp.example.com")
        .audience("https://api.example.com")
        .keys(KeySet::from(key.unwrap()))
        .clock(FakeClock::at(NOW))
        .sender_constraint(Proved)
        .build()
        .unwrap();
    let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    let start = r#""iss":"https://idp.example.com","aud":["https://api.example.com","x"]"#;
    let payload = format!(r#"{{{start},"sub":"alice","exp":1760000600{more}}}"#);
    let token = signing::token("HS256", header, &payload);
    let presented = PresentedCredential::bearer(&token).unwrap().at(NOW);
    validator.validate(&presented).try_now().unwrap().unwrap()
}

fn truth(condition: &Condition, more: &str) -> Truth {
    condition.evaluate(&AccessRequest::new(&caller(more), NOW))
}

#[test]
fn conditions_read_the_facts_of_a_token() {
    for (condition, more) in [
        (audience("x"), ""),
        (authority("https://idp.example.com"), ""),
        (kind(bearergate::principal::PrincipalKind::AccessToken), ""),
        (client("shop"), r#","client_id":"shop""#),
        (require_scope("read"), r#","scope":"read write""#),
    ] {
        assert_eq!(truth(&condition, more), Truth::True, "{condition:?}");
        assert_eq!(truth(&condition.clone().not(), more), Truth::False);
    }
    assert_eq!(truth(&audience("y"), ""), Truth::False);
    assert_eq!(
        truth(&authority("https://idp.example.com/"), ""),
        Truth::False
    );
    assert_eq!(
        truth(&client("shop"), r#","client_id":"till""#),
        Truth::False
    );
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn a_proved_binding_is_true_and_an_absent_one_is_unknown() {
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = format!(r#","cnf":{{"jkt":"{jkt}"}}"#);
    assert_eq!(truth(&sender_constrained(), &bound), Truth::True);
    assert_eq!(truth(&sender_constrained(), ""), Truth::Unknown);
    assert_eq!(truth(&sender_constrained().not(), ""), Truth::Unknown);
}

#[test]
fn the_age_of_a_token_is_counted_from_its_issue() {
    let young = max_token_age(Duration::from_secs(60));
    assert_eq!(truth(&young, r#","iat":1759999940"#), Truth::True);
    assert_eq!(truth(&young, r#","iat":1759999939"#), Truth::False);
    assert_eq!(truth(&young, ""), Truth::Unknown);
}

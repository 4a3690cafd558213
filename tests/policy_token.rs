//! Conditions on the claims of a real token.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod signing;

use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Provider;
use bearergate::key::{KeyImporter, KeySet};
use bearergate::policy::{
    AccessRequest, Condition, Verdict, audience, authority, client, kind, sender_constrained,
    token_age_at_most,
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

fn evaluate(condition: &Condition, more: &str) -> Verdict {
    condition.evaluate(&AccessRequest::new(&caller(more), NOW))
}

#[test]
fn conditions_see_the_facts_of_a_token() {
    for (condition, more) in [
        (audience("x"), ""),
        (authority("https://idp.example.com"), ""),
        (kind(bearergate::principal::PrincipalKind::AccessToken), ""),
        (client("shop"), r#","client_id":"shop""#),
        (require_scope("read"), r#","scope":"read write""#),
    ] {
        assert_eq!(evaluate(&condition, more), Verdict::True, "{condition:?}");
        assert_eq!(evaluate(&condition.clone().not(), more), Verdict::False);
    }
    assert_eq!(evaluate(&audience("y"), ""), Verdict::False);
    assert_eq!(
        evaluate(&authority("https://idp.example.com/"), ""),
        Verdict::False
    );
    assert_eq!(
        evaluate(&client("shop"), r#","client_id":"till""#),
        Verdict::False
    );
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn checked_binding_is_true_and_absent_one_is_unknown() {
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = format!(r#","cnf":{{"jkt":"{jkt}"}}"#);
    assert_eq!(evaluate(&sender_constrained(), &bound), Verdict::True);
    assert_eq!(evaluate(&sender_constrained(), ""), Verdict::Unknown);
    assert_eq!(evaluate(&sender_constrained().not(), ""), Verdict::Unknown);
}

#[test]
fn token_age_is_measured_from_iat() {
    let young = token_age_at_most(Duration::from_secs(60));
    assert_eq!(evaluate(&young, r#","iat":1759999940"#), Verdict::True);
    assert_eq!(evaluate(&young, r#","iat":1759999939"#), Verdict::False);
    assert_eq!(evaluate(&young, ""), Verdict::Unknown);
}

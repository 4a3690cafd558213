//! What of a credential a revocation is compared with: time of issue, names of the client,
//! authority and session.

use std::sync::Arc;

use bearergate::clock::UnixTime;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::diagnosis::Severity;
use bearergate::error::StoreErrorKind;
use bearergate::principal::PrincipalKind;
use bearergate::revocation::{Denylist, Revocation, RevocationList};
use bearergate::session::{NewSession, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::validator::{Authorities, Shape};
use bearergate::{
    Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};
use serde_json::json;

use crate::common::*;

const OTHER: &str = "https://other.example.com";

fn list(revocation: Revocation) -> Denylist {
    let list = Denylist::default();
    list.revoke(revocation).try_now().unwrap().unwrap();
    list
}

fn principal(more: &serde_json::Value) -> Principal {
    let (_, pair, validator, _) = setup();
    validate_at(&validator, &pair.sign(&claims(more)), NOW).unwrap()
}

fn kind(list: &Denylist, principal: &Principal) -> Option<RejectionKind> {
    list.check(principal)
        .err()
        .map(|rejection| rejection.kind())
}

const REVOKED: Option<RejectionKind> = Some(RejectionKind::TokenRevoked);

#[test]
fn a_fraction_of_a_second_does_not_spare_a_token() {
    let ended = || Revocation::subject(ISSUER, "alice").issued_before(UnixTime::from_secs(NOW - 9));
    for (iat, expected) in [
        (json!(NOW - 9), REVOKED),
        (json!(NOW - 8), None),
        (json!(1_699_999_991.25), REVOKED),
        (json!(1_699_999_991.999_999), REVOKED),
        (json!(1_699_999_992.25), None),
    ] {
        let token = principal(&json!({"iat": iat}));
        assert_eq!(kind(&list(ended()), &token), expected, "{iat}");
    }
}

#[test]
fn a_fraction_still_counts_against_the_token_where_it_begins_and_ages() {
    let (store, pair, ..) = setup();
    let strict = builder(&store).leeway(bearergate::clock::Leeway::ZERO);
    let validator = strict.build().unwrap();
    let token = pair.sign(&claims(&json!({"iat": 1_700_000_000.5})));
    assert_eq!(
        outcome_at(&validator, &token, NOW),
        "token_issued_in_future"
    );
    assert_eq!(outcome_at(&validator, &token, NOW + 1), "accept");
    let old = builder(&store).leeway(bearergate::clock::Leeway::ZERO);
    let validator = old
        .max_age(std::time::Duration::from_secs(60))
        .build()
        .unwrap();
    let whole = pair.sign(&claims(&json!({"iat": NOW - 60})));
    let older = pair.sign(&claims(&json!({"iat": 1_699_999_939.5})));
    assert_eq!(outcome(&validator, &whole), "accept");
    assert_eq!(outcome(&validator, &older), "token_expired");
}

#[test]
fn a_cached_token_with_a_fraction_is_used_no_earlier_than_it_is_valid() {
    let (store, pair, ..) = setup();
    let (cache, hits) = cache();
    let strict = builder(&store).leeway(bearergate::clock::Leeway::ZERO);
    let validator = strict.build().unwrap().cached(&cache);
    let token = pair.sign(&claims(&json!({"iat": 1_700_000_000.5})));
    for (now, expected) in [
        (NOW + 1, "accept"),
        (NOW, "token_issued_in_future"),
        (NOW + 1, "accept"),
    ] {
        assert_eq!(outcome_at(&validator, &token, now), expected);
    }
    assert_eq!(hits.count(), 1);
}

#[test]
fn a_client_is_revoked_by_each_of_its_names() {
    let both = principal(&json!({"client_id": "front", "azp": "back"}));
    let only_azp = {
        let mut claims = claims(&json!({"azp": "back"}));
        claims.as_object_mut().unwrap().remove("client_id");
        let (_, pair, validator, _) = setup();
        validate_at(&validator, &pair.sign(&claims), NOW).unwrap()
    };
    for (name, of_both, of_azp) in [
        ("front", REVOKED, None),
        ("back", REVOKED, REVOKED),
        ("fron", None, None),
        ("alice", None, None),
    ] {
        let list = list(Revocation::client(ISSUER, name));
        assert_eq!(kind(&list, &both), of_both, "{name}");
        assert_eq!(kind(&list, &only_azp), of_azp, "{name}");
    }
    let elsewhere = list(Revocation::client(OTHER, "back"));
    assert_eq!(kind(&elsewhere, &both), None);
}

#[test]
fn a_client_that_a_validator_took_from_elsewhere_counts_with_those_of_the_claims() {
    let robot = Principal::builder(PrincipalKind::Other, ISSUER).client("own");
    let robot = robot.claims(r#"{"client_id":"\u0066ront","azp":"back"}"#);
    let robot = robot.unwrap().build();
    for (name, expected) in [
        ("own", REVOKED),
        ("front", REVOKED),
        ("back", REVOKED),
        ("b", None),
    ] {
        let list = list(Revocation::client(ISSUER, name));
        assert_eq!(kind(&list, &robot), expected, "{name}");
    }
}

fn refusal(list: &Denylist, revocation: Revocation) -> Option<(StoreErrorKind, String)> {
    let refused = list.revoke(revocation).try_now().unwrap().err();
    refused.map(|error| {
        let source = std::error::Error::source(&error).unwrap();
        (error.kind(), source.to_string())
    })
}

#[test]
fn a_revocation_for_an_authority_that_no_validator_has_is_kept_and_said() {
    let (_, _, validator, _) = setup();
    let list = Denylist::default();
    // Before a gate asks, nobody is known to be lacking.
    assert_eq!(refusal(&list, Revocation::subject(OTHER, "early")), None);
    let gate = gate(validator, list.clone(), &clock());
    assert_eq!(refusal(&list, Revocation::subject(ISSUER, "alice")), None);
    for revocation in [
        Revocation::subject(OTHER, "alice"),
        Revocation::client(OTHER, "shop"),
        Revocation::session(OTHER, "s1").until(UnixTime::from_secs(NOW)),
        Revocation::jwt_id(OTHER, "j1"),
    ] {
        let target = revocation.target().clone();
        let (kind, text) = refusal(&list, revocation).unwrap();
        assert_eq!(kind, StoreErrorKind::AuthorityUnknown, "{target:?}");
        assert!(text.contains(&format!("found `{OTHER}`")), "{text}");
    }
    assert_eq!(list.len(), 6);
    let stranger = Principal::builder(PrincipalKind::Other, OTHER).subject("alice");
    assert_eq!(kind(&list, &stranger.build()), REVOKED);
    let report = gate.doctor().try_now().unwrap();
    let about = |text: &str| {
        let found = report.findings().iter();
        found
            .filter(|own| own.severity == Severity::Warning && own.text.contains(text))
            .count()
    };
    assert_eq!(about(OTHER), 1);
    assert_eq!(about("denylist"), 0);
    // A gate that is built later has it.
    let _other = Gate::builder()
        .validator(Named(Some(OTHER)))
        .revocations(list.clone())
        .allow_any_authenticated()
        .build()
        .unwrap();
    assert_eq!(refusal(&list, Revocation::subject(OTHER, "late")), None);
    assert!(refusal(&list, Revocation::subject("third", "late")).is_some());
}

#[test]
fn the_authority_of_a_token_id_or_of_another_process_is_not_missed() {
    let (_, pair, validator, _) = setup();
    let own = validate_at(&validator, &pair.sign(&claims(&json!({}))), NOW).unwrap();
    let list = Denylist::default().also_asked_for([OTHER]);
    let _gate = gate(validator, list.clone(), &clock());
    assert_eq!(refusal(&list, Revocation::subject(OTHER, "alice")), None);
    assert!(refusal(&list, Revocation::subject("third", "alice")).is_some());
    assert_eq!(refusal(&list, Revocation::of_token(&own).unwrap()), None);
}

/// A validator whose authorities are one name, or cannot be listed.
#[derive(Debug)]
struct Named(Option<&'static str>);

impl TokenValidator for Named {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn authorities(&self) -> Authorities {
        Authorities::OWN
    }

    fn authority_names(&self) -> Option<Vec<bearergate::principal::Authority>> {
        self.0.map(|name| vec![name.into()])
    }

    fn validate<'a>(
        &'a self,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        NowOrLater::now(Err(RejectionKind::TokenMalformed.into()))
    }
}

#[test]
fn where_authorities_cannot_be_listed_none_is_missed() {
    let (store, pair, validator, _) = setup();
    let open = JwtValidator::builder()
        .issuer_pattern("https://login.example.com/{tenant}/v2.0", |_| None)
        .audience(AUDIENCE)
        .keys(bearergate::key::KeySet::from(pair.key.clone()));
    drop((store, validator));
    let open = open.build().unwrap();
    let cases: [(Arc<dyn TokenValidator>, bool); 3] = [
        (Arc::new(Named(Some(ISSUER))), true),
        (Arc::new(Named(None)), false),
        (Arc::new(open), false),
    ];
    for (place, (validator, is_said)) in cases.into_iter().enumerate() {
        let list = Denylist::default();
        let _gate = gate(validator, list.clone(), &clock());
        let refused = refusal(&list, Revocation::subject(OTHER, "alice"));
        assert_eq!(refused.is_some(), is_said, "{place}");
    }
}

#[tokio::test]
async fn a_session_is_refused_by_its_handle_and_another_session_is_not() {
    let cookie = SessionCookie::new("__Host-sid").unwrap();
    let store = Arc::new(MemoryGrantStore::new(10));
    let sessions = SessionManager::builder(store, "my service").clock(clock());
    let sessions = sessions.build().unwrap();
    let list = Denylist::default().clock(clock());
    let sources = Sources::builder().without_bearer().cookie("__Host-sid");
    let gate = Gate::builder()
        .validator(sessions.validator(&cookie))
        .sources(sources.build().unwrap())
        .revocations(list.clone())
        .allow_any_authenticated()
        .clock(clock())
        .build()
        .unwrap();
    let ended = sessions.create(NewSession::new("alice")).await.unwrap();
    let other = sessions.create(NewSession::new("alice")).await.unwrap();
    let handle = ended.record.handle().unwrap().to_string();
    let [ended, other] = [ended, other].map(|new| new.secret.reveal());
    let ask = async |secret: &str| {
        let request = http::Request::get("/").header("cookie", format!("__Host-sid={secret}"));
        let request = request.body(()).unwrap();
        gate.check(&request)
            .await
            .err()
            .map(|refusal| refusal.kind())
    };
    assert_eq!((ask(&ended).await, ask(&other).await), (None, None));
    let end = UnixTime::from_secs(NOW + 3_600);
    let elsewhere = Revocation::session(OTHER, handle.as_str()).until(end);
    let said = list.revoke(elsewhere).await.unwrap_err();
    assert_eq!(said.kind(), StoreErrorKind::AuthorityUnknown);
    assert_eq!((ask(&ended).await, ask(&other).await), (None, None));
    let revocation = Revocation::session("my service", handle).until(end);
    list.revoke(revocation).await.unwrap();
    assert_eq!((ask(&ended).await, ask(&other).await), (REVOKED, None));
    let _: &dyn RevocationList = &list;
}

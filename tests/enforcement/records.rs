//! Step 10: one record for each answer, with the status and the kind of the answer.

use bearergate::RejectionKind;
use bearergate::address::{AddressList, AddressRules};
use bearergate::limit::{By, Limit, Limits, LockOut, Rate};
use bearergate::policy::{AuditLevel, Obligations, Policy, Rule, action};
use http::StatusCode;

use crate::helpers::{Service, Trail, check, request};

#[tokio::test]
async fn every_answer_has_one_record_with_its_status_and_kind() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let list = AddressList::from_networks(["203.0.113.0/24"]).unwrap();
    let rate = Rate::per_minute(3).unwrap();
    let gate = service
        .gate()
        .audit(trail.audit.clone())
        .addresses(AddressRules::builder().deny(list).build().unwrap())
        .lock_out(LockOut::default())
        .limits(
            Limits::builder()
                .limit(Limit::rate("default", rate))
                .build()
                .unwrap(),
        )
        .authorizer(bearergate::require_scope("orders:read"))
        .build()
        .unwrap();
    let requests = [
        ("good-a", "192.0.2.7"),
        ("good-a", "192.0.2.7"),
        ("good-a", "192.0.2.7"),
        ("good-a", "192.0.2.7"),
        ("expired-a", "192.0.2.7"),
        ("forged-a", "192.0.2.7"),
        ("down-a", "192.0.2.7"),
        ("good-b", "203.0.113.1"),
    ];
    let mut answers = Vec::new();
    for (token, from) in requests {
        answers.push(match check(&gate, token, from) {
            Ok(_) => (None, None),
            Err(refusal) => (
                Some(refusal.kind().as_str().to_owned()),
                Some(refusal.status().as_u16()),
            ),
        });
    }
    let no_credential = gate
        .try_check_now(&request(None, "192.0.2.7"))
        .unwrap()
        .unwrap_err();
    answers.push((Some(no_credential.kind().as_str().to_owned()), Some(401)));
    let records = trail.records("decision").await;
    let recorded: Vec<_> = records
        .iter()
        .map(|record| {
            let kind = record["error.type"].as_str().map(str::to_owned);
            let status = record["http.response.status_code"].as_u64();
            (kind, status.map(|status| u16::try_from(status).unwrap()))
        })
        .collect();
    assert_eq!(recorded, answers);
    let [first, .., last] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(first["user.id"], "a");
    assert_eq!(first["client.address"], "192.0.2.7");
    assert_eq!(first["url.path"], "/orders/7");
    assert_eq!(first["user_agent.original"], "tests/1");
    assert!(last.get("user.id").is_none(), "{last}");
}

#[tokio::test]
async fn a_decision_is_recorded_with_what_was_decided_about() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let full = Obligations::new().with_audit(AuditLevel::Full);
    let policy = Policy::builder()
        .rule(Rule::permit("write", action("write")).with_obligations(full))
        .build()
        .unwrap();
    let gate = service.gate().audit(trail.audit.clone());
    let gate = gate
        .authorizer(policy)
        .authorizes_per_route()
        .build()
        .unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let caller = gate.authenticate(&request).await.unwrap();
    let access = caller
        .request()
        .with_action("write")
        .with_resource("/orders/{id}");
    assert!(gate.authorize(&access).await.is_ok());
    drop(caller);
    let records = trail.records("decision").await;
    let [record] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(record["bearergate.action"], "write");
    assert_eq!(record["http.route"], "/orders/{id}");
    assert_eq!(record["http.request.method"], "GET");
    assert!(
        record.to_string().contains("orders:read"),
        "a full record names the scopes: {record}"
    );
    assert!(trail.records("authenticated").await.is_empty());
}

#[tokio::test]
async fn a_caller_that_nothing_was_decided_about_is_recorded_once() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service.gate().audit(trail.audit.clone());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let caller = gate
        .authenticate(&request(Some("good-a"), "192.0.2.7"))
        .await
        .unwrap();
    let clone = caller.clone();
    drop(caller);
    assert!(trail.records("authenticated").await.is_empty());
    drop(clone);
    let records = trail.records("authenticated").await;
    let [record] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(record["user.id"], "a");
    assert!(trail.records("decision").await.is_empty());
}

#[tokio::test]
async fn an_anonymous_caller_that_is_let_in_has_a_decision_record() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service.gate().audit(trail.audit.clone());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let caller = gate
        .authenticate_optional(&request(None, "192.0.2.7"))
        .await
        .unwrap();
    assert!(caller.is_none());
    let records = trail.records("decision").await;
    let [record] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert!(record.get("error.type").is_none(), "{record}");
}

#[tokio::test]
async fn a_completed_record_has_the_id_of_its_decision() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service.gate().audit(trail.audit.clone());
    let gate = gate.allow_any_authenticated().build().unwrap();
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    admitted.complete(StatusCode::CREATED);
    let decided = trail.records("decision").await;
    let completed = trail.records("completed").await;
    assert_eq!(completed[0]["bearergate.id"], decided[0]["bearergate.id"]);
    assert_eq!(completed[0]["http.response.status_code"], 201);
}

#[tokio::test]
async fn a_lock_is_recorded_with_its_source() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service
        .gate()
        .audit(trail.audit.clone())
        .lock_out(LockOut::default());
    let gate = gate.allow_any_authenticated().build().unwrap();
    for _ in 0..11 {
        let refused = check(&gate, "forged-a", "192.0.2.7").unwrap_err();
        assert_ne!(refused.kind(), RejectionKind::Unavailable);
    }
    let records = trail.records("locked").await;
    let [record] = records.as_slice() else {
        panic!("{records:?}")
    };
    assert_eq!(record["client.address"], "192.0.2.7");
}

#[tokio::test]
async fn a_record_names_the_limits_that_were_asked() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let rate = Rate::per_minute(1).unwrap();
    let wide = Rate::per_minute(100).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("sources", wide).by(By::Source))
        .limit(Limit::rate("default", rate));
    let gate = service
        .gate()
        .audit(trail.audit.clone())
        .limits(limits.build().unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    check(&gate, "good-a", "192.0.2.7").unwrap();
    check(&gate, "good-a", "192.0.2.7").unwrap_err();
    let records = trail.records("decision").await;
    let text = |at: usize| records[at].to_string();
    assert!(
        text(0).contains("sources") && text(0).contains("pass"),
        "{}",
        text(0)
    );
    assert!(
        text(1).contains("default") && text(1).contains("over"),
        "{}",
        text(1)
    );
}

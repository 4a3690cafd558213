//! Updates of keys, and records as JSON.

use std::sync::Barrier;
use std::thread;

use bearergate::api_key::{ApiKeyErrorKind, ApiKeyId, ApiKeyUpdate, NewApiKey};
use bearergate::credential::PresentedCredential;
use bearergate::{RejectionKind, TokenValidator, limits};
use serde_json::json;

use crate::common::{DAY, NOW, Service, at, legacy_scheme, plain, scheme_of, wait};

fn refused(service: &Service, id: ApiKeyId, update: ApiKeyUpdate) -> ApiKeyErrorKind {
    wait(service.keys.update(id, update)).unwrap_err().kind()
}

#[test]
fn update_changes_what_is_set_and_nothing_else() {
    let service = Service::new();
    let network = |text: &str| text.parse().unwrap();
    let draft = plain().tenant("acme").scopes(["a"]).roles(["r"]).name("n");
    let draft = draft.metadata("k", "v").metadata("l", "w");
    let draft = draft.limit_class("bulk").not_before(at(NOW - 1));
    let (key, id) = service.issue(draft.addresses([network("192.0.2.0/24")]));
    let before = service.record(id).unwrap().to_row();

    let update = ApiKeyUpdate::new().name("new").scopes(["b", "c"]);
    let update = update.expires_at(at(NOW + 365 * 86_400));
    let update = update.metadata("k", "x").without_metadata("l");
    let record = wait(service.keys.update(id, update.limit_class("gold"))).unwrap();
    let mut expected = before.clone();
    expected.name = Some("new".to_owned());
    expected.scopes = vec!["b".to_owned(), "c".to_owned()];
    expected.expires_at = Some(at(NOW + 365 * 86_400));
    expected.metadata = [("k".to_owned(), "x".to_owned())].into();
    expected.limit_class = Some("gold".to_owned());
    expected.version = 2;
    assert_eq!(record.to_row(), expected);
    assert_eq!(service.record(id).unwrap().to_row(), expected);

    let update = ApiKeyUpdate::new()
        .without_name()
        .scopes(Vec::<String>::new());
    let update = update.roles(["admin"]).never_expires().any_address();
    let record = wait(service.keys.update(id, update.without_limit_class())).unwrap();
    expected.name = None;
    expected.scopes.clear();
    expected.roles = vec!["admin".to_owned()];
    expected.expires_at = None;
    expected.addresses.clear();
    expected.limit_class = None;
    expected.version = 3;
    assert_eq!(record.to_row(), expected);
    // The digest is the same, and the change is seen by the validator.
    let principal = service.validate(&key).unwrap();
    assert_eq!(principal.expires_at(), None);
    assert_eq!(
        principal.scopes().map(|scopes| scopes.iter().count()),
        Some(0)
    );
}

#[test]
fn update_of_the_addresses_is_checked_with_the_next_request() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    assert_eq!(service.kind(&key), None);
    let office = "192.0.2.0/24".parse().unwrap();
    wait(
        service
            .keys
            .update(id, ApiKeyUpdate::new().addresses([office])),
    )
    .unwrap();
    assert_eq!(service.kind(&key), Some(RejectionKind::AddressDenied));
    wait(service.keys.update(id, ApiKeyUpdate::new().any_address())).unwrap();
    assert_eq!(service.kind(&key), None);
}

#[test]
fn update_never_revives_a_key() {
    let service = Service::new();
    let longer = || ApiKeyUpdate::new().expires_at(at(NOW + 400 * 86_400));
    let (revoked, revoked_id) = service.issue(plain());
    let (expired, expired_id) = service.issue(NewApiKey::new("robot").expires_in(DAY));
    let (live, live_id) = service.issue(NewApiKey::new("robot").expires_in(2 * DAY));
    wait(service.keys.revoke(revoked_id, "leaked")).unwrap();
    service.clock.advance(DAY);
    for id in [revoked_id, expired_id] {
        let before = service.record(id).unwrap().to_row();
        let renamed = ApiKeyUpdate::new().name("other");
        for update in [longer(), ApiKeyUpdate::new().never_expires(), renamed] {
            assert_eq!(refused(&service, id, update), ApiKeyErrorKind::NotCurrent);
        }
        assert_eq!(service.record(id).unwrap().to_row(), before);
    }
    assert_eq!(service.kind(&revoked), Some(RejectionKind::ApiKeyDisabled));
    assert_eq!(service.kind(&expired), Some(RejectionKind::ApiKeyExpired));
    wait(service.keys.update(live_id, longer())).unwrap();
    service.clock.advance(2 * DAY);
    assert_eq!(service.kind(&live), None);
}

#[test]
fn expiry_of_a_rotated_key_only_moves_forward() {
    let service = Service::new();
    let (old, id) = service.issue(plain());
    let _ = wait(service.keys.rotate(id, 2 * DAY)).unwrap();
    let end = |secs| ApiKeyUpdate::new().expires_at(at(NOW + secs));
    for update in [end(2 * 86_400 + 1), ApiKeyUpdate::new().never_expires()] {
        assert_eq!(refused(&service, id, update), ApiKeyErrorKind::NotCurrent);
    }
    for update in [
        end(2 * 86_400),
        end(86_400),
        ApiKeyUpdate::new().name("old"),
    ] {
        wait(service.keys.update(id, update)).unwrap();
    }
    service.clock.advance(DAY);
    assert_eq!(service.kind(&old), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn malformed_update_names_the_field_and_changes_nothing() {
    let service = Service::new();
    let (key, id) = service.issue(plain().not_before(at(NOW)));
    let before = service.record(id).unwrap().to_row();
    let new = ApiKeyUpdate::new;
    let long = "x".repeat(limits::API_KEY_FREE_BYTES + 1);
    for (update, field) in [
        (new().scopes(["a b"]), "scopes"),
        (new().scopes(["a", ""]), "scopes"),
        (new().roles(["a\n"]), "roles"),
        (new().roles(["x".repeat(70_000)]), "roles"),
        (new().name(long.clone()), "name"),
        (new().limit_class(long.clone()), "limit_class"),
        (new().metadata("k", long), "metadata"),
        (new().addresses([]), "addresses"),
        (new().expires_at(at(NOW)), "expires_at"),
        (new().expires_at(at(limits_end() + 1)), "expires_at"),
    ] {
        let error = wait(service.keys.update(id, update)).unwrap_err();
        assert_eq!(error.kind(), ApiKeyErrorKind::Malformed, "{error}");
        assert_eq!(error.field(), Some(field), "{error}");
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
    }
    assert_eq!(service.record(id).unwrap().to_row(), before);
    assert_eq!(service.kind(&key), None);
    wait(service.keys.update(id, new().expires_at(at(limits_end())))).unwrap();
}

/// The end of the year 9999.
const fn limits_end() -> u64 {
    253_402_300_799
}

#[test]
fn unknown_keys_and_keys_of_another_authority_cannot_be_updated() {
    let service = Service::new();
    let (_, id) = service.issue(plain());
    let update = || ApiKeyUpdate::new().name("n");
    let unknown = "0000000000000000".parse().unwrap();
    assert_eq!(
        refused(&service, unknown, update()),
        ApiKeyErrorKind::Unknown
    );
    let other = service.with_scheme(scheme_of("other keys", &[1]));
    assert_eq!(refused(&other, id, update()), ApiKeyErrorKind::Unknown);
    assert!(wait(service.keys.update(id, update())).is_ok());
}

#[test]
fn update_repeats_its_decision_after_a_conflict_and_gives_up_after_many() {
    let service = Service::new();
    let (_, id) = service.issue(plain());
    let count = |count| {
        service
            .store
            .conflicts
            .store(count, std::sync::atomic::Ordering::SeqCst)
    };
    count(3);
    assert!(wait(service.keys.update(id, ApiKeyUpdate::new().name("n"))).is_ok());
    count(1_000);
    let kind = refused(&service, id, ApiKeyUpdate::new().name("m"));
    assert_eq!(kind, ApiKeyErrorKind::Conflict);
    count(0);
    assert_eq!(service.record(id).unwrap().details().name(), Some("n"));
}

// Defect H05 (one-time use checked, then made): docs/defects.md
#[test]
fn revocation_wins_over_a_simultaneous_update_and_no_update_is_lost() {
    for _ in 0..50 {
        let service = Service::new();
        let (key, id) = service.issue(plain());
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            let (barrier, keys) = (&barrier, &service.keys);
            let start = |update: ApiKeyUpdate| {
                scope.spawn(move || {
                    barrier.wait();
                    wait(keys.update(id, update))
                })
            };
            let named = start(ApiKeyUpdate::new().name("n"));
            let scoped = start(ApiKeyUpdate::new().scopes(["s"]).never_expires());
            barrier.wait();
            wait(keys.revoke(id, "leaked")).unwrap();
            let (named, scoped) = (named.join().unwrap(), scoped.join().unwrap());
            let record = service.record(id).unwrap();
            assert_eq!(record.details().name().is_some(), named.is_ok());
            assert_eq!(record.scopes().count() == 1, scoped.is_ok());
            for lost in [named.err(), scoped.err()].into_iter().flatten() {
                assert_eq!(lost.kind(), ApiKeyErrorKind::NotCurrent);
            }
        });
        assert_eq!(service.kind(&key), Some(RejectionKind::ApiKeyDisabled));
    }
}

// Defect J01 (secret in a log, error or `Debug`): docs/defects.md
#[test]
fn record_as_json_has_stable_names_and_no_secret() {
    const LEGACY: &str = "f0re1gn-s3cret-canary-000001";
    let service = Service::of(legacy_scheme(&[1]));
    let draft = plain().tenant("acme").scopes(["a"]).roles(["r"]).name("n");
    let draft = draft
        .metadata("k", "v")
        .limit_class("bulk")
        .not_before(at(NOW));
    let (key, id) = service.issue(draft.addresses(["192.0.2.0/24".parse().unwrap()]));
    let presented = PresentedCredential::token(&key);
    let _ = wait(service.validator.validate(&presented));
    let successor = wait(service.keys.rotate(id, DAY)).unwrap();
    wait(service.keys.revoke(id, "leaked")).unwrap();
    let record = service.record(id).unwrap();
    let json = serde_json::to_value(&record).unwrap();
    let expected = json!({
        "id": id.as_str(), "authority": "acme keys", "subject": "robot-7", "tenant": "acme",
        "scopes": ["a"], "roles": ["r"], "name": "n", "limit_class": "bulk",
        "addresses": ["192.0.2.0/24"], "metadata": {"k": "v"}, "is_legacy": false, "version": 3,
        "created_at": NOW, "not_before": NOW, "expires_at": NOW + 86_400, "last_used_at": null,
        "disabled_at": NOW, "disabled_reason": "leaked", "predecessor": null,
        "successor": successor.record.id().as_str(),
    });
    assert_eq!(json, expected);

    let imported = wait(
        service
            .keys
            .import(NewApiKey::new("x").never_expires(), LEGACY),
    )
    .unwrap();
    let bare = serde_json::to_value(&imported).unwrap();
    let names = |json: &serde_json::Value| {
        let object = json.as_object().unwrap();
        object.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&bare), names(&json));
    assert_eq!(bare["expires_at"], json!(null));
    let issued = successor.secret.reveal();
    let out = format!(
        "{json}{bare}{}",
        serde_json::to_string(&successor.record).unwrap()
    );
    for record in [&record, &imported, &successor.record] {
        let digest = record.digest().as_bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{digest:?}").replace(' ', "");
        for canary in [&hex, &hex.to_uppercase(), &list[1..20]] {
            assert!(!out.contains(canary), "{canary}");
        }
    }
    let secret = |key: &str| key["acme_live_0123456789ABCDEF_".len()..].to_owned();
    for canary in [secret(&key), secret(&issued), LEGACY.to_owned()] {
        assert!(!out.contains(&canary), "{canary}");
    }
    assert!(out.contains(id.as_str()));
}

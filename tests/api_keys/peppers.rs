//! Peppers that were swapped under their version, and what the store knows of peppers.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery};
use bearergate::api_key::{
    ApiKeyErrorKind, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyScheme, ApiKeyStore,
    LegacyFormat, PepperedDigest,
};
use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::diagnosis::{Finding, Severity};
use bearergate::error::StoreError;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{ApiKeyValidator, Gate, NowOrLater, RejectionKind, TokenValidator};

use crate::common::{DAY, Service, plain, scheme, scheme_of, scheme_with, wait};

const LEGACY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

fn with_legacy(scheme: ApiKeyScheme) -> ApiKeyScheme {
    scheme.with_legacy(LegacyFormat::new(20).unwrap())
}

fn cause(error: &dyn Error) -> String {
    error.source().unwrap().to_string()
}

/// A service with a key under version 1 and one under version 2, and an imported one.
fn service() -> (Service, [String; 3]) {
    let old = Service::of(with_legacy(scheme(&[1])));
    let (first, _) = old.issue(plain());
    wait(old.keys.import(plain(), LEGACY)).unwrap();
    let service = old.with_scheme(with_legacy(scheme(&[2, 1])));
    let (second, _) = service.issue(plain());
    (service, [first, second, LEGACY.to_owned()])
}

#[test]
fn swapped_pepper_makes_requests_unavailable_and_not_unknown() {
    let (service, keys) = service();
    let unknown = Service::new().issue(plain()).0;
    for (peppers, version) in [
        (&[(2, 9), (1, 1)], 2),
        (&[(2, 2), (1, 9)], 1),
        (&[(2, 1), (1, 2)], 2),
    ] {
        let swapped = service.with_scheme(with_legacy(scheme_with(peppers)));
        let asked = swapped.store.finds();
        for has_to_wait in [false, true] {
            service.store.set(&service.store.has_to_wait, has_to_wait);
            for key in keys.iter().chain([&unknown]) {
                let rejection = swapped.validate(key).unwrap_err();
                assert_eq!(rejection.kind(), RejectionKind::Unavailable, "{peppers:?}");
                let cause = cause(&rejection);
                assert!(
                    cause.contains(&format!("under version {version} ")),
                    "{cause}"
                );
                assert!(cause.contains("its former bytes"), "{cause}");
            }
            let malformed = swapped.kind("acme_live_typo");
            assert_eq!(malformed, Some(RejectionKind::ApiKeyMalformed));
        }
        service.store.set(&service.store.has_to_wait, false);
        assert_eq!(swapped.store.finds(), asked);
    }
    let right = service.with_scheme(with_legacy(scheme_with(&[(2, 2), (1, 1)])));
    for key in &keys {
        assert_eq!(right.kind(key), None);
    }
    assert_eq!(right.kind(&unknown), Some(RejectionKind::ApiKeyUnknown));
}

#[test]
fn swapped_pepper_is_refused_at_the_start() {
    let (service, _) = service();
    let swapped = service.with_scheme(scheme_with(&[(2, 2), (1, 9)]));
    let error = wait(swapped.validator.warm_up()).unwrap_err();
    assert_eq!(error.kind(), RejectionKind::Unavailable);
    assert!(
        cause(&error).contains("`peppers`: expected under version 1"),
        "{error:?}"
    );
    let gate = Gate::builder()
        .validator(swapped.validator)
        .allow_any_authenticated();
    assert!(wait(gate.build().unwrap().warm_up()).is_err());
    let right = service.with_scheme(scheme_with(&[(2, 2), (1, 1)]));
    assert!(wait(right.validator.warm_up()).is_ok());
}

#[test]
fn manager_with_a_swapped_pepper_makes_no_key_and_still_revokes() {
    let (service, _) = service();
    let swapped = service.with_scheme(with_legacy(scheme_with(&[(2, 9), (1, 1)])));
    let (_, id) = service.issue(plain());
    let count = || {
        wait(service.keys.list(ApiKeyFilter::All, None))
            .unwrap()
            .len()
    };
    let before = count();
    let other = "c0ffee00-7a11-4d0e-9f3b-2b1e";
    for error in [
        wait(swapped.keys.create(plain())).err().unwrap(),
        wait(swapped.keys.rotate(id, DAY)).err().unwrap(),
        wait(swapped.keys.import(plain(), other)).err().unwrap(),
    ] {
        assert_eq!(error.kind(), ApiKeyErrorKind::PepperSwapped);
        assert!(cause(&error).contains("under version 2"), "{error}");
    }
    assert_eq!(count(), before);
    wait(swapped.keys.revoke(id, "leaked")).unwrap();
    assert!(service.record(id).unwrap().is_disabled());
    assert!(wait(service.keys.import(plain(), other)).is_ok());
}

#[test]
fn check_is_made_once_and_a_failed_one_is_repeated() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let checks = || service.store.checks.load(Ordering::SeqCst);
    let other = service.with_scheme(scheme(&[1]));
    let before = checks();
    service.store.set(&service.store.fails_reads, true);
    let rejection = other.validate(&key).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::Unavailable);
    assert!(wait(other.validator.warm_up()).is_err());
    service.store.set(&service.store.fails_reads, false);
    for _ in 0..5 {
        assert_eq!(other.kind(&key), None);
        wait(other.validator.warm_up()).unwrap();
    }
    assert_eq!(checks(), before + 1 + 2);
}

#[test]
fn authorities_of_one_store_have_peppers_of_their_own() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let other = scheme_with(&[(1, 9)]);
    let other = ApiKeyScheme::new("other keys", other.format().clone(), {
        // The same version with other bytes.
        let source = bearergate::secret_source::SecretSource::from_fn("test pepper", || {
            Ok::<_, std::io::Error>(bearergate::secret::Secret::new(vec![9; 32]))
        });
        bearergate::api_key::PepperSet::new(1, &source).unwrap()
    });
    let other = service.with_scheme(other.unwrap());
    let (others, _) = other.issue(plain());
    assert_eq!((service.kind(&key), other.kind(&others)), (None, None));
    let own = service.with_scheme(scheme_of("other keys", &[1]));
    assert_eq!(own.kind(&others), Some(RejectionKind::Unavailable));
}

/// The same records in a new store, which knows no check values.
fn without_checks(service: &Service) -> Service {
    let copy = Service::of(service.scheme.clone());
    let all = ApiKeyQuery::new("acme keys", ApiKeyFilter::All, 1_000);
    for record in wait(service.store.list(all)).unwrap() {
        let mut row = record.to_row();
        row.version = 1;
        let insert = ApiKeyChange::Insert(ApiKeyRecord::from_row(row).unwrap());
        wait(copy.store.commit(vec![insert])).unwrap();
    }
    copy
}

/// With records and without a check value, the process that starts first must not decide which
/// pepper is the right one.
#[test]
fn pepper_of_records_without_a_check_value_is_proven_by_a_valid_key() {
    for at in [0, 2] {
        let original = Service::of(with_legacy(scheme(&[1])));
        let (first, _) = original.issue(plain());
        wait(original.keys.import(plain(), LEGACY)).unwrap();
        let keys = [first, String::new(), LEGACY.to_owned()];
        let service = without_checks(&original);
        let swapped = || service.with_scheme(with_legacy(scheme_with(&[(1, 9)])));
        wait(swapped().validator.warm_up()).unwrap();
        assert_eq!(
            swapped().kind(&keys[at]),
            Some(RejectionKind::ApiKeyUnknown)
        );
        assert_eq!(service.kind(&keys[at]), None);
        assert_eq!(swapped().kind(&keys[at]), Some(RejectionKind::Unavailable));
        assert!(wait(swapped().validator.warm_up()).is_err());
        let again = service.with_scheme(with_legacy(scheme(&[1])));
        assert_eq!(again.kind(&keys[at]), None);
    }
}

#[test]
fn wrong_key_and_key_without_a_pepper_prove_nothing() {
    let original = Service::new();
    let (key, id) = original.issue(plain());
    let service = without_checks(&original);
    let other = Service::new().issue(plain()).0;
    assert_eq!(service.kind(&other), Some(RejectionKind::ApiKeyUnknown));
    // A record of this key whose digest has no pepper.
    let mut row = service.record(id).unwrap().to_row();
    (row.version, row.digest) = (2, PepperedDigest::sha256([7; 32]));
    let change = ApiKeyChange::Replace(ApiKeyRecord::from_row(row).unwrap());
    wait(service.store.commit(vec![change])).unwrap();
    assert!(service.kind(&key).is_some());
    let uses = wait(service.store.pepper_uses("acme keys".into()))
        .unwrap()
        .unwrap();
    assert!(uses.iter().all(|used| used.check.is_none()), "{uses:?}");
}

fn findings(service: &Service) -> Vec<Finding> {
    wait(service.validator.diagnose())
}

fn has(findings: &[Finding], severity: Severity, text: &str) -> bool {
    let is_it = |own: &&Finding| own.severity == severity && own.text.contains(text);
    let found = findings.iter().find(is_it);
    let needs_hint = severity > Severity::Ok;
    found.is_some_and(|found| found.hint.is_some() || !needs_hint)
}

#[test]
fn doctor_reports_the_store_and_its_peppers() {
    let (service, keys) = service();
    let found = findings(&service);
    assert!(has(&found, Severity::Ok, "3 of at most 10000"), "{found:?}");
    assert!(has(
        &found,
        Severity::Ok,
        "version 2 of the pepper is the expected one; 1 key was"
    ));
    assert!(has(
        &found,
        Severity::Ok,
        "version 1 of the pepper is the expected one; 2 keys were"
    ));
    let gate = Gate::builder().validator(service.validator.clone());
    let report = wait(gate.allow_any_authenticated().build().unwrap().doctor());
    assert_eq!(report.severity(), Severity::Ok, "{report}");
    assert!(
        report.to_string().contains("API keys of acme keys"),
        "{report}"
    );

    let swapped = service.with_scheme(with_legacy(scheme_with(&[(2, 9), (1, 1)])));
    let found = findings(&swapped);
    assert!(
        has(&found, Severity::Error, "expected under version 2"),
        "{found:?}"
    );
    assert!(has(
        &found,
        Severity::Ok,
        "version 1 of the pepper is the expected one"
    ));

    let missing = service.with_scheme(with_legacy(scheme(&[2])));
    let found = findings(&missing);
    let text = "2 keys were made under version 1 of the pepper, which is not configured";
    assert!(has(&found, Severity::Error, text), "{found:?}");
    assert_eq!(missing.kind(&keys[0]), Some(RejectionKind::Unavailable));

    let next = service.with_scheme(with_legacy(scheme(&[3, 2, 1])));
    let found = findings(&next);
    assert!(has(
        &found,
        Severity::Ok,
        "version 3 of the pepper has not been used yet"
    ));
    assert!(!has(&found, Severity::Error, ""), "{found:?}");
}

#[test]
fn doctor_reports_what_it_cannot_know() {
    let (service, keys) = service();
    let copy = without_checks(&service);
    let text = "it is not known whether version 1 of the pepper is the expected one: 2 keys were";
    assert!(has(&findings(&copy), Severity::Warning, text));
    assert_eq!(copy.kind(&keys[0]), None);
    // The first use moves the key to version 2.
    let text = "version 1 of the pepper is the expected one; 1 key was";
    assert!(
        has(&findings(&copy), Severity::Ok, text),
        "{:?}",
        findings(&copy)
    );

    service.store.set(&service.store.fails_reads, true);
    let found = findings(&service);
    let text = "the store does not answer: the store cannot be reached or did not answer in time: \
                the disk is gone";
    assert!(has(&found, Severity::Error, text), "{found:?}");
}

#[test]
fn doctor_reports_keys_without_a_pepper() {
    let takes = LegacyFormat::new(20).unwrap().with_imported_sha256();
    let service = Service::of(scheme(&[1]).with_legacy(takes));
    wait(service.keys.import_sha256(plain(), [7; 32])).unwrap();
    let text = "1 key was imported as a SHA-256 digest, without a pepper";
    assert!(has(&findings(&service), Severity::Ok, text));
    let strict = service.with_scheme(with_legacy(scheme(&[1])));
    assert!(has(&findings(&strict), Severity::Error, text));
}

#[test]
fn doctor_warns_of_a_store_in_memory_that_is_almost_full() {
    let store = Arc::new(MemoryApiKeyStore::new(10).unwrap());
    let keys = ApiKeyManager::builder(scheme(&[1]), store.clone())
        .build()
        .unwrap();
    for count in 1..=10 {
        let _ = wait(keys.create(plain())).unwrap();
        let severity = if count < 9 {
            Severity::Ok
        } else {
            Severity::Warning
        };
        let text = format!("{count} of at most 10");
        assert!(has(&wait(store.diagnose()), severity, &text), "{count}");
    }
}

/// A store that implements only what it must.
#[derive(Debug)]
struct Plain(MemoryApiKeyStore);

type Answer<'a, T> = NowOrLater<'a, Result<T, StoreError>>;

impl ApiKeyStore for Plain {
    fn find(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKeyRecord>> {
        self.0.find(id)
    }

    fn find_by_digest(&self, digest: PepperedDigest) -> Answer<'_, Option<ApiKeyRecord>> {
        self.0.find_by_digest(digest)
    }

    fn list(&self, query: ApiKeyQuery) -> Answer<'_, Vec<ApiKeyRecord>> {
        self.0.list(query)
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> Answer<'_, ()> {
        self.0.commit(changes)
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        self.0.touch(id, now);
    }
}

#[test]
fn store_without_check_values_is_used_and_doctor_says_so() {
    let store = Arc::new(Plain(MemoryApiKeyStore::new(100).unwrap()));
    let validator = |scheme| {
        ApiKeyValidator::builder(scheme, store.clone())
            .build()
            .unwrap()
    };
    let keys = ApiKeyManager::builder(scheme(&[1]), store.clone())
        .build()
        .unwrap();
    let key = wait(keys.create(plain())).unwrap().secret.reveal();
    let right = validator(scheme(&[1]));
    wait(right.warm_up()).unwrap();
    let kind = |validator: &ApiKeyValidator| {
        let presented = PresentedCredential::token(&key);
        wait(validator.validate(&presented))
            .err()
            .map(|rejection| rejection.kind())
    };
    assert_eq!(kind(&right), None);
    let swapped = validator(scheme_with(&[(1, 9)]));
    assert_eq!(kind(&swapped), Some(RejectionKind::ApiKeyUnknown));
    let found = wait(right.diagnose());
    assert!(
        has(&found, Severity::Ok, "it reports nothing else about itself"),
        "{found:?}"
    );
    assert!(
        has(&found, Severity::Warning, "the store keeps no check values"),
        "{found:?}"
    );
}

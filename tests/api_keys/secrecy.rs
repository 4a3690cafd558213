//! Secrets in output and comparisons.

use std::error::Error;
use std::fmt::Write;

use bearergate::Gate;
use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery};
use bearergate::api_key::{NewApiKey, PepperedDigest};

use crate::common::{DAY, Service, at, legacy_scheme, plain, wait};

/// Returns all that can be printed of an error and its sources.
fn printed(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    if let Some(source) = error.source() {
        text.push_str(&printed(source));
    }
    text
}

// Defect J01 (secret in a log, error or `Debug`): docs/defects.md
#[test]
fn secrets_digests_and_private_texts_are_never_printed() {
    const LEGACY: &str = "f0re1gn-s3cret-canary-000001";
    let service = Service::of(legacy_scheme(&[1]));
    let mut out = String::new();
    let draft = NewApiKey::new("robot-7").expires_in(DAY);
    let draft = draft.metadata("pin", "m3tadata-canary").limit_class("bulk");
    write!(out, "{draft:?}").unwrap();
    let issued = wait(service.keys.create(draft)).unwrap();
    write!(out, "{issued:?}").unwrap();
    let (id, record) = (issued.record.id(), issued.record.clone());
    let key = issued.secret.reveal();
    wait(service.keys.import(plain(), LEGACY)).unwrap();
    let (row, change) = (record.to_row(), ApiKeyChange::Insert(record.clone()));
    let query = ApiKeyQuery::new("acme keys", ApiKeyFilter::All, 9);
    write!(
        out,
        "{record:?}{:?}{row:?}{change:?}{query:?}",
        record.details()
    )
    .unwrap();
    let principal = service.validate(&key).unwrap();
    let json = serde_json::to_string(&principal).unwrap();
    write!(
        out,
        "{principal:?}{json}{:?}{:?}",
        principal.claims(),
        service.keys
    )
    .unwrap();
    write!(
        out,
        "{:?}{:?}{:?}",
        service.validator, service.scheme, service.store
    )
    .unwrap();
    let gate = Gate::builder().validator(service.validator.clone());
    write!(out, "{gate:?}").unwrap();
    write!(out, "{:?}", gate.allow_any_authenticated().build()).unwrap();

    let cut = key[..key.len() - 1].to_owned();
    let unknown = Service::new().issue(plain()).0;
    let mut rejected = |key: &str| {
        let rejection = service.validate(key).unwrap_err();
        out.push_str(&printed(&rejection));
    };
    rejected(&cut);
    rejected(&unknown);
    rejected(&LEGACY.replace('1', "2"));
    service.clock.set(at(u64::MAX - 1));
    rejected(&key);
    rejected(LEGACY);
    wait(service.keys.revoke(id, "leaked")).unwrap();
    rejected(&key);
    service.store.set(&service.store.fails_reads, true);
    rejected(&key);
    rejected(LEGACY);
    service.store.set(&service.store.fails_reads, false);
    service.store.set(&service.store.fails_writes, true);
    out.push_str(&printed(&wait(service.keys.rotate(id, DAY)).unwrap_err()));
    out.push_str(&printed(&wait(service.keys.create(plain())).unwrap_err()));
    service.store.set(&service.store.fails_writes, false);
    out.push_str(&printed(
        &wait(service.keys.import(plain(), LEGACY)).unwrap_err(),
    ));

    let secret = &key["acme_live_0123456789ABCDEF_".len()..];
    let digest = record.digest().as_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{digest:?}");
    for canary in [
        secret,
        &secret[..12],
        LEGACY,
        "m3tadata-canary",
        &hex,
        &list[1..20],
    ] {
        assert!(!out.contains(canary), "{canary}");
    }
    // The output is searched correctly: it contains these.
    assert!(out.contains(id.as_str()) && out.contains("robot-7"));
}

// Defect J02 (comparison that takes variable time): docs/defects.md
#[test]
fn digest_that_differs_in_one_byte_does_not_match() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let digest = *service.record(id).unwrap().digest();
    assert_eq!(service.kind(&key), None);
    // Digests are compared, and no part of a digest follows from a part of the secret: a record
    // whose digest differs in any one byte is not the key's.
    for place in 0..32 {
        let mut bytes = *digest.as_bytes();
        bytes[place] ^= 1;
        let mut row = service.record(id).unwrap().to_row();
        row.digest = PepperedDigest::from_stored(bytes, digest.pepper_version());
        row.version += 1;
        replace(&service, row.clone());
        let rejected = service.kind(&key);
        assert_eq!(
            rejected,
            Some(bearergate::RejectionKind::ApiKeyUnknown),
            "{place}"
        );
        row.digest = digest;
        row.version += 1;
        replace(&service, row);
        assert_eq!(service.kind(&key), None, "{place}");
    }
}

fn replace(service: &Service, row: bearergate::api_key::store::ApiKeyRow) {
    use bearergate::api_key::ApiKeyStore;
    let record = bearergate::api_key::ApiKeyRecord::from_row(row).unwrap();
    let change = ApiKeyChange::Replace(record);
    wait(service.store.commit(vec![change])).unwrap();
}

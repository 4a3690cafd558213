//! Secrets that stay in.

use std::error::Error;
use std::fmt::Write;

use bearergate::Gate;
use bearergate::api_key::NewApiKey;
use bearergate::api_key::store::{ApiKeyChange, ApiKeyFilter, ApiKeyQuery};

use crate::common::DAY;
use crate::common::House;
use crate::common::at;
use crate::common::foreign_ring;
use crate::common::plain;
use crate::common::wait;

/// What anybody may print of an error, and of all that caused it.
fn told(error: &dyn Error) -> String {
    let mut told = format!("{error} {error:?}");
    if let Some(source) = error.source() {
        told.push_str(&self::told(source));
    }
    told
}

// Defect J01 (secret in a log, error or `Debug`): docs/defects.md
#[test]
fn no_secret_digest_or_private_text_of_a_key_is_ever_printed() {
    const FOREIGN: &str = "f0re1gn-s3cret-canary-000001";
    let house = House::of(foreign_ring(&[1]));
    let mut out = String::new();
    let draft = NewApiKey::new("robot-7").expires_in(DAY);
    let draft = draft.metadata("pin", "m3tadata-canary").limit_class("bulk");
    write!(out, "{draft:?}").unwrap();
    let issued = wait(house.keys.create(draft)).unwrap();
    write!(out, "{issued:?}").unwrap();
    let (id, record) = (issued.record.id(), issued.record.clone());
    let key = issued.secret.reveal();
    wait(house.keys.import(plain(), FOREIGN)).unwrap();
    let (parts, change) = (record.to_row(), ApiKeyChange::Insert(record.clone()));
    let query = ApiKeyQuery::new("acme keys", ApiKeyFilter::All, 9);
    write!(
        out,
        "{record:?}{:?}{parts:?}{change:?}{query:?}",
        record.details()
    )
    .unwrap();
    let principal = house.judge(&key).unwrap();
    let json = serde_json::to_string(&principal).unwrap();
    write!(
        out,
        "{principal:?}{json}{:?}{:?}",
        principal.claims(),
        house.keys
    )
    .unwrap();
    write!(out, "{:?}{:?}{:?}", house.judge, house.ring, house.store).unwrap();
    let gate = Gate::builder().validator(house.judge.clone());
    write!(out, "{gate:?}").unwrap();
    write!(out, "{:?}", gate.allow_any_authenticated().build()).unwrap();

    let cut = key[..key.len() - 1].to_owned();
    let strange = House::new().issue(plain()).0;
    let mut refused = |key: &str| {
        let rejection = house.judge(key).unwrap_err();
        out.push_str(&told(&rejection));
    };
    refused(&cut);
    refused(&strange);
    refused(&FOREIGN.replace('1', "2"));
    house.clock.set(at(u64::MAX - 1));
    refused(&key);
    refused(FOREIGN);
    wait(house.keys.revoke(id, "leaked")).unwrap();
    refused(&key);
    house.store.set(&house.store.is_deaf, true);
    refused(&key);
    refused(FOREIGN);
    house.store.set(&house.store.is_deaf, false);
    house.store.set(&house.store.is_stuck, true);
    out.push_str(&told(&wait(house.keys.rotate(id, DAY)).unwrap_err()));
    out.push_str(&told(&wait(house.keys.create(plain())).unwrap_err()));
    house.store.set(&house.store.is_stuck, false);
    out.push_str(&told(
        &wait(house.keys.import(plain(), FOREIGN)).unwrap_err(),
    ));

    let secret = &key["acme_live_0123456789ABCDEF_".len()..];
    let digest = record.digest().digest().as_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{digest:?}");
    for canary in [
        secret,
        &secret[..12],
        FOREIGN,
        "m3tadata-canary",
        &hex,
        &list[1..20],
    ] {
        assert!(!out.contains(canary), "{canary}");
    }
    // The search finds what is there.
    assert!(out.contains(id.as_str()) && out.contains("robot-7"));
}

// Defect J02 (comparison that takes variable time): docs/defects.md
#[test]
fn the_place_where_a_secret_differs_makes_no_difference() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let digest = *house.record(id).unwrap().digest();
    assert_eq!(house.kind(&key), None);
    // Digests are compared, of which no part follows from a part of the secret: a record whose
    // digest differs in any one place is not that of the key.
    for place in 0..32 {
        let mut bytes = *digest.digest().as_bytes();
        bytes[place] ^= 1;
        let mut parts = house.record(id).unwrap().to_row();
        let near = bearergate::api_key::KeyDigest::from_bytes(bytes);
        parts.digest = bearergate::api_key::PepperedDigest::new(near, digest.version());
        parts.version += 1;
        replace(&house, parts.clone());
        let refused = house.kind(&key);
        assert_eq!(
            refused,
            Some(bearergate::RejectionKind::ApiKeyUnknown),
            "{place}"
        );
        parts.digest = digest;
        parts.version += 1;
        replace(&house, parts);
        assert_eq!(house.kind(&key), None, "{place}");
    }
}

fn replace(house: &House, parts: bearergate::api_key::store::ApiKeyRow) {
    use bearergate::api_key::ApiKeyStore;
    let record = bearergate::api_key::ApiKeyRecord::from_row(parts).unwrap();
    let change = ApiKeyChange::Replace(record);
    wait(house.store.commit(vec![change])).unwrap();
}

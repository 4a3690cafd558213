//! Which keys are good.

use std::net::IpAddr;

use bearergate::api_key::NewApiKey;
use bearergate::api_key::store::ApiKeyDetails;
use bearergate::credential::PresentedCredential;
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator, claim};

use crate::common::DAY;
use crate::common::House;
use crate::common::NOW;
use crate::common::PREFIX;
use crate::common::at;
use crate::common::plain;
use crate::common::ring;
use crate::common::ring_of;
use crate::common::wait;

#[test]
fn a_key_stands_for_its_subject_with_what_the_service_granted() {
    let house = House::new();
    let draft = plain()
        .tenant("acme \"quoted\"")
        .scopes(["orders:read", "orders:write"])
        .roles(["auditor"])
        .name("nightly export")
        .metadata("tenant", "evil")
        .limit_class("bulk");
    let (key, id) = house.issue(draft);
    let principal = house.judge(&key).unwrap();
    assert_eq!(principal.kind(), PrincipalKind::ApiKey);
    assert_eq!(principal.authority().as_str(), "acme keys");
    assert_eq!(principal.subject(), Some("robot-7"));
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["orders:read", "orders:write"]);
    assert_eq!(principal.issued_at(), Some(at(NOW)));
    assert_eq!(principal.expires_at(), Some(at(NOW + 90 * 86_400)));
    let claims = principal.claims();
    assert_eq!(
        claims.get("tenant").unwrap(),
        Some("acme \"quoted\"".to_owned())
    );
    assert_eq!(claims.get("roles").unwrap(), Some(vec!["auditor"]));
    let details: &ApiKeyDetails = principal.extension().unwrap();
    assert_eq!((details.id(), details.name()), (id, Some("nightly export")));
    assert_eq!(details.metadata().get("tenant").unwrap(), "evil");
    assert_eq!(details.limit_class(), Some("bulk"));
}

#[test]
fn a_policy_reads_no_metadata_of_a_key() {
    let house = House::new();
    let draft = || plain().metadata("admin", "true").name("tenant");
    let (key, _) = house.issue(draft());
    let principal = house.judge(&key).unwrap();
    let request = bearergate::policy::AccessRequest::new(&principal, at(NOW));
    for name in [
        "admin",
        "name",
        "metadata",
        "limit_class",
        "subject",
        "tenant",
    ] {
        assert!(principal.claims().value(name).is_none(), "{name}");
        let policy = claim(name).is("true");
        assert!(!policy.decide(&request).is_allowed(), "{name}");
    }
    let (key, _) = house.issue(draft().tenant("true"));
    let principal = house.judge(&key).unwrap();
    let request = bearergate::policy::AccessRequest::new(&principal, at(NOW));
    assert!(claim("tenant").is("true").decide(&request).is_allowed());
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn what_does_not_have_the_form_of_a_key_is_refused_before_any_store_is_asked() {
    let house = House::new();
    let (key, _) = house.issue(plain());
    assert_eq!(house.kind(&key), None);
    let asked = house.store.finds();
    let mutants = [
        String::new(),
        format!("{PREFIX}_"),
        PREFIX.to_owned(),
        key.replacen('_', ".", 2),
        key.replacen("acme", "ACME", 1),
        format!("{key}A"),
        format!(" {key}"),
        format!("{key} "),
        format!("{key}\u{e9}"),
        format!("{key}{}", "a".repeat(1024 * 1024)),
        key[..key.len() - 1].to_owned(),
        format!("{PREFIX}__{}", &key[PREFIX.len() + 18..]),
        format!("{PREFIX}_{}_", &key[PREFIX.len() + 1..PREFIX.len() + 17]),
        format!("other_live{}", &key[PREFIX.len()..]),
    ];
    for mutant in mutants {
        let kind = house.kind(&mutant);
        assert_eq!(kind, Some(RejectionKind::ApiKeyMalformed), "{mutant:.99}");
    }
    for place in 0..key.len() {
        let mut mutant = key.clone().into_bytes();
        mutant[place] = if mutant[place] == b'x' { b'y' } else { b'x' };
        let mutant = String::from_utf8(mutant).unwrap();
        let kind = house.kind(&mutant);
        assert_eq!(kind, Some(RejectionKind::ApiKeyMalformed), "{place}");
    }
    assert_eq!(house.store.finds(), asked);
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn the_id_of_one_key_with_the_secret_of_another_is_unknown() {
    let house = House::new();
    let (mine, _) = house.issue(plain());
    let (others, _) = house.issue(NewApiKey::new("victim").expires_in(DAY));
    assert_eq!((house.kind(&mine), house.kind(&others)), (None, None));
    // The id of the victim, the secret and a checksum of one's own.
    let end = PREFIX.len() + 1 + 16;
    let body = &mine[end..mine.len() - 6];
    let forged = sealed(&format!("{}{body}", &others[..end]));
    assert_eq!(house.kind(&forged), Some(RejectionKind::ApiKeyUnknown));
    let again = sealed(&mine[..mine.len() - 6]);
    assert_eq!((again == mine, house.kind(&again)), (true, None));
}

#[test]
fn an_id_that_nobody_has_and_a_wrong_secret_are_unknown_alike() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let strange = House::new().issue(plain()).0;
    let middle = PREFIX.len() + 18;
    let wrong = sealed(&format!(
        "{}{}",
        &key[..middle],
        &strange[middle..strange.len() - 6]
    ));
    let (unknown, mismatch) = (house.judge(&strange), house.judge(&wrong));
    let (unknown, mismatch) = (unknown.unwrap_err(), mismatch.unwrap_err());
    assert_eq!(unknown.kind(), RejectionKind::ApiKeyUnknown);
    assert_eq!(mismatch.kind(), RejectionKind::ApiKeyUnknown);
    // The operator can tell them apart.
    let source = |rejection: &bearergate::Rejection| {
        std::error::Error::source(rejection).unwrap().to_string()
    };
    assert_ne!(source(&unknown), source(&mismatch));
    assert_eq!(house.record(id).unwrap().last_used(), None);
}

#[test]
fn an_id_that_nobody_has_is_unknown_whatever_record_was_looked_at() {
    let (old, strangers) = (House::new(), House::new());
    let keys: Vec<_> = (0..200).map(|_| old.issue(plain()).0).collect();
    let house = old.with_ring(ring(&[2]));
    for key in keys {
        assert_eq!(house.kind(&key), Some(RejectionKind::Unavailable));
    }
    for _ in 0..50 {
        let refused = house.judge(&strangers.issue(plain()).0).unwrap_err();
        assert_eq!(refused.kind(), RejectionKind::ApiKeyUnknown);
        let cause = std::error::Error::source(&refused).unwrap();
        assert_eq!(cause.to_string(), "no key has this id");
    }
}

#[test]
fn a_key_is_good_from_its_beginning_to_the_second_before_its_end() {
    let house = House::new();
    let (key, _) = house.issue(plain().not_before(at(NOW + 10)));
    let end = NOW + 90 * 86_400;
    for (time, wanted) in [
        (NOW, Some(RejectionKind::TokenNotYetValid)),
        (NOW + 9, Some(RejectionKind::TokenNotYetValid)),
        (NOW + 10, None),
        (end - 1, None),
        (end, Some(RejectionKind::ApiKeyExpired)),
        (u64::MAX - 1, Some(RejectionKind::ApiKeyExpired)),
    ] {
        house.clock.set(at(time));
        assert_eq!(house.kind(&key), wanted, "{time}");
    }
    let (key, _) = house.issue(NewApiKey::new("robot").never_expires());
    house.clock.set(at(u64::MAX - 1));
    assert_eq!(house.kind(&key), None);
}

#[test]
fn the_time_of_the_request_is_what_counts() {
    let house = House::new();
    let (key, _) = house.issue(plain());
    let judge = |time| {
        let presented = PresentedCredential::token(&key).at(at(time));
        wait(house.judge.validate(&presented))
            .err()
            .map(|r| r.kind())
    };
    house.clock.stop();
    assert_eq!(house.kind(&key), Some(RejectionKind::Unavailable));
    assert_eq!(judge(NOW), None);
    assert_eq!(judge(NOW + 90 * 86_400), Some(RejectionKind::ApiKeyExpired));
}

#[test]
fn a_ring_knows_the_records_of_its_own_authority_alone() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let other = house.with_ring(ring_of("other keys", &[1]));
    assert_eq!(other.kind(&key), Some(RejectionKind::ApiKeyUnknown));
    assert!(other.record(id).is_none());
    assert!(wait(other.keys.revoke(id, "not mine")).is_err());
    assert_eq!(house.kind(&key), None);
}

#[test]
fn a_key_that_lists_addresses_is_good_from_there_alone() {
    let house = House::new();
    let networks = ["192.0.2.0/24", "2001:db8::/32"].map(|n| n.parse().unwrap());
    let (key, _) = house.issue(plain().addresses(networks));
    let request = http::Request::get("/").body(()).unwrap();
    let from = |judge: &ApiKeyValidator, peer: &str| {
        let peer: IpAddr = peer.parse().unwrap();
        let facts = RequestFacts::from(&request).with_peer((peer, 4711).into());
        let presented = PresentedCredential::token(&key).with_facts(&facts);
        wait(judge.validate(&presented)).err().map(|r| r.kind())
    };
    for good in ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"] {
        assert_eq!(from(&house.judge, good), None, "{good}");
    }
    let denied = Some(RejectionKind::AddressDenied);
    for bad in ["192.0.3.7", "2001:db9::1", "::192.0.2.7"] {
        assert_eq!(from(&house.judge, bad), denied, "{bad}");
    }
    assert_eq!(house.kind(&key), denied, "the peer is not known");
    let open = ApiKeyValidator::builder(house.ring.clone(), house.store.clone());
    let open = open
        .clock(house.clock.clone())
        .addresses_checked_by_caller();
    assert_eq!(from(&open.build().unwrap(), "192.0.3.7"), None);
}

#[test]
fn use_is_noted_once_a_minute() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let used = || house.record(id).unwrap().last_used();
    assert_eq!(used(), None);
    for (time, noted) in [(0, 0), (1, 0), (59, 0), (60, 60), (100, 60), (120, 120)] {
        house.clock.set(at(NOW + time));
        assert_eq!(house.kind(&key), None);
        assert_eq!(used(), Some(at(NOW + noted)), "{time}");
    }
    let touches = house
        .store
        .touches
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(touches, 3);
}

#[test]
fn a_digest_under_an_older_pepper_is_made_anew_at_its_next_use() {
    let house = House::new();
    let (key, id) = house.issue(plain());
    let (unused, _) = house.issue(plain());
    let version = |house: &House| house.record(id).unwrap().digest().version().number();
    let both = house.with_ring(ring(&[2, 1]));
    assert_eq!(version(&both), 1);
    assert_eq!(both.kind(&key), None);
    assert_eq!(version(&both), 2);
    assert_eq!(both.kind(&key), None);
    assert_eq!(both.record(id).unwrap().last_used(), Some(at(NOW)));
    let new = house.with_ring(ring(&[2]));
    assert_eq!(new.kind(&key), None);
    // The pepper of the other one is gone: whether the key is good cannot be told.
    assert_eq!(new.kind(&unused), Some(RejectionKind::Unavailable));
    assert_eq!(both.kind(&unused), None);
}

/// Adds the checksum that the format asks for.
pub(crate) fn sealed(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = text.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    });
    rest = !rest;
    let mut sum = [0; 6];
    for place in sum.iter_mut().rev() {
        *place = DIGITS[rest as usize % 62];
        rest /= 62;
    }
    format!("{text}{}", str::from_utf8(&sum).unwrap())
}

//! Which keys are valid.

use std::net::IpAddr;

use bearergate::api_key::NewApiKey;
use bearergate::api_key::store::ApiKeyDetails;
use bearergate::credential::PresentedCredential;
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator, claim};

use crate::common::{DAY, NOW, PREFIX, Service, at, plain, scheme, scheme_of, wait};

#[test]
fn principal_has_the_subject_and_what_the_service_granted() {
    let service = Service::new();
    let draft = plain()
        .tenant("acme \"quoted\"")
        .scopes(["orders:read", "orders:write"])
        .roles(["auditor"])
        .name("nightly export")
        .metadata("tenant", "evil")
        .limit_class("bulk");
    let (key, id) = service.issue(draft);
    let principal = service.validate(&key).unwrap();
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
fn policies_do_not_see_metadata() {
    let service = Service::new();
    let draft = || plain().metadata("admin", "true").name("tenant");
    let (key, _) = service.issue(draft());
    let principal = service.validate(&key).unwrap();
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
    let (key, _) = service.issue(draft().tenant("true"));
    let principal = service.validate(&key).unwrap();
    let request = bearergate::policy::AccessRequest::new(&principal, at(NOW));
    assert!(claim("tenant").is("true").decide(&request).is_allowed());
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn malformed_key_is_rejected_without_a_store_call() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    assert_eq!(service.kind(&key), None);
    let asked = service.store.finds();
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
        let kind = service.kind(&mutant);
        assert_eq!(kind, Some(RejectionKind::ApiKeyMalformed), "{mutant:.99}");
    }
    for place in 0..key.len() {
        let mut mutant = key.clone().into_bytes();
        mutant[place] = if mutant[place] == b'x' { b'y' } else { b'x' };
        let mutant = String::from_utf8(mutant).unwrap();
        let kind = service.kind(&mutant);
        assert_eq!(kind, Some(RejectionKind::ApiKeyMalformed), "{place}");
    }
    assert_eq!(service.store.finds(), asked);
}

// Defect K02 (API key parsed laxly): docs/defects.md
#[test]
fn id_of_one_key_with_the_secret_of_another_is_unknown() {
    let service = Service::new();
    let (mine, _) = service.issue(plain());
    let (others, _) = service.issue(NewApiKey::new("victim").expires_in(DAY));
    assert_eq!((service.kind(&mine), service.kind(&others)), (None, None));
    // The id of the victim with the attacker's secret and a new checksum.
    let end = PREFIX.len() + 1 + 16;
    let body = &mine[end..mine.len() - 6];
    let forged = sealed(&format!("{}{body}", &others[..end]));
    assert_eq!(service.kind(&forged), Some(RejectionKind::ApiKeyUnknown));
    let again = sealed(&mine[..mine.len() - 6]);
    assert_eq!((again == mine, service.kind(&again)), (true, None));
}

#[test]
fn unknown_id_and_wrong_secret_are_both_unknown() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let strange = Service::new().issue(plain()).0;
    let middle = PREFIX.len() + 18;
    let wrong = sealed(&format!(
        "{}{}",
        &key[..middle],
        &strange[middle..strange.len() - 6]
    ));
    let (unknown, mismatch) = (service.validate(&strange), service.validate(&wrong));
    let (unknown, mismatch) = (unknown.unwrap_err(), mismatch.unwrap_err());
    assert_eq!(unknown.kind(), RejectionKind::ApiKeyUnknown);
    assert_eq!(mismatch.kind(), RejectionKind::ApiKeyUnknown);
    // The operator sees the difference.
    let source = |rejection: &bearergate::Rejection| {
        std::error::Error::source(rejection).unwrap().to_string()
    };
    assert_ne!(source(&unknown), source(&mismatch));
    assert_eq!(service.record(id).unwrap().last_used(), None);
}

#[test]
fn unknown_id_is_unknown_whichever_record_was_compared() {
    let (old, strangers) = (Service::new(), Service::new());
    let keys: Vec<_> = (0..200).map(|_| old.issue(plain()).0).collect();
    let service = old.with_scheme(scheme(&[2]));
    for key in keys {
        assert_eq!(service.kind(&key), Some(RejectionKind::Unavailable));
    }
    for _ in 0..50 {
        let rejected = service.validate(&strangers.issue(plain()).0).unwrap_err();
        assert_eq!(rejected.kind(), RejectionKind::ApiKeyUnknown);
        let cause = std::error::Error::source(&rejected).unwrap();
        assert_eq!(cause.to_string(), "no key has this id");
    }
}

#[test]
fn key_is_valid_from_its_start_to_the_second_before_its_end() {
    let service = Service::new();
    let (key, _) = service.issue(plain().not_before(at(NOW + 10)));
    let end = NOW + 90 * 86_400;
    for (time, expected) in [
        (NOW, Some(RejectionKind::TokenNotYetValid)),
        (NOW + 9, Some(RejectionKind::TokenNotYetValid)),
        (NOW + 10, None),
        (end - 1, None),
        (end, Some(RejectionKind::ApiKeyExpired)),
        (u64::MAX - 1, Some(RejectionKind::ApiKeyExpired)),
    ] {
        service.clock.set(at(time));
        assert_eq!(service.kind(&key), expected, "{time}");
    }
    let (key, _) = service.issue(NewApiKey::new("robot").never_expires());
    service.clock.set(at(u64::MAX - 1));
    assert_eq!(service.kind(&key), None);
}

#[test]
fn time_of_the_request_is_used() {
    let service = Service::new();
    let (key, _) = service.issue(plain());
    let kind_at = |time| {
        let presented = PresentedCredential::token(&key).at(at(time));
        wait(service.validator.validate(&presented))
            .err()
            .map(|r| r.kind())
    };
    service.clock.stop();
    assert_eq!(service.kind(&key), Some(RejectionKind::Unavailable));
    assert_eq!(kind_at(NOW), None);
    assert_eq!(
        kind_at(NOW + 90 * 86_400),
        Some(RejectionKind::ApiKeyExpired)
    );
}

#[test]
fn scheme_accepts_only_records_of_its_own_authority() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let other = service.with_scheme(scheme_of("other keys", &[1]));
    assert_eq!(other.kind(&key), Some(RejectionKind::ApiKeyUnknown));
    assert!(other.record(id).is_none());
    assert!(wait(other.keys.revoke(id, "not mine")).is_err());
    assert_eq!(service.kind(&key), None);
}

#[test]
fn key_with_addresses_is_valid_only_from_them() {
    let service = Service::new();
    let networks = ["192.0.2.0/24", "2001:db8::/32"].map(|n| n.parse().unwrap());
    let (key, _) = service.issue(plain().addresses(networks));
    let request = http::Request::get("/").body(()).unwrap();
    let from = |validator: &ApiKeyValidator, peer: &str| {
        let peer: IpAddr = peer.parse().unwrap();
        let facts = RequestFacts::from(&request).with_peer((peer, 4711).into());
        let presented = PresentedCredential::token(&key).with_facts(&facts);
        wait(validator.validate(&presented)).err().map(|r| r.kind())
    };
    for good in ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"] {
        assert_eq!(from(&service.validator, good), None, "{good}");
    }
    let denied = Some(RejectionKind::AddressDenied);
    for bad in ["192.0.3.7", "2001:db9::1", "::192.0.2.7"] {
        assert_eq!(from(&service.validator, bad), denied, "{bad}");
    }
    assert_eq!(service.kind(&key), denied, "the peer is unknown");
    let open = ApiKeyValidator::builder(service.scheme.clone(), service.store.clone());
    let open = open
        .clock(service.clock.clone())
        .addresses_checked_by_caller();
    assert_eq!(from(&open.build().unwrap(), "192.0.3.7"), None);
}

#[test]
fn last_use_is_noted_once_a_minute() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let used = || service.record(id).unwrap().last_used();
    assert_eq!(used(), None);
    for (time, noted) in [(0, 0), (1, 0), (59, 0), (60, 60), (100, 60), (120, 120)] {
        service.clock.set(at(NOW + time));
        assert_eq!(service.kind(&key), None);
        assert_eq!(used(), Some(at(NOW + noted)), "{time}");
    }
    let touches = service
        .store
        .touches
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(touches, 3);
}

#[test]
fn digest_under_an_older_pepper_is_replaced_at_the_next_use() {
    let service = Service::new();
    let (key, id) = service.issue(plain());
    let (unused, _) = service.issue(plain());
    let version = |service: &Service| service.record(id).unwrap().digest().pepper_version();
    let both = service.with_scheme(scheme(&[2, 1]));
    assert_eq!(version(&both), 1);
    assert_eq!(both.kind(&key), None);
    assert_eq!(version(&both), 2);
    assert_eq!(both.kind(&key), None);
    assert_eq!(both.record(id).unwrap().last_used(), Some(at(NOW)));
    let new = service.with_scheme(scheme(&[2]));
    assert_eq!(new.kind(&key), None);
    // The pepper of the other key is not configured: whether the key is valid is unknown.
    assert_eq!(new.kind(&unused), Some(RejectionKind::Unavailable));
    assert_eq!(both.kind(&unused), None);
}

/// Appends the checksum of the format.
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

//! What each kind of rejection costs its source.

use bearergate::RejectionKind as Kind;
use bearergate::error::ConfigErrorKind;
use bearergate::limit::{LockOut, LockStanding};

use crate::common::{EXPIRED, FAILED, FORGED, is_locked, lock, numbered, secs, source};

/// How many of this kind lock a source, 0 for none.
fn rejections_to_lock(locks: &LockOut, kind: Kind) -> u32 {
    let source = source("192.0.2.1");
    locks.pardon(source);
    let is_last = |_: &u32| locks.blame(source, kind, secs(0)).is_some();
    (1..=100).find(is_last).unwrap_or_default()
}

#[test]
fn each_kind_costs_what_the_guide_says() {
    let one = [
        Kind::TokenInactive,
        Kind::TokenRevoked,
        Kind::SessionUnknown,
        Kind::ApiKeyDisabled,
        Kind::KeyNotFound,
        Kind::IssuerMismatch,
        Kind::AudienceMismatch,
        Kind::TypeMismatch,
        Kind::ClaimMissing,
        Kind::ClaimInvalid,
        Kind::BindingRequired,
        Kind::BindingMismatch,
        Kind::ProofInvalid,
        Kind::MessageUnsigned,
        Kind::MessageSignatureInvalid,
    ];
    let three = [
        Kind::SignatureInvalid,
        Kind::ApiKeyUnknown,
        Kind::ApiKeyMalformed,
        Kind::CredentialMalformed,
        Kind::CredentialAmbiguous,
        Kind::TokenMalformed,
        Kind::TokenTooLarge,
        Kind::TokenEncrypted,
        Kind::HeaderUnsupported,
        Kind::AlgorithmNotAllowed,
        Kind::KeyAmbiguous,
        Kind::RefreshReused,
        Kind::RefreshUnknown,
        Kind::ProofReplayed,
        Kind::MessageReplayed,
    ];
    let locks = LockOut::default();
    for kind in Kind::ALL {
        let expected = match kind {
            kind if one.contains(kind) => 30,
            kind if three.contains(kind) => 10,
            Kind::DecryptionFailed => 5,
            _ => 0,
        };
        assert_eq!(rejections_to_lock(&locks, *kind), expected, "{kind:?}");
    }
}

#[test]
fn five_hundred_expired_credentials_cost_nothing() {
    let locks = LockOut::default();
    let client = source("192.0.2.1");
    for _ in 0..500 {
        assert_eq!(locks.blame(client, EXPIRED, secs(0)), None);
    }
    // Neither did they take a part of the budget.
    assert_eq!(lock(&locks, client, FORGED, secs(0)).0, 10);
}

#[test]
fn clients_of_a_removed_key_stay_under_the_budget() {
    let locks = LockOut::default();
    // A hundred clients try five times each before they get a new token.
    for attempt in 0..5 {
        for client in 0..100 {
            let at = secs(attempt);
            assert_eq!(locks.blame(numbered(client), FAILED, at), None);
        }
    }
}

#[test]
fn a_policy_denial_locks_nobody() {
    let locks = LockOut::default();
    for kind in [
        Kind::AccessDenied,
        Kind::ScopeInsufficient,
        Kind::StepUpRequired,
        Kind::RateLimited,
        Kind::LockedOut,
        Kind::Unavailable,
    ] {
        assert_eq!(rejections_to_lock(&locks, kind), 0, "{kind:?}");
    }
}

#[test]
fn weights_can_be_changed() {
    let locks = LockOut::builder()
        .weight(Kind::TokenExpired, 5)
        .weight(Kind::SignatureInvalid, 0)
        .weight(Kind::KeyNotFound, 30)
        .build()
        .unwrap();
    assert_eq!(rejections_to_lock(&locks, Kind::TokenExpired), 6);
    assert_eq!(rejections_to_lock(&locks, Kind::SignatureInvalid), 0);
    assert_eq!(rejections_to_lock(&locks, Kind::KeyNotFound), 1);
    assert_eq!(rejections_to_lock(&locks, Kind::ApiKeyUnknown), 10);
}

#[test]
fn only_bad_credentials_can_have_points() {
    let build = |kind, points| LockOut::builder().weight(kind, points).build();
    for kind in [
        Kind::AccessDenied,
        Kind::ScopeInsufficient,
        Kind::StepUpRequired,
        Kind::AddressDenied,
        Kind::TlsRequired,
        Kind::RateLimited,
        Kind::QuotaExhausted,
        Kind::CreditsExhausted,
        Kind::LockedOut,
        Kind::Unavailable,
    ] {
        let error = build(kind, 1).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::Conflict, "weight")
        );
        assert!(error.to_string().contains(kind.as_str()), "{error}");
        assert!(build(kind, 0).is_ok());
    }
    assert!(build(Kind::CredentialMissing, 1).is_ok());
}

#[test]
fn a_nat_with_one_guesser_is_locked_and_its_neighbour_is_not() {
    let locks = LockOut::default();
    let nat = source("203.0.113.7");
    // Two hundred honest clients with expired tokens and a stale session each, and one guesser.
    for client in 0..200 {
        assert_eq!(locks.blame(nat, EXPIRED, secs(client)), None);
    }
    assert_eq!(locks.standing(nat, secs(200)), LockStanding::Free);
    lock(&locks, nat, FORGED, secs(200));
    assert!(is_locked(&locks, nat, secs(201)));
    assert!(!is_locked(&locks, source("203.0.113.8"), secs(201)));
    // Whether a known credential passes is for the gate, which asks this.
    assert!(locks.spares_known());
    let strict = LockOut::builder().spare_known(false).build().unwrap();
    assert!(!strict.spares_known());
}

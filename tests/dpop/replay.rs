//! Proofs that are used twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::clock::UnixTime;
use bearergate::nonce::Nonces;
use bearergate::replay::ReplayTable;
use bearergate::secret_source::SecretSource;
use bearergate::testing::ProofKey;
use serde_json::json;

use crate::common::*;

// Defect E05 (proof accepted twice): docs/defects.md
#[test]
fn a_proof_passes_once_also_at_the_ends_of_its_time() {
    for offset in [-60_i64, -1, 0, 30] {
        let service = Service::new();
        let token = service.bound_token();
        let iat = NOW.as_secs().checked_add_signed(offset).unwrap();
        let proof = service.proof(&token).at(UnixTime::from_secs(iat)).sign();
        let parts = request(&token, &[&proof]);
        assert_eq!(service.kind(&parts), None, "{offset}");
        for _ in NOW.as_secs()..=iat + 60 {
            assert_eq!(service.kind(&parts), REPLAYED, "{offset}");
            service.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(service.kind(&parts), INVALID, "{offset}");
    }
}

// Defect E25 (mark of the jti alone): docs/defects.md
#[test]
fn key_and_id_make_a_replay_and_nothing_else_does() {
    let service = Service::new();
    assert_eq!(service.changed(|proof| proof.id("one")), None);
    let later = UnixTime::from_secs(NOW.as_secs() + 5);
    assert_eq!(service.changed(|proof| proof.id("one")), REPLAYED);
    assert_eq!(service.changed(|proof| proof.id("one").at(later)), REPLAYED);
    assert_eq!(
        service.changed(|proof| proof
            .id("one")
            .claim("htu", "https://api.example.com:443/orders")),
        REPLAYED
    );
    assert_eq!(service.changed(|proof| proof.id("two")), None);
    let other = ProofKey::es256();
    let token = service.token(json!({"jkt": other.thumbprint()}));
    let proof = other.proof("GET", ORDERS).token(&token).at(NOW).id("one");
    assert_eq!(service.kind(&request(&token, &[&proof.sign()])), None);
}

// Defect E24 (mark written before the proof is verified): docs/defects.md
#[test]
fn a_refused_proof_leaves_no_mark() {
    let service = Service::new();
    let token = service.bound_token();
    assert_eq!(
        service.changed(|proof| proof.id("a").claim("htm", "PUT")),
        INVALID
    );
    assert_eq!(
        service.changed(|proof| proof.id("a").token("other")),
        INVALID
    );
    let proof = service.proof(&token).id("a").sign();
    let unsigned = format!("{}.AAAA", proof.rsplit_once('.').unwrap().0);
    assert_eq!(service.kind(&request(&token, &[&unsigned])), INVALID);
    assert_eq!(service.kind(&under("Bearer", &token, &[&proof])), REQUIRED);
    assert_eq!(service.kind(&request(&token, &[&proof])), None);
    assert_eq!(service.kind(&request(&token, &[&proof])), REPLAYED);
}

#[test]
fn of_fifty_equal_proofs_on_eight_threads_one_passes() {
    let service = Service::new();
    let token = service.bound_token();
    let parts = request(&token, &[&service.proof(&token).sign()]);
    let (passed, replayed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..8 {
            let count = if thread < 2 { 7 } else { 6 };
            let (service, parts, passed, replayed) = (&service, &parts, &passed, &replayed);
            scope.spawn(move || {
                for _ in 0..count {
                    match service.kind(parts) {
                        None => passed.fetch_add(1, Ordering::Relaxed),
                        REPLAYED => replayed.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other:?}"),
                    };
                }
            });
        }
    });
    assert_eq!(passed.load(Ordering::Relaxed), 1);
    assert_eq!(replayed.load(Ordering::Relaxed), 49);
}

// Defect E27 (full table of marks forgets one, or answers 401): docs/defects.md
#[test]
fn a_full_table_is_503_and_loses_no_mark() {
    let service = Service::with(|dpop| dpop.replays(ReplayTable::new(1_024).unwrap()));
    let of = |id: usize| service.changed(|proof| proof.id(&id.to_string()));
    for id in 0..256 {
        assert_eq!(of(id), None, "{id}");
    }
    let token = service.bound_token();
    let proof = service.proof(&token).id("more").sign();
    let refusal = service.check(&request(&token, &[&proof])).unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::Unavailable);
    assert_eq!(refusal.status(), 503);
    assert!(refusal.headers().contains_key("retry-after"));
    assert!(!refusal.headers().contains_key("www-authenticate"));
    assert_eq!(of(0), REPLAYED);
    assert_eq!(of(255), REPLAYED);
    // Other keys go on; one of 4 096 has the share of the first.
    let others = [(); 3].map(|()| {
        let other = ProofKey::es256();
        let its_token = service.token(json!({"jkt": other.thumbprint()}));
        let its_proof = other.proof("GET", ORDERS).token(&its_token).at(NOW).sign();
        service.kind(&request(&its_token, &[&its_proof]))
    });
    assert!(others.contains(&None), "{others:?}");
    service.clock.advance(Duration::from_secs(121));
    assert_eq!(of(1_000), None);
}

#[test]
fn a_clock_that_goes_ahead_and_back_lets_no_proof_pass_twice() {
    let service = Service::new();
    let token = service.bound_token();
    let parts = request(&token, &[&service.proof(&token).sign()]);
    assert_eq!(service.kind(&parts), None);
    service.clock.advance(Duration::from_secs(3_600));
    assert_eq!(service.changed(|proof| proof), None);
    service.clock.set(NOW);
    assert_eq!(service.kind(&parts), Some(RejectionKind::Unavailable));
}

// Defect E26 (number of marks of a client is a hidden rate limit): docs/defects.md
#[test]
fn five_thousand_proofs_of_one_client_pass_in_a_minute() {
    let service = Service::new();
    let token = service.bound_token();
    for id in 0..5_000 {
        let proof = service.proof(&token).id(&id.to_string()).sign();
        assert_eq!(service.kind(&request(&token, &[&proof])), None, "{id}");
        if id % 100 == 99 {
            service.clock.advance(Duration::from_secs(1));
        }
    }
}

#[test]
fn a_replay_is_allowed_only_where_it_was_said() {
    let service = Service::with(bearergate::binding::DpopBuilder::allow_replay);
    let token = service.bound_token();
    let parts = request(&token, &[&service.proof(&token).sign()]);
    assert_eq!(service.kind(&parts), None);
    assert_eq!(service.kind(&parts), None);
    service.clock.advance(Duration::from_secs(61));
    assert_eq!(service.kind(&parts), INVALID);
}

// Defect E52 (marks forgotten at a restart): docs/defects.md
#[test]
fn proofs_of_before_the_start_are_refused_where_that_was_said() {
    let before = UnixTime::from_secs(NOW.as_secs() - 1);
    let strict = Service::with(bearergate::binding::DpopBuilder::refuse_older_than_start);
    assert_eq!(strict.changed(|proof| proof.at(before)), INVALID);
    assert_eq!(strict.changed(|proof| proof.at(NOW)), None);
    let usual = Service::new();
    assert_eq!(usual.changed(|proof| proof.at(before)), None);
}

// Defect E56 (nonces of a shared secret taken for a protection after a restart): docs/defects.md
#[test]
fn nonces_do_not_replace_the_start() {
    let secret = SecretSource::from_fn("test", || Ok::<_, std::io::Error>(vec![7; 32].into()));
    let nonces = Nonces::shared(&secret).unwrap();
    let service = Service::with(|dpop| dpop.nonces(nonces).refuse_older_than_start());
    let token = service.bound_token();
    let first = service.proof(&token).sign();
    let refusal = service.check(&request(&token, &[&first])).unwrap_err();
    let nonce = refusal.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let at = |secs: u64| {
        let time = UnixTime::from_secs(secs);
        service.changed(|proof| proof.nonce(&nonce).at(time))
    };
    assert_eq!(at(NOW.as_secs()), None);
    assert_eq!(at(NOW.as_secs() + 3_600), None);
    assert_eq!(at(NOW.as_secs() - 1), INVALID);
}

#[test]
fn the_start_needs_a_time() {
    /// A clock that was not set yet.
    #[derive(Debug)]
    struct Unset;

    impl bearergate::clock::Clock for Unset {
        fn now(&self) -> Option<UnixTime> {
            None
        }
    }

    let url = bearergate::request::ExternalUrl::parse(URL).unwrap();
    let dpop = || bearergate::binding::Dpop::at(url.clone()).clock(Unset);
    assert!(dpop().build().is_ok());
    let error = dpop().refuse_older_than_start().build().unwrap_err();
    assert_eq!(error.field(), "clock");
}

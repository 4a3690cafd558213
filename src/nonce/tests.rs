use std::time::Duration;

use super::*;
use crate::clock::UnixTime;
use crate::error::ConfigErrorKind;
use crate::secret_source::SecretSource;

const ORIGIN: &str = "https://api.example.com";
const W: u64 = 120;
/// The begin of a window.
const NOW: u64 = 14_166_667 * W;

const fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn source(byte: u8, len: usize) -> SecretSource {
    SecretSource::from_fn("test", move || {
        Ok::<_, std::io::Error>(vec![byte; len].into())
    })
}

fn shared(byte: u8) -> Nonces {
    Nonces::shared(&source(byte, 32)).unwrap()
}

fn issuer(nonces: Nonces) -> NonceIssuer {
    NonceIssuer::new(nonces, Domain::DpopResource, ORIGIN)
}

fn check(issuer: &NonceIssuer, nonce: &http::HeaderValue, now: u64) -> NonceStanding {
    issuer.check(nonce.as_bytes(), at(now))
}

// Defect E36 (nonce refused at the edge of its window): docs/defects.md
#[test]
fn a_nonce_is_current_in_its_window_and_the_one_before_ends_in_the_next() {
    let ours = issuer(shared(1));
    let nonce = ours.current(at(NOW));
    assert_eq!(nonce.len(), 22);
    let until = at(NOW + 2 * W);
    for (now, expected) in [
        // A node whose clock is ahead has sent it.
        (NOW - W, NonceStanding::Current { until }),
        (NOW - 1, NonceStanding::Current { until }),
        (NOW, NonceStanding::Current { until }),
        (NOW + W - 1, NonceStanding::Current { until }),
        (NOW + W, NonceStanding::Ending { until }),
        (NOW + 2 * W - 1, NonceStanding::Ending { until }),
        (NOW + 2 * W, NonceStanding::Foreign),
        (NOW - W - 1, NonceStanding::Foreign),
    ] {
        assert_eq!(
            check(&ours, &nonce, now),
            expected,
            "{}",
            now as i64 - NOW as i64
        );
    }
}

// Defect E32 (new nonce with each response): docs/defects.md
#[test]
fn a_nonce_changes_by_time_and_not_by_request() {
    let ours = issuer(shared(1));
    let all: std::collections::HashSet<_> = (0..3 * W)
        .map(|second| ours.current(at(NOW + second)))
        .collect();
    assert_eq!(all.len(), 3);
}

// Defect E31 (nonce of one node refused by another): docs/defects.md
#[test]
fn nodes_with_one_secret_and_origin_take_each_others_nonces() {
    let (one, other) = (issuer(shared(1)), issuer(shared(1)));
    for second in 0..20 {
        let nonce = one.current(at(NOW + second));
        assert_eq!(nonce, other.current(at(NOW + second)));
    }
}

// Defect E34 (nonce of another purpose, origin or server accepted): docs/defects.md
#[test]
fn nonces_of_another_secret_origin_purpose_or_process_are_foreign() {
    let ours = issuer(shared(1));
    let process = || issuer(Nonces::of_this_process().unwrap());
    for other in [
        issuer(shared(2)),
        NonceIssuer::new(
            shared(1),
            Domain::DpopResource,
            "https://api.example.com:8443",
        ),
        NonceIssuer::new(shared(1), Domain::KeyBinding, ORIGIN),
        process(),
    ] {
        let nonce = other.current(at(NOW));
        assert_ne!(check(&other, &nonce, NOW), NonceStanding::Foreign);
        assert_eq!(check(&ours, &nonce, NOW), NonceStanding::Foreign);
    }
    assert_ne!(process().current(at(NOW)), process().current(at(NOW)));
}

#[test]
fn a_malformed_nonce_is_foreign() {
    let ours = issuer(shared(1));
    let good = ours.current(at(NOW)).to_str().unwrap().to_owned();
    for bad in [
        "",
        "x",
        good.split_at(1).1,
        &format!("{good}A"),
        &good.to_uppercase(),
    ] {
        assert_eq!(
            ours.check(bad.as_bytes(), at(NOW)),
            NonceStanding::Foreign,
            "{bad}"
        );
    }
}

#[test]
fn nonces_of_the_older_secret_pass_and_are_replaced() {
    let before = issuer(shared(1));
    let during = issuer(shared(2).with_older(&source(1, 32)).unwrap());
    let old = before.current(at(NOW));
    let until = at(NOW + 2 * W);
    assert_eq!(check(&during, &old, NOW), NonceStanding::Ending { until });
    assert_eq!(
        check(&during, &old, NOW + W),
        NonceStanding::Ending { until }
    );
    assert_eq!(check(&during, &old, NOW + 2 * W), NonceStanding::Foreign);
    let new = during.current(at(NOW));
    assert_ne!(new, old);
    assert_eq!(
        check(&issuer(shared(2)), &new, NOW),
        NonceStanding::Current { until }
    );
}

#[test]
fn windows_and_secrets_have_bounds() {
    for (len, is_good) in [(31, false), (32, true), (64, true), (65, false)] {
        let made = Nonces::shared(&source(1, len));
        assert_eq!(made.is_ok(), is_good, "{len}");
    }
    for (secs, is_good) in [(29, false), (30, true), (3_600, true), (3_601, false)] {
        let made = shared(1).lasting(Duration::from_secs(secs));
        assert_eq!(made.is_ok(), is_good, "{secs}");
    }
    let twice = shared(1).with_older(&source(2, 32)).unwrap();
    let error = twice.with_older(&source(3, 32)).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
}

#[test]
fn the_first_windows_after_the_epoch_and_the_last_ones_do_not_overflow() {
    let ours = issuer(shared(1));
    for now in [0, 1, W, u64::MAX] {
        let nonce = ours.current(at(now));
        assert_ne!(check(&ours, &nonce, now), NonceStanding::Foreign);
    }
}

#[test]
fn debug_shows_no_secret_and_no_nonce() {
    let ours = issuer(shared(b'S'));
    let shown = format!("{ours:?}");
    assert!(!shown.contains("SSSS"), "{shown}");
    let nonce = ours.current(at(NOW));
    assert!(!shown.contains(nonce.to_str().unwrap()), "{shown}");
}

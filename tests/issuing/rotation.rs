//! Rotation as the clock moves: no valid token is refused, no key signs before it was announced.

use std::collections::BTreeMap;
use std::time::Duration;

use bearergate::clock::{FakeClock, Leeway, UnixTime};
use bearergate::error::ConfigErrorKind;
use bearergate::issuer::{JwtIssuer, SigningKey, SigningKeys};
use bearergate::{RejectionKind, limits};
use proptest::prelude::*;

use crate::common::*;

const ANNOUNCE: u64 = 2 * HOUR;
const PERIOD: u64 = 6 * HOUR;
const LIFETIME: u64 = 600;

fn short_ring() -> SigningKeys {
    SigningKeys::builder(quick_key())
        .announce_for(Duration::from_secs(ANNOUNCE))
        .rotate_after(Duration::from_secs(PERIOD))
        .longest_lifetime(Duration::from_secs(LIFETIME))
        .build(NOW)
        .unwrap()
}

fn kid(key: Option<&SigningKey>) -> Option<String> {
    key.map(|key| key.kid().to_owned())
}

fn kids(ring: &SigningKeys, now: UnixTime) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(&ring.jwks(now)).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_next_key_is_published_signs_after_its_announcement_and_the_old_one_stays_for_its_tokens() {
    let first = short_ring();
    let ring = first.schedule_next(quick_key(), NOW).unwrap();
    let (old, new) = (
        kid(first.signing_key(NOW)),
        kid(ring.next(NOW).map(|(key, _)| key)),
    );
    let signing = |secs| kid(ring.signing_key(after(NOW, secs)));
    let published = |secs| kids(&ring, after(NOW, secs)).len();
    assert_eq!(ring.next(NOW).unwrap().1, after(NOW, ANNOUNCE));
    assert_eq!((signing(0), published(0)), (old.clone(), 2));
    assert_eq!((signing(ANNOUNCE - 1), published(ANNOUNCE - 1)), (old, 2));
    assert_eq!((signing(ANNOUNCE), published(ANNOUNCE)), (new.clone(), 2));
    let keep = ANNOUNCE + LIFETIME + Leeway::MAX.as_secs();
    assert_eq!(published(keep - 1), 2);
    assert_eq!((signing(keep), published(keep)), (new, 1));
}

#[test]
fn rotation_is_due_once_per_period() {
    let ring = short_ring();
    let begin = after(NOW, 0).as_secs() - Leeway::MAX.as_secs();
    let due = UnixTime::from_secs(begin + PERIOD - ANNOUNCE);
    assert!(!ring.is_rotation_due(UnixTime::from_secs(due.as_secs() - 1)));
    assert!(ring.is_rotation_due(due));
    let next = ring.schedule_next(quick_key(), due).unwrap();
    for secs in [0, ANNOUNCE, PERIOD - 1] {
        assert!(!next.is_rotation_due(after(due, secs)), "{secs}");
    }
    assert!(next.is_rotation_due(after(due, PERIOD)));
}

#[test]
fn one_key_is_announced_at_a_time_and_no_key_twice() {
    let ring = short_ring();
    let next = ring.schedule_next(quick_key(), NOW).unwrap();
    let conflict = |ring: &SigningKeys, key: SigningKey, now| {
        assert_eq!(
            ring.schedule_next(key, now).unwrap_err().kind(),
            ConfigErrorKind::Conflict
        );
    };
    conflict(&next, quick_key(), after(NOW, ANNOUNCE - 1));
    assert!(next.schedule_next(quick_key(), after(NOW, ANNOUNCE)).is_ok());
    let own = next.signing_key(NOW).unwrap().clone();
    conflict(&next, own.clone(), after(NOW, ANNOUNCE));
    let without = next.revoke(own.kid(), quick_key(), NOW).unwrap();
    conflict(&without, own, after(NOW, PERIOD));
}

#[test]
fn a_change_leaves_the_ring_it_was_made_from() {
    let ring = short_ring();
    let before = format!("{ring:?}");
    let next = ring.schedule_next(quick_key(), NOW).unwrap();
    assert!(ring.revoke("unknown", quick_key(), NOW).is_err());
    assert_eq!(format!("{ring:?}"), before);
    assert_eq!((ring.revision(), next.revision()), (1, 2));
}

#[test]
fn a_node_with_a_slow_clock_signs_from_the_beginning() {
    let ring = short_ring();
    let skew = Leeway::MAX.as_secs();
    let slow = |secs| UnixTime::from_secs(NOW.as_secs() - secs);
    assert!(ring.signing_key(slow(skew)).is_some());
    assert!(ring.signing_key(slow(skew + 1)).is_none());
}

#[test]
fn a_revoked_key_leaves_at_once_and_the_announced_one_takes_over() {
    let ring = short_ring().schedule_next(quick_key(), NOW).unwrap();
    let (stolen, next) = (ring.signing_key(NOW).unwrap(), ring.next(NOW).unwrap().0);
    let after_theft = ring
        .revoke(stolen.kid(), quick_key(), after(NOW, 60))
        .unwrap();
    let now = after(NOW, 60);
    assert_eq!(kid(after_theft.signing_key(now)), kid(Some(next)));
    assert!(!kids(&after_theft, now).contains(&stolen.kid().to_owned()));
    // The substitute is announced for as long as any key is.
    assert_eq!(after_theft.next(now).unwrap().1, after(now, ANNOUNCE));

    let (issuer, _) = issuer(ring.clone());
    let token = issuer.mint(&claims()).unwrap();
    assert!(judge(token.expose(), &ring.jwks(now), now).is_ok());
    let judged = judge(token.expose(), &after_theft.jwks(now), now);
    assert_eq!(judged.unwrap_err().kind(), RejectionKind::KeyNotFound);
}

#[test]
fn a_revoked_key_without_a_successor_is_replaced_at_once() {
    let ring = short_ring();
    let stolen = ring.signing_key(NOW).unwrap();
    let substitute = quick_key();
    let ring = ring.revoke(stolen.kid(), substitute.clone(), NOW).unwrap();
    assert_eq!(kid(ring.signing_key(NOW)), kid(Some(&substitute)));
    assert_eq!(kids(&ring, NOW), [substitute.kid()]);
}

#[test]
fn a_revoked_announced_key_is_announced_anew() {
    let ring = short_ring().schedule_next(quick_key(), NOW).unwrap();
    let (signing, lost) = (kid(ring.signing_key(NOW)), ring.next(NOW).unwrap().0);
    let now = after(NOW, ANNOUNCE - 60);
    let substitute = quick_key();
    let ring = ring.revoke(lost.kid(), substitute.clone(), now).unwrap();
    assert_eq!(kid(ring.signing_key(after(now, ANNOUNCE - 1))), signing);
    assert_eq!(
        kid(ring.signing_key(after(now, ANNOUNCE))),
        kid(Some(&substitute))
    );
}

#[test]
fn revoked_keys_are_remembered_while_their_tokens_may_live_and_are_bounded() {
    let revoke = |ring: &SigningKeys, now| {
        let kid = ring.signing_key(now).unwrap().kid().to_owned();
        ring.revoke(&kid, quick_key(), now)
    };
    let mut ring = short_ring();
    for _ in 0..limits::SIGNING_KEYS {
        ring = revoke(&ring, NOW).unwrap();
    }
    let keep = LIFETIME + Leeway::MAX.as_secs();
    for (secs, is_ok) in [(0, false), (keep - 1, false), (keep, true)] {
        let kind = revoke(&ring, after(NOW, secs)).map_err(|error| error.kind());
        assert_eq!(kind.is_ok(), is_ok, "{secs}");
        assert!(is_ok || kind.unwrap_err() == ConfigErrorKind::OutOfRange);
    }
}

#[test]
fn an_unknown_key_cannot_be_revoked() {
    let error = short_ring().revoke("none", quick_key(), NOW).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::ValueMalformed, "kid")
    );
}

#[test]
fn a_node_adopts_what_continues_its_ring_and_nothing_else() {
    let first = short_ring();
    let (node, clock) = issuer(first.clone());
    let second = first.schedule_next(quick_key(), NOW).unwrap();
    node.adopt(second.clone()).unwrap();
    assert_eq!(node.keys().revision(), 2);
    node.adopt(second.clone()).unwrap();
    let conflict = |ring: &SigningKeys| {
        assert_eq!(
            node.adopt(ring.clone()).unwrap_err().kind(),
            ConfigErrorKind::Conflict
        );
        assert_eq!(node.keys().revision(), 2);
    };
    conflict(&first);
    conflict(&short_ring());
    // A ring of another origin is none of its own, however often it was changed.
    let strange = short_ring().schedule_next(quick_key(), NOW).unwrap();
    conflict(&strange.schedule_next(quick_key(), after(NOW, ANNOUNCE)).unwrap());
    // Another node changed the same revision: no harm before the announced key signs.
    let fork = first.schedule_next(quick_key(), NOW).unwrap();
    node.adopt(fork.clone()).unwrap();
    clock.set(after(NOW, ANNOUNCE));
    conflict(&second);
    node.adopt(second.schedule_next(quick_key(), after(NOW, ANNOUNCE)).unwrap())
        .unwrap();
    clock.stop();
    let third = node.keys();
    assert_eq!(
        node.adopt(third).unwrap_err().kind(),
        ConfigErrorKind::Conflict
    );
}

#[test]
fn a_ring_that_does_not_allow_the_lifetime_is_not_adopted() {
    let clock = FakeClock::at(NOW);
    let lifetime = Duration::from_secs(LIFETIME + 1);
    let build = |ring| {
        let builder = JwtIssuer::builder(NAME, ring);
        builder.clock(clock.clone()).lifetime(lifetime).build()
    };
    assert_eq!(
        build(short_ring()).unwrap_err().kind(),
        ConfigErrorKind::OutOfRange
    );
    let node = build(ring()).unwrap();
    let error = node.adopt(short_ring()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
}

#[test]
fn the_issuer_as_a_store_of_keys_follows_the_clock_and_the_ring() {
    let first = short_ring();
    let (node, clock) = issuer(first.clone());
    let validator = validator(&node);
    let old = node.mint(&claims()).unwrap();
    assert!(judge_with(&validator, old.expose(), NOW).is_ok());
    node.adopt(first.schedule_next(quick_key(), NOW).unwrap())
        .unwrap();
    assert!(judge_with(&validator, old.expose(), NOW).is_ok());
    let keep = ANNOUNCE + LIFETIME + Leeway::MAX.as_secs();
    let kind = |secs| {
        clock.set(after(NOW, secs));
        // Judged as if the token were still valid, to see the keys alone.
        let judged = judge_with(&validator, old.expose(), NOW);
        judged.err().map(|rejection| rejection.kind())
    };
    assert_eq!(kind(keep - 1), None);
    assert_eq!(kind(keep), Some(RejectionKind::KeyNotFound));
    assert_eq!(kind(keep - 1), None);
    clock.stop();
    let judged = judge_with(&validator, old.expose(), NOW);
    assert_eq!(judged.unwrap_err().kind(), RejectionKind::Unavailable);
}

/// What the model remembers of a token.
struct Minted {
    text: String,
    end: UnixTime,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    /// To the seconds about the first signature of the announced key, or the end of the old one.
    Edge(u64),
    Rotate,
    /// A node reads what is stored.
    Adopt(usize),
    Mint(usize),
    Restart(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..2 * HOUR).prop_map(Step::Wait),
        3 => prop_oneof![0..3_u64, 0..2 * LIFETIME + 900].prop_map(Step::Edge),
        3 => Just(Step::Rotate),
        2 => (0..3_usize).prop_map(Step::Adopt),
        4 => (0..3_usize).prop_map(Step::Mint),
        1 => (0..3_usize).prop_map(Step::Restart),
    ]
}

/// Tokens live as long as the ring allows.
fn long_lived(ring: SigningKeys) -> (JwtIssuer, FakeClock) {
    let clock = FakeClock::at(NOW);
    let builder = JwtIssuer::builder(NAME, ring).clock(clock.clone());
    let builder = builder.lifetime(Duration::from_secs(LIFETIME));
    (builder.build().unwrap(), clock)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Three nodes share a stored ring. Each reads it again within the time of the announcement,
    /// as the contract asks. Every token is accepted under the stored set of every moment until it
    /// ends for the most lenient verifier, and its key was published for the whole announcement.
    #[test]
    fn no_valid_token_is_refused_and_no_unannounced_key_signs(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut stored = short_ring();
        let first = kid(stored.signing_key(NOW)).unwrap();
        let mut now = NOW;
        let mut nodes: Vec<_> = (0..3).map(|_| long_lived(stored.clone())).collect();
        let mut read_at = [NOW; 3];
        let mut announced = BTreeMap::from([(first.clone(), NOW)]);
        let mut tokens: Vec<Minted> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(secs) => now = after(now, secs),
                Step::Edge(secs) => {
                    let next = stored.next(now).map(|(_, from)| from.as_secs());
                    let edge = next.unwrap_or(now.as_secs()) + secs;
                    now = UnixTime::from_secs(now.as_secs().max(edge - 2));
                }
                Step::Rotate if stored.is_rotation_due(now) => {
                    stored = stored.schedule_next(quick_key(), now).unwrap();
                    let (next, _) = stored.next(now).unwrap();
                    announced.insert(next.kid().to_owned(), now);
                }
                Step::Rotate => {}
                Step::Adopt(at) => {
                    nodes[at].1.set(now);
                    nodes[at].0.adopt(stored.clone()).unwrap();
                    read_at[at] = now;
                }
                Step::Restart(at) => {
                    let secret = stored.to_secret();
                    nodes[at] = long_lived(SigningKeys::from_secret(&secret).unwrap());
                    nodes[at].1.set(now);
                    read_at[at] = now;
                }
                Step::Mint(at) => {
                    nodes[at].1.set(now);
                    if now.as_secs() >= read_at[at].as_secs() + ANNOUNCE {
                        nodes[at].0.adopt(stored.clone()).unwrap();
                        read_at[at] = now;
                    }
                    let token = nodes[at].0.mint(&claims()).unwrap();
                    let signer = jsonwebtoken::decode_header(token.expose()).unwrap().kid.unwrap();
                    let since = announced[&signer];
                    prop_assert!(signer == first || after(since, ANNOUNCE) <= now, "unannounced");
                    tokens.push(Minted { text: token.expose().to_owned(), end: token.expires_at() });
                }
            }
            let set = stored.jwks(now);
            for token in &tokens {
                if now < token.end {
                    prop_assert!(judge(&token.text, &set, now).is_ok());
                }
            }
            let grace = Leeway::MAX.as_secs();
            for token in tokens.iter().filter(|token| now < after(token.end, grace)) {
                // The most lenient verifier still finds the key.
                let judged = judge(&token.text, &set, UnixTime::from_secs(token.end.as_secs() - 1));
                prop_assert!(judged.is_ok());
            }
        }
    }
}

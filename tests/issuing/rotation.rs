//! Rotation over time: no valid token is rejected, and no key signs before it was announced.

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

fn short_lived_keys() -> SigningKeys {
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

fn kids(keys: &SigningKeys, now: UnixTime) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(&keys.jwks(now)).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn next_key_is_announced_then_signs_and_the_old_one_stays_published_for_its_tokens() {
    let first = short_lived_keys();
    let keys = first.schedule_next(quick_key(), NOW).unwrap();
    let (old, new) = (
        kid(first.signing_key(NOW)),
        kid(keys.next(NOW).map(|(key, _)| key)),
    );
    let signing = |secs| kid(keys.signing_key(after(NOW, secs)));
    let published = |secs| kids(&keys, after(NOW, secs)).len();
    assert_eq!(keys.next(NOW).unwrap().1, after(NOW, ANNOUNCE));
    assert_eq!((signing(0), published(0)), (old.clone(), 2));
    assert_eq!((signing(ANNOUNCE - 1), published(ANNOUNCE - 1)), (old, 2));
    assert_eq!((signing(ANNOUNCE), published(ANNOUNCE)), (new.clone(), 2));
    let keep = ANNOUNCE + LIFETIME + Leeway::MAX.as_secs();
    assert_eq!(published(keep - 1), 2);
    assert_eq!((signing(keep), published(keep)), (new, 1));
}

#[test]
fn rotation_is_due_once_per_period() {
    let keys = short_lived_keys();
    let begin = after(NOW, 0).as_secs() - Leeway::MAX.as_secs();
    let due = UnixTime::from_secs(begin + PERIOD - ANNOUNCE);
    assert!(!keys.is_rotation_due(UnixTime::from_secs(due.as_secs() - 1)));
    assert!(keys.is_rotation_due(due));
    let next = keys.schedule_next(quick_key(), due).unwrap();
    for secs in [0, ANNOUNCE, PERIOD - 1] {
        assert!(!next.is_rotation_due(after(due, secs)), "{secs}");
    }
    assert!(next.is_rotation_due(after(due, PERIOD)));
}

#[test]
fn one_key_is_announced_at_a_time_and_no_key_twice() {
    let keys = short_lived_keys();
    let next = keys.schedule_next(quick_key(), NOW).unwrap();
    let conflict = |keys: &SigningKeys, key: SigningKey, now| {
        assert_eq!(
            keys.schedule_next(key, now).unwrap_err().kind(),
            ConfigErrorKind::Conflict
        );
    };
    conflict(&next, quick_key(), after(NOW, ANNOUNCE - 1));
    assert!(
        next.schedule_next(quick_key(), after(NOW, ANNOUNCE))
            .is_ok()
    );
    let own = next.signing_key(NOW).unwrap().clone();
    conflict(&next, own.clone(), after(NOW, ANNOUNCE));
    let without = next.revoke(own.kid(), quick_key(), NOW).unwrap();
    conflict(&without, own, after(NOW, PERIOD));
}

#[test]
fn change_does_not_alter_the_previous_revision() {
    let keys = short_lived_keys();
    let before = format!("{keys:?}");
    let next = keys.schedule_next(quick_key(), NOW).unwrap();
    assert!(keys.revoke("unknown", quick_key(), NOW).is_err());
    assert_eq!(format!("{keys:?}"), before);
    assert_eq!((keys.revision(), next.revision()), (1, 2));
}

#[test]
fn node_with_a_slow_clock_signs_from_the_beginning() {
    let keys = short_lived_keys();
    let skew = Leeway::MAX.as_secs();
    let slow = |secs| UnixTime::from_secs(NOW.as_secs() - secs);
    assert!(keys.signing_key(slow(skew)).is_some());
    assert!(keys.signing_key(slow(skew + 1)).is_none());
}

#[test]
fn revoked_key_is_unpublished_at_once_and_the_announced_one_signs() {
    let keys = short_lived_keys().schedule_next(quick_key(), NOW).unwrap();
    let (stolen, next) = (keys.signing_key(NOW).unwrap(), keys.next(NOW).unwrap().0);
    let after_theft = keys
        .revoke(stolen.kid(), quick_key(), after(NOW, 60))
        .unwrap();
    let now = after(NOW, 60);
    assert_eq!(kid(after_theft.signing_key(now)), kid(Some(next)));
    assert!(!kids(&after_theft, now).contains(&stolen.kid().to_owned()));
    // The substitute is announced for as long as any key is.
    assert_eq!(after_theft.next(now).unwrap().1, after(now, ANNOUNCE));

    let (issuer, _) = issuer(keys.clone());
    let token = issuer.mint(&claims()).unwrap();
    assert!(validate(token.expose(), &keys.jwks(now), now).is_ok());
    let result = validate(token.expose(), &after_theft.jwks(now), now);
    assert_eq!(result.unwrap_err().kind(), RejectionKind::KeyNotFound);
}

#[test]
fn revoked_key_without_a_successor_is_replaced_at_once() {
    let keys = short_lived_keys();
    let stolen = keys.signing_key(NOW).unwrap();
    let substitute = quick_key();
    let keys = keys.revoke(stolen.kid(), substitute.clone(), NOW).unwrap();
    assert_eq!(kid(keys.signing_key(NOW)), kid(Some(&substitute)));
    assert_eq!(kids(&keys, NOW), [substitute.kid()]);
}

#[test]
fn substitute_of_a_revoked_announced_key_is_announced_first() {
    let keys = short_lived_keys().schedule_next(quick_key(), NOW).unwrap();
    let (signing, lost) = (kid(keys.signing_key(NOW)), keys.next(NOW).unwrap().0);
    let now = after(NOW, ANNOUNCE - 60);
    let substitute = quick_key();
    let keys = keys.revoke(lost.kid(), substitute.clone(), now).unwrap();
    assert_eq!(kid(keys.signing_key(after(now, ANNOUNCE - 1))), signing);
    assert_eq!(
        kid(keys.signing_key(after(now, ANNOUNCE))),
        kid(Some(&substitute))
    );
}

#[test]
fn revoked_keys_are_kept_while_their_tokens_may_be_valid_and_are_bounded() {
    let revoke = |keys: &SigningKeys, now| {
        let kid = keys.signing_key(now).unwrap().kid().to_owned();
        keys.revoke(&kid, quick_key(), now)
    };
    let mut keys = short_lived_keys();
    for _ in 0..limits::SIGNING_KEYS {
        keys = revoke(&keys, NOW).unwrap();
    }
    let keep = LIFETIME + Leeway::MAX.as_secs();
    for (secs, is_ok) in [(0, false), (keep - 1, false), (keep, true)] {
        let kind = revoke(&keys, after(NOW, secs)).map_err(|error| error.kind());
        assert_eq!(kind.is_ok(), is_ok, "{secs}");
        assert!(is_ok || kind.unwrap_err() == ConfigErrorKind::OutOfRange);
    }
}

#[test]
fn unknown_key_cannot_be_revoked() {
    let error = short_lived_keys()
        .revoke("none", quick_key(), NOW)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::ValueMalformed, "kid")
    );
}

#[test]
fn node_adopts_only_what_continues_its_keys() {
    let first = short_lived_keys();
    let (node, clock) = issuer(first.clone());
    let second = first.schedule_next(quick_key(), NOW).unwrap();
    node.adopt(second.clone()).unwrap();
    assert_eq!(node.keys().revision(), 2);
    node.adopt(second.clone()).unwrap();
    let conflict = |keys: &SigningKeys| {
        assert_eq!(
            node.adopt(keys.clone()).unwrap_err().kind(),
            ConfigErrorKind::Conflict
        );
        assert_eq!(node.keys().revision(), 2);
    };
    conflict(&first);
    conflict(&short_lived_keys());
    // Keys of another origin are rejected, however often they were changed.
    let other = short_lived_keys().schedule_next(quick_key(), NOW).unwrap();
    conflict(
        &other
            .schedule_next(quick_key(), after(NOW, ANNOUNCE))
            .unwrap(),
    );
    // Another node changed the same revision: allowed until the announced key signs.
    let fork = first.schedule_next(quick_key(), NOW).unwrap();
    node.adopt(fork.clone()).unwrap();
    clock.set(after(NOW, ANNOUNCE));
    conflict(&second);
    node.adopt(
        second
            .schedule_next(quick_key(), after(NOW, ANNOUNCE))
            .unwrap(),
    )
    .unwrap();
    clock.stop();
    let third = node.keys();
    assert_eq!(
        node.adopt(third).unwrap_err().kind(),
        ConfigErrorKind::Conflict
    );
}

#[test]
fn keys_that_do_not_allow_the_lifetime_are_not_adopted() {
    let clock = FakeClock::at(NOW);
    let lifetime = Duration::from_secs(LIFETIME + 1);
    let build = |keys| {
        let builder = JwtIssuer::builder(NAME, keys);
        builder.clock(clock.clone()).lifetime(lifetime).build()
    };
    assert_eq!(
        build(short_lived_keys()).unwrap_err().kind(),
        ConfigErrorKind::OutOfRange
    );
    let node = build(signing_keys()).unwrap();
    let error = node.adopt(short_lived_keys()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
}

#[test]
fn issuer_as_key_store_follows_the_clock_and_the_keys() {
    let first = short_lived_keys();
    let (node, clock) = issuer(first.clone());
    let validator = validator(&node);
    let old = node.mint(&claims()).unwrap();
    assert!(validate_with(&validator, old.expose(), NOW).is_ok());
    node.adopt(first.schedule_next(quick_key(), NOW).unwrap())
        .unwrap();
    assert!(validate_with(&validator, old.expose(), NOW).is_ok());
    let keep = ANNOUNCE + LIFETIME + Leeway::MAX.as_secs();
    let kind = |secs| {
        clock.set(after(NOW, secs));
        // Validated at a time when the token is valid, so that only the keys matter.
        let result = validate_with(&validator, old.expose(), NOW);
        result.err().map(|rejection| rejection.kind())
    };
    assert_eq!(kind(keep - 1), None);
    assert_eq!(kind(keep), Some(RejectionKind::KeyNotFound));
    assert_eq!(kind(keep - 1), None);
    clock.stop();
    let result = validate_with(&validator, old.expose(), NOW);
    assert_eq!(result.unwrap_err().kind(), RejectionKind::Unavailable);
}

/// A token in the model.
struct Minted {
    text: String,
    end: UnixTime,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    /// To the seconds around the first signature of the announced key, or the end of the old one.
    Edge(u64),
    Rotate,
    /// A node reads the stored keys.
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

/// An issuer whose tokens have the longest lifetime that the keys allow.
fn long_lived(keys: SigningKeys) -> (JwtIssuer, FakeClock) {
    let clock = FakeClock::at(NOW);
    let builder = JwtIssuer::builder(NAME, keys).clock(clock.clone());
    let builder = builder.lifetime(Duration::from_secs(LIFETIME));
    (builder.build().unwrap(), clock)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Three nodes share the stored keys. Each reads them again within the time of the announcement,
    /// as the contract requires. Every token is accepted under each stored key set until it expires
    /// for the most lenient validator, and its key was published for the whole announcement.
    #[test]
    fn no_valid_token_is_rejected_and_no_unannounced_key_signs(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut stored = short_lived_keys();
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
                    prop_assert!(validate(&token.text, &set, now).is_ok());
                }
            }
            let grace = Leeway::MAX.as_secs();
            for token in tokens.iter().filter(|token| now < after(token.end, grace)) {
                // The most lenient validator still finds the key.
                let result = validate(&token.text, &set, UnixTime::from_secs(token.end.as_secs() - 1));
                prop_assert!(result.is_ok());
            }
        }
    }
}

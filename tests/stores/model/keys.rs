//! Random sequences of changes to API keys.

use bearergate::RejectionKind;
use bearergate::api_key::store::ApiKeyFilter;
use bearergate::api_key::{ApiKeyId, ApiKeyUpdate, NewApiKey};
use bearergate::clock::UnixTime;
use proptest::prelude::*;

use super::{Kind, World, cases, span};
use crate::common::wait;

/// One step; a number selects the key, modulo the number of keys.
#[derive(Clone, Debug)]
enum Step {
    Advance(u64),
    Create {
        lifetime: Option<u64>,
        subject: u8,
    },
    Expire {
        key: usize,
        after: u64,
    },
    Purge,
    Restart,
    Revoke(usize),
    Rotate {
        key: usize,
        overlap: u64,
    },
    Update {
        key: usize,
        after: Option<u64>,
        name: u8,
    },
    Use(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let secs = || prop_oneof![Just(0), 1..10_u64, 50..200_u64];
    let key = || any::<usize>();
    prop_oneof![
        3 => (proptest::option::of(prop_oneof![1..10_u64, 50..200_u64]), 0..3_u8)
            .prop_map(|(lifetime, subject)| Step::Create { lifetime, subject }),
        2 => secs().prop_map(Step::Advance),
        1 => (key(), secs()).prop_map(|(key, after)| Step::Expire { key, after }),
        1 => Just(Step::Purge),
        1 => Just(Step::Restart),
        1 => key().prop_map(Step::Revoke),
        2 => (key(), secs()).prop_map(|(key, overlap)| Step::Rotate { key, overlap }),
        2 => (key(), proptest::option::of(secs()), any::<u8>())
            .prop_map(|(key, after, name)| Step::Update { key, after, name }),
        4 => key().prop_map(Step::Use),
    ]
}

/// A key as it is expected.
#[derive(Clone, Debug)]
struct Key {
    id: ApiKeyId,
    text: String,
    subject: u8,
    created: u64,
    expires: Option<u64>,
    disabled: Option<u64>,
    successor: Option<ApiKeyId>,
    name: Option<String>,
    is_purged: bool,
}

impl Key {
    fn expected_result(&self, now: u64) -> Result<(), RejectionKind> {
        match () {
            () if self.is_purged => Err(RejectionKind::ApiKeyUnknown),
            () if self.disabled.is_some() => Err(RejectionKind::ApiKeyDisabled),
            () if self.is_expired(now) => Err(RejectionKind::ApiKeyExpired),
            () => Ok(()),
        }
    }

    fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn end_by(&mut self, end: u64) {
        self.expires = Some(self.expires.map_or(end, |own| own.min(end)));
    }
}

/// The store and its model.
struct Comparison {
    world: World,
    keys: Vec<Key>,
}

impl Comparison {
    fn new(kind: Kind) -> Self {
        let (world, keys) = (World::new(kind), Vec::new());
        Self { world, keys }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Advance(secs) => self.world.clock.advance(span(secs)),
            Step::Create { lifetime, subject } => self.create(lifetime, subject),
            Step::Expire { key, after } => self.expire(key, after),
            Step::Purge => self.purge(),
            Step::Restart => self.world.restart(),
            Step::Revoke(key) => self.revoke(key),
            Step::Rotate { key, overlap } => self.rotate(key, overlap),
            Step::Update { key, after, name } => self.update(key, after, name),
            Step::Use(key) => self.validate(key),
        }
    }

    fn pick(&self, key: usize) -> Option<usize> {
        key.checked_rem(self.keys.len())
    }

    fn create(&mut self, lifetime: Option<u64>, subject: u8) {
        let draft = NewApiKey::new(format!("subject-{subject}"));
        let draft = match lifetime {
            Some(lifetime) => draft.expires_in(span(lifetime)),
            None => draft.never_expires(),
        };
        let issued = wait(self.world.service.keys.create(draft)).unwrap();
        let now = self.world.now();
        self.keys.push(Key {
            id: issued.record.id(),
            text: issued.secret.reveal(),
            subject,
            created: now,
            expires: lifetime.map(|lifetime| now + lifetime),
            disabled: None,
            successor: None,
            name: None,
            is_purged: false,
        });
    }

    fn expire(&mut self, key: usize, after: u64) {
        let Some(at) = self.pick(key) else { return };
        let end = self.world.now() + after;
        let id = self.keys[at].id;
        let result = wait(self.world.service.keys.expire(id, UnixTime::from_secs(end)));
        assert_eq!(result.is_ok(), !self.keys[at].is_purged);
        self.keys[at].end_by(end);
    }

    fn purge(&mut self) {
        let now = self.world.now();
        let purged = wait(self.world.service.keys.purge(UnixTime::from_secs(now))).unwrap();
        let mut expected = 0;
        for key in &mut self.keys {
            let is_ended = key.is_expired(now) || key.disabled.is_some_and(|at| at <= now);
            expected += usize::from(is_ended && !key.is_purged);
            key.is_purged |= is_ended;
        }
        assert_eq!(purged, expected);
    }

    fn revoke(&mut self, key: usize) {
        let Some(at) = self.pick(key) else { return };
        let result = wait(self.world.service.keys.revoke(self.keys[at].id, "test"));
        assert_eq!(result.is_ok(), !self.keys[at].is_purged);
        let now = self.world.now();
        self.keys[at].disabled.get_or_insert(now);
    }

    fn rotate(&mut self, key: usize, overlap: u64) {
        let Some(at) = self.pick(key) else { return };
        let now = self.world.now();
        let old = self.keys[at].clone();
        let is_current = old.expected_result(now).is_ok() && old.successor.is_none();
        let rotated = wait(self.world.service.keys.rotate(old.id, span(overlap)));
        assert_eq!(rotated.is_ok(), is_current);
        let Ok(issued) = rotated else { return };
        let mut new = old.clone();
        (new.id, new.text) = (issued.record.id(), issued.secret.reveal());
        new.created = now;
        new.expires = old.expires.map(|end| now + (end - old.created));
        self.keys[at].successor = Some(new.id);
        self.keys[at].end_by(now + overlap);
        self.keys.push(new);
    }

    fn update(&mut self, key: usize, after: Option<u64>, name: u8) {
        let Some(at) = self.pick(key) else { return };
        let now = self.world.now();
        let (key, end) = (&self.keys[at], after.map(|after| now + after));
        let is_later = key
            .expires
            .is_some_and(|own| end.is_none_or(|end| end > own));
        let is_possible = key.expected_result(now).is_ok()
            && !(key.successor.is_some() && is_later)
            && after != Some(0);
        let update = ApiKeyUpdate::new().name(name.to_string());
        let update = match end {
            Some(end) => update.expires_at(UnixTime::from_secs(end)),
            None => update.never_expires(),
        };
        let updated = wait(self.world.service.keys.update(key.id, update));
        assert_eq!(updated.is_ok(), is_possible, "{key:?} {end:?}");
        if is_possible {
            let key = &mut self.keys[at];
            (key.expires, key.name) = (end, Some(name.to_string()));
        }
    }

    fn validate(&self, key: usize) {
        let Some(at) = self.pick(key) else { return };
        let key = &self.keys[at];
        let expected = key.expected_result(self.world.now());
        assert_eq!(self.world.validate_key(&key.text), expected, "{key:?}");
    }

    fn check(&self) {
        for key in 0..self.keys.len() {
            self.validate(key);
            self.check_record(&self.keys[key]);
        }
        for subject in 0..3 {
            let filter = ApiKeyFilter::Subject(format!("subject-{subject}"));
            self.check_list(filter, |key| key.subject == subject);
        }
        let now = self.world.now();
        let soon = now + 60;
        self.check_list(ApiKeyFilter::ExpiresBy(UnixTime::from_secs(soon)), |key| {
            key.disabled.is_none() && key.successor.is_none() && key.is_expired(soon)
        });
        self.check_list(ApiKeyFilter::EndedBy(UnixTime::from_secs(now)), |key| {
            key.disabled.is_some() || key.is_expired(now)
        });
    }

    fn check_record(&self, key: &Key) {
        let found = wait(self.world.service.keys.find(key.id)).unwrap();
        assert_eq!(found.is_none(), key.is_purged);
        let Some(found) = found else { return };
        assert_eq!(found.expires_at().map(UnixTime::as_secs), key.expires);
        assert_eq!(found.successor(), key.successor);
        assert_eq!(found.details().name(), key.name.as_deref());
        assert_eq!(found.disabled().map(|d| d.at.as_secs()), key.disabled);
    }

    fn check_list(&self, filter: ApiKeyFilter, matches: impl Fn(&Key) -> bool) {
        let present = self.keys.iter().filter(|key| !key.is_purged);
        let mut expected: Vec<_> = present
            .filter(|key| matches(key))
            .map(|key| key.id)
            .collect();
        expected.sort_unstable();
        let found = wait(self.world.service.keys.list(filter, None)).unwrap();
        let found: Vec<_> = found.iter().map(|record| record.id()).collect();
        assert_eq!(found, expected);
    }
}

fn compare(kind: Kind, steps: &[Step]) {
    let mut comparison = Comparison::new(kind);
    for step in steps {
        comparison.apply(step);
    }
    comparison.check();
    comparison.world.restart();
    comparison.check();
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn keys_in_memory_match_the_model(steps in prop::collection::vec(step(), 1..60)) {
        compare(Kind::Memory, &steps);
    }

    #[test]
    fn keys_behind_a_cache_match_the_model(steps in prop::collection::vec(step(), 1..60)) {
        compare(Kind::Cached, &steps);
    }
}

proptest! {
    #![proptest_config(cases(24))]
    #[test]
    fn keys_in_a_file_match_the_model(steps in prop::collection::vec(step(), 1..60)) {
        compare(Kind::File, &steps);
    }

    #[test]
    fn keys_in_a_file_behind_a_cache_match_the_model(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        compare(Kind::CachedFile, &steps);
    }
}

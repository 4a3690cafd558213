//! The table against a simple model that forgets nothing.

use std::collections::HashMap;
use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::limit::Rate;
use bearergate::limit::{LockOut, LockStanding};
use proptest::prelude::*;

use crate::common::{numbered, secs};

/// Whole milliseconds of everything.
#[derive(Clone, Copy, Debug)]
struct Settings {
    points: u64,
    step: u64,
    first: u64,
    most: u64,
    forget: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    /// When all points are paid back.
    paid: u64,
    /// When the lock ends.
    until: u64,
    strikes: u32,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Look(u32),
    Blame(u32, RejectionKind),
    Pardon(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = 0..6_u32;
    let kinds = prop_oneof![
        Just(RejectionKind::SignatureInvalid),
        Just(RejectionKind::KeyNotFound),
        Just(RejectionKind::TokenExpired),
    ];
    let step = prop_oneof![
        2 => (0..200_000_u64).prop_map(Step::Wait),
        1 => (0..4_000_000_u64).prop_map(Step::Wait),
        3 => source.clone().prop_map(Step::Look),
        12 => (source.clone(), kinds).prop_map(|(source, kind)| Step::Blame(source, kind)),
        1 => source.prop_map(Step::Pardon),
    ];
    proptest::collection::vec(step, 0..400)
}

fn settings() -> impl Strategy<Value = Settings> {
    (3..20_u64, 1..30_000_u64, 1..100_u64, 1..20_u64, 1..4_u64).prop_map(
        |(points, step, first, most, forget)| Settings {
            points,
            step,
            first: first * 1_000,
            most: first * most * 1_000,
            forget: first * most * forget * 1_000,
        },
    )
}

fn build(settings: Settings) -> LockOut {
    let step = Rate::new(1, Duration::from_millis(settings.step)).unwrap();
    LockOut::builder()
        .budget(settings.points as u32, step)
        .first(Duration::from_millis(settings.first))
        .most(Duration::from_millis(settings.most))
        .forget(Duration::from_millis(settings.forget))
        .sources(1_024)
        .build()
        .unwrap()
}

impl Owed {
    fn blame(&mut self, points: u64, now: u64, settings: Settings) -> Option<(u32, u64)> {
        if now - self.last >= settings.forget {
            self.strikes = 0;
        }
        self.last = now;
        let budget = settings.points * settings.step;
        let owed = self.paid.saturating_sub(now) + points * settings.step;
        self.paid = now + owed.min(budget);
        // A part of a point counts as one.
        if now < self.until || owed.div_ceil(settings.step) < settings.points {
            return None;
        }
        self.strikes += 1;
        let doubled = (1..self.strikes).fold(settings.first, |lock, _| lock * 2);
        let lasts = doubled.min(settings.most);
        self.until = now + lasts;
        Some((self.strikes, lasts))
    }
}

proptest! {
    #[test]
    fn the_table_equals_a_map_that_forgets_nothing(settings in settings(), steps in steps()) {
        let locks = build(settings);
        let mut model: HashMap<u32, Owed> = HashMap::new();
        let mut now = secs(1_000).as_millis() as u64;
        for step in steps {
            let at = Duration::from_millis(now);
            match step {
                Step::Wait(span) => now += span,
                Step::Look(number) => {
                    let until = model.get(&number).map_or(0, |owed| owed.until);
                    let expected = match until.saturating_sub(now) {
                        0 => LockStanding::Free,
                        rest => LockStanding::Locked { ends_in: Duration::from_millis(rest) },
                    };
                    prop_assert_eq!(locks.standing(numbered(number), at), expected);
                }
                Step::Blame(number, kind) => {
                    let points = match kind {
                        RejectionKind::SignatureInvalid => 3,
                        RejectionKind::KeyNotFound => 1,
                        _ => 0,
                    };
                    let owed = model.entry(number).or_default();
                    let expected = match points {
                        0 => None,
                        points => owed.blame(points, now, settings),
                    };
                    let found = locks.blame(numbered(number), kind, at);
                    let found = found.map(|locked| (locked.strikes, locked.lasts.as_millis() as u64));
                    prop_assert_eq!(found, expected);
                }
                Step::Pardon(number) => {
                    model.remove(&number);
                    locks.pardon(numbered(number));
                }
            }
        }
    }
}

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::error::StoreErrorKind;
use crate::event::{Event, Observer};

const fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

const NOW: u64 = 1_700_000_010;

fn mark(owner: &str, id: u32) -> ReplayMark {
    ReplayMark::new("test", owner.as_bytes(), &id.to_be_bytes())
}

fn claim(
    table: &ReplayTable,
    mark: ReplayMark,
    until: u64,
    now: u64,
) -> Result<bool, StoreErrorKind> {
    let claimed = table.claim(mark, at(until), at(now)).try_now();
    claimed.unwrap().map_err(|error| error.kind())
}

fn table() -> ReplayTable {
    ReplayTable::new(1_024).unwrap()
}

#[test]
fn a_mark_is_claimed_once_until_it_ends() {
    let table = table();
    let own = mark("a", 1);
    assert_eq!(claim(&table, own, NOW + 60, NOW), Ok(true));
    for now in NOW..NOW + 60 {
        assert_eq!(claim(&table, own, NOW + 60, now), Ok(false), "{now}");
        // A later proof with the same id ends later.
        assert_eq!(claim(&table, own, now + 90, now), Ok(false), "{now}");
    }
    assert_eq!(claim(&table, own, NOW + 300, NOW + 60 + 30), Ok(true));
}

#[test]
fn owner_and_kind_and_id_make_the_mark() {
    let table = table();
    assert_eq!(claim(&table, mark("a", 1), NOW + 60, NOW), Ok(true));
    assert_eq!(claim(&table, mark("b", 1), NOW + 60, NOW), Ok(true));
    assert_eq!(claim(&table, mark("a", 2), NOW + 60, NOW), Ok(true));
    let marks = [
        ReplayMark::new("k", b"ab", b"c"),
        ReplayMark::new("k", b"a", b"bc"),
        ReplayMark::new("k", b"abc", b""),
        ReplayMark::new("kab", b"", b"c"),
    ];
    for (index, own) in marks.iter().enumerate() {
        assert!(!marks[..index].contains(own));
    }
}

// Defect E22 (mark of no duration at the end of the window): docs/defects.md
#[test]
fn a_mark_of_the_last_second_is_kept_through_it() {
    let table = table();
    let own = mark("a", 1);
    assert_eq!(claim(&table, own, NOW + 1, NOW), Ok(true));
    assert_eq!(claim(&table, own, NOW + 1, NOW), Ok(false));
}

/// Names of owners in different shards.
fn owners(count: usize) -> Vec<String> {
    let mut shards = Vec::new();
    let names = (0..).map(|number: u32| number.to_string());
    let is_new = |name: &String| {
        let shard = mark(name, 0).group() % 64;
        let is_new = !shards.contains(&shard);
        shards.push(shard);
        is_new
    };
    names.filter(is_new).take(count).collect()
}

#[test]
fn one_owner_has_a_quarter_and_others_go_on() {
    let table = table();
    let names = owners(2);
    let (own, other) = (&names[0], &names[1]);
    for id in 0..256 {
        assert_eq!(
            claim(&table, mark(own, id), NOW + 60, NOW),
            Ok(true),
            "{id}"
        );
    }
    assert_eq!(
        claim(&table, mark(own, 256), NOW + 60, NOW),
        Err(StoreErrorKind::Full)
    );
    assert_eq!(claim(&table, mark(own, 7), NOW + 60, NOW), Ok(false));
    assert_eq!(claim(&table, mark(other, 7), NOW + 60, NOW), Ok(true));
    assert_eq!(table.refused(), 1);
    // Its share returns with the end of its marks.
    assert_eq!(claim(&table, mark(own, 256), NOW + 200, NOW + 90), Ok(true));
}

// Nobody can fill the share of somebody else: another group of the same shard has its own.
#[test]
fn owners_of_one_shard_have_a_share_each() {
    let table = table();
    let own = mark("0", 0).group();
    let names = (1..).map(|number: u32| number.to_string());
    let mut others = names.filter(|name| {
        let group = mark(name, 0).group();
        group != own && group % 64 == own % 64
    });
    let other = others.next().unwrap();
    for id in 0..256 {
        assert_eq!(claim(&table, mark("0", id), NOW + 60, NOW), Ok(true));
    }
    assert_eq!(
        claim(&table, mark("0", 256), NOW + 60, NOW),
        Err(StoreErrorKind::Full)
    );
    assert_eq!(claim(&table, mark(&other, 0), NOW + 60, NOW), Ok(true));
}

// Defect E28 (ended marks of shards without traffic keep the table full): docs/defects.md
#[test]
fn a_full_table_forgets_nothing_and_has_room_when_marks_have_ended() {
    let table = table();
    let names = owners(5);
    let (other, names) = names.split_last().unwrap();
    let all = || {
        names
            .iter()
            .flat_map(|owner| (0..256).map(move |id| mark(owner, id)))
    };
    for own in all() {
        assert_eq!(claim(&table, own, NOW + 60, NOW), Ok(true));
    }
    let full = Err(StoreErrorKind::Full);
    assert_eq!(claim(&table, mark(other, 0), NOW + 60, NOW), full);
    for own in all() {
        assert_eq!(claim(&table, own, NOW + 60, NOW), Ok(false));
    }
    assert_eq!(claim(&table, mark(other, 0), NOW + 60, NOW + 59), full);
    // The marks are in shards that nobody uses: a sweep drops them.
    assert_eq!(claim(&table, mark(other, 0), NOW + 200, NOW + 90), Ok(true));
    assert_eq!(table.len(), 1);
}

// Defect E29 (clock set back after marks were forgotten): docs/defects.md
#[test]
fn marks_that_were_forgotten_are_not_new_when_the_clock_goes_back() {
    let table = table();
    let own = mark("a", 1);
    assert_eq!(claim(&table, own, NOW + 60, NOW), Ok(true));
    assert_eq!(
        claim(&table, mark("a", 2), NOW + 3_700, NOW + 3_600),
        Ok(true)
    );
    assert_eq!(
        claim(&table, own, NOW + 60, NOW),
        Err(StoreErrorKind::Unavailable)
    );
    assert_eq!(claim(&table, mark("a", 3), NOW + 3_700, NOW), Ok(true));
}

#[test]
fn a_full_table_is_reported_once_a_second_with_its_count() {
    #[derive(Debug, Default)]
    struct Counts(AtomicUsize, AtomicUsize);

    impl Observer for Arc<Counts> {
        fn observe(&self, event: &Event<'_>) {
            if let Event::ReplayTableFull { count } = event {
                self.0.fetch_add(1, Ordering::Relaxed);
                self.1
                    .fetch_add(usize::try_from(*count).unwrap(), Ordering::Relaxed);
            }
        }
    }

    let counts = Arc::new(Counts::default());
    let table = table().observer(Arc::clone(&counts));
    for id in 0..260 {
        let _ = claim(&table, mark("a", id), NOW + 60, NOW);
    }
    let _ = claim(&table, mark("a", 300), NOW + 60, NOW + 1);
    assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    assert_eq!(counts.1.load(Ordering::Relaxed), 5);
}

// Defect E23 (mark looked up, then saved): docs/defects.md
#[test]
fn of_equal_claims_on_many_threads_one_wins() {
    let table = ReplayTable::new(100_000).unwrap();
    let won = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for id in 0..10_000 {
                    let owner = (id % 100).to_string();
                    if claim(&table, mark(&owner, id), NOW + 60, NOW) == Ok(true) {
                        won.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(won.load(Ordering::Relaxed), 10_000);
    assert_eq!(table.len(), 10_000);
}

#[test]
fn sizes_outside_the_bounds_are_refused() {
    for good in [1_024, 16_777_216] {
        assert!(ReplayTable::new(good).is_ok());
    }
    for bad in [0, 1_023, 16_777_217] {
        assert_eq!(ReplayTable::new(bad).unwrap_err().field(), "entries");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim { owner: u8, id: u8, life: u64 },
    Wait(u64),
    Back(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let claim = (0_u8..4, 0_u8..8, 1_u64..200).prop_map(|(owner, id, life)| Step::Claim {
        owner,
        id,
        life,
    });
    let step = prop_oneof![
        8 => claim,
        2 => (0_u64..70).prop_map(Step::Wait),
        1 => (0_u64..100).prop_map(Step::Back),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// No mark is claimed twice before it has ended, whatever the clock does.
    #[test]
    fn no_mark_is_claimed_twice(steps in steps()) {
        let table = table();
        let mut now = NOW;
        // The latest time that the table has seen.
        let mut latest = now;
        let mut ends: HashMap<(u8, u8), u64> = HashMap::new();
        for step in steps {
            match step {
                Step::Wait(secs) => now += secs,
                Step::Back(secs) => now -= secs.min(now),
                Step::Claim { owner, id, life } => {
                    let own = mark(&owner.to_string(), id.into());
                    let until = now + life;
                    latest = latest.max(now);
                    if claim(&table, own, until, now) == Ok(true) {
                        if let Some(end) = ends.get(&(owner, id)) {
                            prop_assert!(*end <= latest && *end < until, "{} {} {}", end, latest, until);
                        }
                        ends.insert((owner, id), until);
                    }
                }
            }
        }
    }
}

#[test]
fn an_entry_takes_at_most_forty_bytes() {
    let table = ReplayTable::new(100_000).unwrap();
    let measured = allocation_counter::measure(|| {
        for id in 0..100_000_u32 {
            let owner = (id % 1_000).to_string();
            assert_eq!(
                claim(&table, mark(&owner, id), NOW + 1 + u64::from(id % 89), NOW),
                Ok(true)
            );
        }
    });
    let bytes = measured.bytes_current / 100_000;
    assert!(bytes <= 40, "{bytes}");
    let again = allocation_counter::measure(|| {
        assert_eq!(claim(&table, mark("1", 1), NOW + 60, NOW), Ok(false));
    });
    assert_eq!(again.count_total, 0);
}

#[test]
fn shards_are_swept_at_most_once_a_second_whatever_the_clock_does() {
    let table = table();
    for id in 0..1_024 {
        let owner = id.to_string();
        let _ = claim(&table, mark(&owner, id), NOW + 60, NOW);
    }
    let sweep = |now| table.0.sweep(at(now));
    assert!(sweep(NOW + 1));
    // Requests that had to wait have an older time.
    for now in [NOW + 1, NOW, NOW + 1, NOW - 30] {
        assert!(!sweep(now), "{now}");
    }
    assert!(sweep(NOW + 2));
    // The clock was set back.
    assert!(sweep(NOW - 3_600));
    assert!(!sweep(NOW - 3_600));
}

#[test]
fn groups_of_owners_are_spread() {
    let mut counts = [0_u32; 64];
    for owner in 0..6_400_u32 {
        let group = mark(&owner.to_string(), 1).group();
        assert!(group < 4_096);
        counts[usize::from(group) / 64] += 1;
    }
    // 100 each on average; ten standard deviations are 100.
    assert!(counts.iter().all(|count| *count < 200), "{counts:?}");
    assert_eq!(mark("a", 1).group(), mark("a", 2).group());
}

//! Clocks that go back, jump ahead or stand still.

use std::time::Duration;

use bearergate::limit::{By, Limit, Limits};

use crate::common::{NANO, SECOND, alice, at, by_source, one, pass, passes, rate, v4};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_clock_that_goes_back_a_day_refuses_for_at_most_one_span() {
    let limits = one("60/m burst 10");
    let principal = alice();
    let wanted = |now| at(now).with_principal(&principal);
    assert_eq!(passes(&limits, wanted(DAY * 3)), 10);
    let back = DAY * 2;
    assert_eq!(passes(&limits, wanted(back)), 0);
    // A refusal has written the clamped time back, so the bucket refills from here.
    assert!(pass(&limits, wanted(back + SECOND - NANO)).is_err());
    assert!(pass(&limits, wanted(back + SECOND)).is_ok());
    assert_eq!(passes(&limits, wanted(back + SECOND * 11)), 10);
}

#[test]
fn a_clock_that_jumps_ahead_a_year_frees_one_burst() {
    let limits = one("60/m burst 10");
    let principal = alice();
    let wanted = |now| at(now).with_principal(&principal);
    assert_eq!(passes(&limits, wanted(SECOND)), 10);
    assert_eq!(passes(&limits, wanted(SECOND + DAY * 365)), 10);
    assert_eq!(passes(&limits, wanted(SECOND * 2 + DAY * 365)), 1);
}

#[test]
fn a_clock_that_does_not_move_lets_one_burst_pass() {
    let limits = one("60/m burst 10");
    let principal = alice();
    let wanted = at(Duration::ZERO).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 10);
    assert_eq!(passes(&limits, wanted), 0);
    // Nor does one that has run to its end.
    let wanted = at(Duration::MAX).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 10);
    assert_eq!(passes(&limits, wanted), 0);
}

#[test]
fn a_table_that_was_full_when_the_clock_went_back_has_room_again() {
    let limits = Limits::builder().tables(1_024, 1_024);
    let limits = limits.limit(by_source("60/m burst 10")).build().unwrap();
    for number in 0..4_096 {
        let _ = passes(&limits, at(DAY).with_source(v4(number << 8)));
    }
    let refused = (0..300_u32).filter(|number| {
        let source = v4(0x8000_0000 + (number << 8));
        pass(&limits, at(SECOND).with_source(source)).is_err()
    });
    assert_eq!(refused.count(), 0);
}

#[test]
fn the_same_table_is_not_emptied_without_such_a_step() {
    let limits = Limits::builder().tables(1_024, 1_024);
    let limits = limits.limit(Limit::rate("one", rate("60/m burst 10")).by(By::Source));
    let limits = limits.build().unwrap();
    for number in 0..4_096 {
        let _ = passes(&limits, at(DAY).with_source(v4(number << 8)));
    }
    let refused = (0..300_u32).filter(|number| {
        let source = v4(0x8000_0000 + (number << 8));
        pass(&limits, at(DAY).with_source(source)).is_err()
    });
    assert!(refused.count() > 150);
}

/// A request that had to wait is asked with the time at which it began.
#[test]
fn a_late_request_frees_no_bucket() {
    for by in [By::Caller, By::Everyone] {
        let limit = Limit::rate("one", rate("10/s")).by(by.clone());
        let limits = Limits::builder().limit(limit).build().unwrap();
        let principal = alice();
        let wanted = |now| at(now).with_principal(&principal);
        let now = SECOND * 100;
        assert_eq!(passes(&limits, wanted(now)), 10);
        for late in [NANO, SECOND, SECOND * 5, SECOND * 59] {
            assert!(pass(&limits, wanted(now - late)).is_err(), "{late:?}");
            assert_eq!(passes(&limits, wanted(now)), 0, "{by:?} {late:?}");
        }
        assert_eq!(passes(&limits, wanted(now + SECOND)), 10);
    }
}

#[test]
fn a_late_request_forgets_no_other_key() {
    let limits = Limits::builder().tables(1_024, 1_024);
    let limits = limits.limit(by_source("10/s")).build().unwrap();
    let now = SECOND * 100;
    let sources = || (0..400_u32).map(|number| v4(number << 8));
    for source in sources() {
        assert_eq!(passes(&limits, at(now).with_source(source)), 10);
    }
    for number in 0..4_096 {
        let source = v4(0x8000_0000 + (number << 8));
        let _ = pass(&limits, at(now - SECOND * 5).with_source(source));
    }
    let freed = sources().filter(|source| pass(&limits, at(now).with_source(*source)).is_ok());
    assert_eq!(freed.count(), 0);
}

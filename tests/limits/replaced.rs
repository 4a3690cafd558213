//! Limits that are replaced while they serve.

use bearergate::limit::{By, Limit, LimitsBuilder};
use bearergate::{Principal, RejectionKind};

use crate::common::{SECOND, alice, at, caller, one, pass, passes, rate, refused, small};

fn next(text: &str) -> LimitsBuilder {
    small().limit(Limit::rate("one", rate(text)))
}

#[test]
fn a_raised_limit_passes_at_once() {
    let limits = one("2/h");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 2);
    assert!(pass(&limits, wanted).is_err());
    limits.replace(&next("1000/s")).unwrap();
    // What is owed is at most one span of the new rate: a second.
    let later = at(SECOND + SECOND / 1_000).with_principal(&principal);
    assert!(pass(&limits, wanted).is_err());
    assert!(pass(&limits, later).is_ok());
    let other = caller("idp", "bob");
    assert_eq!(passes(&limits, at(SECOND).with_principal(&other)), 1_000);
}

#[test]
fn a_larger_burst_at_the_same_rate_passes_at_once() {
    let limits = one("60/m burst 2");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 2);
    limits.replace(&next("60/m burst 5")).unwrap();
    assert_eq!(passes(&limits, wanted), 3);
}

#[test]
fn a_lowered_limit_refuses_for_at_most_one_span() {
    let limits = one("60/m burst 60");
    let principal = alice();
    let wanted = |secs| at(SECOND * secs).with_principal(&principal);
    assert_eq!(passes(&limits, wanted(1)), 60);
    limits.replace(&next("60/m burst 5")).unwrap();
    assert_eq!(passes(&limits, wanted(1)), 0);
    // The refusal has written back the clamped time: without that it would refuse until second 56.
    assert_eq!(passes(&limits, wanted(2)), 1);
    assert_eq!(passes(&limits, wanted(7)), 5);
}

#[test]
fn debts_stay_over_replacements_that_do_not_name_the_limit() {
    let limits = one("2/h");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 2);
    limits
        .replace(&small().limit(Limit::rate("other", rate("5/h"))))
        .unwrap();
    assert_eq!(passes(&limits, wanted), 5);
    limits.replace(&next("2/h")).unwrap();
    assert_eq!(passes(&limits, wanted), 0);
}

#[test]
fn limits_that_do_not_build_leave_the_old_ones() {
    let limits = one("2/h");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert!(limits.replace(&small()).is_err());
    let wrong = next("10/h").limit(Limit::rate("one", rate("1/s")));
    assert!(limits.replace(&wrong).is_err());
    assert_eq!(passes(&limits, wanted), 2);
}

#[test]
fn one_subject_of_one_authority_has_another_rate() {
    let builder = next("2/h").exception("one", ("idp", "alice"), rate("5/h"));
    let builder = builder.exception("one", ("idp", "carol"), rate("1/h"));
    let limits = builder.build().unwrap();
    let of = |caller: &Principal| passes(&limits, at(SECOND).with_principal(caller));
    assert_eq!(of(&caller("idp", "alice")), 5);
    assert_eq!(of(&caller("other", "alice")), 2);
    assert_eq!(of(&caller("idp", "bob")), 2);
    assert_eq!(of(&caller("idp", "carol")), 1);
    let principal = caller("idp", "alice");
    let over = pass(&limits, at(SECOND).with_principal(&principal)).unwrap_err();
    assert_eq!(over.standing().unwrap().quota(), 5);
    limits.replace(&next("7/h")).unwrap();
    assert_eq!(
        refused(&limits, at(SECOND).with_principal(&principal)).0,
        RejectionKind::RateLimited
    );
}

#[test]
fn a_charge_is_given_back_to_the_limit_that_was_replaced_since() {
    let limits = one("10/h");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    let charges = crate::common::ask(&limits, wanted).unwrap();
    let other = small().limit(Limit::rate("zero", rate("1/h")).by(By::Everyone));
    limits
        .replace(&other.limit(Limit::rate("one", rate("10/h"))))
        .unwrap();
    drop(charges);
    let charges = crate::common::ask(&limits, wanted).unwrap();
    let left: Vec<_> = charges.standings().map(|s| (s.limit(), s.left())).collect();
    assert_eq!(left, [("zero", 0), ("one", 9)]);
}

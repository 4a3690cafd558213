//! A charge happens once, and is given back whole.

use bearergate::RejectionKind;
use bearergate::limit::{By, Limit};

use crate::common::v4;
use crate::common::{
    SECOND, alice, ask, at, caller, left, one, only, pass, passes, rate, refused, small,
};

#[test]
fn charges_that_are_dropped_before_they_are_kept_are_given_back() {
    let limits = one("10/h");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    for _ in 0..100 {
        assert_eq!(left(&ask(&limits, wanted).unwrap()), 9);
    }
    ask(&limits, wanted).unwrap().keep();
    assert_eq!(left(&ask(&limits, wanted).unwrap()), 8);
}

#[test]
fn kept_charges_are_given_back_once() {
    for limit in [
        Limit::rate("one", rate("10/h")).cost(2),
        Limit::rate("one", rate("10/h")).cost(2).by(By::Everyone),
        Limit::rate("one", rate("10/h")).cost(2).by(By::Source),
    ] {
        let limits = only(limit);
        let principal = alice();
        let wanted = at(SECOND).with_principal(&principal).with_source(v4(1));
        pass(&limits, wanted).unwrap();
        let mut charges = ask(&limits, wanted).unwrap();
        charges.keep();
        assert_eq!(left(&charges), 6);
        let clone = charges.clone();
        clone.refund();
        assert_eq!(
            left(&ask(&limits, wanted).unwrap()),
            4,
            "a clone has no right to it"
        );
        charges.refund();
        charges.refund();
        drop((charges, clone));
        assert_eq!(left(&ask(&limits, wanted).unwrap()), 6);
    }
}

#[test]
fn what_was_charged_before_a_limit_refuses_is_given_back() {
    let limits = small();
    let limits = limits.limit(Limit::rate("source", rate("10/h")).by(By::Source));
    let limits = limits.limit(Limit::rate("everyone", rate("100/h")).by(By::Everyone));
    let limits = limits.limit(Limit::rate("caller", rate("10/h")));
    let limits = limits.limit(Limit::rate("writes", rate("2/h")).class("writes"));
    let limits = limits.build().unwrap();
    let principal = alice();
    let reads = at(SECOND).with_source(v4(1)).with_principal(&principal);
    let writes = reads.with_class("writes");
    assert_eq!(passes(&limits, writes), 2);
    for _ in 0..50 {
        let (kind, limit, _) = refused(&limits, writes);
        assert_eq!((kind, &*limit), (RejectionKind::RateLimited, "writes"));
    }
    let charges = ask(&limits, reads).unwrap();
    let found: Vec<_> = charges
        .standings()
        .map(|s| (s.limit().to_owned(), s.left()))
        .collect();
    let expected = [("source", 7), ("everyone", 97), ("caller", 7)];
    assert_eq!(found, expected.map(|(name, left)| (name.to_owned(), left)));
}

#[test]
fn standings_of_a_refusal_end_with_the_limit_that_refused() {
    let limits = small();
    let limits = limits.limit(Limit::rate("first", rate("10/m")));
    let limits = limits.limit(Limit::rate("second", rate("1/30s burst 1")));
    let limits = limits.build().unwrap();
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    pass(&limits, wanted).unwrap();
    let over = pass(&limits, wanted).unwrap_err();
    let names: Vec<_> = over.standings().map(|s| s.limit()).collect();
    assert_eq!(names, ["first", "second"]);
    let own = over.standing().unwrap();
    assert_eq!((own.limit(), own.quota(), own.left()), ("second", 1, 0));
    assert_eq!((own.period(), own.burst()), (SECOND * 30, 1));
    assert_eq!(own.next_cell(), SECOND * 30);
    let text = over.to_string();
    assert!(text.contains("`second`"), "{text}");
}

#[test]
fn standings_name_what_is_left_and_when_there_is_more() {
    let limits = one("5/10s burst 10");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    let mut charges = ask(&limits, wanted).unwrap();
    charges.keep();
    let own = charges.standings().next().unwrap();
    assert_eq!((own.quota(), own.burst(), own.left()), (5, 10, 9));
    assert_eq!(
        (own.next_cell(), own.is_full(), own.is_near()),
        (SECOND * 2, false, false)
    );
    for _ in 0..6 {
        pass(&limits, wanted).unwrap();
    }
    let later = at(SECOND * 2).with_principal(&principal);
    let charges = ask(&limits, later).unwrap();
    let own = charges.standings().next().unwrap();
    assert_eq!(
        (own.left(), own.next_cell(), own.is_near()),
        (2, SECOND, true)
    );
}

#[test]
fn shadow_limits_count_and_never_refuse() {
    let limits = small();
    let limits = limits.limit(Limit::rate("shadow", rate("2/h")).shadow());
    let limits = limits.limit(Limit::concurrent("crowd", 1).shadow());
    let limits = limits
        .limit(Limit::rate("real", rate("20/h")))
        .build()
        .unwrap();
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 20);
    let over = pass(&limits, wanted).unwrap_err();
    assert_eq!(over.limit(), "real");
    // Header fields do not show it.
    let names: Vec<_> = over.standings().map(|s| s.limit()).collect();
    assert_eq!(names, ["real"]);
    let other = caller("idp", "bob");
    let mut all: Vec<_> = (0..10)
        .map(|_| ask(&limits, at(SECOND).with_principal(&other)).unwrap())
        .collect();
    all.iter_mut().for_each(|charges| charges.keep());
}

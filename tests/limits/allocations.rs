//! No allocation on the path of a request.

use allocation_counter::measure;
use bearergate::limit::{By, Limit};

use crate::common::{SECOND, alice, ask, at, pass, rate, small, v4};

fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

#[test]
fn neither_a_pass_nor_a_refusal_of_eight_limits_allocates() {
    let mut limits = small().limit(Limit::rate("everyone", rate("100/h")).by(By::Everyone));
    limits = limits.limit(Limit::rate("source", rate("100/h")).by(By::Source));
    limits = limits.limit(Limit::rate("client", rate("100/h")).by(By::Client));
    limits = limits.limit(Limit::rate("key", rate("100/h")).by(By::Credential));
    limits = limits.limit(Limit::rate("claim", rate("100/h")).by(By::claim("tenant")));
    limits = limits.limit(Limit::rate("action", rate("100/h")).per_action());
    limits = limits.limit(Limit::rate("caller", rate("100/h")));
    limits = limits.limit(Limit::rate("class", rate("1/h")).class("writes"));
    let limits = limits.exception("caller", ("idp", "alice"), rate("200/h"));
    let limits = limits.build().unwrap();
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal).with_source(v4(1));
    let wanted = wanted.with_action("orders:write").with_class("writes");
    // The first use of a pointer that can be replaced allocates once in each thread.
    drop(ask(&limits, at(SECOND)));
    let count = allocations(|| assert!(pass(&limits, wanted).is_ok()));
    assert_eq!(count, 0, "a pass");
    let count = allocations(|| assert!(pass(&limits, wanted).is_err()));
    assert_eq!(count, 0, "a refusal");
}

#[test]
fn a_concurrent_limit_allocates_its_permit_only() {
    let limits = small()
        .limit(Limit::concurrent("crowd", 1))
        .build()
        .unwrap();
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    drop(ask(&limits, wanted));
    let count = allocations(|| drop(ask(&limits, wanted)));
    assert_eq!(count, 1);
    let held = ask(&limits, wanted);
    let count = allocations(|| assert!(ask(&limits, wanted).is_err()));
    assert_eq!(count, 0);
    drop(held);
}

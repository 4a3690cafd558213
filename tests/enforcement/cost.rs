//! Allocations: none more than those of a gate that enforces nothing.

use bearergate::Gate;
use bearergate::address::{AddressList, AddressRules};
use bearergate::limit::{By, Limit, Limits, LockOut, Rate, Watch};

use crate::helpers::{Service, Trail, request};

fn allocations(gate: &Gate) -> u64 {
    let request = request(Some("good-a"), "192.0.2.7");
    let run = || assert!(gate.try_check_now(&request).unwrap().is_ok());
    // The first requests fill buffers that stay.
    for _ in 0..10 {
        run();
    }
    allocation_counter::measure(run).count_total
}

#[test]
fn a_gate_with_everything_allocates_nothing_more() {
    let service = Service::new();
    let plain = Gate::builder()
        .validator(service.tokens.clone())
        .clock(service.clock.clone());
    let plain = plain.allow_any_authenticated().build().unwrap();
    let trail = Trail::start(&service.clock);
    let rate = Rate::per_minute(100_000).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("sources", rate).by(By::Source))
        .limit(Limit::rate("default", rate));
    let list = AddressList::from_networks(["203.0.113.0/24"]).unwrap();
    let full = service
        .gate()
        .addresses(AddressRules::builder().deny(list).build().unwrap())
        .lock_out(LockOut::default())
        .watch(Watch::default())
        .limits(limits.build().unwrap())
        .audit(trail.audit.clone())
        .allow_any_authenticated()
        .build()
        .unwrap();
    assert_eq!(allocations(&full), allocations(&plain));
}

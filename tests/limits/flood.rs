//! More keys than slots.

use std::time::Duration;

use allocation_counter::measure;
use bearergate::address::Source;
use bearergate::limit::{By, Limit, Limits};

use crate::common::{Numbers, SECOND, at, caller, pass, passes, rate, v4, v6};

/// A source of the flood: the networks are IPv6 /48s, each with as many sources.
fn flooder(networks: u64, number: u64) -> Source {
    let (network, host) = (number % networks, number / networks);
    v6(0x2001_0db8_0000_0000 + (network << 16) + host)
}

/// Floods a table of 60 requests a minute with sources of so many networks, and returns how many of
/// 1 000 newcomers from all over the address space are refused, in per mille.
fn refused_newcomers(slots: usize, networks: u64) -> u32 {
    let limits = Limits::builder().tables(slots, 1_024);
    let limit = Limit::rate("one", rate("60/m")).by(By::Source);
    let limits = limits.limit(limit).build().unwrap();
    let flood = slots as u64 * 2;
    // What a process prepares once is not part of the table.
    let _ = pass(&limits, at(SECOND).with_source(flooder(networks, 0)));
    let memory = measure(|| {
        for number in 0..flood {
            let wanted = at(SECOND).with_source(flooder(networks, number));
            let _ = pass(&limits, wanted);
        }
        // Who has no slot shares a bucket, which is used up by now.
        for number in 0..networks * 64 {
            let wanted = at(SECOND).with_source(flooder(networks, flood - 1 - number % flood));
            let _ = pass(&limits, wanted);
        }
    });
    assert_eq!(memory.bytes_total, 0, "the table grows");
    let mut numbers = Numbers::new();
    let newcomers = (0..1_000).map(|_| v4(numbers.next() as u32));
    let refused =
        newcomers.filter(|source| pass(&limits, at(SECOND).with_source(*source)).is_err());
    refused.count() as u32
}

/// Returns how many newcomers are refused in per mille, on average of several tables: each hashes
/// under a secret of its own, so that single tables differ by chance.
fn refused_on_average(slots: usize, networks: u64) -> f64 {
    let tables = 8;
    let refused: u32 = (0..tables)
        .map(|_| refused_newcomers(slots, networks))
        .sum();
    f64::from(refused) / f64::from(tables)
}

#[test]
fn a_flood_from_one_network_refuses_at_most_one_newcomer_in_200_elsewhere() {
    // A /48 has 65 536 sources.
    let refused = refused_on_average(32_768, 1);
    assert!(refused <= 5.0, "{refused} of 1 000");
}

#[test]
fn a_flood_from_256_networks_refuses_at_most_one_newcomer_in_100() {
    let refused = refused_on_average(131_072, 256);
    assert!(refused <= 10.0, "{refused} of 1 000");
}

#[test]
fn a_flood_from_4096_networks_refuses_at_most_8_newcomers_in_100() {
    let refused = refused_on_average(131_072, 4_096);
    assert!(refused <= 80.0, "{refused} of 1 000");
}

#[test]
fn a_flood_of_keys_between_two_bursts_gives_the_attacker_nothing() {
    let limits = Limits::builder().tables(16_384, 1_024);
    let limit = Limit::rate("one", rate("600/h")).by(By::Source);
    let limits = limits.limit(limit).build().unwrap();
    let attacker = |now: Duration| at(now).with_source(v4(0xc633_6407));
    let mut passed = passes(&limits, attacker(SECOND));
    let mut number = 0;
    for round in 1..6_u32 {
        let now = SECOND * (1 + round * 6);
        for _ in 0..18_000 {
            number += 1;
            let _ = pass(&limits, at(now).with_source(flooder(256, number)));
        }
        passed += passes(&limits, attacker(now));
    }
    let bound = 600 + 30 / 6;
    assert!(
        f64::from(passed) <= f64::from(bound) * 1.01,
        "{passed} of {bound}"
    );
    assert!(passed >= bound, "{passed} of {bound}");
}

#[test]
fn sources_that_anybody_makes_up_cannot_fill_the_table_of_callers() {
    let limits = Limits::builder().tables(1_024, 1_024);
    let limits = limits.limit(Limit::rate("sources", rate("60/m")).by(By::Source));
    let limits = limits
        .limit(Limit::rate("callers", rate("2/m")))
        .build()
        .unwrap();
    for number in 0..20_000 {
        let _ = pass(&limits, at(SECOND).with_source(flooder(4_096, number)));
    }
    let mut refused = 0;
    for number in 0..100 {
        let caller = caller("idp", &number.to_string());
        // The address of a caller of long standing still has a slot or an unused cell.
        let wanted = at(SECOND).with_source(v4(0x0a00_0000 + (number << 12)));
        let wanted = wanted.with_principal(&caller);
        let passed = passes(&limits, wanted);
        assert!(passed <= 2, "{passed}");
        refused += u32::from(passed < 2);
    }
    assert!(refused < 100, "every caller was refused");
}

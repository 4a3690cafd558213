//! The bound of shared rates, over random schedules.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::test_nodes::{Nodes, Report, Request, arrivals};
use super::test_store::Fault;
use super::{Rate, RateKey, RateStore};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The same requests, each with a call of its own.
fn one_call_each(rate: Rate, requests: &[Request]) -> u32 {
    let store = super::test_store::TestStore::new(Duration::ZERO);
    let mut now = Duration::ZERO;
    let mut passed = 0;
    for request in requests {
        store.advance(request.at - now);
        now = request.at;
        let key = RateKey::from_bytes([request.key; 16]);
        let taken = store.take(&key, rate, request.cost, request.cost);
        passed += taken.try_now().unwrap().unwrap().cells;
    }
    passed
}

fn lease(rate: Rate, nodes: u32) -> u32 {
    (rate.burst_cells() / (4 * nodes)).clamp(1, 20)
}

/// At most `burst + s / step + nodes x lease` in each span `s`. A request is counted when it is
/// answered, and its cells were paid up to `delay` before.
fn assert_bound(report: &Report, rate: Rate, nodes: u32, delay: Duration) {
    let step = rate.period().as_secs_f64() / f64::from(rate.quota());
    let bound = f64::from(rate.burst_cells() + nodes * lease(rate, nodes));
    let bound = bound + delay.as_secs_f64() / step + 1e-6;
    let excess = report.excess(rate);
    assert!(excess <= bound, "{excess} > {bound}");
}

#[test]
fn random_schedules_never_exceed_burst_and_refill_and_leases() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let request = (0_u64..40, 0_usize..5, 1_u8..3, 1_u32..12);
    let schedule = (
        1_u32..6,
        1_u32..200,
        1_u32..200,
        0_u64..50,
        prop::collection::vec(request, 1..300),
        prop::array::uniform4(0_usize..4),
    );
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&schedule, |(nodes, quota, burst, delay, steps, faults)| {
        let rate = Rate::per_second(quota).unwrap().burst(burst).unwrap();
        let mut at = Duration::ZERO;
        let requests = steps.iter().map(|(gap, node, key, cost)| {
            at += millis(gap / 4);
            let node = node % usize::try_from(nodes).unwrap();
            Request {
                at,
                node,
                key: *key,
                cost: *cost,
            }
        });
        let requests: Vec<_> = requests.collect();
        for key in [1, 2] {
            let of_key = requests.iter().filter(|request| request.key == key);
            let of_key: Vec<_> = of_key.copied().collect();
            let mut fleet = Nodes::new(rate, nodes, millis(delay));
            let report = fleet.run_with(&of_key, |index, store| {
                let fault = [
                    Fault::None,
                    Fault::LosesAnswer,
                    Fault::Hangs,
                    Fault::Refuses,
                ];
                store.set_fault(fault[faults[index / 30 % 4]]);
            });
            assert_bound(&report, rate, nodes, millis(delay));
        }
        Ok(())
    });
    result.unwrap();
}

/// 200 a second, over ten seconds, by as many requests as given.
fn four_nodes(per_second: u64, clocks: [Duration; 4]) -> (Nodes, Report, Vec<Request>) {
    let requests = arrivals(3, per_second, Duration::from_secs(10), 4);
    let rate = Rate::per_second(200).unwrap();
    let mut nodes = Nodes::new(rate, 4, millis(2)).with_clocks(&clocks);
    let report = nodes.run(&requests);
    assert_bound(&report, rate, 4, millis(2));
    (nodes, report, requests)
}

fn calls_each(nodes: &Nodes, requests: &[Request]) -> f64 {
    let [calls, requests] = [nodes.store.count(), requests.len() as u64].map(|n| n as f64);
    calls / requests
}

#[test]
fn four_nodes_at_four_times_the_load_let_as_much_pass_as_one_call_each() {
    let (nodes, report, requests) = four_nodes(800, [Duration::ZERO; 4]);
    let exact = one_call_each(Rate::per_second(200).unwrap(), &requests);
    let share = f64::from(report.cells()) / f64::from(exact);
    assert!((0.98..=1.005).contains(&share), "{share}");
    assert!(calls_each(&nodes, &requests) <= 0.35);
}

#[test]
fn a_load_near_the_limit_needs_a_third_of_the_calls() {
    let (nodes, report, requests) = four_nodes(190, [Duration::ZERO; 4]);
    let exact = one_call_each(Rate::per_second(200).unwrap(), &requests);
    assert!(calls_each(&nodes, &requests) <= 0.35);
    assert!(f64::from(report.cells()) >= 0.99 * f64::from(exact));
}

#[test]
fn clocks_of_nodes_that_differ_change_nothing() {
    let (_, same, _) = four_nodes(800, [Duration::ZERO; 4]);
    let day = Duration::from_secs(86_400);
    let clocks = [Duration::ZERO, Duration::from_secs(5), day, day * 2];
    let (_, differing, _) = four_nodes(800, clocks);
    assert_eq!(same.passed, differing.passed);
}

#[test]
fn a_clock_that_goes_back_or_ahead_by_a_day_neither_frees_nor_locks() {
    let rate = Rate::per_second(200).unwrap();
    let requests = arrivals(5, 800, Duration::from_secs(2), 2);
    let day = Duration::from_secs(86_400);
    let mut passed = Vec::new();
    for [before, after] in [[day, day], [day, Duration::ZERO], [Duration::ZERO, day]] {
        let mut nodes = Nodes::new(rate, 2, millis(2)).with_clocks(&[before, day]);
        let mut report = nodes.run(&requests);
        let begun = nodes.now;
        let mut nodes = nodes.with_clocks(&[after, day]);
        let more = nodes.run(&requests);
        let more = more.passed.iter().map(|(at, cells)| (*at + begun, *cells));
        report.passed.extend(more);
        assert_bound(&report, rate, 2, millis(2));
        passed.push(report.cells());
    }
    let [most, least] = [passed.iter().max(), passed.iter().min()].map(|count| *count.unwrap());
    assert!(most - least <= most / 100, "{passed:?}");
}

#[test]
fn one_busy_node_of_four_gets_the_whole_limit() {
    let rate = Rate::per_second(200).unwrap();
    let requests = arrivals(9, 190, Duration::from_secs(10), 1);
    let mut nodes = Nodes::new(rate, 4, millis(2));
    let report = nodes.run(&requests);
    let exact = one_call_each(rate, &requests);
    assert!(f64::from(report.cells()) >= 0.99 * f64::from(exact));
    assert!(calls_each(&nodes, &requests) <= 0.35);
}

//! Simulated nodes that share a rate through a store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::test_store::TestStore;
use super::{NowOrLater, Rate, RateKey, SharedAnswer, SharedRate};

/// A request to one node at a time since the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) at: Duration,
    pub(super) node: usize,
    pub(super) key: u8,
    pub(super) cost: u32,
}

/// What happened to the requests.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// When cells passed, and how many.
    pub(super) passed: Vec<(Duration, u32)>,
    pub(super) over: u32,
    pub(super) down: u32,
    /// The longest time that a request waited for its answer.
    pub(super) longest: Duration,
}

impl Report {
    pub(super) fn cells(&self) -> u32 {
        self.passed.iter().map(|(_, cells)| cells).sum()
    }

    /// Returns how many cells passed in the span that has most of them beyond `span / step`.
    pub(super) fn excess(&self, rate: Rate) -> f64 {
        let step = rate.period().as_secs_f64() / f64::from(rate.quota());
        let (mut sum, mut least, mut most) = (0.0, f64::MAX, f64::MIN);
        for (at, cells) in &self.passed {
            let refilled = at.as_secs_f64() / step;
            least = f64::min(least, sum - refilled);
            sum += f64::from(*cells);
            most = f64::max(most, sum - refilled - least);
        }
        most
    }
}

/// Nodes with clocks of their own and one store.
pub(super) struct Nodes {
    pub(super) store: TestStore,
    rates: Vec<SharedRate>,
    clocks: Vec<Duration>,
    pub(super) now: Duration,
}

impl Nodes {
    pub(super) fn new(rate: Rate, count: u32, delay: Duration) -> Self {
        let store = TestStore::new(delay);
        let node =
            |_| SharedRate::new("orders".into(), Arc::new(store.clone()), rate, count).unwrap();
        Self {
            rates: (0..count).map(node).collect(),
            clocks: vec![Duration::ZERO; usize::try_from(count).unwrap()],
            store,
            now: Duration::ZERO,
        }
    }

    /// Sets how far the clock of each node is ahead.
    pub(super) fn with_clocks(mut self, ahead: &[Duration]) -> Self {
        self.clocks.copy_from_slice(ahead);
        self
    }

    /// Sends requests, in the order of their times, which begin now.
    pub(super) fn run(&mut self, requests: &[Request]) -> Report {
        self.run_with(requests, |_, _| {})
    }

    /// The same; `before` is called with the index of each request before it is sent.
    pub(super) fn run_with(
        &mut self,
        requests: &[Request],
        mut before: impl FnMut(usize, &TestStore),
    ) -> Report {
        let begun = self.now;
        let mut now = begun;
        let mut report = Report::default();
        let mut waiting: Vec<(NowOrLater<'_, SharedAnswer>, Request)> = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            before(index, &self.store);
            let at = begun + request.at;
            while let Some(due) = self.store.next_due().filter(|due| now + *due <= at) {
                now += due;
                self.store.advance(due);
                poll(&mut waiting, now - begun, &mut report);
            }
            self.store.advance(at - now);
            now = at;
            let rate = &self.rates[request.node];
            let own_time = at + self.clocks[request.node];
            let answer = rate.take(key(request.key), request.cost, own_time);
            waiting.push((answer, *request));
            poll(&mut waiting, now - begun, &mut report);
        }
        while let Some(due) = self.store.next_due() {
            now += due;
            self.store.advance(due);
            poll(&mut waiting, now - begun, &mut report);
        }
        assert!(waiting.is_empty(), "{} requests wait", waiting.len());
        self.now = now;
        report
    }
}

pub(super) fn key(number: u8) -> RateKey {
    RateKey::from_bytes([number; 16])
}

/// Polls all that wait until none of them is answered any more.
fn poll(
    waiting: &mut Vec<(NowOrLater<'_, SharedAnswer>, Request)>,
    now: Duration,
    report: &mut Report,
) {
    loop {
        let before = waiting.len();
        waiting.retain_mut(|(answer, request)| {
            let mut cx = Context::from_waker(Waker::noop());
            let Poll::Ready(answer) = Pin::new(answer).poll(&mut cx) else {
                return true;
            };
            report.longest = report.longest.max(now - request.at);
            match answer {
                SharedAnswer::Pass { .. } => report.passed.push((now, request.cost)),
                SharedAnswer::Over { .. } => report.over += 1,
                SharedAnswer::Down => report.down += 1,
            }
            false
        });
        if waiting.len() == before {
            return;
        }
    }
}

/// Random numbers from a fixed seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Returns requests at random times, so many a second on average over all nodes.
pub(super) fn arrivals(seed: u64, per_second: u64, length: Duration, nodes: usize) -> Vec<Request> {
    let mut random = Random::new(seed);
    let length = u64::try_from(length.as_micros()).unwrap();
    let count = per_second * length / 1_000_000;
    let mut requests: Vec<_> = (0..count)
        .map(|_| Request {
            at: Duration::from_micros(random.below(length)),
            node: usize::try_from(random.below(1_000)).unwrap() % nodes,
            key: 1,
            cost: 1,
        })
        .collect();
    requests.sort_by_key(|request| request.at);
    requests
}

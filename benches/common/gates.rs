//! Gates to measure: one that enforces nothing, and one with everything.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bearergate::Gate;
use bearergate::address::{AddressList, AddressRules, Proxies};
use bearergate::audit::{Audit, AuditSink, Batch, Encoding};
use bearergate::clock::{Clock, UnixTime};
use bearergate::crypto::Provider;
use bearergate::limit::{By, Limit, Limits, LockOut, Rate};
use bearergate::request::PeerAddress;

use super::common;

/// The time of the sample, and elapsed time that passes: limits refill while a bench runs.
#[derive(Debug)]
struct RunningClock(Instant);

impl Clock for RunningClock {
    fn now(&self) -> Option<UnixTime> {
        Some(common::NOW)
    }

    fn elapsed(&self) -> Option<Duration> {
        Some(self.0.elapsed())
    }
}

fn clock() -> Arc<RunningClock> {
    Arc::new(RunningClock(Instant::now()))
}

/// A sink that costs nothing, so that the thread of the request is what is measured.
#[derive(Debug)]
struct NoSink;

impl AuditSink for NoSink {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Returns a gate that validates the sample and enforces nothing.
pub(crate) fn plain(sample: &common::Sample) -> Gate {
    let gate = Gate::builder().validator(sample.validator(Provider::ring()));
    let gate = gate.clock(clock()).allow_any_authenticated();
    gate.build().expect("a gate")
}

/// Returns a gate that validates the sample, with address lists, lock-out, two limits and an audit
/// trail.
pub(crate) fn full(sample: &common::Sample) -> Gate {
    let rate = Rate::per_second(1_000_000).expect("a rate");
    let limits = Limits::builder()
        .limit(Limit::rate("sources", rate).by(By::Source))
        .limit(Limit::rate("callers", rate));
    let list = AddressList::from_networks(["203.0.113.0/24", "198.51.100.0/24"]).expect("a list");
    let rules = AddressRules::builder().deny(list).build().expect("rules");
    let clock = clock();
    let audit = Audit::builder()
        .clock(clock.clone())
        .sink(NoSink, Encoding::Native);
    Gate::builder()
        .validator(sample.validator(Provider::ring()))
        .clock(clock)
        .proxies(Proxies::none())
        .addresses(rules)
        .lock_out(LockOut::default())
        .limits(limits.build().expect("limits"))
        .audit(audit.start().expect("a trail"))
        .allow_any_authenticated()
        .build()
        .expect("a gate")
}

/// Returns a request that presents the sample.
pub(crate) fn request(sample: &common::Sample) -> http::Request<()> {
    let peer = PeerAddress(([192, 0, 2, 7], 4711).into());
    http::Request::get("/orders/7")
        .header("authorization", format!("Bearer {}", sample.token))
        .header("user-agent", "bench/1")
        .extension(peer)
        .body(())
        .expect("a request")
}

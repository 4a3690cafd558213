//! Sinks that requests depend on: without room or without a write there is no answer but 503.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use bearergate::audit::{Audit, AuditSink, Batch, Encoding};
use bearergate::limit::{By, Limit, Limits, LockOut, Rate};
use bearergate::{Gate, RejectionKind};

use crate::helpers::{MemorySink, Service, check, kind, request};

/// A sink that hangs until it is opened.
#[derive(Clone, Debug, Default)]
struct Gateway(Arc<(Mutex<bool>, Condvar)>);

impl Gateway {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl AuditSink for Gateway {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        let mut is_open = self.0.0.lock().unwrap();
        while !*is_open {
            is_open = self.0.1.wait(is_open).unwrap();
        }
        Ok(())
    }
}

/// A sink that fails while it is told to.
#[derive(Clone, Debug, Default)]
struct Failing(Arc<AtomicBool>);

impl AuditSink for Failing {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(io::Error::other("no space is left")),
            false => Ok(()),
        }
    }
}

fn gate(service: &Service, audit: Audit) -> Gate {
    let rate = Rate::per_minute(100_000).unwrap();
    let limits = Limits::builder().limit(Limit::rate("sources", rate).by(By::Source));
    let gate = service.gate().audit(audit).limits(limits.build().unwrap());
    gate.lock_out(LockOut::default())
        .allow_any_authenticated()
        .build()
        .unwrap()
}

#[test]
fn without_room_in_a_required_sink_a_request_is_unavailable_and_costs_nothing() {
    let service = Service::new();
    let sink = Gateway::default();
    let audit = Audit::builder()
        .clock(service.clock.clone())
        .ring(64 * 1024)
        .required(sink.clone(), Encoding::Native)
        // That another sink has room does not help.
        .sink(MemorySink::default(), Encoding::Native);
    let audit = audit.start().unwrap();
    let gate = gate(&service, audit);
    let mut admitted = 0_u32;
    while kind(&gate, "good-a", "192.0.2.7").is_none() {
        admitted += 1;
        assert!(admitted < 10_000, "the buffer never fills");
    }
    let calls = service.tokens.calls();
    for _ in 0..20 {
        let refusal = check(&gate, "forged-a", "192.0.2.7").unwrap_err();
        assert_eq!(refusal.kind(), RejectionKind::Unavailable);
        assert!(refusal.headers().contains_key("retry-after"));
    }
    assert_eq!(service.tokens.calls(), calls, "nothing was validated");
    sink.open();
}

#[tokio::test]
async fn an_answer_waits_until_its_record_is_written() {
    let service = Service::new();
    let sink = Failing::default();
    let audit = Audit::builder().clock(service.clock.clone());
    let audit = audit
        .before_answer(sink.clone(), Encoding::Native)
        .start()
        .unwrap();
    let gate = gate(&service, audit.clone());
    let good = request(Some("good-a"), "192.0.2.7");
    // Nothing happens before the answer is polled.
    assert!(gate.try_check_now(&good).is_none());
    drop(gate.check(&good));
    assert_eq!(service.tokens.calls(), 0);
    let admitted = gate.check(&good).await.unwrap();
    let left = |charges: &bearergate::limit::Charges| charges.standings().next().unwrap().left();
    assert_eq!(left(admitted.charges()), 99_999);
    sink.0.store(true, Ordering::SeqCst);
    let refusal = gate.check(&good).await.unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::Unavailable);
    sink.0.store(false, Ordering::SeqCst);
    // The charge of the request without a record was given back.
    audit.flush().await.unwrap();
    let admitted = gate.check(&good).await.unwrap();
    assert_eq!(left(admitted.charges()), 99_998);
}

#[tokio::test]
async fn an_answer_without_a_record_is_counted_as_the_outage_that_it_is() {
    let service = Service::new();
    let sink = Failing::default();
    let audit = Audit::builder().clock(service.clock.clone());
    let audit = audit
        .before_answer(sink.clone(), Encoding::Native)
        .start()
        .unwrap();
    let gate = gate(&service, audit);
    let counted = |outcome: &str| {
        let text = gate.metrics().prometheus();
        let name = format!("bearergate_requests_total{{outcome=\"{outcome}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&*name));
        line.unwrap().parse::<u64>().unwrap()
    };
    let outcomes = || ["allowed", "rejected", "unavailable"].map(counted);
    let forged = request(Some("forged-a"), "192.0.2.7");
    let anonymous = request(None, "192.0.2.7");
    assert!(gate.check(&forged).await.is_err());
    assert!(gate.authenticate_optional(&anonymous).await.is_ok());
    assert_eq!(outcomes(), [1, 1, 0]);
    sink.0.store(true, Ordering::SeqCst);
    let refusal = gate.check(&forged).await.unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::Unavailable);
    assert!(gate.authenticate_optional(&anonymous).await.is_err());
    assert_eq!(outcomes(), [1, 1, 2]);
}

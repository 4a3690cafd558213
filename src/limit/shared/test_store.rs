//! A store of shared rates in this process, with a clock of its own, delays and faults.
//!
//! The folder `tests/shared_limits` uses this file too.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use super::{NowOrLater, Rate, RateKey, RateStore, StoreError, StoreErrorKind, Taken};

/// The deadline of its calls, as the contract has it.
pub(super) const DEADLINE: Duration = Duration::from_millis(50);

/// What happens to the calls of a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    None,
    /// The call is carried out, and its answer is lost.
    LosesAnswer,
    /// The call is not carried out, and fails at the deadline.
    Hangs,
    /// The call fails at once.
    Refuses,
    /// The call is carried out, and its answer says that more was taken than was wanted, that
    /// nothing was taken and there is no wait, or the like.
    Lies(Taken),
}

/// A store whose time passes only by [`advance`](Self::advance).
#[derive(Clone, Debug)]
pub(super) struct TestStore(Arc<Mutex<World>>);

#[derive(Debug)]
struct World {
    now: Duration,
    delay: Duration,
    fault: Fault,
    tats: HashMap<RateKey, Duration>,
    calls: Vec<Call>,
    next: u64,
    count: u64,
}

#[derive(Debug)]
struct Call {
    id: u64,
    arrives: Duration,
    answers: Duration,
    request: (RateKey, Rate, u32, u32),
    fault: Fault,
    result: Option<Result<Taken, StoreError>>,
}

impl TestStore {
    /// Creates a store whose calls take so long; without a delay they are answered at once.
    pub(super) fn new(delay: Duration) -> Self {
        Self(Arc::new(Mutex::new(World {
            // Far from the clocks of the nodes.
            now: Duration::from_secs(40 * 365 * 86_400),
            delay,
            fault: Fault::None,
            tats: HashMap::new(),
            calls: Vec::new(),
            next: 0,
            count: 0,
        })))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut world = self.world();
        world.now += by;
        world.carry_out();
    }

    pub(super) fn set_fault(&self, fault: Fault) {
        self.world().fault = fault;
    }

    /// Forgets all buckets.
    pub(super) fn restart(&self) {
        self.world().tats.clear();
    }

    /// Returns how many calls were made.
    pub(super) fn count(&self) -> u64 {
        self.world().count
    }

    /// Returns the time until something happens to a call.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let world = self.world();
        let due = world.calls.iter().map(|call| match call.result {
            Some(_) => call.answers,
            None => call.arrives,
        });
        let due = due.filter(|due| *due > world.now).min();
        due.map(|due| due - world.now)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl RateStore for TestStore {
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>> {
        let request = (*key, rate, want, least);
        if self.world().delay.is_zero() {
            return NowOrLater::now(self.world().answer_now(request));
        }
        NowOrLater::later(async move {
            let id = self.world().begin(request);
            poll_fn(|_| match self.world().end(id) {
                Some(result) => Poll::Ready(result),
                None => Poll::Pending,
            })
            .await
        })
    }
}

impl World {
    fn answer_now(&mut self, request: (RateKey, Rate, u32, u32)) -> Result<Taken, StoreError> {
        self.count += 1;
        let fault = self.fault;
        match fault {
            Fault::Hangs | Fault::Refuses => Err(StoreErrorKind::Unavailable.into()),
            Fault::None | Fault::LosesAnswer | Fault::Lies(_) => self.carry(request, fault),
        }
    }

    fn begin(&mut self, request: (RateKey, Rate, u32, u32)) -> u64 {
        let id = self.next;
        self.next += 1;
        self.count += 1;
        let (now, delay) = (self.now, self.delay);
        let (arrives, answers) = match self.fault {
            Fault::Refuses => (now, now),
            Fault::Hangs | Fault::LosesAnswer => (now + delay / 2, now + DEADLINE),
            Fault::None | Fault::Lies(_) => (now + delay / 2, now + delay),
        };
        self.calls.push(Call {
            id,
            arrives,
            answers,
            request,
            fault: self.fault,
            result: None,
        });
        self.carry_out();
        id
    }

    fn end(&mut self, id: u64) -> Option<Result<Taken, StoreError>> {
        let now = self.now;
        let is_it = |call: &Call| call.id == id && call.answers <= now && call.result.is_some();
        let index = self.calls.iter().position(is_it)?;
        self.calls.remove(index).result
    }

    /// Carries out the calls that have arrived, in their order.
    fn carry_out(&mut self) {
        let mut calls = std::mem::take(&mut self.calls);
        calls.sort_by_key(|call| call.arrives);
        for call in &mut calls {
            if call.result.is_none() && call.arrives <= self.now {
                call.result = Some(self.carry(call.request, call.fault));
            }
        }
        self.calls = calls;
    }

    fn carry(
        &mut self,
        (key, rate, want, least): (RateKey, Rate, u32, u32),
        fault: Fault,
    ) -> Result<Taken, StoreError> {
        if matches!(fault, Fault::Hangs | Fault::Refuses) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        let step = nanos(rate.period()).div_ceil(u64::from(rate.quota()));
        let step = Duration::from_nanos(step);
        let span = step * rate.burst_cells();
        let tat = self.tats.entry(key).or_default();
        *tat = (*tat).clamp(self.now, self.now + span);
        let free = nanos(span - (*tat - self.now)) / nanos(step);
        let free = u32::try_from(free).unwrap();
        let cells = if free < least { 0 } else { want.min(free) };
        let wait = match cells {
            0 => (*tat + step * least).saturating_sub(self.now + span),
            _ => Duration::ZERO,
        };
        *tat += step * cells;
        match fault {
            Fault::Lies(taken) => Ok(taken),
            Fault::LosesAnswer => Err(StoreErrorKind::Unavailable.into()),
            _ => Ok(Taken::new(cells, wait, free - cells)),
        }
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap()
}

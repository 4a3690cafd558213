//! Futures that wait until a sink has written something.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::answers::Settled;
use super::audit_error::{AuditError, AuditErrorKind};
use super::ring::Ring;
use crate::now_or_later::NowOrLater;

/// Wakes the thread that looks after deadlines.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    state: Mutex<AlarmState>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct AlarmState {
    is_set: bool,
    is_closed: bool,
}

impl Alarm {
    /// Says that there is a new deadline.
    pub(super) fn set(&self) {
        self.lock().is_set = true;
        self.changed.notify_all();
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until the alarm is set or this time has passed; false once it is closed.
    pub(super) fn wait(&self, within: Option<Duration>) -> bool {
        let is_quiet = |state: &mut AlarmState| !state.is_set && !state.is_closed;
        let state = self.lock();
        let mut state = match within {
            Some(within) => {
                let waited = self.changed.wait_timeout_while(state, within, is_quiet);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait_while(state, is_quiet);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        state.is_set = false;
        !state.is_closed
    }

    fn lock(&self) -> MutexGuard<'_, AlarmState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a record or marker in a ring, which can be waited for.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) ring: Arc<Ring>,
    pub(super) alarm: Arc<Alarm>,
    pub(super) sink: Arc<str>,
    pub(super) number: u64,
    pub(super) deadline: Instant,
}

impl Ticket {
    /// Resolves when the sink has written and synced it, or at the deadline.
    pub(super) fn wait(self) -> NowOrLater<'static, Result<(), AuditError>> {
        NowOrLater::later(self)
    }
}

impl Future for Ticket {
    type Output = Result<(), AuditError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let fail = |kind| Poll::Ready(Err(AuditError::new(kind, Arc::clone(&self.sink))));
        match self
            .ring
            .poll_settled(self.number, self.deadline, cx.waker())
        {
            Settled::Yes => Poll::Ready(Ok(())),
            Settled::Never => fail(AuditErrorKind::Closed),
            Settled::Late { is_broken: true } => fail(AuditErrorKind::Failing),
            Settled::Late { is_broken: false } => fail(AuditErrorKind::Late),
            Settled::NotYet => {
                self.alarm.set();
                Poll::Pending
            }
        }
    }
}

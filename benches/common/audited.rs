//! A request that is recorded in the audit trail.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use bearergate::audit::{AuditEvent, AuditSink, Batch, What};
use bearergate::policy::Decision;
use bearergate::principal::{Principal, PrincipalKind};
use bearergate::{NowOrLater, RejectionKind};

/// What the events borrow.
pub(crate) struct Audited {
    caller: Principal,
    allowed: Decision,
    denied: Decision,
}

impl Audited {
    pub(crate) fn new() -> Self {
        let caller = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
        Self {
            caller: caller.subject("user-0123456789").client("shop").build(),
            allowed: Decision::allow().because("readers"),
            denied: Decision::deny().because("readers"),
        }
    }

    /// An allowed request of a verified caller.
    pub(crate) fn allow(&self) -> AuditEvent<'_> {
        self.of(&self.allowed).with_status(200)
    }

    /// A request of a verified caller that the policy denied.
    #[allow(dead_code, reason = "not every bench measures it")]
    pub(crate) fn refusal(&self) -> AuditEvent<'_> {
        let event = self.of(&self.denied).with_status(403);
        event.with_kind(RejectionKind::AccessDenied)
    }

    fn of<'a>(&'a self, decision: &'a Decision) -> AuditEvent<'a> {
        AuditEvent::new(What::Decision, 1_760_000_000_000)
            .with_principal(&self.caller)
            .with_decision(decision)
            .with_method("GET")
            .with_path("/orders/0123456789?page=2")
            .with_route("/orders/{id}")
            .with_action("orders:read")
            .with_user_agent(
                b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            )
            .with_limits(&[("default", "pass"), ("reads", "pass")])
    }
}

/// Takes every line and keeps none.
#[derive(Debug)]
#[allow(dead_code, reason = "not every bench writes")]
pub(crate) struct Discards;

impl AuditSink for Discards {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Takes nothing, so that the thread of the sink does no work.
#[derive(Debug)]
#[allow(dead_code, reason = "not every bench counts instructions")]
pub(crate) struct Hangs;

impl AuditSink for Hangs {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        loop {
            thread::park();
        }
    }
}

/// Waits on this thread for a value.
#[allow(dead_code, reason = "not every bench waits")]
pub(crate) fn finish<T: Send>(value: NowOrLater<'_, T>) -> T {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut value = pin!(value);
    loop {
        match value.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

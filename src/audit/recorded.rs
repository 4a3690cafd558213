//! What becomes of a record after it was given to the trail.

use std::fmt;
use std::sync::Arc;

use super::waiting::Ticket;
use crate::error::kinds;
use crate::now_or_later::NowOrLater;

/// The answer of [`Audit::record`](super::Audit::record).
#[derive(Debug)]
#[must_use = "a `required` or `before_answer` sink may not have the record: see `written`"]
pub struct Recorded {
    id: u128,
    is_lost: bool,
    outcome: Outcome,
}

/// What the sinks that have a say answer.
#[derive(Debug)]
enum Outcome {
    Ready(Result<(), AuditError>),
    /// Of the `before_answer` sinks: each has to have written it.
    Waits(Vec<Ticket>),
    /// The only one, which costs no allocation.
    Waits1(Ticket),
}

impl Recorded {
    pub(super) const fn ready(id: u128, is_lost: bool, answer: Result<(), AuditError>) -> Self {
        Self {
            id,
            is_lost,
            outcome: Outcome::Ready(answer),
        }
    }

    pub(super) fn waiting(id: u128, is_lost: bool, first: Ticket, others: Vec<Ticket>) -> Self {
        let outcome = if others.is_empty() {
            Outcome::Waits1(first)
        } else {
            Outcome::Waits(std::iter::once(first).chain(others).collect())
        };
        Self {
            id,
            is_lost,
            outcome,
        }
    }

    /// Returns the id of the record, also of one that was lost.
    pub const fn id(&self) -> u128 {
        self.id
    }

    /// Returns whether a sink had no room for it: the record is counted there, and a
    /// [`Gap`](super::What::Gap) says so later.
    pub const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Resolves when each sink of
    /// [`before_answer`](super::AuditBuilder::before_answer) has written and synced the record. It
    /// is ready at once if there is no such sink.
    ///
    /// # Errors
    ///
    /// [`Full`](AuditErrorKind::Full) if a required sink had no room, [`Late`](AuditErrorKind::Late)
    /// if it is not written within one second, and [`Closed`](AuditErrorKind::Closed) if the trail
    /// was closed. The request must not be answered with a success then.
    pub fn written(self) -> NowOrLater<'static, Result<(), AuditError>> {
        match self.outcome {
            Outcome::Ready(answer) => NowOrLater::now(answer),
            Outcome::Waits1(ticket) => ticket.wait(),
            Outcome::Waits(tickets) => NowOrLater::later(async move {
                for ticket in tickets {
                    ticket.wait().await?;
                }
                Ok(())
            }),
        }
    }
}

kinds! {
    /// Why a record is not in the audit trail, as a stable code.
    pub enum AuditErrorKind {
        Full = "audit_full", "the buffer of a required audit sink is full";
        Late = "audit_late", "an audit sink has not written the record in time";
        Failing = "audit_failing", "an audit sink cannot be written to";
        Closed = "audit_closed", "the audit trail is closed";
    }
}

/// A record is not in the audit trail, or not yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditError {
    kind: AuditErrorKind,
    sink: Arc<str>,
}

impl AuditError {
    pub(super) const fn new(kind: AuditErrorKind, sink: Arc<str>) -> Self {
        Self { kind, sink }
    }

    /// Returns why.
    pub const fn kind(&self) -> AuditErrorKind {
        self.kind
    }

    /// Returns the name of the sink; if several fail, of the first one in the order of the builder.
    pub fn sink(&self) -> &str {
        &self.sink
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sink `{}`)", self.kind, self.sink)
    }
}

impl std::error::Error for AuditError {}

//! What becomes of a record after it was given to the trail.

use super::audit_error::AuditError;
use super::waiting::Ticket;
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
    /// [`Full`](super::AuditErrorKind::Full) if a required sink had no room, [`Late`](super::AuditErrorKind::Late)
    /// if it is not written within one second, and [`Closed`](super::AuditErrorKind::Closed) if the trail
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

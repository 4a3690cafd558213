//! Breaches of a store's contract, and the checks that find them.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::now_or_later::NowOrLater;

/// A store broke a rule of its trait's contract; `Display` shows the [rule](Self::rule) and what
/// the store answered.
#[derive(Clone, thiserror::Error)]
#[error("broken: {rule}{}", Answered(source.as_ref()))]
pub struct Breach {
    rule: &'static str,
    source: Option<StoreError>,
}

impl Breach {
    pub(super) const fn new(rule: &'static str) -> Self {
        Self { rule, source: None }
    }

    /// Returns the rule that the store broke, as a sentence in English. It is text for people, and
    /// not stable between versions; `source` is the error that the store answered with, if any.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Debug for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The end of a breach's text: the error that the store answered with, if there is one.
struct Answered<'a>(Option<&'a StoreError>);

impl fmt::Display for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(error) => write!(f, "; the store answered: {error:?}"),
            None => Ok(()),
        }
    }
}

/// Returns a breach of the rule unless the condition holds.
pub(super) fn ensure(holds: bool, rule: &'static str) -> Result<(), Breach> {
    match holds {
        true => Ok(()),
        false => Err(Breach::new(rule)),
    }
}

/// Returns the value of a call that must succeed.
pub(super) fn good<T>(answer: Result<T, StoreError>, rule: &'static str) -> Result<T, Breach> {
    let breach = |source| Breach {
        rule,
        source: Some(source),
    };
    answer.map_err(breach)
}

/// Checks that a call failed with a conflict.
pub(super) fn conflict<T>(answer: Result<T, StoreError>, rule: &'static str) -> Result<(), Breach> {
    match answer {
        Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(()),
        Err(error) => good(Err(error), rule),
        Ok(_) => Err(Breach::new(rule)),
    }
}

/// Awaits all answers at once, so that the calls run in the store at the same time.
pub(super) async fn together<T: Unpin>(mut answers: Vec<NowOrLater<'_, T>>) -> Vec<T> {
    let mut taken: Vec<Option<T>> = answers.iter().map(|_| None).collect();
    poll_fn(move |cx| {
        for (answer, slot) in answers.iter_mut().zip(&mut taken) {
            if slot.is_none()
                && let Poll::Ready(value) = Pin::new(answer).poll(cx)
            {
                *slot = Some(value);
            }
        }
        match taken.iter().all(Option::is_some) {
            true => Poll::Ready(taken.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    })
    .await
}

/// Returns how many calls succeeded; all others must be conflicts.
pub(super) fn winners<T>(
    answers: Vec<Result<T, StoreError>>,
    rule: &'static str,
) -> Result<usize, Breach> {
    let mut winners = 0;
    for answer in answers {
        match answer {
            Ok(_) => winners += 1,
            lost => conflict(lost, rule)?,
        }
    }
    Ok(winners)
}

/// The time at which a suite begins.
pub(super) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Returns the time this many seconds later.
pub(super) const fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs().saturating_add(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breach_shows_the_rule_and_the_answer() {
        let breach = good::<()>(Err(StoreErrorKind::Full.into()), "one more fits").unwrap_err();
        let text = breach.to_string();
        assert!(
            text.contains("one more fits") && text.contains("Full"),
            "{text}"
        );
        assert!(conflict(Ok(()), "one winner").is_err());
        assert!(conflict::<()>(Err(StoreErrorKind::Conflict.into()), "one winner").is_ok());
        assert_eq!(ensure(false, "a rule").unwrap_err().rule(), "a rule");
    }
}

//! What every store must do, whoever wrote it.

mod api_key;
mod grant_records;
mod grant_store;
mod refresh;
mod revocation;
mod session;

use std::fmt;
use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::api_key::ApiKeyStore;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::error::StoreErrorKind;
use crate::now_or_later::NowOrLater;
use crate::refresh::RefreshTokenStore;
use crate::revocation::RevocationStore;
use crate::session::SessionStore;

/// Judges an [`ApiKeyStore`] that is empty and that nobody else uses; returns `Ok(())` only if it
/// did all that the trait asks for.
///
/// Run it in the runtime that the store needs, if any.
///
/// # Errors
///
/// Returns the first [`Breach`].
pub async fn api_key_store(store: &dyn ApiKeyStore) -> Result<(), Breach> {
    api_key::judge(store).await
}

/// Checks a [`SessionStore`], as [`api_key_store`] does a store of API keys.
///
/// # Errors
///
/// Returns the first [`Breach`].
pub async fn session_store(store: &dyn SessionStore) -> Result<(), Breach> {
    session::check(store).await
}

/// Checks a [`RefreshTokenStore`], as [`api_key_store`] does a store of API keys.
///
/// # Errors
///
/// Returns the first [`Breach`].
pub async fn refresh_token_store(store: &dyn RefreshTokenStore) -> Result<(), Breach> {
    refresh::check(store).await
}

/// Checks a [`RevocationStore`], as [`api_key_store`] does a store of API keys.
///
/// # Errors
///
/// Returns the first [`Breach`].
pub async fn revocation_store(store: &dyn RevocationStore) -> Result<(), Breach> {
    revocation::check(store).await
}

/// Checks what sessions and refresh tokens have in common in a store that keeps both: one
/// revocation ends them together.
///
/// Run [`session_store`] and [`refresh_token_store`] too, each on a new store.
///
/// ```
/// use std::pin::pin;
/// use std::task::Context;
/// use std::task::Waker;
///
/// use bearergate::testing;
/// use bearergate::stores::MemoryGrantStore;
///
/// // A store in memory answers at once; others need a runtime, or a thread that waits.
/// let store = MemoryGrantStore::new(10_000);
/// let verdict = pin!(testing::grant_store(&store));
/// assert!(verdict.poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
///
/// # Errors
///
/// Returns the first [`Breach`].
pub async fn grant_store<S>(store: &S) -> Result<(), Breach>
where
    S: SessionStore + RefreshTokenStore,
{
    grant_store::check(store).await
}

/// A store did not do what its trait asks for.
///
/// `Display` says what.
#[derive(Clone, thiserror::Error)]
#[error("broken: {rule}{}", Answered(source.as_ref()))]
pub struct Breach {
    rule: &'static str,
    source: Option<StoreError>,
}

impl Breach {
    const fn new(rule: &'static str) -> Self {
        Self { rule, source: None }
    }

    /// Returns the rule that the store broke.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Debug for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The end of a breach's text: what the store answered, if it is an error.
struct Answered<'a>(Option<&'a StoreError>);

impl fmt::Display for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(error) => write!(f, "; the store answered: {error:?}"),
            None => Ok(()),
        }
    }
}

/// Breaks the rule unless it holds.
fn ensure(holds: bool, rule: &'static str) -> Result<(), Breach> {
    match holds {
        true => Ok(()),
        false => Err(Breach::new(rule)),
    }
}

/// Takes the value of a call that must succeed.
fn good<T>(answer: Result<T, StoreError>, rule: &'static str) -> Result<T, Breach> {
    let breach = |source| Breach {
        rule,
        source: Some(source),
    };
    answer.map_err(breach)
}

/// Takes the refusal of a call that must meet a conflict.
fn conflict<T>(answer: Result<T, StoreError>, rule: &'static str) -> Result<(), Breach> {
    match answer {
        Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(()),
        Err(error) => good(Err(error), rule),
        Ok(_) => Err(Breach::new(rule)),
    }
}

/// Waits for all answers at once, so that the calls can meet in the store.
async fn together<T: Unpin>(mut answers: Vec<NowOrLater<'_, T>>) -> Vec<T> {
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

/// How many answers succeeded; the others must be conflicts.
fn winners<T>(answers: Vec<Result<T, StoreError>>, rule: &'static str) -> Result<usize, Breach> {
    let mut winners = 0;
    for answer in answers {
        match answer {
            Ok(_) => winners += 1,
            lost => conflict(lost, rule)?,
        }
    }
    Ok(winners)
}

/// The time at which the suite begins.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// Some seconds after it.
const fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs().saturating_add(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_says_what_was_broken_and_what_the_store_answered() {
        let breach = good::<()>(Err(StoreErrorKind::Full.into()), "room for one").unwrap_err();
        let text = breach.to_string();
        assert!(
            text.contains("room for one") && text.contains("Full"),
            "{text}"
        );
        assert!(conflict(Ok(()), "one winner").is_err());
        assert!(conflict::<()>(Err(StoreErrorKind::Conflict.into()), "one winner").is_ok());
        assert_eq!(ensure(false, "a rule").unwrap_err().rule(), "a rule");
    }
}

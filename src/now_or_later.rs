//! An answer that is ready, or a future of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

/// A value that is there now, or a boxed future that brings it later.
///
/// The seams that may have to wait return this: a ready answer costs no allocation and needs no
/// executor. It has no side effect before it is first polled.
///
/// ```
/// use bearergate::NowOrLater;
///
/// let ready = NowOrLater::now(2).map(|n| n + 1);
/// assert_eq!(ready.try_now().ok(), Some(3));
///
/// let waiting = NowOrLater::later(async { 2 });
/// assert!(waiting.try_now().is_err());
/// ```
///
/// # Panics
///
/// Like [`std::future::Ready`], it panics when polled again after it has given its value.
#[must_use = "nothing happens until the answer is taken or awaited"]
pub struct NowOrLater<'a, T>(State<'a, T>);

enum State<'a, T> {
    Now(Option<T>),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T: Send + 'a> NowOrLater<'a, T> {
    /// Makes an answer that is ready.
    pub fn now(value: T) -> Self {
        Self(State::Now(Some(value)))
    }

    /// Makes an answer that has to be waited for.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(State::Later(Box::pin(future)))
    }

    /// Returns the value if it is ready, else gives the answer back unpolled.
    ///
    /// # Errors
    ///
    /// Returns itself when the value has to be waited for.
    pub fn try_now(self) -> Result<T, Self> {
        match self.0 {
            State::Now(Some(value)) => Ok(value),
            state => Err(Self(state)),
        }
    }

    /// Applies `f` to the value, now or when it comes.
    pub fn map<U, F>(self, f: F) -> NowOrLater<'a, U>
    where
        U: Send + 'a,
        F: FnOnce(T) -> U + Send + 'a,
    {
        match self.try_now() {
            Ok(value) => NowOrLater::now(f(value)),
            Err(later) => NowOrLater::later(async move { f(later.await) }),
        }
    }

    /// Goes on with `f`, which may have to wait itself.
    pub fn then<U, F>(self, f: F) -> NowOrLater<'a, U>
    where
        U: Send + 'a,
        F: FnOnce(T) -> NowOrLater<'a, U> + Send + 'a,
    {
        match self.try_now() {
            Ok(value) => f(value),
            Err(later) => NowOrLater::later(async move { f(later.await).await }),
        }
    }
}

// The value is never pinned: it is moved out of its `Option` whole.
impl<T> Unpin for NowOrLater<'_, T> {}

impl<T> Future for NowOrLater<'_, T> {
    type Output = T;

    #[expect(
        clippy::expect_used,
        reason = "the contract of `Future`: not to be polled after completion"
    )]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            State::Now(value) => Poll::Ready(value.take().expect("polled after completion")),
            State::Later(future) => future.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for NowOrLater<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Now(_) => "NowOrLater::Now",
            State::Later(_) => "NowOrLater::Later",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomPinned;
    use std::task::Waker;

    use super::*;

    fn poll<T>(mut answer: NowOrLater<'_, T>) -> Poll<T> {
        Pin::new(&mut answer).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn ready_value_is_taken_without_polling() {
        assert_eq!(NowOrLater::now(7).try_now().unwrap(), 7);
    }

    #[test]
    fn waiting_answer_is_given_back_unpolled() {
        let mut polled = false;
        let later = NowOrLater::later(async {
            polled = true;
        });
        assert!(later.try_now().is_err());
        assert!(!polled);
    }

    #[test]
    fn waiting_answer_gives_its_value_when_polled() {
        assert_eq!(poll(NowOrLater::later(async { 7 })), Poll::Ready(7));
        assert_eq!(poll(NowOrLater::now(7)), Poll::Ready(7));
    }

    #[test]
    fn map_and_then_keep_ready_answers_ready() {
        let answer = NowOrLater::now(1)
            .map(|n| n + 1)
            .then(|n| NowOrLater::now(n * 2));
        assert_eq!(answer.try_now().unwrap(), 4);
    }

    #[test]
    fn map_and_then_reach_the_value_of_a_waiting_answer() {
        let answer = NowOrLater::later(async { 1 })
            .map(|n| n + 1)
            .then(|n| NowOrLater::later(async move { n * 2 }));
        assert_eq!(poll(answer), Poll::Ready(4));
    }

    #[test]
    fn is_unpin_for_a_value_that_is_not() {
        fn unpin<T: Unpin>() {}
        unpin::<NowOrLater<'_, PhantomPinned>>();
    }

    #[test]
    fn debug_does_not_show_the_value() {
        assert_eq!(
            format!("{:?}", NowOrLater::now("s3cret")),
            "NowOrLater::Now"
        );
    }
}

//! A value that is ready, or a future that resolves to it.
//!
//! Code that asks something which may have to wait is written once with the combinators here:
//! [`NowOrLater::map`], [`then`](NowOrLater::then) and [`and_then`](NowOrLater::and_then) where
//! the answer borrows nothing from the asking function, [`ask!`](ask) where it does, [`all_ok`]
//! and [`first_some`] for several questions in order. All of them keep two promises: nothing is
//! allocated or polled while the answers are ready, and what has answered is not asked again.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A value that is ready, or a boxed future that resolves to it.
///
/// Every interface of this crate that may have to wait returns it: a ready value costs no
/// allocation and needs no executor. A value that is not ready has no side effect before it is
/// first polled, so it can be dropped and asked for again.
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
/// Like [`std::future::Ready`], it panics when it is polled again after it has returned its value.
#[must_use = "nothing happens until the value is taken or awaited"]
pub struct NowOrLater<'a, T>(State<'a, T>);

enum State<'a, T> {
    Now(Option<T>),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T: Send + 'a> NowOrLater<'a, T> {
    /// Wraps a value that is ready. Nothing is allocated, and [`try_now`](Self::try_now) returns
    /// the value.
    pub fn now(value: T) -> Self {
        Self(State::Now(Some(value)))
    }

    /// Boxes a future that has to be waited for. It is first polled when the result is awaited.
    /// Anything with a side effect belongs into the future, not before it.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(State::Later(Box::pin(future)))
    }

    /// Returns the value if it is ready; the future of a value that is not is not polled.
    ///
    /// # Errors
    ///
    /// Returns itself if the value has to be waited for.
    pub fn try_now(self) -> Result<T, Self> {
        match self.0 {
            State::Now(Some(value)) => Ok(value),
            state => Err(Self(state)),
        }
    }

    /// Returns the value if it is ready, to be changed where it is.
    #[inline]
    pub(crate) const fn ready_mut(&mut self) -> Option<&mut T> {
        match &mut self.0 {
            State::Now(value) => value.as_mut(),
            State::Later(_) => None,
        }
    }

    /// Applies `f` to the value: at once if it is ready, else when it resolves. A ready value stays
    /// ready and nothing is allocated.
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

    /// Continues with `f`, which may have to wait itself. The result is ready only if both values
    /// are. `f` is called once, with the value.
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

impl<'a, T: Send + 'a, E: Send + 'a> NowOrLater<'a, Result<T, E>> {
    /// Continues with `f` if the value is `Ok`, as [`Result::and_then`] does.
    ///
    /// ```
    /// use bearergate::NowOrLater;
    ///
    /// let half = |n: u8| NowOrLater::now(if n % 2 == 0 { Ok(n / 2) } else { Err("odd") });
    /// assert_eq!(half(6).and_then(half).try_now().ok(), Some(Err("odd")));
    /// ```
    pub fn and_then<U, F>(self, f: F) -> NowOrLater<'a, Result<U, E>>
    where
        U: Send + 'a,
        F: FnOnce(T) -> NowOrLater<'a, Result<U, E>> + Send + 'a,
    {
        self.then(|result| match result {
            Ok(value) => f(value),
            Err(error) => NowOrLater::now(Err(error)),
        })
    }
}

/// Asks a question whose answer borrows from the function that asks, and continues with the value.
///
/// `ask!(question, |value| rest)` is a `NowOrLater` of what `rest`, a `NowOrLater` too, resolves
/// to. `ask!(where name = prepared; question, |value| rest)` first names what the question
/// borrows; `prepared` is a `Result`, and its error is the answer. Several such names are prepared
/// in order, and a later one may borrow an earlier one.
///
/// A future cannot borrow from a function that returns it. So if the question is not answered at
/// once, its answer is dropped unpolled, and a future that owns all that is borrowed asks once
/// more, when it is first polled. `rest` then runs there and does not ask that question again.
///
/// It is a macro because each expression is evaluated in two places, in the function and in the
/// future, and is to be written once.
macro_rules! ask {
    ($(where $name:ident = $prepared:expr;)* $question:expr, |$value:pat_param| $rest:expr $(,)?) => {
        'ask: {
            {
                $(let $name = match $prepared {
                    Ok(prepared) => prepared,
                    Err(answer) => break 'ask $crate::now_or_later::NowOrLater::now(answer),
                };)*
                let ready = $question.try_now().ok();
                if let Some($value) = ready {
                    let answer = $rest;
                    break 'ask answer;
                }
            }
            $crate::now_or_later::NowOrLater::later(async move {
                $(let $name = match $prepared {
                    Ok(prepared) => prepared,
                    Err(answer) => return answer,
                };)*
                let $value = $question.await;
                $rest.await
            })
        }
    };
}

pub(crate) use ask;

/// Asks every item about `subject`, in order, and returns the subject if every answer is `Ok`.
/// All that `question` borrows is in the subject.
///
/// The first error is the answer, and the items behind it are not asked. An item that has to wait
/// is asked once more, by a future that owns the subject; the items before it are not.
pub(crate) fn all_ok<'a, I, S, E, F>(
    mut items: I,
    subject: S,
    question: F,
) -> NowOrLater<'a, Result<S, E>>
where
    I: Iterator<Item: Send + Sync> + Send + 'a,
    S: Send + Sync + 'a,
    E: Send + 'a,
    F: for<'q> Fn(&'q I::Item, &'q S) -> NowOrLater<'q, Result<(), E>> + Send + 'a,
{
    while let Some(item) = items.next() {
        let ready = question(&item, &subject).try_now().ok();
        match ready {
            Some(Ok(())) => {}
            Some(Err(error)) => return NowOrLater::now(Err(error)),
            None => {
                return NowOrLater::later(async move {
                    for item in std::iter::once(item).chain(items) {
                        question(&item, &subject).await?;
                    }
                    Ok(subject)
                });
            }
        }
    }
    NowOrLater::now(Ok(subject))
}

/// Asks the items in order and returns the first value there is, or `None`.
///
/// The first value or error is the answer, and the items behind it are not asked. No item is asked
/// twice: an answer that has to wait is waited for.
pub(crate) fn first_some<'a, I, T, E, F>(
    mut items: I,
    mut question: F,
) -> NowOrLater<'a, Result<Option<T>, E>>
where
    I: Iterator + Send + 'a,
    T: Send + 'a,
    E: Send + 'a,
    F: FnMut(I::Item) -> NowOrLater<'a, Result<Option<T>, E>> + Send + 'a,
{
    while let Some(item) = items.next() {
        match question(item).try_now() {
            Ok(Ok(None)) => {}
            Ok(found) => return NowOrLater::now(found),
            Err(waiting) => {
                return NowOrLater::later(async move {
                    let mut found = waiting.await?;
                    while found.is_none() {
                        let Some(item) = items.next() else { break };
                        found = question(item).await?;
                    }
                    Ok(found)
                });
            }
        }
    }
    NowOrLater::now(Ok(None))
}

/// Lets other tasks run between the steps of long work.
#[cfg(any(feature = "api-key", feature = "session"))]
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    std::future::poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

// The value is never pinned: it is moved out of its `Option`.
impl<T> Unpin for NowOrLater<'_, T> {}

impl<T> Future for NowOrLater<'_, T> {
    type Output = T;

    #[expect(
        clippy::expect_used,
        reason = "a future must not be polled after it has completed"
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
    use std::sync::Mutex;
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
    fn waiting_value_is_returned_unpolled() {
        let mut polled = false;
        let later = NowOrLater::later(async {
            polled = true;
        });
        assert!(later.try_now().is_err());
        assert!(!polled);
    }

    #[test]
    fn waiting_value_resolves_when_polled() {
        assert_eq!(poll(NowOrLater::later(async { 7 })), Poll::Ready(7));
        assert_eq!(poll(NowOrLater::now(7)), Poll::Ready(7));
    }

    #[test]
    fn map_and_then_keep_a_ready_value_ready() {
        let answer = NowOrLater::now(1)
            .map(|n| n + 1)
            .then(|n| NowOrLater::now(n * 2));
        assert_eq!(answer.try_now().unwrap(), 4);
    }

    #[test]
    fn map_and_then_apply_to_a_waiting_value() {
        let answer = NowOrLater::later(async { 1 })
            .map(|n| n + 1)
            .then(|n| NowOrLater::later(async move { n * 2 }));
        assert_eq!(poll(answer), Poll::Ready(4));
    }

    #[test]
    fn and_then_stops_at_an_error() {
        for wrap in [NowOrLater::now, wait] {
            let mut calls = 0;
            let answer = wrap(Err::<u8, _>("refused")).and_then(|n| {
                calls += 1;
                NowOrLater::now(Ok(n))
            });
            assert_eq!(poll(answer), Poll::Ready(Err("refused")));
            assert_eq!(calls, 0);
        }
    }

    fn wait<'a, T: Send + 'a>(value: T) -> NowOrLater<'a, T> {
        NowOrLater::later(async { value })
    }

    /// Records which items were asked, and which of them were polled.
    #[derive(Default)]
    struct Log(Mutex<(String, String)>);

    impl Log {
        /// An item is a name; an uppercase one has to be waited for.
        fn ask<'a, T: Send + 'a>(&'a self, item: &char, value: T) -> NowOrLater<'a, T> {
            let item = *item;
            self.0.lock().unwrap().0.push(item);
            let polled = move || self.0.lock().unwrap().1.push(item);
            if item.is_ascii_uppercase() {
                return NowOrLater::later(async move {
                    polled();
                    value
                });
            }
            polled();
            NowOrLater::now(value)
        }

        fn read(&self) -> (String, String) {
            self.0.lock().unwrap().clone()
        }
    }

    fn all_of(items: &str, log: &Log) -> Result<(), char> {
        let answer = all_ok(items.chars(), log, |item, log| {
            let is_refused = item.eq_ignore_ascii_case(&'x');
            log.ask(item, if is_refused { Err(*item) } else { Ok(()) })
        });
        value_of(answer.map(|all| all.map(|_| ())))
    }

    fn first_of(items: &str, log: &Log) -> Result<Option<u8>, char> {
        let answer = first_some(items.chars(), |item| {
            log.ask(
                &item,
                match item.to_ascii_lowercase() {
                    'x' => Err(item),
                    'v' => Ok(Some(7)),
                    _ => Ok(None),
                },
            )
        });
        value_of(answer)
    }

    fn value_of<T>(answer: NowOrLater<'_, T>) -> T {
        match poll(answer) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("no future of these tests is pending"),
        }
    }

    #[test]
    fn all_ok_asks_in_order_until_the_first_error() {
        for (items, answer, asked, polled) in [
            ("", Ok(()), "", ""),
            ("abc", Ok(()), "abc", "abc"),
            ("axb", Err('x'), "ax", "ax"),
            // Only the first that waits is asked once more: its answer has to own the subject.
            ("aBcD", Ok(()), "aBBcD", "aBcD"),
            ("aXb", Err('X'), "aXX", "aX"),
            ("ABxc", Err('x'), "AABx", "ABx"),
        ] {
            let log = Log::default();
            assert_eq!(all_of(items, &log), answer, "{items}");
            assert_eq!(log.read(), (asked.to_owned(), polled.to_owned()), "{items}");
        }
    }

    #[test]
    fn first_some_asks_in_order_until_the_first_value_and_no_item_twice() {
        for (items, answer, asked) in [
            ("", Ok(None), ""),
            ("abc", Ok(None), "abc"),
            ("avbv", Ok(Some(7)), "av"),
            ("axv", Err('x'), "ax"),
            ("aBcD", Ok(None), "aBcD"),
            ("aVb", Ok(Some(7)), "aV"),
            ("AbVc", Ok(Some(7)), "AbV"),
            ("ABXv", Err('X'), "ABX"),
        ] {
            let log = Log::default();
            assert_eq!(first_of(items, &log), answer, "{items}");
            assert_eq!(log.read(), (asked.to_owned(), asked.to_owned()), "{items}");
        }
    }

    #[test]
    fn nothing_is_polled_before_the_answer_is() {
        let log = Log::default();
        drop(all_ok("A".chars(), &log, |item, log| {
            log.ask(item, Ok::<_, ()>(()))
        }));
        drop(first_some("B".chars(), |item| {
            log.ask(&item, Ok::<Option<u8>, ()>(None))
        }));
        drop(joined("C", "d", &log));
        assert_eq!(log.read(), ("ABC".to_owned(), String::new()));
    }

    /// Asks two questions, of which the first borrows a local.
    fn joined<'a>(
        first: &'static str,
        second: &'static str,
        log: &'a Log,
    ) -> NowOrLater<'a, Result<String, char>> {
        let owned = first.to_owned();
        ask!(
            where item = owned.chars().next().ok_or(Err('-'));
            log.ask(&item, item),
            |one| match second.chars().next() {
                Some(item) => log.ask(&item, item).map(move |two| Ok(format!("{owned}{one}{two}"))),
                None => NowOrLater::now(Err(one)),
            }
        )
    }

    #[test]
    fn ask_continues_with_the_answer_and_does_not_ask_again() {
        for (first, second, answer, asked, polled) in [
            ("a", "b", Ok("aab"), "ab", "ab"),
            ("a", "B", Ok("aaB"), "aB", "aB"),
            ("A", "b", Ok("AAb"), "AAb", "Ab"),
            ("A", "B", Ok("AAB"), "AAB", "AB"),
            ("A", "", Err('A'), "AA", "A"),
            ("", "b", Err('-'), "", ""),
        ] {
            let log = Log::default();
            let joined = value_of(joined(first, second, &log));
            assert_eq!(joined, answer.map(str::to_owned), "{first}{second}");
            assert_eq!(log.read(), (asked.to_owned(), polled.to_owned()));
        }
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

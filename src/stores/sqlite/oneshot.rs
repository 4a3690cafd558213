//! One answer from a thread to whoever awaits it, without a runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// Makes the two ends of one answer.
pub(super) fn pair<T>() -> (Reply<T>, Answer<T>) {
    let slot = Arc::new(Slot(Mutex::new(State {
        value: None,
        is_open: true,
        waker: None,
    })));
    (Reply(Arc::clone(&slot)), Answer(slot))
}

/// The end that gives the answer.
pub(super) struct Reply<T>(Arc<Slot<T>>);

impl<T> Reply<T> {
    /// Gives the answer; it is lost if nobody waits any more.
    pub(super) fn give(self, value: T) {
        self.0.lock().value = Some(value);
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.lock();
            state.is_open = false;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The end that waits. It brings `None` when the other end is dropped without an answer.
pub(super) struct Answer<T>(Arc<Slot<T>>);

impl<T> Future for Answer<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if !state.is_open {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<T>,
    is_open: bool,
    waker: Option<Waker>,
}

impl<T> Slot<T> {
    // A waker is foreign code and runs outside the lock, so nothing can leave the state half set.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll<T>(answer: &mut Answer<T>, bell: &Arc<Bell>) -> Poll<Option<T>> {
        let waker = Waker::from(Arc::clone(bell));
        Pin::new(answer).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn an_answer_wakes_its_waiter_once() {
        let bell = Arc::new(Bell::default());
        let (reply, mut answer) = pair();
        assert_eq!(poll(&mut answer, &bell), Poll::Pending);
        reply.give(7);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut answer, &bell), Poll::Ready(Some(7)));
    }

    #[test]
    fn an_end_dropped_without_an_answer_wakes_its_waiter_too() {
        let bell = Arc::new(Bell::default());
        let (reply, mut answer) = pair::<u8>();
        assert_eq!(poll(&mut answer, &bell), Poll::Pending);
        drop(reply);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut answer, &bell), Poll::Ready(None));
    }

    #[test]
    fn an_answer_nobody_waits_for_is_lost_quietly() {
        let (reply, answer) = pair();
        drop(answer);
        reply.give(7);
    }
}

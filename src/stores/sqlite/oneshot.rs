//! A channel for one value, from a thread to a future, without a runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Makes a channel.
pub(super) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Arc::new(Slot(Mutex::new(State {
        value: None,
        is_open: true,
        waker: None,
    })));
    (Sender(Arc::clone(&slot)), Receiver(slot))
}

/// The sending end.
pub(super) struct Sender<T>(Arc<Slot<T>>);

impl<T> Sender<T> {
    /// Sends the value; it is lost if the receiver was dropped.
    pub(super) fn send(self, value: T) {
        self.0.lock().value = Some(value);
    }
}

impl<T> Drop for Sender<T> {
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

/// The receiving end. It resolves to `None` if the sender was dropped without sending.
pub(super) struct Receiver<T>(Arc<Slot<T>>);

impl<T> Future for Receiver<T> {
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
    // A waker is code of others and runs outside the lock, so a panic leaves no half-set state.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll<T>(receiver: &mut Receiver<T>, counter: &Arc<CountingWaker>) -> Poll<Option<T>> {
        let waker = Waker::from(Arc::clone(counter));
        Pin::new(receiver).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn sent_value_wakes_the_receiver_once() {
        let counter = Arc::new(CountingWaker::default());
        let (sender, mut receiver) = channel();
        assert_eq!(poll(&mut receiver, &counter), Poll::Pending);
        sender.send(7);
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut receiver, &counter), Poll::Ready(Some(7)));
    }

    #[test]
    fn dropped_sender_wakes_the_receiver() {
        let counter = Arc::new(CountingWaker::default());
        let (sender, mut receiver) = channel::<u8>();
        assert_eq!(poll(&mut receiver, &counter), Poll::Pending);
        drop(sender);
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mut receiver, &counter), Poll::Ready(None));
    }

    #[test]
    fn value_for_a_dropped_receiver_is_lost_without_an_error() {
        let (sender, receiver) = channel();
        drop(receiver);
        sender.send(7);
    }
}

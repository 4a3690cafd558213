//! A pause in which other tasks of a thread run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Revocations after which a reload or a purge lets other tasks of its thread run.
pub(super) const PAUSE_AFTER: usize = 10_000;

/// Is pending once, and asks to be polled again at once.
#[derive(Default)]
pub(super) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

//! The contract of stores of shared rates.

use std::time::Duration;

use super::{Breach, ensure, good, together};
use crate::limit::{Rate, RateKey, RateStore, Taken};
use crate::now_or_later::NowOrLater;

/// A store, and how its time passes.
pub(super) struct Subject<'a> {
    pub(super) store: &'a dyn RateStore,
    pub(super) pass: &'a (dyn Fn(Duration) -> NowOrLater<'static, ()> + Sync),
    pub(super) keys: [u8; 15],
}

/// So slow that nothing refills during a test: one cell in an hour.
fn slow(burst: u32) -> Result<Rate, Breach> {
    let hour = Duration::from_secs(3_600);
    rate(1, hour, burst)
}

fn rate(quota: u32, period: Duration, burst: u32) -> Result<Rate, Breach> {
    let rate = Rate::new(quota, period).and_then(|rate| rate.burst(burst));
    rate.map_err(|_| Breach::new("the suite has a rate that cannot be built"))
}

pub(super) async fn check(subject: &Subject<'_>) -> Result<(), Breach> {
    takes_up_to_want(subject).await?;
    takes_least_or_none(subject).await?;
    keeps_buckets_apart(subject).await?;
    takes_each_cell_once(subject).await?;
    refills_by_its_clock(subject).await?;
    follows_a_changed_rate(subject).await
}

impl Subject<'_> {
    fn key(&self, number: u8) -> RateKey {
        let mut bytes = [number; 16];
        for (byte, own) in bytes.iter_mut().zip(self.keys) {
            *byte = own;
        }
        RateKey::from_bytes(bytes)
    }

    async fn take(&self, key: u8, rate: Rate, want: u32, least: u32) -> Result<Taken, Breach> {
        let key = self.key(key);
        let taken = self.store.take(&key, rate, want, least).await;
        good(taken, "a call of a store that works is answered")
    }
}

async fn takes_up_to_want(subject: &Subject<'_>) -> Result<(), Breach> {
    let rate = slow(10)?;
    let first = subject.take(1, rate, 4, 1).await?;
    ensure(
        first.cells == 4,
        "a full bucket gives the cells that are wanted",
    )?;
    ensure(
        first.left == 6,
        "what is left is what was there without what was taken",
    )?;
    ensure(
        first.wait.is_zero(),
        "there is no wait where cells were taken",
    )?;
    let rest = subject.take(1, rate, 20, 1).await?;
    ensure(
        rest.cells == 6 && rest.left == 0,
        "fewer than `want` are taken if fewer are there",
    )
}

async fn takes_least_or_none(subject: &Subject<'_>) -> Result<(), Breach> {
    let rate = slow(5)?;
    subject.take(2, rate, 3, 1).await?;
    let refused = subject.take(2, rate, 4, 3).await?;
    ensure(
        refused.cells == 0,
        "nothing is taken if fewer than `least` are there",
    )?;
    ensure(refused.left == 2, "a refused call takes nothing")?;
    let (most, least) = (Duration::from_secs(3_600), Duration::from_secs(3_000));
    let is_exact = (least..=most).contains(&refused.wait);
    ensure(
        is_exact,
        "the wait is the time until `least` cells are there",
    )?;
    let both = subject.take(2, rate, 4, 2).await?;
    ensure(
        both.cells == 2,
        "`least` cells are taken if so many are there",
    )?;
    let beyond = subject.take(3, rate, 9, 6).await?;
    ensure(
        beyond.cells == 0,
        "more than the burst is never taken at once",
    )?;
    ensure(beyond.left == 5, "a refused call takes nothing")
}

async fn keeps_buckets_apart(subject: &Subject<'_>) -> Result<(), Breach> {
    let rate = slow(2)?;
    subject.take(4, rate, 2, 2).await?;
    for other in [5, 0x84, 0] {
        let taken = subject.take(other, rate, 2, 2).await?;
        ensure(taken.cells == 2, "another key is another bucket")?;
    }
    let again = subject.take(4, rate, 1, 1).await?;
    ensure(
        again.cells == 0,
        "a bucket stays as it is while others are used",
    )
}

async fn takes_each_cell_once(subject: &Subject<'_>) -> Result<(), Breach> {
    let (rate, key) = (slow(40)?, subject.key(6));
    let calls = (0..30).map(|_| subject.store.take(&key, rate, 3, 1));
    let mut cells = 0_u32;
    for taken in together(calls.collect()).await {
        let taken = good(taken, "calls at the same time are answered")?;
        cells = cells.saturating_add(taken.cells);
    }
    ensure(cells == 40, "calls at the same time take each cell once")
}

async fn refills_by_its_clock(subject: &Subject<'_>) -> Result<(), Breach> {
    let rate = rate(10, Duration::from_secs(2), 5)?;
    let all = subject.take(7, rate, 5, 5).await?;
    ensure(all.cells == 5, "a full bucket gives its burst")?;
    let refused = subject.take(7, rate, 2, 2).await?;
    let is_within = refused.wait <= Duration::from_millis(400);
    ensure(
        refused.cells == 0 && is_within,
        "cells are back after a step each",
    )?;
    (subject.pass)(refused.wait).await;
    let back = subject.take(7, rate, 2, 2).await?;
    ensure(back.cells == 2, "what was missing is there after the wait")?;
    (subject.pass)(Duration::from_secs(3)).await;
    let full = subject.take(7, rate, 9, 1).await?;
    ensure(full.cells == 5, "a bucket is never fuller than its burst")
}

async fn follows_a_changed_rate(subject: &Subject<'_>) -> Result<(), Breach> {
    let (slow, fast) = (slow(5)?, rate(1, Duration::from_secs(60), 2)?);
    subject.take(8, slow, 5, 5).await?;
    let refused = subject.take(8, fast, 1, 1).await?;
    let is_within = refused.wait <= Duration::from_secs(60);
    let rule = "a bucket of another rate owes at most what fills it at the present one";
    ensure(refused.cells == 0 && is_within, rule)?;
    // Two minutes of debt are left of five hours, which is less than a cell of the slow rate.
    let healed = subject.take(8, slow, 5, 1).await?;
    let rule = "what a bucket owes at most is written back where nothing is taken";
    ensure(healed.cells == 4, rule)?;
    let largest = rate(1_000_000, Duration::from_secs(1), 1_000_000)?;
    let taken = subject.take(9, largest, 1_000_000, 1).await?;
    ensure(taken.cells == 1_000_000, "the fastest rate gives its burst")?;
    let slowest = rate(1, Duration::from_secs(400 * 86_400), 1)?;
    subject.take(10, slowest, 1, 1).await?;
    let refused = subject.take(10, slowest, 1, 1).await?;
    let is_within = refused.wait > Duration::from_secs(399 * 86_400);
    ensure(
        refused.cells == 0 && is_within,
        "the slowest rate keeps its wait",
    )
}

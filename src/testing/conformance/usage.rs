//! The rules for every store of usage and quotas.

use super::{Breach, at, ensure, good, together, usage_quota};
use crate::clock::UnixTime;
use crate::limit::{UsageBatch, UsageQuery, UsageRow, UsageStore};

pub(super) async fn check(store: &dyn UsageStore) -> Result<(), Breach> {
    rows_are_read_as_they_were_added(store).await?;
    a_batch_counts_once(store).await?;
    each_start_of_each_node_counts(store).await?;
    sums_do_not_wrap(store).await?;
    batches_at_once_are_all_counted(store).await?;
    a_batch_sent_many_times_at_once_counts_once(store).await?;
    only_old_hours_are_purged(store).await?;
    usage_quota::check(store).await
}

async fn rows_are_read_as_they_were_added(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "usage returns the rows that match, byte for byte, and no others";
    let all = good(store.usage(&UsageQuery::new()).await, rule)?;
    ensure(all.is_empty(), rule)?;
    let rows = vec![
        row("idp", "alice", "requests", 0, 1),
        row("idp", "Alice", "requests", 0, 2),
        row("idp", "alice ", "requests", 0, 3),
        row("IDP", "alice", "requests", 0, 4),
        row("idp", "Zoë 'x'\n%_\\\0", "bytes", 0, 5),
        row("idp", "alice", "bytes", 0, 6),
        row("idp", "alice", "requests", 3_600, 7),
        row("idp", "", "requests", 7_200, u64::MAX),
    ];
    good(store.add(&batch(1, 1, rows.clone())).await, rule)?;
    for query in [
        UsageQuery::new(),
        UsageQuery::new().subject("alice"),
        UsageQuery::new().subject("%"),
        UsageQuery::new().authority("idp").subject("alice"),
        UsageQuery::new().meter("bytes"),
        UsageQuery::new().hours(hour(3_600), hour(7_200)),
        UsageQuery::new()
            .authority("idp")
            .subject("alice")
            .meter("requests")
            .hours(hour(0), hour(3_600)),
    ] {
        let wanted = rows.iter().filter(|row| query.matches(row)).cloned();
        let found = good(store.usage(&query).await, rule)?;
        ensure(sorted(found) == sorted(wanted.collect()), rule)?;
    }
    clear(store, rule).await
}

async fn a_batch_counts_once(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "a batch whose number is not above the last one of its node and boot changes nothing and is Ok";
    let add = |number, amount| batch(2, number, vec![row("idp", "a", "m", 0, amount)]);
    for (number, amount, sum) in [
        (3, 5, 5),
        (3, 5, 5),
        (3, 9, 5),
        (2, 9, 5),
        (1, 9, 5),
        (7, 2, 7),
    ] {
        good(store.add(&add(number, amount)).await, rule)?;
        ensure(total(store, rule).await? == sum, rule)?;
    }
    let rule = "a batch without rows counts as sent";
    good(store.add(&batch(2, 8, Vec::new())).await, rule)?;
    good(store.add(&add(8, 1)).await, rule)?;
    ensure(total(store, rule).await? == 7, rule)?;
    clear(store, rule).await
}

async fn each_start_of_each_node_counts(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "batches of another node, or of another start of it, have numbers of their own";
    let rows = || vec![row("idp", "a", "m", 0, 1)];
    for (node, boot) in [("x", 3), ("y", 3), ("x", 4), ("x", u128::MAX)] {
        good(
            store.add(&UsageBatch::new(node, boot, 1, rows())).await,
            rule,
        )?;
    }
    ensure(total(store, rule).await? == 4, rule)?;
    let rule = "the same key twice in a batch is summed up";
    let twice = vec![row("idp", "a", "m", 0, 10), row("idp", "a", "m", 0, 20)];
    good(store.add(&batch(5, 1, twice)).await, rule)?;
    ensure(total(store, rule).await? == 34, rule)?;
    clear(store, rule).await
}

async fn sums_do_not_wrap(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "a sum above u64::MAX is u64::MAX";
    let amounts = [u64::MAX - 1, 1, 1, u64::MAX];
    for (number, amount) in (1..).zip(amounts) {
        let rows = vec![row("idp", "a", "m", 0, amount)];
        good(store.add(&batch(6, number, rows)).await, rule)?;
    }
    ensure(total(store, rule).await? == u128::from(u64::MAX), rule)?;
    clear(store, rule).await
}

async fn batches_at_once_are_all_counted(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "batches of many senders at once are all counted";
    let batches: Vec<_> = (100..150)
        .map(|boot| batch(boot, 1, vec![row("idp", "a", "m", 0, 3)]))
        .collect();
    for added in together(batches.iter().map(|batch| store.add(batch)).collect()).await {
        good(added, rule)?;
    }
    ensure(total(store, rule).await? == 150, rule)?;
    clear(store, rule).await
}

async fn a_batch_sent_many_times_at_once_counts_once(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "a batch that is sent many times at once counts once";
    let sent = batch(7, 1, vec![row("idp", "a", "m", 0, 3)]);
    for added in together((0..20).map(|_| store.add(&sent)).collect()).await {
        good(added, rule)?;
    }
    ensure(total(store, rule).await? == 3, rule)?;
    clear(store, rule).await
}

async fn only_old_hours_are_purged(store: &dyn UsageStore) -> Result<(), Breach> {
    let rule = "purge removes rows whose hour starts before the time, and keeps numbers of batches";
    let rows = vec![row("idp", "a", "m", 0, 1), row("idp", "a", "m", 3_600, 2)];
    let sent = batch(8, 1, rows);
    good(store.add(&sent).await, rule)?;
    ensure(good(store.purge(hour(0)).await, rule)? == 0, rule)?;
    ensure(good(store.purge(hour(3_600)).await, rule)? == 1, rule)?;
    good(store.add(&sent).await, rule)?;
    ensure(total(store, rule).await? == 2, rule)?;
    clear(store, rule).await
}

fn batch(boot: u128, number: u64, rows: Vec<UsageRow>) -> UsageBatch {
    UsageBatch::new("node", boot, number, rows)
}

fn row(authority: &str, subject: &str, meter: &str, secs: u64, amount: u64) -> UsageRow {
    UsageRow::new((authority, subject), meter, hour(secs), amount)
}

/// The start of the first hour of the suite, and so many seconds.
fn hour(secs: u64) -> UnixTime {
    at(secs)
}

fn sorted(mut rows: Vec<UsageRow>) -> Vec<UsageRow> {
    rows.sort();
    rows
}

async fn total(store: &dyn UsageStore, rule: &'static str) -> Result<u128, Breach> {
    let rows = good(store.usage(&UsageQuery::new()).await, rule)?;
    Ok(rows.iter().map(|row| u128::from(row.amount)).sum())
}

/// Empties the store, as every part expects it.
async fn clear(store: &dyn UsageStore, rule: &'static str) -> Result<(), Breach> {
    good(store.purge(hour(1_000_000)).await, rule)?;
    ensure(
        total(store, rule).await? == 0,
        "a purged row is no longer there",
    )
}

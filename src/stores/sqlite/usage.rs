//! Rows of usage in the database file.

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::SqliteStore;
use super::column::{Columns, bound, signed, time, unsigned};
use super::error::Fault;
use super::transaction::{Change, read_all};
use super::usage_quota;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::limit::{Credit, Spend, SpendId, Spent, UsageBatch, UsageQuery, UsageRow, UsageStore};
use crate::now_or_later::NowOrLater;

impl UsageStore for SqliteStore {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        NowOrLater::later(async move {
            // The worker's thread owns what it works on.
            let batch = batch.clone();
            self.write(move |tx| add(tx, &batch)).await
        })
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        NowOrLater::later(async move {
            let spend = spend.clone();
            // Credits are money; a window loses at most what a loss of power loses.
            match spend.window {
                Some(_) => {
                    self.write_relaxed(move |tx| usage_quota::spend(tx, &spend))
                        .await
                }
                None => self.write(move |tx| usage_quota::spend(tx, &spend)).await,
            }
        })
    }

    fn give_back(&self, id: SpendId, units: u64) -> NowOrLater<'_, Result<(), StoreError>> {
        self.write_relaxed(move |tx| usage_quota::give_back(tx, id, units))
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        NowOrLater::later(async move {
            let credit = credit.clone();
            self.write(move |tx| usage_quota::credit(tx, &credit)).await
        })
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        NowOrLater::later(async move {
            let (sql, values) = statement(query);
            self.read(move |conn| read_all(conn, &sql, params_from_iter(values), usage_row))
                .await
        })
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.write(move |tx| {
            usage_quota::purge(tx, before)?;
            tx.write("DELETE FROM usage WHERE hour < ?1", [bound(before)])
        })
    }
}

/// Adds the rows and keeps the number of the batch, unless it was added before.
fn add(tx: &mut Change<'_>, batch: &UsageBatch) -> Result<(), Fault> {
    let boot = batch.boot.to_be_bytes();
    let last = tx.read_one(LAST, params![batch.node, boot], |row| unsigned(row, 0))?;
    if batch.number <= last.unwrap_or_default() {
        return Ok(());
    }
    for row in &batch.rows {
        let hour = time(row.hour)?;
        let key = params![row.subject, row.authority, row.meter, hour];
        let sum = tx.read_one(SUM, key, |row| unsigned(row, 0))?;
        let sum = sum.unwrap_or_default().saturating_add(row.amount);
        let key = params![row.subject, row.authority, row.meter, hour, signed(sum)];
        tx.write_one(SET_SUM, key)?;
    }
    tx.write_one(SET_LAST, params![batch.node, boot, signed(batch.number)])
}

const LAST: &str = "SELECT last FROM usage_sender WHERE node = ?1 AND boot = ?2";

const SET_LAST: &str = "INSERT INTO usage_sender (node, boot, last) VALUES (?1, ?2, ?3) \
     ON CONFLICT (node, boot) DO UPDATE SET last = excluded.last";

const SUM: &str = "SELECT amount FROM usage \
     WHERE subject = ?1 AND authority = ?2 AND meter = ?3 AND hour = ?4";

const SET_SUM: &str = "INSERT INTO usage (subject, authority, meter, hour, amount) \
     VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (subject, authority, meter, hour) DO UPDATE SET amount = excluded.amount";

/// Returns the statement of a query and the values of its parameters.
fn statement(query: &UsageQuery) -> (String, Vec<Value>) {
    let text = |value: &Option<String>| value.clone().map(Value::from);
    let secs = |value: Option<UnixTime>| value.map(|time| Value::from(bound(time)));
    let conditions = [
        ("subject =", text(&query.subject)),
        ("authority =", text(&query.authority)),
        ("meter =", text(&query.meter)),
        ("hour >=", secs(query.from)),
        ("hour <", secs(query.until)),
    ];
    let mut sql = "SELECT authority, subject, meter, hour, amount FROM usage".to_owned();
    let mut values = Vec::new();
    for (condition, value) in conditions {
        let Some(value) = value else { continue };
        values.push(value);
        sql.push_str(if values.len() == 1 {
            " WHERE "
        } else {
            " AND "
        });
        sql.push_str(&format!("{condition} ?{}", values.len()));
    }
    (sql, values)
}

fn usage_row(row: &Row<'_>) -> Result<UsageRow, Fault> {
    let amount = unsigned(row, 4)?;
    let mut columns = Columns::of(row);
    let (authority, subject): (String, String) = (columns.take()?, columns.take()?);
    let meter: String = columns.take()?;
    Ok(UsageRow::new(
        (authority, subject),
        meter,
        columns.time()?,
        amount,
    ))
}

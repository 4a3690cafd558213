//! The counters of quotas in the database file.

use rusqlite::params;

use super::column::{bound, signed, some_time, time, unsigned};
use super::error::Fault;
use super::transaction::{Change, read_all};
use crate::clock::UnixTime;
use crate::limit::{Credit, QuotaKey, Spend, SpendId, Spent};
use crate::limits;

/// Takes units of a window or of a balance, once for each id.
pub(super) fn spend(tx: &mut Change<'_>, spend: &Spend) -> Result<Spent, Fault> {
    let start = match &spend.window {
        Some(window) => time(window.start)?,
        None => BALANCE,
    };
    if spend.window.is_some() {
        free_lapsed(tx, &spend.key, start, spend.at)?;
    }
    let kept = units_at(tx, &spend.key, start)?;
    let left = match &spend.window {
        Some(window) => window.amount.saturating_sub(kept.unwrap_or_default()),
        None => kept.unwrap_or_default(),
    };
    let id = spend.id.as_u128().to_be_bytes();
    if let Some(units) = tx.read_one(TAKEN, [id], |row| unsigned(row, 0))? {
        return Ok(Spent::new(units, left));
    }
    let units = spend.units_of(left);
    if units == 0 {
        return Ok(Spent::new(0, left));
    }
    forget_old(tx, spend.at)?;
    let lapses = some_time(spend.lapses)?;
    let (quota, authority, holder) = parts(&spend.key);
    let (amount, at) = (signed(units), time(spend.at)?);
    tx.write_one(
        REMEMBER,
        params![id, quota, authority, holder, start, amount, at, lapses],
    )?;
    match &spend.window {
        Some(window) => {
            let spent = kept.unwrap_or_default().saturating_add(units);
            set_units(tx, &spend.key, start, time(window.end)?, spent)?;
            if kept.is_none() {
                forget_windows(tx, &spend.key)?;
            }
        }
        None => set_units(tx, &spend.key, start, 0, left - units)?,
    }
    Ok(Spent::new(units, left - units))
}

/// Frees the units of the leases of a window whose time is over.
fn free_lapsed(tx: &mut Change<'_>, key: &QuotaKey, start: i64, at: UnixTime) -> Result<(), Fault> {
    let (quota, authority, holder) = parts(key);
    let over = params![quota, authority, holder, start, bound(at)];
    let lapsed = read_all(tx.conn(), LAPSED, over, |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, unsigned(row, 1)?))
    })?;
    if lapsed.is_empty() {
        return Ok(());
    }
    let mut units = units_at(tx, key, start)?.unwrap_or_default();
    for (id, freed) in lapsed {
        units = units.saturating_sub(freed);
        tx.write_one("UPDATE spend SET phase = 1 WHERE id = ?1", [id])?;
    }
    change_units(tx, key, start, units)
}

/// Closes a spend, once.
pub(super) fn give_back(tx: &mut Change<'_>, id: SpendId, units: u64) -> Result<(), Fault> {
    let id = id.as_u128().to_be_bytes();
    let found = tx.read_one(OPEN, [id], |row| {
        let text = |column| row.get::<_, String>(column);
        let key = QuotaKey::new(&text(0)?, &text(1)?, &text(2)?);
        Ok((
            key,
            row.get::<_, i64>(3)?,
            unsigned(row, 4)?,
            row.get::<_, i64>(5)?,
        ))
    })?;
    let Some((key, start, taken, phase)) = found else {
        return Ok(());
    };
    tx.write_one("UPDATE spend SET phase = 2 WHERE id = ?1", [id])?;
    let units = units.min(taken);
    let (free, again) = if phase == 0 {
        (units, 0)
    } else {
        (0, taken - units)
    };
    // A window may be forgotten by now; a balance never is.
    let Some(kept) = units_at(tx, &key, start)? else {
        return Ok(());
    };
    let kept = match start {
        BALANCE => kept.saturating_add(free),
        _ => kept.saturating_sub(free).saturating_add(again),
    };
    change_units(tx, &key, start, kept)
}

/// Adds to a balance, once for each id.
pub(super) fn credit(tx: &mut Change<'_>, credit: &Credit) -> Result<u64, Fault> {
    let balance = units_at(tx, &credit.key, BALANCE)?.unwrap_or_default();
    let id = credit.id.as_u128().to_be_bytes();
    let is_known = tx.read_one("SELECT 1 FROM credit WHERE id = ?1", [id], |_| Ok(()))?;
    if credit.units == 0 || is_known.is_some() {
        return Ok(balance);
    }
    let balance = balance.saturating_add(credit.units);
    tx.write_one("INSERT INTO credit (id) VALUES (?1)", [id])?;
    set_units(tx, &credit.key, BALANCE, 0, balance)?;
    Ok(balance)
}

/// Removes the windows that ended before a time, and the spends of them.
pub(super) fn purge(tx: &mut Change<'_>, before: UnixTime) -> Result<(), Fault> {
    let before = bound(before);
    tx.write(
        "DELETE FROM quota WHERE start >= 0 AND ends <= ?1",
        [before],
    )?;
    let old = before.saturating_sub(MEMORY);
    tx.write(
        "DELETE FROM spend WHERE at < ?1 AND (lapses IS NULL OR phase > 0)",
        [old],
    )?;
    tx.write(PURGE_LEASES, [])?;
    Ok(())
}

/// The start of the row of a balance of credits.
const BALANCE: i64 = -1;

/// For how many seconds the id of a spend is known.
const MEMORY: i64 = limits::SPEND_MEMORY.as_secs().cast_signed();

const WINDOWS: i64 = limits::QUOTA_WINDOWS as i64;

fn parts(key: &QuotaKey) -> (&str, &str, &str) {
    (key.quota(), key.authority(), key.holder())
}

fn units_at(tx: &Change<'_>, key: &QuotaKey, start: i64) -> Result<Option<u64>, Fault> {
    let (quota, authority, holder) = parts(key);
    let row = params![quota, authority, holder, start];
    tx.read_one(UNITS, row, |row| unsigned(row, 0))
}

fn set_units(
    tx: &mut Change<'_>,
    key: &QuotaKey,
    start: i64,
    ends: i64,
    units: u64,
) -> Result<(), Fault> {
    let (quota, authority, holder) = parts(key);
    tx.write_one(
        SET_UNITS,
        params![quota, authority, holder, start, ends, signed(units)],
    )
}

fn change_units(tx: &mut Change<'_>, key: &QuotaKey, start: i64, units: u64) -> Result<(), Fault> {
    let (quota, authority, holder) = parts(key);
    let row = params![quota, authority, holder, start, signed(units)];
    tx.write(CHANGE_UNITS, row)?;
    Ok(())
}

/// Removes two spends that are older than the ids have to be known, more than a spend adds.
fn forget_old(tx: &mut Change<'_>, at: UnixTime) -> Result<(), Fault> {
    let old = bound(at).saturating_sub(MEMORY);
    tx.write(FORGET_OLD, [old])?;
    Ok(())
}

/// Removes the oldest window of a holder if it has more than are kept.
fn forget_windows(tx: &mut Change<'_>, key: &QuotaKey) -> Result<(), Fault> {
    let (quota, authority, holder) = parts(key);
    let row = params![quota, authority, holder, WINDOWS];
    tx.write(FORGET_WINDOWS, row)?;
    Ok(())
}

const UNITS: &str = "SELECT units FROM quota \
     WHERE quota = ?1 AND authority = ?2 AND holder = ?3 AND start = ?4";

const SET_UNITS: &str = "INSERT INTO quota (quota, authority, holder, start, ends, made, units) \
     VALUES (?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(made), 0) + 1 FROM quota \
     WHERE quota = ?1 AND authority = ?2 AND holder = ?3), ?6) \
     ON CONFLICT (quota, authority, holder, start) DO UPDATE SET units = excluded.units";

const CHANGE_UNITS: &str = "UPDATE quota SET units = ?5 \
     WHERE quota = ?1 AND authority = ?2 AND holder = ?3 AND start = ?4";

const TAKEN: &str = "SELECT units FROM spend WHERE id = ?1";

const OPEN: &str = "SELECT quota, authority, holder, start, units, phase FROM spend \
     WHERE id = ?1 AND phase < 2";

const REMEMBER: &str = "INSERT INTO spend \
     (id, quota, authority, holder, start, units, at, lapses, phase) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)";

const LAPSED: &str = "SELECT id, units FROM spend \
     WHERE quota = ?1 AND authority = ?2 AND holder = ?3 AND start = ?4 \
     AND lapses IS NOT NULL AND phase = 0 AND lapses <= ?5";

const FORGET_OLD: &str = "DELETE FROM spend WHERE id IN (SELECT id FROM spend \
     WHERE at < ?1 AND (lapses IS NULL OR phase > 0) ORDER BY at LIMIT 2)";

const FORGET_WINDOWS: &str = "DELETE FROM quota \
     WHERE quota = ?1 AND authority = ?2 AND holder = ?3 AND start >= 0 AND start NOT IN \
     (SELECT start FROM quota WHERE quota = ?1 AND authority = ?2 AND holder = ?3 \
     AND start >= 0 ORDER BY made DESC LIMIT ?4)";

const PURGE_LEASES: &str = "DELETE FROM spend WHERE lapses IS NOT NULL AND phase = 0 AND NOT EXISTS \
     (SELECT 1 FROM quota WHERE quota.quota = spend.quota \
     AND quota.authority = spend.authority AND quota.holder = spend.holder \
     AND quota.start = spend.start)";

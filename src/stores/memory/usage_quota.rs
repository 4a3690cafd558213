//! The counters of quotas in memory.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use crate::clock::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::limit::{Credit, QuotaKey, QuotaWindow, Spend, SpendId, Spent};
use crate::limits;

/// Windows, balances and spends.
#[derive(Debug)]
pub(super) struct QuotaTable {
    limit: usize,
    /// Windows in the order of their first use.
    holders: HashMap<QuotaKey, Vec<Window>>,
    /// The holders by the end of their last window.
    by_end: BTreeSet<(UnixTime, QuotaKey)>,
    balances: HashMap<QuotaKey, u64>,
    credits: HashSet<SpendId>,
    spends: HashMap<SpendId, Taken>,
    /// The ids of the spends, the oldest first.
    order: VecDeque<SpendId>,
}

#[derive(Debug)]
struct Window {
    start: UnixTime,
    end: UnixTime,
    spent: u64,
    /// Leases that are not closed: they may lapse.
    leases: Vec<(UnixTime, SpendId, u64)>,
}

/// A spend that was made.
#[derive(Debug)]
struct Taken {
    key: QuotaKey,
    /// The start of its window; `None` for credits.
    start: Option<UnixTime>,
    units: u64,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Open,
    Lapsed,
    Closed,
}

impl QuotaTable {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            holders: HashMap::new(),
            by_end: BTreeSet::new(),
            balances: HashMap::new(),
            credits: HashSet::new(),
            spends: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn spend(&mut self, spend: &Spend) -> Result<Spent, StoreError> {
        if let Some(window) = &spend.window {
            self.free_lapsed(&spend.key, window.start, spend.at);
        }
        if let Some(taken) = self.spends.get(&spend.id) {
            return Ok(Spent::new(taken.units, self.left(spend)));
        }
        let units = spend.units_of(self.left(spend));
        if units > 0 {
            match &spend.window {
                Some(window) => self.take_from(window, spend, units)?,
                None => {
                    if let Some(balance) = self.balances.get_mut(&spend.key) {
                        *balance = balance.saturating_sub(units);
                    }
                }
            }
            self.remember(spend, units);
        }
        Ok(Spent::new(units, self.left(spend)))
    }

    fn left(&self, spend: &Spend) -> u64 {
        let Some(window) = &spend.window else {
            return self.balances.get(&spend.key).copied().unwrap_or_default();
        };
        let mut windows = self.holders.get(&spend.key).into_iter().flatten();
        let kept = windows.find(|kept| kept.start == window.start);
        window
            .amount
            .saturating_sub(kept.map_or(0, |kept| kept.spent))
    }

    fn take_from(
        &mut self,
        window: &QuotaWindow,
        spend: &Spend,
        units: u64,
    ) -> Result<(), StoreError> {
        self.ensure_window(&spend.key, window, spend.at)?;
        if let Some(kept) = self.window(&spend.key, window.start) {
            kept.spent = kept.spent.saturating_add(units);
            kept.leases
                .extend(spend.lapses.map(|time| (time, spend.id, units)));
        }
        Ok(())
    }

    fn window(&mut self, key: &QuotaKey, start: UnixTime) -> Option<&mut Window> {
        let mut windows = self.holders.get_mut(key)?.iter_mut();
        windows.find(|kept| kept.start == start)
    }

    /// Adds the window unless it is there.
    fn ensure_window(
        &mut self,
        key: &QuotaKey,
        window: &QuotaWindow,
        at: UnixTime,
    ) -> Result<(), StoreError> {
        if self.window(key, window.start).is_some() {
            return Ok(());
        }
        if !self.holders.contains_key(key) {
            self.make_room(at)?;
        }
        let windows = self.holders.entry(key.clone()).or_default();
        let newest = last_end(windows);
        windows.push(Window {
            start: window.start,
            end: window.end,
            spent: 0,
            leases: Vec::new(),
        });
        if windows.len() > limits::QUOTA_WINDOWS {
            windows.remove(0);
        }
        let last = last_end(windows);
        if let Some(newest) = newest {
            self.by_end.remove(&(newest, key.clone()));
        }
        self.by_end.extend(last.map(|end| (end, key.clone())));
        Ok(())
    }

    /// Removes one holder whose windows are long over, if the table is full.
    fn make_room(&mut self, at: UnixTime) -> Result<(), StoreError> {
        if self.holders.len() < self.limit {
            return Ok(());
        }
        let is_over = |end: UnixTime| end.saturating_add(KEPT_AFTER_END) <= at;
        match self.by_end.first() {
            Some((end, _)) if is_over(*end) => {
                if let Some((_, key)) = self.by_end.pop_first() {
                    self.holders.remove(&key);
                }
                Ok(())
            }
            _ => Err(StoreErrorKind::Full.into()),
        }
    }

    fn remember(&mut self, spend: &Spend, units: u64) {
        if self.order.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.spends.remove(&oldest);
        }
        self.order.push_back(spend.id);
        let taken = Taken {
            key: spend.key.clone(),
            start: spend.window.as_ref().map(|window| window.start),
            units,
            phase: Phase::Open,
        };
        self.spends.insert(spend.id, taken);
    }

    /// Frees the units of the leases whose time is over.
    fn free_lapsed(&mut self, key: &QuotaKey, start: UnixTime, at: UnixTime) {
        let windows = self.holders.get_mut(key).into_iter().flatten();
        for window in windows.filter(|window| window.start == start) {
            let (spends, spent) = (&mut self.spends, &mut window.spent);
            window.leases.retain(|(time, id, units)| {
                if *time > at {
                    return true;
                }
                *spent = spent.saturating_sub(*units);
                if let Some(taken) = spends.get_mut(id) {
                    taken.phase = Phase::Lapsed;
                }
                false
            });
        }
    }

    pub(super) fn give_back(&mut self, id: SpendId, units: u64) {
        let Some(taken) = self.spends.get_mut(&id) else {
            return;
        };
        let units = units.min(taken.units);
        let phase = std::mem::replace(&mut taken.phase, Phase::Closed);
        let (free, again) = match phase {
            Phase::Open => (units, 0),
            Phase::Lapsed => (0, taken.units - units),
            Phase::Closed => return,
        };
        let (key, start) = (taken.key.clone(), taken.start);
        let Some(start) = start else {
            let balance = self.balances.entry(key).or_default();
            *balance = balance.saturating_add(free);
            return;
        };
        if let Some(window) = self.window(&key, start) {
            window.leases.retain(|(_, lease, _)| *lease != id);
            window.spent = window.spent.saturating_sub(free).saturating_add(again);
        }
    }

    pub(super) fn credit(&mut self, credit: &Credit) -> Result<u64, StoreError> {
        if credit.units == 0 || self.credits.contains(&credit.id) {
            return Ok(self.balances.get(&credit.key).copied().unwrap_or_default());
        }
        let is_new = !self.balances.contains_key(&credit.key);
        if self.credits.len() >= self.limit || (is_new && self.balances.len() >= self.limit) {
            return Err(StoreErrorKind::Full.into());
        }
        self.credits.insert(credit.id);
        let balance = self.balances.entry(credit.key.clone()).or_default();
        *balance = balance.saturating_add(credit.units);
        Ok(*balance)
    }

    pub(super) fn purge(&mut self, before: UnixTime) {
        for windows in self.holders.values_mut() {
            windows.retain(|window| window.end > before);
        }
        self.holders.retain(|_, windows| !windows.is_empty());
        let ends = self
            .holders
            .iter()
            .filter_map(|(key, windows)| Some((last_end(windows)?, key.clone())));
        self.by_end = ends.collect();
    }
}

fn last_end(windows: &[Window]) -> Option<UnixTime> {
    windows.iter().map(|window| window.end).max()
}

/// How long after its end a window is kept for a clock that goes back.
const KEPT_AFTER_END: Duration = Duration::from_secs(2 * 24 * 60 * 60);

//! What a process knows of the holders of one quota without asking the store: units that it has of
//! them, units that it counted while the store did not answer, and calls that the store did not take.

use std::collections::{HashMap, VecDeque};

use super::spend::{QuotaKey, QuotaWindow, Spend, SpendId};
use crate::clock::UnixTime;
use crate::limits;

#[derive(Debug, Default)]
pub(super) struct QuotaLedger {
    /// By authority and holder.
    holders: HashMap<Box<str>, HashMap<Box<str>, Holder>>,
    /// How many holders there are.
    count: usize,
    /// Leases by their end, which is about the order in which they were taken.
    ends: VecDeque<(UnixTime, QuotaKey, SpendId)>,
    /// Spends to close, with the units to give back.
    unsent: VecDeque<(SpendId, u64)>,
    /// Holders with units that the store has not counted.
    owing: VecDeque<QuotaKey>,
}

#[derive(Debug)]
struct Holder {
    key: QuotaKey,
    lease: Option<Lease>,
    /// A lease is being taken. Other requests take their own units meanwhile.
    is_asking: bool,
    owed: Vec<Owed>,
}

/// Units that were taken ahead.
#[derive(Debug)]
struct Lease {
    id: SpendId,
    start: Option<UnixTime>,
    left: u64,
    from: UnixTime,
    until: UnixTime,
}

/// Units of one window that were counted here.
#[derive(Debug)]
struct Owed {
    window: Option<QuotaWindow>,
    units: u64,
    /// The call that has the first of them. It stays the same until the store has answered.
    sending: Option<Spend>,
}

/// What a lease has for a request.
#[derive(Debug)]
pub(super) enum Ahead {
    /// The units were taken from the lease.
    Taken(QuotaKey),
    /// The store has to be asked, for a new lease or for this request only.
    Ask { key: QuotaKey, is_lease: bool },
}

impl QuotaLedger {
    /// Takes units from the lease of a holder.
    pub(super) fn take(
        &mut self,
        key: impl FnOnce() -> QuotaKey,
        (authority, id): (&str, &str),
        units: u64,
        (start, at): (Option<UnixTime>, UnixTime),
    ) -> Ahead {
        let Some(holder) = self.find(authority, id) else {
            let key = key();
            let is_lease = self.ensure(&key).is_some_and(Holder::begin_asking);
            return Ahead::Ask { key, is_lease };
        };
        let key = holder.key.clone();
        let is_usable =
            |lease: &Lease| lease.start == start && lease.from <= at && at < lease.until;
        if let Some(lease) = &mut holder.lease
            && is_usable(lease)
            && lease.left >= units
        {
            lease.left -= units;
            return Ahead::Taken(key);
        }
        let is_lease = holder.begin_asking();
        Ahead::Ask { key, is_lease }
    }

    /// Keeps what a call for a lease has got, and closes the lease before it; `None` if it got none.
    ///
    /// Without a new lease the one before stays, so that units can be given back to it, but not with
    /// units that were too few for this request: others can use them.
    pub(super) fn leased(&mut self, spend: &Spend, until: UnixTime, left: Option<u64>) {
        let Some(holder) = self.find(spend.key.authority(), spend.key.holder()) else {
            return;
        };
        holder.is_asking = false;
        if let Some(left) = left {
            let lease = Lease {
                id: spend.id,
                start: spend.window.as_ref().map(|window| window.start),
                left,
                from: spend.at,
                until,
            };
            let old = holder.lease.replace(lease);
            self.close(old);
            self.ends.push_back((until, spend.key.clone(), spend.id));
        } else {
            let rest = holder.lease.take_if(|lease| lease.left > 0);
            self.close(rest);
        }
        self.drop_idle(&spend.key);
    }

    /// Ends a call for a lease that has no answer.
    pub(super) fn stop_asking(&mut self, key: &QuotaKey) {
        if let Some(holder) = self.find(key.authority(), key.holder()) {
            holder.is_asking = false;
        }
        self.drop_idle(key);
    }

    /// Gives units back to the lease of a holder, if it has one of this window.
    pub(super) fn return_to_lease(&mut self, key: &QuotaKey, start: Option<UnixTime>, units: u64) {
        let holder = self.find(key.authority(), key.holder());
        if let Some(lease) = holder.and_then(|holder| holder.lease.as_mut())
            && lease.start == start
        {
            lease.left = lease.left.saturating_add(units);
        }
    }

    /// Closes up to `most` leases whose time is over, or all of them without a time.
    pub(super) fn close_leases(&mut self, at: Option<UnixTime>, most: usize) {
        for _ in 0..most {
            let Some((until, ..)) = self.ends.front() else {
                return;
            };
            if at.is_some_and(|at| *until > at) {
                return;
            }
            let Some((_, key, id)) = self.ends.pop_front() else {
                return;
            };
            let holder = self.find(key.authority(), key.holder());
            let lease = holder.and_then(|holder| holder.lease.take_if(|lease| lease.id == id));
            self.close(lease);
            self.drop_idle(&key);
        }
    }

    fn close(&mut self, lease: Option<Lease>) {
        if let Some(lease) = lease {
            self.give_back(lease.id, lease.left);
        }
    }

    /// Keeps a spend to close until the store takes it.
    pub(super) fn give_back(&mut self, id: SpendId, units: u64) {
        // A full queue loses the oldest: its units stay taken.
        if self.unsent.len() >= limits::QUOTA_UNSENT {
            self.unsent.pop_front();
        }
        self.unsent.push_back((id, units));
    }

    /// Returns the next spend to close.
    pub(super) fn next_unsent(&self) -> Option<(SpendId, u64)> {
        self.unsent.front().copied()
    }

    /// Forgets a spend that the store has closed.
    pub(super) fn sent(&mut self, id: SpendId) {
        self.unsent.retain(|(unsent, _)| *unsent != id);
    }

    /// Counts units here, at most `most` of a window; returns false if there is no space.
    pub(super) fn owe(
        &mut self,
        key: &QuotaKey,
        window: Option<QuotaWindow>,
        units: u64,
        most: u64,
    ) -> bool {
        let Some(holder) = self.ensure(key) else {
            return false;
        };
        let is_new = holder.owed.is_empty();
        let owed = match holder
            .owed
            .iter_mut()
            .position(|owed| owed.window == window)
        {
            Some(at) => holder.owed.get_mut(at),
            None => {
                holder.owed.push(Owed {
                    window,
                    units: 0,
                    sending: None,
                });
                holder.owed.last_mut()
            }
        };
        let is_free = owed.is_some_and(|owed| match owed.units.checked_add(units) {
            Some(sum) if sum <= most => {
                owed.units = sum;
                true
            }
            _ => false,
        });
        holder.owed.retain(|owed| owed.units > 0);
        if is_new && !holder.owed.is_empty() {
            self.owing.push_back(key.clone());
        }
        self.drop_idle(key);
        is_free
    }

    /// Takes back units that were counted here, unless they are on their way to the store.
    pub(super) fn return_owed(&mut self, key: &QuotaKey, start: Option<UnixTime>, units: u64) {
        let Some(holder) = self.find(key.authority(), key.holder()) else {
            return;
        };
        for owed in &mut holder.owed {
            if owed.window.as_ref().map(|window| window.start) == start {
                let sending = owed.sending.as_ref().map_or(0, |spend| spend.want);
                owed.units -= units.min(owed.units - sending);
            }
        }
    }

    /// Returns a call that tells the store what was counted here.
    pub(super) fn next_owed(&mut self, at: UnixTime) -> Option<Spend> {
        while let Some(key) = self.owing.front().cloned() {
            let holder = self.find(key.authority(), key.holder());
            if let Some(holder) = holder {
                holder.owed.retain(|owed| owed.units > 0);
                if let Some(owed) = holder.owed.first_mut() {
                    return owed.call(&key, at);
                }
            }
            self.owing.pop_front();
            self.drop_idle(&key);
        }
        None
    }

    /// Notes that the store has counted what was counted here.
    pub(super) fn paid(&mut self, spend: &Spend) {
        let Some(holder) = self.find(spend.key.authority(), spend.key.holder()) else {
            return;
        };
        for owed in &mut holder.owed {
            if let Some(sent) = owed.sending.take_if(|sent| sent.id == spend.id) {
                owed.units = owed.units.saturating_sub(sent.want);
            }
        }
    }

    /// Returns how many calls wait.
    pub(super) fn pending(&self) -> usize {
        self.unsent.len() + self.owing.len()
    }

    fn find(&mut self, authority: &str, id: &str) -> Option<&mut Holder> {
        self.holders.get_mut(authority)?.get_mut(id)
    }

    /// Returns the holder, or a new one; `None` if there is no space for one.
    fn ensure(&mut self, key: &QuotaKey) -> Option<&mut Holder> {
        if self.find(key.authority(), key.holder()).is_none() {
            if self.count >= limits::QUOTA_HOLDERS {
                return None;
            }
            self.count += 1;
            let holder = Holder {
                key: key.clone(),
                lease: None,
                is_asking: false,
                owed: Vec::new(),
            };
            let holders = self.holders.entry(key.authority().into()).or_default();
            holders.insert(key.holder().into(), holder);
        }
        self.find(key.authority(), key.holder())
    }

    /// Removes a holder of which nothing is known.
    fn drop_idle(&mut self, key: &QuotaKey) {
        let Some(holders) = self.holders.get_mut(key.authority()) else {
            return;
        };
        let is_idle =
            |holder: &Holder| holder.lease.is_none() && !holder.is_asking && holder.owed.is_empty();
        if holders.get(key.holder()).is_some_and(is_idle) {
            holders.remove(key.holder());
            self.count -= 1;
        }
        if holders.is_empty() {
            self.holders.remove(key.authority());
        }
    }
}

impl Holder {
    /// Returns true if this request takes the next lease.
    fn begin_asking(&mut self) -> bool {
        !std::mem::replace(&mut self.is_asking, true)
    }
}

impl Owed {
    fn call(&mut self, key: &QuotaKey, at: UnixTime) -> Option<Spend> {
        if self.sending.is_none() {
            let spend = Spend::new(SpendId::random()?, key.clone(), self.window, self.units, at);
            // Less than all of it is counted if less is left.
            self.sending = Some(spend.between(0, self.units));
        }
        self.sending.clone()
    }
}

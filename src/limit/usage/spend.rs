//! What is taken from a quota, and given to a balance of credits.

use std::fmt;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};

use crate::clock::UnixTime;

/// The random number of one spend or credit, by which a store knows it again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SpendId(u128);

impl SpendId {
    /// Creates an id. Two calls that should both count must not have the same one: use 128 random
    /// bits, or for a credit the number of the payment.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Makes an id; `None` if the random source of the system fails.
    pub(super) fn random() -> Option<Self> {
        random().map(Self)
    }
}

/// Returns 128 random bits; `None` if the random source of the system fails.
pub(super) fn random() -> Option<u128> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(u128::from_le_bytes(bytes))
}

/// Whose quota it is: the name of the quota, and its holder. Cheap to clone.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct QuotaKey {
    /// The three texts, one after the other. With the two lengths no two keys are alike.
    texts: Arc<str>,
    quota: usize,
    authority: usize,
}

impl QuotaKey {
    /// Creates a key. Two holders of the same name at different authorities are different.
    pub fn new(quota: &str, authority: &str, holder: &str) -> Self {
        Self {
            texts: [quota, authority, holder].concat().into(),
            quota: quota.len(),
            authority: authority.len(),
        }
    }

    /// Returns the configured name of the quota.
    pub fn quota(&self) -> &str {
        self.texts.get(..self.quota).unwrap_or_default()
    }

    /// Returns the authority of the holder.
    pub fn authority(&self) -> &str {
        let rest = self.texts.get(self.quota..).unwrap_or_default();
        rest.get(..self.authority).unwrap_or_default()
    }

    /// Returns the holder: a subject, a client or the id of an API key.
    pub fn holder(&self) -> &str {
        let rest = self.texts.get(self.quota..).unwrap_or_default();
        rest.get(self.authority..).unwrap_or_default()
    }
}

impl fmt::Debug for QuotaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuotaKey")
            .field("quota", &self.quota())
            .field("authority", &self.authority())
            .field("holder", &self.holder())
            .finish()
    }
}

/// A window of a quota: a day, a month or a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct QuotaWindow {
    /// Its first second.
    pub start: UnixTime,
    /// The first second of the next window.
    pub end: UnixTime,
    /// The units that the holder may use in it.
    pub amount: u64,
}

impl QuotaWindow {
    /// Creates a window of `amount` units.
    pub const fn new(start: UnixTime, end: UnixTime, amount: u64) -> Self {
        Self { start, end, amount }
    }
}

/// Units that are to be taken from a quota.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Spend {
    /// The random number of this spend. It is the same where a call is repeated.
    pub id: SpendId,
    /// Whose quota it is.
    pub key: QuotaKey,
    /// The window; `None` to take from the balance of credits.
    pub window: Option<QuotaWindow>,
    /// Most units.
    pub want: u64,
    /// Fewest units.
    pub least: u64,
    /// The time of the request.
    pub at: UnixTime,
    /// The time from which on the units are free again unless
    /// [`give_back`](super::UsageStore::give_back) has closed the spend; `None` for never.
    pub lapses: Option<UnixTime>,
}

impl Spend {
    /// Creates a spend of exactly `units` from a window, or from the balance of credits.
    pub const fn new(
        id: SpendId,
        key: QuotaKey,
        window: Option<QuotaWindow>,
        units: u64,
        at: UnixTime,
    ) -> Self {
        Self {
            id,
            key,
            window,
            want: units,
            least: units,
            at,
            lapses: None,
        }
    }

    /// Sets the most and the fewest units.
    #[must_use]
    pub const fn between(mut self, least: u64, want: u64) -> Self {
        self.least = least;
        self.want = want;
        self
    }

    /// Makes it a lease: its units are free again from this time on unless it was closed.
    #[must_use]
    pub const fn lapses_at(mut self, time: UnixTime) -> Self {
        self.lapses = Some(time);
        self
    }

    /// Returns how many units are taken if so many are left: `want` or what is left, and none if
    /// that is fewer than `least`.
    pub fn units_of(&self, left: u64) -> u64 {
        let units = self.want.min(left);
        if units < self.least { 0 } else { units }
    }
}

/// What a store took from a quota.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Spent {
    /// The units: 0, or from `least` to `want`.
    pub units: u64,
    /// The units that are left.
    pub left: u64,
}

impl Spent {
    /// Creates the answer of a store.
    pub const fn new(units: u64, left: u64) -> Self {
        Self { units, left }
    }
}

/// Units that are added to a balance of credits.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Credit {
    /// The number of this credit. It is the same where a call is repeated.
    pub id: SpendId,
    /// Whose balance it is.
    pub key: QuotaKey,
    /// The units; 0 only reads the balance.
    pub units: u64,
}

impl Credit {
    /// Creates a credit.
    pub const fn new(id: SpendId, key: QuotaKey, units: u64) -> Self {
        Self { id, key, units }
    }
}

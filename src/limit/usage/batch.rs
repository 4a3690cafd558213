//! Rows of usage, the batches in which they are added, and queries for them.

use crate::clock::UnixTime;

/// The sum of what one subject used of one meter in one hour.
///
/// Its texts are exact, no hashes: a bill is made from them. `subject` is what the authority
/// asserted; treat it as untrusted text where it is shown.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct UsageRow {
    /// The authority of the subject.
    pub authority: String,
    /// The subject, the client or the id of the credential; `overflow` in the row that sums up
    /// what had no row of its own.
    pub subject: String,
    /// The name of the meter.
    pub meter: String,
    /// The start of the UTC hour of the use.
    pub hour: UnixTime,
    /// The amount. A sum that would be above [`u64::MAX`] is [`u64::MAX`].
    pub amount: u64,
}

impl UsageRow {
    /// Creates a row; the time is rounded down to its hour.
    pub fn new(
        (authority, subject): (impl Into<String>, impl Into<String>),
        meter: impl Into<String>,
        at: UnixTime,
        amount: u64,
    ) -> Self {
        Self {
            authority: authority.into(),
            subject: subject.into(),
            meter: meter.into(),
            hour: hour_of(at),
            amount,
        }
    }
}

/// Returns the start of the UTC hour of a time.
pub(super) const fn hour_of(at: UnixTime) -> UnixTime {
    let secs = at.as_secs();
    UnixTime::from_secs(secs - secs % HOUR)
}

const HOUR: u64 = 60 * 60;

/// Rows that are added in one step, and only once.
///
/// The numbers of the batches of one (node, boot) increase. A sender repeats a batch, with the same
/// rows, until the store has answered `Ok`, and only then sends the next one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UsageBatch {
    /// The configured name of the node.
    pub node: String,
    /// The random number of the sender, made at its start.
    pub boot: u128,
    /// The number of the batch, from 1.
    pub number: u64,
    /// The rows.
    pub rows: Vec<UsageRow>,
}

impl UsageBatch {
    /// Creates a batch.
    pub fn new(node: impl Into<String>, boot: u128, number: u64, rows: Vec<UsageRow>) -> Self {
        Self {
            node: node.into(),
            boot,
            number,
            rows,
        }
    }
}

/// Which rows of usage are asked for. The default matches all of them.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::UsageQuery;
///
/// let december = UsageQuery::new()
///     .subject("alice")
///     .meter("requests")
///     .hours(UnixTime::from_secs(1_796_083_200), UnixTime::from_secs(1_798_761_600));
/// assert!(december.authority.is_none());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct UsageQuery {
    /// Only of this authority.
    pub authority: Option<String>,
    /// Only of this subject, byte for byte.
    pub subject: Option<String>,
    /// Only of this meter.
    pub meter: Option<String>,
    /// Only hours that start at or after this time.
    pub from: Option<UnixTime>,
    /// Only hours that start before this time.
    pub until: Option<UnixTime>,
}

impl UsageQuery {
    /// Starts with a query for all rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks only for rows of this authority; by default of every one.
    #[must_use]
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// Asks only for rows of this subject, of every authority unless one is set. By default rows of
    /// every subject match.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Asks only for rows of this meter; by default of every one.
    #[must_use]
    pub fn meter(mut self, meter: impl Into<String>) -> Self {
        self.meter = Some(meter.into());
        self
    }

    /// Asks only for hours that start at or after `from` and before `until`; by default for all.
    #[must_use]
    pub const fn hours(mut self, from: UnixTime, until: UnixTime) -> Self {
        self.from = Some(from);
        self.until = Some(until);
        self
    }

    /// Returns true if the row is asked for.
    pub fn matches(&self, row: &UsageRow) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&self.authority, &row.authority)
            && is(&self.subject, &row.subject)
            && is(&self.meter, &row.meter)
            && self.from.is_none_or(|from| row.hour >= from)
            && self.until.is_none_or(|until| row.hour < until)
    }
}

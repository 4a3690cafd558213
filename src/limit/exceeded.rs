//! The refusal of a limit.

use std::fmt;
use std::time::Duration;

use super::charges::{Charges, Mark};
use super::standing::Standing;
use crate::error::RejectionKind;

/// A limit has refused a request. Everything that the request was charged before is given back.
pub struct Exceeded {
    /// For the standings only.
    asked: Charges,
    refused: Refused,
}

impl Exceeded {
    /// Gives back everything that the request was charged.
    #[cold]
    pub(super) fn new(mut asked: Charges, refused: Refused) -> Self {
        asked.release();
        Self { asked, refused }
    }

    /// Gives back everything that the request was charged since the mark.
    #[cold]
    pub(super) fn since(mark: &Mark, charges: &mut Charges, refused: Refused) -> Self {
        let asked = charges.standings_since(mark);
        charges.roll_back(mark);
        Self { asked, refused }
    }

    /// Returns the reason: [`RateLimited`](RejectionKind::RateLimited),
    /// [`QuotaExhausted`](RejectionKind::QuotaExhausted),
    /// [`CreditsExhausted`](RejectionKind::CreditsExhausted), or
    /// [`Unavailable`](RejectionKind::Unavailable) where the rest is kept for another class or a store
    /// does not answer.
    pub const fn kind(&self) -> RejectionKind {
        self.refused.kind
    }

    /// Returns the configured name of the limit that refused.
    pub fn limit(&self) -> &str {
        let rules = self.asked.rules();
        rules.map_or("", |rules| rules.name(self.refused.limit))
    }

    /// Returns the exact time after which the same request passes, if nothing else is charged until
    /// then; `None` if waiting does not help, or nobody knows how long (a concurrent limit).
    pub const fn wait(&self) -> Option<Duration> {
        self.refused.wait
    }

    /// Returns the value of `Retry-After` in whole seconds, at least 1 and never earlier than
    /// [`wait`](Self::wait); `None` if waiting does not help (credits).
    ///
    /// From ten seconds on, up to a tenth more is added, at most 30 s, by the key: so those who were
    /// refused together do not return together.
    pub fn retry_after(&self) -> Option<Duration> {
        if self.refused.kind == RejectionKind::CreditsExhausted {
            return None;
        }
        let wait = self.refused.wait.unwrap_or(Duration::from_secs(1));
        let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let most = match wait.as_secs() {
            0..10 => 0,
            secs => (secs / 10).min(30),
        };
        Some(Duration::from_secs(
            rounded.max(1) + self.refused.spread % (most + 1),
        ))
    }

    /// Returns what each rate limit that was asked had left, in the order in which they were asked;
    /// the last one is the limit that refused, if it is a rate limit.
    pub fn standings(&self) -> impl Iterator<Item = Standing<'_>> {
        self.asked.standings()
    }

    /// Returns the standing of the limit that refused; `None` unless it is a rate limit.
    pub fn standing(&self) -> Option<Standing<'_>> {
        let rules = self.asked.rules()?;
        let charge = self.asked.last()?;
        (charge.limit == self.refused.limit).then(|| rules.standing(charge))?
    }
}

impl fmt::Debug for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exceeded")
            .field("limit", &self.limit())
            .field("kind", &self.refused.kind)
            .field("wait", &self.refused.wait)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the limit `{}` refused the request: {}",
            self.limit(),
            self.refused.kind
        )
    }
}

impl std::error::Error for Exceeded {}

/// Why a limit refuses.
pub(super) struct Refused {
    pub(super) limit: u16,
    pub(super) kind: RejectionKind,
    pub(super) wait: Option<Duration>,
    pub(super) spread: u64,
}

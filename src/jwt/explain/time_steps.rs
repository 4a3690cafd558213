//! The times of a token.

use super::case::Case;
use super::step_name::StepName;
use super::wording::Wording;
use crate::clock::{Leeway, UnixTime};
use crate::jwt::claim_name::ClaimName;
use crate::jwt::contrast::Contrast;

impl Case<'_> {
    /// Returns the name and the value of the time that a step compares.
    fn time(&self, step: StepName) -> (ClaimName, Option<UnixTime>) {
        let times = self.with_claims(|token| token.claims.times);
        match step {
            StepName::NotBefore => (ClaimName::Nbf, times.and_then(|times| times.not_before)),
            StepName::IssuedAt => (ClaimName::Iat, times.and_then(|times| times.issued_by())),
            _ => (ClaimName::Exp, times.and_then(|times| times.expires_at)),
        }
    }

    fn leeway(&self) -> Leeway {
        self.rules.map(|rules| rules.leeway).unwrap_or_default()
    }

    fn expected_time(&self, step: StepName) -> String {
        let (name, now) = (
            self.time(step).0.as_str(),
            self.now.map_or(0, UnixTime::as_secs),
        );
        let leeway = self.leeway().as_secs();
        let not = match step {
            StepName::Expiry => "",
            _ => "not ",
        };
        format!("`{name}` {not}after {now} (now), with a leeway of {leeway} seconds")
    }

    pub(super) fn time_passed(&self, step: StepName) -> Option<Wording> {
        let (time, now) = (self.time(step).1?.as_secs(), self.now?.as_secs());
        let side = if time < now { "before" } else { "after" };
        let found = format!("{time}, {} seconds {side} now", time.abs_diff(now));
        Some(Wording::new(self.expected_time(step), found))
    }

    pub(super) fn time_failed(&self, step: StepName, said: Option<&Contrast>) -> Wording {
        let Some(said) = said else {
            let found = format!("`{}` is absent", self.time(step).0.as_str());
            let words = Wording::new(self.expected_time(step), found);
            return words.hint(
                "let the issuer set `exp`; with `allow_missing_expiry` such a token never expires",
            );
        };
        let time = self.time(step).1.map_or(0, UnixTime::as_secs);
        let apart = time.abs_diff(self.now.map_or(0, UnixTime::as_secs));
        let leeway = self.leeway().as_secs();
        let words = Wording::from(said.clone());
        if step != StepName::Expiry {
            return words.hint(format!(
                "the issuer's clock is {apart} seconds ahead of this one: check both clocks; the \
                 leeway is {leeway} seconds, and `leeway` allows up to {}",
                Leeway::MAX.as_secs()
            ));
        }
        if time < EARLIEST {
            return words.hint("`exp` is a time since 1970, and the value looks like a lifetime");
        }
        let clocks = match apart <= Leeway::MAX.as_secs() {
            true => format!("; or check the clocks: the leeway is {leeway} seconds"),
            false => String::new(),
        };
        words.hint(format!(
            "expired {apart} seconds ago: the client must obtain a new token{clocks}"
        ))
    }
}

/// No token expired before the year 2001.
const EARLIEST: u64 = 1_000_000_000;

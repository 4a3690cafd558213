//! What becomes of a presented refresh token.

use std::time::Duration;

use super::family::RefreshFamily;
use super::family::SpentToken;
use super::request::RefreshRequest;
use super::successor;
use super::token::RefreshToken;
use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;

/// What is to be done about a token of a family.
pub(crate) enum Verdict {
    /// It is good: spend it.
    Rotate,
    /// It was spent a moment ago by the same client: this is its successor.
    Repeat(RefreshToken),
    /// It was spent before: revoke the family.
    Revoke,
    /// It is no good.
    Refuse(Rejection),
}

/// A token with all that decides about it.
pub(crate) struct Case<'a> {
    pub(crate) token: &'a RefreshToken,
    pub(crate) request: &'a RefreshRequest<'a>,
    pub(crate) family: &'a RefreshFamily,
    pub(crate) now: UnixTime,
    pub(crate) grace: Duration,
}

impl Case<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        let is_current = self.token.digest() == self.family.current();
        match (self.family.revoked(), self.family.grant().is_over(self.now)) {
            (Some(_), _) if is_current => Verdict::Refuse(RejectionKind::TokenRevoked.into()),
            (Some(_), _) => Verdict::Refuse(RejectionKind::RefreshReused.into()),
            (None, true) => Verdict::Refuse(RejectionKind::RefreshExpired.into()),
            (None, false) if is_current => self.of_the_current(),
            (None, false) => self.of_a_spent(),
        }
    }

    fn of_the_current(&self) -> Verdict {
        match self.request.check(self.family) {
            Ok(()) => Verdict::Rotate,
            Err(rejection) => Verdict::Refuse(rejection),
        }
    }

    fn of_a_spent(&self) -> Verdict {
        let is_honest = self.request.check(self.family).is_ok();
        let in_grace = self.family.spent().is_some_and(|s| self.is_in_grace(s));
        let successor = (is_honest && in_grace).then(|| successor::open(self.token, self.family));
        successor.flatten().map_or(Verdict::Revoke, Verdict::Repeat)
    }

    fn is_in_grace(&self, spent: &SpentToken) -> bool {
        let end = spent.at().saturating_add(self.grace);
        // The clocks of two nodes differ a little; one that was set back must not prolong it.
        let is_known = spent.at() <= self.now.saturating_add(self.grace);
        let is_now = is_known && !end.has_passed(self.now, Leeway::ZERO);
        is_now && spent.digest() == self.token.digest()
    }
}

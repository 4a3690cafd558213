//! What becomes of a presented refresh token.

use std::time::Duration;

use crate::clock::Leeway;
use crate::clock::UnixTime;
use crate::issue::refresh::request::RefreshRequest;
use crate::issue::refresh::seal;
use crate::issue::refresh::token::RefreshToken;
use crate::rejection::Rejection;
use crate::rejection::RejectionKind;
use crate::store::RefreshFamily;
use crate::store::SpentToken;

/// What is to be done about a token of a family.
pub(super) enum Verdict {
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
pub(super) struct Case<'a> {
    pub(super) token: &'a RefreshToken,
    pub(super) request: &'a RefreshRequest<'a>,
    pub(super) family: &'a RefreshFamily,
    pub(super) now: UnixTime,
    pub(super) grace: Duration,
}

impl Case<'_> {
    pub(super) fn verdict(&self) -> Verdict {
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
        let successor = (is_honest && in_grace).then(|| seal::open(self.token, self.family));
        successor.flatten().map_or(Verdict::Revoke, Verdict::Repeat)
    }

    fn is_in_grace(&self, spent: &SpentToken) -> bool {
        let end = spent.at().saturating_add(self.grace);
        // The clocks of two nodes differ a little; one that was set back must not prolong it.
        let is_known = spent.at() <= self.now.saturating_add(self.grace);
        let is_now = is_known && !end.is_over(self.now, Leeway::ZERO);
        is_now && spent.digest() == self.token.digest()
    }
}

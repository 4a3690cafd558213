//! The evaluation of a presented refresh token.

use std::time::Duration;

use super::family::RefreshFamily;
use super::request::RotateRequest;
use super::successor;
use super::token::RefreshToken;
use crate::clock::{Leeway, UnixTime};
use crate::error::{Rejection, RejectionKind};

/// What is to be done about a presented token.
pub(crate) enum Outcome {
    /// It is the current token: spend it.
    Rotate,
    /// It was spent within the reuse window by the same client: this is its successor.
    Repeat(RefreshToken),
    /// It was spent before: revoke the family.
    Revoke,
    /// It is refused.
    Refuse(Rejection),
}

/// A presented token with everything that the outcome depends on.
pub(crate) struct Presentation<'a> {
    pub(crate) token: &'a RefreshToken,
    pub(crate) request: &'a RotateRequest<'a>,
    pub(crate) family: &'a RefreshFamily,
    pub(crate) now: UnixTime,
    pub(crate) reuse_window: Duration,
}

impl Presentation<'_> {
    pub(crate) fn outcome(&self) -> Outcome {
        let is_current = self.token.digest() == self.family.current;
        match (self.family.revoked, self.family.grant.has_expired(self.now)) {
            (Some(_), _) if is_current => Outcome::Refuse(RejectionKind::TokenRevoked.into()),
            (Some(_), _) => Outcome::Refuse(RejectionKind::RefreshReused.into()),
            (None, true) => Outcome::Refuse(RejectionKind::RefreshExpired.into()),
            (None, false) if is_current => match self.request.check(self.family) {
                Ok(()) => Outcome::Rotate,
                Err(rejection) => Outcome::Refuse(rejection),
            },
            (None, false) => {
                let is_same_client = self.request.check(self.family).is_ok();
                let is_repeat = is_same_client && self.is_in_reuse_window();
                let successor = is_repeat.then(|| successor::open(self.token, self.family));
                successor.flatten().map_or(Outcome::Revoke, Outcome::Repeat)
            }
        }
    }

    /// Returns true if the token is the one that was spent last, within the reuse window.
    fn is_in_reuse_window(&self) -> bool {
        let (Some(spent), Some(at)) = (self.family.spent, self.family.spent_at) else {
            return false;
        };
        let end = at.saturating_add(self.reuse_window);
        // The clocks of two nodes differ a little; a clock that was set back must not extend it.
        let is_near = at <= self.now.saturating_add(self.reuse_window);
        let is_open = is_near && !end.has_passed(self.now, Leeway::ZERO);
        is_open && spent == self.token.digest()
    }
}

//! The evaluation of a presented refresh token.

use std::time::Duration;

use super::family::{RefreshFamily, SpentToken};
use super::request::RotateRequest;
use super::successor;
use super::token::RefreshToken;
use crate::clock::{Leeway, UnixTime};
use crate::error::{Rejection, RejectionKind};
use crate::limits;

/// What is to be done about a presented token.
pub(crate) enum Outcome {
    /// It is the current token: spend it.
    Rotate,
    /// It was spent within the reuse window by the same client: this is its successor.
    Repeat(RefreshToken),
    /// It was spent within the reuse window by the same client, and so was its successor: refuse
    /// it, and leave the family as it is.
    Late,
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
            (Some(_), _) => Outcome::Refuse(reused()),
            (None, true) => {
                let expired = Rejection::new(RejectionKind::RefreshExpired);
                Outcome::Refuse(expired.with_source(EXPIRED))
            }
            (None, false) if is_current => {
                let checked = self.request.check(self.family);
                match checked.and_then(|()| self.request.check_scope(self.family)) {
                    Ok(()) => Outcome::Rotate,
                    Err(rejection) => Outcome::Refuse(rejection),
                }
            }
            (None, false) if self.request.check(self.family).is_ok() => self.repeated(),
            (None, false) => Outcome::Revoke,
        }
    }

    /// What is to be done about a token that was spent before, by the same client and key.
    ///
    /// Two tabs, or a client that lost a response, present a spent token within seconds. A thief
    /// gets nothing by it either: the successor was used, and only the family's newest token
    /// gives another one.
    fn repeated(&self) -> Outcome {
        let digest = self.token.digest();
        let (spent, at) = (self.family.spent, self.family.spent_at);
        if spent == Some(digest) && at.is_some_and(|at| self.is_in_reuse_window(at)) {
            let Some(successor) = successor::open(self.token, self.family) else {
                return Outcome::Revoke;
            };
            return match self.request.check_scope(self.family) {
                Ok(()) => Outcome::Repeat(successor),
                Err(rejection) => Outcome::Refuse(rejection),
            };
        }
        let mut earlier = self.family.earlier.iter();
        let is_late =
            |spent: &SpentToken| spent.digest == digest && self.is_in_reuse_window(spent.at);
        match earlier.any(is_late) {
            true => Outcome::Late,
            false => Outcome::Revoke,
        }
    }

    /// The spent tokens that a rotation keeps, besides the one that it spends.
    pub(crate) fn kept_earlier(&self) -> Vec<SpentToken> {
        let (spent, at) = (self.family.spent, self.family.spent_at);
        let last = spent
            .zip(at)
            .map(|(digest, at)| SpentToken::new(digest, at));
        let all = last.into_iter().chain(self.family.earlier.iter().copied());
        let kept = all.filter(|spent| self.is_in_reuse_window(spent.at));
        kept.take(limits::REFRESH_EARLIER).collect()
    }

    /// Returns true if what was spent at this time is within the reuse window.
    fn is_in_reuse_window(&self, at: UnixTime) -> bool {
        let end = at.saturating_add(self.reuse_window);
        // The clocks of two nodes differ a little; a clock that was set back must not extend it.
        let is_near = at <= self.now.saturating_add(self.reuse_window);
        is_near && !end.has_passed(self.now, Leeway::ZERO)
    }
}

/// The rejection of a token that was spent, or whose family was revoked for such a token.
pub(crate) fn reused() -> Rejection {
    Rejection::new(RejectionKind::RefreshReused).with_source(REUSED)
}

const EXPIRED: &str = "expected a token within its idle and absolute lifetime, found one that is \
                       over; let the user sign in again";
const REUSED: &str = "expected the newest token of its family, found one that was used before; it \
                      was stolen, or the client repeats requests: let the user sign in again";

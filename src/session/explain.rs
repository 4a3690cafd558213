//! Explanation of session ids.

use std::sync::Arc;

use super::id::SessionId;
use super::record::SessionRecord;
use super::validator::{NOT_THIS_MACHINE, SessionValidator};
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::diagnosis::{Explanation, Step, StepList, error_chain};
use crate::error::{Rejection, RejectionKind, StoreError};
use crate::grant::store::Lookup;
use crate::now_or_later::NowOrLater;
use crate::principal::PrincipalKind;
use crate::validator::check_kind;

/// The steps in the order of the checks.
const STEPS: &[&str] = &[
    "host",
    "format",
    "clock",
    "scheme",
    "session",
    "revocation",
    "authority",
    "expiry",
];

impl SessionValidator {
    /// Explains a session id. It writes no use.
    pub(super) fn explained<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let mut steps = StepList::new(STEPS);
        if !self.may_be_sent(presented) {
            let step = Step::failed("host")
                .expected("a request for this machine, because the cookie is insecure")
                .found("a request for another host")
                .hint("use `SessionCookie::new` and TLS where the service has another name");
            let rejection = Rejection::new(RejectionKind::AddressDenied);
            return NowOrLater::now(steps.reject(rejection.with_source(NOT_THIS_MACHINE), step));
        }
        let text = presented.credential().expose();
        let Some(id) = SessionId::parse(text) else {
            let step = Step::failed("format")
                .expected("a session id of this crate")
                .found(format!("another text of {} characters", text.len()))
                .hint("another application on this host may set a cookie of this name");
            return NowOrLater::now(steps.reject(RejectionKind::TokenMalformed.into(), step));
        };
        let Some(now) = presented.now().or_else(|| self.clock.now()) else {
            let rejection = RejectionKind::Unavailable.into();
            return NowOrLater::now(steps.reject(rejection, Step::no_time()));
        };
        let scheme = presented.credential().scheme();
        if let Err(kind) = check_kind(scheme, PrincipalKind::Session) {
            let step = Step::failed("scheme")
                .expected("a session id in its cookie")
                .found(format!("one under `{scheme}`"));
            return NowOrLater::now(steps.reject(kind.into(), step));
        }
        steps.add(Step::ok("scheme"));
        let found = self.store.find(id.digest());
        found.map(move |found| self.of_lookup(steps, found, now))
    }

    fn of_lookup(
        &self,
        steps: StepList,
        found: Result<Lookup<Arc<SessionRecord>>, StoreError>,
        now: UnixTime,
    ) -> Explanation {
        match found {
            Ok(Lookup::Live(session)) => self.of_session(steps, &session, now),
            Ok(Lookup::Revoked) => {
                let step = Step::failed("revocation")
                    .expected("a session that is not revoked")
                    .found("a session that was revoked, or whose subject or client was")
                    .hint("the user logged out, or was logged out; let the user log in again");
                steps.reject(RejectionKind::TokenRevoked.into(), step)
            }
            Ok(Lookup::Unknown) => {
                let step = Step::failed("session")
                    .expected("a session of this id in the store")
                    .found("none")
                    .hint(UNKNOWN);
                steps.reject(RejectionKind::SessionUnknown.into(), step)
            }
            Err(error) => {
                let rejection = Rejection::from(error);
                let step = Step::failed("session")
                    .expected("an answer of the store")
                    .found(error_chain(&rejection))
                    .hint("the session may be valid; look at the store");
                steps.reject(rejection, step)
            }
        }
    }

    fn of_session(
        &self,
        mut steps: StepList,
        session: &SessionRecord,
        now: UnixTime,
    ) -> Explanation {
        let grant = &session.grant;
        if *grant.authority() != self.authority {
            let step = Step::failed("authority")
                .expected(self.authority.to_string())
                .found(grant.authority().to_string())
                .hint("two services share this store under different authorities");
            return steps.reject(RejectionKind::SessionUnknown.into(), step);
        }
        if grant.has_expired(now) {
            let step = Step::failed("expiry")
                .expected(format!("an end after now, {now}"))
                .found(format!(
                    "absolute end {}, and {} after {} idle seconds",
                    grant.expires(),
                    grant.last_used().saturating_add(grant.idle()),
                    grant.idle().as_secs()
                ))
                .hint("let the user log in again, or set longer timeouts for new sessions");
            return steps.reject(RejectionKind::SessionExpired.into(), step);
        }
        steps.add(Step::ok("expiry").found(format!("{}, if unused", grant.expires_if_unused())));
        steps.accept()
    }
}

const UNKNOWN: &str = "it expired and was purged, its id was replaced, or the store is another one \
                       or was emptied (a memory store ends with its process)";

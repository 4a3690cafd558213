//! Events about requests that a gate admitted or refused.

use crate::event::{Event, Observer};
use crate::http_response::Refusal;
use crate::principal::Principal;

/// Reports that a caller was allowed.
pub(super) fn report_admitted(observer: Option<&dyn Observer>, caller: &Principal) {
    let Some(observer) = observer else {
        return;
    };
    observer.observe(&Event::Admitted {
        authority: caller.authority().as_str(),
        credential: caller.kind().as_str(),
    });
}

/// Reports a refusal, of this caller if the credential was accepted.
#[cold]
pub(super) fn report_refused(
    observer: Option<&dyn Observer>,
    refusal: &Refusal,
    caller: Option<&Principal>,
) {
    let Some(observer) = observer else {
        return;
    };
    let reasons = refusal.decision().map(|decision| decision.reasons());
    let reason = reasons.and_then(|reasons| reasons.first());
    observer.observe(&Event::Refused {
        rejection: refusal.kind().as_str(),
        status: refusal.status().as_u16(),
        claim: refusal.rejection().claim(),
        reason: reason.map(|reason| reason.code().as_str()),
        caller: caller.map(|caller| (caller.authority().as_str(), caller.kind().as_str())),
    });
}

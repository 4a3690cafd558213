//! What Cedar answered, as a decision.

use std::sync::Arc;

use cedar_policy::AuthorizationError;
use cedar_policy::Authorizer;
use cedar_policy::Effect;
use cedar_policy::PolicyId;
use cedar_policy::Response;

use super::Inner;
use super::question::Gap;
use crate::policy::AccessRequest;
use crate::policy::Decision;
use crate::policy::Reason;
use crate::policy::ReasonCode;

pub(super) fn decide(own: &Inner, request: &AccessRequest<'_>) -> Decision {
    match own.question(request) {
        Ok((question, entities)) => {
            let response = Authorizer::new().is_authorized(&question, &own.policies, &entities);
            own.decision(&response)
        }
        Err(gap) => denied(ReasonCode::Unknown, [Arc::from(gap.name())]),
    }
}

impl Inner {
    fn decision(&self, response: &Response) -> Decision {
        let (permits, forbids) = self.failed(response);
        // Cedar passes over what fails; a rule that protects must not be lost so.
        if !forbids.is_empty() {
            return denied(ReasonCode::Unknown, forbids);
        }
        let reasons = self.names(response.diagnostics().reason());
        match (response.decision(), reasons.first()) {
            (cedar_policy::Decision::Allow, Some(name)) => {
                Decision::allow().with_reason(Reason::new(ReasonCode::Met, Arc::clone(name)))
            }
            (cedar_policy::Decision::Allow, None) => Decision::allow(),
            (cedar_policy::Decision::Deny, Some(_)) => denied(ReasonCode::Forbidden, reasons),
            (cedar_policy::Decision::Deny, None) if permits.is_empty() => {
                denied(ReasonCode::Unmatched, [Arc::from("no policy")])
            }
            (cedar_policy::Decision::Deny, None) => denied(ReasonCode::Unknown, permits),
        }
    }

    /// Returns the policies that failed: those that certainly permit, and all others.
    fn failed(&self, response: &Response) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let failed = response.diagnostics().errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
        });
        let (permits, forbids): (Vec<_>, Vec<_>) = failed.partition(|id| {
            let note = self.notes.get(*id);
            note.is_some_and(|note| note.effect == Effect::Permit)
        });
        (self.names(permits), self.names(forbids))
    }

    /// Returns the names of policies in an order that does not change.
    fn names<'i>(&self, ids: impl IntoIterator<Item = &'i PolicyId>) -> Vec<Arc<str>> {
        let name = |id| match self.notes.get(id) {
            Some(note) => Arc::clone(&note.name),
            None => Arc::from("a policy"),
        };
        let mut names: Vec<_> = ids.into_iter().map(name).collect();
        names.sort();
        names
    }
}

impl Gap {
    const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Resource => "resource",
            Self::Schema => "the request does not fit the schema",
        }
    }
}

fn denied(code: ReasonCode, names: impl IntoIterator<Item = Arc<str>>) -> Decision {
    let reasons = names.into_iter().map(|name| Reason::new(code, name));
    reasons.fold(Decision::deny(), Decision::with_reason)
}

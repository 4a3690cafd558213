//! The decision about a request, from the response of Cedar's engine.

use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer as Engine, Effect, PolicyId, Response};

use super::authorizer::{CedarAuthorizer, CedarPolicies};
use super::cedar_request::Gap;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Authorizer, Decision, Needs, Reason, ReasonCode, ServiceFact};

impl CedarAuthorizer {
    /// Decides about a request. It never waits, and it is total: whatever is not known is a denial
    /// with its reason.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        match self.0.cedar_request(request) {
            Ok((request, entities)) => {
                let response = Engine::new().is_authorized(&request, &self.0.policies, &entities);
                self.0.decision(&response)
            }
            Err(gap) => denied(ReasonCode::Unknown, [gap.name()]),
        }
    }
}

impl Authorizer for CedarAuthorizer {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        match self.0.default_resource {
            Some(_) => Needs::unknown(),
            None => Needs::unknown().for_all("a Cedar policy", ServiceFact::Resource),
        }
    }
}

impl CedarPolicies {
    fn decision(&self, response: &Response) -> Decision {
        let (permits, forbids) = self.failed(response);
        // Cedar ignores policies that fail; a `forbid` must not be ignored.
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

    /// Returns the names of the policies that failed: the `permit` policies, and all others.
    fn failed(&self, response: &Response) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let failed = response.diagnostics().errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
        });
        let (permits, forbids): (Vec<_>, Vec<_>) = failed.partition(|id| {
            let label = self.labels.get(*id);
            label.is_some_and(|label| label.effect == Effect::Permit)
        });
        (self.names(permits), self.names(forbids))
    }

    /// Returns the names of policies, sorted.
    fn names<'i>(&self, ids: impl IntoIterator<Item = &'i PolicyId>) -> Vec<Arc<str>> {
        let name = |id| match self.labels.get(id) {
            Some(label) => Arc::clone(&label.name),
            None => Arc::from("a policy"),
        };
        let mut names: Vec<_> = ids.into_iter().map(name).collect();
        names.sort();
        names
    }
}

impl Gap {
    /// Returns its name, of the configuration, never a value of the request.
    fn name(self) -> Arc<str> {
        match self {
            Self::Action => "action".into(),
            Self::Attribute(name) => format!("attribute {name}").into(),
            Self::BareId => "id of the caller, of an authority that is not named".into(),
            Self::Claim(name) => format!("claim {name}").into(),
            Self::Header(name) => name,
            Self::Param(name) => format!("parameter {name}").into(),
            Self::Resource => "resource".into(),
            Self::Schema => "the request does not fit the schema".into(),
        }
    }
}

fn denied(code: ReasonCode, names: impl IntoIterator<Item = Arc<str>>) -> Decision {
    let reasons = names.into_iter().map(|name| Reason::new(code, name));
    reasons.fold(Decision::deny(), Decision::with_reason)
}

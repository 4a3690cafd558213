//! Diagnosis of a validator: weak configuration, and the state of its key sources.

use super::issuer_rules::{AcceptedIssuers, AcceptedNames, IssuerRules, KeySource, Purpose};
use super::requirement::Requirement;
use super::validator::JwtValidator;
use crate::diagnosis::{Finding, gather};
use crate::key::key_findings;
use crate::now_or_later::NowOrLater;

impl JwtValidator {
    pub(super) fn findings(&self) -> NowOrLater<'_, Vec<Finding>> {
        gather(self.issuers.rules().flat_map(|rules| {
            let keys = match &rules.keys {
                KeySource::Fixed(keys) => NowOrLater::now(key_findings(&rules.subject(), keys)),
                KeySource::Store(store) => store.diagnose(),
            };
            [NowOrLater::now(rules.warnings()), keys]
        }))
    }
}

impl IssuerRules {
    fn subject(&self) -> String {
        format!("issuer {}", self.authority.as_str())
    }

    fn warnings(&self) -> Vec<Finding> {
        let names_clients = self
            .requirements
            .iter()
            .any(|d| matches!(d, Requirement::Clients { .. }));
        let is_id = matches!(self.purpose, Purpose::IdToken(_));
        let mut warnings = Vec::new();
        if matches!(self.issuers, AcceptedIssuers::Any) {
            let text = "the issuer is not checked: any_issuer()";
            warnings.push(Finding::warning(self.subject(), text).hint(ANY_ISSUER));
        }
        if matches!(self.audiences, AcceptedNames::Any) && !names_clients && !is_id {
            let text = "the audience is not checked: any_audience() without allow_clients()";
            warnings.push(Finding::warning(self.subject(), text).hint(ANY_AUDIENCE));
        }
        warnings
    }
}

const ANY_ISSUER: &str = "name the issuer with issuer()";
const ANY_AUDIENCE: &str = "name the audience of this service with audience(), or, if tokens have \
                            none, the clients with allow_clients()";

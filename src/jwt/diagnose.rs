//! What is doubtful about a configuration, and what its key sources say of themselves.

use super::JwtValidator;
use super::demand::Demand;
use super::issuer_rules::Issuers;
use super::issuer_rules::Keys;
use super::issuer_rules::Names;
use super::issuer_rules::Purpose;
use super::issuer_rules::Trust;
use crate::diagnosis::Finding;
use crate::diagnosis::gather;
use crate::key::of_keys;
use crate::now_or_later::NowOrLater;

impl JwtValidator {
    pub(super) fn examined(&self) -> NowOrLater<'_, Vec<Finding>> {
        gather(self.issuers.trusts().flat_map(|trust| {
            let keys = match &trust.keys {
                Keys::Fixed(keys) => NowOrLater::now(of_keys(&trust.subject(), keys)),
                Keys::Store(store) => store.diagnose(),
            };
            [NowOrLater::now(trust.doubts()), keys]
        }))
    }
}

impl Trust {
    fn subject(&self) -> String {
        format!("issuer {}", self.authority.as_str())
    }

    fn doubts(&self) -> Vec<Finding> {
        let names_clients = self.demands.iter().any(|d| matches!(d, Demand::Clients(_)));
        let is_id = matches!(self.purpose, Purpose::IdToken(_));
        let mut doubts = Vec::new();
        if matches!(self.issuers, Issuers::Any) {
            let text = "the issuer is not checked: any_issuer()";
            doubts.push(Finding::warning(self.subject(), text).hint(ANY_ISSUER));
        }
        if matches!(self.audiences, Names::Any) && !names_clients && !is_id {
            let text = "any_audience() stands alone: tokens for every service are accepted";
            doubts.push(Finding::warning(self.subject(), text).hint(ANY_AUDIENCE));
        }
        doubts
    }
}

const ANY_ISSUER: &str = "name the issuer";
const ANY_AUDIENCE: &str = "name the audience of this service, or, where tokens have none, the \
                            clients with allow_clients()";

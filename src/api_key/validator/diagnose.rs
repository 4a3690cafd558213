//! The diagnosis of an API key validator: its store and its peppers.

use super::api_key_validator::ApiKeyValidator;
use crate::api_key::format::ApiKeyId;
use crate::api_key::store::{PepperCheck, PepperUse};
use crate::diagnosis::Finding;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

impl ApiKeyValidator {
    /// Asks the store, and compares the peppers with what it holds. Changes nothing.
    pub(super) fn find_problems(&self) -> NowOrLater<'_, Vec<Finding>> {
        let subject = format!("API keys of {}", self.scheme.authority());
        let asked = self.store.find(ApiKeyId::LEAST);
        asked.then(move |asked| {
            if let Err(error) = asked {
                return NowOrLater::now(vec![Finding::store_unreachable(subject, &error)]);
            }
            self.store.diagnose().then(move |mut found| {
                let uses = self.store.pepper_uses(self.scheme.authority().clone());
                uses.map(move |uses| {
                    found.extend(self.pepper_findings(&subject, uses));
                    found
                })
            })
        })
    }

    fn pepper_findings(
        &self,
        subject: &str,
        uses: Result<Option<Vec<PepperUse>>, StoreError>,
    ) -> Vec<Finding> {
        let uses = match uses {
            Ok(Some(uses)) => uses,
            Ok(None) => {
                let text = "the store keeps no check values of peppers, so a pepper that was \
                            swapped under its version is not noticed";
                return vec![Finding::warning(subject, text).hint(KEEP_CHECKS)];
            }
            Err(error) => return vec![Finding::store_unreachable(subject, &error)],
        };
        let own: Vec<_> = self.scheme.pepper_checks().collect();
        let configured = own.iter().map(|check| {
            let used = uses.iter().find(|used| used.version == check.version());
            configured_finding(subject, check, used)
        });
        let is_left = |used: &&PepperUse| {
            used.keys > 0 && own.iter().all(|check| check.version() != used.version)
        };
        let left = uses.iter().filter(is_left);
        let left = left.map(|used| self.left_finding(subject, used));
        configured.chain(left).collect()
    }

    /// Returns the finding about keys whose pepper is not configured.
    fn left_finding(&self, subject: &str, used: &PepperUse) -> Finding {
        let (count, version) = (keys(used.keys), used.version);
        if version != 0 {
            let text = format!(
                "{count} made under version {version} of the pepper, which is not configured: \
                 requests with them are `unavailable`"
            );
            return Finding::error(subject, text).hint(ADD_OLDER);
        }
        let text = format!("{count} imported as a SHA-256 digest, without a pepper");
        let legacy = self.scheme.legacy();
        if legacy.is_some_and(|legacy| legacy.takes_sha256()) {
            return Finding::ok(subject, format!("{text}, until first used"));
        }
        let text = format!("{text}, which the scheme does not take: they are never accepted");
        Finding::error(subject, text).hint(TAKE_SHA256)
    }
}

/// Returns the finding about a configured pepper.
fn configured_finding(subject: &str, check: &PepperCheck, used: Option<&PepperUse>) -> Finding {
    let version = check.version();
    let count = keys(used.map_or(0, |used| used.keys));
    match used.and_then(|used| used.check) {
        Some(kept) if kept == *check => Finding::ok(
            subject,
            format!("version {version} of the pepper is the expected one; {count} made under it"),
        ),
        Some(_) => {
            let text = format!(
                "expected under version {version} the pepper with which the keys in the store were \
                 made, found another one: all requests with keys are `unavailable`"
            );
            Finding::error(subject, text).hint(GIVE_FORMER)
        }
        None if used.is_some_and(|used| used.keys > 0) => {
            let text = format!(
                "it is not known whether version {version} of the pepper is the expected one: \
                 {count} made under it, none of them used since check values are kept"
            );
            Finding::warning(subject, text).hint(USE_ONE)
        }
        None => {
            let text = format!("version {version} of the pepper has not been used yet");
            Finding::ok(subject, text)
        }
    }
}

fn keys(count: u64) -> String {
    match count {
        1 => "1 key was".to_owned(),
        count => format!("{count} keys were"),
    }
}

const ADD_OLDER: &str = "add the pepper of this version with `PepperSet::with_older`, or revoke \
                         these keys and issue new ones";
const GIVE_FORMER: &str = "give the version its former bytes, and a new pepper the next version \
                           (`PepperSet::new(2, ..)` with `with_older(1, ..)`)";
const KEEP_CHECKS: &str = "implement `ApiKeyStore::keep_pepper_check` and `pepper_uses`, if the \
                           store is your own";
const TAKE_SHA256: &str = "call `LegacyFormat::with_imported_sha256`, or issue new keys";
const USE_ONE: &str = "send a request with one of these keys: if it is accepted, the check value is \
                       kept";

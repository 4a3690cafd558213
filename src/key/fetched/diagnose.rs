//! The diagnosis of a source of keys: the same requests as a fetch, with a finding for each.

use std::error::Error;

use http::{HeaderMap, StatusCode, header};
use time::{Date, Month};

use super::fetch_problem::FetchProblem;
use super::load::{DOCUMENT_TYPES, Discovery, DocumentError, JWKS_TYPES, KeySource, Loader};
use crate::clock::{Clock, UnixTime};
use crate::diagnosis::Finding;
use crate::http_client::{Endpoint, HttpResponse};
use crate::key::set::KeySet;
use crate::limits;

/// A larger difference of the clocks is a warning, one beyond the leeway an error.
const WARNING_SECS: u64 = 5;

impl Loader {
    /// Asks the source, even if keys are known already, and changes nothing.
    pub(super) async fn diagnose(&self, clock: &dyn Clock) -> Vec<Finding> {
        let mut found = Vec::new();
        let endpoint = match &self.source {
            KeySource::Configured { endpoint, .. } => Some(endpoint.clone()),
            KeySource::Discovered(discovery) => {
                self.diagnose_discovery(discovery, &mut found).await
            }
        };
        let Some(endpoint) = endpoint else {
            return found;
        };
        let subject = format!("keys {endpoint}");
        let response = match self.get(&endpoint, JWKS_TYPES).await {
            Ok(response) => response,
            Err(problem) => {
                found.push(error_finding(subject, &problem).hint(NETWORK));
                return found;
            }
        };
        found.extend(clock_finding(&subject, clock, response.headers()));
        if response.status() != StatusCode::OK {
            let text = format!("the source answered {}", response.status());
            found.push(Finding::error(subject, text).hint(STATUS));
            return found;
        }
        match self.keys(response.body()) {
            Ok(keys) => found.extend(key_findings(&subject, &keys)),
            Err(problem) => found.push(error_finding(subject, &problem).hint(NO_KEYS)),
        }
        found
    }

    /// Reads the discovery document and returns the address of the keys.
    async fn diagnose_discovery(
        &self,
        source: &Discovery,
        found: &mut Vec<Finding>,
    ) -> Option<Endpoint> {
        for address in &source.addresses {
            let subject = format!("discovery {address}");
            let response = match self.get(address, DOCUMENT_TYPES).await {
                Ok(response) => response,
                Err(problem) => {
                    found.push(error_finding(subject, &problem).hint(NETWORK));
                    return None;
                }
            };
            match source.read(&response, address) {
                Ok(endpoint) => {
                    let text = format!("is of this issuer and names the keys at {endpoint}");
                    found.push(Finding::ok(subject, text));
                    return Some(endpoint);
                }
                Err(DocumentError::NotHere) => {}
                Err(DocumentError::Failed(problem)) => {
                    let text = format!("{} ({})", text_with_causes(&problem), response.status());
                    found.push(Finding::error(subject, text).hint(STATUS));
                    return None;
                }
                Err(DocumentError::Refused(problem)) => {
                    found.push(error_finding(subject, &problem).hint(DOCUMENT));
                    return None;
                }
            }
        }
        let subject = format!("discovery {}", source.issuer);
        found.push(Finding::error(subject, "there is no discovery document").hint(NO_DOCUMENT));
        None
    }

    async fn get(&self, at: &Endpoint, types: &'static str) -> Result<HttpResponse, FetchProblem> {
        let request = self.request(at.clone(), types)?;
        self.send(request).await
    }
}

/// Compares the clocks by the `Date` of a response.
fn clock_finding(subject: &str, clock: &dyn Clock, headers: &HeaderMap) -> Option<Finding> {
    let now = clock.now()?.as_secs();
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let theirs = http_date(date)?.as_secs();
    let text = match now.abs_diff(theirs) {
        0..=1 => "the clocks agree".to_owned(),
        secs if now > theirs => format!("this clock is {secs} s ahead of the source's"),
        secs => format!("this clock is {secs} s behind the source's"),
    };
    Some(match now.abs_diff(theirs) {
        0..=WARNING_SECS => Finding::ok(subject, text),
        secs if secs <= limits::LEEWAY.as_secs() => Finding::warning(subject, text).hint(CLOCK),
        _ => Finding::error(subject, text).hint(CLOCK),
    })
}

const NETWORK: &str = "check name resolution, firewall, proxy and certificates between this host \
                       and the source; a private CA must be given to the client";
const STATUS: &str = "ask the address by hand; a redirect is not followed, so give the address \
                      that it leads to, and give credentials where the source wants them";
const DOCUMENT: &str = "give the issuer exactly as the document spells it, to the last slash, or \
                        trust the host that it names";
const NO_DOCUMENT: &str = "check the issuer, or give the address of the document or of the keys";
const NO_KEYS: &str = "check that the address is that of a JWK Set with public signing keys";
const KEY: &str = "tokens signed by this key are refused; have it replaced at the provider";
const CLOCK: &str = "let both hosts keep time by NTP; tokens are refused beyond the leeway";

/// Returns one finding for each member of a set: imported or skipped.
pub(crate) fn key_findings(subject: &str, keys: &KeySet) -> Vec<Finding> {
    let usable = keys.keys().iter().map(|key| {
        let kid = key.kid().unwrap_or("without `kid`");
        let algorithms: Vec<_> = key.algorithms().iter().map(|a| a.as_str()).collect();
        let text = format!("key `{kid}` verifies {}", algorithms.join(", "));
        Finding::ok(subject, text)
    });
    let skipped = keys.skipped().iter().map(|key| {
        let kid = key.kid().unwrap_or("without `kid`");
        let text = format!("key {} `{kid}` is skipped: {}", key.index(), key.reason());
        Finding::warning(subject, text).hint(KEY)
    });
    usable.chain(skipped).collect()
}

fn error_finding(subject: String, problem: &FetchProblem) -> Finding {
    Finding::error(subject, text_with_causes(problem))
}

/// The text of the problem and of its causes.
fn text_with_causes(problem: &FetchProblem) -> String {
    let mut text = problem.text().to_owned();
    let mut next: Option<&(dyn Error + 'static)> = problem.cause();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

/// Parses an HTTP date in its preferred form (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<UnixTime> {
    let (_, text) = text.split_once(", ")?;
    let mut parts = text.split([' ', ':']);
    let day = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = Month::try_from(u8::try_from(month + 1).ok()?).ok()?;
    let date = Date::from_calendar_date(parts.next()?.parse().ok()?, month, day).ok()?;
    let mut clock = || parts.next()?.parse::<u8>().ok();
    let time = date.with_hms(clock()?, clock()?, clock()?).ok()?;
    let secs = time.assume_utc().unix_timestamp();
    (parts.next()? == "GMT").then_some(())?;
    Some(UnixTime::from_secs(u64::try_from(secs).ok()?))
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_only_in_their_preferred_form() {
        let secs = |text| http_date(text).map(UnixTime::as_secs);
        assert_eq!(secs("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in [
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1934 08:49:37 GMT",
            "",
        ] {
            assert_eq!(secs(text), None, "{text}");
        }
    }
}

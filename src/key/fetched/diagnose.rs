//! The diagnosis of a source of keys: the same requests as a fetch, with a finding for each.

use http::{HeaderMap, StatusCode, header};
use time::{Date, Month};

use super::disk_cache::DiskCache;
use super::fetch_problem::FetchProblem;
use super::fetched_keys::{NOT_VALID_NOW, REPLACE_CERTIFICATES};
use super::load::{KeySource, Loader};
use super::source_keys::SourceKeys;
use crate::clock::{Clock, UnixTime};
use crate::diagnosis::{Finding, error_chain};
use crate::http_client::Endpoint;
use crate::key::set::KeySet;
use crate::limits;

/// A larger difference of the clocks is a warning, one beyond the leeway an error.
const WARNING_SECS: u64 = 5;

impl Loader {
    /// Asks the source, even if keys are known already, and changes nothing.
    pub(super) async fn diagnose(&self, clock: &dyn Clock) -> Vec<Finding> {
        let mut found: Vec<_> = self
            .disk_cache
            .iter()
            .filter_map(DiskCache::finding)
            .collect();
        let endpoint = match &self.source {
            KeySource::Configured { endpoint, .. } => endpoint.clone(),
            KeySource::Discovered(discovery) => match self.locate(discovery).await {
                Ok(located) => {
                    let subject = format!("discovery {}", located.place);
                    let text = format!("is of this issuer and names the keys at {}", located.keys);
                    found.push(Finding::ok(subject.as_str(), text));
                    found.extend(located.place.plain_http_finding(&subject));
                    located.keys
                }
                Err((place, problem)) => {
                    let place =
                        place.map_or_else(|| discovery.issuer.to_string(), Endpoint::to_string);
                    found.push(error_finding(format!("discovery {place}"), &problem));
                    return found;
                }
            },
        };
        found.extend(self.diagnose_keys(&endpoint, clock).await);
        found
    }

    async fn diagnose_keys(&self, endpoint: &Endpoint, clock: &dyn Clock) -> Vec<Finding> {
        let subject = format!("keys {endpoint}");
        let mut found = Vec::from_iter(endpoint.plain_http_finding(&subject));
        let response = match self
            .get(endpoint, self.form.types(), &HeaderMap::new())
            .await
        {
            Ok(response) => response,
            Err(problem) => {
                found.push(error_finding(subject, &problem));
                return found;
            }
        };
        found.extend(clock_finding(&subject, clock, response.headers()));
        let keys = match response.status() {
            StatusCode::OK => self.keys(&response),
            status => Err(FetchProblem::status(status)),
        };
        match keys {
            Ok(keys) => found.extend(source_findings(&subject, &keys, clock.now())),
            Err(problem) => found.push(error_finding(subject, &problem)),
        }
        found
    }
}

/// Returns one finding for each key of the source, used now or not.
fn source_findings(subject: &str, keys: &SourceKeys, now: Option<UnixTime>) -> Vec<Finding> {
    // Without a time no key is used; the gate reports the clock.
    let now = now.unwrap_or(UnixTime::from_secs(0));
    let (valid, _) = keys.valid_at(now);
    let mut found = key_findings(subject, &valid);
    if let SourceKeys::Dated(all) = keys {
        found.extend(all.invalid_at(now).map(|key| {
            let kid = key.kid().unwrap_or_default();
            let text = format!("key `{kid}` is not used: its certificate is not valid now");
            Finding::warning(subject, text).hint(REPLACE_CERTIFICATES)
        }));
        if valid.keys().is_empty() {
            found.push(Finding::error(subject, NOT_VALID_NOW).hint(REPLACE_CERTIFICATES));
        }
    }
    found
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
    Finding::error(subject, text_with_causes(problem)).hint(problem.remedy())
}

/// The text of the problem and of its causes.
fn text_with_causes(problem: &FetchProblem) -> String {
    match problem.cause() {
        Some(cause) => format!("{}: {}", problem.text(), error_chain(cause)),
        None => problem.text().to_owned(),
    }
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

//! The header fields that tell a client its limits.

use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::seconds::whole_secs;
use crate::limit::Standing;

/// Which header fields tell a client its limits.
///
/// Names of limits are sent, never the caller's key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RateFields {
    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) with a refusal by a
    /// limit, and with an allowed request of which a limit has at most 20 percent left. The default.
    #[default]
    Draft,
    /// The same fields with every request that a limit was asked about.
    DraftAlways,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds) of the limit
    /// that has the least left, with every request that a limit was asked about.
    Legacy,
    /// None. `Retry-After` is sent with refusals.
    Off,
}

impl RateFields {
    /// Adds the fields of an allowed request.
    pub(super) fn allowed<'s>(
        self,
        standings: impl Iterator<Item = Standing<'s>> + Clone,
        headers: &mut HeaderMap,
    ) {
        match self {
            Self::Draft => {
                // Nothing is collected unless a limit is near.
                if standings.clone().any(|standing| standing.is_near()) {
                    draft(standings, headers);
                }
            }
            Self::DraftAlways => draft(standings, headers),
            Self::Legacy => {
                let tightest = standings.min_by(|one, other| share(one).total_cmp(&share(other)));
                if let Some(standing) = tightest {
                    legacy(&standing, secs_or_zero(standing.next_cell()), headers);
                }
            }
            Self::Off => {}
        }
    }

    /// Adds the fields of a refusal by this limit.
    pub(super) fn refused(self, standing: &Standing<'_>, wait: Duration, headers: &mut HeaderMap) {
        let secs = whole_secs(wait);
        match self {
            Self::Draft | Self::DraftAlways => {
                let name = standing.limit();
                insert(headers, &RATE_LIMIT, &format!("\"{name}\";r=0;t={secs}"));
                let mut policy = String::new();
                write_policy(standing, &mut policy);
                insert(headers, &RATE_LIMIT_POLICY, &policy);
            }
            Self::Legacy => legacy(standing, secs, headers),
            Self::Off => {}
        }
    }
}

/// Writes both fields, the limit with the smallest share left first.
fn draft<'s>(asked: impl Iterator<Item = Standing<'s>>, headers: &mut HeaderMap) {
    let mut standings: Vec<Standing<'_>> = Vec::new();
    for standing in asked {
        // A limit that was asked by several decisions is as the last one left it.
        let known = standings
            .iter_mut()
            .find(|known| known.limit() == standing.limit());
        match known {
            Some(known) => *known = standing,
            None => standings.push(standing),
        }
    }
    standings.sort_by(|one, other| share(one).total_cmp(&share(other)));
    let (mut limit, mut policy) = (String::new(), String::new());
    for standing in &standings {
        if !limit.is_empty() {
            limit.push_str(", ");
            policy.push_str(", ");
        }
        let (name, left) = (standing.limit(), standing.left());
        // Writing to a string does not fail.
        let _ = write!(limit, "\"{name}\";r={left}");
        if !standing.is_full() {
            let _ = write!(limit, ";t={}", whole_secs(standing.next_cell()));
        }
        write_policy(standing, &mut policy);
    }
    if !standings.is_empty() {
        insert(headers, &RATE_LIMIT, &limit);
        insert(headers, &RATE_LIMIT_POLICY, &policy);
    }
}

fn write_policy(standing: &Standing<'_>, text: &mut String) {
    let (name, quota) = (standing.limit(), standing.quota());
    let window = standing.period().as_secs().max(1);
    let _ = write!(text, "\"{name}\";q={quota};w={window}");
}

fn legacy(standing: &Standing<'_>, reset: u64, headers: &mut HeaderMap) {
    let fields = [
        (&LEGACY_LIMIT, u64::from(standing.burst())),
        (&LEGACY_REMAINING, u64::from(standing.left())),
        (&LEGACY_RESET, reset),
    ];
    for (name, value) in fields {
        headers.insert(name, HeaderValue::from(value));
    }
}

/// Returns the share of the burst that is left.
fn share(standing: &Standing<'_>) -> f64 {
    f64::from(standing.left()) / f64::from(standing.burst().max(1))
}

fn secs_or_zero(wait: Duration) -> u64 {
    match wait.is_zero() {
        true => 0,
        false => whole_secs(wait),
    }
}

/// Names of limits are checked when they are configured, so each value is a header value.
fn insert(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEGACY_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const LEGACY_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const LEGACY_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

//! The counters of a gate's requests.

use super::counter::{Counted, Counter, Sample};
use crate::error::RejectionKind;

/// The problems of addresses, as their stable codes.
const PROBLEMS: [&str; 6] = [
    "header_malformed",
    "header_missing",
    "header_too_long",
    "no_peer",
    "not_an_address",
    "too_few_hops",
];

/// What became of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Allowed,
    Denied,
    Rejected,
    Limited,
    Unavailable,
}

const OUTCOMES: [(Outcome, &str); 5] = [
    (Outcome::Allowed, "allowed"),
    (Outcome::Denied, "denied"),
    (Outcome::Rejected, "rejected"),
    (Outcome::Limited, "limited"),
    (Outcome::Unavailable, "unavailable"),
];

/// The counters of a gate's requests. Each request is counted once, with one or two atomic
/// additions.
#[derive(Debug)]
pub(crate) struct RequestCounts {
    outcomes: [Counter; OUTCOMES.len()],
    kinds: [Counter; RejectionKind::ALL.len()],
    problems: [Counter; PROBLEMS.len()],
}

impl RequestCounts {
    pub(crate) const fn new() -> Self {
        Self {
            outcomes: [const { Counter::new() }; OUTCOMES.len()],
            kinds: [const { Counter::new() }; RejectionKind::ALL.len()],
            problems: [const { Counter::new() }; PROBLEMS.len()],
        }
    }

    /// Counts a request that was allowed.
    #[inline]
    pub(crate) fn allowed(&self) {
        self.count(Outcome::Allowed);
    }

    /// Counts a request that was refused: by a policy, or before it was asked.
    pub(crate) fn refused(&self, kind: RejectionKind, is_by_policy: bool) {
        self.count(outcome(kind, is_by_policy));
        if let Some(counter) = self.kinds.get(kind as usize) {
            counter.add(1);
        }
    }

    /// Counts a request whose client's address is unknown, by the stable code of the problem.
    pub(crate) fn address_problem(&self, problem: &str) {
        let index = PROBLEMS.iter().position(|own| *own == problem);
        if let Some(counter) = index.and_then(|index| self.problems.get(index)) {
            counter.add(1);
        }
    }

    #[inline]
    fn count(&self, outcome: Outcome) {
        if let Some(counter) = self.outcomes.get(outcome as usize) {
            counter.add(1);
        }
    }
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self::new()
    }
}

impl Counted for RequestCounts {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        for ((_, outcome), counter) in OUTCOMES.iter().zip(&self.outcomes) {
            add(Sample {
                name: "bearergate_requests_total",
                labels: &[("outcome", outcome)],
                value: counter.get(),
            });
        }
        for (kind, counter) in RejectionKind::ALL.iter().zip(&self.kinds) {
            add_used(
                "bearergate_rejections_total",
                ("kind", kind.as_str()),
                counter,
                add,
            );
        }
        for (problem, counter) in PROBLEMS.iter().zip(&self.problems) {
            add_used(
                "bearergate_address_problems_total",
                ("problem", problem),
                counter,
                add,
            );
        }
    }
}

/// Passes on a counter that has counted.
fn add_used(
    name: &'static str,
    label: (&'static str, &str),
    counter: &Counter,
    add: &mut dyn FnMut(Sample<'_>),
) {
    let value = counter.get();
    if value > 0 {
        let labels = &[label];
        add(Sample {
            name,
            labels,
            value,
        });
    }
}

/// A refusal by a policy, an address list or the origin of a cookie is a denial; a credential that
/// was not accepted, or none, is a rejection.
const fn outcome(kind: RejectionKind, is_by_policy: bool) -> Outcome {
    match kind {
        RejectionKind::Unavailable => Outcome::Unavailable,
        RejectionKind::RateLimited
        | RejectionKind::QuotaExhausted
        | RejectionKind::CreditsExhausted
        | RejectionKind::LockedOut => Outcome::Limited,
        RejectionKind::AddressDenied
        | RejectionKind::TlsRequired
        | RejectionKind::CrossSiteRefused
        | RejectionKind::AccessDenied
        | RejectionKind::ScopeInsufficient => Outcome::Denied,
        RejectionKind::CredentialMissing => Outcome::Rejected,
        _ if is_by_policy => Outcome::Denied,
        _ => Outcome::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &RequestCounts) -> Vec<String> {
        let mut all = Vec::new();
        counts.samples(&mut |sample| {
            if sample.value > 0 {
                let (label, value) = sample.labels[0];
                all.push(format!(
                    "{}{{{label}={value}}} {}",
                    sample.name, sample.value
                ));
            }
        });
        all
    }

    #[test]
    fn codes_are_at_the_index_of_their_variant() {
        for (index, (outcome, _)) in OUTCOMES.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
        for (index, kind) in RejectionKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index);
        }
    }

    #[test]
    fn each_request_is_counted_once_by_its_outcome() {
        let cases = [
            (RejectionKind::AccessDenied, true, "denied"),
            (RejectionKind::ScopeInsufficient, true, "denied"),
            (RejectionKind::StepUpRequired, true, "denied"),
            (RejectionKind::AddressDenied, false, "denied"),
            (RejectionKind::TlsRequired, false, "denied"),
            (RejectionKind::CredentialMissing, false, "rejected"),
            (RejectionKind::CredentialMissing, true, "rejected"),
            (RejectionKind::CredentialAmbiguous, false, "rejected"),
            (RejectionKind::SignatureInvalid, false, "rejected"),
            (RejectionKind::RateLimited, false, "limited"),
            (RejectionKind::LockedOut, false, "limited"),
            (RejectionKind::QuotaExhausted, false, "limited"),
            (RejectionKind::CreditsExhausted, false, "limited"),
            (RejectionKind::Unavailable, false, "unavailable"),
        ];
        for (kind, is_by_policy, outcome) in cases {
            let counts = RequestCounts::new();
            counts.refused(kind, is_by_policy);
            let expected = [
                format!("bearergate_requests_total{{outcome={outcome}}} 1"),
                format!(
                    "bearergate_rejections_total{{kind={kind}}} 1",
                    kind = kind.as_str()
                ),
            ];
            assert_eq!(counted(&counts), expected);
        }
        let counts = RequestCounts::new();
        counts.allowed();
        counts.allowed();
        assert_eq!(
            counted(&counts),
            ["bearergate_requests_total{outcome=allowed} 2"]
        );
    }

    #[test]
    fn every_known_problem_is_counted_and_no_other_text() {
        let counts = RequestCounts::new();
        for problem in crate::address::OriginProblem::ALL {
            counts.address_problem(problem.as_str());
        }
        counts.address_problem("10.0.0.1");
        assert_eq!(
            counted(&counts).len(),
            crate::address::OriginProblem::ALL.len()
        );
    }
}

//! Counters of proofs.

use crate::error::RejectionKind;
use crate::metrics::{Counted, Counter, Sample};

/// What became of a proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Accepted,
    Mismatch,
    Invalid,
    NonceRequired,
    Replayed,
    Unavailable,
}

impl Outcome {
    /// The labels, in the order of the variants.
    const LABELS: [&'static str; 6] = [
        "accepted",
        RejectionKind::BindingMismatch.as_str(),
        RejectionKind::ProofInvalid.as_str(),
        RejectionKind::NonceRequired.as_str(),
        RejectionKind::ProofReplayed.as_str(),
        RejectionKind::Unavailable.as_str(),
    ];

    /// Returns the outcome of a proof that was refused.
    pub(super) const fn of(kind: RejectionKind) -> Self {
        match kind {
            RejectionKind::BindingMismatch => Self::Mismatch,
            RejectionKind::NonceRequired => Self::NonceRequired,
            RejectionKind::ProofReplayed => Self::Replayed,
            _ => Self::Invalid,
        }
    }
}

/// How many proofs had each outcome, and how many nonces were sent.
#[derive(Debug, Default)]
pub(super) struct ProofCounts {
    outcomes: [Counter; Outcome::LABELS.len()],
    pub(super) nonces: Counter,
}

impl ProofCounts {
    pub(super) fn add(&self, outcome: Outcome) {
        if let Some(counter) = self.outcomes.get(outcome as usize) {
            counter.add(1);
        }
    }
}

impl Counted for ProofCounts {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        for (outcome, counter) in Outcome::LABELS.iter().zip(&self.outcomes) {
            add(Sample {
                name: "bearergate_proofs_total",
                labels: &[("outcome", outcome)],
                value: counter.get(),
            });
        }
        add(Sample {
            name: "bearergate_nonces_sent_total",
            labels: &[],
            value: self.nonces.get(),
        });
    }
}

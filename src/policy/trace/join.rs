//! Traces of two authorizers that both have to allow.

use crate::policy::decision::Decision;
use crate::policy::trace::record::Trace;

impl Trace {
    /// Adds the conditions of another trace about the same request, and sets the decision of both.
    pub(crate) fn joined(mut self, other: Self, decision: Decision) -> Self {
        self.decision = decision;
        self.elapsed = self
            .elapsed
            .zip(other.elapsed)
            .map(|(own, other)| own + other);
        self.nodes.extend(other.nodes);
        self
    }
}

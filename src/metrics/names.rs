//! The names of all metrics, with their help.

/// What a metric counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A number that only grows, until the service starts again.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// Counts of times in buckets, and their sum.
    Histogram,
}

/// A metric as it is documented.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

impl Metric {
    /// Returns the metric of this name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let index = ALL.binary_search_by(|metric| metric.name.cmp(name)).ok()?;
        ALL.get(index)
    }
}

/// Returns the kind of a metric, by the end of its name.
pub(super) fn kind(name: &str) -> MetricKind {
    if name.ends_with("_total") {
        return MetricKind::Counter;
    }
    match name.ends_with("_seconds") {
        true => MetricKind::Histogram,
        false => MetricKind::Gauge,
    }
}

const fn metric(name: &'static str, help: &'static str) -> Metric {
    Metric { name, help }
}

/// All metrics, by name.
pub(super) static ALL: &[Metric] = &[
    metric(
        "bearergate_address_problems_total",
        "Requests whose client address is unknown.",
    ),
    metric(
        "bearergate_audit_bytes",
        "Bytes of audit records that wait to be written.",
    ),
    metric(
        "bearergate_audit_lost_total",
        "Audit records that were lost, because a buffer was full.",
    ),
    metric(
        "bearergate_audit_records_total",
        "Audit records that were made.",
    ),
    metric(
        "bearergate_audit_write_errors_total",
        "Failed writes of an audit sink.",
    ),
    metric(
        "bearergate_certificates_ignored_total",
        "Requests whose client certificate came in a header of an untrusted peer.",
    ),
    metric(
        "bearergate_limit_keys",
        "Keys of which a table of limits has a state.",
    ),
    metric(
        "bearergate_limit_saturated_total",
        "Requests whose key found no slot in a table of limits and shared one.",
    ),
    metric("bearergate_limit_total", "Answers of a limit."),
    metric("bearergate_locked_sources", "Sources that are locked out."),
    metric("bearergate_lockouts_total", "Lock-outs of sources."),
    metric(
        "bearergate_nonces_sent_total",
        "Responses with a nonce for the next proof of possession.",
    ),
    metric(
        "bearergate_proofs_total",
        "Proofs of possession by what became of them.",
    ),
    metric(
        "bearergate_rate_store_calls_total",
        "Calls of the stores of shared limits.",
    ),
    metric(
        "bearergate_rejections_total",
        "Refused requests by the kind of the refusal.",
    ),
    metric(
        "bearergate_replay_entries",
        "Marks of used proofs that are kept.",
    ),
    metric(
        "bearergate_replay_full_total",
        "Proofs that were refused, because there was no room for their marks.",
    ),
    metric(
        "bearergate_requests_total",
        "Requests by what became of them.",
    ),
    metric("bearergate_signals_total", "Signals of possible attacks."),
    metric(
        "bearergate_spared_total",
        "Requests of known callers that passed although their source was locked out.",
    ),
    metric(
        "bearergate_stage_seconds",
        "Time that a stage of a request took.",
    ),
    metric(
        "bearergate_usage_flushes_total",
        "Flushes of usage to its store.",
    ),
    metric(
        "bearergate_usage_pending",
        "Rows of usage that wait to be flushed.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_once_with_a_help() {
        for pair in ALL.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
        for metric in ALL {
            assert!(std::ptr::eq(Metric::find(metric.name).unwrap(), metric));
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\\', '\n']));
        }
        assert!(Metric::find("bearergate_other_total").is_none());
    }
}

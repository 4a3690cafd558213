//! What `GET /state` shows.

use std::fs;

use bearergate::limits;
use bearergate::metrics::MetricValue;
use serde_json::{Value, json};

use crate::service::Service;

impl Service {
    pub(crate) fn state(&self) -> Value {
        let values = self.gate.metrics().values();
        let live = |table: &str| -> u64 {
            let of_table = |value: &&MetricValue| {
                let mut labels = value.labels();
                value.name() == "bearergate_limit_keys" && labels.any(|(_, own)| own == table)
            };
            values
                .iter()
                .find(of_table)
                .and_then(MetricValue::whole)
                .unwrap_or(0)
        };
        let files = self.trail.as_ref().and_then(|trail| trail.health());
        let lost = files.as_ref().map(|files| files.lost()).unwrap_or_default();
        json!({
            "rss": resident_bytes(),
            "tables": {
                "sources": {"live": live("sources"), "slots": limits::SOURCES},
                "callers": {"live": live("callers"), "slots": limits::CALLERS},
            },
            "audit": {
                "lost": {
                    "allowed": lost.allowed(),
                    "refused": lost.refused(),
                    "notable": lost.notable(),
                },
                "queued": files.map_or(0, |files| files.queued_bytes()),
            },
        })
    }
}

/// Returns the memory of this process that is in use, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kib.checked_mul(1_024)
}

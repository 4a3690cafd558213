//! Counters in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bearergate::RejectionKind;
use bearergate::event::{Event, Observer};

/// Counters of one process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    jwks_fetches: AtomicU64,
    introspection_calls: AtomicU64,
    cache_hits: AtomicU64,
    /// By kind.
    rejections: Mutex<BTreeMap<&'static str, u64>>,
}

impl Observer for Metrics {
    fn observe(&self, event: &Event<'_>) {
        let counter = match event {
            Event::CacheHit { .. } => &self.cache_hits,
            Event::Introspected { .. } => &self.introspection_calls,
            Event::KeysFetched { .. } => &self.jwks_fetches,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn refused(&self, kind: RejectionKind) {
        let mut rejections = self
            .rejections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *rejections.entry(kind.as_str()).or_default() += 1;
    }

    pub(crate) fn text(&self) -> String {
        let counters = [
            ("jwks_fetches", &self.jwks_fetches),
            ("introspection_calls", &self.introspection_calls),
            ("cache_hits", &self.cache_hits),
        ];
        let mut text = String::new();
        for (name, counter) in counters {
            let count = counter.load(Ordering::Relaxed);
            head(&mut text, name);
            // Writing to a string does not fail.
            let _ = writeln!(text, "bearergate_{name}_total {count}");
        }
        head(&mut text, "rejections");
        let rejections = self
            .rejections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in &*rejections {
            let _ = writeln!(
                text,
                "bearergate_rejections_total{{kind=\"{kind}\"}} {count}"
            );
        }
        text
    }
}

fn head(text: &mut String, name: &str) {
    let _ = writeln!(text, "# TYPE bearergate_{name}_total counter");
}

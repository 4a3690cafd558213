//! How full a store of sessions and refresh tokens in memory is.

use super::grant::MemoryGrantStore;
use crate::diagnosis::Finding;

impl MemoryGrantStore {
    /// Returns one finding for each of its tables.
    pub(super) fn room(&self) -> Vec<Finding> {
        let (len, most) = self.revocation_room();
        vec![
            finding(
                "sessions in memory",
                self.sessions.len(),
                self.sessions.limit(),
            ),
            finding(
                "refresh tokens in memory",
                self.families.len(),
                self.families.limit(),
            ),
            finding("revocations in memory", len, most),
        ]
    }
}

/// Warns where less than a tenth is free.
fn finding(subject: &str, len: usize, most: usize) -> Finding {
    let text = format!("{len} of at most {most}");
    if most.saturating_sub(len) > most / 10 {
        return Finding::ok(subject, text);
    }
    let hint = "call `SessionManager::purge` at an interval, or give the store more room";
    Finding::warning(subject, text).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Severity;

    #[test]
    fn it_warns_where_less_than_a_tenth_is_free() {
        for (len, severity) in [
            (0, Severity::Ok),
            (89, Severity::Ok),
            (90, Severity::Warning),
            (100, Severity::Warning),
        ] {
            assert_eq!(finding("s", len, 100).severity, severity, "{len}");
        }
    }
}

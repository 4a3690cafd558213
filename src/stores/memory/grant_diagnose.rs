//! How full a store of sessions and refresh tokens in memory is.

use super::grant::MemoryGrantStore;
use crate::diagnosis::Finding;

impl MemoryGrantStore {
    /// Returns one finding for each of its tables.
    pub(super) fn usage(&self) -> Vec<Finding> {
        let (len, most) = self.revocation_room();
        vec![
            Finding::usage(
                "sessions in memory",
                self.sessions.len(),
                self.sessions.limit(),
                PURGE,
            ),
            Finding::usage(
                "refresh tokens in memory",
                self.families.len(),
                self.families.limit(),
                PURGE,
            ),
            Finding::usage("revocations in memory", len, most, PURGE),
        ]
    }
}

const PURGE: &str = "call `SessionManager::purge` at an interval, or give the store more room";

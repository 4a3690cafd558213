//! What the limits of a file need and cannot say.

use std::sync::Arc;

use crate::configuration::error::FIELD;
use crate::configuration::reader::Node;
use crate::error::ConfigError;
use crate::limit::{Limit, LimitsBuilder, RateStore};

/// The limits that are set in Rust with their stores, and the store that nodes share.
#[derive(Clone)]
pub(super) struct LimitStores {
    pub(super) base: LimitsBuilder,
    pub(super) shared: Option<(Arc<dyn RateStore>, u32)>,
}

impl LimitStores {
    /// Returns whether there is a store of quotas, and reports that there is none.
    pub(super) fn can_count(&self, quota: &Node<'_>) -> bool {
        let can = self.base.has_usage();
        if !can {
            let detail = "expected a store that counts the quota, found none; give the loader limits \
                          with `LimitsBuilder::usage`";
            quota.report(ConfigError::missing(FIELD, detail));
        }
        can
    }

    /// Returns the limit with the store that nodes share, or reports that there is none.
    pub(super) fn share(&self, limit: Limit, node: &Node<'_>) -> Option<Limit> {
        let Some((store, nodes)) = &self.shared else {
            let detail = "expected a store that nodes share, found none; remove the member, or give \
                          the loader a store with `shared_by`";
            node.report(ConfigError::missing(FIELD, detail));
            return None;
        };
        Some(limit.shared_by(Arc::clone(store), *nodes))
    }
}

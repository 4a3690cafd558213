//! Versions of the pepper: their check values, and how many records have them.

use std::collections::HashMap;

use crate::api_key::ApiKeyRecord;
use crate::api_key::store::{KeptCheck, PepperCheck, PepperProof, PepperUse};
use crate::error::{StoreError, StoreErrorKind};
use crate::principal::Authority;

/// What is known of each version, by authority.
#[derive(Default)]
pub(super) struct Peppers(HashMap<Authority, Vec<PepperUse>>);

/// Most check values of one authority. A set of peppers has at most nine.
const CHECKS: usize = 1024;

impl Peppers {
    /// Counts a record that changed.
    pub(super) fn update(&mut self, old: Option<&ApiKeyRecord>, new: Option<&ApiKeyRecord>) {
        let version = |record: &ApiKeyRecord| record.digest().pepper_version();
        if let (Some(old), Some(new)) = (old, new)
            && (version(old), old.authority()) == (version(new), new.authority())
        {
            return;
        }
        if let Some(new) = new {
            self.change(new.authority(), version(new), |used| {
                used.keys = used.keys.saturating_add(1);
            });
        }
        if let Some(old) = old {
            self.change(old.authority(), version(old), |used| {
                used.keys = used.keys.saturating_sub(1);
            });
            self.forget_unused(old.authority());
        }
    }

    /// Keeps a check value unless there is one, or records leave it in doubt.
    pub(super) fn keep(
        &mut self,
        authority: &Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> Result<KeptCheck, StoreError> {
        let all = self.0.get(authority).map_or(&[][..], Vec::as_slice);
        let used = all.iter().find(|used| used.version == check.version());
        if let Some(kept) = used.and_then(|used| used.check) {
            return Ok(KeptCheck::Kept(kept));
        }
        if used.is_some_and(|used| used.keys > 0) && proof == PepperProof::Configured {
            return Ok(KeptCheck::Unproven);
        }
        if all.iter().filter(|used| used.check.is_some()).count() >= CHECKS {
            return Err(StoreErrorKind::Full.into());
        }
        self.change(authority, check.version(), |used| used.check = Some(check));
        Ok(KeptCheck::Kept(check))
    }

    /// Returns all versions of an authority.
    pub(super) fn uses(&self, authority: &Authority) -> Vec<PepperUse> {
        self.0.get(authority).cloned().unwrap_or_default()
    }

    /// Changes what is known of a version.
    fn change(&mut self, authority: &Authority, version: u32, change: impl FnOnce(&mut PepperUse)) {
        let all = self.0.entry(authority.clone()).or_default();
        if let Some(used) = all.iter_mut().find(|used| used.version == version) {
            return change(used);
        }
        let mut used = PepperUse::new(version);
        change(&mut used);
        all.push(used);
    }

    fn forget_unused(&mut self, authority: &Authority) {
        let Some(all) = self.0.get_mut(authority) else {
            return;
        };
        all.retain(|used| used.keys > 0 || used.check.is_some());
        if all.is_empty() {
            self.0.remove(authority);
        }
    }
}

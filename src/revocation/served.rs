//! The authorities whose principals a list is asked about.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::principal::Authority;

/// The authorities of all gates and endpoints that ask a list.
#[derive(Default)]
pub(super) struct ServedAuthorities(Mutex<Served>);

#[derive(Default)]
struct Served {
    names: BTreeSet<Authority>,
    /// Nobody asks the list yet, or somebody whose authorities cannot be listed.
    is_closed: bool,
    is_open: bool,
}

impl ServedAuthorities {
    /// Adds the authorities of somebody who asks the list; `None` if they cannot be listed.
    pub(super) fn add(&self, authorities: Option<&[Authority]>) {
        let mut served = self.lock();
        match authorities {
            Some(names) => {
                served.names.extend(names.iter().cloned());
                served.is_closed = true;
            }
            None => served.is_open = true,
        }
    }

    /// Adds authorities that others are known to ask about.
    pub(super) fn add_elsewhere(&self, authorities: impl IntoIterator<Item = Authority>) {
        self.lock().names.extend(authorities);
    }

    /// Returns true if everybody who asks is known, and nobody has this authority.
    pub(super) fn lacks(&self, authority: &str) -> bool {
        let served = self.lock();
        let is_known = served.is_closed && !served.is_open;
        is_known && !served.names.iter().any(|own| own.as_str() == authority)
    }

    // INVARIANT: the set is consistent between any two of its steps, so poison is ignored.
    fn lock(&self) -> std::sync::MutexGuard<'_, Served> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The authority of a revocation that nobody asks about.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected an `authority` of a validator of the gates that ask this list, found `{}`; revoke \
     under the authority of the principals, or name it with `Denylist::also_asked_for`. The \
     revocation is kept",
    .0.escape_debug()
)]
pub(super) struct UnknownAuthority(pub(super) Box<str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whose_authorities_cannot_be_listed_may_have_any() {
        let served = ServedAuthorities::default();
        assert!(!served.lacks("b"), "nobody asks yet");
        served.add(Some(&["a".into()]));
        assert!(served.lacks("b") && !served.lacks("a"));
        served.add(None);
        assert!(!served.lacks("b"));
    }
}

//! The errors of one configuration, while it is read.

use std::cell::RefCell;

use super::error::{ConfigErrors, LocatedError};

/// The errors that were found so far.
pub(super) struct Problems(RefCell<ConfigErrors>);

impl Problems {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(ConfigErrors::empty()))
    }

    pub(super) fn add(&self, error: LocatedError) {
        self.0.borrow_mut().push(error);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(super) fn into_errors(self) -> ConfigErrors {
        self.0.into_inner()
    }
}

//! The limits in force.

use std::borrow::Cow;
use std::time::Duration;

use super::builder::LimitsBuilder;
use super::charge_list::Charge;
use super::standing::Standing;
use crate::error::ConfigError;
use crate::principal::Principal;

/// The limits in force: what a builder has described, checked.
#[derive(Debug)]
pub(super) struct Rules;

impl Rules {
    pub(super) fn first(_: &LimitsBuilder) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    pub(super) fn next(&self, rules: &LimitsBuilder) -> Result<Self, ConfigError> {
        Self::first(rules)
    }

    pub(super) fn plan_text<'p>(&self, _: &'p Principal) -> Option<Cow<'p, str>> {
        None
    }

    pub(super) fn has_class(&self, _: &str) -> bool {
        false
    }

    pub(super) fn needs_source(&self) -> bool {
        false
    }

    pub(super) fn name(&self, _: u16) -> &str {
        ""
    }

    pub(super) fn standing(&self, _: &Charge) -> Option<Standing<'_>> {
        None
    }

    pub(super) fn give_back(&self, _: &Charge, _: Duration) {}
}

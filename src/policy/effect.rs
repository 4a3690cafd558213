//! The effects of rules.

/// The effect of a [`Rule`](crate::policy::Rule) on the requests for which its condition holds.
///
/// How rules with different effects are combined is up to [`Combining`](crate::policy::Combining).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a rule either permits or forbids")]
pub enum Effect {
    /// The request is denied, also if the condition is unknown: `forbid`. Only a condition that is
    /// false lets other rules decide.
    Forbid,
    /// The request is allowed, unless another rule overrides it: `permit`. A condition that is
    /// unknown never allows.
    Permit,
}

//! The stages of a request at its limits.

/// When limits are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Before the credential is read.
    Before,
    /// Once the caller is verified.
    Caller,
    /// Once the policy has decided.
    Class,
    /// All of them, one after the other.
    All,
}

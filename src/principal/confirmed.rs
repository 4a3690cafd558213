//! A confirmation whose proof was checked.

use super::confirmation::Confirmation;

/// A confirmation of which the client has proved possession, made by
/// [`Binding::prove`](crate::binding::Binding::prove). A validator of one's own gives it to
/// [`PrincipalBuilder::confirmed`](crate::principal::PrincipalBuilder::confirmed).
#[derive(Clone, Copy, Debug)]
pub struct Confirmed(Confirmation);

impl Confirmed {
    /// Call it only after the proof of every method of the confirmation was checked.
    pub(crate) const fn new(confirmation: Confirmation) -> Self {
        Self(confirmation)
    }

    /// Returns the keys of which possession was proved.
    pub const fn confirmation(&self) -> &Confirmation {
        &self.0
    }
}

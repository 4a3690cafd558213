//! What is no longer good although it was accepted: judged anew on every request.

mod denylist;
mod entry;
mod store;
mod table;
#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;

pub use denylist::Denylist;
pub use entry::Revocation;
pub use store::RevocationStore;

pub use crate::revocation_list::RevocationKind;
pub use crate::revocation_list::RevocationList;
pub use crate::revocation_list::RevocationTarget;

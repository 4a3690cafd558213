//! Lock-out of sources that present bad credentials.

mod builder;
mod source_locks;
mod state;
mod table;
#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;
mod weights;

pub use builder::LockOutBuilder;
pub use source_locks::{LockOut, LockStanding, Locked};
pub(super) use weights::{default_weight, is_about_credential};

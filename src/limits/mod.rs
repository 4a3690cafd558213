//! Bounds of configurations and inputs, each with its source.
//!
//! The public constants are the bounds of values that a service configures or passes in. All bounds
//! are inclusive unless the name ends in `_END`: a value equal to the bound is accepted.

mod binding_limits;
#[cfg(feature = "config-file")]
mod configuration_limits;
mod enforcement_limits;
mod grant_limits;
mod network_limits;
mod policy_limits;
mod store_limits;
mod token_limits;

pub use binding_limits::*;
#[cfg(feature = "config-file")]
pub(crate) use configuration_limits::*;
pub use enforcement_limits::*;
pub use grant_limits::*;
pub use network_limits::*;
pub use policy_limits::*;
pub use store_limits::*;
pub use token_limits::*;

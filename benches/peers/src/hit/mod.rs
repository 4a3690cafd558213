//! The groups of cached results: a token that was validated before is presented again.

mod bare;
mod introspected;
mod token;

pub use introspected::cases as introspected;
pub use token::cases as token;

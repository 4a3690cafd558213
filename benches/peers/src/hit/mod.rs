//! The groups of what is remembered: a token that was judged a moment ago is presented again.

mod bare;
mod introspected;
mod token;

pub use introspected::cases as introspected;
pub use token::cases as token;

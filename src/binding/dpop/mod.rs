//! DPoP proofs (RFC 9449).

mod builder;
mod check;
mod claims;
mod counts;
#[expect(clippy::module_inception, reason = "the type of the module")]
mod dpop;
mod fault;
mod key;
mod proof;
mod settings;
mod window;

pub use builder::DpopBuilder;
pub use dpop::Dpop;
pub(crate) use settings::DpopFacts;

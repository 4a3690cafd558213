//! Diagnosis for the operator: reports about what a gate depends on, and explanations of single
//! credentials.

mod explanation;
pub(crate) mod forms;
pub(crate) mod json;
pub(crate) mod page;
mod report;
#[cfg(any(feature = "api-key", feature = "introspection", feature = "session"))]
mod steps;
mod text;
mod withheld;

pub use explanation::{Explanation, Outcome, Step};
pub use report::{Finding, Report, Severity};
pub(crate) use report::{escaped, gather, is_unsafe};
#[cfg(any(feature = "api-key", feature = "introspection", feature = "session"))]
pub(crate) use steps::StepList;
pub(crate) use text::{error_chain, shortened};
pub(crate) use withheld::Withheld;

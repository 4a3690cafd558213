//! Diagnosis for the operator: reports about what a gate depends on, and explanations of single
//! credentials.

mod explanation;
mod report;

pub use explanation::{Explanation, Outcome, Step};
pub use report::{Finding, Report, Severity};
pub(crate) use report::{gather, is_unsafe};

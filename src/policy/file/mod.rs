//! Policies as JSON: read strictly, written so that they read back the same.
//!
//! The form is published as [`POLICY_SCHEMA`](crate::policy::POLICY_SCHEMA), the file `schema/policy.schema.json`.

mod condition;
pub(super) mod error;
mod fields;
pub(super) mod loader;
mod pointer;
mod read;
mod write;

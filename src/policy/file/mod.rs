//! Policy files: strict JSON that is read, and written so that it reads back the same.
//!
//! The format is published as [`POLICY_SCHEMA`](crate::policy::POLICY_SCHEMA), the file
//! `schema/policy.schema.json`.

mod condition;
pub(super) mod error;
mod fields;
pub(super) mod loader;
mod pointer;
pub(super) mod policy_file;
mod read;
mod write;

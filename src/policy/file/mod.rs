//! Policy files: strict JSON that is read, and written so that it reads back the same.
//!
//! The format is published as [`POLICY_SCHEMA`](crate::policy::POLICY_SCHEMA), the file
//! `schema/policy.schema.json`.

mod condition;
pub(super) mod error;
mod excerpt;
mod fields;
pub(super) mod loader;
mod nearest;
mod pointer;
pub(super) mod policy_file;
mod position;
mod read;
mod syntax;
mod write;

//! Traces: decisions with the result of every condition.

mod explain;
mod fact;
mod html;
mod json;
pub(super) mod record;
mod text;
mod walk;

//! Traces: decisions with the result of every condition.

mod explain;
mod fact;
mod html;
mod join;
mod json;
pub(super) mod record;
mod shown;
mod text;
mod version;
mod walk;

//! Why a decision is what it is, in full.

mod explain;
mod fact;
mod html;
mod json;
pub(super) mod record;
mod text;
mod walk;

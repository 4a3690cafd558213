//! Predicates, and the programs that conditions over them compile to.

pub(super) mod analysis;
pub(super) mod bit_set;
pub(super) mod calendar;
mod claim_consistency;
pub(super) mod claim_path;
pub(super) mod claim_predicate;
pub(super) mod denial;
pub(super) mod detail;
pub(super) mod evaluation;
pub(super) mod fault;
pub(super) mod index;
pub(super) mod interner;
pub(super) mod node;
pub(super) mod notation;
pub(super) mod owner;
mod pattern_cost;
pub(super) mod predicate;
pub(super) mod program;
pub(super) mod supply;
pub(super) mod text_pattern;

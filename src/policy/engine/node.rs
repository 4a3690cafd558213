//! Nodes of a condition.

use std::sync::Arc;

use crate::policy::engine::predicate::Predicate;

/// One node of a condition, in postfix order: the parts of a node precede it.
#[derive(Clone)]
pub(in crate::policy) enum Node {
    /// The conjunction of this many preceding parts.
    All(usize),
    /// The disjunction of this many preceding parts.
    Any(usize),
    /// A predicate.
    Leaf(Arc<Leaf>),
    /// The preceding part, under a name that the user gave it.
    Named(Arc<str>),
    /// The negation of the preceding part.
    Not,
}

/// One predicate, and the name under which reasons and traces show it.
pub(in crate::policy) struct Leaf {
    pub(in crate::policy) name: Arc<str>,
    pub(in crate::policy) predicate: Predicate,
}

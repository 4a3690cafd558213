//! Nodes of a condition.

use std::sync::Arc;

use crate::policy::engine::predicate::Test;

/// One node of a condition.
#[derive(Clone)]
pub(in crate::policy) enum Node {
    /// All of so many nodes before.
    All(usize),
    /// Any of so many nodes before.
    Any(usize),
    /// A test.
    Leaf(Arc<Leaf>),
    /// The node before, under a name of its own.
    Named(Arc<str>),
    /// The opposite of the node before.
    Not,
}

/// One test and what stands for it in reasons.
pub(in crate::policy) struct Leaf {
    pub(in crate::policy) name: Arc<str>,
    pub(in crate::policy) test: Test,
}

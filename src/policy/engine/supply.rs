//! What a condition can evaluate to without the facts that only the service knows.

use std::sync::Arc;

use crate::policy::engine::node::{Leaf, Node};
use crate::policy::engine::owner::OwnerSource;
use crate::policy::engine::predicate::Predicate;
use crate::policy::needs::ServiceFact;

/// The facts that a condition gets in addition to those of a checked request.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Supply<'p> {
    pub(in crate::policy) has_resource: bool,
    /// The names of route parameters.
    pub(in crate::policy) params: &'p [&'p str],
}

/// The values that a condition can have for some request.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Reach {
    pub(in crate::policy) can_hold: bool,
    pub(in crate::policy) can_fail: bool,
}

impl Supply<'_> {
    /// The facts of a checked request, and none more.
    pub(in crate::policy) const NONE: Self = Self {
        has_resource: false,
        params: &[],
    };

    /// Returns the fact that a predicate reads and does not get. It is then always unknown.
    pub(in crate::policy) fn missing(&self, leaf: &Leaf) -> Option<ServiceFact> {
        match &leaf.predicate {
            Predicate::Action(_) => Some(ServiceFact::Action),
            Predicate::Attribute(..) | Predicate::Owner(OwnerSource::Attribute(_)) => {
                Some(ServiceFact::Attribute)
            }
            Predicate::Encrypted => Some(ServiceFact::Tls),
            Predicate::Header(..) => Some(ServiceFact::Header),
            Predicate::Owner(OwnerSource::Param(name, _)) | Predicate::Param(name, _) => {
                let is_given = self.params.contains(&&**name);
                (!is_given).then_some(ServiceFact::Param)
            }
            Predicate::Route(_) => (!self.has_resource).then_some(ServiceFact::Resource),
            _ => None,
        }
    }

    /// Returns the values that a condition can have.
    ///
    /// Its parts are taken as independent of each other, so a value that is possible here may be
    /// impossible, but not the reverse.
    pub(in crate::policy) fn reach(&self, nodes: &[Node]) -> Reach {
        let mut parts: Vec<Reach> = Vec::new();
        for node in nodes {
            let reach = match node {
                Node::Leaf(leaf) => self.leaf(leaf),
                Node::Named(_) => continue,
                Node::Not => {
                    let Some(part) = parts.pop() else { continue };
                    Reach {
                        can_hold: part.can_fail,
                        can_fail: part.can_hold,
                    }
                }
                Node::All(count) => {
                    let children = parts.split_off(parts.len().saturating_sub(*count));
                    Reach {
                        can_hold: children.iter().all(|part| part.can_hold),
                        can_fail: children.iter().any(|part| part.can_fail),
                    }
                }
                Node::Any(count) => {
                    let children = parts.split_off(parts.len().saturating_sub(*count));
                    Reach {
                        can_hold: children.iter().any(|part| part.can_hold),
                        can_fail: children.iter().all(|part| part.can_fail),
                    }
                }
            };
            parts.push(reach);
        }
        let anything = Reach {
            can_hold: true,
            can_fail: true,
        };
        parts.pop().unwrap_or(anything)
    }

    fn leaf(&self, leaf: &Arc<Leaf>) -> Reach {
        let is_known = self.missing(leaf).is_none();
        Reach {
            can_hold: is_known,
            can_fail: is_known,
        }
    }
}

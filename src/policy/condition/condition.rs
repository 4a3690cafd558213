//! Conditions and how they are joined.

use std::fmt;
use std::ops;
use std::sync::Arc;
use std::sync::OnceLock;

use crate::error::ConfigError;
use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::decision::Reason;
use crate::policy::decision::ReasonCode;
use crate::policy::engine::denial::Blame;
use crate::policy::engine::evaluation::Scene;
use crate::policy::engine::node::Leaf;
use crate::policy::engine::node::Node;
use crate::policy::engine::predicate::Test;
use crate::policy::engine::program::Doubt;
use crate::policy::engine::program::Program;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// A condition over the caller and the request, in three-valued logic ([`Truth`]).
///
/// As an [`Authorizer`] it allows only if it is [`True`](Truth::True). It is joined with
/// [`and`](Self::and), [`or`](Self::or) and [`not`](Self::not), or `&`, `|` and `!`, to any
/// depth: it is kept flat, so neither asking nor dropping it recurses. It is compiled when it is
/// first asked; a [`Policy`](crate::policy::Policy) compiles its conditions when it is built.
///
/// ```
/// use bearergate::{claim, require_scope};
/// use bearergate::policy::Condition;
///
/// let reader = require_scope("orders:read") | require_scope("orders:write");
/// let policy = reader.and(claim("tenant").is("acme")) & !claim("role").is("banned");
/// let either = Condition::any(["a", "b"].map(require_scope))?;
/// assert!(Condition::any([]).is_err());
/// # let _ = (policy, either);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until it is asked"]
pub struct Condition {
    // INVARIANT: one tree in postfix order: what a node joins stands right before it.
    nodes: Vec<Node>,
    program: OnceLock<Arc<Program>>,
}

impl Condition {
    pub(in crate::policy) fn leaf(name: impl Into<Arc<str>>, test: Test) -> Self {
        let name = name.into();
        Self::shared(Arc::new(Leaf { name, test }))
    }

    pub(in crate::policy) fn shared(leaf: Arc<Leaf>) -> Self {
        Self::of(vec![Node::Leaf(leaf)])
    }

    const fn of(nodes: Vec<Node>) -> Self {
        Self {
            nodes,
            program: OnceLock::new(),
        }
    }

    /// Holds only if both hold.
    pub fn and(self, other: impl Into<Self>) -> Self {
        let parts = match self.nodes.last() {
            Some(Node::All(parts)) => Some(*parts),
            _ => None,
        };
        self.joined(other.into(), Node::All, parts)
    }

    /// Holds only if one of both holds.
    pub fn or(self, other: impl Into<Self>) -> Self {
        let parts = match self.nodes.last() {
            Some(Node::Any(parts)) => Some(*parts),
            _ => None,
        };
        self.joined(other.into(), Node::Any, parts)
    }

    /// Holds only if this does not; where this cannot be told, that cannot be told either.
    #[expect(
        clippy::should_implement_trait,
        reason = "the trait is implemented too; this needs no import"
    )]
    pub fn not(self) -> Self {
        self.followed(Node::Not)
    }

    /// Gives this a name that explanations show, so that parts which are used again are known
    /// again.
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        self.followed(Node::Named(name.into()))
    }

    /// Holds only if all of these hold.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for none at all, which would hold for everybody.
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        Self::gathered(conditions, Node::All).ok_or_else(|| nothing("all"))
    }

    /// Holds only if one of these holds.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for none at all.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        Self::gathered(conditions, Node::Any).ok_or_else(|| nothing("any"))
    }

    /// Returns the name that this was given.
    pub fn name(&self) -> Option<&str> {
        match self.nodes.last() {
            Some(Node::Named(name)) => Some(name),
            _ => None,
        }
    }

    /// Says whether this holds for a request.
    pub fn evaluate(&self, request: &AccessRequest<'_>) -> Truth {
        Scene::set(self.program(), request, |scene| scene.verdict(0))
    }

    /// Allows only if this holds for a request; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        Scene::set(self.program(), request, |scene| {
            match scene.run(0, Doubt::Against) {
                Some(last) => {
                    let name = Arc::clone(&last.leaf.name);
                    Decision::allowed(Reason::new(ReasonCode::Met, name), None)
                }
                None => Blame::of(scene, 0, true).decision(),
            }
        })
    }

    /// Returns the tree in postfix order: what a node joins stands right before it.
    pub(in crate::policy) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the tests in their order.
    pub(in crate::policy) fn leaves(&self) -> impl Iterator<Item = &Arc<Leaf>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Leaf(leaf) => Some(leaf),
            _ => None,
        })
    }

    fn program(&self) -> &Program {
        let compile = || Arc::new(Program::of(&self.nodes));
        self.program.get_or_init(compile)
    }

    fn followed(mut self, node: Node) -> Self {
        self.nodes.push(node);
        Self::of(self.nodes)
    }

    /// Appends another tree; `parts` says how many this joins already in the same way.
    fn joined(mut self, mut other: Self, join: fn(usize) -> Node, parts: Option<usize>) -> Self {
        if parts.is_some() {
            self.nodes.pop();
        }
        self.nodes.append(&mut other.nodes);
        self.followed(join(parts.unwrap_or(1) + 1))
    }

    fn gathered(
        conditions: impl IntoIterator<Item = Self>,
        join: fn(usize) -> Node,
    ) -> Option<Self> {
        let mut parts = conditions.into_iter();
        let mut all = parts.next()?;
        let mut count = 1;
        for mut part in parts {
            all.nodes.append(&mut part.nodes);
            count += 1;
        }
        Some(if count == 1 {
            all
        } else {
            all.followed(join(count))
        })
    }
}

fn nothing(field: &'static str) -> ConfigError {
    let detail = "no condition was given; give at least one";
    ConfigError::missing(field, detail)
}

impl Authorizer for Condition {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl ops::BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl ops::BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl ops::Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::not(self)
    }
}

impl fmt::Debug for Condition {
    /// Shows the names of the tests, never the values they compare with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")?;
        f.debug_list().entries(self.program().names()).finish()
    }
}

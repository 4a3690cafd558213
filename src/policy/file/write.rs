//! Policies as files.

use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;
use serde::ser::Error;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::node::Node;
use crate::policy::engine::notation::Tree;
use crate::policy::engine::notation::single;
use crate::policy::file::error::FIELD;
use crate::policy::obligation::Obligations;
use crate::policy::policy::Policy;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::guarded_route::Route;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;

/// Writes a text, and makes sure that it can be read again.
pub(super) fn text(tree: &Tree) -> Result<String, ConfigError> {
    let text = serde_json::to_string_pretty(tree).map_err(|error| {
        let detail = "the policy cannot be written";
        ConfigError::malformed(FIELD, detail).with_source(error)
    })?;
    match Value::parse(text.as_bytes()) {
        Ok(_) => Ok(text),
        Err(error) => Err(too_large().with_source(error)),
    }
}

pub(super) fn policy(policy: &Policy) -> Result<Tree, ConfigError> {
    let rules = policy.rules().iter().map(rule);
    Ok(Tree::map([
        ("combining", Tree::text(policy.combining().as_str())),
        ("rules", Tree::List(rules.collect::<Result<_, _>>()?)),
    ]))
}

pub(super) fn table(table: &RouteTable) -> Result<Tree, ConfigError> {
    let by = if table.is_by_path() { "path" } else { "route" };
    let routes = table.routes().iter().map(route);
    Ok(Tree::map([
        ("match", Tree::text(by)),
        ("routes", Tree::List(routes.collect::<Result<_, _>>()?)),
    ]))
}

fn rule(rule: &Rule) -> Result<Tree, ConfigError> {
    let mut members = vec![
        ("name", Tree::text(rule.name())),
        ("effect", Tree::text(rule.effect().as_str())),
        ("if", condition(rule.condition())?),
    ];
    if let Some(duties) = rule.obligations().filter(|duties| !duties.is_empty()) {
        members.push(("obligations", obligations(duties)?));
    }
    Ok(Tree::Map(members))
}

fn route(route: &Route) -> Result<Tree, ConfigError> {
    let method = route.method();
    let mut members = Vec::new();
    members.extend(method.map(|method| ("method", Tree::text(method.as_str()))));
    members.push(("pattern", Tree::text(route.pattern())));
    members.push(match route.guard() {
        Guard::Condition(own) => ("if", condition(own)?),
        Guard::Policy(own) => ("policy", policy(own)?),
    });
    Ok(Tree::Map(members))
}

fn obligations(duties: &Obligations) -> Result<Tree, ConfigError> {
    let mut members = Vec::new();
    let class = duties.rate_class();
    members.extend(class.map(|class| ("rate_class", Tree::text(class))));
    let level = duties.audit();
    members.extend(level.map(|level| ("audit", Tree::text(level.as_str()))));
    let headers = duties.headers().iter().map(|(name, value)| {
        let value = value.to_str().map_err(|error| {
            let detail = format!("the header `{name}` is no text; give visible ASCII");
            ConfigError::malformed(FIELD, detail).with_source(error)
        })?;
        let name = ("name", Tree::text(name.as_str()));
        Ok(Tree::map([name, ("value", Tree::text(value))]))
    });
    let headers: Vec<_> = headers.collect::<Result<_, ConfigError>>()?;
    if !headers.is_empty() {
        members.push(("headers", Tree::List(headers)));
    }
    Ok(Tree::Map(members))
}

/// Builds from the tests outwards, without recursion; a tree that is too deep is refused before
/// anybody could recurse into it.
pub(super) fn condition(condition: &Condition) -> Result<Tree, ConfigError> {
    let mut done: Vec<(Tree, usize)> = Vec::new();
    for node in condition.nodes() {
        let (tree, depth) = match node {
            Node::All(parts) => joined("all", &mut done, *parts),
            Node::Any(parts) => joined("any", &mut done, *parts),
            Node::Leaf(leaf) => (single(leaf), 1),
            Node::Named(name) => named(name, done.pop()),
            Node::Not => {
                let (tree, depth) = done.pop().unwrap_or_else(nothing);
                (Tree::map([("not", tree)]), depth + 1)
            }
        };
        if depth > limits::JSON_DEPTH {
            return Err(too_large());
        }
        done.push((tree, depth));
    }
    Ok(done.pop().unwrap_or_else(nothing).0)
}

fn joined(name: &'static str, done: &mut Vec<(Tree, usize)>, parts: usize) -> (Tree, usize) {
    let parts = done.split_off(done.len().saturating_sub(parts));
    let depth = parts.iter().map(|(_, depth)| *depth).max();
    let trees = parts.into_iter().map(|(tree, _)| tree).collect();
    let tree = Tree::map([(name, Tree::List(trees))]);
    (tree, depth.unwrap_or_default() + 2)
}

fn named(name: &Arc<str>, inner: Option<(Tree, usize)>) -> (Tree, usize) {
    let name = ("name", Tree::Text(Arc::clone(name)));
    match inner.unwrap_or_else(nothing) {
        (Tree::Map(mut members), depth) if members.iter().all(|(own, _)| *own != "name") => {
            members.insert(0, name);
            (Tree::Map(members), depth)
        }
        (tree, depth) => {
            let all = ("all", Tree::List(vec![tree]));
            (Tree::map([name, all]), depth + 2)
        }
    }
}

const fn nothing() -> (Tree, usize) {
    (Tree::Map(Vec::new()), 0)
}

fn too_large() -> ConfigError {
    let detail = format!(
        "the policy nests deeper than {} or is longer than {} bytes; split it",
        limits::JSON_DEPTH,
        limits::JSON_BYTES
    );
    ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail)
}

impl Serialize for Policy {
    /// Writes what [`Policy::to_json`] writes, in any format.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree = policy(self).map_err(S::Error::custom)?;
        tree.serialize(serializer)
    }
}

impl Serialize for RouteTable {
    /// Writes what [`RouteTable::to_json`] writes, in any format.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree = table(self).map_err(S::Error::custom)?;
        tree.serialize(serializer)
    }
}

//! Writing of policy files.

use std::sync::Arc;

use serde::ser::Error;
use serde::{Serialize, Serializer};

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::node::Node;
use crate::policy::engine::notation::{JsonTree, predicate};
use crate::policy::file::error::FIELD;
use crate::policy::obligation::Obligations;
use crate::policy::policy::Policy;
use crate::policy::route::guarded_route::{Guard, Route};
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;

/// Writes a tree as JSON that is known to be within the limits of the scanner.
pub(super) fn text(tree: &JsonTree) -> Result<String, ConfigError> {
    let text = serde_json::to_string_pretty(tree).map_err(|error| {
        let detail = "the policy cannot be written as JSON";
        ConfigError::malformed(FIELD, detail).with_source(error)
    })?;
    match Value::parse(text.as_bytes()) {
        Ok(_) => Ok(text),
        Err(error) => Err(too_large().with_source(error)),
    }
}

pub(super) fn policy(policy: &Policy) -> Result<JsonTree, ConfigError> {
    let rules = policy.rules().iter().map(rule);
    Ok(JsonTree::map([
        ("combining", JsonTree::string(policy.combining().as_str())),
        ("rules", JsonTree::List(rules.collect::<Result<_, _>>()?)),
    ]))
}

pub(super) fn table(table: &RouteTable) -> Result<JsonTree, ConfigError> {
    let key = if table.is_by_path() { "path" } else { "route" };
    let routes = table.routes().iter().map(route);
    Ok(JsonTree::map([
        ("match", JsonTree::string(key)),
        ("routes", JsonTree::List(routes.collect::<Result<_, _>>()?)),
    ]))
}

fn rule(rule: &Rule) -> Result<JsonTree, ConfigError> {
    let mut members = vec![
        ("name", JsonTree::string(rule.name())),
        ("effect", JsonTree::string(rule.effect().as_str())),
        ("if", condition(rule.condition())?),
    ];
    if let Some(given) = rule.obligations().filter(|given| !given.is_empty()) {
        members.push(("obligations", obligations(given)?));
    }
    Ok(JsonTree::Map(members))
}

fn route(route: &Route) -> Result<JsonTree, ConfigError> {
    let method = route.method();
    let mut members = Vec::new();
    members.extend(method.map(|method| ("method", JsonTree::string(method.as_str()))));
    members.push(("pattern", JsonTree::string(route.pattern())));
    members.push(match route.guard() {
        Guard::Condition(guard) => ("if", condition(guard)?),
        Guard::Policy(guard) => ("policy", policy(guard)?),
    });
    Ok(JsonTree::Map(members))
}

fn obligations(obligations: &Obligations) -> Result<JsonTree, ConfigError> {
    let mut members = Vec::new();
    let class = obligations.rate_class();
    members.extend(class.map(|class| ("rate_class", JsonTree::string(class))));
    let cost = obligations.rate_cost();
    members.extend(cost.map(|cost| ("rate_cost", JsonTree::Integer(i64::from(cost)))));
    let level = obligations.audit();
    members.extend(level.map(|level| ("audit", JsonTree::string(level.as_str()))));
    let headers = obligations.headers().iter().map(|(name, value)| {
        let value = value.to_str().map_err(|error| {
            let detail =
                format!("expected a header value of visible ASCII, found other bytes in `{name}`");
            ConfigError::malformed(FIELD, detail).with_source(error)
        })?;
        let name = ("name", JsonTree::string(name.as_str()));
        Ok(JsonTree::map([name, ("value", JsonTree::string(value))]))
    });
    let headers: Vec<_> = headers.collect::<Result<_, ConfigError>>()?;
    if !headers.is_empty() {
        members.push(("headers", JsonTree::List(headers)));
    }
    Ok(JsonTree::Map(members))
}

/// Builds the tree of a condition from its predicates outwards, without recursion.
///
/// A tree that is too deep is refused, because serializing it recurses.
pub(super) fn condition(condition: &Condition) -> Result<JsonTree, ConfigError> {
    let mut done: Vec<(JsonTree, usize)> = Vec::new();
    for node in condition.nodes() {
        let (tree, depth) = match node {
            Node::All(parts) => combined("all", &mut done, *parts),
            Node::Any(parts) => combined("any", &mut done, *parts),
            Node::Leaf(leaf) => (predicate(leaf), 1),
            Node::Named(name) => {
                let name = ("name", JsonTree::String(Arc::clone(name)));
                match done.pop().unwrap_or_else(empty) {
                    (JsonTree::Map(mut members), depth)
                        if members.iter().all(|(member, _)| *member != "name") =>
                    {
                        members.insert(0, name);
                        (JsonTree::Map(members), depth)
                    }
                    // A condition has one name, so a second one needs another condition.
                    (tree, depth) => {
                        let all = ("all", JsonTree::List(vec![tree]));
                        (JsonTree::map([name, all]), depth + 2)
                    }
                }
            }
            Node::Not => {
                let (tree, depth) = done.pop().unwrap_or_else(empty);
                (JsonTree::map([("not", tree)]), depth + 1)
            }
        };
        if depth > limits::JSON_DEPTH {
            return Err(too_large());
        }
        done.push((tree, depth));
    }
    Ok(done.pop().unwrap_or_else(empty).0)
}

fn combined(
    name: &'static str,
    done: &mut Vec<(JsonTree, usize)>,
    parts: usize,
) -> (JsonTree, usize) {
    let parts = done.split_off(done.len().saturating_sub(parts));
    let depth = parts.iter().map(|(_, depth)| *depth).max();
    let trees = parts.into_iter().map(|(tree, _)| tree).collect();
    let tree = JsonTree::map([(name, JsonTree::List(trees))]);
    (tree, depth.unwrap_or_default() + 2)
}

const fn empty() -> (JsonTree, usize) {
    (JsonTree::Map(Vec::new()), 0)
}

fn too_large() -> ConfigError {
    let detail = format!(
        "expected at most {} levels of nesting and {} bytes of JSON, found more; split the policy",
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

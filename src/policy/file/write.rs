//! Policies as files.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::Serializer;
use serde::ser::Error;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::condition::condition::Leaf;
use crate::policy::condition::condition::Node;
use crate::policy::condition::resource::Source;
use crate::policy::engine::calendar::DAYS;
use crate::policy::engine::calendar::Hours;
use crate::policy::engine::calendar::Weekdays;
use crate::policy::engine::calendar::Zone;
use crate::policy::engine::claim_predicate::Check;
use crate::policy::engine::predicate::Path;
use crate::policy::engine::predicate::Test;
use crate::policy::file::FIELD;
use crate::policy::file::tree::Tree;
use crate::policy::obligation::Obligations;
use crate::policy::policy::Policy;
use crate::policy::route::route_table::Guard;
use crate::policy::route::route_table::Route;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;
use crate::principal::ClaimValue;

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

pub(super) fn single(leaf: &Leaf) -> Tree {
    let shared = |text: &Arc<str>| Tree::Text(Arc::clone(text));
    match &leaf.test {
        Test::Absent(own) => Tree::map([path(own), ("absent", Tree::Bool(true))]),
        Test::Action(name) => Tree::map([("action", shared(name))]),
        Test::Address(networks) => {
            let networks = networks
                .iter()
                .map(|network| Tree::text(network.to_string()));
            Tree::map([("address_in", Tree::List(networks.collect()))])
        }
        Test::Attribute(name, value) => {
            Tree::map([("attribute", shared(name)), ("is", value.into())])
        }
        Test::Authority(name) => Tree::map([("authority", Tree::text(name.as_str()))]),
        Test::Claim(own, asked) => claim(own, asked),
        Test::Client(id) => Tree::map([("client", shared(id))]),
        Test::Custom(_) => Tree::map([("custom", shared(&leaf.name))]),
        Test::Encrypted => Tree::map([("over_tls", Tree::Bool(true))]),
        Test::Header(name, value) => {
            Tree::map([("header", Tree::text(name.as_str())), ("is", shared(value))])
        }
        Test::Hours(own) => hours(own),
        Test::Kind(kind) => Tree::map([("kind", Tree::text(kind.as_str()))]),
        Test::Method(method) => Tree::map([("method", Tree::text(method.as_str()))]),
        Test::Owner(of) => Tree::map([("owner", owner(&of.0))]),
        Test::Param(name, value) => Tree::map([("param", shared(name)), ("is", shared(value))]),
        Test::Route(pattern) => Tree::map([("route", shared(pattern))]),
        Test::Scope(name) => Tree::map([("scope", shared(name))]),
        Test::SenderConstrained => Tree::map([("sender_constrained", Tree::Bool(true))]),
        Test::TokenAge(most) => Tree::map([("token_age_at_most", seconds(*most))]),
        Test::Weekdays(own) => weekdays(own),
    }
}

fn path(path: &Path) -> (&'static str, Tree) {
    let tree = if path.members.is_empty() {
        Tree::Text(Arc::clone(&path.claim))
    } else {
        Tree::texts([&path.claim].into_iter().chain(&path.members))
    };
    ("claim", tree)
}

fn claim(own: &Path, check: &Check) -> Tree {
    let asked = match check {
        Check::Age(most) => return Tree::map([("auth_age_at_most", seconds(*most))]),
        Check::AtLeast(least) => ("at_least", Tree::Integer(*least)),
        Check::AtMost(most) => ("at_most", Tree::Integer(*most)),
        Check::Contains(ClaimValue::Text(text)) if is_short(own) => {
            let name = SHORT.into_iter().find(|(_, claim)| *claim == &*own.claim);
            let name = name.map_or("role", |(name, _)| name);
            return Tree::map([(name, Tree::text(text.as_str()))]);
        }
        Check::Contains(value) => ("contains", value.into()),
        Check::Is(value) => ("is", value.into()),
        Check::IsAhead => ("is_ahead", Tree::Bool(true)),
        Check::IsOver => ("is_over", Tree::Bool(true)),
        Check::Level(levels) => {
            let level = levels.order.get(levels.least).cloned().unwrap_or_default();
            let order = ("order", Tree::texts(&levels.order));
            return Tree::map([("acr_at_least", Tree::Text(level)), order]);
        }
        Check::Matches(pattern) => ("matches", Tree::Text(Arc::clone(&pattern.text))),
        Check::Names(name) => return Tree::map([("audience", Tree::Text(Arc::clone(name)))]),
        Check::OneOf(values) => {
            let values = values.iter().map(Tree::from);
            ("one_of", Tree::List(values.collect()))
        }
        Check::Present => ("present", Tree::Bool(true)),
        Check::StartsWith(prefix) => ("starts_with", Tree::Text(Arc::clone(prefix))),
    };
    Tree::map([path(own), asked])
}

/// Lists of texts with a form of their own, by claim.
const SHORT: [(&str, &str); 3] = [("role", "roles"), ("group", "groups"), ("amr", "amr")];

fn is_short(path: &Path) -> bool {
    path.members.is_empty() && SHORT.iter().any(|(_, claim)| *claim == &*path.claim)
}

fn owner(source: &Source) -> Tree {
    match source {
        Source::Attribute(name) => Tree::map([("attribute", Tree::Text(Arc::clone(name)))]),
        Source::Param(name, authority) => Tree::map([
            ("param", Tree::Text(Arc::clone(name))),
            ("of", Tree::text(authority.as_str())),
        ]),
    }
}

fn hours(hours: &Hours) -> Tree {
    let time = |minutes: u32| Tree::text(clock(minutes));
    Tree::map([
        (
            "time_between",
            Tree::List(vec![time(hours.from), time(hours.to)]),
        ),
        ("zone", zone(hours.zone)),
    ])
}

fn weekdays(own: &Weekdays) -> Tree {
    let days = DAYS.iter().enumerate();
    let days = days.filter(|(bit, _)| own.days >> bit & 1 == 1);
    let days = days.map(|(_, day)| Tree::text(*day));
    Tree::map([
        ("weekdays", Tree::List(days.collect())),
        ("zone", zone(own.zone)),
    ])
}

fn zone(zone: Zone) -> Tree {
    let sign = if zone.0 < 0 { '-' } else { '+' };
    match zone.0 {
        0 => Tree::text("Z"),
        minutes => Tree::text(format!("{sign}{}", clock(minutes.unsigned_abs()))),
    }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn seconds(duration: Duration) -> Tree {
    Tree::Integer(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
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

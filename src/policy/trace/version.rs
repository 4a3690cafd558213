//! Versions of policies: digests of their rules.

use std::fmt::Write;

use ring::digest;

use crate::policy::condition::condition::Condition;
use crate::policy::engine::node::Node;
use crate::policy::policy::Policy;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::rule::Rule;
use crate::policy::trace::fact::expected;

impl Policy {
    /// Returns a digest of the rules, 16 hexadecimal digits, by which traces and logs say which
    /// policy decided.
    ///
    /// It differs if a rule, its order or a value in it differs. Of a condition that is a function
    /// ([`condition_fn`](crate::policy::condition_fn)) it knows only the name, and it may change with
    /// the version of this crate. It is computed at each call.
    ///
    /// ```
    /// use bearergate::{Policy, require_scope};
    /// use bearergate::policy::Rule;
    ///
    /// let policy = |scope: &str| Policy::builder().rule(Rule::permit("read", require_scope(scope))).build();
    /// assert_eq!(policy("a")?.version(), policy("a")?.version());
    /// assert_ne!(policy("a")?.version(), policy("b")?.version());
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub fn version(&self) -> String {
        let mut text = String::new();
        policy(self, &mut text);
        short_digest(&text)
    }
}

impl RouteTable {
    /// Returns a digest of the routes and their guards, like that of
    /// [`Policy::version`](Policy::version).
    pub fn version(&self) -> String {
        let mut text = String::new();
        for route in self.routes() {
            let method = route.method().map_or("*", |method| method.as_str());
            line(&mut text, &["route", method, route.pattern()]);
            match route.guard() {
                Guard::Condition(own) => condition(own, &mut text),
                Guard::Policy(own) => policy(own, &mut text),
            }
        }
        short_digest(&text)
    }
}

fn policy(policy: &Policy, text: &mut String) {
    line(text, &["policy", policy.combining().as_str()]);
    for own in policy.rules() {
        rule(own, text);
    }
}

fn rule(rule: &Rule, text: &mut String) {
    line(text, &["rule", rule.effect().as_str(), rule.name()]);
    if let Some(obligations) = rule.obligations() {
        let audit = obligations.audit().map_or("", |level| level.as_str());
        let class = obligations.rate_class().unwrap_or_default();
        let cost = obligations.rate_cost().map(|cost| cost.to_string());
        line(text, &["obligations", audit, class]);
        if let Some(cost) = cost {
            line(text, &["cost", &cost]);
        }
        for (name, value) in obligations.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            line(text, &["header", name.as_str(), &value]);
        }
    }
    condition(rule.condition(), text);
}

fn condition(condition: &Condition, text: &mut String) {
    for node in condition.nodes() {
        match node {
            Node::All(parts) => line(text, &["all", &parts.to_string()]),
            Node::Any(parts) => line(text, &["any", &parts.to_string()]),
            Node::Leaf(leaf) => line(text, &["test", &leaf.name, &expected(&leaf.predicate)]),
            Node::Named(name) => line(text, &["named", name]),
            Node::Not => line(text, &["not"]),
        }
    }
}

/// Writes fields with their lengths, so that two lists of fields never give one text.
fn line(text: &mut String, fields: &[&str]) {
    for field in fields {
        // Writing to a string does not fail.
        let _ = write!(text, "{}:{field} ", field.len());
    }
    text.push('\n');
}

fn short_digest(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

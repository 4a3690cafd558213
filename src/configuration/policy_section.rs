//! The policy: in the file, or in a file of its own.

use super::error::FIELD;
use super::network::Context;
use super::reader::Node;
use super::tree::Tree;
use crate::error::{ConfigError, excerpt};
use crate::gate::GateBuilder;
use crate::json::Value;
use crate::policy::{LoadError, Policy, PolicyLoader, RouteTable};

/// What decides what callers may do.
pub(super) enum Decider {
    Policy(Policy),
    Routes(RouteTable),
}

impl Decider {
    pub(super) fn of(self, gate: GateBuilder) -> GateBuilder {
        match self {
            Self::Policy(policy) => gate.authorizer(policy),
            Self::Routes(table) => gate.authorizer(table),
        }
    }
}

/// Reads the section: a policy, a table of routes, or the file of one.
pub(super) fn policy(
    node: &Node<'_>,
    context: &Context<'_>,
    loader: &PolicyLoader,
) -> Option<Decider> {
    let Tree::Map(members) = node.tree() else {
        let remedy = "write its `rules` or `routes` in braces, or `{\"file\": \"policy.json\"}`";
        node.refuse("a policy", remedy);
        return None;
    };
    if !members.iter().any(|(name, _)| name == "file") {
        let text = node.tree().to_json();
        return load(text.as_bytes(), loader)
            .map_err(|error| node.report_below(error.pointer(), error.error().clone()))
            .ok();
    }
    let mut section = node.section()?;
    let file = section.take("file")?;
    section.finish();
    let text = context.folder.content(&file)?;
    load(&text, loader)
        .map_err(|error| report_file(&file, &error))
        .ok()
}

fn load(text: &[u8], loader: &PolicyLoader) -> Result<Decider, LoadError> {
    let value = Value::parse(text).ok();
    let object = value.and_then(Value::as_object);
    let is_table = |name| {
        object
            .as_ref()
            .is_some_and(|object| object.get(name).is_some())
    };
    match is_table("routes") || is_table("match") {
        true => loader.routes(text).map(Decider::Routes),
        false => loader.policy(text).map(Decider::Policy),
    }
}

/// Reports an error at the member that names the file.
fn report_file(file: &Node<'_>, error: &LoadError) {
    let name = excerpt(file.text().unwrap_or_default());
    let detail = format!("expected a policy in `{name}`, found an error there: {error}");
    file.report(ConfigError::new(error.kind(), FIELD, detail));
}

//! Reading of policy files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::effect::Effect;
use crate::policy::engine::node::Node;
use crate::policy::file::condition;
use crate::policy::file::error::LoadError;
use crate::policy::file::fields::{Fields, header_name, list, method, string};
use crate::policy::file::pointer::{Pointer, shown};
use crate::policy::obligation::{AuditLevel, Obligations};
use crate::policy::policy::{Combining, Policy, PolicyBuilder};
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::{RouteTable, RouteTableBuilder};
use crate::policy::rule::Rule;

/// The reader of one policy file.
///
/// Its recursion is bounded by the depth that the JSON scanner accepts.
pub(super) struct PolicyReader<'l> {
    customs: &'l HashMap<Arc<str>, Condition>,
    parts: HashMap<String, Condition>,
    /// Steps of all conditions so far. Parts that refer to parts could double without bound.
    steps: usize,
}

impl<'l> PolicyReader<'l> {
    pub(super) fn new(customs: &'l HashMap<Arc<str>, Condition>) -> Self {
        Self {
            customs,
            parts: HashMap::new(),
            steps: 0,
        }
    }

    pub(super) fn policy(
        &mut self,
        value: Value<'_>,
        pointer: &Pointer<'_>,
    ) -> Result<Policy, LoadError> {
        let mut fields = Fields::read(value, pointer)?;
        let parts = self.head(&mut fields)?;
        let combining = match fields.take("combining") {
            Some(value) => combining(value, &pointer.member("combining"))?,
            None => Combining::default(),
        };
        let rules = fields.required("rules")?;
        fields.finish("`parts`, `combining` and `rules`")?;
        let pointer = pointer.member("rules");
        check_count(rules, &pointer)?;
        let mut names = HashSet::new();
        let rules = list(rules, &pointer, |value, pointer| {
            let rule = self.rule(value, pointer)?;
            if !names.insert(rule.name().to_owned()) {
                let detail =
                    "expected a different name for every rule, found one twice; rename the rule";
                let pointer = pointer.member("name");
                return Err(pointer.error(ConfigErrorKind::Conflict, detail));
            }
            Ok(rule)
        })?;
        // Parts of a policy inside a table are not visible to the policies that follow.
        for name in parts {
            self.parts.remove(&name);
        }
        let builder = Policy::builder().combining(combining);
        let builder = rules.into_iter().fold(builder, PolicyBuilder::rule);
        builder.build().map_err(|error| pointer.wrap(error))
    }

    pub(super) fn table(
        &mut self,
        value: Value<'_>,
        pointer: &Pointer<'_>,
    ) -> Result<RouteTable, LoadError> {
        let mut fields = Fields::read(value, pointer)?;
        self.head(&mut fields)?;
        let mut table = match &*fields.string("match")? {
            "path" => RouteTable::by_path(),
            "route" => RouteTable::by_route(),
            _ => {
                let detail = "expected `path` or `route`, found another string";
                return Err(pointer.member("match").malformed(detail));
            }
        };
        let routes = fields.required("routes")?;
        fields.finish("`parts`, `match` and `routes`")?;
        let pointer = pointer.member("routes");
        check_count(routes, &pointer)?;
        for route in list(routes, &pointer, |value, pointer| {
            self.route(value, pointer)
        })? {
            table = route(table);
        }
        table.build().map_err(|error| pointer.wrap(error))
    }

    /// Reads the members that every file may have, and returns the names of its parts.
    fn head(&mut self, fields: &mut Fields<'_, '_>) -> Result<Vec<String>, LoadError> {
        if let Some(value) = fields.take("$schema") {
            string(value, &fields.pointer.member("$schema"))?;
        }
        let Some(parts) = fields.take("parts") else {
            return Ok(Vec::new());
        };
        let pointer = fields.pointer.member("parts");
        let mut names = Vec::new();
        for (name, value) in Fields::read(parts, &pointer)?.rest() {
            let pointer = pointer.member(&name);
            if self.parts.contains_key(&*name) {
                let detail =
                    "expected a different name for every part, found one twice; rename the part";
                return Err(pointer.error(ConfigErrorKind::Conflict, detail));
            }
            let condition = self.condition(value, &pointer)?.named(&*name);
            self.parts.insert(name.to_string(), condition);
            names.push(name.into_owned());
        }
        Ok(names)
    }

    fn rule(&mut self, value: Value<'_>, pointer: &Pointer<'_>) -> Result<Rule, LoadError> {
        let mut fields = Fields::read(value, pointer)?;
        let name = fields.string("name")?;
        let effect = match &*fields.string("effect")? {
            "permit" => Effect::Permit,
            "forbid" => Effect::Forbid,
            _ => {
                let detail = "expected `permit` or `forbid`, found another string";
                return Err(pointer.member("effect").malformed(detail));
            }
        };
        let condition = self.condition(fields.required("if")?, &pointer.member("if"))?;
        let value = fields.take("obligations");
        fields.finish("`name`, `effect`, `if` and `obligations`")?;
        let rule = Rule::new(name.into(), effect, condition);
        match value {
            None => Ok(rule),
            Some(value) => {
                let obligations = obligations(value, &pointer.member("obligations"))?;
                Ok(rule.with_obligations(obligations))
            }
        }
    }

    fn route(
        &mut self,
        value: Value<'_>,
        pointer: &Pointer<'_>,
    ) -> Result<impl FnOnce(RouteTableBuilder) -> RouteTableBuilder + use<>, LoadError> {
        let mut fields = Fields::read(value, pointer)?;
        let method = match fields.take("method") {
            Some(value) => Some(method(value, &pointer.member("method"))?),
            None => None,
        };
        let pattern = fields.string("pattern")?;
        let guard = match (fields.take("if"), fields.take("policy")) {
            (Some(value), None) => Guard::from(self.condition(value, &pointer.member("if"))?),
            (None, Some(value)) => Guard::from(self.policy(value, &pointer.member("policy"))?),
            _ => {
                return Err(
                    pointer.malformed("expected either `if` or `policy`, found both or none")
                );
            }
        };
        fields.finish("`method`, `pattern`, and `if` or `policy`")?;
        Ok(move |table: RouteTableBuilder| match method {
            Some(method) => table.route(method, &pattern, guard),
            None => table.any_method(&pattern, guard),
        })
    }

    pub(super) fn condition(
        &mut self,
        value: Value<'_>,
        pointer: &Pointer<'_>,
    ) -> Result<Condition, LoadError> {
        let mut fields = Fields::read(value, pointer)?;
        let name = match fields.take("name") {
            Some(value) => Some(string(value, &pointer.member("name"))?),
            None => None,
        };
        let condition = self.unnamed(&mut fields)?;
        fields.finish("one condition and an optional `name`")?;
        self.count(1, pointer)?;
        Ok(match name {
            Some(name) => condition.named(name),
            None => condition,
        })
    }

    /// Reads a condition without its name.
    fn unnamed(&mut self, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
        let pointer = fields.pointer;
        if let Some(value) = fields.take("all") {
            let pointer = pointer.member("all");
            let parts = list(value, &pointer, |value, pointer| {
                self.condition(value, pointer)
            })?;
            return Condition::all(parts).map_err(|error| pointer.wrap(error));
        }
        if let Some(value) = fields.take("any") {
            let pointer = pointer.member("any");
            let parts = list(value, &pointer, |value, pointer| {
                self.condition(value, pointer)
            })?;
            return Condition::any(parts).map_err(|error| pointer.wrap(error));
        }
        if let Some(value) = fields.take("not") {
            return Ok(self.condition(value, &pointer.member("not"))?.not());
        }
        let condition = if fields.has("part") {
            let name = fields.string("part")?;
            let part = self.parts.get(&name).cloned();
            part.ok_or_else(|| {
                let pointer = pointer.member("part");
                unknown_name(&pointer, "a preceding part", &name, "`parts`")
            })?
        } else if fields.has("custom") {
            let name = fields.string("custom")?;
            let custom = self.customs.get(&*name).cloned();
            custom.ok_or_else(|| {
                let pointer = pointer.member("custom");
                let expected = "a condition of the service";
                unknown_name(&pointer, expected, &name, "the `PolicyLoader`")
            })?
        } else {
            condition::read(fields)?
        };
        let nodes = condition.nodes().iter();
        let cost = nodes.map(|node| match node {
            Node::Leaf(leaf) => leaf.predicate.cost(),
            _ => 1,
        });
        self.count(cost.fold(0, usize::saturating_add), pointer)?;
        Ok(condition)
    }

    fn count(&mut self, steps: usize, pointer: &Pointer<'_>) -> Result<(), LoadError> {
        self.steps = self.steps.saturating_add(steps);
        let max = limits::POLICY_STEPS;
        if self.steps <= max {
            return Ok(());
        }
        let detail =
            format!("expected at most {max} steps in the file, found more; split the file");
        Err(pointer.error(ConfigErrorKind::OutOfRange, detail))
    }
}

/// Returns the error of a reference to a condition that does not exist.
fn unknown_name(pointer: &Pointer<'_>, expected: &str, name: &str, place: &str) -> LoadError {
    let name = shown(name);
    let detail = format!("expected the name of {expected}, found `{name}`; add it to {place}");
    pointer.malformed(detail)
}

/// Refuses an array that is too long before any of its elements is read.
fn check_count(value: Value<'_>, pointer: &Pointer<'_>) -> Result<(), LoadError> {
    let max = limits::POLICY_RULES;
    let count = value.elements().map_or(0, |all| all.take(max + 1).count());
    if count <= max {
        return Ok(());
    }
    let detail = format!("expected at most {max} elements, found more; split the file");
    Err(pointer.error(ConfigErrorKind::OutOfRange, detail))
}

fn combining(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Combining, LoadError> {
    match &*string(value, pointer)? {
        "deny_overrides" => Ok(Combining::DenyOverrides),
        "first_applicable" => Ok(Combining::FirstApplicable),
        _ => {
            let detail = "expected `deny_overrides` or `first_applicable`, found another string";
            Err(pointer.malformed(detail))
        }
    }
}

fn obligations(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Obligations, LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    let mut all = Obligations::new();
    if let Some(value) = fields.take("rate_class") {
        all = all.with_rate_class(string(value, &pointer.member("rate_class"))?);
    }
    if let Some(value) = fields.take("audit") {
        let pointer = pointer.member("audit");
        all = all.with_audit(match &*string(value, &pointer)? {
            "brief" => AuditLevel::Brief,
            "normal" => AuditLevel::Normal,
            "full" => AuditLevel::Full,
            _ => {
                let detail = "expected `brief`, `normal` or `full`, found another string";
                return Err(pointer.malformed(detail));
            }
        });
    }
    if let Some(value) = fields.take("headers") {
        for (name, value) in list(value, &pointer.member("headers"), header)? {
            all = all.with_header(name, value);
        }
    }
    fields.finish("`rate_class`, `audit` and `headers`")?;
    Ok(all)
}

fn header(value: Value<'_>, pointer: &Pointer<'_>) -> Result<(HeaderName, HeaderValue), LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    let name = fields.string("name")?;
    let name = header_name(&name, &pointer.member("name"))?;
    let value = fields.string("value")?;
    fields.finish("`name` and `value`")?;
    let value = HeaderValue::from_str(&value).map_err(|_| {
        pointer
            .member("value")
            .malformed("expected a header value of visible ASCII, found another string")
    })?;
    Ok((name, value))
}

//! Reading of policy files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::error::{ConfigErrorKind, excerpt, nearest};
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::effect::Effect;
use crate::policy::engine::node::Node;
use crate::policy::file::condition;
use crate::policy::file::error::LoadError;
use crate::policy::file::fields::{Fields, choice, header_name, integer, list, method, string};
use crate::policy::file::pointer::Pointer;
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
        let mut fields = policy_fields(value, pointer)?;
        let parts = self.head(&mut fields)?;
        let combining = match fields.take("combining") {
            Some(value) => choice(value, &pointer.member("combining"), COMBINING)?,
            None => Combining::default(),
        };
        let rules = fields.required("rules")?;
        let pointer = pointer.member("rules");
        check_count(rules, &pointer)?;
        let mut names = HashSet::new();
        let rules = list(rules, &pointer, |value, pointer| {
            let rule = self.rule(value, pointer)?;
            if !names.insert(rule.name().to_owned()) {
                let detail = format!(
                    "expected a different name for every rule, found `{}` twice; rename the rule",
                    excerpt(rule.name())
                );
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
        let mut fields = table_fields(value, pointer)?;
        self.head(&mut fields)?;
        let by_path = [("path", true), ("route", false)];
        let by_path = choice(
            fields.required("match")?,
            &pointer.member("match"),
            &by_path,
        )?;
        let mut table = match by_path {
            true => RouteTable::by_path(),
            false => RouteTable::by_route(),
        };
        let routes = fields.required("routes")?;
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
                let detail = format!(
                    "expected a different name for every part, found `{}` twice; rename the part",
                    excerpt(&name)
                );
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
        fields.check_names(&["name", "effect", "if", "obligations"])?;
        let name = fields.string("name")?;
        let effect = choice(
            fields.required("effect")?,
            &pointer.member("effect"),
            EFFECTS,
        )?;
        let condition = self.condition(fields.required("if")?, &pointer.member("if"))?;
        let value = fields.take("obligations");
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
        fields.check_names(&["method", "pattern", "if", "policy"])?;
        let method = match fields.take("method") {
            Some(value) => Some(method(value, &pointer.member("method"))?),
            None => None,
        };
        let pattern = fields.string("pattern")?;
        let guard = match (fields.take("if"), fields.take("policy")) {
            (Some(value), None) => Guard::from(self.condition(value, &pointer.member("if"))?),
            (None, Some(value)) => Guard::from(self.policy(value, &pointer.member("policy"))?),
            (found, _) => {
                let found = if found.is_some() { "both" } else { "none" };
                let detail = format!(
                    "expected either `if` with a condition or `policy` with rules, found {found}; \
                     write one of them"
                );
                return Err(pointer.malformed(detail));
            }
        };
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
        condition::check_names(&fields)?;
        let name = match fields.take("name") {
            Some(value) => Some(string(value, &pointer.member("name"))?),
            None => None,
        };
        let condition = self.unnamed(&mut fields)?;
        let remedy = "join conditions by `all` or `any`, each in an object of its own";
        fields.finish("one condition and an optional `name`", remedy)?;
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
                let known = self.parts.keys().map(|name| &**name);
                unknown_name(&pointer, "a preceding part", (&name, known), "`parts`")
            })?
        } else if fields.has("custom") {
            let name = fields.string("custom")?;
            let custom = self.customs.get(&*name).cloned();
            custom.ok_or_else(|| {
                let pointer = pointer.member("custom");
                let expected = "a condition of the service";
                let known = self.customs.keys().map(|name| &**name);
                unknown_name(&pointer, expected, (&name, known), "the `PolicyLoader`")
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
fn unknown_name<'k>(
    pointer: &Pointer<'_>,
    expected: &str,
    (name, known): (&str, impl Iterator<Item = &'k str>),
    place: &str,
) -> LoadError {
    let mut known: Vec<_> = known.collect();
    known.sort_unstable();
    let found = format!("expected the name of {expected}, found `{}`", excerpt(name));
    pointer.malformed(match nearest(name, &known, &[]) {
        Some(meant) => format!("{found}; did you mean `{}`?", excerpt(meant)),
        None => format!("{found}; add it to {place}"),
    })
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

const COMBINING: &[(&str, Combining)] = &[
    ("deny_overrides", Combining::DenyOverrides),
    ("first_applicable", Combining::FirstApplicable),
];

const EFFECTS: &[(&str, Effect)] = &[("permit", Effect::Permit), ("forbid", Effect::Forbid)];

const AUDIT_LEVELS: &[(&str, AuditLevel)] = &[
    ("brief", AuditLevel::Brief),
    ("normal", AuditLevel::Normal),
    ("full", AuditLevel::Full),
];

/// Reads the members of a policy, and refuses another file that was given in its place.
fn policy_fields<'a, 'j>(
    value: Value<'j>,
    pointer: &'a Pointer<'a>,
) -> Result<Fields<'a, 'j>, LoadError> {
    let fields = Fields::read(value, pointer)?;
    if fields.has("rules") {
        fields.check_names(POLICY)?;
        return Ok(fields);
    }
    if fields.has("routes") || fields.has("match") {
        let remedy = match pointer.is_root() {
            true => "read it with `RouteTable::from_json` or `PolicyLoader::routes`",
            false => "add its routes to the table, and write `rules` here",
        };
        let detail = format!("expected a policy, found a table of routes; {remedy}");
        return Err(pointer.malformed(detail));
    }
    // Members of a condition, some of which are members of a policy too, are not misspelled.
    if fields.check_names(POLICY).is_err() && condition::check_names(&fields).is_ok() {
        let detail = "expected a policy, found a condition; write it as the `if` of a rule in \
                      `rules`";
        return Err(pointer.malformed(detail));
    }
    fields.check_names(POLICY)?;
    Ok(fields)
}

/// Reads the members of a table of routes, and refuses a policy that was given in its place.
fn table_fields<'a, 'j>(
    value: Value<'j>,
    pointer: &'a Pointer<'a>,
) -> Result<Fields<'a, 'j>, LoadError> {
    let fields = Fields::read(value, pointer)?;
    if fields.has("rules") && !fields.has("routes") {
        let detail = "expected a table of routes, found a policy; read it with \
                      `Policy::from_json` or `PolicyLoader::policy`";
        return Err(pointer.malformed(detail));
    }
    fields.check_names(TABLE)?;
    Ok(fields)
}

const POLICY: &[&str] = &["$schema", "parts", "combining", "rules"];

const TABLE: &[&str] = &["$schema", "parts", "match", "routes"];

fn obligations(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Obligations, LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    fields.check_names(&["rate_class", "rate_cost", "audit", "headers"])?;
    let mut all = Obligations::new();
    if let Some(value) = fields.take("rate_class") {
        all = all.with_rate_class(string(value, &pointer.member("rate_class"))?);
    }
    if let Some(value) = fields.take("rate_cost") {
        let pointer = pointer.member("rate_cost");
        let cells = u32::try_from(integer(value, &pointer)?).ok();
        let cells = cells.filter(|cells| (1..=limits::RATE_QUOTA_MAX).contains(cells));
        let cells = cells.ok_or_else(|| {
            let most = limits::RATE_QUOTA_MAX;
            pointer.malformed(format!("expected a number of cells from 1 to {most}"))
        })?;
        all = all.with_rate_cost(cells);
    }
    if let Some(value) = fields.take("audit") {
        let level = choice(value, &pointer.member("audit"), AUDIT_LEVELS)?;
        all = all.with_audit(level);
    }
    if let Some(value) = fields.take("headers") {
        for (name, value) in list(value, &pointer.member("headers"), header)? {
            all = all.with_header(name, value);
        }
    }
    Ok(all)
}

fn header(value: Value<'_>, pointer: &Pointer<'_>) -> Result<(HeaderName, HeaderValue), LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    fields.check_names(&["name", "value"])?;
    let name = fields.string("name")?;
    let name = header_name(&name, &pointer.member("name"))?;
    let value = fields.string("value")?;
    let value = HeaderValue::from_str(&value).map_err(|_| {
        pointer.member("value").malformed(
            "expected a header value of visible ASCII, found other characters; write none of them",
        )
    })?;
    Ok((name, value))
}

//! Files as policies.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use http::HeaderName;
use http::HeaderValue;

use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::limits;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::node::Node;
use crate::policy::file::condition;
use crate::policy::file::error::LoadError;
use crate::policy::file::fields::Fields;
use crate::policy::file::fields::header_name;
use crate::policy::file::fields::list;
use crate::policy::file::fields::method;
use crate::policy::file::fields::text;
use crate::policy::file::pointer::Spot;
use crate::policy::file::pointer::shown;
use crate::policy::obligation::AuditLevel;
use crate::policy::obligation::Obligations;
use crate::policy::policy::Combining;
use crate::policy::policy::Policy;
use crate::policy::route::guarded_route::Guard;
use crate::policy::route::route_table::RouteTable;
use crate::policy::route::route_table::RouteTableBuilder;
use crate::policy::rule::Effect;
use crate::policy::rule::Rule;

/// One file that is being read.
///
/// It recurses no deeper than the scanner lets a text nest.
pub(super) struct Reader<'l> {
    customs: &'l HashMap<Arc<str>, Condition>,
    parts: HashMap<String, Condition>,
    /// Steps of all conditions so far: parts that are used again would grow without bound.
    steps: usize,
}

impl<'l> Reader<'l> {
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
        spot: &Spot<'_>,
    ) -> Result<Policy, LoadError> {
        let mut fields = Fields::read(value, spot)?;
        let parts = self.head(&mut fields)?;
        let combining = match fields.take("combining") {
            Some(value) => combining(value, &spot.member("combining"))?,
            None => Combining::default(),
        };
        let rules = fields.need("rules")?;
        fields.finish("`parts`, `combining` and `rules`")?;
        let spot = spot.member("rules");
        check_count(rules, &spot)?;
        let mut names = HashSet::new();
        let rules = list(rules, &spot, |value, spot| {
            let rule = self.rule(value, spot)?;
            if !names.insert(rule.name().to_owned()) {
                let detail = "another rule has this name; name each once";
                let spot = spot.member("name");
                return Err(spot.refuse(ConfigErrorKind::Conflict, detail));
            }
            Ok(rule)
        })?;
        // In a table another policy may follow, which these are not for.
        for name in parts {
            self.parts.remove(&name);
        }
        let builder = Policy::builder().combining(combining);
        let builder = rules.into_iter().fold(builder, |own, rule| own.rule(rule));
        builder.build().map_err(|error| spot.wrap(error))
    }

    pub(super) fn table(
        &mut self,
        value: Value<'_>,
        spot: &Spot<'_>,
    ) -> Result<RouteTable, LoadError> {
        let mut fields = Fields::read(value, spot)?;
        self.head(&mut fields)?;
        let mut table = match &*fields.text("match")? {
            "path" => RouteTable::by_path(),
            "route" => RouteTable::by_route(),
            _ => {
                let detail = "an unknown way to match; write `path` or `route`";
                return Err(spot.member("match").malformed(detail));
            }
        };
        let routes = fields.need("routes")?;
        fields.finish("`parts`, `match` and `routes`")?;
        let spot = spot.member("routes");
        check_count(routes, &spot)?;
        for route in list(routes, &spot, |value, spot| self.route(value, spot))? {
            table = route(table);
        }
        table.build().map_err(|error| spot.wrap(error))
    }

    /// Reads what every file may begin with, and returns the names of its parts.
    fn head(&mut self, fields: &mut Fields<'_, '_>) -> Result<Vec<String>, LoadError> {
        if let Some(value) = fields.take("$schema") {
            text(value, &fields.spot.member("$schema"))?;
        }
        let Some(parts) = fields.take("parts") else {
            return Ok(Vec::new());
        };
        let spot = fields.spot.member("parts");
        let mut names = Vec::new();
        for (name, value) in Fields::read(parts, &spot)?.rest() {
            let spot = spot.member(&name);
            if self.parts.contains_key(&*name) {
                let detail = "the table has a part of this name; name each once";
                return Err(spot.refuse(ConfigErrorKind::Conflict, detail));
            }
            let condition = self.condition(value, &spot)?.named(&*name);
            self.parts.insert(name.to_string(), condition);
            names.push(name.into_owned());
        }
        Ok(names)
    }

    fn rule(&mut self, value: Value<'_>, spot: &Spot<'_>) -> Result<Rule, LoadError> {
        let mut fields = Fields::read(value, spot)?;
        let name = fields.text("name")?;
        let effect = match &*fields.text("effect")? {
            "permit" => Effect::Permit,
            "forbid" => Effect::Forbid,
            _ => {
                let detail = "an unknown effect; write `permit` or `forbid`";
                return Err(spot.member("effect").malformed(detail));
            }
        };
        let condition = self.condition(fields.need("if")?, &spot.member("if"))?;
        let duties = fields.take("obligations");
        fields.finish("`name`, `effect`, `if` and `obligations`")?;
        let rule = Rule::new(name.into(), effect, condition);
        match duties {
            None => Ok(rule),
            Some(value) => {
                let duties = obligations(value, &spot.member("obligations"))?;
                Ok(rule.with_obligations(duties))
            }
        }
    }

    fn route(
        &mut self,
        value: Value<'_>,
        spot: &Spot<'_>,
    ) -> Result<impl FnOnce(RouteTableBuilder) -> RouteTableBuilder + use<>, LoadError> {
        let mut fields = Fields::read(value, spot)?;
        let method = match fields.take("method") {
            Some(value) => Some(method(value, &spot.member("method"))?),
            None => None,
        };
        let pattern = fields.text("pattern")?;
        let guard = match (fields.take("if"), fields.take("policy")) {
            (Some(value), None) => Guard::from(self.condition(value, &spot.member("if"))?),
            (None, Some(value)) => Guard::from(self.policy(value, &spot.member("policy"))?),
            _ => return Err(spot.malformed("write either `if` or `policy`")),
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
        spot: &Spot<'_>,
    ) -> Result<Condition, LoadError> {
        let mut fields = Fields::read(value, spot)?;
        let name = match fields.take("name") {
            Some(value) => Some(text(value, &spot.member("name"))?),
            None => None,
        };
        let condition = self.joined(&mut fields)?;
        fields.finish("one condition alone, and at most a `name` beside it")?;
        self.count(1, spot)?;
        Ok(match name {
            Some(name) => condition.named(name),
            None => condition,
        })
    }

    /// Reads a condition that has others in it, or a single one.
    fn joined(&mut self, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
        let spot = fields.spot;
        if let Some(value) = fields.take("all") {
            let spot = spot.member("all");
            let parts = list(value, &spot, |value, spot| self.condition(value, spot))?;
            return Condition::all(parts).map_err(|error| spot.wrap(error));
        }
        if let Some(value) = fields.take("any") {
            let spot = spot.member("any");
            let parts = list(value, &spot, |value, spot| self.condition(value, spot))?;
            return Condition::any(parts).map_err(|error| spot.wrap(error));
        }
        if let Some(value) = fields.take("not") {
            return Ok(self.condition(value, &spot.member("not"))?.not());
        }
        let condition = if fields.has("part") {
            self.part(fields)?
        } else if fields.has("custom") {
            self.custom(fields)?
        } else {
            condition::read(fields)?
        };
        let nodes = condition.nodes().iter();
        let cost = nodes.map(|node| match node {
            Node::Leaf(leaf) => leaf.test.cost(),
            _ => 1,
        });
        self.count(cost.fold(0, usize::saturating_add), spot)?;
        Ok(condition)
    }

    fn part(&self, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
        let name = fields.text("part")?;
        self.parts.get(&name).cloned().ok_or_else(|| {
            let name = shown(&name);
            let detail = format!("no part `{name}` stands before this; add it to `parts`");
            fields.spot.member("part").malformed(detail)
        })
    }

    fn custom(&self, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
        let name = fields.text("custom")?;
        self.customs.get(&*name).cloned().ok_or_else(|| {
            let name = shown(&name);
            let detail =
                format!("the service knows no condition `{name}`; give it to the `PolicyLoader`");
            fields.spot.member("custom").malformed(detail)
        })
    }

    fn count(&mut self, steps: usize, spot: &Spot<'_>) -> Result<(), LoadError> {
        self.steps = self.steps.saturating_add(steps);
        let most = limits::POLICY_STEPS;
        if self.steps <= most {
            return Ok(());
        }
        let detail = format!("the file takes more than {most} steps from here on; split it");
        Err(spot.refuse(ConfigErrorKind::OutOfRange, detail))
    }
}

/// Refuses a list of more than a policy holds before any of it is read.
fn check_count(value: Value<'_>, spot: &Spot<'_>) -> Result<(), LoadError> {
    let most = limits::POLICY_RULES;
    let count = value.elements().map_or(0, |all| all.take(most + 1).count());
    if count <= most {
        return Ok(());
    }
    let detail = format!("more than {most} elements; write fewer, or split the file");
    Err(spot.refuse(ConfigErrorKind::OutOfRange, detail))
}

fn combining(value: Value<'_>, spot: &Spot<'_>) -> Result<Combining, LoadError> {
    match &*text(value, spot)? {
        "deny_overrides" => Ok(Combining::DenyOverrides),
        "first_applicable" => Ok(Combining::FirstApplicable),
        _ => {
            let detail = "an unknown way to combine; write `deny_overrides` or `first_applicable`";
            Err(spot.malformed(detail))
        }
    }
}

fn obligations(value: Value<'_>, spot: &Spot<'_>) -> Result<Obligations, LoadError> {
    let mut fields = Fields::read(value, spot)?;
    let mut all = Obligations::new();
    if let Some(value) = fields.take("rate_class") {
        all = all.with_rate_class(text(value, &spot.member("rate_class"))?);
    }
    if let Some(value) = fields.take("audit") {
        all = all.with_audit(audit(value, &spot.member("audit"))?);
    }
    if let Some(value) = fields.take("headers") {
        for (name, value) in list(value, &spot.member("headers"), header)? {
            all = all.with_header(name, value);
        }
    }
    fields.finish("`rate_class`, `audit` and `headers`")?;
    Ok(all)
}

fn audit(value: Value<'_>, spot: &Spot<'_>) -> Result<AuditLevel, LoadError> {
    match &*text(value, spot)? {
        "brief" => Ok(AuditLevel::Brief),
        "normal" => Ok(AuditLevel::Normal),
        "full" => Ok(AuditLevel::Full),
        _ => Err(spot.malformed("an unknown level; write `brief`, `normal` or `full`")),
    }
}

fn header(value: Value<'_>, spot: &Spot<'_>) -> Result<(HeaderName, HeaderValue), LoadError> {
    let mut fields = Fields::read(value, spot)?;
    let name = fields.text("name")?;
    let name = header_name(&name, &spot.member("name"))?;
    let value = fields.text("value")?;
    fields.finish("`name` and `value`")?;
    let value = HeaderValue::from_str(&value).map_err(|_| {
        spot.member("value")
            .malformed("no header value; write visible ASCII")
    })?;
    Ok((name, value))
}

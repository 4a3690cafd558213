//! Reading of conditions over one fact.

use std::sync::Arc;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::{Kind, Value};
use crate::policy::condition::claims::ClaimTest;
use crate::policy::condition::condition::Condition;
use crate::policy::condition::details::DetailTest;
use crate::policy::condition::{caller, claims, details, resource};
use crate::policy::engine::fault::OFFLINE_ACCESS;
use crate::policy::file::error::LoadError;
use crate::policy::file::fields::{
    Fields, choice, flag, header_name, integer, list, method, scalar, seconds, string,
};
use crate::policy::file::pointer::Pointer;
use crate::principal::PrincipalKind;

/// Refuses a member that no condition has.
pub(super) fn check_names(fields: &Fields<'_, '_>) -> Result<(), LoadError> {
    let forms = FORMS.iter().chain(REQUEST_FORMS).map(|(name, _)| *name);
    let tests = CLAIM_FORMS.iter().map(|(name, _)| *name);
    let names = forms.chain(tests).chain(OTHER_MEMBERS.iter().copied());
    fields.check_names(&names.collect::<Vec<_>>())
}

/// Members of conditions that are neither a form nor a test.
const OTHER_MEMBERS: &[&str] = &[
    "all", "any", "custom", "name", "not", "of", "order", "part", "zone",
];

/// Reads the condition of an object, and leaves members that do not belong to it.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
    let forms = FORMS.iter().chain(REQUEST_FORMS);
    let mut found = forms.filter(|(name, _)| fields.has(name));
    let Some((name, form)) = found.next() else {
        let names = FORMS.iter().chain(REQUEST_FORMS).map(|(name, _)| *name);
        let detail = format!(
            "expected one of all, any, not, part, custom, {}, found none of them; add one",
            names.collect::<Vec<_>>().join(", ")
        );
        return Err(fields.pointer.malformed(detail));
    };
    let value = fields.required(name)?;
    form(value, fields)
}

type Form = fn(Value<'_>, &mut Fields<'_, '_>) -> Result<Condition, LoadError>;

const FORMS: &[(&str, Form)] = &[
    ("scope", |value, fields| {
        let pointer = fields.pointer.member("scope");
        if value.as_str().is_some_and(|name| name.is_empty()) {
            let detail = "expected the name of a scope, found an empty string; write the scope \
                          that the caller needs";
            return Err(pointer.error(ConfigErrorKind::Empty, detail));
        }
        let name = string(value, &pointer)?;
        if name.contains(' ') {
            let detail =
                "expected one scope, found a string with a space; write a condition for each scope";
            return Err(pointer.malformed(detail));
        }
        if name == OFFLINE_ACCESS {
            let detail = "expected a scope of this service, found `offline_access`, which is one of \
                          the authorization server; remove the condition";
            return Err(pointer.error(ConfigErrorKind::Conflict, detail));
        }
        Ok(claims::require_scope(name))
    }),
    ("role", |value, fields| {
        Ok(claims::role(string(value, &fields.pointer.member("role"))?))
    }),
    ("group", |value, fields| {
        Ok(claims::group(string(
            value,
            &fields.pointer.member("group"),
        )?))
    }),
    ("amr", |value, fields| {
        Ok(caller::amr(string(value, &fields.pointer.member("amr"))?))
    }),
    ("claim", |value, fields| {
        let pointer = fields.pointer.member("claim");
        // The name of a claim, or an array of its name and those of nested members.
        let names = match value.kind() {
            Kind::Array => list(value, &pointer, string)?,
            _ => vec![string(value, &pointer)?],
        };
        let mut names = names.into_iter();
        let top = claims::claim(names.next().unwrap_or_default());
        let condition = claim_test(names.fold(top, ClaimTest::at), fields)?;
        bound(condition, fields)
    }),
    ("kind", |value, fields| {
        let pointer = fields.pointer.member("kind");
        kind(value, &pointer).map(caller::kind)
    }),
    ("authority", |value, fields| {
        let name = string(value, &fields.pointer.member("authority"))?;
        Ok(caller::authority(name.as_str()))
    }),
    ("client", |value, fields| {
        let id = string(value, &fields.pointer.member("client"))?;
        bound(caller::client(id), fields)
    }),
    ("audience", |value, fields| {
        let name = string(value, &fields.pointer.member("audience"))?;
        Ok(caller::audience(name))
    }),
    ("acr_at_least", |value, fields| {
        let pointer = fields.pointer.member("acr_at_least");
        let level = string(value, &pointer)?;
        let order = list(
            fields.required("order")?,
            &fields.pointer.member("order"),
            string,
        )?;
        caller::acr_at_least(&level, order).map_err(|error| pointer.wrap(error))
    }),
    ("auth_age_at_most", |value, fields| {
        let max = seconds(value, &fields.pointer.member("auth_age_at_most"))?;
        Ok(caller::max_auth_age(max))
    }),
    ("token_age_at_most", |value, fields| {
        let max = seconds(value, &fields.pointer.member("token_age_at_most"))?;
        Ok(caller::max_token_age(max))
    }),
    ("detail", |value, fields| {
        detail(value, &fields.pointer.member("detail"))
    }),
    ("sender_constrained", |value, fields| {
        flag(value, &fields.pointer.member("sender_constrained"))?;
        Ok(caller::sender_constrained())
    }),
];

const REQUEST_FORMS: &[(&str, Form)] = &[
    ("action", |value, fields| {
        let name = string(value, &fields.pointer.member("action"))?;
        Ok(resource::action(name))
    }),
    ("route", |value, fields| {
        Ok(resource::route(string(
            value,
            &fields.pointer.member("route"),
        )?))
    }),
    ("method", |value, fields| {
        method(value, &fields.pointer.member("method")).map(resource::method)
    }),
    ("param", |value, fields| {
        let name = string(value, &fields.pointer.member("param"))?;
        Ok(resource::param(name).is(any_string(fields, "is")?))
    }),
    ("attribute", |value, fields| {
        let name = string(value, &fields.pointer.member("attribute"))?;
        let value = scalar(fields.required("is")?, &fields.pointer.member("is"))?;
        Ok(resource::attribute(name).is(value))
    }),
    ("owner", |value, fields| {
        owner(value, &fields.pointer.member("owner"))
    }),
    ("address_in", |value, fields| {
        let pointer = fields.pointer.member("address_in");
        let networks = list(value, &pointer, string)?;
        caller::address_in(networks).map_err(|error| pointer.wrap(error))
    }),
    ("over_tls", |value, fields| {
        flag(value, &fields.pointer.member("over_tls"))?;
        Ok(caller::via_tls())
    }),
    ("header", |value, fields| {
        let pointer = fields.pointer.member("header");
        let name = header_name(&string(value, &pointer)?, &pointer)?;
        Ok(caller::header(name, any_string(fields, "is")?))
    }),
    ("time_between", |value, fields| {
        let pointer = fields.pointer.member("time_between");
        let hours = list(value, &pointer, string)?;
        let [from, to] = &*hours else {
            let detail = "expected two times of day, such as 08:00 and 18:00, found more or fewer";
            return Err(pointer.malformed(detail));
        };
        let zone = fields.string("zone")?;
        caller::time_between(from, to, &zone)
            .map_err(|error| zoned(fields.pointer, &pointer, error))
    }),
    ("weekdays", |value, fields| {
        let pointer = fields.pointer.member("weekdays");
        let days = list(value, &pointer, string)?;
        let zone = fields.string("zone")?;
        caller::weekdays(days, &zone).map_err(|error| zoned(fields.pointer, &pointer, error))
    }),
];

/// Binds a condition to the authority that the member `of` names, if there is one.
fn bound(condition: Condition, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
    if !fields.has("of") {
        return Ok(condition);
    }
    let authority = fields.string("of")?;
    Ok(condition.of(authority.as_str()))
}

/// Returns an error of a condition with a zone, at the member that is wrong.
fn zoned(outer: &Pointer<'_>, inner: &Pointer<'_>, error: ConfigError) -> LoadError {
    match error.field() {
        "zone" => outer.member("zone").wrap(error),
        _ => inner.wrap(error),
    }
}

/// Reads a string that may be empty.
fn any_string(fields: &mut Fields<'_, '_>, name: &str) -> Result<String, LoadError> {
    let value = fields.required(name)?;
    match value.as_str() {
        Some(text) => Ok(text.into_owned()),
        None => string(value, &fields.pointer.member(name)),
    }
}

fn kind(value: Value<'_>, pointer: &Pointer<'_>) -> Result<PrincipalKind, LoadError> {
    choice(value, pointer, &KINDS.map(|kind| (kind.as_str(), kind)))
}

const KINDS: [PrincipalKind; 6] = [
    PrincipalKind::AccessToken,
    PrincipalKind::ApiKey,
    PrincipalKind::IdToken,
    PrincipalKind::OpaqueToken,
    PrincipalKind::Other,
    PrincipalKind::Session,
];

/// Reads the test of a claim.
fn claim_test(claim: ClaimTest, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
    let mut found = CLAIM_FORMS.iter().filter(|(name, _)| fields.has(name));
    let Some((name, form)) = found.next() else {
        let names = CLAIM_FORMS
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>();
        let detail = format!(
            "expected one of {} in addition to `claim`, found none of them; add one",
            names.join(", ")
        );
        return Err(fields.pointer.error(ConfigErrorKind::Empty, detail));
    };
    let value = fields.required(name)?;
    form(claim, value, &fields.pointer.member(name))
}

type ClaimForm = fn(ClaimTest, Value<'_>, &Pointer<'_>) -> Result<Condition, LoadError>;

const CLAIM_FORMS: &[(&str, ClaimForm)] = &[
    ("is", |claim, value, pointer| {
        Ok(claim.is(scalar(value, pointer)?))
    }),
    ("one_of", |claim, value, pointer| {
        let values = list(value, pointer, scalar)?;
        claim.one_of(values).map_err(|error| pointer.wrap(error))
    }),
    ("contains", |claim, value, pointer| {
        Ok(claim.contains(scalar(value, pointer)?))
    }),
    ("starts_with", |claim, value, pointer| {
        Ok(claim.starts_with(string(value, pointer)?))
    }),
    ("matches", |claim, value, pointer| {
        let pattern: Arc<str> = string(value, pointer)?.into();
        claim.matches(pattern).map_err(|error| pointer.wrap(error))
    }),
    ("at_least", |claim, value, pointer| {
        Ok(claim.at_least(integer(value, pointer)?))
    }),
    ("at_most", |claim, value, pointer| {
        Ok(claim.at_most(integer(value, pointer)?))
    }),
    ("is_ahead", |claim, value, pointer| {
        flag(value, pointer).map(|()| claim.in_future())
    }),
    ("is_over", |claim, value, pointer| {
        flag(value, pointer).map(|()| claim.in_past())
    }),
    ("present", |claim, value, pointer| {
        flag(value, pointer).map(|()| claim.present())
    }),
    ("absent", |claim, value, pointer| {
        flag(value, pointer).map(|()| claim.absent())
    }),
    ("absent_or", |claim, value, pointer| {
        Ok(claim.absent_or_is(scalar(value, pointer)?))
    }),
];

fn detail(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Condition, LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    fields.check_names(&["actions", "locations", "members", "type"])?;
    let mut test = details::detail(fields.string("type")?);
    for (name, add) in DETAIL_LISTS {
        if let Some(texts) = fields.take(name) {
            let texts = list(texts, &pointer.member(name), string)?;
            test = texts.into_iter().fold(test, add);
        }
    }
    if let Some(members) = fields.take("members") {
        let outer = pointer.member("members");
        let mut members = Fields::read(members, &outer)?;
        for (name, value) in members.rest() {
            test = test.member(&name, scalar(value, &outer.member(&name))?);
        }
    }
    fields.finish("`type`, `actions`, `locations` and `members`", "remove it")?;
    Ok(test.granted())
}

/// Adds an element to a list of a detail.
type AddText = fn(DetailTest, String) -> DetailTest;

const DETAIL_LISTS: [(&str, AddText); 2] = [
    ("actions", DetailTest::action),
    ("locations", DetailTest::location),
];

fn owner(value: Value<'_>, pointer: &Pointer<'_>) -> Result<Condition, LoadError> {
    let mut fields = Fields::read(value, pointer)?;
    fields.check_names(&["attribute", "of", "param"])?;
    let condition = if fields.has("attribute") {
        resource::owner(resource::attribute(fields.string("attribute")?))
    } else {
        let name = fields.string("param")?;
        let authority = fields.string("of")?;
        resource::owner(resource::param(name).of(authority.as_str()))
    };
    fields.finish("either `attribute`, or `param` and `of`", "remove it")?;
    Ok(condition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::POLICY_SCHEMA;

    #[test]
    fn the_schema_has_every_form() {
        let schema: serde_json::Value = serde_json::from_str(POLICY_SCHEMA).unwrap();
        let forms = schema["$defs"]["condition"]["oneOf"].as_array().unwrap();
        let required = |name: &str| {
            let mut all = forms.iter();
            all.any(|form| form["required"].as_array().unwrap().contains(&name.into()))
        };
        let names = FORMS.iter().chain(REQUEST_FORMS).map(|(name, _)| *name);
        let names: Vec<_> = names
            .chain(CLAIM_FORMS.iter().map(|(name, _)| *name))
            .collect();
        for name in names.iter().chain(&["all", "any", "not", "part", "custom"]) {
            assert!(required(name), "{name}");
        }
        // One form for each claim test; `claim` itself has none.
        assert_eq!(forms.len(), names.len() - 1 + 5);
    }
}

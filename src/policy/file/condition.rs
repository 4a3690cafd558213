//! Single conditions of a file.

use std::sync::Arc;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Kind;
use crate::json::Value;
use crate::policy::condition::caller;
use crate::policy::condition::claims;
use crate::policy::condition::claims::ClaimTest;
use crate::policy::condition::condition::Condition;
use crate::policy::condition::resource;
use crate::policy::file::error::LoadError;
use crate::policy::file::fields::Fields;
use crate::policy::file::fields::header_name;
use crate::policy::file::fields::list;
use crate::policy::file::fields::method;
use crate::policy::file::fields::scalar;
use crate::policy::file::fields::seconds;
use crate::policy::file::fields::text;
use crate::policy::file::fields::truth;
use crate::policy::file::fields::whole;
use crate::policy::file::pointer::Spot;
use crate::principal::PrincipalKind;

/// Reads the one single condition of an object, and leaves what does not belong to it.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
    let forms = FORMS.iter().chain(FORMS_OF_REQUEST);
    let mut found = forms.filter(|(name, _)| fields.has(name));
    let Some((name, form)) = found.next() else {
        let names = FORMS.iter().chain(FORMS_OF_REQUEST).map(|(name, _)| *name);
        let detail = format!(
            "no known condition; write one of all, any, not, part, custom, {}",
            names.collect::<Vec<_>>().join(", ")
        );
        return Err(fields.spot.malformed(detail));
    };
    let value = fields.need(name)?;
    form(value, fields)
}

type Form = fn(Value<'_>, &mut Fields<'_, '_>) -> Result<Condition, LoadError>;

const FORMS: &[(&str, Form)] = &[
    ("scope", |value, fields| {
        let name = text(value, &fields.spot.member("scope"))?;
        if name.contains(' ') {
            let detail = "a scope with a space, which nobody has; write one scope each";
            return Err(fields.spot.member("scope").malformed(detail));
        }
        Ok(claims::require_scope(name))
    }),
    ("role", |value, fields| {
        Ok(claims::role(text(value, &fields.spot.member("role"))?))
    }),
    ("group", |value, fields| {
        Ok(claims::group(text(value, &fields.spot.member("group"))?))
    }),
    ("amr", |value, fields| {
        Ok(caller::amr(text(value, &fields.spot.member("amr"))?))
    }),
    ("claim", |value, fields| {
        let claim = path(value, &fields.spot.member("claim"))?;
        check(claim, fields)
    }),
    ("kind", |value, fields| {
        let spot = fields.spot.member("kind");
        kind(&text(value, &spot)?, &spot).map(caller::kind)
    }),
    ("authority", |value, fields| {
        let name = text(value, &fields.spot.member("authority"))?;
        Ok(caller::authority(name.as_str()))
    }),
    ("client", |value, fields| {
        Ok(caller::client(text(value, &fields.spot.member("client"))?))
    }),
    ("audience", |value, fields| {
        let name = text(value, &fields.spot.member("audience"))?;
        Ok(caller::audience(name))
    }),
    ("acr_at_least", |value, fields| {
        let spot = fields.spot.member("acr_at_least");
        let level = text(value, &spot)?;
        let order = list(fields.need("order")?, &fields.spot.member("order"), text)?;
        caller::acr_at_least(&level, order).map_err(|error| spot.wrap(error))
    }),
    ("auth_age_at_most", |value, fields| {
        let most = seconds(value, &fields.spot.member("auth_age_at_most"))?;
        Ok(caller::max_auth_age(most))
    }),
    ("token_age_at_most", |value, fields| {
        let most = seconds(value, &fields.spot.member("token_age_at_most"))?;
        Ok(caller::max_token_age(most))
    }),
    ("sender_constrained", |value, fields| {
        truth(value, &fields.spot.member("sender_constrained"))?;
        Ok(caller::sender_constrained())
    }),
];

const FORMS_OF_REQUEST: &[(&str, Form)] = &[
    ("action", |value, fields| {
        let name = text(value, &fields.spot.member("action"))?;
        Ok(resource::action(name))
    }),
    ("route", |value, fields| {
        Ok(resource::route(text(value, &fields.spot.member("route"))?))
    }),
    ("method", |value, fields| {
        method(value, &fields.spot.member("method")).map(resource::method)
    }),
    ("param", |value, fields| {
        let name = text(value, &fields.spot.member("param"))?;
        Ok(resource::param(name).is(any_text(fields, "is")?))
    }),
    ("attribute", |value, fields| {
        let name = text(value, &fields.spot.member("attribute"))?;
        let wanted = scalar(fields.need("is")?, &fields.spot.member("is"))?;
        Ok(resource::attribute(name).is(wanted))
    }),
    ("owner", |value, fields| {
        owner(value, &fields.spot.member("owner"))
    }),
    ("address_in", |value, fields| {
        let spot = fields.spot.member("address_in");
        let networks = list(value, &spot, text)?;
        caller::address_in(networks).map_err(|error| spot.wrap(error))
    }),
    ("over_tls", |value, fields| {
        truth(value, &fields.spot.member("over_tls"))?;
        Ok(caller::via_tls())
    }),
    ("header", |value, fields| {
        let spot = fields.spot.member("header");
        let name = header_name(&text(value, &spot)?, &spot)?;
        Ok(caller::header(name, any_text(fields, "is")?))
    }),
    ("time_between", |value, fields| {
        let spot = fields.spot.member("time_between");
        let hours = list(value, &spot, text)?;
        let [from, to] = &*hours else {
            let detail = "not two times; write a list of two, like 08:00 and 18:00";
            return Err(spot.malformed(detail));
        };
        let zone = fields.text("zone")?;
        caller::time_between(from, to, &zone).map_err(|error| zoned(fields.spot, &spot, error))
    }),
    ("weekdays", |value, fields| {
        let spot = fields.spot.member("weekdays");
        let days = list(value, &spot, text)?;
        let zone = fields.text("zone")?;
        caller::weekdays(days, &zone).map_err(|error| zoned(fields.spot, &spot, error))
    }),
];

fn zoned(outer: &Spot<'_>, own: &Spot<'_>, error: ConfigError) -> LoadError {
    match error.field() {
        "zone" => outer.member("zone").wrap(error),
        _ => own.wrap(error),
    }
}

/// Reads a text that is compared with and may be empty.
fn any_text(fields: &mut Fields<'_, '_>, name: &str) -> Result<String, LoadError> {
    let value = fields.need(name)?;
    match value.as_str() {
        Some(text) => Ok(text.into_owned()),
        None => text(value, &fields.spot.member(name)),
    }
}

fn kind(name: &str, spot: &Spot<'_>) -> Result<PrincipalKind, LoadError> {
    let mut all = KINDS.into_iter();
    all.find(|kind| kind.as_str() == name).ok_or_else(|| {
        let names = KINDS.map(PrincipalKind::as_str).join(", ");
        spot.malformed(format!("an unknown kind; write one of {names}"))
    })
}

const KINDS: [PrincipalKind; 6] = [
    PrincipalKind::AccessToken,
    PrincipalKind::ApiKey,
    PrincipalKind::IdToken,
    PrincipalKind::OpaqueToken,
    PrincipalKind::Other,
    PrincipalKind::Session,
];

/// Reads the name of a claim, or a list of names from it inwards.
fn path(value: Value<'_>, spot: &Spot<'_>) -> Result<ClaimTest, LoadError> {
    if value.kind() != Kind::Array {
        return text(value, spot).map(claims::claim);
    }
    let mut names = list(value, spot, text)?.into_iter();
    let top = claims::claim(names.next().unwrap_or_default());
    Ok(names.fold(top, ClaimTest::at))
}

/// Reads what is asked about a claim.
fn check(claim: ClaimTest, fields: &mut Fields<'_, '_>) -> Result<Condition, LoadError> {
    let mut found = CHECKS.iter().filter(|(name, _)| fields.has(name));
    let Some((name, form)) = found.next() else {
        let names = CHECKS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let detail = format!(
            "nothing is asked about the claim; write one of {}",
            names.join(", ")
        );
        return Err(fields.spot.refuse(ConfigErrorKind::Empty, detail));
    };
    let value = fields.need(name)?;
    form(claim, value, &fields.spot.member(name))
}

type Ask = fn(ClaimTest, Value<'_>, &Spot<'_>) -> Result<Condition, LoadError>;

const CHECKS: &[(&str, Ask)] = &[
    (
        "is",
        |claim, value, spot| Ok(claim.is(scalar(value, spot)?)),
    ),
    ("one_of", |claim, value, spot| {
        let values = list(value, spot, scalar)?;
        claim.one_of(values).map_err(|error| spot.wrap(error))
    }),
    ("contains", |claim, value, spot| {
        Ok(claim.contains(scalar(value, spot)?))
    }),
    ("starts_with", |claim, value, spot| {
        Ok(claim.starts_with(text(value, spot)?))
    }),
    ("matches", |claim, value, spot| {
        let pattern: Arc<str> = text(value, spot)?.into();
        claim.matches(pattern).map_err(|error| spot.wrap(error))
    }),
    ("at_least", |claim, value, spot| {
        Ok(claim.at_least(whole(value, spot)?))
    }),
    ("at_most", |claim, value, spot| {
        Ok(claim.at_most(whole(value, spot)?))
    }),
    ("is_ahead", |claim, value, spot| {
        truth(value, spot).map(|()| claim.in_future())
    }),
    ("is_over", |claim, value, spot| {
        truth(value, spot).map(|()| claim.in_past())
    }),
    ("present", |claim, value, spot| {
        truth(value, spot).map(|()| claim.present())
    }),
    ("absent", |claim, value, spot| {
        truth(value, spot).map(|()| claim.absent())
    }),
    ("absent_or", |claim, value, spot| {
        Ok(claim.absent_or_is(scalar(value, spot)?))
    }),
];

fn owner(value: Value<'_>, spot: &Spot<'_>) -> Result<Condition, LoadError> {
    let mut fields = Fields::read(value, spot)?;
    let condition = if fields.has("attribute") {
        resource::owner(resource::attribute(fields.text("attribute")?))
    } else {
        let name = fields.text("param")?;
        let authority = fields.text("of")?;
        resource::owner(resource::param(name).of(authority.as_str()))
    };
    fields.finish("either `attribute`, or `param` and `of`")?;
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
        let names = FORMS.iter().chain(FORMS_OF_REQUEST).map(|(name, _)| *name);
        let names: Vec<_> = names.chain(CHECKS.iter().map(|(name, _)| *name)).collect();
        for name in names.iter().chain(&["all", "any", "not", "part", "custom"]) {
            assert!(required(name), "{name}");
        }
        // One form for each claim check, `claim` itself has none.
        assert_eq!(forms.len(), names.len() - 1 + 5);
    }
}

//! `cedar-policy`: request and entities are made beforehand.

use super::action;
use super::scopes;
use crate::case::Case;
use crate::case::Probe;
use crate::error::Result;
use crate::policy::By;
use crate::policy::case as made;
use cedar_policy::Authorizer;
use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityUid;
use cedar_policy::PolicySet;
use cedar_policy::Request;
use cedar_policy::RestrictedExpression as Expression;
use std::collections::HashMap;
use std::collections::HashSet;

/// Makes the case.
pub fn case(count: usize, by: By) -> Result<Case> {
    let rule = |at: usize| match by {
        By::Action => format!(
            "permit (principal, action == Action::\"orders:action-{at}\", resource) \
             when {{ principal.tenant == \"acme\" }};"
        ),
        By::Scope => format!(
            "permit (principal, action, resource) \
             when {{ principal.scopes.contains(\"orders:scope-{at}\") }};"
        ),
    };
    let policies: PolicySet = (0..count).map(rule).collect::<String>().parse()?;
    let good = asked(&action(count), &scopes(count))?;
    let bad = asked("orders:none", &[])?;
    let authorizer = Authorizer::new();
    let judge = move |probe| {
        let (request, entities) = if probe == Probe::Good { &good } else { &bad };
        let response = authorizer.is_authorized(request, &policies, entities);
        response.decision() == Decision::Allow
    };
    Ok(made("cedar-policy 4", Box::new(judge)))
}

fn asked(action: &str, scopes: &[String]) -> Result<(Request, Entities)> {
    let alice: EntityUid = "User::\"alice\"".parse()?;
    let scopes = scopes.iter().cloned().map(Expression::new_string);
    let facts = HashMap::from([
        (
            "tenant".to_owned(),
            Expression::new_string("acme".to_owned()),
        ),
        ("scopes".to_owned(), Expression::new_set(scopes)),
    ]);
    let entity = Entity::new(alice.clone(), facts, HashSet::new())?;
    let request = Request::new(
        alice,
        format!("Action::\"{action}\"").parse()?,
        "Resource::\"orders\"".parse()?,
        Context::empty(),
        None,
    )?;
    Ok((request, Entities::from_entities([entity], None)?))
}

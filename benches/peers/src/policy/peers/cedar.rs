//! `cedar-policy`, with request and entities that are built for each call, or in advance.

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
use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::PolicySet;
use cedar_policy::Request;
use cedar_policy::RestrictedExpression as Expression;
use std::collections::HashMap;
use std::collections::HashSet;

/// Creates both cases.
pub fn cases(count: usize, by: By) -> Result<[Case; 2]> {
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
    let (action, scopes) = (action(count), scopes(count));
    let kinds = Kinds::new()?;
    let good = kinds.asked(&action, &scopes)?;
    let bad = kinds.asked("orders:none", &[])?;
    let allows = |(request, entities): &(Request, Entities), policies: &PolicySet| {
        let response = Authorizer::new().is_authorized(request, policies, entities);
        response.decision() == Decision::Allow
    };
    let own = policies.clone();
    let fresh = move |probe| {
        let (action, scopes) = match probe {
            Probe::Good => (&*action, &scopes[..]),
            _ => ("orders:none", &[][..]),
        };
        let asked = kinds.asked(action, scopes);
        asked.is_ok_and(|asked| allows(&asked, &own))
    };
    let ready = move |probe| allows(if probe == Probe::Good { &good } else { &bad }, &policies);
    Ok([
        made("cedar-policy 4", Box::new(fresh)),
        made("cedar-policy 4, request ready", Box::new(ready)),
    ])
}

/// Names of types, read once.
struct Kinds {
    action: EntityTypeName,
    alice: EntityUid,
    orders: EntityUid,
}

impl Kinds {
    fn new() -> Result<Self> {
        Ok(Self {
            action: "Action".parse()?,
            alice: "User::\"alice\"".parse()?,
            orders: "Resource::\"orders\"".parse()?,
        })
    }

    fn asked(&self, action: &str, scopes: &[String]) -> Result<(Request, Entities)> {
        let scopes = scopes.iter().cloned().map(Expression::new_string);
        let facts = HashMap::from([
            (
                "tenant".to_owned(),
                Expression::new_string("acme".to_owned()),
            ),
            ("scopes".to_owned(), Expression::new_set(scopes)),
        ]);
        let entity = Entity::new(self.alice.clone(), facts, HashSet::new())?;
        let action = EntityUid::from_type_name_and_id(self.action.clone(), EntityId::new(action));
        let (alice, orders) = (self.alice.clone(), self.orders.clone());
        let request = Request::new(alice, action, orders, Context::empty(), None)?;
        Ok((request, Entities::from_entities([entity], None)?))
    }
}

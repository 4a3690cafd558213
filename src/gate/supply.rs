//! What an authorizer needs that a gate cannot supply.

use std::sync::Arc;

use crate::diagnosis::Finding;
use crate::error::ConfigError;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Authorizer, Decision, Needs};

/// Refuses an authorizer that has a fault, or that can allow no request of a check.
pub(super) fn check_authorizer(
    authorizer: &dyn Authorizer,
    per_route: bool,
) -> Result<(), ConfigError> {
    let needs = authorizer.needs();
    let denied = (needs.denies_all() && !per_route).then(|| denies_all(&needs));
    match needs.into_fault().or(denied) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn denies_all(needs: &Needs) -> ConfigError {
    let shown = needs.facts().iter().take(3);
    let shown = shown.map(|(name, fact)| format!("`{name}` needs `{}`", fact.setter()));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let detail = format!(
        "expected an authorizer that can allow a request of `Gate::check`, found one that denies all \
         of them, because a gate does not know what it reads: {shown}; {REMEDY}, and call \
         `authorizes_per_route()` on the builder"
    );
    ConfigError::conflict("authorizer", detail)
}

const REMEDY: &str = "decide by `RouteTable::by_path`, which knows the route and its parameters, or \
                      call `Gate::authenticate`, add the fact to `Authenticated::request()` (such as \
                      `.with_action(..)`) and call `Gate::authorize`";

/// Returns what the operator should know about the needs of the authorizer.
pub(super) fn diagnose(authorizer: &dyn Authorizer, per_route: bool) -> Vec<Finding> {
    let needs = authorizer.needs();
    let facts = needs.facts().iter().filter(|_| !per_route);
    let mut findings: Vec<_> = facts
        .map(|(name, fact)| {
            let text = format!(
                "`{name}` is unknown in every `Gate::check`, which does not know what it reads, and \
                 denies; the service supplies it by `AccessRequest::{}`",
                fact.setter()
            );
            Finding::warning(SUBJECT, text).hint(HINT)
        })
        .collect();
    if !needs.is_known() && !per_route {
        let text = "what it reads is not known here; `Gate::check` gives it no action, route, \
                    parameters, attributes, headers or TLS";
        findings.push(Finding::ok(SUBJECT, text));
    }
    if let Some(fault) = needs.into_fault() {
        let finding = Finding::error(SUBJECT, fault.to_string());
        findings.push(finding.hint("it denies every request; correct it"));
    }
    findings
}

const SUBJECT: &str = "authorizer";

const HINT: &str = "use `RouteTable::by_path`, or call `Gate::authenticate`, add the fact to \
                    `Authenticated::request()`, call `Gate::authorize`, and say so by \
                    `GateBuilder::authorizes_per_route`";

/// Allows every authenticated caller everything.
#[derive(Debug)]
pub(super) struct AnyAuthenticated(Arc<str>);

impl AnyAuthenticated {
    pub(super) fn new() -> Self {
        Self("any authenticated caller".into())
    }
}

impl Authorizer for AnyAuthenticated {
    fn authorize<'a>(&'a self, _: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(Decision::allow().because(Arc::clone(&self.0)))
    }

    fn needs(&self) -> Needs {
        Needs::nothing()
    }
}

//! Explanation of a decision, with hints for what is often wrong.

use crate::diagnosis::Step;
use crate::json::{Kind, Value};
use crate::policy::{Decision, Trace};
use crate::principal::Principal;

/// Returns the step of a decision.
pub(super) fn step(decision: &Decision, trace: Option<&Trace>, caller: &Principal) -> Step {
    if decision.is_allowed() {
        return Step::ok("policy").found(decision.to_string());
    }
    let step = Step::failed("policy")
        .expected("a decision that allows the request")
        .found(decision.to_string());
    let unsupplied = trace.map(Trace::unsupplied).unwrap_or_default();
    let hint = scopes(decision, caller)
        .or_else(|| supply(&unsupplied))
        .or_else(|| remedy(decision));
    match hint {
        Some(hint) => step.hint(hint),
        None if trace.is_some() => step.hint(
            "the conditions below that are not true say what is missing: let the issuer send it, or \
             change the policy",
        ),
        None => step,
    }
}

/// Returns what gives the caller the scopes or the authentication that the decision asks for.
fn remedy(decision: &Decision) -> Option<String> {
    let scopes: Vec<_> = decision.missing_scopes().collect();
    if !scopes.is_empty() {
        let scopes = scopes.join("`, `");
        return Some(format!(
            "the caller lacks `{scopes}`: let the client request it and the issuer grant it; for an \
             API key add it with `ApiKeyManager::update`"
        ));
    }
    if let Some(contexts) = decision.acr_values() {
        return Some(format!(
            "let the user sign in again with one of the authentication contexts `{contexts}` \
             (`acr_values`)"
        ));
    }
    decision.max_age().map(|age| {
        let seconds = age.as_secs();
        format!("let the user sign in again: the sign-in must be at most {seconds} seconds old")
    })
}

fn supply(unsupplied: &[&str]) -> Option<String> {
    if unsupplied.is_empty() {
        return None;
    }
    Some(format!(
        "the policy reads what this request does not have: {}. A gate knows no routes: supply it with \
         `Gate::authenticate` and `Gate::authorize`, or for a client address in the request",
        unsupplied.join(", ")
    ))
}

/// Returns why scopes that the caller seems to have are not found.
fn scopes(decision: &Decision, caller: &Principal) -> Option<String> {
    decision.missing_scopes().find_map(|scope| {
        let own = |is_like: fn(&str, &str) -> bool| {
            let mut own = caller.scopes().into_iter().flat_map(|own| own.iter());
            own.any(|own| is_like(own, scope))
        };
        if own(|own, scope| own.eq_ignore_ascii_case(scope)) {
            return Some(format!(
                "the caller has `{scope}` in another spelling: upper and lower case differ"
            ));
        }
        if own(is_prefixed) {
            return Some(format!(
                "the caller has `{scope}` behind a prefix, such as `api://id/{scope}`: require the \
                 whole name, or let the issuer send the short one"
            ));
        }
        in_other_claim(scope, caller)
    })
}

fn is_prefixed(own: &str, scope: &str) -> bool {
    let prefix = own.strip_suffix(scope);
    prefix.is_some_and(|prefix| prefix.ends_with(['/', ':', '.']) && prefix.len() > 1)
}

/// Returns a hint about a claim that has the scope, or that scopes are usually in.
fn in_other_claim(scope: &str, caller: &Principal) -> Option<String> {
    let present = SCOPE_CLAIMS.iter().filter_map(|name| {
        let value = caller.claims().value(name)?;
        Some((*name, value))
    });
    let mut present = present.peekable();
    let (first, _) = *present.peek()?;
    let with_it = present.find(|(_, value)| has_member(*value, scope));
    if let Some((name, _)) = with_it {
        return Some(format!(
            "the token has `{scope}` in the claim `{name}`, from which no scopes are read: configure \
             `scopes_from(\"{name}\")`"
        ));
    }
    caller.scopes().is_none().then(|| {
        format!(
            "the token has no `scope` but `{first}`: if the issuer sends scopes in it, configure \
             `scopes_from(\"{first}\")`"
        )
    })
}

fn has_member(value: Value<'_>, scope: &str) -> bool {
    match value.kind() {
        Kind::String => {
            let text = value.as_str().unwrap_or_default();
            text.split(' ').any(|own| own == scope)
        }
        Kind::Array => {
            let mut elements = value.elements().into_iter().flatten();
            elements.any(|own| own.as_str().is_some_and(|own| own == scope))
        }
        _ => false,
    }
}

/// Claims in which issuers send scopes or permissions.
const SCOPE_CLAIMS: &[&str] = &[
    "scope",
    "scp",
    "scopes",
    "permissions",
    "roles",
    "authorities",
];

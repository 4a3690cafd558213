//! The policy groups: a number of rules that permit, of which the middle one allows.
//!
//! Each rule by action requires one action and the tenant of the caller; each rule by scope requires
//! one scope. The request is built from the facts of the caller for each call, as in a gate; a peer
//! whose request can be kept is measured with that too.

#[cfg(feature = "policy-peers")]
mod peers;
#[path = "../../../common/rules.rs"]
mod rules;

use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use bearergate::Principal;
use bearergate::clock::UnixTime;
use bearergate::policy::AccessRequest;
use bearergate::principal::PrincipalKind;
use rules::Rules;
use std::hint::black_box;
use std::rc::Rc;

/// The fact by which the rules differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Each rule permits one action.
    Action,
    /// Each rule permits callers with one scope.
    Scope,
}

/// Creates the cases for this number of rules.
///
/// # Errors
///
/// Fails if a peer refuses its rules.
pub fn cases(count: usize, by: By) -> Result<Vec<Case>> {
    let rules = Rc::new(Rules::new(
        count,
        match by {
            By::Action => "action",
            By::Scope => "scope",
        },
    ));
    let ours = Rc::clone(&rules);
    let ours = check(&rules, move |request| {
        black_box(ours.policy.decide(request)).is_allowed()
    });
    let tree = Rc::clone(&rules);
    let tree = check(&rules, move |request| tree.tree.holds(request));
    #[cfg_attr(
        not(feature = "policy-peers"),
        expect(unused_mut, reason = "the peers are pushed to it")
    )]
    let mut cases = vec![case("bearergate", ours), case("plain rust", tree)];
    #[cfg(feature = "policy-peers")]
    cases.extend(peers::cases(count, by)?);
    Ok(cases)
}

/// Returns a check of the request of the rules, or of a request that no rule allows.
fn check(rules: &Rc<Rules>, allows: impl Fn(&AccessRequest<'_>) -> bool + 'static) -> Check {
    let rules = Rc::clone(rules);
    let stranger = Principal::builder(PrincipalKind::Other, "nowhere").build();
    Box::new(move |probe| match probe {
        Probe::Good => allows(&rules.request()),
        _ => allows(&AccessRequest::new(&stranger, UnixTime::from_secs(0)).with_action("none")),
    })
}

fn case(name: &str, check: Check) -> Case {
    Case::new(name, Provider::Policy, check).refusing(&[Probe::BadPayload])
}

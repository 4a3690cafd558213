//! The policy groups: so many rules that permit, of which the middle one allows.
//!
//! Rules by action name one each and the tenant of the caller, rules by scope one scope each. The
//! request is made of the facts of the caller each time, as in a gate; where a peer has a form that
//! could be kept, it is measured with that too.

#[cfg(feature = "policy-peers")]
mod peers;
#[path = "../../../common/rules.rs"]
mod rules;

use crate::case::Case;
use crate::case::Judge;
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

/// By what the rules differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Each permits one action.
    Action,
    /// Each permits the bearers of one scope.
    Scope,
}

/// Makes the cases for so many rules.
///
/// # Errors
///
/// Fails if a peer does not take its rules.
pub fn cases(count: usize, by: By) -> Result<Vec<Case>> {
    let rules = Rc::new(Rules::new(
        count,
        match by {
            By::Action => "action",
            By::Scope => "scope",
        },
    ));
    let ours = Rc::clone(&rules);
    let ours = judge(&rules, move |request| {
        black_box(ours.policy.decide(request)).is_allowed()
    });
    let tree = Rc::clone(&rules);
    let tree = judge(&rules, move |request| tree.tree.holds(request));
    #[cfg_attr(
        not(feature = "policy-peers"),
        expect(unused_mut, reason = "the peers are pushed to it")
    )]
    let mut cases = vec![case("bearergate", ours), case("plain rust", tree)];
    #[cfg(feature = "policy-peers")]
    cases.extend(peers::cases(count, by)?);
    Ok(cases)
}

/// Makes a judge that is asked about the request of the rules, or one that none allows.
fn judge(rules: &Rc<Rules>, allows: impl Fn(&AccessRequest<'_>) -> bool + 'static) -> Judge {
    let rules = Rc::clone(rules);
    let nobody = Principal::builder(PrincipalKind::Other, "nowhere").build();
    Box::new(move |probe| match probe {
        Probe::Good => allows(&rules.request()),
        _ => allows(&AccessRequest::new(&nobody, UnixTime::from_secs(0)).with_action("none")),
    })
}

fn case(name: &str, judge: Judge) -> Case {
    Case::new(name, Provider::Policy, judge).refusing(&[Probe::BadPayload])
}

//! Test cases for policies.

use std::fmt;

use thiserror::Error;

use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::request::AccessRequest;

/// A test case: a request, and the decision that an [`Authorizer`] should make about it.
///
/// A list of cases is the test of a policy; [`run_cases`] runs it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a case does nothing until it is run"]
pub struct Case<'a> {
    name: &'a str,
    request: AccessRequest<'a>,
    is_allow: bool,
    reason: Option<&'a str>,
}

impl<'a> Case<'a> {
    /// Creates a case that expects an allow; `name` identifies it in the report.
    ///
    /// Any reason is accepted, unless [`because`](Self::because) names one.
    pub const fn allow(name: &'a str, request: AccessRequest<'a>) -> Self {
        Self::new(name, request, true)
    }

    /// Creates a case that expects a deny; `name` identifies it in the report.
    ///
    /// Any kind and reason is accepted, unless [`because`](Self::because) names a reason.
    pub const fn deny(name: &'a str, request: AccessRequest<'a>) -> Self {
        Self::new(name, request, false)
    }

    const fn new(name: &'a str, request: AccessRequest<'a>, is_allow: bool) -> Self {
        Self {
            name,
            request,
            is_allow,
            reason: None,
        }
    }

    /// Also expects the name of this rule or condition among the [reasons](Decision::reasons), so
    /// that the case fails if the decision is right for another reason.
    pub const fn because(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Returns how a decision differs from the expected one, if it does.
    fn fault(&self, decision: &Decision) -> Option<String> {
        let is_named = |reason: &str| {
            decision
                .reasons()
                .iter()
                .any(|given| given.name() == reason)
        };
        let expected = if self.is_allow { "allowed" } else { "denied" };
        if decision.is_allowed() != self.is_allow {
            return Some(format!("expected {expected}, found {decision}"));
        }
        let reason = self.reason.filter(|reason| !is_named(reason))?;
        Some(format!("expected the reason `{reason}`, found {decision}"))
    }
}

/// Runs test cases against an authorizer, and succeeds only if every decision is the expected one.
///
/// ```
/// use bearergate::{Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::{AccessRequest, Case, run_cases};
/// use bearergate::principal::PrincipalKind;
///
/// let policy = require_scope("orders:read");
/// let builder = || Principal::builder(PrincipalKind::Other, "https://idp.example.com");
/// let (alice, bob) = (builder().scopes(["orders:read"]).build(), builder().build());
/// let request = |caller| AccessRequest::new(caller, UnixTime::from_secs(0));
/// run_cases(&policy, [
///     Case::allow("a reader reads", request(&alice)),
///     Case::deny("others do not", request(&bob)).because("scope orders:read"),
/// ])?;
/// let failed = run_cases(&policy, [Case::allow("bob", request(&bob))]).unwrap_err();
/// assert_eq!(failed.names().collect::<Vec<_>>(), ["bob"]);
/// # Ok::<(), bearergate::policy::CasesFailed>(())
/// ```
///
/// The requests are made by hand: if the gate has several outside authorities, add
/// [`with_contested_ids`](AccessRequest::with_contested_ids) to each, or a condition with an id
/// without its authority is allowed here and denied there. [`Policy::lint`](crate::Policy::lint)
/// finds such conditions.
///
/// # Errors
///
/// [`CasesFailed`] lists every case with another decision, and those whose decision is not
/// available at once.
pub fn run_cases<'a>(
    authorizer: &dyn Authorizer,
    cases: impl IntoIterator<Item = Case<'a>>,
) -> Result<(), CasesFailed> {
    let mut faults = Vec::new();
    for case in cases {
        let fault = match authorizer.authorize(&case.request).try_now() {
            Ok(decision) => case.fault(&decision),
            Err(_) => {
                Some("expected a decision at once, found one that has to be waited for".to_owned())
            }
        };
        faults.extend(fault.map(|fault| (case.name.to_owned(), fault)));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CasesFailed(faults))
    }
}

/// The cases that failed in [`run_cases`], with what was expected and what was found.
///
/// `Display` and `Debug` print one line for each case, so that `unwrap` in a test shows them.
#[derive(Clone, Eq, Error, PartialEq)]
#[error("{}", lines(.0))]
pub struct CasesFailed(Vec<(String, String)>);

impl CasesFailed {
    /// Returns the names of the cases that failed, in the order in which they were run.
    ///
    /// A case has the name that [`Case::allow`] or [`Case::deny`] gave it; `Display` adds the details.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

fn lines(cases: &[(String, String)]) -> String {
    let lines = cases.iter().map(|(name, fault)| format!("{name}: {fault}"));
    lines.collect::<Vec<_>>().join("\n")
}

impl fmt::Debug for CasesFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CasesFailed\n{self}")
    }
}

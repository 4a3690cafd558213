//! Tables of requests and what is expected of them, for tests of policies.

use std::error::Error;
use std::fmt;

use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::request::AccessRequest;

/// One request and what is expected of it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a case does nothing until it is checked"]
pub struct Case<'a> {
    name: &'a str,
    request: AccessRequest<'a>,
    is_allow: bool,
    reason: Option<&'a str>,
}

impl<'a> Case<'a> {
    /// Expects an allow; `name` stands for the case in the report.
    pub const fn allow(name: &'a str, request: AccessRequest<'a>) -> Self {
        Self::new(name, request, true)
    }

    /// Expects a deny.
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

    /// Expects this rule or condition among the [reasons](Decision::reasons) too.
    pub const fn because(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Says what differs from what is expected, if anything does.
    fn fault(&self, decision: &Decision) -> Option<String> {
        let is_named = |reason: &str| decision.reasons().iter().any(|own| own.name() == reason);
        let expected = if self.is_allow { "allowed" } else { "denied" };
        if decision.is_allowed() != self.is_allow {
            return Some(format!("expected {expected}, came {decision}"));
        }
        let reason = self.reason.filter(|reason| !is_named(reason))?;
        Some(format!("expected `{reason}` as a reason, came {decision}"))
    }
}

/// Asks about every case, and succeeds only if all come out as expected.
///
/// ```
/// use bearergate::{Principal, require_scope};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::{AccessRequest, Case, run_cases};
/// use bearergate::principal::PrincipalKind;
///
/// let policy = require_scope("orders:read");
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let bob = Principal::builder(PrincipalKind::Other, "house").build();
/// let request = |who| AccessRequest::new(who, UnixTime::from_secs(0));
/// run_cases(&policy, [
///     Case::allow("a reader reads", request(&alice)),
///     Case::deny("nobody else does", request(&bob)).because("scope orders:read"),
/// ])?;
/// let failed = run_cases(&policy, [Case::allow("bob", request(&bob))]).unwrap_err();
/// assert_eq!(failed.names().collect::<Vec<_>>(), ["bob"]);
/// # Ok::<(), bearergate::policy::CasesFailed>(())
/// ```
///
/// # Errors
///
/// [`CasesFailed`] names every case that came out otherwise, and those whose decision was not
/// ready at once.
pub fn run_cases<'a>(
    authorizer: &dyn Authorizer,
    cases: impl IntoIterator<Item = Case<'a>>,
) -> Result<(), CasesFailed> {
    let mut faults = Vec::new();
    for case in cases {
        let fault = match authorizer.authorize(&case.request).try_now() {
            Ok(decision) => case.fault(&decision),
            Err(_) => Some("the decision has to be waited for".to_owned()),
        };
        faults.extend(fault.map(|fault| (case.name.to_owned(), fault)));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CasesFailed(faults))
    }
}

/// Cases that came out otherwise than expected; `Display` gives one line for each.
#[derive(Clone, Eq, PartialEq)]
pub struct CasesFailed(Vec<(String, String)>);

impl CasesFailed {
    /// Returns the names of the cases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

impl fmt::Display for CasesFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, fault)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "\n" })?;
            write!(f, "{name}: {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CasesFailed {
    /// Shows what `Display` does, for tests that unwrap.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CasesFailed\n{self}")
    }
}

impl Error for CasesFailed {}

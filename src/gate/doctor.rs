//! Diagnosis of a gate, for the operator.

use std::fmt;

use super::Gate;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::diagnosis::gathered;
use crate::now_or_later::NowOrLater;
use crate::validator::TokenValidator;

impl Gate {
    /// Checks what the gate depends on, by using it: discovery, keys, introspection, clocks.
    ///
    /// It is for a person, at the start of a service or when requests fail: it fetches again what
    /// is cached, and changes nothing. The report is for the operator, not for a client.
    ///
    /// ```
    /// use bearergate::Gate;
    /// use bearergate::diagnosis::Severity;
    ///
    /// # async fn start(gate: Gate) {
    /// let report = gate.doctor().await;
    /// if report.severity() == Severity::Error {
    ///     eprintln!("{report}");
    /// }
    /// # }
    /// ```
    pub fn doctor(&self) -> NowOrLater<'_, Report> {
        let slots = self.0.client.iter().chain([&self.0.user]);
        let found = gathered(slots.map(|slot| slot.router.diagnose()));
        found.map(|mut findings| {
            if self.0.clock.now().is_none() {
                let finding = Finding::error("clock", "it reports no time");
                findings.push(finding.hint("set the clock of this host"));
            }
            Report(findings)
        })
    }
}

/// The findings of [`Gate::doctor`], for the operator. `Display` writes a line for each finding,
/// with its hint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Returns all findings, in the order of the checks.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    /// Returns the severity of the worst finding, or [`Ok`](Severity::Ok) if there is none.
    pub fn severity(&self) -> Severity {
        let all = self.0.iter().map(|finding| finding.severity);
        all.max().unwrap_or(Severity::Ok)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

//! Diagnosis of a gate, for the operator.

use super::Gate;
use crate::diagnosis::{Finding, Report, gather};
use crate::now_or_later::NowOrLater;
use crate::validator::TokenValidator;

impl Gate {
    /// Checks what the gate depends on, by using it: discovery, keys, introspection, clocks,
    /// revocation lists.
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
        let slots = self.0.slots.iter();
        // Every slot has the same lists.
        let lists = self.0.slots.user.revocations.iter();
        let parts = slots.map(|slot| slot.router.diagnose());
        let found = gather(parts.chain(lists.map(|list| list.diagnose())));
        found.map(|mut findings| {
            if self.0.clock.now().is_none() {
                let finding = Finding::error("clock", "it reports no time");
                findings.push(finding.hint("set the clock of this host"));
            }
            Report::new(findings)
        })
    }
}

//! Diagnosis of a gate, for the operator.

use super::Gate;
use super::supply::diagnose;
use crate::diagnosis::{Finding, Report, gather};
use crate::now_or_later::NowOrLater;
use crate::validator::TokenValidator;

impl Gate {
    /// Checks what the gate depends on, by using it: discovery, keys, introspection, clocks,
    /// revocation lists. If nothing of it reports about itself, a finding says that there is nothing
    /// to ask. An authorizer that needs what only the service knows is a warning for each condition,
    /// unless the gate [authorizes per route](crate::gate::GateBuilder::authorizes_per_route); with a
    /// [`PolicyHandle`](crate::policy::PolicyHandle) it is the current version that is looked at. So is
    /// a rate class of a rule that no limit has, a sink of the audit trail that fails, and nonces of
    /// DPoP proofs that [no other node](crate::nonce::Nonces::of_this_process) accepts.
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
        let slots = self.0.core.slots.iter();
        // Every slot has the same lists.
        let lists = self.0.core.slots.user.revocations.iter();
        let parts = slots.map(|slot| slot.router.diagnose());
        let found = gather(parts.chain(lists.map(|list| list.diagnose())));
        found.map(|mut findings| {
            if findings.is_empty() {
                let text = "there is nothing to ask: no validator and no revocation list depends on \
                            something that can be asked";
                findings.push(Finding::ok("gate", text));
            }
            findings.extend(diagnose(&*self.0.core.authorizer, self.0.per_route));
            if let Some(enforcement) = self.0.enforcement.as_deref() {
                findings.extend(enforcement.findings(&*self.0.core.authorizer));
            }
            findings.extend(self.own_nonces());
            if self.0.core.clock.now().is_none() {
                let finding = Finding::error("clock", "it reports no time");
                findings.push(finding.hint("set the clock of this host"));
            }
            Report::new(findings)
        })
    }

    /// Reports nonces that no other node accepts.
    fn own_nonces(&self) -> Option<Finding> {
        let has_own = self.0.core.slots.user.router.proofs().has_own_nonces();
        let text = "nonces are of this process: with several nodes, each change of the node costs a \
                    client one refused request";
        let hint = "with several nodes, use `Nonces::shared` with the same secret on each";
        has_own.then(|| Finding::warning("nonces", text).hint(hint))
    }
}

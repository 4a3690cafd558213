//! A request that is recorded in the audit trail.

use bearergate::audit::{AuditEvent, What};
use bearergate::policy::Decision;
use bearergate::principal::{Principal, PrincipalKind};

/// What the event borrows.
pub(crate) struct Audited {
    caller: Principal,
    decision: Decision,
}

impl Audited {
    pub(crate) fn new() -> Self {
        let caller = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
        Self {
            caller: caller.subject("user-0123456789").client("shop").build(),
            decision: Decision::allow().because("readers"),
        }
    }

    /// An allowed request of a verified caller.
    pub(crate) fn allow(&self) -> AuditEvent<'_> {
        AuditEvent::new(What::Decision, 1_760_000_000_000)
            .with_principal(&self.caller)
            .with_decision(&self.decision)
            .with_method("GET")
            .with_path("/orders/0123456789?page=2")
            .with_route("/orders/{id}")
            .with_action("orders:read")
            .with_user_agent(
                b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            )
            .with_limits(&[("default", "pass"), ("reads", "pass")])
            .with_status(200)
    }
}

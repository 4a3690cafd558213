//! What recording costs a request.

use allocation_counter::measure;
use bearergate::audit::{AuditEvent, What};
use bearergate::policy::Decision;
use bearergate::principal::{Principal, PrincipalKind};

use crate::common::{MILLIS, close, memory};

#[test]
fn recording_allocates_nothing() {
    let (builder, _) = memory();
    let audit = builder.start().unwrap();
    let caller = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com");
    let caller = caller.subject("alice").client("shop").build();
    let decision = Decision::allow().because("readers");
    let allowed = AuditEvent::new(What::Decision, MILLIS)
        .with_principal(&caller)
        .with_decision(&decision)
        .with_method("GET")
        .with_path("/orders/7?page=2")
        .with_action("orders:read")
        .with_user_agent(b"curl/8.5.0")
        .with_status(200);
    let refused = allowed.with_kind(bearergate::RejectionKind::RateLimited);
    let anonymous = AuditEvent::new(What::Decision, MILLIS)
        .with_kind(bearergate::RejectionKind::CredentialMissing);
    for event in [allowed, refused, anonymous] {
        let record = || drop(audit.record(&event));
        record();
        let info = measure(|| (0..100).for_each(|_| record()));
        assert_eq!(info.count_total, 0);
    }
    close(audit);
}

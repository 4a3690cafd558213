//! Policy files.
//!
//! Property: a policy that loads is written again, unless its named parts nest too deeply once they
//! are expanded; the written text loads as the same policy, and `explain` returns the same decision.
#![no_main]

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{AccessRequest, RouteTable};
use bearergate::principal::PrincipalKind;
use bearergate::{ConfigError, Policy, Principal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(table) = RouteTable::from_json(text) {
        if let Some(written) = written(table.to_json()) {
            let again = RouteTable::from_json(written.as_bytes()).expect("it was written");
            assert_eq!(again.to_json().ok(), Some(written));
        }
        let _ = table.lint();
    }
    let Ok(policy) = Policy::from_json(text) else {
        return;
    };
    if let Some(written) = written(policy.to_json()) {
        let again = Policy::from_json(written.as_bytes()).expect("it was written");
        assert_eq!(again.to_json().ok(), Some(written));
    }
    let caller = Principal::builder(PrincipalKind::Session, "fuzz")
        .scopes(["a"])
        .build();
    let request = AccessRequest::new(&caller, UnixTime::from_secs(0)).with_action("a");
    let trace = policy.explain(&request);
    assert_eq!(trace.decision(), &policy.decide(&request));
    let _ = (
        trace.to_html(),
        trace.to_json(),
        trace.to_string(),
        policy.lint(),
    );
});

fn written(text: Result<String, ConfigError>) -> Option<String> {
    match text {
        Ok(text) => Some(text),
        Err(error) => {
            assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
            None
        }
    }
}

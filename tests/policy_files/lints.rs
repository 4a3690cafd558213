//! Lints of policies that were read from files.

use bearergate::Policy;
use bearergate::policy::{LintKind, RouteTable};

fn kinds(condition: &str) -> Vec<LintKind> {
    let text = format!(r#"{{"rules": [{{"name": "a", "effect": "permit", "if": {condition}}}]}}"#);
    let policy = Policy::from_json(text.as_bytes()).unwrap();
    policy.lint().iter().map(|lint| lint.kind()).collect()
}

#[test]
fn a_dotted_claim_of_a_file_is_found() {
    let dotted = r#"{"claim": "realm_access.roles", "contains": "clerk"}"#;
    assert_eq!(kinds(dotted), [LintKind::DottedClaim]);
    let nested = r#"{"claim": ["realm_access", "roles"], "contains": "clerk"}"#;
    assert!(kinds(nested).is_empty());
    let table = format!(r#"{{"match": "path", "routes": [{{"pattern": "/a", "if": {dotted}}}]}}"#);
    let lints = RouteTable::from_json(table.as_bytes()).unwrap().lint();
    assert_eq!(lints[0].kind(), LintKind::DottedClaim);
    assert_eq!(lints[0].at(), "* /a");
}

#[test]
fn a_condition_of_a_file_that_is_never_true_is_found() {
    let both = |second: &str| {
        format!(r#"{{"all": [{{"claim": "t", "is": "x"}}, {{"claim": "{second}", "is": "y"}}]}}"#)
    };
    assert_eq!(kinds(&both("t")), [LintKind::NeverMatches]);
    assert!(kinds(&both("u")).is_empty());
}

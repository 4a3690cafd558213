//! Mistakes in policies, policy files and route tables.

use bearergate::policy::{Condition, RouteTable, Rule, role};
use bearergate::{Policy, claim, require_scope};

use crate::table::{Row, refused, row};

fn file(text: &str) -> String {
    refused(Policy::from_json(text.as_bytes()))
}

fn condition(text: &str) -> String {
    file(&format!(
        r#"{{"rules":[{{"name":"read","effect":"permit","if":{text}}}]}}"#
    ))
}

fn routes(text: &str) -> String {
    refused(RouteTable::from_json(text.as_bytes()))
}

pub(crate) fn rows() -> Vec<Row> {
    let rows = [files(), conditions(), tables()];
    rows.into_iter().flatten().collect()
}

fn files() -> Vec<Row> {
    vec![
        row(
            "`when` for `if` in a policy",
            file(r#"{"rules":[{"name":"read","effect":"permit","when":{"scope":"a"}}]}"#),
            ["/rules/0/when", "`when` is unknown", "did you mean `if`"],
        ),
        row(
            "a comma behind the last rule",
            file(
                "{\"rules\":[\n  {\"name\":\"read\",\"effect\":\"permit\",\"if\":{\"scope\":\"a\"}},\n]}",
            ),
            ["expected", "comma", "remove"],
        ),
        row(
            "a comment in a policy",
            file("{\n  // who may read\n  \"rules\":[]}"),
            ["expected", "comment", "remove"],
        ),
        row(
            "a route table as a policy",
            file(r#"{"routes":[{"method":"GET","path":"/orders","if":{"scope":"a"}}]}"#),
            [
                "expected a policy",
                "found a table of routes",
                "`RouteTable::from_json`",
            ],
        ),
        row(
            "a policy as a route table",
            routes(r#"{"rules":[{"name":"read","effect":"permit","if":{"scope":"a"}}]}"#),
            ["expected", "policy", "`Policy"],
        ),
        row(
            "a policy without rules",
            file(r#"{"rules":[]}"#),
            [
                "expected at least one element",
                "found an empty array",
                "add one",
            ],
        ),
        row(
            "`allow` for `permit`",
            file(r#"{"rules":[{"name":"read","effect":"allow","if":{"scope":"a"}}]}"#),
            ["expected", "`allow`", "`permit`"],
        ),
        row(
            "one rule name twice",
            file(
                r#"{"rules":[{"name":"read","effect":"permit","if":{"scope":"a"}},{"name":"read","effect":"permit","if":{"scope":"b"}}]}"#,
            ),
            [
                "expected a different name",
                "found `read` twice",
                "rename the rule",
            ],
        ),
    ]
}

fn conditions() -> Vec<Row> {
    let empty: [Condition; 0] = [];
    let lints = |condition: Condition| {
        let policy = Policy::builder()
            .rule(Rule::permit("read", condition))
            .build()
            .unwrap();
        policy
            .lint()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    vec![
        row(
            "an empty scope in a file",
            condition(r#"{"scope":""}"#),
            ["expected", "empty", "scope"],
        ),
        row(
            "two scopes in one",
            condition(r#"{"scope":"orders:read orders:list"}"#),
            ["expected", "space", "scope"],
        ),
        row(
            "an empty `all`",
            refused(Condition::all(empty)),
            [
                "`all`: expected at least one condition",
                "found none",
                "at least one",
            ],
        ),
        row(
            "a condition in Rust that a file names and that is not registered",
            condition(r#"{"custom":"is-owner"}"#),
            ["expected", "found `is-owner`", "PolicyLoader"],
        ),
        row(
            "a number for a text in a condition",
            condition(r#"{"role":7}"#),
            ["expected a string", "found a number", "correct it"],
        ),
        row(
            "a pattern that is no regular expression",
            refused(claim("sub").matches("(")),
            ["expected", "found", "regular expression"],
        ),
        row(
            "a dotted claim name",
            lints(claim("realm_access.roles").contains("clerk")),
            [
                "`realm_access.roles` is the name of one claim",
                "a dot in it selects nothing",
                ".at(",
            ],
        ),
        row(
            "two values of a claim that has one",
            lints(
                claim("tenant").is("a") & claim("tenant").is("b") & role("x") & require_scope("y"),
            ),
            [
                "no value of claim `tenant` passes",
                "contradict each other",
                "remove one",
            ],
        ),
    ]
}

fn tables() -> Vec<Row> {
    let route = |path: &str| {
        routes(&format!(
            r#"{{"match":"path","routes":[{{"method":"GET","pattern":"{path}","if":{{"scope":"a"}}}}]}}"#
        ))
    };
    vec![
        row(
            "a route without a slash",
            route("orders"),
            ["expected", "`orders`", "/"],
        ),
        row(
            "a route with a query",
            route("/orders?all=1"),
            [
                "expected a path pattern",
                "found `/orders?all=1`",
                "write segments",
            ],
        ),
    ]
}

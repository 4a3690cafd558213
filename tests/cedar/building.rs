//! Configurations that are refused.

use bearergate::error::ConfigErrorKind;
use bearergate::integrations::cedar::CedarAuthorizer;
use bearergate::{ConfigError, limits};

const PERMIT: &str = "permit (principal, action, resource);";
const SCHEMA: &str = "entity User; entity Resource;
    action read appliesTo { principal: User, resource: Resource, context: { now: Long } };";

fn refused(built: Result<CedarAuthorizer, ConfigError>) -> (ConfigErrorKind, &'static str) {
    let error = built.unwrap_err();
    assert!(error.to_string().contains(';'), "no remedy: {error}");
    (error.kind(), error.field())
}

fn policies(text: &str) -> (ConfigErrorKind, &'static str) {
    refused(CedarAuthorizer::builder(text).build())
}

#[test]
fn policies_that_permit_nothing_or_do_not_parse_are_refused() {
    assert!(CedarAuthorizer::builder(PERMIT).build().is_ok());
    let malformed = (ConfigErrorKind::ValueMalformed, "policies");
    for text in [
        "permit",
        "permit (principal, action, resource)",
        "permit (principal, action, resource) when { unknown(1) };",
        "permit (principal == ?principal, action, resource);",
        "allow (principal, action, resource);",
        "permit (principal, action, resource) when { \"\u{0}\\x\" };",
    ] {
        assert_eq!(policies(text), malformed, "{text}");
    }
    let empty = (ConfigErrorKind::Empty, "policies");
    for text in ["", "// none", "forbid (principal, action, resource);"] {
        assert_eq!(policies(text), empty, "{text}");
    }
    assert_eq!(policies(&format!("@id(\"\") {PERMIT}")), empty);
}

#[test]
fn policies_beyond_the_size_limits_are_refused() {
    let beyond = (ConfigErrorKind::OutOfRange, "policies");
    let most = PERMIT.repeat(limits::POLICY_RULES);
    assert!(CedarAuthorizer::builder(most.as_str()).build().is_ok());
    assert_eq!(policies(&(most + PERMIT)), beyond);
    let long = PERMIT.to_owned() + &" ".repeat(1024 * 1024);
    assert_eq!(policies(&long), beyond);
}

/// Without a limit each text would overflow the stack; up to the limit it is accepted.
#[test]
fn policies_that_nest_or_chain_beyond_the_limits_are_refused() {
    let many = 20_000;
    let nested = |open: &str, inner: &str, close: &str, count: usize| {
        open.repeat(count) + inner + &close.repeat(count)
    };
    let grown: [(&dyn Fn(usize) -> String, usize); 8] = [
        (&|n| nested("(", "true", ")", n), 31),
        (&|n| nested("[", "1", "]", n) + " == 1", 31),
        (&|n| nested("{a: ", "1", "}", n) + " == 1", 31),
        (&|n| nested("if true then ", "true", " else true", n), 31),
        (&|n| nested("if true then true else ", "true", "", n), 31),
        (&|n| nested("1 + ", "1 == 1", "", n), 1_024),
        (
            &|n| nested("principal", ".a", ".a", 1) + &".a".repeat(n) + " == 1",
            1_022,
        ),
        (
            &|n| "principal".to_owned() + &"[\"a\"]".repeat(n) + " == 1",
            1_024,
        ),
    ];
    for (at, (grow, most)) in grown.into_iter().enumerate() {
        let text = |count| {
            format!(
                "permit (principal, action, resource) when {{ {} }};",
                grow(count)
            )
        };
        let built = CedarAuthorizer::builder(text(most)).build();
        assert!(built.is_ok(), "{at}: {}", built.unwrap_err());
        for count in [most + 1, many] {
            let refused = policies(&text(count));
            assert_eq!(
                refused,
                (ConfigErrorKind::OutOfRange, "policies"),
                "{at}: {count}"
            );
        }
    }
}

#[test]
fn other_texts_that_nest_beyond_the_limits_are_refused() {
    let schema = |count: usize| {
        let inner = "Set<".repeat(count) + "Long" + &">".repeat(count);
        let built = CedarAuthorizer::builder(PERMIT);
        built
            .schema(format!("type Deep = {inner}; {SCHEMA}"))
            .build()
    };
    assert!(schema(32).is_ok());
    for count in [33, 100_000] {
        assert_eq!(
            refused(schema(count)),
            (ConfigErrorKind::OutOfRange, "schema")
        );
    }
    let entities = |count: usize| {
        let inner = "[".repeat(count) + "1" + &"]".repeat(count);
        let entity =
            format!(r#"[{{"uid":{{"type":"G","id":"a"}},"attrs":{{"a":{inner}}},"parents":[]}}]"#);
        CedarAuthorizer::builder(PERMIT).entities(entity).build()
    };
    assert!(entities(29).is_ok());
    for count in [30, 100_000] {
        assert_eq!(
            refused(entities(count)),
            (ConfigErrorKind::ValueMalformed, "entities")
        );
    }
    let twice = r#"[{"uid":{"type":"G","id":"a","id":"b"},"attrs":{},"parents":[]}]"#;
    let built = CedarAuthorizer::builder(PERMIT).entities(twice).build();
    assert_eq!(
        refused(built),
        (ConfigErrorKind::ValueMalformed, "entities")
    );
}

#[test]
fn two_policies_with_one_name_are_refused() {
    let named =
        |one: &str, other: &str| format!("@id(\"{one}\") {PERMIT} @id(\"{other}\") {PERMIT}");
    assert!(CedarAuthorizer::builder(named("a", "b")).build().is_ok());
    assert_eq!(
        policies(&named("a", "a")),
        (ConfigErrorKind::Conflict, "policies")
    );
}

#[test]
fn policies_must_fit_the_schema() {
    let fit = |text: &str| CedarAuthorizer::builder(text).schema(SCHEMA).build();
    assert!(fit("permit (principal, action == Action::\"read\", resource);").is_ok());
    let malformed = (ConfigErrorKind::ValueMalformed, "policies");
    for text in [
        "permit (principal, action == Action::\"write\", resource);",
        "permit (principal, action, resource) when { principal.tenant == 5 };",
        "permit (principal, action, resource) when { context.now == \"5\" };",
        "permit (principal is Nobody, action, resource);",
    ] {
        assert_eq!(refused(fit(text)), malformed, "{text}");
    }
}

#[test]
fn schema_entities_and_namespace_must_parse() {
    let builder = || CedarAuthorizer::builder(PERMIT);
    let malformed = |field| (ConfigErrorKind::ValueMalformed, field);
    let entity = |kind: &str| {
        format!(r#"[{{"uid":{{"type":"{kind}","id":"a"}},"attrs":{{}},"parents":[]}}]"#)
    };
    assert!(builder().entities(entity("Group")).build().is_ok());
    assert_eq!(
        refused(builder().schema("entity").build()),
        malformed("schema")
    );
    assert_eq!(
        refused(builder().entities("{}").build()),
        malformed("entities")
    );
    let unfit = builder().schema(SCHEMA).entities(entity("Group")).build();
    assert_eq!(refused(unfit), malformed("entities"));
    assert!(builder().namespace("Shop::Orders").build().is_ok());
    for name in ["", "::", "a b", "1", "if"] {
        let built = builder().namespace(name).build();
        assert_eq!(refused(built), malformed("namespace"), "{name}");
    }
    let long = " ".repeat(1024 * 1024 + 1);
    let beyond = |field| (ConfigErrorKind::OutOfRange, field);
    assert_eq!(
        refused(builder().schema(long.as_str()).build()),
        beyond("schema")
    );
    assert_eq!(
        refused(builder().entities(long).build()),
        beyond("entities")
    );
}

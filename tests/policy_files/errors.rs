//! Messages of policy files that do not load: the position, what was expected, what was found and
//! what to do.

use bearergate::Policy;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{LoadError, PolicyLoader, RouteTable};

/// A policy that loads, over several lines.
const GOOD: &str = r#"{
    "rules": [
        {
            "name": "read",
            "effect": "permit",
            "if": {"all": [{"scope": "orders:read"}, {"role": "clerk"}]}
        }
    ]
}"#;

fn refused(text: &str) -> LoadError {
    Policy::from_json(text.as_bytes()).unwrap_err()
}

/// Returns the message after one part of the good policy is replaced.
fn message(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    refused(&GOOD.replace(from, to)).to_string()
}

#[test]
fn json_that_is_not_strict_is_named_with_its_position() {
    assert!(Policy::from_json(GOOD.as_bytes()).is_ok());
    for (from, to, expected) in [
        (
            "{\"role\": \"clerk\"}]",
            "{\"role\": \"clerk\"},]",
            "policy file (line 6, column 71): expected no comma after the last member or element, \
             found one; remove the comma",
        ),
        (
            "{\"role\": \"clerk\"}]}\n",
            "{\"role\": \"clerk\"}]},\n",
            "policy file (line 6, column 73): expected no comma after the last member or element, \
             found one; remove the comma",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\": \"permit\", // all of them",
            "policy file (line 5, column 33): expected a name in double quotes, found a comment; \
             remove the comment: JSON has none",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\": /* all */ \"permit\",",
            "policy file (line 5, column 23): expected a value, found a comment; remove the \
             comment: JSON has none",
        ),
        (
            "{\n    \"rules\"",
            "# orders\n{\n    \"rules\"",
            "policy file (line 1, column 1): expected an object, found a comment; remove the \
             comment: JSON has none",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\": \"permit\"",
            "policy file (line 6, column 13): expected `,` or `}`, found `\"`; add the comma before \
             it",
        ),
        (
            "\"effect\": \"permit\",",
            "effect: \"permit\",",
            "policy file (line 5, column 13): expected a name in double quotes, found `effect`; \
             write the name in double quotes",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\": 'permit',",
            "policy file (line 5, column 23): expected a value, found a single quote; write names \
             and strings in double quotes",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\": permit,",
            "policy file (line 5, column 23): expected a value, found `permit`; write a string in \
             double quotes, or `true` or `false`",
        ),
        (
            "\"effect\": \"permit\",",
            "\"effect\" \"permit\",",
            "policy file (line 5, column 22): expected `:`, found `\"`; correct it",
        ),
        (
            "\"permit\"",
            "\"permit\n\"",
            "policy file (line 5, column 30): expected the rest of a string, found a line break; \
             close the string with a double quote, or write the break as `\\n`",
        ),
        (
            "\"orders:read\"",
            r#""orders\:read""#,
            "policy file (line 6, column 46): expected the rest of a string, found `:` after a \
             backslash; write a backslash as `\\\\`, and other escapes as JSON has them",
        ),
        (
            "\n    ]\n}",
            "\n    }\n}",
            "policy file (line 8, column 5): expected `,` or `]`, found `}`; correct the brackets",
        ),
        (
            "\n    ]\n}",
            "\n    ]\n",
            "policy file (line 9, column 1): expected `,` or `}`, found the end of the file; add \
             what is missing",
        ),
        (
            "\n    ]\n}",
            "\n    ]\n}\n{}",
            "policy file (line 10, column 1): expected the end of the file, found `{`; remove what \
             follows the object",
        ),
        (
            "{\n    \"rules\"",
            "\u{feff}{\n    \"rules\"",
            "policy file (line 1, column 1): expected an object, found a byte-order mark; save the \
             file without it",
        ),
        (
            "\"clerk\"",
            r#""\ud800""#,
            "policy file (line 6, column 64): expected a character, found an escape of half a \
             character (a lone surrogate); write the character itself",
        ),
    ] {
        assert_eq!(message(from, to), expected, "{to}");
    }
    assert_eq!(
        refused("").to_string(),
        "policy file (line 1, column 1): expected an object, found an empty file; write JSON: an \
         object with `rules`, or with `match` and `routes`"
    );
    for (text, found) in [
        ("rules:\n- name: read", "`rules`"),
        // The path is perhaps that of a secret.
        ("hunter2hunter2hunter2", "a text of another form"),
        ("hunter.hunter.hunter", "a text of another form"),
        ("AKIAIOSFODNN7:x", "a text of another form"),
        ("<!doctype html>", "`<`"),
    ] {
        assert_eq!(
            refused(text).to_string(),
            format!(
                "policy file (line 1, column 1): expected an object, found {found}; write JSON: an \
                 object with `rules`, or with `match` and `routes`"
            )
        );
    }
    let latin = Policy::from_json(b"{\n\"rules\": \"\xe4\"}").unwrap_err();
    assert_eq!(
        latin.to_string(),
        "policy file (line 2, column 11): expected UTF-8, found a byte that is not; save the file \
         as UTF-8"
    );
}

/// Every text that differs from a good one in one place loads, or has a position inside it.
#[test]
fn every_change_of_one_character_has_a_position() {
    let letters = [
        "", ",", "\"", "{", "}", "[", "]", ":", "/", "\\", "\u{e4}", "\0", "1", "\n",
    ];
    let mut refused = 0;
    for at in 0..GOOD.len() {
        for letter in letters {
            let text = [&GOOD[..at], letter, &GOOD[at + 1..]].concat();
            let Err(error) = Policy::from_json(text.as_bytes()) else {
                continue;
            };
            refused += 1;
            let lines: Vec<_> = text.split('\n').collect();
            let line = lines[error.line() - 1];
            let most = line.chars().count() + 1;
            assert!((1..=most).contains(&error.column()), "{error}\n{text}");
            let message = error.to_string();
            assert!(
                !message.contains('\n') && !message.contains('\0'),
                "{message}"
            );
            let has_remedy = message.contains("; ") || message.ends_with('?');
            assert!(has_remedy, "{message}");
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn columns_count_characters() {
    // Two characters of two and four bytes precede the comma in the second text.
    for name in ["ab", "\u{e4}\u{1f511}"] {
        let error = refused(&format!("{{\r\n\t\"{name}\": 1,}}"));
        assert_eq!((error.line(), error.column()), (2, 9), "{name}");
    }
}

#[test]
fn a_repeated_member_is_named() {
    assert_eq!(
        message(
            "{\"scope\": \"orders:read\"}",
            r#"{"scope": "a", "sc\u006fpe": "b"}"#
        ),
        "policy file (line 6, column 43): expected every member of an object once, found `scope` \
         twice; remove one"
    );
    assert_eq!(
        message("\"name\": \"read\"", "\"a\\\"b\": 1, \"a\\\"b\": 2"),
        "policy file (line 4, column 24): expected every member of an object once, found `a\"b` \
         twice; remove one"
    );
    // One name in two objects is no repetition.
    assert!(Policy::from_json(GOOD.replace("\"role\"", "\"scope\"").as_bytes()).is_ok());
}

#[test]
fn an_unknown_member_is_the_first_error_and_the_nearest_name_is_given() {
    for (from, to, expected) in [
        (
            "\"if\"",
            "\"when\"",
            "/rules/0/when (line 6, column 13): `when` is unknown; did you mean `if`?",
        ),
        // Two faults: the member that is missing is the one that is misspelled.
        (
            "\"effect\"",
            "\"efect\"",
            "/rules/0/efect (line 5, column 13): `efect` is unknown; did you mean `effect`?",
        ),
        (
            "\"scope\"",
            "\"scopes\"",
            "/rules/0/if/all/0/scopes (line 6, column 29): `scopes` is unknown; did you mean \
             `scope`?",
        ),
        (
            "\"all\"",
            "\"and\"",
            "/rules/0/if/and (line 6, column 20): `and` is unknown; did you mean `all`?",
        ),
        (
            "\"rules\"",
            "\"version\": 1, \"rules\"",
            "/version (line 2, column 5): expected only members of `$schema`, `parts`, \
             `combining`, `rules`, found `version`; remove it",
        ),
        (
            "\"permit\"",
            "\"allow\"",
            "/rules/0/effect (line 5, column 23): expected one of `permit`, `forbid`, found \
             `allow`; did you mean `permit`?",
        ),
        (
            "{\"role\": \"clerk\"}",
            "{\"role\": \"clerk\", \"scope\": \"a\"}",
            "/rules/0/if/all/1/role (line 6, column 55): expected one condition and an optional \
             `name`, found `role` in addition; join conditions by `all` or `any`, each in an \
             object of its own",
        ),
    ] {
        assert_eq!(message(from, to), expected, "{to}");
    }
}

#[test]
fn values_are_shown_shortened_and_escaped() {
    let long = "x".repeat(61);
    let found = message("\"permit\"", &format!("\"{long}\""));
    assert!(
        found.contains(&format!("found `{}…`", "x".repeat(60))),
        "{found}"
    );
    let found = message("\"permit\"", "\"a\\u001b\\u0000\"");
    assert!(found.contains(r"found `a\u{1b}\0`"), "{found}");
    let found = message("\"role\"", &format!("\"{long}/~\""));
    assert!(!found.contains(&long), "{found}");
}

#[test]
fn a_table_read_as_a_policy_is_named_and_the_reverse() {
    let table = r#"{"match": "path", "routes": [{"pattern": "/a", "if": {"scope": "a"}}]}"#;
    assert!(RouteTable::from_json(table.as_bytes()).is_ok());
    assert_eq!(
        refused(table).to_string(),
        "policy file (line 1, column 1): expected a policy, found a table of routes; read it with \
         `RouteTable::from_json` or `PolicyLoader::routes`"
    );
    let error = RouteTable::from_json(GOOD.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy file (line 1, column 1): expected a table of routes, found a policy; read it with \
         `Policy::from_json` or `PolicyLoader::policy`"
    );
    let nested =
        format!(r#"{{"match": "path", "routes": [{{"pattern": "/a", "policy": {table}}}]}}"#);
    let error = RouteTable::from_json(nested.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/routes/0/policy (line 1, column 58): expected a policy, found a table of routes; add its \
         routes to the table, and write `rules` here"
    );
    assert_eq!(
        refused(r#"{"scope": "a"}"#).to_string(),
        "policy file (line 1, column 1): expected a policy, found a condition; write it as the \
         `if` of a rule in `rules`"
    );
    for text in [table, r#"{"scope": "a"}"#] {
        assert_eq!(refused(text).kind(), ConfigErrorKind::ValueMalformed);
    }
}

#[test]
fn an_empty_scope_is_refused_at_its_place() {
    let error = refused(&GOOD.replace("\"orders:read\"", "\"\""));
    assert_eq!(error.kind(), ConfigErrorKind::Empty);
    assert_eq!(
        error.to_string(),
        "/rules/0/if/all/0/scope (line 6, column 38): expected the name of a scope, found an empty \
         string; write the scope that the caller needs"
    );
}

#[test]
fn a_name_that_files_refer_to_is_suggested() {
    let text = GOOD
        .replace(
            "\"rules\"",
            r#""parts": {"reader": {"scope": "a"}}, "rules""#,
        )
        .replace(r#"{"role": "clerk"}"#, r#"{"part": "raeder"}"#);
    let found = refused(&text).to_string();
    assert!(
        found.ends_with("found `raeder`; did you mean `reader`?"),
        "{found}"
    );
    let found = refused(&text.replace("raeder", "owner")).to_string();
    assert!(
        found.ends_with("found `owner`; add it to `parts`"),
        "{found}"
    );
    assert!(Policy::from_json(text.replace("raeder", "reader").as_bytes()).is_ok());
}

#[test]
fn an_error_of_the_configuration_has_the_position() {
    let error = PolicyLoader::new()
        .policy(b"{\n \"rules\": 1}")
        .unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 11));
    let text = bearergate::ConfigError::from(error).to_string();
    assert_eq!(
        text,
        "`policy`: /rules (line 2, column 11): expected an array, found a number; correct it"
    );
}

//! Files with errors: all of them at once, each with its path.

use bearergate::configuration::Configuration;
use bearergate::environment::Environment;
use serde_json::{Value, json};

use crate::common::{Folder, api_keys, build, found, issuer, sessions, with};

/// Errors of many sorts: each in another place, as path and code.
fn faulty() -> (Value, Vec<(&'static str, &'static str)>) {
    let file = json!({
        "issuers": [
            {
                "issuer": "",
                "audience": ["https://orders.example.com"],
                "keys": {"jwks_file": "missing.json"},
                "algorithms": ["ES256", "none"],
                "leeway": "1h",
                "max_token_bytes": 70_000,
                "max_header_bytes": 0,
                "require_type": "logout+jwt",
                "presented_by": ["app"],
                "grants": {"scopes": []},
                "allow_missing_expiry": "yes"
            },
            {"keys": {"pem_file": "pepper", "jwks_url": "https://idp.example.com/keys"}},
            with(issuer(), "algorithms", json!(["RS256"])),
            "https://idp.example.com"
        ],
        "providers": [
            {"provider": "auth1", "domain": "x"},
            {"provider": "okta", "audience": 7},
            {"provider": "auth0", "domain": "https://example.com", "audience": "a",
             "keys": {"jwks": crate::common::jwks()}}
        ],
        "introspection": {
            "endpoint": "https://idp.example.com/introspect",
            "client": {"method": "basic"},
            "any_audience": false,
            "fresh_for": 60
        },
        "api_keys": {
            "authority": "acme keys",
            "prefix": "acme_",
            "secret_bits": 64,
            "peppers": [
                {"version": 1, "secret": {"file": "pepper"}},
                {"version": 1, "secret": {"file": "older-pepper"}},
                {"version": 2, "secret": {"file": "missing"}},
                {"version": 3, "secret": {"file": "short"}}
            ],
            "store": {"memory": 0},
            "header": "x api key"
        },
        "sessions": {
            "authority": "acme sessions",
            "cookie": "session",
            "lifetime": "1000d",
            "max_per_subject": 0,
            "store": {"memory": -1}
        },
        "sources": {"query": ["a b"], "allow_origins": ["https://a.example/x"], "headers": []},
        "policy": {"rules": [{"name": "a", "effect": "allow", "if": {"scope": "a"}}]},
        "response": {"realm": "ä", "body": "html", "retry_after": "0s"},
        "revocations": {},
        "isuers": []
    });
    let errors = vec![
        ("/issuers/0/issuer", "empty"),
        ("/issuers/0/audience", "value_malformed"),
        ("/issuers/0/keys/jwks_file", "unreadable"),
        ("/issuers/0/algorithms/1", "algorithm_unusable"),
        ("/issuers/0/leeway", "out_of_range"),
        ("/issuers/0/allow_missing_expiry", "value_malformed"),
        ("/issuers/0/grants", "empty"),
        ("/issuers/0/require_type", "conflict"),
        ("/issuers/0/presented_by", "conflict"),
        ("/issuers/0/max_token_bytes", "out_of_range"),
        ("/issuers/0/max_header_bytes", "out_of_range"),
        ("/issuers/1", "empty"),
        ("/issuers/1", "empty"),
        ("/issuers/1/keys", "conflict"),
        ("/issuers/2/algorithms", "algorithm_unusable"),
        ("/issuers/3", "value_malformed"),
        ("/providers/0/provider", "value_malformed"),
        ("/providers/1", "empty"),
        ("/providers/1/audience", "value_malformed"),
        ("/providers/2/domain", "value_malformed"),
        ("/introspection/client/method", "value_malformed"),
        ("/introspection/any_audience", "value_malformed"),
        ("/introspection/fresh_for", "value_malformed"),
        ("/api_keys/prefix", "value_malformed"),
        ("/api_keys/secret_bits", "out_of_range"),
        ("/api_keys/peppers/1", "conflict"),
        ("/api_keys/peppers/2/secret", "unreadable"),
        ("/api_keys/peppers/3", "key_weak"),
        ("/api_keys/store/memory", "out_of_range"),
        ("/api_keys/header", "value_malformed"),
        ("/sessions/cookie", "value_malformed"),
        ("/sessions/store/memory", "out_of_range"),
        ("/sessions/lifetime", "out_of_range"),
        ("/sessions/max_per_subject", "out_of_range"),
        ("/sources/headers", "empty"),
        ("/sources/query", "value_malformed"),
        ("/sources/allow_origins", "value_malformed"),
        ("/policy/rules/0/effect", "value_malformed"),
        ("/response/body", "value_malformed"),
        ("/response/realm", "value_malformed"),
        ("/response/retry_after", "out_of_range"),
        ("/revocations", "empty"),
        ("/isuers", "value_malformed"),
    ];
    (file, errors)
}

#[test]
fn all_errors_are_reported_at_once_with_their_paths() {
    let folder = Folder::new();
    folder.write("short", "too short");
    let (file, mut expected) = faulty();
    if cfg!(not(feature = "reqwest")) {
        // Then the environment has no HTTP client, and the endpoint needs one.
        let at = expected
            .iter()
            .position(|(path, _)| path.starts_with("/api_keys"));
        expected.insert(at.unwrap(), ("/introspection", "empty"));
    }
    let errors = folder.build(&file).unwrap_err();
    let reported = found(&errors);
    let reported: Vec<_> = reported
        .iter()
        .map(|(path, kind)| (&**path, *kind))
        .collect();
    assert_eq!(reported, expected, "{errors}");
    assert!(reported.len() >= 15);

    let text = errors.to_string();
    let mut lines = text.lines();
    let count = format!("{} errors in the configuration", expected.len());
    assert_eq!(lines.next(), Some(&*count));
    for (error, line) in errors.iter().zip(lines.by_ref()) {
        assert_eq!(error.to_string(), line);
        assert!(line.starts_with(error.path()), "{line}");
    }
    assert_eq!(lines.next(), None);
    assert_eq!(errors.count(), errors.into_iter().count());
}

/// A builder reports one error; the settings that it refuses are found one after the other.
#[test]
fn a_builder_reports_each_setting_that_it_refuses() {
    let mut own = issuer();
    for (name, value) in [
        ("max_token_bytes", json!(70_000)),
        ("max_header_bytes", json!(0)),
        ("require_type", json!("logout+jwt")),
        ("presented_by", json!(["app"])),
        ("algorithms", json!(["RS256"])),
        ("absent_if_empty", json!(["exp"])),
    ] {
        own = with(own, name, value);
    }
    let file = json!({"issuers": [own], "allow_any_authenticated": true});
    let errors = build(&file).unwrap_err();
    let mut paths: Vec<_> = errors.iter().map(|error| error.path().to_owned()).collect();
    paths.sort();
    let expected = [
        "/issuers/0/absent_if_empty",
        "/issuers/0/algorithms",
        "/issuers/0/max_header_bytes",
        "/issuers/0/max_token_bytes",
        "/issuers/0/presented_by",
        "/issuers/0/require_type",
    ];
    assert_eq!(paths, expected, "{errors}");
    let good = json!({"issuers": [issuer()], "allow_any_authenticated": true});
    assert!(build(&good).is_ok());
}

fn one(file: &Value) -> String {
    let folder = Folder::new();
    let errors = folder.build(file).unwrap_err();
    assert_eq!(errors.count(), 1, "{errors}");
    errors.iter().next().unwrap().to_string()
}

#[test]
fn errors_say_what_was_expected_what_was_found_and_what_to_do() {
    let open =
        |section: &str, value: Value| json!({section: value, "allow_any_authenticated": true});
    let issuers = |issuer: Value| open("issuers", json!([issuer]));
    let set = |name: &str, value: Value| issuers(with(issuer(), name, value));
    for (file, text) in [
        (
            set("audience", json!(["a"])),
            "/issuers/0/audience: expected a string, found an array; write one, or several in \
             `audiences`",
        ),
        (
            set("leeway", json!(30)),
            "/issuers/0/leeway: expected a span such as `30s`, `15m`, `8h` or `90d`, found `30`; \
             write a number and its unit: s, m, h or d",
        ),
        (
            set("audiance", json!("a")),
            "/issuers/0/audiance: expected a known member, found `audiance`; did you mean \
             `audience`?",
        ),
        (
            set("rfc9068", json!("true")),
            "/issuers/0/rfc9068: expected `true` or `false`, found \"true\"; write it without quotes",
        ),
        (
            set("require_claims", json!({"tenant": null})),
            "/issuers/0/require_claims/tenant: expected a string, an integer, `true` or `false`, \
             found null; write the value of the claim",
        ),
        (
            issuers(with(
                with(issuer(), "audience", Value::Null),
                "any_audience",
                json!(false),
            )),
            "/issuers/0/any_audience: expected `true`, found `false`; name what is accepted in \
             place of the member, or write `true`",
        ),
        (
            json!({"issuers": [issuer()]}),
            "configuration: expected `policy` or `allow_any_authenticated`, found none; write a \
             policy, or `\"allow_any_authenticated\": true` if every caller with a valid \
             credential may do everything",
        ),
        (
            json!({"allow_any_authenticated": true}),
            "configuration: expected a section with credentials to accept, found none; write for \
             example `issuers` or `api_keys`",
        ),
        (
            with(
                open("issuers", json!([issuer()])),
                "policy",
                json!({"rules": [
                    {"name": "a", "effect": "permit", "if": {"scope": "a"}}
                ]}),
            ),
            "configuration: expected one of `policy` and `allow_any_authenticated`, found both; \
             remove one of them",
        ),
        (
            open(
                "sessions",
                with(sessions(), "store", json!({"postgres": "x"})),
            ),
            "/sessions/store",
        ),
    ] {
        let folder = Folder::new();
        let errors = folder.build(&file).unwrap_err();
        let first = errors.iter().next().unwrap().to_string();
        assert!(first.starts_with(text), "{first}");
    }
    let bounded = one(&set("leeway", json!("é".repeat(500))));
    assert!(bounded.chars().count() < 300, "{bounded}");
    let escaped = one(&set("leeway", json!("a\nb\u{1b}")));
    assert!(escaped.contains(r#""a\nb\u{1b}""#), "{escaped}");
}

#[test]
fn files_and_paths_are_checked() {
    let open = |keys: Value| json!({"issuers": [with(issuer(), "keys", keys)], "allow_any_authenticated": true});
    let folder = Folder::new();
    let error = |keys: Value| folder.build(&open(keys)).unwrap_err().to_string();
    let is_folder = error(json!({"jwks_file": "."}));
    assert!(
        is_folder.contains("is a folder; name a file in it"),
        "{is_folder}"
    );
    folder.write("large.json", " ".repeat(1024 * 1024 + 1));
    let large = error(json!({"jwks_file": "large.json"}));
    assert!(large.contains("has more than 1048576 bytes"), "{large}");
    folder.write("page.json", "<html></html>");
    let page = error(json!({"jwks_file": "page.json"}));
    assert!(page.contains("/issuers/0/keys/jwks_file"), "{page}");

    // Without a folder, only absolute paths.
    let relative = build(&open(json!({"jwks_file": "keys.json"}))).unwrap_err();
    assert!(
        relative.to_string().contains("expected an absolute path"),
        "{relative}"
    );
    let sample = Folder::sample();
    let absolute = sample.path("keys.json");
    assert!(build(&open(json!({"jwks_file": absolute}))).is_ok());
    for text in ["missing.json", "."] {
        let errors = Configuration::from_file(sample.path(text)).unwrap_err();
        assert_eq!(found(&errors), [(String::new(), "unreadable")]);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_read() {
    let file = json!({
        "issuers": [with(issuer(), "keys", json!({"jwks_file": "/dev/zero"}))],
        "allow_any_authenticated": true
    });
    let errors = build(&file).unwrap_err();
    assert!(errors.to_string().contains("no regular file"), "{errors}");
}

#[test]
fn errors_of_a_policy_file_are_at_the_member_that_names_it() {
    let folder = Folder::new();
    folder.write(
        "policy.json",
        r#"{"rules": [{"name": "a", "effect": "allow", "if": {"scope": "a"}}]}"#,
    );
    let file = json!({"issuers": [issuer()], "policy": {"file": "policy.json"}});
    let errors = folder.build(&file).unwrap_err();
    assert_eq!(
        found(&errors),
        [("/policy/file".to_owned(), "value_malformed")]
    );
    assert!(errors.to_string().contains("`policy.json`"), "{errors}");
    // The position is one of the policy's file.
    let place = "/rules/0/effect (line 1, column 36): expected";
    assert!(errors.to_string().contains(place), "{errors}");
    folder.write(
        "policy.json",
        r#"{"match": "path", "routes": [{"pattern": "/a", "if": {"scope": "a"}}]}"#,
    );
    assert!(folder.build(&file).is_ok());
}

/// The text of the configuration is not kept, so an error of a policy in it has no position.
#[test]
fn errors_of_a_policy_in_the_file_are_at_its_value() {
    let policy = |effect| json!({"rules": [{"name": "a", "effect": effect, "if": {"scope": "a"}}]});
    let file = |effect| json!({"issuers": [issuer()], "policy": policy(effect)});
    let errors = build(&file("allow")).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "1 error in the configuration\n/policy/rules/0/effect: expected one of `permit`, `forbid`, \
         found `allow`; did you mean `permit`?"
    );
    assert!(build(&file("permit")).is_ok());
}

#[cfg(not(feature = "reqwest"))]
#[test]
fn fetching_needs_a_client() {
    let keys = json!({"discover": true});
    let file = json!({"issuers": [with(issuer(), "keys", keys)], "allow_any_authenticated": true});
    let errors = build(&file).unwrap_err();
    assert_eq!(found(&errors), [("/issuers/0/keys".to_owned(), "empty")]);
}

#[cfg(feature = "reqwest")]
#[test]
fn nothing_is_sent_when_keys_are_fetched_later() {
    let file = |keys: Value| json!({"issuers": [with(issuer(), "keys", keys)], "allow_any_authenticated": true});
    for keys in [
        json!({"discover": true}),
        json!({"discover": true, "discovery_url": "https://idp.example.com/d", "max_keys": 5}),
        json!({"jwks_url": "https://idp.example.com/keys", "fresh_for": "5m", "stale_for": "10m"}),
    ] {
        assert!(build(&file(keys.clone())).is_ok(), "{keys}");
    }
    let bad = json!({
        "jwks_url": "https://idp.example.com/keys",
        "fresh_for": "1s",
        "stale_for": "900d",
        "max_keys": 0
    });
    let errors = build(&file(bad)).unwrap_err();
    let mut paths: Vec<_> = errors.iter().map(|error| error.path().to_owned()).collect();
    paths.sort();
    let member = |name: &str| format!("/issuers/0/keys/{name}");
    let expected = ["fresh_for", "max_keys", "stale_for"].map(member);
    assert_eq!(paths, expected, "{errors}");
}

#[cfg(feature = "reqwest")]
#[test]
fn introspection_is_built_with_each_way_to_authenticate() {
    let folder = Folder::new();
    folder.write("key.pem", include_str!("../keys/es256.private.pem"));
    folder.write("secret", "s3cret-of-the-client");
    let secret = json!({"file": "secret"});
    for client in [
        json!({"method": "secret_basic", "id": "orders", "secret": secret}),
        json!({"method": "secret_post", "id": "orders", "secret": secret}),
        json!({"method": "bearer", "secret": secret}),
        json!({"method": "private_key_jwt", "id": "orders", "algorithm": "ES256",
               "private_key": {"file": "key.pem"}, "kid": "1"}),
    ] {
        let endpoint = json!({
            "endpoint": "https://idp.example.com/introspect",
            "client": client,
            "audience": "https://orders.example.com",
            "fresh_for": "10s"
        });
        let file = json!({"introspection": endpoint, "allow_any_authenticated": true});
        folder
            .build(&file)
            .unwrap_or_else(|errors| panic!("{client}: {errors}"));
        let bad = with(endpoint, "max_entries", json!(1));
        let bad = with(bad, "fresh_for", json!("90d"));
        let file = json!({"introspection": bad, "allow_any_authenticated": true});
        let errors = folder.build(&file).unwrap_err();
        assert_eq!(
            found(&errors),
            [
                ("/introspection/fresh_for".to_owned(), "out_of_range"),
                ("/introspection/max_entries".to_owned(), "out_of_range"),
            ]
        );
    }
}

/// A member is reported once, also if several checks read it.
#[test]
fn no_error_is_reported_twice_and_none_is_a_consequence_of_another() {
    let open =
        |section: &str, value: Value| json!({section: value, "allow_any_authenticated": true});
    let session = |name: &str, value: Value| open("sessions", with(sessions(), name, value));
    let with_idle = |lifetime: Value| {
        let own = with(sessions(), "lifetime", lifetime);
        open("sessions", with(own, "idle", json!("20h")))
    };
    let cookies = |cookies: Value| {
        open(
            "sources",
            json!({"cookies": cookies, "allow_origins": ["https://a.example"]}),
        )
    };
    let issuers = |issuer: Value| open("issuers", json!([issuer]));
    let both = |name: &str, section: Value| {
        let file = with(issuers(issuer()), name, section);
        with(
            file,
            "sources",
            json!({"allow_origins": ["https://a.example"]}),
        )
    };
    for (file, path) in [
        (
            session("unlimited_per_subject", json!("yes")),
            "/sessions/unlimited_per_subject",
        ),
        (with_idle(json!("1000d")), "/sessions/lifetime"),
        (with_idle(json!(24)), "/sessions/lifetime"),
        (
            with(cookies(json!(["a b"])), "issuers", json!([issuer()])),
            "/sources/cookies",
        ),
        (
            with(cookies(json!("a")), "issuers", json!([issuer()])),
            "/sources/cookies",
        ),
        (
            both("sessions", with(sessions(), "cookie", json!("sid"))),
            "/sessions/cookie",
        ),
        (
            issuers(with(
                issuer(),
                "keys",
                json!({"pem_file": "missing", "kid": "1"}),
            )),
            "/issuers/0/keys/pem_file",
        ),
        (
            issuers(with(
                issuer(),
                "keys",
                json!({"jwks_url": 1, "fresh_for": "5m"}),
            )),
            "/issuers/0/keys/jwks_url",
        ),
        (
            issuers(with(
                with(issuer(), "audience", Value::Null),
                "id_token",
                json!(7),
            )),
            "/issuers/0/id_token",
        ),
        (
            json!({"issuers": [issuer()], "policy": {"rules": []}}),
            "/policy/rules",
        ),
        (
            json!({"issuers": [issuer()], "allow_any_authenticated": "true"}),
            "/allow_any_authenticated",
        ),
    ] {
        let errors = Folder::new().build(&file).unwrap_err();
        let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
        assert_eq!(paths, [path], "{errors}");
    }
    let id_token = with(
        with(issuer(), "audience", Value::Null),
        "id_token",
        json!(7),
    );
    let errors = build(&issuers(with(id_token, "presented_by", json!(["app"])))).unwrap_err();
    assert_eq!(errors.count(), 1, "{errors}");
}

/// A large number of records is a bound, not a size to reserve.
#[test]
fn large_stores_reserve_no_memory() {
    let folder = Folder::new();
    let store = json!({"memory": 1_000_000_000});
    let file = json!({
        "api_keys": with(api_keys(), "store", store.clone()),
        "sessions": with(sessions(), "store", store),
        "allow_any_authenticated": true
    });
    let _ = folder.build(&file).map(drop);
}

#[test]
fn a_configuration_that_is_no_object_is_refused() {
    for text in ["[]", "1", "null", "\"a\""] {
        let configuration = Configuration::from_json(text).unwrap();
        let errors = configuration.build(&Environment::new()).unwrap_err();
        assert_eq!(
            found(&errors),
            [(String::new(), "value_malformed")],
            "{text}"
        );
    }
    let keys = with(api_keys(), "store", Value::Null);
    let file = json!({"api_keys": keys, "allow_any_authenticated": true});
    assert!(one(&file).starts_with("/api_keys: expected a member `store`"));
}

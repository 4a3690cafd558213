//! Secrets are read by reference only, and no output shows one.

use bearergate::configuration::Configuration;
use serde_json::{Value, json};

use crate::common::{Folder, api_keys, environment, issuer, with};

const SECRET: &str = "canary";

/// Every way to write a secret into the file.
fn inline() -> Vec<Value> {
    let keys = |member: Value| json!({"issuers": [with(issuer(), "keys", member)]});
    let api = |name: &str, value: Value| json!({"api_keys": with(api_keys(), name, value)});
    let client = |client: Value| {
        json!({"introspection": {
            "endpoint": "https://idp.example.com/introspect",
            "client": client,
            "any_audience": true
        }})
    };
    let jwk = |members: Value| keys(json!({"jwks": {"keys": [members]}}));
    vec![
        keys(json!({"secret": SECRET})),
        keys(json!({"secret": [SECRET]})),
        keys(json!({"secret": {"env": SECRET}})),
        keys(json!({"secret": {SECRET: 1}})),
        keys(json!({"secret": {"value": SECRET}})),
        keys(json!({"secret": {"env": {"value": SECRET}}})),
        keys(json!({"base64url_secret": SECRET})),
        keys(json!(SECRET)),
        keys(json!({"jwks": SECRET})),
        keys(json!({"jwks_url": "https://idp.example.com/keys", "bearer": SECRET})),
        jwk(json!({"kty": "oct", "k": SECRET})),
        jwk(json!({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": SECRET})),
        jwk(json!(SECRET)),
        api("peppers", json!(SECRET)),
        api("peppers", json!([SECRET])),
        api("peppers", json!([{"version": SECRET, "secret": SECRET}])),
        api("peppers", json!([{"version": 1, "secret": SECRET}])),
        api("pepper", json!(SECRET)),
        api("secret", json!(SECRET)),
        client(json!(SECRET)),
        client(json!({"method": "secret_basic", "id": "a", "secret": SECRET})),
        client(json!({"method": "bearer", "secret": SECRET, "token": SECRET})),
        client(
            json!({"method": "private_key_jwt", "id": "a", "algorithm": "ES256",
                      "private_key": SECRET}),
        ),
        json!({"client_secret": SECRET}),
        json!({"introspection": {"token_id_key": SECRET}}),
    ]
}

#[test]
fn an_inline_secret_is_refused_and_never_shown() {
    let folder = Folder::new();
    for file in inline() {
        let file = with(file, "allow_any_authenticated", json!(true));
        let text = file.to_string();
        let configuration = Configuration::from_json(&text)
            .unwrap()
            .relative_to(folder.path(""));
        let errors = configuration.build(&environment()).unwrap_err();
        let shown = format!("{errors} {errors:?} {errors:#?} {configuration:?}");
        assert!(!shown.contains(SECRET), "{file}: {shown}");
        let sources = errors
            .iter()
            .filter_map(|error| std::error::Error::source(error));
        for source in sources {
            assert!(!format!("{source} {source:?}").contains(SECRET), "{file}");
        }
    }
}

#[test]
fn an_inline_secret_is_refused_with_the_remedy() {
    let folder = Folder::new();
    let keys = with(
        api_keys(),
        "peppers",
        json!([{"version": 1, "secret": SECRET}]),
    );
    let file = json!({"api_keys": keys, "allow_any_authenticated": true});
    let errors = folder.build(&file).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "1 error in the configuration\n\
         /api_keys/peppers/0/secret: expected a reference to a secret, found a string (not shown); \
         write `{\"env\": \"NAME\"}` for an environment variable, or `{\"file\": \
         \"/run/secrets/name\"}` for a file, and put the secret there"
    );
    let twin = json!({"api_keys": api_keys(), "allow_any_authenticated": true});
    assert!(folder.build(&twin).is_ok());
}

/// Names that look like random text are not shown either: a name may be a value in the wrong place.
#[test]
fn texts_that_look_like_secrets_are_not_shown_anywhere() {
    let folder = Folder::new();
    for secret in [
        "0123456789abcdef0123456789abcdef",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    ] {
        for file in [
            json!({secret: 1}),
            json!({"issuers": [with(issuer(), "leeway", json!(secret))]}),
            json!({"issuers": [with(issuer(), secret, json!(true))]}),
            json!({"issuers": secret}),
            json!({"allow_any_authenticated": secret}),
            json!({"providers": [{"provider": secret}]}),
        ] {
            let errors = folder.build(&file).unwrap_err();
            let shown = format!("{errors} {errors:?}");
            let part = secret.split('\n').nth(1).unwrap_or(secret);
            assert!(!shown.contains(part), "{shown}");
        }
    }
}

/// The secrets that a reference leads to are in no output of the built service.
#[test]
fn secrets_that_were_read_are_not_shown() {
    let folder = Folder::new();
    let pepper = "canary pepper of thirty-two bytes";
    folder.write("pepper", pepper);
    folder.write("mac", pepper);
    let file = json!({
        "issuers": [with(issuer(), "keys", json!({"secret": {"file": "mac"}}))],
        "api_keys": api_keys(),
        "allow_any_authenticated": true
    });
    let service = folder.build(&file).unwrap();
    let shown = format!("{service:?} {service:#?}");
    assert!(!shown.contains(SECRET), "{shown}");
    // Under a wrong reading of its content too.
    let bad = json!({
        "issuers": [with(issuer(), "keys", json!({"base64url_secret": {"file": "mac"}}))],
        "introspection": {
            "endpoint": "https://idp.example.com/introspect",
            "client": {"method": "bearer", "secret": {"file": "mac"}},
            "any_audience": true
        },
        "allow_any_authenticated": true
    });
    let errors = folder.build(&bad).unwrap_err();
    assert!(!format!("{errors} {errors:?}").contains(SECRET), "{errors}");
    assert!(errors.count() >= 2, "{errors}");
}

/// A path that is that of a file with a secret, in place of the file that is due.
#[test]
fn a_file_of_another_kind_is_not_shown() {
    let folder = Folder::new();
    folder.write("secret", format!("{SECRET}-7f3a rest"));
    folder.write("rules.yaml", "rules:\n- name: read");
    let keys = |member: Value| json!({"issuers": [with(issuer(), "keys", member)]});
    let policy = |name: &str| json!({"issuers": [issuer()], "policy": {"file": name}});
    for file in [
        policy("secret"),
        keys(json!({"jwks_file": "secret"})),
        keys(json!({"pem_file": "secret"})),
        keys(json!({"secret": {"file": "secret"}})),
    ] {
        let errors = folder.build(&file).unwrap_err();
        let shown = format!("{errors} {errors:?}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    let errors = folder.build(&policy("rules.yaml")).unwrap_err();
    assert!(errors.to_string().contains("found `rules`"), "{errors}");
}

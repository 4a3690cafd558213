//! Mistakes in the configuration file of a service.

use bearergate::configuration::Configuration;
use bearergate::environment::Environment;

use crate::table::{Row, refused, row};

/// The errors of a file with this text.
fn file(text: &str) -> String {
    match Configuration::from_json(text) {
        Ok(configuration) => refused(configuration.build(&Environment::new())),
        Err(errors) => refused(Err::<(), _>(errors)),
    }
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "a configuration with a comment",
            file("{\n  # the issuer\n}"),
            ["expected", "found", "remove"],
        ),
        row(
            "a configuration with an unknown member",
            file(r#"{"issuer":[]}"#),
            ["expected", "`issuer`", "issuers"],
        ),
        row(
            "a secret in the configuration file",
            file(
                r#"{"allow_any_authenticated":true,"api_keys":{"authority":"acme keys","prefix":"acme_live","store":{"memory":100},"peppers":[{"version":1,"secret":"s3cret"}]}}"#,
            ),
            ["expected", "found", "file"],
        ),
    ]
}

//! Configuration files.
//!
//! Property: loading and building never panic; a configuration builds twice to the same result, and
//! to the same result if `serde_json` filled it in place of the scanner.
#![no_main]

use bearergate::configuration::Configuration;
use bearergate::environment::Environment;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &[u8]| {
    let Ok(configuration) = Configuration::from_json(text) else {
        return;
    };
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        return;
    };
    // Relative paths are refused, so no file is touched unless a text is an absolute path.
    if names_a_file(&value) {
        return;
    }
    let filled: Configuration = serde_json::from_slice(text).expect("the scanner accepted it");
    let first = result(&configuration);
    assert_eq!(first, result(&configuration));
    assert_eq!(first, result(&filled));
});

fn result(configuration: &Configuration) -> String {
    match configuration.build(&Environment::new()) {
        Ok(_) => String::new(),
        Err(errors) => {
            assert!(errors.count() >= 1);
            errors.to_string()
        }
    }
}

fn names_a_file(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('/'),
        Value::Array(elements) => elements.iter().any(names_a_file),
        Value::Object(members) => members.values().any(names_a_file),
        _ => false,
    }
}

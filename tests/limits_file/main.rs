//! Limits files: what they set, and every error of a bad file.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod environment;
mod faults;
mod schema;
mod values;

use bearergate::configuration::{LimitsFile, LimitsLoader};
use bearergate::limit::Limits;
use bearergate::stores::MemoryUsageStore;
use serde_json::{Value, json};

/// A loader with a store of quotas.
fn loader() -> LimitsLoader {
    let base = Limits::builder().usage(MemoryUsageStore::new(1_024).unwrap());
    LimitsLoader::new().limits(base)
}

fn load(file: &Value) -> LimitsFile {
    let read = loader().from_json(file.to_string());
    read.unwrap_or_else(|errors| panic!("{file}: {errors}"))
}

fn refused(file: &Value) -> String {
    loader()
        .from_json(file.to_string())
        .unwrap_err()
        .to_string()
}

/// A file with these members in addition to its version.
fn with(members: Value) -> Value {
    let Value::Object(mut members) = members else {
        panic!("an object");
    };
    members.insert("version".to_owned(), json!(1));
    Value::Object(members)
}

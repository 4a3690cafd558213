//! Limits files.
//!
//! Property: loading never panics; a file is loaded twice to the same result; each error has a place
//! in the text, and what was loaded can be built and replaces itself.
#![no_main]

use std::sync::LazyLock;

use bearergate::configuration::LimitsLoader;
use bearergate::limit::Limits;
use bearergate::stores::MemoryUsageStore;
use libfuzzer_sys::fuzz_target;

static LOADER: LazyLock<LimitsLoader> = LazyLock::new(|| {
    let base = Limits::builder().usage(MemoryUsageStore::new(1_024).expect("a size in range"));
    LimitsLoader::new().limits(base.tables(1_024, 1_024))
});

fuzz_target!(|text: &[u8]| {
    let file = match LOADER.from_json(text) {
        Ok(file) => file,
        Err(errors) => {
            let again = LOADER.from_json(text).expect_err("it was refused");
            assert_eq!(errors.to_string(), again.to_string());
            for error in &errors {
                assert!(error.to_string().contains("(line "), "{error}");
            }
            return;
        }
    };
    assert_eq!(file.needs_restart(&file), None);
    if let Some(rules) = file.limits() {
        let limits = rules.clone().build().expect("the loader checked it");
        limits.replace(rules).expect("the loader checked it");
    }
    if let Some(rules) = file.addresses() {
        rules.clone().build().expect("the loader checked it");
    }
});

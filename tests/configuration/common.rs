//! Folders with the files of one service, and its tokens.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::configuration::{ConfigErrors, Configuration, ConfiguredService};
use bearergate::environment::Environment;
use serde_json::{Value, json};

use crate::signing;

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const AUDIENCE: &str = "https://orders.example.com";

/// A folder that is removed at the end of its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bearergate-configuration-{}-{count}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        folder.write("pepper", [7; 32]);
        folder.write("older-pepper", [8; 32]);
        folder
    }

    /// The sample of the example, with a pepper.
    pub(crate) fn sample() -> Self {
        let folder = Self::new();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/configured");
        for name in ["service.json", "policy.json", "keys.json", "broken.json"] {
            fs::copy(sample.join(name), folder.path(name)).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Builds a configuration whose relative paths are in this folder.
    pub(crate) fn build(&self, file: &Value) -> Result<ConfiguredService, ConfigErrors> {
        let text = file.to_string();
        let configuration = Configuration::from_json(text)?.relative_to(&self.0);
        configuration.build(&environment())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn environment() -> Environment {
    Environment::new().clock(FakeClock::at(UnixTime::from_secs(NOW)))
}

/// Builds a configuration without files.
pub(crate) fn build(file: &Value) -> Result<ConfiguredService, ConfigErrors> {
    Configuration::from_json(file.to_string())?.build(&environment())
}

/// The paths of all errors, each with the code of its kind.
pub(crate) fn found(errors: &ConfigErrors) -> Vec<(String, &'static str)> {
    errors
        .iter()
        .map(|error| (error.path().to_owned(), error.kind().as_str()))
        .collect()
}

/// The keys of the sample.
pub(crate) fn jwks() -> Value {
    let text = include_str!("../../examples/configured/keys.json");
    serde_json::from_str(text).unwrap()
}

/// One issuer with inline keys.
pub(crate) fn issuer() -> Value {
    json!({"issuer": ISSUER, "audience": AUDIENCE, "keys": {"jwks": jwks()}})
}

/// The section of API keys, with a store in memory.
pub(crate) fn api_keys() -> Value {
    json!({
        "authority": "acme keys",
        "prefix": "acme_live",
        "peppers": [{"version": 1, "secret": {"file": "pepper"}}],
        "store": {"memory": 100}
    })
}

/// The section of sessions, with a store in memory.
pub(crate) fn sessions() -> Value {
    json!({
        "authority": "acme sessions",
        "cookie": "__Host-session",
        "store": {"memory": 100}
    })
}

/// The claims of a token that the issuer of the sample could have issued.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": NOW,
        "exp": NOW + 300,
        "scope": "orders:read"
    })
}

pub(crate) fn token(claims: &Value) -> String {
    let header = r#"{"alg":"ES256","kid":"1","typ":"at+jwt"}"#;
    signing::token("ES256", header, &claims.to_string())
}

/// A copy of a value with this member set, or removed where it is null.
pub(crate) fn with(mut value: Value, name: &str, member: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    match member {
        Value::Null => members.remove(name),
        member => members.insert(name.to_owned(), member),
    };
    value
}

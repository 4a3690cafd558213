//! A service that is configured from a file.
//!
//! `cargo run --features config-file,sqlite --example configured -- FILE` loads a file and prints
//! all its errors, if it has any. Without a file it copies the sample in `examples/configured` to a
//! folder in `target`, makes a pepper there, and shows which requests the service accepts; then it
//! loads a file with errors.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

mod app;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bearergate::api_key::NewApiKey;
use bearergate::configuration::ConfiguredService;
use bearergate::environment::Environment;
use bearergate::session::NewSession;
use http::Request;
use ring::rand::{SecureRandom, SystemRandom};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    if let Some(file) = std::env::args_os().nth(1) {
        return Ok(check(Path::new(&file)));
    }
    let folder = sample()?;
    let service = app::load(&folder.join("service.json"), &Environment::new())?;
    show(&service).await?;
    check(&folder.join("broken.json"));
    Ok(ExitCode::SUCCESS)
}

/// Prints whether a service can be built from the file.
fn check(file: &Path) -> ExitCode {
    match app::load(file, &Environment::new()) {
        Ok(_) => {
            println!("{}: ready", file.display());
            ExitCode::SUCCESS
        }
        Err(errors) => {
            println!("{}: {errors}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Copies the sample, because its store is made next to it.
fn sample() -> Result<PathBuf, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/configured");
    fs::create_dir_all(&folder)?;
    for name in ["service.json", "policy.json", "keys.json", "broken.json"] {
        fs::copy(
            root.join("examples/configured").join(name),
            folder.join(name),
        )?;
    }
    let pepper = folder.join("pepper");
    if !pepper.exists() {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| "the random source of the system failed")?;
        fs::write(pepper, bytes)?;
    }
    Ok(folder)
}

/// Makes a key and a session, and uses them.
async fn show(service: &ConfiguredService) -> Result<(), Box<dyn Error>> {
    let (Some(keys), Some(sessions)) = (service.api_keys(), service.sessions()) else {
        return Err("the sample has API keys and sessions".into());
    };
    let new = NewApiKey::new("robot-7").expires_in(Duration::from_secs(90 * 86_400));
    let key = keys.create(new.scopes(["orders:read"])).await?;
    let key = key.secret.reveal();
    let session = sessions.create(NewSession::new("alice")).await?;
    let cookie = format!("__Host-session={}", session.secret.reveal());
    for (text, request) in [
        ("no credential", Request::get("/orders").body(())?),
        (
            "API key",
            Request::get("/orders").header("x-api-key", &key).body(())?,
        ),
        (
            "session",
            Request::get("/orders").header("cookie", &cookie).body(())?,
        ),
        (
            "API key, POST",
            Request::post("/orders")
                .header("x-api-key", &key)
                .body(())?,
        ),
    ] {
        let response = app::serve(service, &request).await;
        println!("{text}: {}", response.status());
    }
    Ok(())
}

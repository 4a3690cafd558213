//! A service with logins: from a password to a session, an access token and refresh tokens, through
//! a theft of a refresh token, to the logout.
//!
//! ```text
//! cargo run --example login
//! ```
//!
//! The exit code is 0 only if every step has the expected result. The store is in memory;
//! `SqliteStore` of the feature `sqlite` can replace it without another change.

mod app;
mod password;
#[path = "../common/report.rs"]
mod report;
mod scenario;

use std::error::Error;
use std::process::ExitCode;

use app::App;
use report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let app = App::new()?;
    let mut report = Report::default();
    scenario::session(&app, &mut report).await?;
    scenario::tokens(&app, &mut report).await?;
    scenario::theft(&app, &mut report).await?;
    scenario::logout(&app, &mut report).await?;
    Ok(report.exit_code())
}

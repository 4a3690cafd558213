//! Sessions of a service with logins: the cookie, a change of privileges, the idle timeout and the
//! logout.
//!
//! ```text
//! cargo run --example login
//! ```
//!
//! The exit code is 0 only if every step has the expected result. The store is in memory;
//! `SqliteStore` of the feature `sqlite` can replace it without another change. The example
//! `refresh_tokens` shows the tokens of such a service.

#[path = "../common/report.rs"]
mod report;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::secret::ShownOnce;
use bearergate::session::{NewSession, Session, SessionChange, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, require_scope};
use http::Request;
use report::{Report, outcome};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct App {
    /// Moved by the steps. A service uses the default, the system's clock.
    clock: FakeClock,
    sessions: SessionManager,
    cookie: SessionCookie,
    gate: Gate,
}

impl App {
    fn new() -> Outcome<Self> {
        let clock = FakeClock::at(UnixTime::from_secs(1_800_000_000));
        let store = Arc::new(MemoryGrantStore::new(1_000_000));
        let sessions = SessionManager::builder(store, "shop").clock(clock.clone()).build()?;
        let cookie = SessionCookie::new("__Host-session")?;
        let gate = Gate::builder()
            .validator(sessions.validator(&cookie))
            .sources(Sources::builder().without_bearer().cookie(cookie.name()).build()?)
            .authorizer(require_scope("orders:read"))
            .clock(clock.clone())
            .build()?;
        Ok(Self { clock, sessions, cookie, gate })
    }

    /// Creates a session. Before that a service verifies the user's password or passkey.
    async fn log_in(&self) -> Outcome<(String, Session)> {
        let new = NewSession::new("alice").scopes(["orders:read"]);
        let issued = self.sessions.create(new).await?;
        Ok((self.browser_cookie(issued.secret)?, issued.record))
    }

    /// Returns the cookie that a browser sends after it received the `Set-Cookie` header.
    fn browser_cookie(&self, id: ShownOnce) -> Outcome<String> {
        let header = self.cookie.set(id);
        Ok(header.to_str()?.split("; ").next().unwrap_or_default().to_owned())
    }

    async fn get(&self, cookie: &str) -> Outcome<&'static str> {
        self.check(Request::get("/").header("cookie", cookie).body(())?).await
    }

    /// Posts a form. The browser reports which site has caused the request.
    async fn post(&self, cookie: &str, site: &str) -> Outcome<&'static str> {
        let request = Request::post("/").header("cookie", cookie).header("sec-fetch-site", site);
        self.check(request.body(())?).await
    }

    async fn check(&self, request: Request<()>) -> Outcome<&'static str> {
        let checked = self.gate.check(&request).await;
        Ok(outcome(checked.map_err(|refusal| refusal.kind())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let (app, mut report) = (App::new()?, Report::default());
    let (old, session) = app.log_in().await?;
    report.step("open a page with the cookie", app.get(&old).await?, "accepted")?;
    let posted = app.post(&old, "same-origin").await?;
    report.step("post a form of the same site", posted, "accepted")?;
    let posted = app.post(&old, "cross-site").await?;
    report.step("post a form of another site", posted, "cross_site_refused")?;

    let change = SessionChange::default().scopes(["orders:read", "orders:write"]);
    let new = app.browser_cookie(app.sessions.rotate(&session, change).await?.secret)?;
    report.step("use the cookie that was replaced", app.get(&old).await?, "session_unknown")?;
    report.step("use the new cookie", app.get(&new).await?, "accepted")?;
    // The default idle timeout is half an hour.
    app.clock.advance(Duration::from_secs(1_800));
    report.step("use it after the idle timeout", app.get(&new).await?, "session_expired")?;

    let (cookie, session) = app.log_in().await?;
    app.sessions.revoke(&session).await?;
    report.step("open a page after the logout", app.get(&cookie).await?, "token_revoked")?;
    let late = app.sessions.save(&session, "basket: 1").await;
    let late = late.map_or_else(|error| error.kind().as_str(), |_| "saved");
    report.step("save data of the session after the logout", late, "conflict")?;

    let (phone, _) = app.log_in().await?;
    let (laptop, _) = app.log_in().await?;
    app.sessions.revoke_subject("alice").await?;
    for cookie in [phone, laptop] {
        let page = app.get(&cookie).await?;
        report.step("open a page after the logout of all devices", page, "token_revoked")?;
    }
    let (again, _) = app.log_in().await?;
    report.step("log in again", app.get(&again).await?, "accepted")?;
    Ok(report.exit_code())
}

//! The steps of the example, with the expected result of each.

use std::error::Error;
use std::time::Duration;

use bearergate::refresh::{NewRefreshToken, RotateRequest, RotatedToken};
use bearergate::secret::Issued;
use bearergate::session::{Session, SessionChange};
use bearergate::{Rejection, limits};

use crate::app::App;
use crate::app::CLIENT;
use crate::report::Report;
use crate::report::outcome;

const PASSWORD: &str = "correct horse";

type Done = Result<(), Box<dyn Error>>;

pub(crate) async fn session(app: &App, report: &mut Report) -> Done {
    let wrong = app.log_in("password1").await?;
    report.step("log in with a wrong password", wrong.is_some(), false)?;
    let (old, session) = log_in(app).await?;
    let page = app.get_page(&old).await?;
    report.step("open a page with the cookie", outcome(page), "accepted")?;
    let posted = app.post_form(&old, "same-origin").await?;
    report.step("post a form of the shop", outcome(posted), "accepted")?;
    let posted = outcome(app.post_form(&old, "cross-site").await?);
    report.step(
        "post a form from another site",
        posted,
        "cross_site_refused",
    )?;

    let change = SessionChange::default().scopes(["orders:read", "orders:write"]);
    let rotated = app.sessions.rotate(&session, change).await?;
    let new = app.browser_cookie(rotated.secret)?;
    let page = outcome(app.get_page(&old).await?);
    report.step(
        "open a page with the replaced cookie",
        page,
        "session_unknown",
    )?;
    let page = outcome(app.get_page(&new).await?);
    report.step("open a page with the new cookie", page, "accepted")?;
    app.clock.advance(limits::SESSION_IDLE);
    let page = outcome(app.get_page(&new).await?);
    report.step(
        "open a page after the idle timeout",
        page,
        "session_expired",
    )?;
    Ok(())
}

pub(crate) async fn tokens(app: &App, report: &mut Report) -> Done {
    let (_, session) = log_in(app).await?;
    let access = app.mint(session.grant())?;
    let first = first_token(app, &session).await?;
    let called = outcome(app.call_api(&access).await?);
    report.step("call the API with an access token", called, "accepted")?;
    app.clock.advance(Duration::from_secs(3_600));
    let called = outcome(app.call_api(&access).await?);
    report.step("call it after an hour", called, "token_expired")?;
    let refreshed = rotate(app, &first, CLIENT).await?;
    let access = app.mint(refreshed.record.grant())?;
    let called = outcome(app.call_api(&access).await?);
    report.step("refresh and call it again", called, "accepted")?;
    let second = refreshed.secret.reveal();
    let repeated = rotate(app, &first, CLIENT).await?.secret.reveal();
    let is_same = repeated == second;
    report.step("repeat a refresh whose response was lost", is_same, true)?;
    let refused = rotation_outcome(app, &second, "other app").await;
    report.step("refresh as another client", refused, "refresh_unknown")?;
    Ok(())
}

pub(crate) async fn theft(app: &App, report: &mut Report) -> Done {
    let (cookie, session) = log_in(app).await?;
    let stolen = first_token(app, &session).await?;
    let newest = rotate(app, &stolen, CLIENT).await?.secret.reveal();
    app.clock.advance(Duration::from_secs(60));
    let reused = rotation_outcome(app, &stolen, CLIENT).await;
    report.step("a thief presents the spent token", reused, "refresh_reused")?;
    let reported = app.reuses.take().join(", ");
    let expected = "a refresh token of alice at shop app was reused";
    report.step("the observer receives", reported, expected)?;
    let revoked = rotation_outcome(app, &newest, CLIENT).await;
    report.step("the newest token is revoked too", revoked, "token_revoked")?;
    let page = outcome(app.get_page(&cookie).await?);
    report.step("the session is still valid", page, "accepted")?;
    Ok(())
}

pub(crate) async fn logout(app: &App, report: &mut Report) -> Done {
    let (cookie, session) = log_in(app).await?;
    let token = first_token(app, &session).await?;
    let access = app.mint(session.grant())?;
    let is_active = app.is_active(&access).await;
    report.step("introspect the access token", is_active, true)?;
    app.sessions.revoke(&session).await?;
    let page = outcome(app.get_page(&cookie).await?);
    report.step("open a page after the logout", page, "token_revoked")?;
    let late = app.sessions.save(&session, "basket: 1").await;
    let late = late.map_or_else(|error| error.kind().as_str(), |_| "saved");
    report.step(
        "save data of the session after the logout",
        late,
        "conflict",
    )?;
    let refused = rotation_outcome(app, &token, CLIENT).await;
    report.step("refresh after the logout", refused, "token_revoked")?;
    let is_active = app.is_active(&access).await;
    report.step("introspect the access token after it", is_active, false)?;
    Ok(())
}

async fn log_in(app: &App) -> Result<(String, Session), Box<dyn Error>> {
    let logged_in = app.log_in(PASSWORD).await?;
    Ok(logged_in.ok_or("the password is right")?)
}

async fn first_token(app: &App, session: &Session) -> Result<String, Box<dyn Error>> {
    let new = NewRefreshToken::for_session(session, CLIENT).scopes(["orders:read"]);
    Ok(app.tokens.create(new).await?.secret.reveal())
}

async fn rotate(app: &App, token: &str, client: &str) -> Result<Issued<RotatedToken>, Rejection> {
    app.tokens.rotate(RotateRequest::new(token, client)).await
}

async fn rotation_outcome(app: &App, token: &str, client: &str) -> &'static str {
    let rotated = rotate(app, token, client).await;
    outcome(rotated.map_err(|rejection| rejection.kind()))
}

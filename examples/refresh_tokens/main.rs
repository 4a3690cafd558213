//! The tokens of a service with logins: access tokens for its API, refresh tokens that are rotated,
//! a theft, and a logout that ends them all.
//!
//! ```text
//! cargo run --example refresh_tokens
//! ```
//!
//! The exit code is 0 only if every step has the expected result.

#[path = "../common/report.rs"]
mod report;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::event::{Event, Observer};
use bearergate::grant::Grant;
use bearergate::issuer::{
    AccessClaims, AuthenticatedClient, GrantRevocations, JwtIssuer, RefreshForm, SigningKey,
    SigningKeys, TokenEndpoints, TokenError, TokenResponse,
};
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::session::{NewSession, Session, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, JwtValidator, require_scope};
use http::{Request, Response};
use report::{Report, outcome};

const NAME: &str = "https://shop.example.com";
const API: &str = "https://api.shop.example.com";
const CLIENT: &str = "shop app";
const START: UnixTime = UnixTime::from_secs(1_800_000_000);

type Outcome<T> = Result<T, Box<dyn Error>>;

struct App {
    /// Moved by the steps. A service uses the default, the system's clock.
    clock: FakeClock,
    sessions: SessionManager,
    tokens: RefreshManager,
    reuses: Reuses,
    issuer: JwtIssuer,
    endpoints: TokenEndpoints,
    api: Gate,
}

impl App {
    fn new() -> Outcome<Self> {
        let (clock, reuses) = (FakeClock::at(START), Reuses::default());
        // One store for sessions and refresh tokens: one revocation ends both.
        let store = Arc::new(MemoryGrantStore::new(1_000_000));
        let sessions = SessionManager::builder(store.clone(), NAME).clock(clock.clone()).build()?;
        let tokens = RefreshManager::builder(store.clone(), NAME)
            .reuse_window(Duration::from_secs(10))
            .observer(reuses.clone())
            .clock(clock.clone())
            .build()?;
        let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(START)?;
        let issuer = JwtIssuer::builder(NAME, keys).clock(clock.clone()).build()?;
        let endpoints = TokenEndpoints::new(issuer.clone());
        let endpoints = endpoints.revocations(GrantRevocations::new(store, NAME));
        let validator = JwtValidator::builder()
            .issuer(NAME)
            .audience(API)
            .key_store(Arc::new(issuer.clone()))
            .rfc9068()
            .build()?;
        let api = Gate::builder()
            .validator(validator)
            .authorizer(require_scope("orders:read"))
            .clock(clock.clone())
            .build()?;
        Ok(Self { clock, sessions, tokens, reuses, issuer, endpoints, api })
    }

    /// Creates a session and its first refresh token, after the user was authenticated.
    async fn log_in(&self) -> Outcome<(Session, String)> {
        let new = NewSession::new("alice").scopes(["orders:read"]);
        let session = self.sessions.create(new).await?.record;
        let new = NewRefreshToken::for_session(&session, CLIENT).scopes(["orders:read"]);
        let token = self.tokens.create(new).await?.secret.reveal();
        Ok((session, token))
    }

    /// Mints an access token from the grant of a session or a refresh token.
    fn mint(&self, grant: &Grant) -> Outcome<String> {
        let claims = AccessClaims::of_grant(grant, CLIENT, API);
        Ok(self.issuer.mint(&claims)?.expose().to_owned())
    }

    async fn call_api(&self, token: &str) -> Outcome<&'static str> {
        let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
        let checked = self.api.check(&request.body(())?).await;
        Ok(outcome(checked.map_err(|refusal| refusal.kind())))
    }

    async fn rotate(&self, token: &str, client: &str) -> &'static str {
        let rotated = self.tokens.rotate(RotateRequest::new(token, client)).await;
        outcome(rotated.map_err(|rejection| rejection.kind()))
    }

    /// Answers a refresh request (RFC 6749 section 6) of a client that was authenticated before.
    async fn post_token(&self, client: &str, form: &str) -> Response<String> {
        match self.refresh(client, form).await {
            Ok(answer) => answer.into_response(),
            Err(error) => error.into_response(),
        }
    }

    async fn refresh(&self, client: &str, form: &str) -> Result<TokenResponse, TokenError> {
        let form = RefreshForm::parse(form.as_bytes())?;
        let rotated = self.tokens.rotate(form.rotate_request(client)?).await?;
        let grant = rotated.record.grant();
        let access = self.issuer.mint(&AccessClaims::of_grant(grant, client, API))?;
        let answer = TokenResponse::of_minted(&access).refresh_token(rotated.secret);
        Ok(answer.scope(grant.scopes().unwrap_or_default()))
    }

    /// Asks the introspection endpoint about an access token (RFC 7662).
    async fn is_active(&self, token: &str) -> bool {
        let caller = AuthenticatedClient::assertion("orders api").serving(API);
        let form = format!("token={token}");
        let response = self.endpoints.introspect(&caller, form.as_bytes()).await;
        response.body().contains(r#""active":true"#)
    }
}

/// Counts the reported reuses of refresh tokens. A service alerts its operator.
#[derive(Clone, Debug, Default)]
struct Reuses(Arc<AtomicUsize>);

impl Observer for Reuses {
    fn observe(&self, event: &Event<'_>) {
        if let Event::RefreshTokenReused { .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let (app, mut report) = (App::new()?, Report::default());
    let (session, first) = app.log_in().await?;
    let access = app.mint(session.grant())?;
    report.step("call the API with an access token", app.call_api(&access).await?, "accepted")?;
    app.clock.advance(Duration::from_secs(3_600));
    report.step("call it after an hour", app.call_api(&access).await?, "token_expired")?;
    let rotated = app.tokens.rotate(RotateRequest::new(&first, CLIENT)).await?;
    let access = app.mint(rotated.record.grant())?;
    report.step("refresh and call it again", app.call_api(&access).await?, "accepted")?;
    let second = rotated.secret.reveal();
    let repeated = app.tokens.rotate(RotateRequest::new(&first, CLIENT)).await?.secret.reveal();
    report.step("repeat a refresh whose response was lost", repeated == second, true)?;
    let other = app.rotate(&second, "other app").await;
    report.step("refresh as another client", other, "refresh_unknown")?;

    let form = format!("grant_type=refresh_token&refresh_token={second}");
    let answer = app.post_token(CLIENT, &form).await;
    report.step("refresh at the token endpoint", answer.status().as_u16(), 200)?;
    let answer: serde_json::Value = serde_json::from_str(answer.body())?;
    let access = answer.get("access_token").and_then(|own| own.as_str()).unwrap_or_default();
    report.step("call the API with its token", app.call_api(access).await?, "accepted")?;
    let other_tab = app.post_token(CLIENT, &form.replace(&second, &first)).await;
    report.step("another tab is late", other_tab.status().as_u16(), 400)?;
    let third = answer.get("refresh_token").and_then(|own| own.as_str()).unwrap_or_default();
    let renewed = app.rotate(third, CLIENT).await;
    report.step("the family stays for the newest token", renewed, "accepted")?;

    let (_, stolen) = app.log_in().await?;
    let newest = app.tokens.rotate(RotateRequest::new(&stolen, CLIENT)).await?.secret.reveal();
    app.clock.advance(Duration::from_secs(60));
    let reused = app.rotate(&stolen, CLIENT).await;
    report.step("a thief presents the spent token", reused, "refresh_reused")?;
    let reported = app.reuses.0.load(Ordering::Relaxed);
    report.step("reuses reported to the observer", reported, 1)?;
    let revoked = app.rotate(&newest, CLIENT).await;
    report.step("the newest token is revoked too", revoked, "token_revoked")?;

    let (session, token) = app.log_in().await?;
    let access = app.mint(session.grant())?;
    report.step("introspect an access token: active", app.is_active(&access).await, true)?;
    app.sessions.revoke(&session).await?;
    let refused = app.rotate(&token, CLIENT).await;
    report.step("refresh after the logout", refused, "token_revoked")?;
    report.step("introspect the access token: active", app.is_active(&access).await, false)?;
    Ok(report.exit_code())
}

//! The service: one user, sessions for its pages, tokens for its API.

use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::crypto::Algorithm;
use bearergate::event::{Event, Observer};
use bearergate::grant::Grant;
use bearergate::issuer::{
    AccessClaims, AuthenticatedClient, GrantRevocations, JwtIssuer, SigningKey, SigningKeys,
    TokenEndpoints,
};
use bearergate::refresh::RefreshManager;
use bearergate::secret::{Issued, ShownOnce};
use bearergate::session::{NewSession, Session, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::Request;

use crate::password::Password;

const NAME: &str = "https://shop.example.com";
const API: &str = "https://api.shop.example.com";
pub(crate) const CLIENT: &str = "shop app";
const START: UnixTime = UnixTime::from_secs(1_800_000_000);

pub(crate) struct App {
    /// Moved by the scenario. A service uses the system's clock, the default.
    pub(crate) clock: FakeClock,
    pub(crate) sessions: SessionManager,
    pub(crate) tokens: RefreshManager,
    pub(crate) reuses: ReuseLog,
    password: Password,
    cookie: SessionCookie,
    issuer: JwtIssuer,
    endpoints: TokenEndpoints,
    pages: Gate,
    api: Gate,
}

impl App {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let clock = FakeClock::at(START);
        // One store for sessions and refresh tokens: one revocation ends both.
        let store = Arc::new(MemoryGrantStore::new(1_000_000));
        let reuses = ReuseLog::default();
        let sessions = SessionManager::builder(store.clone(), NAME)
            .clock(clock.clone())
            .build()?;
        let tokens = RefreshManager::builder(store.clone(), NAME)
            .reuse_window(Duration::from_secs(10))
            .observer(reuses.clone())
            .clock(clock.clone())
            .build()?;
        let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(START)?;
        let issuer = JwtIssuer::builder(NAME, keys)
            .clock(clock.clone())
            .build()?;
        let cookie = SessionCookie::new("__Host-session")?;
        Ok(Self {
            password: Password::new("correct horse").map_err(|_| "no random numbers")?,
            endpoints: TokenEndpoints::new(issuer.clone())
                .revocations(GrantRevocations::new(store, NAME)),
            pages: pages_gate(&sessions, &cookie, &clock)?,
            api: api_gate(&issuer, &clock)?,
            clock,
            sessions,
            tokens,
            reuses,
            cookie,
            issuer,
        })
    }

    /// Answers the login form. `None` if the password is wrong.
    pub(crate) async fn log_in(
        &self,
        password: &str,
    ) -> Result<Option<(String, Session)>, Box<dyn Error>> {
        if !self.password.is(password) {
            return Ok(None);
        }
        let new = NewSession::new("alice").scopes(["orders:read"]);
        let Issued { secret, record, .. } = self.sessions.create(new).await?;
        Ok(Some((self.browser_cookie(secret)?, record)))
    }

    /// Returns the cookie that a browser sends after it received the `Set-Cookie` header.
    pub(crate) fn browser_cookie(&self, id: ShownOnce) -> Result<String, Box<dyn Error>> {
        let header = self.cookie.set(id);
        let pair = header.to_str()?.split("; ").next();
        Ok(pair.unwrap_or_default().to_owned())
    }

    /// Opens a page with a cookie.
    pub(crate) async fn get_page(&self, cookie: &str) -> Result<Outcome, Box<dyn Error>> {
        let request = Request::get("/").header("cookie", cookie);
        Ok(check(&self.pages, &request.body(())?).await)
    }

    /// Posts a form from a page of another or the same site, as the browser reports it.
    pub(crate) async fn post_form(
        &self,
        cookie: &str,
        site: &str,
    ) -> Result<Outcome, Box<dyn Error>> {
        let request = Request::post("/")
            .header("cookie", cookie)
            .header("sec-fetch-site", site);
        Ok(check(&self.pages, &request.body(())?).await)
    }

    /// Mints an access token from the grant of a session or a refresh token.
    pub(crate) fn mint(&self, grant: &Grant) -> Result<String, Box<dyn Error>> {
        let claims = AccessClaims::of_grant(grant, CLIENT, API);
        Ok(self.issuer.mint(&claims)?.expose().to_owned())
    }

    /// Calls the API with an access token.
    pub(crate) async fn call_api(&self, token: &str) -> Result<Outcome, Box<dyn Error>> {
        let request = Request::get("/orders").header("authorization", format!("Bearer {token}"));
        Ok(check(&self.api, &request.body(())?).await)
    }

    /// Asks the introspection endpoint whether an access token is active (RFC 7662).
    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let caller = AuthenticatedClient::assertion("orders api").serving(API);
        let form = format!("token={token}");
        let response = self.endpoints.introspect(&caller, form.as_bytes()).await;
        response.body().contains(r#""active":true"#)
    }
}

pub(crate) type Outcome = Result<(), RejectionKind>;

async fn check(gate: &Gate, request: &Request<()>) -> Outcome {
    let checked = gate.check(request).await;
    checked.map(drop).map_err(|refusal| refusal.kind())
}

fn pages_gate(
    sessions: &SessionManager,
    cookie: &SessionCookie,
    clock: &FakeClock,
) -> Result<Gate, Box<dyn Error>> {
    let sources = Sources::builder().without_bearer().cookie(cookie.name());
    let gate = Gate::builder()
        .validator(sessions.validator(cookie))
        .sources(sources.build()?)
        .authorizer(require_scope("orders:read"))
        .clock(clock.clone());
    Ok(gate.build()?)
}

fn api_gate(issuer: &JwtIssuer, clock: &FakeClock) -> Result<Gate, Box<dyn Error>> {
    let validator = JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .key_store(Arc::new(issuer.clone()))
        .rfc9068();
    let gate = Gate::builder()
        .validator(validator.build()?)
        .authorizer(require_scope("orders:read"))
        .clock(clock.clone());
    Ok(gate.build()?)
}

/// The reported reuses of refresh tokens, for the operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReuseLog(Arc<Mutex<Vec<String>>>);

impl ReuseLog {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for ReuseLog {
    fn observe(&self, event: &Event<'_>) {
        if let Event::RefreshTokenReused {
            subject, client, ..
        } = event
        {
            let line = format!("a refresh token of {subject} at {client} was reused");
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(line);
        }
    }
}

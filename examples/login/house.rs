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
use bearergate::secret::ShownOnce;
use bearergate::session::{NewSession, Session, SessionCookie, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
use http::Request;
use http::header::COOKIE;

use crate::password::Password;

const NAME: &str = "https://shop.example.com";
const API: &str = "https://api.shop.example.com";
pub(crate) const APP: &str = "shop app";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A service leaves out the clock.
pub(crate) struct House {
    pub(crate) clock: FakeClock,
    pub(crate) sessions: SessionManager,
    pub(crate) tokens: RefreshManager,
    pub(crate) alarm: Alarm,
    alice: Password,
    cookie: SessionCookie,
    issuer: JwtIssuer,
    endpoints: TokenEndpoints,
    pages: Gate,
    api: Gate,
}

impl House {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let clock = FakeClock::at(NOW);
        // One store for sessions and refresh tokens: one mark ends both.
        let store = Arc::new(MemoryGrantStore::new(1_000_000));
        let alarm = Alarm::default();
        let sessions = SessionManager::builder(store.clone(), NAME)
            .clock(clock.clone())
            .build()?;
        let tokens = RefreshManager::builder(store.clone(), NAME)
            .reuse_window(Duration::from_secs(10))
            .observer(alarm.clone())
            .clock(clock.clone())
            .build()?;
        let ring = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(NOW)?;
        let issuer = JwtIssuer::builder(NAME, ring)
            .clock(clock.clone())
            .build()?;
        let cookie = SessionCookie::new("__Host-session")?;
        Ok(Self {
            alice: Password::new("correct horse").map_err(|_| "no random numbers")?,
            endpoints: TokenEndpoints::new(issuer.clone())?
                .revocations(GrantRevocations::new(store, NAME)),
            pages: pages(&sessions, &cookie, &clock)?,
            api: api(&issuer, &clock)?,
            clock,
            sessions,
            tokens,
            alarm,
            cookie,
            issuer,
        })
    }

    /// Answers the login form with the cookie that a browser then keeps.
    pub(crate) async fn log_in(
        &self,
        password: &str,
    ) -> Result<Option<(String, Session)>, Box<dyn Error>> {
        if !self.alice.is(password) {
            return Ok(None);
        }
        let new = NewSession::new("alice").scopes(["orders:read"]);
        let (id, session) = self.sessions.create(new).await?;
        Ok(Some((self.kept(id)?, session)))
    }

    /// What a browser keeps of a `Set-Cookie` header.
    pub(crate) fn kept(&self, id: ShownOnce) -> Result<String, Box<dyn Error>> {
        let header = self.cookie.set(id);
        let pair = header.to_str()?.split("; ").next();
        Ok(pair.unwrap_or_default().to_owned())
    }

    /// Opens a page of the shop.
    pub(crate) async fn page(&self, request: Page<'_>) -> Result<Verdict, Box<dyn Error>> {
        let mut http = Request::builder()
            .method(request.method)
            .header(COOKIE, request.cookie);
        if let Some(site) = request.from {
            http = http.header("sec-fetch-site", site);
        }
        let http = http.body(())?;
        let verdict = self.pages.check(&http).await;
        Ok(verdict.map(drop).map_err(|refusal| refusal.kind()))
    }

    /// Mints an access token out of what a session or a refresh token grants.
    pub(crate) fn mint(&self, grant: &Grant) -> Result<String, Box<dyn Error>> {
        let claims = AccessClaims::of_grant(grant, APP, API);
        Ok(self.issuer.mint(&claims)?.expose().to_owned())
    }

    /// Calls the API.
    pub(crate) async fn call(&self, access: &str) -> Result<Verdict, Box<dyn Error>> {
        let http = Request::get("/orders")
            .header("authorization", format!("Bearer {access}"))
            .body(())?;
        let verdict = self.api.check(&http).await;
        Ok(verdict.map(drop).map_err(|refusal| refusal.kind()))
    }

    /// Asks whether an access token still stands (RFC 7662).
    pub(crate) async fn is_active(&self, access: &str) -> bool {
        let caller = AuthenticatedClient::assertion("orders api").serving(API);
        let form = format!("token={access}");
        let answer = self.endpoints.introspect(&caller, form.as_bytes()).await;
        answer.body().contains(r#""active":true"#)
    }
}

/// Let in, or why not.
pub(crate) type Verdict = Result<(), RejectionKind>;

/// A request of a browser.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) method: &'a str,
    pub(crate) cookie: &'a str,
    pub(crate) from: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(crate) const fn get(cookie: &'a str) -> Self {
        Self {
            method: "GET",
            cookie,
            from: None,
        }
    }

    pub(crate) const fn post(cookie: &'a str, from: &'a str) -> Self {
        Self {
            method: "POST",
            cookie,
            from: Some(from),
        }
    }
}

fn pages(
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

fn api(issuer: &JwtIssuer, clock: &FakeClock) -> Result<Gate, Box<dyn Error>> {
    let judge = JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .key_store(Arc::new(issuer.clone()))
        .rfc9068();
    let gate = Gate::builder()
        .validator(judge.build()?)
        .authorizer(require_scope("orders:read"))
        .clock(clock.clone());
    Ok(gate.build()?)
}

/// Where the operator hears of stolen tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm(Arc<Mutex<Vec<String>>>);

impl Alarm {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Alarm {
    fn observe(&self, event: &Event<'_>) {
        if let Event::RefreshTokenReused {
            subject, client, ..
        } = event
        {
            let line = format!("a refresh token of {subject} at {client} was used twice");
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(line);
        }
    }
}

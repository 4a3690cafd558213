//! Log users in with sessions, and clients with refresh tokens.
//!
//! The service checks the password, or the answer of an identity provider. What follows is the work
//! of two managers: [`SessionManager`] for browsers, [`RefreshManager`] for applications that
//! cannot keep a cookie. Both keep only digests of what they issue.
//!
//! # Set up
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use bearergate::credential::Sources;
//! use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
//! use bearergate::session::{NewSession, Session, SessionChange, SessionCookie, SessionManager};
//! use bearergate::stores::MemoryGrantStore;
//! use bearergate::{Gate, RejectionKind, require_scope};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One store for both, so that one revocation ends a session with its tokens.
//! let store = Arc::new(MemoryGrantStore::new(1_000_000));
//! let sessions = SessionManager::builder(store.clone(), "my service").build()?;
//! let tokens = RefreshManager::builder(store, "my service")
//!     .reuse_window(Duration::from_secs(10))
//!     .build()?;
//! let cookie = SessionCookie::new("__Host-session")?;
//! let gate = Gate::builder()
//!     .validator(sessions.validator(&cookie))
//!     .sources(Sources::builder().without_bearer().cookie(cookie.name()).build()?)
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//!
//! // Log in, after the password was checked. The id in the cookie is new each time.
//! let new = NewSession::new("alice").scopes(["orders:read"]).claims(r#"{"tenant": "acme"}"#);
//! let issued = sessions.create(new).await?;
//! let set_cookie = cookie.set(issued.secret); // the value of a `Set-Cookie` header
//! # let value = set_cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
//!
//! // Each request: the session is an extension of the principal.
//! # let request = http::Request::get("/orders").header("cookie", value).body(())?;
//! let admitted = gate.check(&request).await?;
//! let current = admitted.principal().extension::<Session>().ok_or("not a session")?;
//!
//! // More privileges, a new id: an id that was seen before has none of them.
//! let change = SessionChange::default().scopes(["orders:read", "orders:write"]);
//! let rotated = sessions.rotate(current, change).await?;
//! let set_cookie = cookie.set(rotated.secret);
//! assert_eq!(gate.check(&request).await.unwrap_err().kind(), RejectionKind::SessionUnknown);
//!
//! // A refresh token for the mobile application, which ends with the session.
//! let refresh = NewRefreshToken::for_session(&rotated.record, "mobile app").scopes(["orders:read"]);
//! let first = tokens.create(refresh).await?.secret.reveal();
//! let refreshed = tokens.rotate(RotateRequest::new(&first, "mobile app")).await?;
//! assert_eq!(refreshed.record.grant().subject(), "alice");
//! let second = refreshed.secret.reveal();
//!
//! // Log out: the session and its refresh tokens.
//! sessions.revoke(&rotated.record).await?;
//! let clear_cookie = cookie.clear();
//! let refused = tokens.rotate(RotateRequest::new(&second, "mobile app")).await;
//! assert_eq!(refused.unwrap_err().kind(), RejectionKind::TokenRevoked);
//! # let _ = (set_cookie, clear_cookie);
//! # Ok(())
//! # }
//! ```
//!
//! # Sessions
//!
//! - **Timeouts.** 30 minutes unused, 12 hours in all
//!   ([`idle`](crate::session::SessionManagerBuilder::idle),
//!   [`lifetime`](crate::session::SessionManagerBuilder::lifetime)). A use is written at most once
//!   a minute.
//! - **Rotate at every change of privileges**, such as a second factor:
//!   [`rotate`](crate::session::SessionManager::rotate). The
//!   [handle](crate::session::Session::handle) stays, so a page can
//!   [list the sessions of a user](super::keys_and_sessions_of_users) without their ids.
//! - **Cross-site requests.** Browsers send cookies with requests that other sites cause. Outside
//!   `GET`, `HEAD` and `OPTIONS`, and on a WebSocket upgrade, a request is refused
//!   (`cross_site_refused`, 403) unless it has `Sec-Fetch-Site: same-origin` or an allowed
//!   [origin](crate::credential::SourcesBuilder::allow_origin). So handlers of `GET` must change
//!   nothing. Clients that are no browsers need
//!   [`allow_requests_without_origin`](crate::credential::SourcesBuilder::allow_requests_without_origin).
//! - **Protect the login too**, as the [next section](#the-login-form) does: there is no session yet,
//!   so the gate checks nothing.
//! - **Claims are for policies, data is for you.** [`claims`](crate::session::NewSession::claims)
//!   are read by conditions: put nothing there that users can edit.
//!   [`data`](crate::session::NewSession::data) is for the service only.
//! - **Late writes.** A change of a session that somebody else changed or ended is refused as
//!   `conflict`; it never brings a session back.
//!
//! # The login form
//!
//! Before a login there is no session cookie, so the gate does not protect the form: another site
//! could log the browser in to an account of its own. Ask
//! [`CrossSiteCheck`](crate::credential::CrossSiteCheck) in every request of the login. A page that
//! must work without `Sec-Fetch-Site` and `Origin` also needs
//! [`FormTokens`](crate::credential::FormTokens), bound to a random value in a cookie of this browser:
//!
//! ```
//! use std::error::Error;
//!
//! use bearergate::credential::{CrossSiteCheck, FormTokens, Sources};
//! use bearergate::request::RequestFacts;
//! use bearergate::session::{NewSession, SessionCookie, SessionManager};
//! use http::Response;
//! use http::header::SET_COOKIE;
//! use http::request::Parts;
//! # use std::sync::Arc;
//! # use bearergate::{Gate, RejectionKind, stores::MemoryGrantStore};
//!
//! type Page = Result<Response<String>, Box<dyn Error>>;
//!
//! struct Login {
//!     site: CrossSiteCheck, // CrossSiteCheck::default()
//!     forms: FormTokens,    // FormTokens::new(&secret)?, one secret for all processes
//!     browser: Sources,     // Sources::builder().without_bearer().cookie(browser_name).build()?
//!     browser_name: &'static str, // "__Host-browser", in development "dev-browser"
//!     sessions: SessionManager,
//!     cookie: SessionCookie,
//! }
//!
//! fn session_cookie(dev: bool) -> Result<SessionCookie, bearergate::ConfigError> {
//!     if dev { SessionCookie::insecure_loopback("dev-session") } else { SessionCookie::new("__Host-session") }
//! }
//!
//! impl Login {
//!     /// `GET /login`: gives the browser a random value, unless it has one, and the form its token.
//!     fn page(&self, parts: &Parts) -> Page {
//!         let facts = RequestFacts::from(parts);
//!         let known = self.browser.extract(&facts).map(|found| found.credential().expose().to_owned());
//!         let browser = known.or_else(|_| FormTokens::browser_value())?;
//!         let token = self.forms.issue(&browser)?;
//!         let form = format!(r#"<form method="post"><input name="token" type="hidden" value="{token}">"#);
//!         let secure = if self.browser_name.starts_with("__Host-") { "; Secure" } else { "" };
//!         let cookie = format!("{}={browser}; Path=/; HttpOnly; SameSite=Lax{secure}", self.browser_name);
//!         Ok(Response::builder().header(SET_COOKIE, cookie).body(form)?)
//!     }
//!
//!     /// `POST /login`: `token` is the field of the form, `user` the one whose password was checked.
//!     async fn post(&self, parts: &Parts, token: &str, user: &str) -> Page {
//!         self.site.check(parts)?;
//!         let facts = RequestFacts::from(parts);
//!         let browser = self.browser.extract(&facts)?; // refuses a second cookie of this name
//!         self.forms.check(browser.credential().expose(), token)?;
//!         // Check the password here, before the session is made.
//!         let issued = self.sessions.create(NewSession::new(user)).await?;
//!         let cookie = self.cookie.set(issued.secret);
//!         let response = Response::builder().status(303).header("location", "/");
//!         Ok(response.header(SET_COOKIE, cookie).body(String::new())?)
//!     }
//! }
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn Error>> {
//! # let forms = FormTokens::new(&bearergate::secret::Secret::new(vec![7; 32]))?;
//! # let sessions = SessionManager::builder(Arc::new(MemoryGrantStore::new(100)), "my service").build()?;
//! # let browser = Sources::builder().without_bearer().cookie("dev-browser").build()?;
//! # let site = CrossSiteCheck::default();
//! # let cookie = session_cookie(true)?;
//! # let gate = Gate::builder().validator(sessions.validator(&cookie)).allow_any_authenticated()
//! #     .sources(Sources::builder().without_bearer().cookie(cookie.name()).build()?).build()?;
//! # let login = Login { site, forms, browser, browser_name: "dev-browser", sessions, cookie };
//! # assert!(session_cookie(false)?.name().starts_with("__Host-"));
//! # let pair = |page: &Response<String>| -> Result<String, Box<dyn Error>> {
//! #     Ok(page.headers()[SET_COOKIE].to_str()?.split(';').next().unwrap_or_default().to_owned())
//! # };
//!
//! // A test sends what a browser sends. The cookie for development needs a `Host` of this machine.
//! let first = http::Request::get("/login").body(())?.into_parts().0;
//! let page = login.page(&first)?;
//! let token = page.body().split('"').nth(7).ok_or("no token")?;
//! let post = |site: &str| http::Request::post("/login").header("host", "localhost:8080")
//!     .header("sec-fetch-site", site).header("cookie", pair(&page).unwrap_or_default()).body(());
//! let parts = post("same-origin")?.into_parts().0;
//! let done = login.post(&parts, token, "alice").await?;
//! # assert_eq!(pair(&login.page(&parts)?)?, pair(&page)?); // a second tab
//! # assert!(login.post(&post("cross-site")?.into_parts().0, token, "alice").await.is_err());
//! # assert!(login.post(&parts, "another token", "alice").await.is_err());
//! let orders = http::Request::get("/orders").header("host", "localhost:8080")
//!     .header("cookie", pair(&done)?).body(())?;
//! assert!(gate.check(&orders).await.is_ok());
//! # let orders = || http::Request::get("/orders").header("cookie", pair(&done).unwrap_or_default());
//! # for other in [orders().body(())?, orders().header("host", "example.com").body(())?] {
//! #     assert_eq!(gate.check(&other).await.unwrap_err().kind(), RejectionKind::AddressDenied);
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! [`SessionCookie::insecure_loopback`](crate::session::SessionCookie::insecure_loopback) works
//! without TLS, for `localhost` and loopback addresses in `Host` only; any other host, or a test
//! without one, is `address_denied`. A [`Rejection`](crate::Rejection) of `site`, `browser` or `forms`
//! becomes a response by [`Refusal::from`](crate::http_response::Refusal).
//!
//! # Errors in handlers of your own
//!
//! A refusal of the gate has its response. Changes that a handler makes return a
//! [`GrantError`](crate::grant::GrantError) or an [`ApiKeyError`](crate::api_key::ApiKeyError), for
//! which the handler chooses the status. These fit most services:
//!
//! | kind | session, refresh token | API key | status |
//! |---|---|---|---|
//! | `conflict` | it was changed or has ended: read it again | it exists already or was changed: read it again | 409 |
//! | `full` | purge, or raise the limit | purge, or give the store more room | 503 |
//! | `subject_full` | only with `refuse_at_subject_limit` | | 409 |
//! | `malformed` | a value of the caller, or of your code | the same | 400, or 500 for your code's |
//! | `not_current` | | disabled, expired or already rotated | 409 |
//! | `unknown` | | no such key | 404 |
//! | `unavailable` | try again | read the key, then try again | 503 |
//!
//! Of a malformed value `field` names it, and the text says what is allowed, without the value. The
//! `source` of an error says more. Log both; do not send them.
//!
//! # Refresh tokens
//!
//! - A token is spent once and gives its successor. If a spent one is presented again, two parties
//!   hold it: the whole family is revoked, the rejection is `refresh_reused`, and the
//!   [observer](crate::refresh::RefreshManagerBuilder::observer) gets
//!   [`RefreshTokenReused`](crate::event::Event::RefreshTokenReused).
//! - A client that lost a response, or that refreshes in two tabs, presents a spent token too. The
//!   [`reuse_window`](crate::refresh::RefreshManagerBuilder::reuse_window), which is zero by default,
//!   gives it the same successor for up to a minute. If the successor was used meanwhile, the token is
//!   refused, its family stays, and the observer gets
//!   [`RefreshTokenRepeated`](crate::event::Event::RefreshTokenRepeated): the client reads the token
//!   that its other tab stored, and goes on. After the window a spent token revokes the family as
//!   without one.
//! - **What the window costs.** Within it a thief that is as fast as the client is not detected, and one
//!   that spends the stolen token and its successor before the client presents it is found only if the
//!   client presents it once more after the window. So use a few seconds, and bind the tokens to a
//!   [key](crate::refresh::NewRefreshToken::thumbprint) where clients can prove one.
//! - To the client every rejection but `unavailable` and `scope_insufficient` is the same
//!   `invalid_grant`.
//! - Authenticate the client first, and pass that name to
//!   [`RotateRequest`](crate::refresh::RotateRequest::new): a token works only for its client.
//!
//! # The token endpoint
//!
//! [`RefreshForm`](crate::issuer::RefreshForm) reads the posted form,
//! [`TokenResponse`](crate::issuer::TokenResponse) and [`TokenError`](crate::issuer::TokenError) are the
//! answers of RFC 6749 sections 5.1 and 5.2, with `no-store`, ready to send. The service authenticates
//! the client:
//!
//! ```
//! use bearergate::issuer::{AccessClaims, JwtIssuer, RefreshForm, TokenError, TokenResponse};
//! use bearergate::refresh::RefreshManager;
//! use http::request::Parts;
//! use http::{Response, header};
//!
//! struct TokenEndpoint {
//!     tokens: RefreshManager,
//!     issuer: JwtIssuer,
//! }
//!
//! impl TokenEndpoint {
//!     /// `POST /token`
//!     async fn post(&self, parts: &Parts, form: &[u8]) -> Response<String> {
//!         match self.refresh(parts, form).await {
//!             Ok(answer) => answer.into_response(),
//!             Err(error) => error.into_response(), // the error is in the extensions, for your log
//!         }
//!     }
//!
//!     async fn refresh(&self, parts: &Parts, form: &[u8]) -> Result<TokenResponse, TokenError> {
//!         let form = RefreshForm::parse(form)?;
//!         let authorization = parts.headers.get(header::AUTHORIZATION);
//!         let client = authenticate(parts, &form).ok_or_else(|| TokenError::invalid_client(authorization))?;
//!         let rotated = self.tokens.rotate(form.rotate_request(&client)?).await?;
//!         let grant = rotated.record.grant();
//!         let scope = form.scope().or(grant.scopes()).unwrap_or_default();
//!         let claims = AccessClaims::of_grant(grant, &*client, "https://orders.example.com");
//!         let access = self.issuer.mint(&claims.scopes(scope.split(' ').filter(|s| !s.is_empty())))?;
//!         Ok(TokenResponse::of_minted(&access).scope(scope).refresh_token(rotated.secret))
//!     }
//! }
//!
//! /// Checks the client's own credential; for a public client its `client_id`.
//! fn authenticate(_parts: &Parts, form: &RefreshForm) -> Option<String> {
//!     form.client_id().filter(|id| *id == "mobile app").map(str::to_owned)
//! }
//! # use std::sync::Arc;
//! # use bearergate::clock::{Clock, SystemClock};
//! # use bearergate::crypto::Algorithm;
//! # use bearergate::issuer::{SigningKey, SigningKeys};
//! # use bearergate::refresh::NewRefreshToken;
//! # use bearergate::stores::MemoryGrantStore;
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = SystemClock::default().now().ok_or("no time")?;
//! # let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
//! # let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
//! # let tokens = RefreshManager::builder(Arc::new(MemoryGrantStore::new(100)), "my service").build()?;
//! # let endpoint = TokenEndpoint { tokens, issuer };
//! # let new = NewRefreshToken::new("alice", "mobile app").scopes(["orders:read"]);
//! # let token = endpoint.tokens.create(new).await?.secret.reveal();
//! # let (parts, ()) = http::Request::post("/token").body(())?.into_parts();
//! # let form = |client: &str| format!("grant_type=refresh_token&refresh_token={token}&client_id={client}");
//!
//! let answer = endpoint.post(&parts, form("mobile+app").as_bytes()).await;
//! assert_eq!(answer.status(), 200);
//! let again = endpoint.post(&parts, form("mobile+app").as_bytes()).await;
//! assert!(again.body().starts_with(r#"{"error":"invalid_grant","#));
//! # assert!(endpoint.post(&parts, form("other").as_bytes()).await.body().contains("invalid_client"));
//! # Ok(())
//! # }
//! ```
//!
//! A client may ask for fewer scopes. One that asks for more gets `invalid_scope`, and its refresh token
//! is not spent.
//!
//! # Access tokens from a session
//!
//! A [`JwtIssuer`](crate::issuer::JwtIssuer) signs short access tokens with what a session or a
//! refresh token grants:
//!
//! ```
//! use bearergate::issuer::{AccessClaims, JwtIssuer, MintError};
//! use bearergate::session::Session;
//!
//! fn access_token(issuer: &JwtIssuer, session: &Session) -> Result<String, MintError> {
//!     let claims = AccessClaims::of_grant(session.grant(), "shop", "https://orders.example.com");
//!     Ok(issuer.mint(&claims)?.expose().to_owned())
//! }
//! # let _ = access_token;
//! ```
//!
//! A token has the scopes of its grant, or fewer. A grant for which no scopes were set gives tokens
//! without any; a service that decides the scopes elsewhere says so by
//! [`unrestricted_scopes`](crate::issuer::AccessClaims::unrestricted_scopes).
//!
//! They live for five minutes by default, because a service that verifies them locally does not
//! learn of a logout. See [caching and revocation](super::caching_and_revocation).
//!
//! # Maintain the store
//!
//! Call [`SessionManager::purge`] about once an hour; it removes sessions and refresh tokens that
//! have ended, and revocations that are no longer needed, in steps between which other tasks run. A
//! full store is purged by the login that finds it full, but not again in a second in which that
//! made no room.
//!
//! [`MemoryGrantStore`](crate::stores::MemoryGrantStore) keeps a bounded number of revocations: one
//! for each ended session and each access token that its client revoked (RFC 7009), until it
//! expires. Users and clients cannot fill it. A quarter is kept for the revocations of subjects and
//! clients, and single tokens take at most half of the rest. After 256 ended sessions of one subject,
//! one revocation ends all of its sessions and refresh tokens until then; after 64 revoked tokens of
//! one client and subject, one ends all access tokens that the client has for the subject. In a small
//! store it is fewer. Set its [`observer`](crate::stores::MemoryGrantStore::observer) to hear of
//! both, and when 80 percent are taken. `SqliteStore` has no such bound but the disk, and revokes one
//! by one.
//!
//! A subject has at most 100 sessions and 100 families of refresh tokens
//! ([`max_per_subject`](crate::session::SessionManagerBuilder::max_per_subject), to
//! [`GRANTS_PER_SUBJECT_MAX`](crate::limits::GRANTS_PER_SUBJECT_MAX)), so that nobody who has one
//! account fills the store. One more ends the one that was used longest ago: a thief of the account
//! can end sessions, but cannot keep its owner from logging in and revoking all of them. The
//! observers of the managers are told
//! ([`GrantsEndedByLimit`](crate::event::Event::GrantsEndedByLimit)).
//! [`refuse_at_subject_limit`](crate::session::SessionManagerBuilder::refuse_at_subject_limit)
//! refuses the new one instead; the thief can then lock the owner out. Where many users share one
//! subject (guests, kiosks), call
//! [`unlimited_per_subject`](crate::session::SessionManagerBuilder::unlimited_per_subject); then no
//! number of logouts ends the sessions of the others.
//!
//! In place of memory use `SqliteStore`
//! (feature `sqlite`), or implement [`SessionStore`](crate::session::SessionStore) and
//! [`RefreshTokenStore`](crate::refresh::RefreshTokenStore). If sessions and refresh tokens must be
//! in two stores, name the second by
//! [`also_revoke_in`](crate::session::SessionManagerBuilder::also_revoke_in).
//!
//! [`RefreshManager`]: crate::refresh::RefreshManager
//! [`SessionManager`]: crate::session::SessionManager
//! [`SessionManager::purge`]: crate::session::SessionManager::purge

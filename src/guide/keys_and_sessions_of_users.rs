//! Pages for users: their devices, their connected applications and their API keys.
//!
//! Everything here is about the caller's own records. Take the subject from the
//! [`Session`](crate::session::Session) of the request, never from its path or form; what a page sends
//! back (a handle, a client, the id of a key) is untrusted and is looked for among the caller's own.
//!
//! # Your devices
//!
//! [`SessionManager::list`](crate::session::SessionManager::list) returns the sessions of a subject that
//! are neither expired nor revoked, the one that was used last first. Keep what the page calls a device
//! in the [data](crate::session::NewSession::data) of the session at the login.
//!
//! ```
//! use bearergate::grant::GrantError;
//! use bearergate::grant::store::SessionHandle;
//! use bearergate::session::{NewSession, Session, SessionManager};
//!
//! struct Devices {
//!     sessions: SessionManager,
//! }
//!
//! impl Devices {
//!     /// `GET /devices`: a template escapes the name, which the browser sent.
//!     async fn page(&self, current: &Session) -> Result<Vec<(String, String, u64)>, GrantError> {
//!         let own = self.sessions.list(current.grant().subject()).await?;
//!         let row = |session: &bearergate::session::SessionSummary| {
//!             let name = String::from_utf8_lossy(session.data());
//!             let mark = if session.is_current(current) { " (this device)" } else { "" };
//!             let used = session.grant().last_used().as_secs();
//!             (session.handle().to_string(), format!("{name}{mark}"), used)
//!         };
//!         Ok(own.iter().map(row).collect())
//!     }
//!
//!     /// `POST /devices/end`: only a session of the caller; false becomes a 404.
//!     async fn end(&self, current: &Session, handle: &str) -> Result<bool, GrantError> {
//!         let Some(handle) = SessionHandle::parse(handle) else { return Ok(false) };
//!         self.sessions.revoke_of(current.grant().subject(), handle).await
//!     }
//!
//!     /// `POST /devices/end-others`: log out everywhere else.
//!     async fn end_others(&self, current: &Session) -> Result<usize, GrantError> {
//!         self.sessions.revoke_others(current).await
//!     }
//! }
//! # use std::sync::Arc;
//! # use bearergate::stores::MemoryGrantStore;
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = Arc::new(MemoryGrantStore::new(1_000));
//! # let sessions = SessionManager::builder(store, "my service").build()?;
//! # let devices = Devices { sessions };
//! # let sessions = &devices.sessions;
//!
//! // At each login: a name by which the user knows the device again.
//! let laptop = sessions.create(NewSession::new("alice").data("Firefox on Linux")).await?.record;
//! let phone = sessions.create(NewSession::new("alice").data("Safari on iPhone")).await?.record;
//! # let tablet = sessions.create(NewSession::new("alice")).await?.record;
//! # let mallory = sessions.create(NewSession::new("mallory")).await?.record;
//! let handle = phone.handle().ok_or("no handle")?.to_string();
//! # assert!(!devices.end(&mallory, &handle).await?);
//! # assert_eq!(devices.page(&laptop).await?.len(), 3);
//! assert!(devices.end(&laptop, &handle).await?);
//! # assert_eq!(devices.end_others(&laptop).await?, 1);
//! let page = devices.page(&laptop).await?;
//! assert_eq!(page.len(), 1);
//! assert_eq!(page[0].1, "Firefox on Linux (this device)");
//! # let _ = tablet;
//! # Ok(())
//! # }
//! ```
//!
//! - A session ends with the refresh tokens that belong to it
//!   ([`for_session`](crate::refresh::NewRefreshToken::for_session)).
//! - [`revoke_handle`](crate::session::SessionManager::revoke_handle) ends the session of anybody: it is
//!   for the pages of an administrator.
//! - After a change of the password: change it, [rotate](crate::session::SessionManager::rotate) the
//!   session of the request, then
//!   [`revoke_others`](crate::session::SessionManager::revoke_others). Anybody with the old password can
//!   log in until it is changed. Standalone refresh tokens stay: they are connected applications.
//! - `conflict` from `revoke_others` says that the session itself has ended meanwhile: show the login.
//! - A list, a [`Session`](crate::session::Session) and a [`Grant`](crate::grant::Grant) are
//!   [serialized](crate::grant::Grant#impl-Serialize-for-Grant) without ids, claims and data, with times in
//!   seconds.
//! - These pages change something, so they are `POST`, which the gate protects from other sites
//!   ([cross-site requests](super::sessions_and_refresh_tokens#sessions)).
//!
//! # Connected applications
//!
//! What clients hold refresh tokens for:
//!
//! ```
//! use bearergate::grant::GrantError;
//! use bearergate::refresh::RefreshManager;
//! use bearergate::session::Session;
//!
//! /// `GET /applications`: each client once, with its scopes.
//! async fn applications(
//!     tokens: &RefreshManager,
//!     current: &Session,
//! ) -> Result<Vec<(String, String)>, GrantError> {
//!     let held = tokens.list(current.grant().subject()).await?;
//!     let mut rows: Vec<_> = held
//!         .iter()
//!         .map(|grant| {
//!             let scopes = grant.scopes().unwrap_or_default().to_owned();
//!             (grant.client().unwrap_or_default().to_owned(), scopes)
//!         })
//!         .collect();
//!     rows.sort();
//!     rows.dedup();
//!     Ok(rows)
//! }
//!
//! /// `POST /applications/disconnect`: 0 becomes a 404.
//! async fn disconnect(
//!     tokens: &RefreshManager,
//!     current: &Session,
//!     client: &str,
//! ) -> Result<usize, GrantError> {
//!     tokens.revoke_client_of(current.grant().subject(), client).await
//! }
//! # let _ = (applications, disconnect);
//! ```
//!
//! Access tokens that an application has last until they expire, five minutes by default.
//! [`SessionManager::revoke_client`](crate::session::SessionManager::revoke_client) ends what a client
//! holds for **all** subjects: it is for an application that was compromised.
//!
//! # A user's own API keys
//!
//! A key's subject is its owner. Keys of people and of machines are told apart by the name of the
//! scheme's authority, or by a prefix of the subject such as `user:`.
//!
//! ```
//! use std::time::Duration;
//!
//! use bearergate::api_key::store::ApiKeyFilter;
//! use bearergate::api_key::{ApiKeyError, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyUpdate, NewApiKey};
//! use bearergate::session::Session;
//!
//! struct OwnKeys {
//!     keys: ApiKeyManager,
//! }
//!
//! impl OwnKeys {
//!     /// `GET /keys`: the records are serialized without what the store keeps of the secret.
//!     async fn list(&self, current: &Session) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
//!         let own = ApiKeyFilter::Subject(current.grant().subject().to_owned());
//!         self.keys.list(own, None).await // at most 100: pass the last id for the next page
//!     }
//!
//!     /// `POST /keys`: the text is shown once. The service decides the scopes, by what the user has.
//!     async fn create(&self, current: &Session, name: &str) -> Result<String, ApiKeyError> {
//!         let new = NewApiKey::new(current.grant().subject());
//!         let new = new.expires_in(Duration::from_secs(90 * 86_400));
//!         let scopes = current.grant().scopes().unwrap_or_default().split(' ');
//!         let scopes = scopes.filter(|scope| *scope == "orders:read");
//!         let issued = self.keys.create(new.name(name).scopes(scopes)).await?;
//!         Ok(issued.secret.reveal())
//!     }
//!
//!     /// `POST /keys/{id}/rename`: `None` becomes a 404.
//!     async fn rename(
//!         &self,
//!         current: &Session,
//!         id: ApiKeyId,
//!         name: &str,
//!     ) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
//!         match self.own(current, id).await? {
//!             true => self.keys.update(id, ApiKeyUpdate::new().name(name)).await.map(Some),
//!             false => Ok(None),
//!         }
//!     }
//!
//!     /// `POST /keys/{id}/revoke`: false becomes a 404.
//!     async fn revoke(&self, current: &Session, id: ApiKeyId) -> Result<bool, ApiKeyError> {
//!         let is_own = self.own(current, id).await?;
//!         if is_own {
//!             self.keys.revoke(id, "by its owner").await?;
//!         }
//!         Ok(is_own)
//!     }
//!
//!     /// The owner of a key never changes, so it may be asked before the change.
//!     async fn own(&self, current: &Session, id: ApiKeyId) -> Result<bool, ApiKeyError> {
//!         let found = self.keys.find(id).await?;
//!         Ok(found.is_some_and(|record| record.subject() == current.grant().subject()))
//!     }
//! }
//! # use std::sync::Arc;
//! # use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
//! # use bearergate::secret::Secret;
//! # use bearergate::secret_source::SecretSource;
//! # use bearergate::session::{NewSession, SessionManager};
//! # use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};
//! #
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pepper = SecretSource::from_fn("doc", || Ok::<_, std::io::Error>(Secret::new(vec![1; 32])));
//! # let scheme = ApiKeyScheme::new("user keys", ApiKeyFormat::new("acme")?, PepperSet::new(1, &pepper)?)?;
//! # let keys = ApiKeyManager::builder(scheme, Arc::new(MemoryApiKeyStore::new(100)?)).build()?;
//! # let pages = OwnKeys { keys };
//! # let sessions = SessionManager::builder(Arc::new(MemoryGrantStore::new(100)), "my service").build()?;
//! # let alice = sessions.create(NewSession::new("alice").scopes(["orders:read"])).await?.record;
//! # let bob = sessions.create(NewSession::new("bob")).await?.record;
//!
//! let text = pages.create(&alice, "nightly export").await?;
//! let own = pages.list(&alice).await?;
//! # assert!(text.starts_with("acme_") && pages.list(&bob).await?.is_empty());
//! # assert!(pages.rename(&bob, own[0].id(), "mine").await?.is_none());
//! # assert!(!pages.revoke(&bob, own[0].id()).await?);
//! let renamed = pages.rename(&alice, own[0].id(), "hourly export").await?;
//! assert_eq!(renamed.and_then(|key| key.details().name().map(str::to_owned)).as_deref(), Some("hourly export"));
//! assert!(pages.revoke(&alice, own[0].id()).await?);
//! # Ok(())
//! # }
//! ```
//!
//! - Never take scopes or roles from a form without a check against what the user has: a key can
//!   otherwise do more than its owner.
//! - Where a user loses a right, [update](crate::api_key::ApiKeyManager::update) the scopes of the keys,
//!   or let a policy ask for both.
//! - A key outlives the sessions of its owner, and `revoke_others` too. When an account is closed, end
//!   both: [`revoke_subject`](crate::session::SessionManager::revoke_subject) and every key in the list.
//!
//! # Errors
//!
//! Which status fits which error is in
//! [errors in handlers of your own](super::sessions_and_refresh_tokens#errors-in-handlers-of-your-own). A
//! value of a form that is too long or malformed is `malformed`:
//! [`GrantError::field`](crate::grant::GrantError::field) and
//! [`ApiKeyError::field`](crate::api_key::ApiKeyError::field) name it.

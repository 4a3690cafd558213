//! Revocation of credentials before they expire.
//!
//! A [`Denylist`] ends one token, or everything that was issued to a subject, client or session or
//! verified with a key. The [`Gate`](crate::gate::Gate) asks it on every request, after any cache, so a
//! revocation takes effect with the next request. Sessions and refresh tokens are revoked through
//! their managers, in the same transaction as their records, and access tokens that were minted
//! from them end with them where [`GrantRevocations`](crate::issuer::GrantRevocations) is asked.
//!
//! What is revoked is a [`RevocationTarget`] everywhere; what is asked is a [`RevocationList`].
//!
//! | to revoke | [`Denylist::revoke`] with | service-issued sessions and refresh tokens | service-issued access tokens |
//! |---|---|---|---|
//! | one token | [`Revocation::token`], [`Revocation::jwt_id`] | [`RefreshManager::revoke`]: the token and its family | [`TokenEndpoints::revoke`] |
//! | a session | [`Revocation::session`] with [`until`](Revocation::until) | [`SessionManager::revoke`], [`revoke_handle`]: with its refresh tokens | end with the session |
//! | everything of a subject | [`Revocation::subject`] | [`SessionManager::revoke_subject`]: sessions and refresh tokens | end with the subject |
//! | everything of a client | [`Revocation::client`] | [`SessionManager::revoke_client`]: sessions and refresh tokens | end with the client |
//! | everything verified with a key | [`Revocation::key`] | | [`SigningKeys::revoke`] |
//! | everything bound to a stolen key of a client | [`Revocation::proof_key`], [`Revocation::certificate`] | | |
//! | an API key | [`Revocation::api_key`]; in its store [`ApiKeyManager::revoke`] | | |
//! | what one client holds for one subject | [`Revocation::holder`] | | |
//! | only what was issued before a time | [`Revocation::issued_before`] | always: later logins are not affected | always |
//!
//! The last column needs [`GrantRevocations`](crate::issuer::GrantRevocations) as the list of the
//! [`TokenEndpoints`](crate::issuer::TokenEndpoints), for resource servers that introspect, or of the gate.
//! A resource server that does neither accepts an access token until it expires. If sessions and
//! refresh tokens are in two stores, [`also_revoke_in`] names the second. A token of an external
//! provider is revoked there with [`RevocationClient`](crate::introspection::RevocationClient).
//!
//! # Log Alice out everywhere
//!
//! ```
//! use std::sync::Arc;
//! use bearergate::{Principal, RejectionKind};
//! use bearergate::clock::{Clock, SystemClock};
//! use bearergate::principal::PrincipalKind;
//! use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
//! use bearergate::revocation::{Denylist, Revocation};
//! use bearergate::session::{NewSession, SessionManager};
//! use bearergate::stores::MemoryGrantStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryGrantStore::new(1_000_000));
//! let sessions = SessionManager::builder(store.clone(), "my service").build()?;
//! let tokens = RefreshManager::builder(store, "my service").build()?;
//! let denylist = Denylist::default(); // Gate::builder().revocations(denylist.clone())
//!
//! let session = sessions.create(NewSession::new("alice")).await?.record;
//! let refresh = tokens.create(NewRefreshToken::new("alice", "mobile app")).await?.secret.reveal();
//! let idp = "https://idp.example.com";
//! let jwt = Principal::builder(PrincipalKind::Other, idp).subject("alice").build();
//!
//! // The sessions and refresh tokens of this service, and the access tokens minted from them:
//! sessions.revoke_subject("alice").await?;
//! // The tokens that the identity provider has issued to her until now:
//! let now = SystemClock::default().now().ok_or("no time")?;
//! denylist.revoke(Revocation::subject(idp, "alice").issued_before(now)).await?;
//!
//! assert!(sessions.save(&session, "too late").await.is_err());
//! let refused = tokens.rotate(RotateRequest::new(&refresh, "mobile app")).await;
//! assert_eq!(refused.unwrap_err().kind(), RejectionKind::TokenRevoked);
//! assert_eq!(denylist.check(&jwt).unwrap_err().kind(), RejectionKind::TokenRevoked);
//! // She can log in again.
//! sessions.create(NewSession::new("alice")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! API keys are not logins and stay valid; revoke them with [`ApiKeyManager::revoke`].
//!
//! [`ApiKeyManager::revoke`]: crate::api_key::ApiKeyManager::revoke
//! [`SigningKeys::revoke`]: crate::issuer::SigningKeys::revoke
//! [`RefreshManager::revoke`]: crate::refresh::RefreshManager::revoke
//! [`SessionManager::revoke`]: crate::session::SessionManager::revoke
//! [`SessionManager::revoke_client`]: crate::session::SessionManager::revoke_client
//! [`SessionManager::revoke_subject`]: crate::session::SessionManager::revoke_subject
//! [`TokenEndpoints::revoke`]: crate::issuer::TokenEndpoints::revoke
//! [`also_revoke_in`]: crate::session::SessionManagerBuilder::also_revoke_in
//! [`revoke_handle`]: crate::session::SessionManager::revoke_handle

mod asked;
mod counts;
mod credential_id;
mod denylist;
mod entry;
mod holder;
mod listed;
mod order;
mod pause;
mod served;
mod store;
mod sweep;
mod sync;
mod table;
mod term;
#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;
#[cfg(test)]
mod test_steps;

pub use denylist::Denylist;
pub use entry::Revocation;
pub use store::RevocationStore;

pub use crate::revocation_list::{RevocationKind, RevocationList, RevocationTarget};

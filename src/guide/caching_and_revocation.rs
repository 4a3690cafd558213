//! Cache tokens and revoke them: what a cache may hold, and how stale an answer can be.
//!
//! # What a cache holds
//!
//! A [`TokenCache`] remembers *who* a token belongs to, never what that caller may do. An entry
//! exists only after every check has succeeded; a rejection is not cached. On each hit the gate
//! still
//!
//! 1. compares the times of the token, and asks the [key store](crate::KeyStore::status) whether
//!    the key that verified it is still valid,
//! 2. calls your own [claim checks](crate::jwt::JwtValidatorBuilder::check),
//! 3. asks every [`RevocationList`],
//! 4. evaluates the policy,
//! 5. calls the [sender constraint](crate::validator::SenderConstraint).
//!
//! So a revocation and a new policy take effect with the next request. This program revokes a token
//! that is in the cache:
//!
//! ```
//! use bearergate::revocation::{Denylist, Revocation};
//! use bearergate::validator::TokenCache;
//! use bearergate::{Gate, JwtValidator, RejectionKind, require_scope};
//! # use std::sync::Arc;
//! # use bearergate::clock::{Clock, SystemClock};
//! # use bearergate::crypto::Algorithm;
//! # use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = SystemClock::default().now().ok_or("no time")?;
//! # let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
//! # let issuer = JwtIssuer::builder("https://idp.example.com", keys).build()?;
//! # let claims = AccessClaims::new("alice", "shop", "https://orders.example.com");
//! # let token = issuer.mint(&claims.scopes(["orders:read"]))?;
//! # let authorization = format!("Bearer {}", token.expose());
//! # let request = http::Request::get("/").header("authorization", authorization).body(())?;
//! let validator = JwtValidator::builder()
//!     .issuer("https://idp.example.com")
//!     .audience("https://orders.example.com")
//!     .key_store(Arc::new(issuer))
//!     .build()?
//!     .cached(&TokenCache::default());
//! let denylist = Denylist::default();
//! let gate = Gate::builder()
//!     .validator(validator)
//!     .revocations(denylist.clone())
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//!
//! let admitted = gate.check(&request).await?; // verifies the signature
//! gate.check(&request).await?; // from the cache
//! let token = Revocation::of_token(admitted.principal()).ok_or("not a JWT")?;
//! denylist.revoke(token).await?;
//! assert_eq!(gate.check(&request).await.unwrap_err().kind(), RejectionKind::TokenRevoked);
//! # Ok(())
//! # }
//! ```
//!
//! A cache saves the signature check, which pays for RSA and ECDSA; tokens under a shared secret
//! are not cached. Opaque tokens and API keys have caches of their own, below.
//!
//! # How stale an answer can be
//!
//! | what | remembered for at most | set by |
//! |---|---|---|
//! | a JWT that was accepted ([`TokenCache`]) | its `exp`, or until its key is gone | checked on every hit |
//! | a key that the provider has withdrawn | 10 minutes, or `max-age` of the provider up to 1 hour; 1 hour more while the provider is down | [`fresh_for`](crate::key::FetchedKeysBuilder::fresh_for), [`stale_for`](crate::key::FetchedKeysBuilder::stale_for) |
//! | an opaque token that the provider has revoked | 60 seconds | [`fresh_for`](crate::introspection::IntrospectionValidatorBuilder::fresh_for); zero asks every time |
//! | an opaque token that was refused | 5 seconds | fixed |
//! | an API key or session that another process revoked, behind a [`Cached`](crate::stores::Cached) store | 5 seconds | [`staleness`](crate::stores::CachedBuilder::staleness) |
//! | the same without a cache, and everything that this process revoked | nothing: the next request | |
//! | a [`Denylist`] entry of another process | the time between two calls of [`reload`](crate::revocation::Denylist::reload) | you |
//! | an access token after the session that it was made from ended | its lifetime, 5 minutes by default | [`JwtIssuerBuilder::lifetime`](crate::issuer::JwtIssuerBuilder::lifetime), or ask [`GrantRevocations`] |
//!
//! Nothing here turns an outage into an answer: once a bound is over, the kind is `unavailable`
//! (503).
//!
//! # Log Alice out everywhere
//!
//! The table in [`revocation`](crate::revocation) lists what revokes what, and has a program that
//! does this. In short:
//!
//! 1. [`SessionManager::revoke_subject`](crate::session::SessionManager::revoke_subject) ends her
//!    sessions and refresh tokens, in one transaction. What she starts afterwards is not affected.
//! 2. Access tokens made from them end at once where [`GrantRevocations`] is asked, and otherwise
//!    when they expire.
//! 3. [`Revocation::subject`](crate::revocation::Revocation::subject) with
//!    [`issued_before`](crate::revocation::Revocation::issued_before) ends the tokens that an
//!    external provider has issued to her so far. Revoke her refresh token there as well, by
//!    [`RevocationClient`](crate::introspection::RevocationClient), or her next token is new.
//! 4. API keys are not logins: [`ApiKeyManager::revoke`](crate::api_key::ApiKeyManager::revoke).
//!
//! # Keep a denylist
//!
//! - [`Denylist::default`](crate::revocation::Denylist) is in memory and is lost with the process.
//!   [`Denylist::open`](crate::revocation::Denylist::open) reads one from a
//!   [`RevocationStore`](crate::revocation::RevocationStore), such as `SqliteStore`, and keeps it
//!   there. The list is in memory in both cases, so a check costs a look-up.
//! - Give each entry an end: [`until`](crate::revocation::Revocation::until) the last token that it
//!   concerns has expired. [`Revocation::of_token`](crate::revocation::Revocation::of_token) sets
//!   it. What has ended is purged as the list grows; an entry without an end stays.
//!   Name the end of a session too: [`Gate::doctor`](crate::Gate::doctor) counts those without one.
//! - A full list refuses new entries. It never drops one that still protects. Clients that revoke
//!   their own tokens (RFC 7009) cannot fill it: a quarter is kept for what only the service
//!   revokes, one client takes at most half of the rest, and after 64 tokens of one client and
//!   subject, or 256 of one subject, fewer in a short list, one entry revokes what they were issued
//!   until then. These counts are of one process, since its start. At 80 percent the
//!   [`observer`](crate::revocation::Denylist::observer) of the list and the doctor say so.
//!   [`GrantRevocations`](crate::issuer::GrantRevocations) over a
//!   [`MemoryGrantStore`](crate::stores::MemoryGrantStore) does the same with its own numbers; see
//!   [sessions](super::sessions_and_refresh_tokens).
//! - Subjects, clients and `jti` have a meaning only under their
//!   [`Authority`](crate::principal::Authority): name the issuer. A revocation for an authority
//!   that no validator of the gates has is kept, and answered with the error
//!   [`AuthorityUnknown`](crate::error::StoreErrorKind::AuthorityUnknown); name authorities that
//!   only other processes have with
//!   [`also_asked_for`](crate::revocation::Denylist::also_asked_for).
//! - A fraction in `iat` is dropped where a revocation compares it. If the issuer's clock may be
//!   ahead of yours, add the difference to
//!   [`issued_before`](crate::revocation::Revocation::issued_before).
//! - After [`revoke`](crate::revocation::Denylist::revoke) returns an error of the store, this
//!   process refuses the credential already; repeat the call, so that the others do too. Of a
//!   [`revoke`](crate::revocation::Denylist::revoke) and a
//!   [`restore`](crate::revocation::Denylist::restore) at the same time, the one that revokes wins.
//! - Requests do not wait while a list is reloaded or purged, whatever its length.
//!
//! Your own list implements [`RevocationList`]: return `Ok(())` only if nothing revokes the
//! principal, and `unavailable` if that could not be found out.
//!
//! [`Denylist`]: crate::revocation::Denylist
//! [`GrantRevocations`]: crate::issuer::GrantRevocations
//! [`RevocationList`]: crate::revocation::RevocationList
//! [`TokenCache`]: crate::validator::TokenCache

//! Write your own validator, key store, authorizer or sender constraint.
//!
//! All four traits are object-safe and have one or two required methods. They share three rules:
//!
//! 1. **Return `Ok`, or an allow, only if it is certain.** Everything in a request is untrusted.
//! 2. **An outage is not an answer.** What could not be checked is
//!    [`Unavailable`](crate::RejectionKind::Unavailable) (503), never "invalid" and never accepted.
//! 3. **No side effect before the first poll.** A method returns a [`NowOrLater`]: a value that is
//!    [ready](crate::NowOrLater::now), or a [future](crate::NowOrLater::later). A gate may drop a
//!    future that it has not polled and call the method again. A future that was polled and is then
//!    dropped, because its client went away, must not cancel work that others wait for.
//!
//! Read the time from the request ([`PresentedCredential::now`],
//! [`AccessRequest::now`](crate::policy::AccessRequest::now)): a gate reads its clock once per
//! request.
//!
//! # Validate credentials of your own
//!
//! A [`TokenValidator`] declares its [shapes](crate::validator::Shape) and returns a [`Principal`]
//! only if the credential is valid now. Reject what is malformed at once, and wait only if needed:
//!
//! ```
//! use std::io;
//! use bearergate::clock::UnixTime;
//! use bearergate::credential::PresentedCredential;
//! use bearergate::principal::PrincipalKind;
//! use bearergate::validator::{Authorities, Shape};
//! use bearergate::{Gate, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator};
//!
//! /// Accepts tickets, `tkt_` and a number, that a database knows.
//! #[derive(Debug)]
//! struct Tickets {
//!     shapes: [Shape; 1], // Shape::Prefix("tkt_".into())
//! }
//!
//! /// In place of a query: the owner of a ticket and when it expires.
//! async fn find(number: u64) -> Result<Option<(String, UnixTime)>, io::Error> {
//!     let owner = || ("alice".to_owned(), UnixTime::from_secs(4_000_000_000));
//!     Ok((number == 7).then(owner))
//! }
//!
//! impl TokenValidator for Tickets {
//!     fn shapes(&self) -> &[Shape] {
//!         &self.shapes
//!     }
//!
//!     // The service issues the tickets itself. The default is one outside authority.
//!     fn authorities(&self) -> Authorities {
//!         Authorities::OWN
//!     }
//!
//!     fn validate<'a>(
//!         &'a self,
//!         presented: &'a PresentedCredential<'a>,
//!     ) -> NowOrLater<'a, Result<Principal, Rejection>> {
//!         let number = presented.credential().expose().strip_prefix("tkt_");
//!         let Some(number) = number.and_then(|number| number.parse().ok()) else {
//!             return NowOrLater::now(Err(RejectionKind::TokenMalformed.into()));
//!         };
//!         let Some(now) = presented.now() else {
//!             return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
//!         };
//!         NowOrLater::later(async move {
//!             let found = find(number).await;
//!             let unavailable = |error| Rejection::new(RejectionKind::Unavailable).with_source(error);
//!             match found.map_err(unavailable)? {
//!                 Some((owner, end)) if now < end => {
//!                     let ticket = Principal::builder(PrincipalKind::Other, "tickets");
//!                     Ok(ticket.subject(owner).scopes(["orders:read"]).expires_at(end).build())
//!                 }
//!                 Some(_) => Err(RejectionKind::TokenExpired.into()),
//!                 None => Err(RejectionKind::TokenInactive.into()),
//!             }
//!         })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tickets = Tickets { shapes: [Shape::Prefix("tkt_".into())] };
//! let gate = Gate::builder().validator(tickets).allow_any_authenticated().build()?;
//! let request = http::Request::get("/").header("authorization", "Bearer tkt_7").body(())?;
//! assert_eq!(gate.check(&request).await?.principal().subject(), Some("alice"));
//! let request = http::Request::get("/").header("authorization", "Bearer tkt_8").body(())?;
//! assert_eq!(gate.check(&request).await.unwrap_err().kind(), RejectionKind::TokenInactive);
//! # Ok(())
//! # }
//! ```
//!
//! Comparing a secret byte by byte leaks it through timing: look secrets up by a digest, as the
//! validators of this crate do.
//!
//! # Supply keys from elsewhere
//!
//! A [`KeyStore`] returns the keys of **one** issuer. It must never return keys because an
//! unverified `kid` asks for them: the [hint](crate::key::KeyHint) may cause a refresh, no more.
//! [`status`](crate::KeyStore::status) is called on every hit of a [token
//! cache](crate::validator::TokenCache) and must not block; answer
//! [`Unknown`](crate::key::KeyStatus::Unknown) if in doubt.
//!
//! ```
//! use std::sync::{Arc, PoisonError, RwLock};
//!
//! use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
//! use bearergate::principal::KeyId;
//! use bearergate::{KeyStore, NowOrLater, Rejection};
//!
//! /// Keys that the operator replaces while the service runs.
//! #[derive(Debug)]
//! struct Replaceable(RwLock<Arc<KeySet>>);
//!
//! impl Replaceable {
//!     fn current(&self) -> Arc<KeySet> {
//!         Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
//!     }
//!
//!     fn replace(&self, keys: KeySet) {
//!         *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
//!     }
//! }
//!
//! impl KeyStore for Replaceable {
//!     fn find<'a>(&'a self, _: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
//!         NowOrLater::now(Ok(self.current()))
//!     }
//!
//!     fn status(&self, key: &KeyId) -> KeyStatus {
//!         self.current().status(key) // `Fresh` or `Gone`
//!     }
//! }
//!
//! let (old, new) = (Key::from_secret(vec![1; 32])?, Key::from_secret(vec![2; 32])?);
//! let store = Replaceable(RwLock::new(Arc::new(KeySet::from(old.clone()))));
//! assert_eq!(store.status(&old.id()), KeyStatus::Fresh);
//! store.replace(KeySet::from(new));
//! assert_eq!(store.status(&old.id()), KeyStatus::Gone);
//! // JwtValidator::builder().issuer(..).audience(..).key_store(Arc::new(store))
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! Keys at a URL need no store of your own: [`FetchedKeys`](crate::key::FetchedKeys) works with any
//! [`HttpClient`](crate::http_client::HttpClient).
//!
//! # Decide by your own rules
//!
//! An [`Authorizer`] is total: it always returns a [`Decision`], and doubt is a deny. Use
//! [`authorize_fn`](crate::policy::authorize_fn) for a closure that does not wait, and
//! [`condition_fn`](crate::policy::condition_fn) for one part of a policy. Implement the trait if
//! the decision has to wait:
//!
//! ```
//! use std::io;
//!
//! use bearergate::policy::{AccessRequest, Decision};
//! use bearergate::{Authorizer, NowOrLater};
//!
//! /// Asks a service of relations whether the caller is a member of the project.
//! #[derive(Debug)]
//! struct Membership;
//!
//! async fn is_member(subject: &str, project: &str) -> Result<bool, io::Error> {
//!     Ok((subject, project) == ("alice", "apollo"))
//! }
//!
//! impl Authorizer for Membership {
//!     fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
//!         let (subject, project) = (request.principal().subject(), request.param("project"));
//!         let (Some(subject), Some(project)) = (subject, project) else {
//!             return NowOrLater::now(Decision::deny().because("no subject or no project"));
//!         };
//!         NowOrLater::later(async move {
//!             match is_member(subject, project).await {
//!                 Ok(true) => Decision::allow(),
//!                 Ok(false) => Decision::deny().because("no member of the project"),
//!                 Err(_) => Decision::unavailable(),
//!             }
//!         })
//!     }
//! }
//! # use bearergate::{Principal, clock::UnixTime, principal::PrincipalKind};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let alice = Principal::builder(PrincipalKind::Session, "here").subject("alice").build();
//! # let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
//! # assert!(!Membership.authorize(&request).await.is_allowed());
//! # let request = request.with_params(&[("project", "apollo")]);
//! # assert!(Membership.authorize(&request).await.is_allowed());
//! # }
//! ```
//!
//! Reasons are for the operator. Never put a value of the caller into one.
//!
//! # Check proof of possession
//!
//! For DPoP and client certificates there is [`Binding`](crate::binding::Binding)
//! ([Bind tokens to keys](super::bind_tokens_to_keys)). Write a constraint only for another method.
//!
//! A [`SenderConstraint`] is called for each token with a `cnf` claim, on every request and after
//! any cache, all validators, revocation lists and the authorizer: a proof that is good for one
//! check is used up only for a request that is answered. Return `Ok(())` only if **this request** proves possession of **every** key that the
//! [`Confirmation`](crate::principal::Confirmation) names; a method that you do not check is not
//! met.
//!
//! ```
//! use bearergate::credential::PresentedCredential;
//! use bearergate::key::KeySet;
//! use bearergate::principal::Confirmation;
//! use bearergate::request::RequestFacts;
//! use bearergate::validator::SenderConstraint;
//! use bearergate::{ConfigError, JwtValidator, NowOrLater, Rejection, RejectionKind};
//!
//! /// The client certificate of the connection (RFC 8705 section 3), and nothing else.
//! #[derive(Debug)]
//! struct CertificateBinding;
//!
//! impl SenderConstraint for CertificateBinding {
//!     fn check<'a>(
//!         &'a self,
//!         confirmation: &'a Confirmation,
//!         presented: &'a PresentedCredential<'a>,
//!     ) -> NowOrLater<'a, Result<(), Rejection>> {
//!         let found = presented.facts().and_then(RequestFacts::certificate_sha256);
//!         let result = match (confirmation.jkt(), confirmation.certificate(), found) {
//!             (None, Some(expected), Some(found)) if found == expected => Ok(()),
//!             (None, Some(_), None) => Err(RejectionKind::BindingRequired.into()),
//!             _ => Err(RejectionKind::BindingMismatch.into()),
//!         };
//!         NowOrLater::now(result)
//!     }
//! }
//!
//! fn validator(keys: KeySet) -> Result<JwtValidator, ConfigError> {
//!     JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://orders.example.com")
//!         .keys(keys)
//!         .sender_constraint(CertificateBinding)
//!         .build()
//! }
//! # let _ = validator;
//! ```
//!
//! The certificate is a fact of the connection: pass it as
//! [`ClientCertificate`](crate::request::ClientCertificate), never from a header that clients can
//! set.
//!
//! [`Authorizer`]: crate::Authorizer
//! [`Decision`]: crate::policy::Decision
//! [`KeyStore`]: crate::KeyStore
//! [`NowOrLater`]: crate::NowOrLater
//! [`PresentedCredential::now`]: crate::credential::PresentedCredential::now
//! [`Principal`]: crate::Principal
//! [`SenderConstraint`]: crate::validator::SenderConstraint
//! [`TokenValidator`]: crate::TokenValidator

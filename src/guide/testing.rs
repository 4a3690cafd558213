//! Test a service: time, tokens, an identity provider and stores under your control.
//!
//! Add the crate with the feature `testing` as a dev-dependency:
//!
//! ```toml
//! [dev-dependencies]
//! bearergate = { version = "0.1", features = ["testing"] }
//! ```
//!
//! The section on `FakeIssuer` uses `Gate::issuer`, which needs the feature `reqwest` too.
//!
//! # Policies and handlers: a principal by hand
//!
//! A policy sees a [`Principal`](crate::Principal) and the request, not a token. Build both, and
//! list the cases; this needs no feature:
//!
//! ```
//! use bearergate::{Policy, Principal, claim, require_scope};
//! use bearergate::clock::UnixTime;
//! use bearergate::policy::{AccessRequest, Case, Rule, run_cases};
//! use bearergate::principal::PrincipalKind;
//!
//! let read = require_scope("orders:read").and(claim("tenant").is("acme"));
//! let policy = Policy::builder().rule(Rule::permit("read", read)).build()?;
//! assert!(policy.lint().is_empty()); // among others no `client(..)` without its authority
//!
//! let alice = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com")
//!     .subject("alice")
//!     .scopes(["orders:read"])
//!     .claims(r#"{"tenant": "acme"}"#)?
//!     .build();
//! let robot = Principal::builder(PrincipalKind::ApiKey, "acme keys").scopes(["orders:read"]).build();
//!
//! let request = |caller| AccessRequest::new(caller, UnixTime::from_secs(1_760_000_000));
//! run_cases(&policy, [
//!     Case::allow("a reader of the tenant", request(&alice)),
//!     Case::deny("a reader without a tenant", request(&robot)).because("claim tenant"),
//! ])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A request that is made by hand does not know which issuers the gate trusts. If the gate has
//! several outside authorities, add
//! [`with_contested_ids`](crate::policy::AccessRequest::with_contested_ids), or start from
//! [`caller.request()`](crate::gate::Authenticated::request). Otherwise a condition with an id
//! without its authority is allowed in the test and denied by the gate:
//!
//! ```
//! # use bearergate::Principal;
//! # use bearergate::clock::UnixTime;
//! use bearergate::policy::{AccessRequest, Case, client, run_cases};
//! # use bearergate::principal::PrincipalKind;
//!
//! let caller = Principal::builder(PrincipalKind::AccessToken, "https://idp.example.com")
//!     .client("billing")
//!     .build();
//! let request = AccessRequest::new(&caller, UnixTime::from_secs(1_760_000_000)).with_contested_ids();
//! run_cases(&client("billing"), [Case::deny("an id of any authority", request)])?;
//! let billing = client("billing").of("https://idp.example.com");
//! run_cases(&billing, [Case::allow("an id of this authority", request)])?;
//! # Ok::<(), bearergate::policy::CasesFailed>(())
//! ```
//!
//! A handler that takes a [`Principal`](crate::Principal) is called with the same one. To send
//! requests through the whole stack without tokens, give the gate of the test a validator of your
//! own that returns it: see [Write your own validator](super::custom_validator).
//!
//! # Time: `FakeClock`
//!
//! Every check reads its time from a [`Clock`](crate::clock::Clock), once for each request. A
//! [`FakeClock`](crate::clock::FakeClock) moves only when the test moves it, so no test sleeps.
//! [`TokenBuilder`](crate::testing::TokenBuilder) signs any token, a wrong one too:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use bearergate::{Gate, JwtValidator, RejectionKind};
//! use bearergate::clock::{FakeClock, UnixTime};
//! use bearergate::testing::{FakeKey, TokenBuilder};
//!
//! let clock = FakeClock::at(UnixTime::from_secs(1_760_000_000));
//! let key = FakeKey::es256("key-1");
//! let validator = JwtValidator::builder()
//!     .issuer("https://idp.example.com")
//!     .audience("https://api.example.com")
//!     .keys(key.key_set())
//!     .build()?;
//! let gate = Gate::builder().validator(validator).allow_any_authenticated();
//! let gate = gate.clock(clock.clone()).build()?;
//!
//! let good = TokenBuilder::new(&key, UnixTime::from_secs(1_760_000_000))
//!     .issuer("https://idp.example.com")
//!     .audience("https://api.example.com")
//!     .expires_in(Duration::from_secs(300));
//! let kind = |token: &TokenBuilder| {
//!     let authorization = format!("Bearer {}", token.sign());
//!     let request = http::Request::get("/").header("authorization", authorization).body(()).ok()?;
//!     gate.try_check_now(&request)?.err().map(|refusal| refusal.kind())
//! };
//! assert_eq!(kind(&good), None);
//! clock.advance(Duration::from_secs(329)); // 300, and 30 of leeway less one
//! assert_eq!(kind(&good), None);
//! clock.advance(Duration::from_secs(1));
//! assert_eq!(kind(&good), Some(RejectionKind::TokenExpired));
//!
//! let forged = good.forged_by(&FakeKey::es256("key-1"));
//! assert_eq!(kind(&forged), Some(RejectionKind::SignatureInvalid));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! # Keys over the network: `FakeIssuer`
//!
//! [`FakeIssuer`](crate::testing::FakeIssuer) is an identity provider inside the test: real HTTP on
//! loopback, with discovery, a key set, introspection and revocation. It counts requests, rotates
//! keys, and fails on demand in each of the ways of [`Fault`](crate::testing::Fault):
//!
//! ```
//! # #[cfg(all(feature = "testing", feature = "reqwest"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bearergate::{Gate, require_scope};
//! use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};
//!
//! // `Gate::issuer` accepts plain `http` on loopback, and there only.
//! let idp = FakeIssuer::start()?;
//! let gate = Gate::issuer(idp.url())
//!     .audience("https://api.example.com")
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//! let token = idp.token("https://api.example.com").scope("orders:read").sign();
//! let request = http::Request::get("/orders")
//!     .header("authorization", format!("Bearer {token}"))
//!     .body(())?;
//!
//! // A provider that fails is an outage, not an invalid token.
//! idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
//! assert_eq!(gate.check(&request).await.unwrap_err().status(), 503);
//!
//! // Another gate, so that the test need not wait for the next attempt of the first one.
//! idp.heal(FakeEndpoint::Jwks);
//! let gate = Gate::issuer(idp.url())
//!     .audience("https://api.example.com")
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//! assert!(gate.check(&request).await.is_ok());
//! assert!(gate.check(&request).await.is_ok());
//! assert_eq!(idp.count(FakeEndpoint::Jwks), 2);
//!
//! let old = idp.token("https://api.example.com").expired().sign();
//! let expired = http::Request::get("/orders").header("authorization", format!("Bearer {old}")).body(())?;
//! assert_eq!(gate.check(&expired.into_parts().0).await.unwrap_err().status(), 401);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "testing", feature = "reqwest")))]
//! # fn main() {}
//! ```
//!
//! # Stores of your own: the conformance suites
//!
//! A store that loses an update or forgets a revocation admits callers. Each store trait has a suite
//! that tries all that its documentation demands, races included. Each suite needs an empty store
//! that nothing else uses:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # async fn suites() -> Result<(), Box<dyn std::error::Error>> {
//! use bearergate::stores::{MemoryApiKeyStore, MemoryGrantStore};
//! use bearergate::testing;
//!
//! testing::api_key_store(&MemoryApiKeyStore::new(10_000)?).await?;
//! testing::session_store(&MemoryGrantStore::new(10_000)).await?;
//! testing::refresh_token_store(&MemoryGrantStore::new(10_000)).await?;
//! testing::grant_store(&MemoryGrantStore::new(10_000)).await?; // both kinds in one store
//! # Ok(())
//! # }
//! ```
//!
//! [`revocation_store`](crate::testing::revocation_store) is the suite of stores for a denylist. A
//! [`Breach`](crate::testing::Breach) names the rule that was broken.

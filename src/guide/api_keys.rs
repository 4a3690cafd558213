//! Issue and accept API keys: create, rotate, revoke, and keep only digests.
//!
//! A key is the text `<prefix>_<key id>_<secret><checksum>`, with 256 random bits in its secret. It
//! is shown once. The store keeps an HMAC-SHA-256 of it under a *pepper*, a secret that is not in
//! the store, so a stolen database verifies nothing and its digests cannot be guessed offline.
//!
//! # Configure
//!
//! [`ApiKeyScheme`] joins what all keys of a service share: the
//! [`Authority`](crate::principal::Authority) of their subjects, the
//! [format](crate::api_key::ApiKeyFormat) and the [peppers](crate::api_key::PepperSet). The manager
//! issues keys, the validator accepts them, and both need the same scheme and store:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
//! use bearergate::secret_source::SecretSource;
//! use bearergate::stores::MemoryApiKeyStore;
//! use bearergate::{ApiKeyValidator, Gate, RejectionKind, require_scope};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In a service: SecretSource::file("/run/secrets/pepper-1"), at least 32 random bytes.
//! # use bearergate::secret::Secret;
//! # let pepper = |byte: u8| SecretSource::from_fn("doc", move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32])));
//! # let pepper = pepper(1);
//! let peppers = PepperSet::new(1, &pepper)?;
//! let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?;
//! let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
//! let manager = ApiKeyManager::builder(scheme.clone(), store.clone()).build()?;
//! let gate = Gate::builder()
//!     .validator(ApiKeyValidator::builder(scheme, store).build()?)
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//!
//! // Issue a key. `reveal` consumes it: nobody can read it again.
//! let new = NewApiKey::new("robot-7").expires_in(Duration::from_secs(90 * 86_400));
//! let issued = manager.create(new.tenant("acme").scopes(["orders:read"])).await?;
//! let (id, text) = (issued.record.id(), issued.secret.reveal());
//!
//! // Use it: `x-api-key`, or `Authorization: Bearer`, where its prefix is recognized.
//! let request = http::Request::get("/orders").header("x-api-key", &text).body(())?;
//! assert_eq!(gate.check(&request).await?.principal().subject(), Some("robot-7"));
//!
//! // Replace it. Both keys are valid for a week, then only the new one.
//! let successor = manager.rotate(id, Duration::from_secs(7 * 86_400)).await?;
//! assert_eq!(gate.check(&request).await?.principal().subject(), Some("robot-7"));
//!
//! // Revoke it at once.
//! manager.revoke(id, "found in a log").await?;
//! let refusal = gate.check(&request).await.unwrap_err();
//! assert_eq!(refusal.kind(), RejectionKind::ApiKeyDisabled);
//! # drop(successor);
//! # Ok(())
//! # }
//! ```
//!
//! Clients that can only send a user name and a password (`curl -u KEY:`) use `Authorization: Basic`:
//! enable it with [`basic`](crate::credential::SourcesBuilder::basic), and bind the validator to it with
//! [`ApiKeyValidatorBuilder::basic`](crate::api_key::ApiKeyValidatorBuilder::basic).
//! [`sources`](crate::gate::GateBuilder::sources) replaces the default places, so it names the header
//! again:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::api_key::{ApiKeyScheme, ApiKeyStore};
//! use bearergate::credential::{BasicKey, Sources};
//! use bearergate::{ApiKeyValidator, ConfigError, Gate, require_scope};
//!
//! fn gate(scheme: ApiKeyScheme, store: Arc<dyn ApiKeyStore>) -> Result<Gate, ConfigError> {
//!     let sources = Sources::builder().header("x-api-key").basic(BasicKey::user_name());
//!     Gate::builder()
//!         .validator(ApiKeyValidator::builder(scheme, store).basic().build()?)
//!         .sources(sources.build()?) // `Authorization: Bearer`, the header, and `Basic`
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! # use bearergate::api_key::{ApiKeyFormat, PepperSet};
//! # use bearergate::secret::Secret;
//! # use bearergate::secret_source::SecretSource;
//! # use bearergate::stores::MemoryApiKeyStore;
//! # let pepper = SecretSource::from_fn("doc", || Ok::<_, std::io::Error>(Secret::new(vec![1; 32])));
//! # let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme")?, PepperSet::new(1, &pepper)?)?;
//! # gate(scheme, Arc::new(MemoryApiKeyStore::new(100)?))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A new key says when it expires, or by name that it
//! [never does](crate::api_key::NeedsExpiry::never_expires).
//!
//! # What a policy and a handler see
//!
//! | set on the key | read it as |
//! |---|---|
//! | subject, scopes | [`Principal::subject`], [`Principal::scopes`], [`require_scope`](crate::require_scope) |
//! | tenant, roles | the claims `tenant` and `roles`: `claim("tenant").is("acme")`, [`role`](crate::policy::role) |
//! | name, metadata, limit class | [`ApiKeyDetails`](crate::api_key::store::ApiKeyDetails), an [extension](crate::Principal::extension) of the principal; no policy sees them. The limit class is the plan of the key in [rate limits](super::rate_limits#classes-plans-and-costs) |
//! | [addresses](crate::api_key::NewApiKey::addresses) | checked by the validator against the [address of the client](crate::request::ClientAddress), or without one against that of the [peer](crate::request::PeerAddress); behind a proxy set the former, or check them [yourself](crate::api_key::ApiKeyValidatorBuilder::addresses_checked_by_caller) |
//!
//! # Choose a store
//!
//! | store | for |
//! |---|---|
//! | [`MemoryApiKeyStore`](crate::stores::MemoryApiKeyStore) | tests, and keys that are loaded at the start |
//! | `SqliteStore` (feature `sqlite`) | one file, shared by the processes of one machine |
//! | [`Cached`](crate::stores::Cached) around a slower store | a revocation by another process may take 5 seconds |
//! | your own [`ApiKeyStore`](crate::api_key::ApiKeyStore) | a database that you have; run it through the suite in `testing` (feature `testing`) |
//!
//! # Edit a key
//!
//! [`ApiKeyManager::update`](crate::api_key::ApiKeyManager::update) changes scopes, roles, name,
//! expiry, addresses, limit class and metadata: what the [`ApiKeyUpdate`](crate::api_key::ApiKeyUpdate)
//! sets, and nothing else. It is one change of the store, and the next request is decided by it; behind
//! a [`Cached`](crate::stores::Cached) store, a change by another process takes its staleness. What is
//! removed is removed by name, so that an empty field of a form does not open a key to all addresses.
//! The secret, the subject and the tenant stay. A key that has ended is never changed: nothing makes it
//! valid again. A record is [serialized](crate::api_key::ApiKeyRecord#impl-Serialize-for-ApiKeyRecord)
//! without its digest, for a page of administration:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use bearergate::api_key::{ApiKeyErrorKind, ApiKeyManager, ApiKeyUpdate, NewApiKey};
//! # use bearergate::api_key::{ApiKeyFormat, ApiKeyScheme, PepperSet};
//! # use bearergate::secret::Secret;
//! # use bearergate::secret_source::SecretSource;
//! # use bearergate::stores::MemoryApiKeyStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pepper = SecretSource::from_fn("doc", || Ok::<_, std::io::Error>(Secret::new(vec![1; 32])));
//! # let peppers = PepperSet::new(1, &pepper)?;
//! # let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?;
//! # let store = Arc::new(MemoryApiKeyStore::new(100_000)?);
//! # let manager = ApiKeyManager::builder(scheme, store).build()?;
//! # let draft = NewApiKey::new("robot-7").expires_in(Duration::from_secs(90 * 86_400));
//! # let id = manager.create(draft).await?.record.id();
//! let update = ApiKeyUpdate::new()
//!     .scopes(["orders:read", "orders:write"])
//!     .addresses(["192.0.2.0/24".parse()?])
//!     .without_limit_class();
//! let record = manager.update(id, update).await?;
//! let json = serde_json::to_value(&record)?;
//! assert_eq!(json["scopes"][1], "orders:write");
//! assert_eq!(json["addresses"][0], "192.0.2.0/24");
//!
//! // An error names the field, what was expected and what was found.
//! let error = manager.update(id, ApiKeyUpdate::new().scopes(["orders read"])).await.unwrap_err();
//! assert_eq!(error.kind(), ApiKeyErrorKind::Malformed);
//! assert_eq!(error.field(), Some("scopes"));
//! assert_eq!(
//!     error.to_string(),
//!     "a value of the key is malformed or too long: `scopes`: expected entries without spaces or \
//!      control characters, found a space at character 7 in entry 1; remove it, or give each word as \
//!      an entry of its own"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # Maintain the keys
//!
//! - **Find keys to replace.** [`ApiKeyManager::list`] with
//!   [`ApiKeyFilter::ExpiresBy`](crate::api_key::store::ApiKeyFilter::ExpiresBy) lists what expires soon,
//!   page by page. The time of the last use is in the record, at most a minute late.
//! - **Purge.** [`ApiKeyManager::purge`] removes keys that ended before a time. Until then a client
//!   gets `api_key_expired` or `api_key_disabled`, afterwards `api_key_unknown`.
//! - **Rotate the pepper.** Read the new one as the current version and keep the old one:
//!   `PepperSet::new(2, &new)?.with_older(1, &old)?`. Each record moves to version 2 when its key
//!   is next used. Remove version 1 when no record has it; a record without its pepper is
//!   `unavailable` (503). The bytes of a version never change.
//! - **Ask at the start.** The store keeps a check value of each pepper. If a version has other bytes
//!   than before, a restored backup or a secret of another environment for example,
//!   [`Gate::warm_up`](crate::Gate::warm_up) fails, requests with keys are `unavailable` instead of
//!   `api_key_unknown`, and the manager makes no keys. [`Gate::doctor`](crate::Gate::doctor) names
//!   the version, counts the keys of each version, also those whose pepper is missing, and says
//!   whether the store answers. In a store with keys from before check values were kept, the value of
//!   a version is kept when the first of its keys is accepted; until then a swapped pepper is not
//!   noticed, and doctor says so.
//!
//! # Move keys from another system
//!
//! A [`LegacyFormat`](crate::api_key::LegacyFormat) accepts their texts of 16 to 1024 bytes, and
//! [`ApiKeyManager::import`] or [`import_sha256`](crate::api_key::ApiKeyManager::import_sha256) takes
//! them over. Customers keep their keys.
//!
//! | key | a header of your own | `Basic`, user name | `Basic`, password | `Bearer`, `ApiKey` and other places |
//! |---|---|---|---|---|
//! | `5f3a9c41d27e4b08`, `-._~+/` too, `=` at the end | yes | yes | yes | yes |
//! | `12\|Vb81kQ0zr6TnY5xP` | yes | yes | yes | no |
//! | `acme:Vb81kQ0zr6TnY5xP` | yes | no | yes | no |
//!
//! A validator takes these keys only from the places that it is bound to, the header by default. From
//! `Bearer` and the other places it takes them if it is bound to none
//! ([`without_header`](crate::api_key::ApiKeyValidatorBuilder::without_header)) and no other validator
//! takes the credential. [`sources`](crate::api_key::ApiKeyManagerBuilder::sources) lets the import
//! refuse what none of your places can carry:
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, LegacyFormat, NewApiKey, PepperSet};
//! use bearergate::credential::{BasicKey, Sources};
//! use bearergate::stores::MemoryApiKeyStore;
//!
//! # use bearergate::secret::Secret;
//! # use bearergate::secret_source::SecretSource;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pepper = SecretSource::from_fn("doc", || Ok::<_, std::io::Error>(Secret::new(vec![1; 32])));
//! # let peppers = PepperSet::new(1, &pepper)?;
//! # let store = Arc::new(MemoryApiKeyStore::new(100)?);
//! let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?
//!     .with_legacy(LegacyFormat::new(19)?); // the length of the shortest key
//! let sources = Sources::builder().header("x-api-key").basic(BasicKey::user_name()).build()?;
//! let manager = ApiKeyManager::builder(scheme, store).sources(&sources).build()?;
//!
//! let robot = || NewApiKey::new("robot-7").never_expires().scopes(["orders:read"]);
//! let record = manager.import(robot(), "12|Vb81kQ0zr6TnY5xP").await?;
//! assert!(record.is_legacy());
//! # Ok(())
//! # }
//! ```
//!
//! # Recognize leaked keys
//!
//! The prefix and the checksum make keys recognizable. Register the prefix with the secret scanner
//! of your code host; a finding is real if the checksum fits, which
//! [`ApiKeyFormat::key_id`](crate::api_key::ApiKeyFormat::key_id) checks without a store.
//!
//! [`ApiKeyManager::import`]: crate::api_key::ApiKeyManager::import
//! [`ApiKeyManager::list`]: crate::api_key::ApiKeyManager::list
//! [`ApiKeyManager::purge`]: crate::api_key::ApiKeyManager::purge
//! [`ApiKeyScheme`]: crate::api_key::ApiKeyScheme
//! [`Principal::scopes`]: crate::Principal::scopes
//! [`Principal::subject`]: crate::Principal::subject

//! FAPI 2.0: a resource server of the FAPI 2.0 Security Profile (Final).
//!
//! [`Fapi2`](crate::profile::Fapi2) compares a gate with the profile when it is built. What does not meet
//! it is a [`ConfigError`](crate::ConfigError) that names the section, what was found and what to do. The
//! profile changes no setting, so that the configuration of a service still says all of it:
//!
//! ```
//! use std::time::Duration;
//!
//! use bearergate::binding::{Binding, Dpop};
//! use bearergate::key::KeySet;
//! use bearergate::profile::Fapi2;
//! use bearergate::request::ExternalUrl;
//! use bearergate::revocation::Denylist;
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//!
//! fn gate(keys: KeySet, denylist: Denylist) -> Result<Gate, ConfigError> {
//!     let dpop = Dpop::at(ExternalUrl::parse("https://api.example.com")?)
//!         .algorithms(Fapi2::ALGORITHMS)
//!         .refuse_older_than_start()
//!         .build()?;
//!     let binding = Binding::dpop(dpop).or_certificates().required().build();
//!     let validator = JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .keys(keys)
//!         .algorithms(Fapi2::ALGORITHMS)
//!         .sender_constraint(binding.clone())
//!         .build()?;
//!     Gate::builder()
//!         .fapi2(Fapi2::new(binding))
//!         .validator(validator)
//!         .revocations(denylist)
//!         .authorizer(require_scope("accounts"))
//!         .build()
//! }
//! # let _ = gate;
//! ```
//!
//! # Sections
//!
//! The tests are in `tests/fapi2`, unless another file is named.
//!
//! | section of the profile | enforced | by | test |
//! |---|---|---|---|
//! | 5.2.1-1 TLS | by the service | a server on rustls; `over_tls` in a policy | `tests/policy_helpers` |
//! | 5.2.1-2, -3, 5.2.2-1 TLS 1.2 or later, BCP 195 | by the service | rustls has no older version and ECDHE with AEAD only; [`harden`](crate::integrations::rustls::harden) requires the extended master secret | none here |
//! | 5.2.1-5 certificates of servers | on each call | the integration `reqwest` verifies them | `tests/network` |
//! | 5.3.4-1 token in `Authorization` | at build | no other source | `section_5_3_4_1_tokens_are_in_the_authorization_header` |
//! | 5.3.4-2 token not in the query | at build, and on each request | no source reads it; such a token is no credential | `section_5_3_4_2_tokens_are_not_in_the_query`, `happy_flow_a_token_in_the_query_is_no_credential` |
//! | 5.3.4-3 validity, expiration | on each request | the validator | `tests/jwt` |
//! | 5.3.4-3 tokens for this service (attacker model A5, A7) | at build, and on each request | every validator has an audience | `section_5_3_4_3_tokens_are_for_this_service` |
//! | 5.3.4-3 revocation | at build | introspection, [`revocations`](crate::gate::GateBuilder::revocations), or [`accept_unrevocable`](crate::profile::Fapi2::accept_unrevocable) with tokens of at most ten minutes | `section_5_3_4_3_revocations_are_noticed_or_tokens_are_short` |
//! | 5.3.4-4 authorization | at build | an authorizer other than `allow_any_authenticated` | `section_5_3_4_4_something_authorizes` |
//! | 5.3.4-5 sender-constrained tokens | at build, and on each request | the binding of the profile, [`required`](crate::binding::BindingBuilder::required), in each validator | `section_5_3_4_5_tokens_are_bound_and_the_binding_is_checked`, `ensure_holder_of_key_required` |
//! | 5.3.4-5 proofs are used once | at build, and on each request | a replay store; `refuse_older_than_start`, or nonces of this process | `section_5_3_4_5_no_proof_is_used_again_after_a_restart`, `dpop_negative_a_jti_is_used_once` |
//! | 5.4.1-1 `PS256`, `ES256`, `EdDSA` | at build | algorithms of tokens, proofs, signed answers and signed requests | `section_5_4_1_1_algorithms_are_those_of_the_profile` |
//! | 5.4.1-2, -3 sizes of keys | when a key is imported | RSA of 2048 bits or more, P-256, Ed25519 | `tests/keys` |
//! | 5.4.2 `x5u`, `jku`, equal ids | on each request | never read; a key is found by type and algorithm, or is `key_ambiguous` | `tests/jwt`, `tests/keys` |
//! | 5.3.2.1-14 clocks | at build, and on each request | leeway and window of 10 s to 60 s | `section_5_3_2_1_14_clocks_differ_by_ten_to_sixty_seconds` |
//! | Message Signing 5.5 signed introspection | at build | [`message_signing`](crate::profile::Fapi2::message_signing) | `message_signing_needs_signed_answers_with_algorithms_of_the_profile` |
//!
//! Each test has a twin that differs in one setting and builds. The conditions of the OpenID Foundation's
//! conformance tests for resource servers are tests of `tests/fapi2/conformance.rs`, named after them.
//! They are our own reading of those tests; no certification was done.
//!
//! # Left to the service
//!
//! - TLS, because a gate does not end it: [Mutual TLS](super::mutual_tls) shows a server.
//! - [Signed requests](super::sign_requests), which are a draft of their own and not part of the profile.
//! - The audience: the service has to have one of its own, that tokens for other services do not name.
//! - A second credential of a request ([`client_validator`](crate::gate::GateBuilder::client_validator)) is
//!   not compared.
//! - A validator of your own says what holds for it by
//!   [`conformance`](crate::TokenValidator::conformance); without it, it conforms to nothing.

//! Why was this refused: every step of one request, expected against found.
//!
//! A client is told almost nothing about a refusal, so that it learns nothing from it. You, the
//! operator, are told everything in one call. [`Gate::explain`](crate::Gate::explain) takes the same
//! request as [`Gate::check`](crate::Gate::check) and comes to the same result:
//!
//! ```
//! use bearergate::{Gate, JwtValidator, require_scope};
//! use bearergate::key::{Key, KeySet};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = Key::from_secret(b"a test secret of thirty-two bytes".to_vec())?;
//! let gate = Gate::builder()
//!     .validator(JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .keys(KeySet::from(key))
//!         .build()?)
//!     .authorizer(require_scope("orders:read"))
//!     .build()?;
//! let request = http::Request::get("/orders").header("authorization", "Bearer").body(())?;
//!
//! // Here nothing has to be waited for; otherwise `gate.explain(&request).await`.
//! let explanation = gate.explain(&request).try_now().expect("the keys are local");
//! println!("{explanation}");
//! let failed = explanation.failed().expect("the request has no token");
//! assert_eq!(failed.expected_text(), Some("a credential in `Authorization: Bearer`"));
//! assert_eq!(failed.found_text(), Some("a bare `Bearer`, with nothing behind it"));
//! # Ok(())
//! # }
//! ```
//!
//! The text has a section for each stage, in the order in which a request is checked: `credential`
//! (where it was found), `validation` (which validator takes it, and each of its checks),
//! `revocation`, `authorization` (the decision, with every condition of the policy) and `proof`. A
//! gate with a second slot has the first three for the application too. At most one step *failed*,
//! and everything behind it is *skipped*. A step that failed says what was `expected`, what was
//! `found`, and as a `hint` what to do.
//!
//! # Three forms
//!
//! - `Display` is text for a terminal or a ticket.
//! - [`to_json`](crate::gate::RequestExplanation::to_json) is for tools: `result`, `kind`, `status`,
//!   `sections` with their `steps`, and the `decision`.
//! - [`to_html`](crate::gate::RequestExplanation::to_html) is a page for a browser. It loads nothing
//!   and has no script.
//!
//! Credentials without a request are explained by their validator
//! ([`TokenValidator::explain`](crate::TokenValidator::explain)), decisions by
//! [`Policy::explain`](crate::Policy::explain); both have the same three forms.
//!
//! # Only for operators
//!
//! An explanation shows your configuration, and of a token its issuer, audiences, type, algorithm,
//! `kid` and times. Never answer a refused client with it. Serve it on an address that only operators
//! reach, behind a gate of its own, as `text/html; charset=utf-8` with `Cache-Control: no-store`, and
//! for requests that an operator pastes, not for every refusal: it is slow.
//!
//! It does not show credentials, headers, the query, the caller's subject or values of claims. For a
//! developer, [`Gate::explain_with_values`](crate::Gate::explain_with_values) adds the subject and
//! what each condition read; without a gate it is
//! [`AccessRequest::with_shown_values`](crate::policy::AccessRequest::with_shown_values). Do not use
//! them in production.
//!
//! Nothing is admitted, counted or written by it. A proof of possession is good for one check, so it
//! is not asked for: a request that is admitted in its explanation may still be refused for its proof.
//!
//! # In the log
//!
//! A [`Refusal`](crate::http_response::Refusal) names the reason and the claim. Its source says what
//! was expected and found, where that is known without an explanation. Log both:
//!
//! ```
//! use std::error::Error;
//!
//! use bearergate::{Rejection, RejectionKind};
//! use bearergate::http_response::Refusal;
//!
//! // What `Gate::check` returned.
//! # let rejection = Rejection::new(RejectionKind::AudienceMismatch).with_claim("aud");
//! # let refusal = Refusal::from(rejection.with_source("expected `a`, found `b`"));
//! let cause = refusal.source().map(ToString::to_string).unwrap_or_default();
//! assert_eq!(
//!     format!("{refusal}; {cause}"),
//!     "refused with 401: the token is meant for another audience (claim `aud`); expected `a`, found `b`",
//! );
//! ```
//!
//! # Usual mistakes
//!
//! | what you see | what it is | what to do |
//! |---|---|---|
//! | `place`: found a bare `Bearer` | the client has no token, often from an empty variable | look where the client sets the header |
//! | `place`: found an `Authorization` header without a scheme | the token without `Bearer` before it | send `Authorization: Bearer <token>` |
//! | `place`: found the scheme twice | the client's library adds the scheme too | give the library the token only |
//! | `place`: found a header `x-api-key`, which no `Sources` of this gate read | the credential is in a place that is not enabled | [`SourcesBuilder::header`](crate::credential::SourcesBuilder::header), [`cookie`](crate::credential::SourcesBuilder::cookie), [`query`](crate::credential::SourcesBuilder::query) |
//! | `place`: found `Sec-Fetch-Site: same-site` | a front end of another origin sends the cookie | [`allow_origin`](crate::credential::SourcesBuilder::allow_origin) |
//! | `validator`: not a JWT: was an audience requested? | the provider issued an opaque token, because the client named no audience | let the client send `audience`, `resource` or a scope of this API; or add an [`IntrospectionValidator`](crate::IntrospectionValidator) |
//! | `validator`: found a JWT, expected something else | no validator for JWTs | add a [`JwtValidator`](crate::JwtValidator) |
//! | `validator`: it may be the key of another environment | a test key at the live service, or the reverse | give the client a key of this environment |
//! | `issuer`: they differ only by a slash | the issuer is compared byte for byte | configure the value of the token |
//! | `audience`: another one | the token is for another service | let the client request this audience; [`audiences`](crate::jwt::JwtValidatorBuilder::audiences) during a change |
//! | `type`: another purpose | an ID token in place of the access token | send the access token; [`access_mark`](crate::jwt::JwtValidatorBuilder::access_mark) or [`accept_types`](crate::jwt::JwtValidatorBuilder::accept_types) where the issuer's access tokens look so |
//! | `expiry`, `not_before`, `issued_at`: so many seconds before or after now | an old token, or clocks that differ | refresh; synchronize clocks; [`leeway`](crate::jwt::JwtValidatorBuilder::leeway) up to 600 s |
//! | `key`: no key with this `kid` | another environment, or a key that was withdrawn | [`Gate::doctor`](crate::Gate::doctor) compares the key set |
//! | `binding`: `cnf`, and no sender constraint | the token is bound to a key | [`sender_constraint`](crate::jwt::JwtValidatorBuilder::sender_constraint), or let the issuer send bearer tokens |
//! | `secret`: another secret | the API key was rotated, or guessed | give the client a new key |
//! | `address`: another one | the key is restricted; behind a proxy every client has the proxy's address | set [`ClientAddress`](crate::request::ClientAddress) |
//! | `active`: the token is not active | expired, revoked, or of another realm; the provider says so too if this client may not ask | look at the provider's log |
//! | `policy`: the token has it in the claim `scp` | the issuer puts scopes into another claim | [`scopes_from`](crate::jwt::JwtValidatorBuilder::scopes_from) |
//! | `policy`: in another spelling, or behind a prefix | scopes are compared byte for byte | require the scope as the issuer writes it |
//! | `policy`: reads what this request does not have | a condition over an action, a route or a parameter in the gate's own policy | decide in the handler with [`Gate::authorize`](crate::Gate::authorize) |
//!
//! Where the issuer's tokens cannot be changed, a named call on the builder accepts them. Use it only
//! for an issuer that needs it:
//!
//! | what the issuer's tokens have | call |
//! |---|---|
//! | no audience | [`any_audience`](crate::jwt::JwtValidatorBuilder::any_audience): tokens for other services are accepted too, so restrict the clients with [`allow_clients`](crate::jwt::JwtValidatorBuilder::allow_clients) |
//! | no `exp` | [`allow_missing_expiry`](crate::jwt::JwtValidatorBuilder::allow_missing_expiry): a leaked token can be used until it is revoked |
//! | an empty `sub`, `azp`, `client_id`, `jti` or `scope` | [`absent_if_empty`](crate::jwt::JwtValidatorBuilder::absent_if_empty) |
//! | another `typ` | [`accept_types`](crate::jwt::JwtValidatorBuilder::accept_types): replaces the list, so name `JWT` too if it is due |
//!
//! An explanation stops at the first fault. After you mended it, explain the request again.
//!
//! The page about [errors](super::errors) has every kind of rejection.

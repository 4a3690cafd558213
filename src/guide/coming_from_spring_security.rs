//! Coming from Spring Security: the same configuration, term by term.
//!
//! The facts are about the resource server and the sessions of Spring Security 6 and 7 with Nimbus.
//!
//! # Side by side
//!
//! ```text
//! spring.security.oauth2.resourceserver.jwt.issuer-uri: https://idp.example.com
//! spring.security.oauth2.resourceserver.jwt.audiences: https://api.example.com
//!
//! http.authorizeHttpRequests(auth -> auth
//!         .requestMatchers(GET, "/orders/**").hasAuthority("SCOPE_orders:read")
//!         .requestMatchers(POST, "/orders").hasAuthority("SCOPE_orders:write")
//!         .requestMatchers("/admin/**").hasRole("admin")
//!         .anyRequest().denyAll())
//!     .oauth2ResourceServer(server -> server.jwt(withDefaults()));
//! ```
//!
//! ```
//! use bearergate::{ConfigError, Gate, JwtValidator, require_scope};
//! use bearergate::policy::{RouteTable, role};
//! use http::Method;
//!
//! fn gate(validator: JwtValidator) -> Result<Gate, ConfigError> {
//!     // A path that no route matches is denied.
//!     let routes = RouteTable::by_path()
//!         .route(Method::GET, "/orders", require_scope("orders:read"))
//!         .route(Method::GET, "/orders/{*path}", require_scope("orders:read"))
//!         .route(Method::POST, "/orders", require_scope("orders:write"))
//!         .any_method("/admin/{*path}", role("admin"))
//!         .build()?;
//!     Gate::builder().validator(validator).authorizer(routes).build()
//! }
//!
//! # #[cfg(feature = "reqwest")]
//! // Or, with keys over the network (feature `reqwest`), and an authorizer in the same way:
//! fn gate_of_issuer() -> Result<Gate, ConfigError> {
//!     Gate::issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .authorizer(require_scope("orders:read"))
//!         .build()
//! }
//! # #[cfg(feature = "reqwest")]
//! # gate_of_issuer()?;
//! # Ok::<(), ConfigError>(())
//! ```
//!
//! # Terms
//!
//! | Spring Security | here |
//! |---|---|
//! | `SecurityFilterChain` | a [`Gate`](crate::Gate), called by a middleware of yours |
//! | `AuthenticationManager`, `AuthenticationProvider` | [`TokenValidator`](crate::TokenValidator); [one](super::choose_a_validator) takes each credential, and its result is final |
//! | `Authentication`, `Jwt`, `SecurityContextHolder` | [`Principal`](crate::Principal), a value that you pass on; there is no thread-local |
//! | `JwtDecoder`, `NimbusJwtDecoder` | [`JwtValidator`](crate::JwtValidator) with a [`KeyStore`](crate::KeyStore) |
//! | `OAuth2TokenValidator<Jwt>` | [`require_claim`](crate::jwt::JwtValidatorBuilder::require_claim), [`check`](crate::jwt::JwtValidatorBuilder::check) |
//! | `JwtTypeValidator`, `validateType(false)` | [`require_type`](crate::jwt::JwtValidatorBuilder::require_type), [`rfc9068`](crate::jwt::JwtValidatorBuilder::rfc9068) |
//! | `JwtGrantedAuthoritiesConverter` (`scope` or `scp`) | [`scopes_from("scp")`](crate::jwt::JwtValidatorBuilder::scopes_from): one claim, never both |
//! | `JwtIssuerAuthenticationManagerResolver` | [`JwtValidator::join`](crate::JwtValidator::join), [`issuer_pattern`](crate::jwt::JwtValidatorBuilder::issuer_pattern) |
//! | `OpaqueTokenIntrospector` | [`IntrospectionValidator`](crate::IntrospectionValidator) |
//! | `BearerTokenResolver` | [`Sources`](crate::credential::Sources) |
//! | `BearerTokenAuthenticationEntryPoint`, `AccessDeniedHandler` | [`ResponseConfig`](crate::http_response::ResponseConfig) |
//! | `hasAuthority("SCOPE_x")` | [`require_scope("x")`](crate::require_scope) |
//! | `hasRole("x")`, an authority `ROLE_x` | [`role("x")`](crate::policy::role), the claim `roles`; elsewhere `claim("realm_access").at("roles").contains("x")` |
//! | `requestMatchers(..)` | [`RouteTable`](crate::policy::RouteTable) |
//! | `@PreAuthorize("#id == authentication.name")` | [`owner(param("id"))`](crate::policy::owner), in [`Gate::authorize`](crate::Gate::authorize) with the resource |
//! | `AuthorizationManager` | [`Authorizer`](crate::Authorizer) |
//! | `authenticated()` | [`allow_any_authenticated`](crate::gate::GateBuilder::allow_any_authenticated) |
//! | `permitAll()`, anonymous authentication | routes outside the middleware, or [`authenticate_optional`](crate::Gate::authenticate_optional) |
//! | `HttpSession`, Spring Session | [`SessionManager`](crate::session::SessionManager) and its validator |
//! | session fixation: `changeSessionId` | [`rotate`](crate::session::SessionManager::rotate) at each change of privileges |
//! | `CsrfFilter` with tokens | `Sec-Fetch-Site` and `Origin` of each request with a cookie; [`CrossSiteCheck`](crate::credential::CrossSiteCheck) for a login, [`FormTokens`](crate::credential::FormTokens) where a page needs a token |
//! | refresh tokens of the authorization server | [`RefreshManager`](crate::refresh::RefreshManager), for a service that issues its own |
//! | `@WithMockUser`, `jwt()` request post-processor | [a principal by hand, `FakeIssuer`](super::testing) |
//!
//! # What is refused here
//!
//! | accepted by Spring Security | here | opt-in |
//! |---|---|---|
//! | any audience, unless `audiences` is set | does not compile | `any_audience()` |
//! | a token without `exp` | `claim_missing` | `allow_missing_expiry()` |
//! | clock skew of 60 seconds | 30 | `leeway(..)`, up to 600 |
//! | `iat` in the future | `token_issued_in_future` | `leeway(..)` |
//! | ID tokens and logout tokens of the same issuer with `typ` `JWT` | `type_mismatch` | `id_token(client)` |
//! | an introspected token of any audience, whatever its times, because the server says active | `audience_mismatch`, `token_expired` | `any_audience()` |
//! | `scp` where `scope` is absent | only `scope` counts | `scopes_from("scp")`, in its place |
//! | an expression with `!=` or `!` that a missing claim satisfies | unknown, which denies | `claim(..).absent_or(..)` |
//! | two validators tried in turn (`ProviderManager`) | one, by the shape of the credential | none |
//!
//! Accepted here and refused there: `EdDSA` and `Ed25519` signatures, `typ` `at+jwt` by default.
//!
//! # What behaves differently
//!
//! - **Unknown `kid`s.** There, each causes a fetch by default, without a limit; here two in
//!   30 seconds at most, and keys refresh before they are stale.
//! - **Introspection.** There, each request asks. Here an active token is remembered for a minute at
//!   most, and requests with the same token share one call.
//! - **An outage** is 503 with `Retry-After`, not 500 and not 401.
//! - **Bound tokens** (`cnf`): there, certificate thumbprints and DPoP are each switched on by
//!   themselves. Here one [`Binding`](crate::binding::Binding) [checks both](super::bind_tokens_to_keys);
//!   without it bound tokens are refused.
//! - **Not here**: form login, remember-me, OAuth 2.0 login and client, SAML, LDAP, password
//!   encoders, role hierarchies, method annotations. The [threat model](super::threat_model)
//!   lists what is missing.
//!
//! # In order
//!
//! 1. Write down the `issuer-uri`, the audiences and every custom `OAuth2TokenValidator`.
//! 2. Find out which claim holds scopes and which holds roles, and name each once.
//! 3. Turn `authorizeHttpRequests` into a route table; the last line, `anyRequest().denyAll()`, is
//!    the default.
//! 4. Turn `@PreAuthorize` into conditions, and call `Gate::authorize` where the resource is known.
//! 5. Validate recorded tokens with the example `replay` before the switch.

//! Configurations for the tokens of well-known providers.
//!
//! Where there is a [preset](crate::jwt::providers), use it: it has the rules that the provider's
//! documentation asks for, and says why. For the other providers this page gives the lines for
//! [`JwtValidator::builder`](crate::JwtValidator::builder). Each line was tried with a token of the
//! provider's form.
//!
//! A row without a preset says where the token is, if that is not `Authorization: Bearer`, and where
//! the keys are, if [`FetchedKeys::discover`](crate::key::FetchedKeys::discover) of the issuer does
//! not find them. If an issuer is no URL, is not checked, or has no discovery document of exactly its
//! name, which [`Gate::doctor`](crate::Gate::doctor) reports, take the address of the keys from the
//! provider's documentation, for [`FetchedKeys::jwks_url`](crate::key::FetchedKeys::jwks_url).
//!
//! Three questions decide whether a configuration is sound. Whose keys are these: one tenant's, or
//! those of all customers? Then the issuer, or a claim, has to name yours. Who is the recipient: does
//! the token name this service? Then configure the audience; without one any service that receives a
//! token can use it here. Does the same issuer sign ID tokens with the same keys? Then something has
//! to tell them apart: the `typ`, a purpose claim, or a claim that only access tokens have.
//!
//! # Logins of people and applications
//!
//! | provider | configuration | note |
//! |---|---|---|
//! | Auth0 | [`auth0`](crate::jwt::providers::auth0) | |
//! | AD FS | `.issuer("http://fs.example.com/adfs/services/trust").audience("microsoft:identityserver:<id>")`, `.scopes_from("scp").client_from("appid")` | the issuer is an `http` URL, which is only compared |
//! | authentik | `.access_mark("uid")` | its access tokens repeat the `nonce` of the login |
//! | Azure AD B2C | [`entra_at`](crate::jwt::providers::entra_at), `.customize(\|b\| b.access_mark("scp"))` | the `nonce` too |
//! | Bot Framework | `.issuer("https://api.botframework.com").audience("<app id>")` | keys by its discovery document at `login.botframework.com` |
//! | Clerk | `.any_audience()`, `.allow_clients(["https://app.example.com"])` | `azp` is the origin of the front end |
//! | Cloudflare Access | `.audience("<application tag>")`; for service tokens also `.absent_if_empty(["sub"]).client_from("common_name")` | the token is in the header `Cf-Access-Jwt-Assertion`, the keys at `https://<team>.cloudflareaccess.com/cdn-cgi/access/certs`; a service has an empty `sub`: [example](#cloudflare-access) |
//! | Cognito | [`cognito`](crate::jwt::providers::cognito) | |
//! | Descope | `.issuer("<project id>").any_audience()` | each project has keys of its own |
//! | Duende IdentityServer | `.require_type("at+jwt")` | |
//! | Firebase | [`firebase`](crate::jwt::providers::firebase), [`firebase_session_cookies`](crate::jwt::providers::firebase_session_cookies) | |
//! | Firebase App Check | `.issuer("https://firebaseappcheck.googleapis.com/<number>").audience("projects/<id>")` | in the header `X-Firebase-AppCheck`; it says which app calls, not who |
//! | ForgeRock AM, PingAM | `.audience("<client or resource>")` | `zip` in the header is ignored |
//! | Google | [`google_id_token`](crate::jwt::providers::google_id_token) | access tokens are opaque |
//! | Hydra | `.any_audience()`, `.allow_clients([..])`, `.scopes_from("scp")` | without a requested audience `aud` is an empty array |
//! | IBM Cloud IAM | `.any_audience()`, `.check("account", ..)` on the account's `bss` | no audience: every account of IBM Cloud has these keys |
//! | Keycloak | [`keycloak`](crate::jwt::providers::keycloak), [`keycloak_clients`](crate::jwt::providers::keycloak_clients) | |
//! | Microsoft Entra ID | [`entra`](crate::jwt::providers::entra), [`entra_at`](crate::jwt::providers::entra_at) | |
//! | Okta | [`okta`](crate::jwt::providers::okta) | |
//! | OneLogin | `.issuer("https://<tenant>.onelogin.com/oidc/2").audience(..)` | |
//! | Oracle IDCS | `.issuer("https://identity.oraclecloud.com/").audience(..)`, `.require_claim("tenant", ..)` | all tenants have one issuer |
//! | PingFederate | `.any_issuer().audience(..)`, `.authority("pingfederate")` | `iss` is off by default; switch it on instead if you can |
//! | Rauthy | `.absent_if_null(["sub"])` | a client has `"sub": null` |
//! | SAP XSUAA | `.issuer("https://<subdomain>.authentication.<region>.hana.ondemand.com/oauth/token").audience("<xsappname>")` | |
//! | Stytch | `.issuer("stytch.com/<project>").audience("<project>")` | the issuer is no URL |
//! | Unity | `.issuer("https://player-auth.services.api.unity.com").audience("upid:<project>")` | every project has these keys |
//! | WorkOS | `.issuer("https://api.workos.com/user_management/<client>").any_audience()` | the issuer names the client |
//! | WSO2 Identity Server | `.issuer("https://<host>/oauth2/token").audience("<client>")` | |
//!
//! # Workloads
//!
//! | provider | configuration | note |
//! |---|---|---|
//! | AWS roles | [`aws_outbound`](crate::jwt::providers::aws_outbound) | |
//! | AWS load balancers | [`aws_alb`](crate::jwt::providers::aws_alb) | a header of its own, no JWT |
//! | Azure attestation, Key Vault release | `.max_header_bytes(16 * 1024)` | the header has a chain of certificates |
//! | Bitbucket Pipelines | `.issuer("https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc").audience("ari:cloud:bitbucket::workspace/<id>")` | |
//! | Buildkite | `.issuer("https://agent.buildkite.com").audience(..)`, and check `sub` | every customer has this issuer |
//! | CircleCI | `.issuer("https://oidc.circleci.com/org/<id>").audience("<id>")` | |
//! | GitHub Actions | [`github_actions`](crate::jwt::providers::github_actions), [`github_actions_at`](crate::jwt::providers::github_actions_at) | |
//! | GitLab CI | [`gitlab`](crate::jwt::providers::gitlab) | |
//! | Google service accounts | [`google_service_account`](crate::jwt::providers::google_service_account) | |
//! | HCP Terraform | `.issuer("https://app.terraform.io").audience(..)`, and check `sub` | every customer has this issuer |
//! | Kubernetes, EKS, AKS | [`kubernetes`](crate::jwt::providers::kubernetes); outside the cluster with `FetchedKeys::discover(issuer)` | the issuer of AKS ends with a slash |
//! | Nomad | `.any_issuer().audience(..)`, `.authority("nomad")` | `iss` is off by default |
//! | Pomerium | `.issuer("app.example.com").audience("app.example.com")` | both are the host of the route; the token is in the header `X-Pomerium-Jwt-Assertion`, the keys at `https://<host of the route>/.well-known/pomerium/jwks.json` |
//! | Snowflake key pairs | `.issuer("<account>.<user>.SHA256:<fingerprint>").any_audience()` | one key for each user |
//! | SPIFFE | `.accept_types(["JWT", "JOSE"])`, and the keys by [`KeyImporter::spiffe_bundle`](crate::key::KeyImporter::spiffe_bundle) | |
//! | Teleport | `.issuer("https://<proxy>").audience(..)` | the same key is published twice; once counts |
//! | Transaction tokens of a trust domain | [`.issuer("https://<service>").transaction_token("<trust domain>")`](crate::jwt::JwtValidatorBuilder::transaction_token) | in the header `Txn-Token`, together with a credential of the workload |
//! | Vault | `.issuer("https://<host>:8200/v1/identity/oidc").audience("<role id>")` | |
//! | Vercel | `.issuer("https://oidc.vercel.com/<team>").audience("https://vercel.com/<team>")` | |
//!
//! # Platforms that sign with a shared secret
//!
//! The secret is the platform's and yours: give it with [`Key::from_secret`](crate::key::Key::from_secret).
//! Secrets under 32 bytes are refused; some platforms allow shorter ones.
//!
//! | provider | configuration | note |
//! |---|---|---|
//! | Atlassian Connect | `.issuer("<client key>").any_audience()` | in the query parameter `jwt`; the scheme `JWT` of `Authorization` is no place; compare `qsh` with the request yourself |
//! | LiveKit | `.issuer("<API key>").any_audience()` | |
//! | Shopify | `.issuer("https://<shop>.myshopify.com/admin").audience("<API key>")` | |
//! | Twitch extensions | `.any_issuer().any_audience()`, `.authority("twitch")` | the secret is the only bound |
//!
//! # Cloudflare Access
//!
//! Access forwards its token in a header of its own, which replaces `Authorization: Bearer`. A service
//! has a client and no subject: its id ends with `.access`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bearergate::credential::Sources;
//! use bearergate::environment::Environment;
//! use bearergate::key::FetchedKeys;
//! use bearergate::policy::client;
//! use bearergate::{ConfigError, Gate, JwtValidator, claim};
//!
//! // `environment` has the HTTP client and the spawner.
//! fn gate(environment: &Environment) -> Result<Gate, ConfigError> {
//!     let team = "https://acme.cloudflareaccess.com";
//!     let keys = FetchedKeys::jwks_url("https://acme.cloudflareaccess.com/cdn-cgi/access/certs");
//!     let validator = JwtValidator::builder()
//!         .issuer(team)
//!         .audience("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
//!         .key_store(Arc::new(keys.env(environment).build()?))
//!         .absent_if_empty(["sub"]) // for service tokens, and so is the client
//!         .client_from("common_name")
//!         .build()?;
//!     let person = claim("email").is("alice@example.com");
//!     let service = client("e367e826fe1caf8ef3a3a4ee3b6fa6d1.access").of(team);
//!     Gate::builder()
//!         .validator(validator)
//!         .sources(Sources::builder().without_bearer().header("cf-access-jwt-assertion").build()?)
//!         .authorizer(person | service)
//!         .build()
//! }
//! # #[cfg(feature = "reqwest")]
//! # use bearergate::integrations::{reqwest::Client, tokio::TokioSpawner};
//! # #[cfg(feature = "reqwest")]
//! # gate(&Environment::new().http_client(Client::new()?).spawner(TokioSpawner::new()))?;
//! # let _ = gate;
//! # Ok::<(), ConfigError>(())
//! ```
//!
//! # A token that is refused
//!
//! The opt-ins in these tables relax one rule each. If a provider needs one that is not here, look up
//! the kind of the rejection in [errors](super::errors): it names the settings.

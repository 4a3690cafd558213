//! An identity provider inside the test: a real HTTP server on loopback.

mod builder;
mod endpoint;
mod fault;
mod oauth;
mod serve;
mod server;
mod state;
mod wire;

pub use builder::FakeIssuerBuilder;
pub use endpoint::FakeEndpoint;
pub use fault::Answer;
pub use fault::Fault;
pub use wire::SeenRequest;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use self::server::Server;
use self::state::Client;
use self::state::Known;
use self::state::Provider;
use super::key::FakeKey;
use super::token::TokenBuilder;
use crate::clock::UnixTime;

/// An OAuth 2.0 and OpenID Connect provider on loopback, for tests: real HTTP/1.1, own keys,
/// discovery, key set, token, introspection and revocation endpoints.
///
/// It counts and keeps every request, does wrong what it is told to ([`fail`](Self::fail)), and
/// can go down and come up again at the same port. Threads serve it, so it needs no executor and
/// disturbs none. It ends when it is dropped.
///
/// ```
/// use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};
///
/// let idp = FakeIssuer::start()?;
/// let token = idp.token("https://api.example.com").scope("orders:read").sign();
/// // Point the service to `idp.url()` and send it the token.
///
/// idp.rotate();
/// idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
/// assert_eq!(idp.count(FakeEndpoint::Jwks), 0);
/// # drop(token);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FakeIssuer {
    provider: Arc<Provider>,
    server: Server,
}

impl FakeIssuer {
    /// The client that may introspect and revoke from the start.
    pub const CLIENT_ID: &str = "resource-server";
    /// Its secret.
    pub const CLIENT_SECRET: &str = "secret of the resource server";

    /// Starts one with a new P-256 key on any free port.
    ///
    /// # Errors
    ///
    /// Returns what the system said when no port or no thread was to be had.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Begins one that differs from the usual.
    pub const fn builder() -> FakeIssuerBuilder {
        FakeIssuerBuilder::new()
    }

    /// Returns the issuer as its tokens name it, such as `http://127.0.0.1:40321`.
    pub fn url(&self) -> &str {
        &self.provider.issuer
    }

    /// Returns the URL of an endpoint.
    pub fn endpoint(&self, endpoint: FakeEndpoint) -> String {
        self.provider.url(endpoint)
    }

    /// Returns the time by its clock.
    pub fn now(&self) -> UnixTime {
        self.provider.now()
    }
}

/// Keys and tokens.
impl FakeIssuer {
    /// Returns the key that it signs with.
    pub fn key(&self) -> FakeKey {
        self.provider.lock().key.clone()
    }

    /// Replaces its key by a new one of the same kind, and the key set by that one alone.
    pub fn rotate(&self) -> FakeKey {
        let mut state = self.provider.lock();
        state.rotations += 1;
        let kid = format!("{}-next-{}", state.key.kid(), state.rotations);
        let key = state.key.successor(kid);
        state.published = vec![key.jwk()];
        state.key = key.clone();
        key
    }

    /// Signs with this key from now on, published or not.
    pub fn sign_with(&self, key: &FakeKey) {
        self.provider.lock().key = key.clone();
    }

    /// Publishes these keys and no other; none makes an empty set.
    pub fn publish<'k>(&self, keys: impl IntoIterator<Item = &'k FakeKey>) {
        self.provider.lock().published = keys.into_iter().map(FakeKey::jwk).collect();
    }

    /// Adds a member to the key set, as it stands: a bad key beside the good ones.
    pub fn publish_also(&self, member: impl Into<String>) {
        self.provider.lock().published.push(member.into());
    }

    /// Returns the key set as it is published.
    pub fn jwks(&self) -> String {
        self.provider.jwks()
    }

    /// Begins an access token of this issuer for this audience, good for five minutes.
    pub fn token(&self, audience: impl AsRef<str>) -> TokenBuilder {
        TokenBuilder::new(&self.key(), self.now())
            .issuer(self.url())
            .audience(audience)
    }

    /// Hands out an opaque token that introspection knows by the claims of this one.
    pub fn opaque(&self, token: &TokenBuilder) -> String {
        let claims = token.members().clone();
        self.provider.lock().hand_out(claims)
    }

    /// Lets introspection answer for this token, opaque or not, as for one of these claims.
    pub fn know(&self, token: impl Into<String>, claims: &TokenBuilder) {
        let known = Known::Claims(claims.members().clone());
        self.provider.lock().tokens.insert(token.into(), known);
    }

    /// Lets introspection answer for this token with this text.
    pub fn know_as(&self, token: impl Into<String>, answer: impl Into<String>) {
        let known = Known::Text(answer.into());
        self.provider.lock().tokens.insert(token.into(), known);
    }

    /// Makes a token inactive, as its revocation endpoint does.
    pub fn revoke(&self, token: &str) {
        self.provider.lock().tokens.remove(token);
    }
}

/// Clients and documents.
impl FakeIssuer {
    /// Admits a client with a secret, by `client_secret_basic` or `client_secret_post`.
    pub fn admit(&self, id: impl Into<String>, secret: impl Into<String>) {
        self.admit_client(Client::Secret {
            id: id.into(),
            secret: secret.into(),
        });
    }

    /// Admits a client with a key, by `private_key_jwt`.
    pub fn admit_key(&self, id: impl Into<String>, key: &FakeKey) {
        self.admit_client(Client::Key {
            id: id.into(),
            key: key.clone(),
        });
    }

    /// Admits whoever sends this bearer token.
    pub fn admit_bearer(&self, token: impl Into<String>) {
        self.admit_client(Client::Bearer(token.into()));
    }

    fn admit_client(&self, client: Client) {
        self.provider.lock().clients.push(client);
    }

    /// Forgets all clients, the first one too: their credentials are wrong from now on.
    pub fn dismiss(&self) {
        self.provider.lock().clients.clear();
    }

    /// Lets introspection refuse JWTs as tokens of an unsupported type, as endpoints do that know
    /// opaque tokens alone.
    pub fn refuse_jwts(&self) {
        self.provider.lock().refuses_jwts = true;
    }

    /// Changes a member of both discovery documents; what becomes `null` is left out.
    pub fn announce(&self, member: impl Into<String>, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.provider.lock().metadata.insert(member.into(), value);
    }

    /// Adds a header to all right answers of an endpoint, such as `cache-control`.
    pub fn header(&self, endpoint: FakeEndpoint, header: (&str, &str)) {
        let header = (header.0.to_owned(), header.1.to_owned());
        self.provider.lock().set_header(endpoint, header);
    }
}

/// Faults.
impl FakeIssuer {
    /// Lets an endpoint do this in place of its duty, until [`heal`](Self::heal).
    pub fn fail(&self, endpoint: FakeEndpoint, fault: Fault) {
        self.provider.fail(endpoint, fault, usize::MAX);
    }

    /// Lets the next request alone to an endpoint meet this fault.
    pub fn fail_once(&self, endpoint: FakeEndpoint, fault: Fault) {
        self.provider.fail(endpoint, fault, 1);
    }

    /// Ends the fault of an endpoint, and answers what it holds.
    pub fn heal(&self, endpoint: FakeEndpoint) {
        self.provider.heal(endpoint);
    }

    /// Closes the port and cuts every connection: connecting is refused.
    pub fn down(&self) {
        self.provider.release();
        self.server.down();
    }

    /// Listens again at the same port.
    ///
    /// # Errors
    ///
    /// Returns what the system said, for example that somebody took the port.
    pub fn up(&self) -> io::Result<()> {
        self.server.up()
    }
}

/// What was asked.
impl FakeIssuer {
    /// Returns how many requests an endpoint has had, whatever became of them.
    pub fn count(&self, endpoint: FakeEndpoint) -> usize {
        self.provider.lock().count(endpoint)
    }

    /// Returns how many requests all endpoints have had.
    pub fn total(&self) -> usize {
        self.provider.lock().total()
    }

    /// Returns how many connections were accepted since it came up.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Returns the requests to an endpoint, the oldest first, out of the last 10 000 to all.
    pub fn requests(&self, endpoint: FakeEndpoint) -> Vec<SeenRequest> {
        self.provider.lock().seen(endpoint)
    }

    /// Blocks until an endpoint has had this many requests; returns true only if it has, within
    /// a minute.
    #[must_use]
    pub fn wait_for(&self, endpoint: FakeEndpoint, count: usize) -> bool {
        self.provider.wait_for(endpoint, count, PATIENCE)
    }
}

/// What a test waits for something to happen, before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.down();
    }
}

impl fmt::Debug for FakeIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeIssuer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

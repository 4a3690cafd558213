//! The fake issuer.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use serde::Serialize;
use serde_json::Value;

use super::endpoint::FakeEndpoint;
use super::fault::Fault;
use super::server::Server;
use super::state::{Client, KnownToken, Provider};
use super::wire::SeenRequest;
use crate::clock::UnixTime;
use crate::testing::key::FakeKey;
use crate::testing::token::TokenBuilder;

/// An OAuth 2.0 and OpenID Connect provider on loopback, for tests: real HTTP/1.1, its own keys,
/// and endpoints for discovery, key set, tokens, introspection and revocation.
///
/// It counts and records every request, has [faults](Self::fail) on demand, and can go
/// [down](Self::down) and come up again at the same port. It runs on threads of its own, so it
/// needs no async runtime. It ends when it is dropped.
///
/// ```
/// use bearergate::testing::{FakeEndpoint, FakeIssuer, Fault};
///
/// let idp = FakeIssuer::start()?;
/// let token = idp.token("https://api.example.com").scope("orders:read").sign();
/// // Configure the service with `idp.url()` and send it the token.
///
/// idp.rotate();
/// idp.fail(FakeEndpoint::Jwks, Fault::Status(500));
/// assert_eq!(idp.count(FakeEndpoint::Jwks), 0);
/// # drop(token);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FakeIssuer {
    pub(super) provider: Arc<Provider>,
    pub(super) server: Server,
}

impl FakeIssuer {
    /// The id of a client that is registered from the start, with
    /// [`CLIENT_SECRET`](Self::CLIENT_SECRET).
    ///
    /// It may use the endpoints for tokens, introspection and revocation, until
    /// [`dismiss`](Self::dismiss) removes it.
    pub const CLIENT_ID: &str = "resource-server";
    /// The secret of [`CLIENT_ID`](Self::CLIENT_ID). It contains spaces, which
    /// `client_secret_basic` requires to be form-encoded (RFC 6749 section 2.3.1).
    pub const CLIENT_SECRET: &str = "secret of the resource server";

    /// Returns the name of the issuer, the `iss` of its tokens, such as `http://127.0.0.1:40321`.
    ///
    /// It has the [path](crate::testing::FakeIssuerBuilder::path) of the builder and no trailing
    /// slash. Configure the validator under test with it.
    pub fn url(&self) -> &str {
        &self.provider.issuer
    }

    /// Returns the URL of an endpoint, for a service that is configured without discovery.
    ///
    /// For [`FakeEndpoint::Other`] it is the issuer's URL with a trailing slash.
    pub fn endpoint(&self, endpoint: FakeEndpoint) -> String {
        self.provider.url(endpoint)
    }

    /// Returns the time of its [clock](crate::testing::FakeIssuerBuilder::clock), or the Unix epoch
    /// if that clock has no time.
    pub fn now(&self) -> UnixTime {
        self.provider.now()
    }
}

/// Keys and tokens.
impl FakeIssuer {
    /// Returns the key that it signs with. That need not be a published key, see
    /// [`sign_with`](Self::sign_with).
    pub fn key(&self) -> FakeKey {
        self.provider.lock().key.clone()
    }

    /// Replaces its key by a new one of the same kind, and returns the new one; the key set then
    /// has only the new one.
    ///
    /// The new key has another `kid`. An RSA key keeps its material, because [`FakeKey::rs256`] has
    /// only one.
    pub fn rotate(&self) -> FakeKey {
        let mut state = self.provider.lock();
        state.rotations += 1;
        let kid = format!("{}-next-{}", state.key.kid(), state.rotations);
        let key = state.key.successor(kid);
        state.published = vec![key.jwk()];
        state.key = key.clone();
        key
    }

    /// Signs with this key from now on, whether it is published or not. The key set does not
    /// change.
    ///
    /// Without [`publish`](Self::publish), a validator that reads the key set has to reject the
    /// tokens.
    pub fn sign_with(&self, key: &FakeKey) {
        self.provider.lock().key = key.clone();
    }

    /// Replaces the key set by the public parts of these keys; without any it is empty.
    ///
    /// The key that signs does not change. Clients see the new set only when they fetch it again.
    pub fn publish<'k>(&self, keys: impl IntoIterator<Item = &'k FakeKey>) {
        self.provider.lock().published = keys.into_iter().map(FakeKey::jwk).collect();
    }

    /// Adds a member to the key set, as given: for example a malformed key next to valid ones.
    ///
    /// The text is not checked; one that is not JSON makes the whole document malformed.
    pub fn publish_also(&self, member: impl Into<String>) {
        self.provider.lock().published.push(member.into());
    }

    /// Returns the key set as it is published, as JSON text. The request is not counted, because
    /// none is sent.
    pub fn jwks(&self) -> String {
        self.provider.jwks()
    }

    /// Starts an access token of this issuer for this audience, valid for five minutes from
    /// [`now`](Self::now).
    ///
    /// The builder has a copy of the current key; a later [`rotate`](Self::rotate) does not change
    /// it. The other claims are those of [`TokenBuilder::new`].
    pub fn token(&self, audience: impl AsRef<str>) -> TokenBuilder {
        TokenBuilder::new(&self.key(), self.now())
            .issuer(self.url())
            .audience(audience)
    }

    /// Issues an opaque token, 16 random bytes as text, that introspection reports as active with
    /// the claims of this one.
    ///
    /// It is active until its `exp`, without `exp` forever, or until [`revoke`](Self::revoke).
    pub fn opaque(&self, token: &TokenBuilder) -> String {
        let claims = token.members().clone();
        self.provider.lock().issue_opaque(claims)
    }

    /// Lets introspection report this token, opaque or not, as active with these claims.
    ///
    /// It is active until the `exp` of the claims; what was known about the token before is
    /// replaced. Nothing is read from the token itself.
    pub fn know(&self, token: impl Into<String>, claims: &TokenBuilder) {
        let known = KnownToken::Claims(claims.members().clone());
        self.provider.lock().tokens.insert(token.into(), known);
    }

    /// Lets introspection answer a question about this token with this text, which is not checked.
    ///
    /// Use it for answers that are malformed or that contradict the request. In a signed answer a
    /// text that is not JSON becomes `null`.
    pub fn know_as(&self, token: impl Into<String>, answer: impl Into<String>) {
        let known = KnownToken::Text(answer.into());
        self.provider.lock().tokens.insert(token.into(), known);
    }

    /// Makes a token inactive, like its revocation endpoint; an unknown token changes nothing.
    ///
    /// Only introspection is affected: a JWT whose signature is valid stays valid for a service
    /// that does not use introspection.
    pub fn revoke(&self, token: &str) {
        self.provider.lock().tokens.remove(token);
    }
}

/// Clients and documents.
impl FakeIssuer {
    /// Registers a client with a secret, for `client_secret_basic` and `client_secret_post`.
    ///
    /// A request has to use exactly one method of authentication, or it is answered with 401.
    pub fn admit(&self, id: impl Into<String>, secret: impl Into<String>) {
        self.admit_client(Client::Secret {
            id: id.into(),
            secret: secret.into(),
        });
    }

    /// Registers a client with a key, for `private_key_jwt` (RFC 7523).
    ///
    /// An assertion is accepted only if this key signed it, `iss` and `sub` are the id, `aud` is
    /// the issuer or one of its endpoints for tokens, introspection and revocation, and there is a
    /// `jti`.
    pub fn admit_key(&self, id: impl Into<String>, key: &FakeKey) {
        self.admit_client(Client::Key {
            id: id.into(),
            key: key.clone(),
        });
    }

    /// Accepts every client that sends this bearer token in the header `authorization`, compared
    /// byte for byte. The id of such a client is `bearer`.
    pub fn admit_bearer(&self, token: impl Into<String>) {
        self.admit_client(Client::Bearer(token.into()));
    }

    fn admit_client(&self, client: Client) {
        self.provider.lock().clients.push(client);
    }

    /// Removes all clients, the initial one too: their credentials are invalid from now on.
    ///
    /// The endpoints for tokens, introspection and revocation then answer 401 with
    /// `invalid_client`.
    pub fn dismiss(&self) {
        self.provider.lock().clients.clear();
    }

    /// Lets introspection reject JWTs as tokens of an unsupported type, as endpoints for opaque
    /// tokens do.
    ///
    /// The answer is 400 with `unsupported_token_type`, also for a JWT that is [known](Self::know).
    /// It cannot be undone.
    pub fn refuse_jwts(&self) {
        self.provider.lock().refuses_jwts = true;
    }

    /// Changes a member of both discovery documents, or adds it; `null` removes it.
    ///
    /// Only the documents change: an endpoint keeps its path, and tokens keep their `iss`. A value
    /// without a JSON form counts as `null`.
    pub fn announce(&self, member: impl Into<String>, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.provider.lock().metadata.insert(member.into(), value);
    }

    /// Adds a header, such as `cache-control`, to all answers of an endpoint that its fault does
    /// not replace.
    ///
    /// It replaces a header of the same name, in any case of letters, both of the usual answer and
    /// of an earlier call. The first text is the name, the second the value.
    pub fn header(&self, endpoint: FakeEndpoint, header: (&str, &str)) {
        let header = (header.0.to_owned(), header.1.to_owned());
        self.provider.lock().set_header(endpoint, header);
    }
}

/// Faults.
impl FakeIssuer {
    /// Gives an endpoint this fault until [`heal`](Self::heal); it replaces an earlier one.
    ///
    /// Requests that the earlier fault [held](Fault::Hold) get their usual answer.
    pub fn fail(&self, endpoint: FakeEndpoint, fault: Fault) {
        self.provider.fail(endpoint, fault, usize::MAX);
    }

    /// Gives an endpoint this fault for the next request only; later requests get the usual answer.
    ///
    /// It replaces a fault that the endpoint has already, as [`fail`](Self::fail) does.
    pub fn fail_once(&self, endpoint: FakeEndpoint, fault: Fault) {
        self.provider.fail(endpoint, fault, 1);
    }

    /// Ends the fault of an endpoint, and answers the requests that [`Fault::Hold`] held. Requests
    /// under [`Fault::Hang`] stay without an answer.
    pub fn heal(&self, endpoint: FakeEndpoint) {
        self.provider.heal(endpoint);
    }

    /// Closes the port and every connection: new connections are refused until [`up`](Self::up).
    ///
    /// Keys, clients, tokens, faults and counts are kept. If it is down already, nothing changes.
    pub fn down(&self) {
        self.provider.release();
        self.server.down();
    }

    /// Listens again at the same port, with the same keys, clients, tokens and faults; if it is up
    /// already, nothing changes.
    ///
    /// # Errors
    ///
    /// The error of the system, for example because another process has taken the port.
    pub fn up(&self) -> io::Result<()> {
        self.server.up()
    }
}

/// Requests.
impl FakeIssuer {
    /// Returns how many requests an endpoint has had, answered or not. It counts from the start,
    /// also over [`down`](Self::down) and [`up`](Self::up).
    pub fn count(&self, endpoint: FakeEndpoint) -> usize {
        self.provider.lock().count(endpoint)
    }

    /// Returns how many requests all endpoints have had, [`FakeEndpoint::Other`] included. Compare
    /// it before and after to see that a service sent nothing.
    pub fn total(&self) -> usize {
        self.provider.lock().total()
    }

    /// Returns how many connections were accepted since it last came up, closed ones included; 0
    /// while it is down. A client that reuses connections needs fewer of them than requests.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Returns the requests to an endpoint, oldest first, among the last 10 000 to all endpoints.
    ///
    /// They are what the client sent, credentials included, whether they were valid or not.
    pub fn requests(&self, endpoint: FakeEndpoint) -> Vec<SeenRequest> {
        self.provider.lock().seen(endpoint)
    }

    /// Blocks until an endpoint has had this many requests; returns true only if that happens
    /// within a minute.
    ///
    /// It counts all requests since the start, as [`count`](Self::count) does, and not only later
    /// ones.
    #[must_use]
    pub fn wait_for(&self, endpoint: FakeEndpoint, count: usize) -> bool {
        self.provider.wait_for(endpoint, count, PATIENCE)
    }
}

/// The longest that a test waits.
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

//! The usual answers of the endpoints.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Map, Value, json};

use super::endpoint::FakeEndpoint;
use super::fault::Answer;
use super::state::{Client, KnownToken, Provider, ProviderState};
use super::wire::{SeenRequest, decoded};
use crate::clock::FakeClock;
use crate::credential::PresentedCredential;
use crate::jwt::JwtValidator;
use crate::testing::token::{TokenBuilder, random_name};
use crate::validator::{TokenForm, TokenValidator};

/// Lifetime of a token of the token endpoint, in seconds.
const LIFETIME: u64 = 300;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SIGNED: &str = "token-introspection+jwt";

impl Provider {
    /// Returns the usual answer to a request.
    pub(super) fn answer(&self, endpoint: FakeEndpoint, request: &SeenRequest) -> Answer {
        let answer = match (endpoint, request.method()) {
            (FakeEndpoint::Discovery | FakeEndpoint::ServerMetadata, "GET") => {
                document(request, self.metadata())
            }
            (FakeEndpoint::Jwks, "GET") => document(request, self.jwks()),
            (FakeEndpoint::Introspection, "POST") => self.authenticated(request, Self::introspect),
            (FakeEndpoint::Revocation, "POST") => self.authenticated(request, Self::revoke),
            (FakeEndpoint::Token, "POST") => self.authenticated(request, Self::grant),
            (FakeEndpoint::Other, _) => Answer::new(404),
            _ => Answer::new(405),
        };
        let headers = self.lock().headers(endpoint).into_iter();
        headers.fold(answer, |answer, (name, value)| answer.header(name, value))
    }

    /// Returns the key set.
    pub(super) fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.lock().published.join(","))
    }

    fn metadata(&self) -> String {
        let methods = json!([
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt"
        ]);
        let usual = json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}{}/authorize", self.origin, self.base),
            "jwks_uri": self.url(FakeEndpoint::Jwks),
            "token_endpoint": self.url(FakeEndpoint::Token),
            "token_endpoint_auth_methods_supported": methods,
            "introspection_endpoint": self.url(FakeEndpoint::Introspection),
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint": self.url(FakeEndpoint::Revocation),
            "revocation_endpoint_auth_methods_supported": methods,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
        });
        let mut members = usual.as_object().cloned().unwrap_or_default();
        members.extend(self.lock().metadata.clone());
        members.retain(|_, value| !value.is_null());
        Value::from(members).to_string()
    }

    /// Answers an authenticated client, and rejects all others.
    fn authenticated(
        &self,
        request: &SeenRequest,
        answer: fn(&Self, &SeenRequest, &str) -> Answer,
    ) -> Answer {
        match self.client(request) {
            Some(client) => answer(self, request, &client),
            None => oauth_error(401, "invalid_client")
                .header("www-authenticate", "Basic realm=\"oauth\""),
        }
    }

    fn introspect(&self, request: &SeenRequest, client: &str) -> Answer {
        let Some(token) = request.form("token") else {
            return oauth_error(400, "invalid_request");
        };
        if self.lock().refuses_jwts && TokenForm::recognize(&token) == TokenForm::Jwt {
            return oauth_error(400, "unsupported_token_type");
        }
        let accepts = request.header("accept").unwrap_or_default();
        let text = self.lock().introspection(&token, self.now().as_secs());
        if !accepts.contains(SIGNED) {
            return Answer::json(text);
        }
        let inner: Value = serde_json::from_str(&text).unwrap_or_default();
        let envelope = self
            .envelope(client)
            .claim("token_introspection", inner)
            .sign();
        Answer::new(200).content(format!("application/{SIGNED}"), envelope)
    }

    /// Starts the signed answer of RFC 9701.
    fn envelope(&self, client: &str) -> TokenBuilder {
        let key = self.lock().key.clone();
        let builder = TokenBuilder::new(&key, self.now()).typ(SIGNED);
        ["sub", "client_id", "exp", "jti"]
            .into_iter()
            .fold(builder, TokenBuilder::without)
            .issuer(&self.issuer)
            .audience(client)
    }

    fn revoke(&self, request: &SeenRequest, _client: &str) -> Answer {
        let Some(token) = request.form("token") else {
            return oauth_error(400, "invalid_request");
        };
        self.lock().tokens.remove(&token);
        Answer::new(200)
    }

    fn grant(&self, request: &SeenRequest, client: &str) -> Answer {
        if request.form("grant_type").as_deref() != Some("client_credentials") {
            return oauth_error(400, "unsupported_grant_type");
        }
        let now = self.now().as_secs();
        let mut claims = Map::from_iter([
            ("iss".to_owned(), json!(self.issuer)),
            ("sub".to_owned(), json!(client)),
            ("client_id".to_owned(), json!(client)),
            ("iat".to_owned(), json!(now)),
            ("exp".to_owned(), json!(now + LIFETIME)),
        ]);
        let audience = request.form("resource").or(request.form("audience"));
        claims.extend(audience.map(|aud| ("aud".to_owned(), json!(aud))));
        let scope = request.form("scope");
        claims.extend(scope.map(|scope| ("scope".to_owned(), json!(scope))));
        let token = self.lock().issue_opaque(claims);
        let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME});
        Answer::json(body.to_string()).header("cache-control", "no-store")
    }

    /// Returns the client that the request authenticates, by exactly one method.
    fn client(&self, request: &SeenRequest) -> Option<String> {
        let header = request.header("authorization");
        let (secret, assertion) = (
            request.form("client_secret"),
            request.form("client_assertion"),
        );
        match (header, secret, assertion) {
            (Some(header), None, None) => self.client_of_header(header),
            (None, Some(secret), None) => {
                let id = request.form("client_id")?;
                self.lock().has_secret(&id, &secret).then_some(id)
            }
            (None, None, Some(assertion)) => {
                let is_jwt = request.form("client_assertion_type")? == ASSERTION;
                self.client_of_assertion(&assertion).filter(|_| is_jwt)
            }
            _ => None,
        }
    }

    fn client_of_header(&self, header: &str) -> Option<String> {
        let (scheme, value) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let is_known = self
                .lock()
                .clients
                .iter()
                .any(|client| matches!(client, Client::Bearer(expected) if expected == value));
            return is_known.then(|| "bearer".to_owned());
        }
        let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        // RFC 6749 section 2.3.1: both parts are form-encoded first.
        let (id, secret) = pair.split_once(':')?;
        let (id, secret) = (decoded(id)?, decoded(secret)?);
        self.lock().has_secret(&id, &secret).then_some(id)
    }

    /// RFC 7523: issuer and subject of the assertion are the client, and its audience is this server.
    fn client_of_assertion(&self, assertion: &str) -> Option<String> {
        let presented = PresentedCredential::bearer(assertion).ok()?;
        let audiences = [
            self.issuer.clone(),
            self.url(FakeEndpoint::Token),
            self.url(FakeEndpoint::Introspection),
            self.url(FakeEndpoint::Revocation),
        ];
        let state = self.lock();
        let keys = state.clients.iter().filter_map(|client| match client {
            Client::Key { id, key } => Some((id.clone(), key.clone())),
            _ => None,
        });
        let keys: Vec<_> = keys.collect();
        drop(state);
        let mut clients = keys.into_iter().filter(|(id, key)| {
            let validator = || {
                JwtValidator::builder()
                    .issuer(id)
                    .audiences(audiences.clone())
                    .keys(key.key_set())
                    .require_claim("sub", id.as_str())
                    .check("jti", |claims| claims.value("jti").is_some())
                    .clock(FakeClock::at(self.now()))
            };
            let typed = validator().require_type("client-authentication+jwt");
            [validator(), typed].into_iter().any(|builder| {
                let Ok(validator) = builder.build() else {
                    return false;
                };
                let result = validator.validate(&presented).try_now();
                matches!(result, Ok(Ok(_)))
            })
        });
        clients.next().map(|(id, _)| id)
    }
}

impl ProviderState {
    /// Returns the body of an introspection answer about this token.
    fn introspection(&self, token: &str, now: u64) -> String {
        let is_active = |claims: &Map<String, Value>| {
            let end = claims.get("exp").and_then(Value::as_u64);
            end.is_none_or(|end| now < end)
        };
        match self.tokens.get(token) {
            Some(KnownToken::Text(text)) => text.clone(),
            Some(KnownToken::Claims(claims)) if is_active(claims) => {
                let mut members = claims.clone();
                members.insert("active".to_owned(), true.into());
                members
                    .entry("token_type")
                    .or_insert_with(|| "Bearer".into());
                Value::from(members).to_string()
            }
            _ => r#"{"active":false}"#.to_owned(),
        }
    }

    /// Issues an opaque token with these claims.
    pub(super) fn issue_opaque(&mut self, claims: Map<String, Value>) -> String {
        let token = random_name();
        self.tokens
            .insert(token.clone(), KnownToken::Claims(claims));
        token
    }

    fn has_secret(&self, id: &str, secret: &str) -> bool {
        self.clients.iter().any(|client| match client {
            Client::Secret {
                id: other,
                secret: expected,
            } => other == id && expected == secret,
            _ => false,
        })
    }
}

/// Returns a document with its entity tag, or 304 for a client that has it already.
fn document(request: &SeenRequest, body: String) -> Answer {
    let tag = tag(&body);
    let answer = match request.header("if-none-match") {
        Some(known) if known == tag => Answer::new(304),
        _ => Answer::json(body),
    };
    answer.header("etag", tag)
}

fn tag(body: &str) -> String {
    let digest = digest::digest(&digest::SHA256, body.as_bytes());
    let mut tag = String::from('"');
    for byte in digest.as_ref().iter().take(8) {
        // Writing to a string never fails.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn oauth_error(status: u16, error: &str) -> Answer {
    let body = json!({"error": error}).to_string();
    Answer::new(status).content("application/json", body)
}

//! Signing of responses and requests.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ring::digest;

use super::base::{Message, Target, base};
use super::component::{Component, ComponentId};
use super::keys::registered_name;
use super::signed::Signed;
use super::structured::{Bare, Parameters, push_parameters, push_string};
use crate::clock::UnixTime;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::issuer::SigningKey;
use crate::request::{ExternalUrl, RequestFacts};

/// Signs responses, and requests of a client, with one key. Cheap to clone.
#[derive(Clone)]
pub struct MessageSigner(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    url: ExternalUrl,
    key: SigningKey,
    tag: String,
    keyid: String,
}

const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const LABEL: &str = "sig1";

impl MessageSigner {
    /// Signs under this tag, such as `fapi-2-response`.
    ///
    /// # Errors
    ///
    /// [`AlgorithmUnusable`](ConfigErrorKind::AlgorithmUnusable) for a key whose algorithm has no name
    /// in RFC 9421.
    pub fn new(
        tag: impl Into<String>,
        at: ExternalUrl,
        key: SigningKey,
    ) -> Result<Self, ConfigError> {
        if registered_name(key.algorithm()).is_none() {
            let detail = format!(
                "expected an algorithm that RFC 9421 names, found `{}`; use `ES256` or `EdDSA`",
                key.algorithm()
            );
            return Err(ConfigError::new(
                ConfigErrorKind::AlgorithmUnusable,
                "key",
                detail,
            ));
        }
        Ok(Self(Arc::new(Settings {
            url: at,
            keyid: key.kid().to_owned(),
            key,
            tag: tag.into(),
        })))
    }

    /// Sets the id of the key in signatures, by default its [`kid`](SigningKey::kid).
    #[must_use]
    pub fn keyid(self, keyid: impl Into<String>) -> Self {
        let keyid = keyid.into();
        let settings = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Settings { keyid, ..settings }))
    }

    /// Signs a response as the FAPI 2.0 profile asks for: its status, the digest of its content, and the
    /// method, the URI, the digest and the signature of the request that it answers. It sets
    /// `Content-Digest`, `Signature-Input` and `Signature`.
    ///
    /// It returns false, and signs nothing, if no random numbers are available or a component cannot be
    /// read.
    pub fn sign_response(
        &self,
        status: StatusCode,
        headers: &mut HeaderMap,
        content: &[u8],
        request: RequestFacts<'_>,
        signed: Option<&Signed>,
        now: UnixTime,
    ) -> bool {
        let Ok(digest) = HeaderValue::try_from(content_digest(content)) else {
            return false;
        };
        headers.insert(CONTENT_DIGEST, digest);
        let req = || ("req", Bare::Boolean(true));
        let mut components = vec![
            component("@status", vec![]),
            component("content-digest", vec![]),
            component("@method", vec![req()]),
            component("@target-uri", vec![req()]),
        ];
        if request.headers().contains_key(CONTENT_DIGEST) {
            components.push(component("content-digest", vec![req()]));
        }
        if let Some(signed) = signed {
            let key = || ("key", Bare::String(signed.label().into()));
            components.push(component("signature", vec![req(), key()]));
            components.push(component("signature-input", vec![req(), key()]));
        }
        let text = self.parameters(&components, now);
        let message = Message::Response {
            status,
            headers,
            request: Target {
                facts: request,
                url: &self.0.url,
            },
        };
        let base = base(message, &components, &text);
        self.set(headers, base, &text)
    }

    /// Signs a request of a client: these components, and the digest of its content. It sets
    /// `Content-Digest` if there is content, `Signature-Input` and `Signature`.
    ///
    /// It returns false, and signs nothing, if no random numbers are available or a component is not in
    /// the request.
    pub fn sign_request(
        &self,
        parts: &mut http::request::Parts,
        content: &[u8],
        covered: &[Component],
        now: UnixTime,
    ) -> bool {
        let mut components: Vec<_> = covered.iter().map(|own| own.0.clone()).collect();
        if !content.is_empty() {
            let Ok(digest) = HeaderValue::try_from(content_digest(content)) else {
                return false;
            };
            parts.headers.insert(CONTENT_DIGEST, digest);
            let own = component("content-digest", vec![]);
            if !components.contains(&own) {
                components.push(own);
            }
        }
        let text = self.parameters(&components, now);
        let target = Target {
            facts: RequestFacts::from(&*parts),
            url: &self.0.url,
        };
        let base = base(Message::Request(target), &components, &text);
        self.set(&mut parts.headers, base, &text)
    }

    fn parameters(&self, components: &[ComponentId<'_>], now: UnixTime) -> String {
        let mut text = "(".to_owned();
        for (number, component) in components.iter().enumerate() {
            if number > 0 {
                text.push(' ');
            }
            component.push(&mut text);
        }
        text.push(')');
        let created = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let parameters = vec![
            ("created", Bare::Integer(created)),
            ("keyid", Bare::String(self.0.keyid.as_str().into())),
            ("tag", Bare::String(self.0.tag.as_str().into())),
        ];
        push_parameters(&parameters, &mut text);
        text
    }

    fn set(&self, headers: &mut HeaderMap, base: Option<String>, text: &str) -> bool {
        let signature = base.and_then(|base| self.0.key.sign(base.as_bytes()));
        let Some(signature) = signature else {
            return false;
        };
        let input = HeaderValue::try_from(format!("{LABEL}={text}"));
        let signature = format!("{LABEL}=:{}:", STANDARD.encode(signature));
        let (Ok(input), Ok(signature)) = (input, HeaderValue::try_from(signature)) else {
            return false;
        };
        headers.insert(SIGNATURE_INPUT, input);
        headers.insert(SIGNATURE, signature);
        true
    }
}

fn component<'t>(name: &'t str, parameters: Parameters<'t>) -> ComponentId<'t> {
    ComponentId {
        name: name.into(),
        parameters,
    }
}

/// Returns the value of `Content-Digest` for this content (RFC 9530 section 2), by SHA-256.
pub fn content_digest(content: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, content);
    let mut text = "sha-256=:".to_owned();
    STANDARD.encode_string(hash, &mut text);
    text.push(':');
    text
}

impl fmt::Debug for MessageSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tag = String::new();
        push_string(&self.0.tag, &mut tag);
        f.debug_struct("MessageSigner")
            .field("key", &self.0.keyid)
            .field("tag", &tag)
            .finish_non_exhaustive()
    }
}

//! A service whose requests are signed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::crypto::Algorithm;
use bearergate::gate::Admitted;
use bearergate::http_response::Refusal;
use bearergate::issuer::SigningKey;
use bearergate::key::{Key, KeySet};
use bearergate::message::{
    Component, FixedMessageKeys, MessageSigner, MessageVerifier, MessageVerifierBuilder,
    content_digest,
};
use bearergate::request::{Content, ExternalUrl, RequestFacts};
use bearergate::testing::{FakeKey, TokenBuilder};
use bearergate::{Gate, JwtValidator, RejectionKind};
use http::request::Parts;
use http::{HeaderValue, Request, header};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_760_000_000);
pub(crate) const URL: &str = "https://api.example.com";
pub(crate) const BODY: &[u8] = b"two apples";

pub(crate) fn url() -> ExternalUrl {
    ExternalUrl::parse(URL).unwrap()
}

/// A service, and a client with two keys: `ed` for Ed25519, `mac` for HMAC.
pub(crate) struct Service {
    pub(crate) clock: FakeClock,
    pub(crate) gate: Gate,
    token: String,
    pub(crate) client: FakeKey,
}

pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|verifier| verifier)
    }

    pub(crate) fn with(
        change: impl FnOnce(MessageVerifierBuilder) -> MessageVerifierBuilder,
    ) -> Self {
        let clock = FakeClock::at(NOW);
        let issuer = FakeKey::es256("issuer");
        let client = FakeKey::ed25519("ed");
        let mac = Key::from_secret(SECRET.to_vec()).unwrap();
        let mac = mac
            .with_kid("mac")
            .unwrap()
            .with_algorithms([Algorithm::Hs256])
            .unwrap();
        let public = client.public().with_kid("ed").unwrap();
        let keys = KeySet::new([public, mac]).unwrap();
        // `mac` has to be named: the profile takes no shared secrets by itself.
        let verifier = MessageVerifier::fapi2(url(), FixedMessageKeys::new(&keys).unwrap())
            .algorithms([Algorithm::EdDsa, Algorithm::Hs256]);
        let validator = JwtValidator::builder()
            .issuer("https://idp.example.com")
            .audience(URL)
            .keys(issuer.key_set())
            .build()
            .unwrap();
        let gate = Gate::builder()
            .validator(validator)
            .clock(clock.clone())
            .signed_requests(change(verifier).build().unwrap());
        let token = TokenBuilder::new(&issuer, NOW)
            .issuer("https://idp.example.com")
            .audience(URL)
            .subject("alice")
            .expires_in(Duration::from_secs(3_600))
            .sign();
        Self {
            gate: gate.allow_any_authenticated().build().unwrap(),
            token,
            client,
            clock,
        }
    }

    /// `POST /orders?page=2` with the token, and the digest of the content.
    pub(crate) fn parts(&self, content: &[u8]) -> Parts {
        let request = Request::post("/orders?page=2")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header("content-digest", content_digest(content));
        request.body(()).unwrap().into_parts().0
    }

    /// Signs these lines of the base, with this text of the list and its parameters.
    pub(crate) fn sign(&self, parts: &mut Parts, list: &str) {
        self.sign_as(parts, list, &[]);
    }

    /// The same; these components have these values.
    pub(crate) fn sign_as(&self, parts: &mut Parts, list: &str, own: &[(&str, &str)]) {
        let base = self.base_with(parts, list, own);
        let signature = self.client.sign(base.as_bytes());
        set(parts, list, &signature);
    }

    /// The base of the usual components, as a client makes it.
    pub(crate) fn base(&self, parts: &Parts, list: &str) -> String {
        self.base_with(parts, list, &[])
    }

    fn base_with(&self, parts: &Parts, list: &str, own: &[(&str, &str)]) -> String {
        let mut base = String::new();
        let (names, _) = list.trim_start_matches('(').split_once(')').unwrap();
        for name in names.split(' ').filter(|name| !name.is_empty()) {
            let known = own.iter().find(|(own, _)| *own == name);
            let value = match name {
                _ if known.is_some() => known.unwrap().1.to_owned(),
                "\"@method\"" => parts.method.as_str().to_owned(),
                "\"@target-uri\"" => format!("{URL}{}", parts.uri),
                "\"@authority\"" => "api.example.com".to_owned(),
                other => {
                    let lines = parts.headers.get_all(other.trim_matches('"')).iter();
                    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap().trim()).collect();
                    lines.join(", ")
                }
            };
            base.push_str(&format!("{name}: {value}\n"));
        }
        base + "\"@signature-params\": " + list
    }

    pub(crate) fn check(&self, parts: &Parts, content: Content<'_>) -> Result<Admitted, Refusal> {
        let facts = RequestFacts::from(parts).with_content(content);
        self.gate.try_check_now(facts).expect("nothing waits")
    }

    pub(crate) fn kind(&self, parts: &Parts) -> Option<RejectionKind> {
        let checked = self.check(parts, Content::Whole(BODY));
        checked.err().map(|refusal| refusal.kind())
    }

    /// Signs a request with this list, and says why it is refused.
    pub(crate) fn signed(&self, list: &str) -> Option<RejectionKind> {
        let mut parts = self.parts(BODY);
        self.sign(&mut parts, list);
        self.kind(&parts)
    }
}

pub(crate) fn set(parts: &mut Parts, list: &str, signature: &[u8]) {
    let input = format!("sig1={list}");
    let signature = format!("sig1=:{}:", STANDARD.encode(signature));
    insert(parts, "signature-input", &input);
    insert(parts, "signature", &signature);
}

pub(crate) fn insert(parts: &mut Parts, name: &'static str, value: &str) {
    parts
        .headers
        .insert(name, HeaderValue::from_str(value).unwrap());
}

/// The components that the profile requires.
pub(crate) const COVERED: &str = r#""@method" "@target-uri" "authorization" "content-digest""#;

/// A list that the profile accepts, with an id of its own.
pub(crate) fn list(covered: &str, more: &str) -> String {
    let created = NOW.as_secs();
    format!(r#"({covered});created={created};keyid="ed";tag="fapi-2-request"{more}"#)
}

pub(crate) fn good(nonce: &str) -> String {
    list(COVERED, &format!(r#";nonce="{nonce}""#))
}

pub(crate) const INVALID: Option<RejectionKind> = Some(RejectionKind::MessageSignatureInvalid);
pub(crate) const UNSIGNED: Option<RejectionKind> = Some(RejectionKind::MessageUnsigned);
pub(crate) const REPLAYED: Option<RejectionKind> = Some(RejectionKind::MessageReplayed);

pub(crate) fn signer(tag: &str) -> (MessageSigner, KeySet) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = bearergate::issuer::SigningKeys::builder(key.clone());
    let keys = keys.build(NOW).unwrap();
    let public = KeySet::from_jwks(keys.jwks(NOW)).unwrap();
    (MessageSigner::new(tag, url(), key).unwrap(), public)
}

pub(crate) fn usual() -> [Component; 3] {
    [
        Component::METHOD,
        Component::TARGET_URI,
        Component::header(header::AUTHORIZATION),
    ]
}

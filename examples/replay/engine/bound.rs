//! Lines about proofs of possession, certificates, signed requests and encrypted tokens.

use std::net::IpAddr;
use std::time::Duration;

use bearergate::binding::{Binding, CertificateHeader, Dpop, ForwardedCertificates};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::crypto::Algorithm;
use bearergate::key::KeySet;
use bearergate::message::{Component, FixedMessageKeys, MessageVerifier};
use bearergate::principal::Confirmation;
use bearergate::replay::ReplayTable;
use bearergate::request::{Content, ExternalUrl, RequestFacts, TargetUri, TrustedPeers};
use bearergate::{ConfigError, Rejection, RejectionKind};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Verdict;
use super::fault::Fault;

/// Answers a line of one of these forms.
pub(super) fn answer(validator: &str, line: &[u8], now: Option<UnixTime>) -> Verdict {
    let answered = match validator {
        "dpop" => read::<DpopLine>(line).and_then(|line| line.answer(now)),
        "htu" => read::<HtuLine>(line).map(HtuLine::answer),
        "certificate_header" => read::<CertificateLine>(line).and_then(CertificateLine::answer),
        "message" => read::<MessageLine>(line).and_then(|line| line.answer(now)),
        "jwe" => read::<JweLine>(line).map(JweLine::answer),
        _ => Err(Failure::Input(Fault::of(Fault::VALUE, "validator"))),
    };
    match answered {
        Ok(verdict) => verdict,
        Err(Failure::Input(fault)) => Verdict::InputError(fault),
        Err(Failure::Config(error)) => Verdict::ConfigError(error),
    }
}

enum Failure {
    Input(Fault),
    Config(ConfigError),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        let kind = match text.split(' ').next() {
            Some("unknown") => return Failure::Input(Fault::UNKNOWN),
            Some("missing") => Fault::MISSING,
            _ => Fault::TYPE,
        };
        Failure::Input(Fault::new(kind, None))
    })
}

fn fault(member: &'static str) -> Failure {
    Failure::Input(Fault::of(Fault::VALUE, member))
}

/// A text or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn urls(&self) -> Result<Vec<ExternalUrl>, Failure> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        };
        let urls = all.iter().map(|text| ExternalUrl::parse(text));
        Ok(urls.collect::<Result<_, _>>()?)
    }
}

fn accepted(members: &Value) -> Verdict {
    Verdict::Checked(members.clone())
}

fn rejected(kind: RejectionKind) -> Verdict {
    Verdict::Refuse(kind.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "id and validator are read before")]
struct DpopLine {
    id: Value,
    validator: Value,
    token: String,
    jkt: String,
    proof: Option<String>,
    proofs: Option<Vec<String>>,
    method: String,
    url: String,
    public_url: Texts,
    now: Option<u64>,
    algorithms: Option<Vec<String>>,
    window: Option<(u64, u64)>,
}

impl DpopLine {
    fn answer(self, now: Option<UnixTime>) -> Result<Verdict, Failure> {
        let now = self
            .now
            .map(UnixTime::from_secs)
            .or(now)
            .ok_or(fault("now"))?;
        let binding = Binding::dpop(self.dpop(now)?).build();
        let jkt = thumbprint(&self.jkt).ok_or(fault("jkt"))?;
        let check = |proof: &str| self.check(&binding, Confirmation::to_key(jkt), proof, now);
        Ok(match (&self.proof, &self.proofs) {
            (Some(proof), None) => match check(proof)? {
                Ok(()) => accepted(&json!({})),
                Err(rejection) => Verdict::Refuse(rejection),
            },
            (None, Some(proofs)) => {
                let kinds = proofs.iter().map(|proof| {
                    Ok(check(proof)?
                        .err()
                        .map(|rejection| rejection.kind().as_str()))
                });
                let kinds = kinds.collect::<Result<Vec<_>, Failure>>()?;
                accepted(&json!({ "kinds": kinds }))
            }
            _ => return Err(Failure::Input(Fault::of(Fault::CONFLICT, "proof"))),
        })
    }

    fn dpop(&self, now: UnixTime) -> Result<Dpop, Failure> {
        let mut urls = self.public_url.urls()?.into_iter();
        let first = urls.next().ok_or(fault("public_url"))?;
        let mut builder = urls.fold(Dpop::at(first), bearergate::binding::DpopBuilder::or_at);
        builder = builder
            .replays(ReplayTable::new(1_024)?)
            .clock(FakeClock::at(now));
        if let Some((past, future)) = self.window {
            builder = builder.window(Duration::from_secs(past), Duration::from_secs(future));
        }
        if let Some(names) = &self.algorithms {
            let all = names.iter().map(|name| Algorithm::from_name(name));
            let all: Option<Vec<_>> = all.collect();
            builder = builder.algorithms(all.ok_or(fault("algorithms"))?);
        }
        Ok(builder.build()?)
    }

    fn check(
        &self,
        binding: &Binding,
        confirmation: Confirmation,
        proof: &str,
        now: UnixTime,
    ) -> Result<Result<(), Rejection>, Failure> {
        let method: Method = self.method.parse().map_err(|_| fault("method"))?;
        let uri: Uri = self.url.parse().map_err(|_| fault("url"))?;
        let Ok(proof) = HeaderValue::from_bytes(proof.as_bytes()) else {
            return Ok(Err(RejectionKind::ProofInvalid.into()));
        };
        let mut headers = HeaderMap::new();
        headers.insert("dpop", proof);
        let Ok(authorization) = HeaderValue::from_str(&format!("DPoP {}", self.token)) else {
            return Ok(Err(RejectionKind::CredentialMalformed.into()));
        };
        headers.insert(http::header::AUTHORIZATION, authorization);
        let facts = RequestFacts::new(&method, &uri, &headers);
        let sources = Sources::builder().dpop().build()?;
        let presented = match sources.extract(&facts) {
            Ok(presented) => presented.at(now),
            Err(rejection) => return Ok(Err(rejection)),
        };
        let proven = binding.prove(&confirmation, &presented).try_now();
        Ok(match proven {
            Ok(proven) => proven.map(|_| ()),
            Err(_) => Err(RejectionKind::Unavailable.into()),
        })
    }
}

fn thumbprint(text: &str) -> Option<[u8; 32]> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "id and validator are read before")]
struct HtuLine {
    id: Value,
    validator: Value,
    a: String,
    b: String,
}

impl HtuLine {
    fn answer(self) -> Verdict {
        match TargetUri::new(self.b).fits(&self.a) {
            true => accepted(&json!({})),
            false => rejected(RejectionKind::ProofInvalid),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "id and validator are read before")]
struct CertificateLine {
    id: Value,
    validator: Value,
    form: String,
    values: Vec<String>,
    peer: IpAddr,
    trusted: Vec<String>,
}

impl CertificateLine {
    fn answer(self) -> Result<Verdict, Failure> {
        let form: CertificateHeader = self.form.parse()?;
        let (method, uri, mut headers) = (Method::GET, Uri::from_static("/"), HeaderMap::new());
        let forwarded = |peers| ForwardedCertificates::from(form.clone(), peers);
        let forwarded = match self.trusted.is_empty() {
            true => return Ok(thumbprint_answer(None)),
            false => forwarded(TrustedPeers::networks(&self.trusted)?),
        };
        for value in &self.values {
            let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
                return Ok(rejected(RejectionKind::CredentialMalformed));
            };
            headers.append(forwarded.header().clone(), value);
        }
        let facts = RequestFacts::new(&method, &uri, &headers).with_peer((self.peer, 443).into());
        Ok(match forwarded.read(&facts) {
            Ok(certificate) => thumbprint_answer(certificate.map(|own| *own.sha256())),
            Err(rejection) => Verdict::Refuse(rejection),
        })
    }
}

fn thumbprint_answer(sha256: Option<[u8; 32]>) -> Verdict {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let text = sha256.map(|own| URL_SAFE_NO_PAD.encode(own));
    accepted(&json!({ "x5t#S256": text }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "id and validator are read before")]
struct MessageLine {
    id: Value,
    validator: Value,
    text: String,
    public_url: String,
    jwks: Value,
    now: Option<u64>,
    tag: Option<String>,
    cover: Option<Vec<String>>,
    max_age: Option<u64>,
}

impl MessageLine {
    fn answer(self, now: Option<UnixTime>) -> Result<Verdict, Failure> {
        let now = self
            .now
            .map(UnixTime::from_secs)
            .or(now)
            .ok_or(fault("now"))?;
        let keys = FixedMessageKeys::new(&self.keys()?)?;
        let url = ExternalUrl::parse(&self.public_url)?;
        let mut builder = MessageVerifier::tagged("any", url, keys).allow_unsigned_content();
        builder = match &self.tag {
            Some(tag) => builder.tag(tag.as_str()),
            None => builder.untagged(),
        };
        builder = builder.cover_nothing();
        for identifier in self.cover.iter().flatten() {
            builder = builder.cover(component(identifier)?);
        }
        builder = builder.max_age(Duration::from_secs(self.max_age.unwrap_or(60)));
        let verifier = builder.build()?;
        let message = Message::parse(&self.text).ok_or(fault("text"))?;
        let facts = RequestFacts::new(&message.method, &message.uri, &message.headers);
        let facts = facts.with_content(Content::Whole(message.content.as_bytes()));
        let verified = verifier.verify(facts, None, now).try_now();
        Ok(match verified {
            Ok(Ok(signed)) => {
                accepted(&json!({ "keyid": signed.keyid(), "label": signed.label() }))
            }
            Ok(Err(rejection)) => Verdict::Refuse(rejection),
            Err(_) => rejected(RejectionKind::Unavailable),
        })
    }

    /// Reads the keys; a shared secret is one of them here.
    fn keys(&self) -> Result<KeySet, Failure> {
        let all = self
            .jwks
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(fault("jwks"))?;
        let keys = all
            .iter()
            .map(|jwk| bearergate::key::Key::from_jwk(jwk.to_string()));
        Ok(KeySet::new(keys.collect::<Result<Vec<_>, _>>()?)?)
    }
}

/// Reads an identifier with or without the quotes of its name.
fn component(identifier: &str) -> Result<Component, ConfigError> {
    if identifier.starts_with('"') {
        return Component::parse(identifier);
    }
    let (name, parameters) = identifier.split_at(identifier.find(';').unwrap_or(identifier.len()));
    Component::parse(&format!("\"{name}\"{parameters}"))
}

/// A request as text.
struct Message<'t> {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    content: &'t str,
}

impl<'t> Message<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let mut rest = text;
        let mut line = || {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            Some(line.strip_suffix('\r').unwrap_or(line))
        };
        let first: Vec<&str> = line()?.split(' ').collect();
        let [method, target, _version] = first.as_slice() else {
            return None;
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            let field = line()?;
            if field.is_empty() {
                break;
            }
            if field.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut()?;
                value.push(' ');
                value.push_str(field.trim());
                continue;
            }
            let (name, value) = field.split_once(':')?;
            fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(&value).ok()?);
        }
        Some(Self {
            method: method.parse().ok()?,
            uri: target.parse().ok()?,
            headers,
            content: rest,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "jwe",
    expect(dead_code, reason = "id and validator are read before")
)]
#[cfg_attr(
    not(feature = "jwe"),
    expect(dead_code, reason = "nothing is decrypted without the feature")
)]
struct JweLine {
    id: Value,
    validator: Value,
    token: String,
    jwk: Option<Value>,
    jwks: Option<Value>,
}

impl JweLine {
    #[cfg(not(feature = "jwe"))]
    fn answer(self) -> Verdict {
        rejected(RejectionKind::TokenEncrypted)
    }

    #[cfg(feature = "jwe")]
    fn answer(self) -> Verdict {
        use bearergate::jwe::{DecryptionKey, DecryptionKeys};

        let Some((algorithm, kid)) = named(&self.token) else {
            return rejected(RejectionKind::AlgorithmNotAllowed);
        };
        let one = self.jwk.into_iter();
        let set = self.jwks.iter().filter_map(|set| set["keys"].as_array());
        let all: Vec<Value> = one.chain(set.flatten().cloned()).collect();
        // A key for another algorithm or id is not one for this token.
        let import = |jwk: &Value| DecryptionKey::from_jwk_for(jwk.to_string(), algorithm).ok();
        let fits = |key: &DecryptionKey| match (key.kid(), &kid) {
            (Some(own), Some(kid)) => own == kid,
            _ => true,
        };
        let mut keys: Vec<_> = all.iter().filter_map(import).filter(fits).collect();
        let key = match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => key,
            (None, _) => return rejected(RejectionKind::KeyNotFound),
            (Some(_), false) => return rejected(RejectionKind::KeyAmbiguous),
        };
        let Ok(keys) = DecryptionKeys::of([key]) else {
            return rejected(RejectionKind::KeyNotFound);
        };
        match keys.decrypt(&self.token).try_now() {
            Ok(Ok(decrypted)) => {
                let hash = ring::digest::digest(&ring::digest::SHA256, decrypted.plaintext());
                let hex = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
                accepted(&json!({ "plaintext_sha256": hex.collect::<String>() }))
            }
            Ok(Err(rejection)) => Verdict::Refuse(rejection),
            Err(_) => rejected(RejectionKind::Unavailable),
        }
    }
}

/// Returns the algorithm and the key that a token names.
#[cfg(feature = "jwe")]
fn named(token: &str) -> Option<(bearergate::jwe::KeyManagement, Option<String>)> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let kid = header.get("kid").and_then(Value::as_str);
    let algorithm = bearergate::jwe::KeyManagement::from_name(header.get("alg")?.as_str()?)?;
    Some((algorithm, kid.map(str::to_owned)))
}

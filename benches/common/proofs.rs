//! Proofs and signed requests to measure with.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::binding::{Binding, Dpop};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::key::{Key, KeySet};
use bearergate::message::{FixedMessageKeys, MessageVerifier};
use bearergate::nonce::Nonces;
use bearergate::principal::Confirmation;
use bearergate::request::{Content, ExternalUrl, RequestFacts};
use bearergate::validator::SenderConstraint;
use http::request::Parts;
use http::{HeaderValue, Request};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, UnparsedPublicKey, VerificationAlgorithm,
};

/// When everything is checked.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const API: &str = "https://api.example.com";
const TOKEN: &str = concat!(
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEifQ.",
    "eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6ImF1dGgwfDVmN2M4ZWM3YzMzYzZjMDA0YmJhZmU4MiIs",
    "ImF1ZCI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tIiwiZXhwIjoxODAwMDAwNjAwLCJjbmYiOnsiamt0IjoiLi4uIn19.c2ln",
);

enum Signer {
    Ecdsa(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl Signer {
    fn new(algorithm: &str) -> Self {
        let random = SystemRandom::new();
        match algorithm {
            "ES256" => {
                let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(signing, &random).expect("random");
                let pair = EcdsaKeyPair::from_pkcs8(signing, der.as_ref(), &random);
                Self::Ecdsa(pair.expect("a key"))
            }
            _ => {
                let der = Ed25519KeyPair::generate_pkcs8(&random).expect("random");
                Self::Edwards(Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"))
            }
        }
    }

    fn public(&self) -> &[u8] {
        match self {
            Self::Ecdsa(pair) => pair.public_key().as_ref(),
            Self::Edwards(pair) => pair.public_key().as_ref(),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                signature.expect("random").as_ref().to_vec()
            }
            Self::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The members of the key, in alphabetical order.
    fn jwk(&self) -> String {
        let point = self.public();
        match self {
            Self::Ecdsa(_) => {
                // An uncompressed point: the byte 4, then both coordinates.
                let (x, y) = point.split_at(33);
                let (x, y) = (encode(x.split_at(1).1), encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Edwards(_) => {
                let x = encode(point);
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
            }
        }
    }

    fn raw(&self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ecdsa(_) => &ECDSA_P256_SHA256_FIXED,
            Self::Edwards(_) => &ED25519,
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// What says that a proof is fresh.
#[derive(Clone, Copy)]
pub(crate) enum Freshness {
    IssuedAt,
    Nonce,
}

/// A proof and its key.
pub(crate) struct Proof {
    signer: Signer,
    algorithm: String,
    nonces: Nonces,
    text: String,
    pub(crate) request: Parts,
}

impl Proof {
    pub(crate) fn new(algorithm: &str) -> Self {
        let mut proof = Self {
            signer: Signer::new(algorithm),
            algorithm: algorithm.to_owned(),
            nonces: Nonces::of_this_process().expect("random"),
            text: String::new(),
            request: parts(""),
        };
        proof.text = proof.sign(&proof.signer, "/orders/7");
        proof.request = parts(&proof.text);
        proof
    }

    fn sign(&self, signer: &Signer, path: &str) -> String {
        let nonce = self
            .binding(Freshness::Nonce)
            .nonce(NOW)
            .expect("nonces are on");
        let nonce = nonce.to_str().expect("it is ASCII");
        let header = format!(
            r#"{{"typ":"dpop+jwt","alg":"{}","jwk":{}}}"#,
            self.algorithm,
            signer.jwk()
        );
        let claims = format!(
            r#"{{"jti":"3b241101e2bb42558caf4136c566a962","htm":"GET","htu":"{API}{path}","iat":{},"ath":"{}","nonce":"{nonce}"}}"#,
            NOW.as_secs(),
            encode(&sha256(TOKEN.as_bytes()))
        );
        let signed = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = encode(&signer.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    pub(crate) fn of_another_key(&self) -> Parts {
        parts(&self.sign(&Signer::new(&self.algorithm), "/orders/7"))
    }

    pub(crate) fn of_another_path(&self) -> Parts {
        parts(&self.sign(&self.signer, "/orders/8"))
    }

    fn binding(&self, freshness: Freshness) -> Binding {
        let url = ExternalUrl::parse(API).expect("an address");
        let dpop = Dpop::at(url).allow_replay().clock(FakeClock::at(NOW));
        let dpop = match freshness {
            Freshness::IssuedAt => dpop,
            Freshness::Nonce => dpop.nonces(self.nonces.clone()),
        };
        Binding::dpop(dpop.build().expect("a check")).build()
    }

    pub(crate) fn check(&self, freshness: Freshness) -> Check {
        Check {
            binding: self.binding(freshness),
            confirmation: Confirmation::to_key(sha256(self.signer.jwk().as_bytes())),
            sources: Sources::builder().dpop().build().expect("places"),
        }
    }

    /// Verifies the signature and nothing else.
    pub(crate) fn verify_raw(&self) {
        let (signed, signature) = self.text.rsplit_once('.').expect("a compact text");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let key = UnparsedPublicKey::new(self.signer.raw(), self.signer.public());
        key.verify(black_box(signed.as_bytes()), black_box(&signature))
            .expect("a valid signature");
    }
}

/// The check of the proofs of one key.
pub(crate) struct Check {
    binding: Binding,
    confirmation: Confirmation,
    sources: Sources,
}

impl Check {
    pub(crate) fn accepts(&self, request: &Parts) -> bool {
        let facts = RequestFacts::from(black_box(request));
        let presented = self.presented(&facts);
        let checked = self.binding.check(&self.confirmation, &presented).try_now();
        black_box(checked.expect("ready")).is_ok()
    }

    fn presented<'r>(&'r self, facts: &'r RequestFacts<'r>) -> PresentedCredential<'r> {
        self.sources.extract(facts).expect("a credential").at(NOW)
    }
}

/// The parts of a request with a proof, which are made once for each proof.
fn parts(proof: &str) -> Parts {
    let request = Request::get("/orders/7").header("authorization", format!("DPoP {TOKEN}"));
    let request = request.header(
        "dpop",
        HeaderValue::from_str(proof).expect("a header value"),
    );
    request.body(()).expect("a request").into_parts().0
}

/// A request that is signed as the FAPI profile wants it, with a token of 1.3 kB.
pub(crate) struct SignedRequest {
    signer: Signer,
    verifier: MessageVerifier,
    parts: Parts,
    base: String,
    signature: Vec<u8>,
}

const BODY: &[u8] = br#"{"amount":"12.50","currency":"EUR","to":"DE89370400440532013000"}"#;

impl SignedRequest {
    pub(crate) fn new() -> Self {
        let signer = Signer::new("ES256");
        let jwk = signer
            .jwk()
            .replacen('{', r#"{"kid":"client-1","alg":"ES256","#, 1);
        let key = Key::from_jwk(jwk).expect("a key");
        let keys = FixedMessageKeys::new(&KeySet::from(key)).expect("a key set");
        let url = ExternalUrl::parse(API).expect("an address");
        let verifier = MessageVerifier::fapi2(url, keys).allow_replay().build();
        let token = format!("Bearer {}", TOKEN.repeat(4));
        let hash = STANDARD.encode(sha256(BODY));
        let digest = format!("sha-256=:{hash}:");
        let created = NOW.as_secs();
        let list = format!(
            r#"("@method" "@target-uri" "authorization" "content-digest");created={created};keyid="client-1";tag="fapi-2-request""#
        );
        let base = format!(
            "\"@method\": POST\n\"@target-uri\": {API}/payments?dry=1\n\"authorization\": {token}\n\
             \"content-digest\": {digest}\n\"@signature-params\": {list}"
        );
        let signature = signer.sign(base.as_bytes());
        let request = Request::post("/payments?dry=1")
            .header("authorization", token)
            .header("content-digest", digest)
            .header("signature-input", format!("sig1={list}"))
            .header(
                "signature",
                format!("sig1=:{}:", STANDARD.encode(&signature)),
            );
        Self {
            signer,
            verifier: verifier.expect("a verifier"),
            parts: request.body(()).expect("a request").into_parts().0,
            base,
            signature,
        }
    }

    /// Verifies the signature and nothing else.
    pub(crate) fn verify_raw(&self) {
        let key = UnparsedPublicKey::new(self.signer.raw(), self.signer.public());
        key.verify(black_box(self.base.as_bytes()), black_box(&self.signature))
            .expect("a valid signature");
    }

    pub(crate) fn is_accepted(&self) -> bool {
        let facts = RequestFacts::from(&self.parts).with_content(Content::Whole(BODY));
        let verified = self.verifier.verify(facts, None, NOW).try_now();
        black_box(verified.expect("ready")).is_ok()
    }
}

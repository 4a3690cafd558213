//! The group of signed requests (RFC 9421).

mod httpsig;
mod ours;

use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::Alg;
use crate::jwt::Key;
use crate::jwt::PublicKey;
use crate::jwt::mint;
use crate::jwt::mint::Signer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use ring::digest;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Where clients reach the service.
const API: &str = "https://api.example.com";

/// The target of the request.
const TARGET: &str = "/payments?dry=1";

/// The content of the request.
const BODY: &[u8] = br#"{"amount":"12.50","currency":"EUR","to":"DE89370400440532013000"}"#;

/// The tag of the profile.
const TAG: &str = "fapi-2-request";

/// The id of the key.
const KEY_ID: &str = "client-1";

/// A request of one probe.
struct Signed {
    parts: Parts,
    /// What was signed, and the signature, for the raw checks.
    base: Vec<u8>,
    signature: Vec<u8>,
}

/// A key, and the request of every probe.
struct Messages {
    key: PublicKey,
    requests: Vec<Signed>,
    now: u64,
}

/// Creates the cases.
///
/// # Errors
///
/// Fails if a key is refused.
pub fn cases() -> Result<Vec<Case>> {
    Ok(vec![
        raw(Messages::new()?, Provider::Ring),
        raw(Messages::new()?, Provider::AwsLcRs),
        ours::case(Messages::new()?, Provider::Ring)?,
        ours::case(Messages::new()?, Provider::AwsLcRs)?,
        httpsig::case(Messages::new()?)?,
    ])
}

impl Messages {
    fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let (signer, key) = mint::key(Alg::Es256)?;
        let (other, _) = mint::key(Alg::Es256)?;
        let Key::Public(key) = key else {
            return Err("a signed request has a public key".into());
        };
        let requests = Probe::ALL.into_iter().map(|probe| match probe {
            Probe::OtherIssuer => request(now, probe, &other),
            own => request(now, own, &signer),
        });
        Ok(Self {
            requests: requests.collect::<Result<_>>()?,
            key,
            now,
        })
    }
}

fn request(now: u64, probe: Probe, signer: &Signer) -> Result<Signed> {
    let created = match probe {
        Probe::Early => now + 3_600,
        Probe::Expired => now - 3_600,
        _ => now,
    };
    let target = if probe == Probe::OtherAudience {
        "/payments"
    } else {
        TARGET
    };
    let token = format!("Bearer {}", "eyJhbGciOiJFUzI1NiJ9".repeat(60));
    let hash = digest::digest(&digest::SHA256, BODY);
    let digest = format!("sha-256=:{}:", STANDARD.encode(hash));
    let list = format!(
        r#"("@method" "@target-uri" "authorization" "content-digest");created={created};keyid="{KEY_ID}";tag="{TAG}""#
    );
    let base = |method: &str| {
        format!(
            "\"@method\": {method}\n\"@target-uri\": {API}{target}\n\"authorization\": {token}\n\
             \"content-digest\": {digest}\n\"@signature-params\": {list}"
        )
    };
    let mut signature = signer(base("POST").as_bytes())?;
    if probe == Probe::BadSignature {
        signature[20] ^= 1;
    }
    let method = if probe == Probe::BadPayload {
        "PUT"
    } else {
        "POST"
    };
    let request = http::Request::builder()
        .method(method)
        .uri(TARGET)
        .header("authorization", &token)
        .header("content-digest", &digest)
        .header("signature-input", format!("sig1={list}"))
        .header(
            "signature",
            format!("sig1=:{}:", STANDARD.encode(&signature)),
        );
    Ok(Signed {
        parts: request.body(())?.into_parts().0,
        base: base(method).into_bytes(),
        signature,
    })
}

/// The signature check alone; the base is made in advance.
fn raw(messages: Messages, provider: Provider) -> Case {
    let name = provider.raw().expect("both providers have a raw check");
    let check: Check = match provider {
        Provider::AwsLcRs => {
            use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
            let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &messages.key.bytes);
            let key = key.expect("the key is a point of the curve");
            Box::new(move |probe| {
                let signed = &messages.requests[probe as usize];
                key.verify_sig(&signed.base, &signed.signature).is_ok()
            })
        }
        _ => {
            use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, messages.key.bytes);
            Box::new(move |probe| {
                let signed = &messages.requests[probe as usize];
                key.verify(&signed.base, &signed.signature).is_ok()
            })
        }
    };
    Case::new(name, provider, check).refusing(Probe::BADLY_SIGNED)
}

//! `httpsig` 0.0.26 (RustCrypto), which takes the headers and the lines of the base as text.
//!
//! What has to be covered, the time and the digest of the body are checked by the caller, as its
//! documentation asks for.

use super::API;
use super::BODY;
use super::Messages;
use super::TAG;
use crate::case::Case;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use ::httpsig::prelude::message_component::HttpMessageComponent;
use ::httpsig::prelude::{AlgorithmName, HttpSignatureBase, HttpSignatureHeaders, PublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use ring::digest;
use std::hint::black_box;

/// What has to be covered.
const COVERED: [&str; 4] = [
    "\"@method\"",
    "\"@target-uri\"",
    "\"authorization\"",
    "\"content-digest\"",
];

/// Creates the case.
///
/// # Errors
///
/// Fails if the key is refused.
pub fn case(messages: Messages) -> Result<Case> {
    let key = PublicKey::from_bytes(&AlgorithmName::EcdsaP256Sha256, &messages.key.bytes);
    let key = key.during("httpsig")?;
    let check = move |probe| {
        let parts = black_box(&messages.requests[probe as usize].parts);
        black_box(verify(parts, &key, messages.now)).is_some()
    };
    let name = "httpsig 0.0.26 rust-crypto";
    Ok(Case::new(name, Provider::RustCrypto, Box::new(check)))
}

fn verify(parts: &Parts, key: &PublicKey, now: u64) -> Option<()> {
    let text = |name: &str| parts.headers.get(name)?.to_str().ok();
    let all = HttpSignatureHeaders::try_parse(text("signature")?, text("signature-input")?).ok()?;
    let mut tagged = all
        .values()
        .filter(|own| own.signature_params().tag.as_deref() == Some(TAG));
    let (own, None) = (tagged.next()?, tagged.next()) else {
        return None;
    };
    let params = own.signature_params();
    let created = params.created?;
    let is_recent = created <= now + 30 && now <= created + 60;
    let covered: Vec<String> = params
        .covered_components
        .iter()
        .map(ToString::to_string)
        .collect();
    if !is_recent
        || !COVERED
            .iter()
            .all(|name| covered.iter().any(|own| own == name))
    {
        return None;
    }
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, BODY));
    if text("content-digest")? != format!("sha-256=:{hash}:") {
        return None;
    }
    let lines = covered.iter().map(|name| {
        let value = match &**name {
            "\"@method\"" => parts.method.as_str().to_owned(),
            "\"@target-uri\"" => format!("{API}{}", parts.uri),
            field => text(field.trim_matches('"'))?.to_owned(),
        };
        HttpMessageComponent::try_from(&*format!("{name}: {value}")).ok()
    });
    let lines: Vec<_> = lines.collect::<Option<_>>()?;
    let base = HttpSignatureBase::try_new(&lines, params).ok()?;
    base.verify_signature_headers(key, own).ok()
}

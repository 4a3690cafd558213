//! The cases of bearergate.

use super::API;
use super::BODY;
use super::KEY_ID;
use super::Messages;
use crate::case::Case;
use crate::case::Provider;
use crate::error::Result;
use bearergate::clock::UnixTime;
use bearergate::key::{KeyImporter, KeySet};
use bearergate::message::{FixedMessageKeys, MessageVerifier};
use bearergate::request::{Content, ExternalUrl, RequestFacts};
use std::hint::black_box;

/// Creates the case of one provider.
///
/// # Errors
///
/// Fails if the verifier cannot be built.
pub fn case(messages: Messages, provider: Provider) -> Result<Case> {
    let import = KeyImporter::on(match provider {
        Provider::AwsLcRs => bearergate::crypto::Provider::aws_lc_rs(),
        _ => bearergate::crypto::Provider::ring(),
    });
    let mut jwk = messages.key.jwk.clone();
    jwk["kid"] = KEY_ID.into();
    let keys: KeySet = import.jwks(serde_json::json!({ "keys": [jwk] }).to_string())?;
    let verifier = MessageVerifier::fapi2(ExternalUrl::parse(API)?, FixedMessageKeys::new(&keys)?)
        .allow_replay()
        .build()?;
    let now = UnixTime::from_secs(messages.now);
    let check = move |probe| {
        let parts = black_box(&messages.requests[probe as usize].parts);
        let facts = RequestFacts::from(parts).with_content(Content::Whole(BODY));
        match verifier.verify(facts, None, now).try_now() {
            Ok(verified) => black_box(verified).is_ok(),
            Err(_) => false,
        }
    };
    Ok(Case::new(provider.ours(), provider, Box::new(check)))
}

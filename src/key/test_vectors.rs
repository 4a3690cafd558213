//! Third-party vectors for keys and signatures: Wycheproof's `json_web_key`, and tokens from the
//! test suites of other libraries.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::import::KeyImporter;
use super::set::KeySet;
use super::verification_key::{Key, KeyData};
use crate::credential::base64url;
use crate::crypto::{Algorithm, Material, Provider};
use crate::error::{ConfigErrorKind, RejectionKind};

/// Labelled valid, but their JWK Sets hold symmetric keys, which are never imported from a set.
/// Imported one by one, the same keys verify these tokens.
const SYMMETRIC_SETS: [u64; 4] = [2, 13, 14, 15];

#[test]
fn key_sets_give_the_labelled_result_except_symmetric_ones() {
    for_each_test(|provider, document, test| {
        let set = KeyImporter::on(provider).jwks(document.to_string());
        let accepted = set.is_ok_and(|set| is_accepted(&set, test));
        let is_exception = SYMMETRIC_SETS.contains(&id(test));
        assert_eq!(accepted, is_valid(test) && !is_exception, "{}", id(test));
    });
}

/// Both tests are about sets that are ambiguous upstream. Test 1 mixes a secret with a public key,
/// and each is good by itself. Test 4 has two secrets with one `kid`; the second is not base64url
/// (stray trailing bits), so only one is imported.
const ABOUT_SETS: [u64; 2] = [1, 4];

#[test]
fn keys_imported_one_by_one_give_the_labelled_result_except_two_about_sets() {
    for_each_test(|provider, document, test| {
        let import = KeyImporter::on(provider);
        let members = document["keys"].as_array().unwrap().iter();
        let keys = members.filter_map(|jwk| import.jwk(jwk.to_string()).ok());
        let accepted = KeySet::new(keys).is_ok_and(|set| is_accepted(&set, test));
        let is_exception = ABOUT_SETS.contains(&id(test));
        assert_eq!(accepted, is_valid(test) || is_exception, "{}", id(test));
    });
}

fn id(test: &Value) -> u64 {
    test["tcId"].as_u64().unwrap()
}

fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}

/// Picks the key by `alg` and `kid`, and verifies the signature; checks no claims.
fn is_accepted(set: &KeySet, test: &Value) -> bool {
    let token = test["jws"].as_str().unwrap();
    verify(set, token).is_ok()
}

fn verify(set: &KeySet, token: &str) -> Result<(), RejectionKind> {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    let algorithm = Algorithm::from_name(header["alg"].as_str().unwrap()).unwrap();
    let candidates = set.select(algorithm, header["kid"].as_str())?;
    let signature = base64url::decode(signature).unwrap();
    let key = candidates.verify(message.as_bytes(), &signature);
    key.map(|_| ()).ok_or(RejectionKind::SignatureInvalid)
}

fn for_each_test(check: impl Fn(Provider, &Value, &Value)) {
    let Some(suite) = suite() else {
        return;
    };
    let mut count = 0;
    for group in suite["testGroups"].as_array().unwrap() {
        let public = &group["public"];
        let document = if public.is_null() {
            &group["private"]
        } else {
            public
        };
        for test in group["tests"].as_array().unwrap() {
            count += 1;
            for provider in Provider::ALL {
                check(*provider, document, test);
            }
        }
    }
    assert_eq!(count, 26);
}

/// Calls `check` for each entry of the other libraries' suites whose algorithm this build supports.
fn for_each_peer_entry(check: impl Fn(&str, Algorithm, &Value)) {
    let Some(suites) = peer_suites() else {
        return;
    };
    for suite in suites {
        for entry in suite["entries"].as_array().unwrap() {
            let name = entry["header"]["alg"].as_str().unwrap_or_default();
            let known = Algorithm::from_name(name);
            let is_built =
                |known: &Algorithm| *known != Algorithm::Es512 || cfg!(feature = "aws-lc-rs");
            if let Some(algorithm) = known.filter(is_built) {
                check(entry["token"].as_str().unwrap(), algorithm, entry);
            }
        }
    }
}

fn has_flag(entry: &Value, flag: &str) -> bool {
    let mut flags = entry["flags"].as_array().unwrap().iter();
    flags.any(|each| each == flag)
}

/// Returns whether the signature is valid under the key. Text that is not base64url is not.
fn is_signed(key: &Key, algorithm: Algorithm, token: &str) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else {
        return false;
    };
    let signature = base64url::decode(signature);
    signature.is_some_and(|signature| key.verify(algorithm, message.as_bytes(), &signature))
}

#[test]
fn valid_signatures_of_other_suites_verify() {
    for_each_peer_entry(|token, algorithm, entry| {
        // A payload that was signed without base64url (RFC 7797) is another message.
        if entry["jws"] != "valid" || has_flag(entry, "B64False") {
            return;
        }
        for provider in Provider::ALL {
            let key = KeyImporter::on(*provider).jwk(entry["jwk"].to_string());
            let key = if has_flag(entry, "HmacKeyTooShort") {
                assert_eq!(key.unwrap_err().kind(), ConfigErrorKind::KeyWeak);
                weak_secret(*provider, algorithm, entry)
            } else {
                key.unwrap()
            };
            assert!(is_signed(&key, algorithm, token), "{entry}");
        }
    });
}

/// A secret that is too short, made without the checks.
fn weak_secret(provider: Provider, algorithm: Algorithm, entry: &Value) -> Key {
    let secret = base64url::decode(entry["jwk"]["k"].as_str().unwrap()).unwrap();
    let material = Material::Secret(secret.into());
    Key(Arc::new(KeyData {
        kind: "secret",
        algorithms: algorithm.into(),
        kid: None,
        is_member: false,
        id: super::id::identity(&material),
        verifier: provider.prepare(&material, algorithm.into()).unwrap(),
    }))
}

#[test]
fn invalid_signatures_of_other_suites_are_refused_under_every_key() {
    for_each_peer_entry(|token, algorithm, entry| {
        let is_refused = entry["jws"] == "invalid"
            || has_flag(entry, "PssSaltLengthNotHashLength")
            || has_flag(entry, "EcdsaBadLength");
        if !is_refused {
            return;
        }
        for provider in Provider::ALL {
            let import = KeyImporter::on(*provider);
            let members = entry["jwks"]["keys"].as_array().unwrap();
            for key in members
                .iter()
                .filter_map(|jwk| import.jwk(jwk.to_string()).ok())
            {
                assert!(!is_signed(&key, algorithm, token), "{entry}");
            }
        }
    });
}

/// Returns the suite. Where the vectors are absent outside CI it prints that and returns `None`.
fn suite() -> Option<Value> {
    let file = present(vectors().join("wycheproof/json_web_key_test.json"))?;
    Some(read(&file))
}

fn peer_suites() -> Option<Vec<Value>> {
    let folder = present(vectors().join("peers"))?;
    let files = std::fs::read_dir(folder).unwrap();
    Some(files.map(|file| read(&file.unwrap().path())).collect())
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn present(path: PathBuf) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no vectors");
    eprintln!("skipped: there are no vectors at {}", path.display());
    None
}

pub(crate) fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

pub(crate) fn vectors() -> PathBuf {
    std::env::var_os("BEARERGATE_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
        PathBuf::from,
    )
}

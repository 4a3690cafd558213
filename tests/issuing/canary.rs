//! Private keys and tokens are shown only by the functions that return them by name.
//!
//! Defect J01 (secret in a log, error or `Debug`): docs/defects.md

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::crypto::Algorithm;
use bearergate::issuer::{JwtIssuer, SigningKey, SigningKeys, TokenEndpoints};
use bearergate::secret::Secret;
use serde_json::Value;

use crate::common::*;

/// Every form in which a piece of these bytes could be shown.
fn forms(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for piece in secret.windows(12).step_by(7) {
        let list = |show: fn(&u8) -> String| piece.iter().map(show).collect::<Vec<_>>().join(", ");
        forms.push(list(|b| b.to_string()));
        forms.push(list(|b| format!("{b:x}")));
        forms.push(list(|b| format!("{b:#04x}")));
        forms.push(piece.iter().map(|b| format!("{b:02x}")).collect());
        forms.push(piece.iter().map(|b| format!("{b:02X}")).collect());
        // The bytes before it decide how base64 splits it: three ways.
        for shift in 0..3 {
            let shifted = [&b"  "[..shift], piece].concat();
            for encoded in [STANDARD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
                forms.push(encoded[4..15].to_owned());
            }
        }
    }
    forms
}

/// The part of a PKCS#8 key that is private: what follows the algorithm, up to the public half.
fn private_parts(keys: &SigningKeys) -> Vec<Vec<u8>> {
    let stored: Value = serde_json::from_slice(keys.to_secret().expose()).unwrap();
    let keys = stored["keys"].as_array().unwrap().iter();
    keys.map(|key| {
        let der = URL_SAFE_NO_PAD
            .decode(
                key.get("private")
                    .unwrap_or(&key["secret"])
                    .as_str()
                    .unwrap(),
            )
            .unwrap();
        match key["alg"].as_str().unwrap() {
            "EdDSA" => der[16..48].to_vec(),
            "ES256" => der[36..68].to_vec(),
            "ES384" => der[35..83].to_vec(),
            "HS256" => der,
            // After the modulus.
            _ => der[300..].to_vec(),
        }
    })
    .collect()
}

struct Watch(Vec<String>);

impl Watch {
    #[track_caller]
    fn text(&self, shown: &str) {
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for form in &self.0 {
            assert!(!flat.contains(form.as_str()), "{form} in: {shown}");
        }
    }

    #[track_caller]
    fn debug(&self, value: &dyn fmt::Debug) {
        self.text(&format!("{value:?} {value:#?} {value:x?}"));
    }

    #[track_caller]
    fn error(&self, error: &dyn std::error::Error) {
        self.debug(&error);
        self.text(&error.to_string());
        if let Some(source) = error.source() {
            self.error(source);
        }
    }
}

fn full_keys() -> SigningKeys {
    let keys = fast_rotating_keys(key(Algorithm::Es256));
    let keys = keys.schedule_next(quick_key(), NOW).unwrap();
    let keys = keys
        .schedule_next(key(Algorithm::Rs256), after(NOW, HOUR))
        .unwrap();
    let keys = keys
        .schedule_next(key(Algorithm::Es384), after(NOW, 2 * HOUR))
        .unwrap();
    let secret = *b"q8Zr2vWk7LxN4mTb9HsYc3PdF6gJ1eUo";
    let secret = SigningKey::hs256_verifiers_can_mint(secret.to_vec()).unwrap();
    keys.schedule_next(secret, after(NOW, 3 * HOUR)).unwrap()
}

#[test]
fn watch_finds_private_keys_in_every_form() {
    let keys = full_keys();
    let parts = private_parts(&keys);
    assert_eq!(parts.len(), 5);
    let watch = Watch(parts.iter().flat_map(|part| forms(part)).collect());
    let stored = String::from_utf8(keys.to_secret().expose().to_vec()).unwrap();
    let shown = [stored]
        .into_iter()
        .chain(parts.iter().map(|part| format!("{part:?}")))
        .chain(parts.iter().map(|part| format!("{part:#?}")))
        .chain(parts.iter().map(|part| format!("{part:x?}")))
        .chain(parts.iter().map(|part| STANDARD.encode(part)));
    for shown in shown {
        let found = std::panic::catch_unwind(|| watch.text(&shown));
        assert!(found.is_err(), "{shown}");
    }
    watch.text("canary");
}

#[test]
fn private_keys_are_not_shown() {
    let keys = full_keys();
    let watch = Watch(
        private_parts(&keys)
            .iter()
            .flat_map(|part| forms(part))
            .collect(),
    );
    let now = after(NOW, 3 * HOUR);
    watch.debug(&keys);
    watch.debug(&keys.to_secret());
    watch.debug(&keys.signing_key(now));
    watch.debug(&keys.next(now));
    watch.debug(&keys.keys(now).unwrap());
    watch.text(&keys.jwks(now));
    watch.debug(&SigningKeys::builder(
        keys.signing_key(now).unwrap().clone(),
    ));

    let builder = JwtIssuer::builder(NAME, keys.clone());
    watch.debug(&builder);
    let issuer = builder.build().unwrap();
    watch.debug(&issuer);
    watch.debug(&issuer.jwks());
    watch.text(issuer.jwks().body());
    watch.debug(&TokenEndpoints::new(issuer.clone()));

    let own = keys.signing_key(now).unwrap().clone();
    watch.error(&keys.schedule_next(own.clone(), now).unwrap_err());
    watch.error(&keys.revoke("x", own, now).unwrap_err());
    watch.error(&issuer.adopt(full_keys()).unwrap_err());
    watch.error(&JwtIssuer::builder("", keys).build().unwrap_err());
}

#[test]
fn rejected_stored_keys_are_not_shown() {
    let keys = full_keys();
    let watch = Watch(
        private_parts(&keys)
            .iter()
            .flat_map(|part| forms(part))
            .collect(),
    );
    let stored = String::from_utf8(keys.to_secret().expose().to_vec()).unwrap();
    let mut rejected = 0;
    for invalid in [
        format!("{stored}}}"),
        stored.replace("\"alg\":\"", "\"alg\":\"x"),
        stored.replace("\"private\":\"", "\"private\":\"A"),
        stored.replace("\"private\":", "\"private \":"),
        stored.replace("\"kid\":\"", "\"kid\":\"A"),
        stored.replace("ES256", "EdDSA"),
        stored.replace("\"revision\":", "\"more\":1,\"revision\":"),
        stored[..stored.len() / 2].to_owned(),
    ] {
        watch.error(&SigningKeys::from_secret(&Secret::from(invalid)).unwrap_err());
        rejected += 1;
    }
    assert_eq!(rejected, 8);
    let body: String = RSA.lines().filter(|line| !line.contains('-')).collect();
    let watch = Watch(forms(&STANDARD.decode(&body).unwrap()[300..]));
    for invalid in [
        RSA.replace("PRIVATE", "SECRET"),
        RSA.replace(
            "-----BEGIN PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA",
        ),
        RSA[30..].to_owned(),
        RSA.to_owned(),
    ] {
        watch.error(&SigningKey::from_pem(Algorithm::Es256, invalid).unwrap_err());
    }
}

#[test]
fn minted_tokens_are_not_shown() {
    let (issuer, _) = issuer(signing_keys());
    let token = issuer.mint(&claims().claim("pin", "s3cret")).unwrap();
    let signature = token.expose().rsplit('.').next().unwrap();
    let watch = Watch(vec![signature[..20].to_owned(), "s3cret".to_owned()]);
    watch.debug(&token);
    watch.debug(&claims().claim("pin", "s3cret"));
    watch.error(&issuer.mint(&claims().claim("iss", "s3cret")).unwrap_err());
    let endpoints = TokenEndpoints::new(issuer);
    let answer = introspect(&endpoints, &api(), token.expose());
    watch.debug(&answer);
    let answer = introspect(&endpoints, &api(), &token.expose()[1..]);
    watch.debug(&answer);
    watch.text(answer.body());
}

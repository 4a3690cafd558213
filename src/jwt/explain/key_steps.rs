//! The key of a token, and its signature.

use std::error::Error;

use super::case::{Case, Stage};
use super::wording::Wording;
use crate::crypto::Algorithms;
use crate::error::{Rejection, RejectionKind};
use crate::jwt::contrast::{Contrast, Shown};
use crate::jwt::issuer_rules::KeySource;

impl Case<'_> {
    fn key_contrast(&self) -> Option<Contrast> {
        let algorithm = self.algorithm()?;
        let kid = self.header_text("kid");
        let keys = self.known_keys()?;
        Some(Contrast::of_kid(kid.as_deref(), algorithm.as_str(), keys))
    }

    fn kid_text(&self) -> String {
        match self.header_text("kid") {
            Some(kid) => format!("`kid` {}", Shown(&kid)),
            None => "no `kid`".to_owned(),
        }
    }

    pub(super) fn key_passed(&self) -> Wording {
        self.key_contrast().map(Wording::from).unwrap_or_default()
    }

    pub(super) fn key_failed(&self, said: Option<&Contrast>, rejection: &Rejection) -> Wording {
        let is_clock = self.stage == Stage::Token && self.now.is_none();
        if is_clock && rejection.kind() == RejectionKind::Unavailable {
            return Wording::new("the current time", "a clock that has none")
                .hint("repair the clock; the token was not checked any further");
        }
        let contrast = said.cloned().or_else(|| self.key_contrast());
        if self.stage != Stage::Keys {
            let words = contrast.map(Wording::from).unwrap_or_default();
            return words.hint(self.key_hint(rejection.kind()));
        }
        let why = rejection.source().map(ToString::to_string);
        let why = why.unwrap_or_else(|| rejection.to_string());
        let found = format!("{}, and a key source that reports: {why}", self.kid_text());
        Wording::new("a key of the issuer for the token", found)
            .hint(self.key_hint(rejection.kind()))
    }

    fn key_hint(&self, kind: RejectionKind) -> &'static str {
        let is_fixed = self
            .rules
            .is_some_and(|rules| matches!(rules.keys, KeySource::Fixed(_)));
        match kind {
            RejectionKind::Unavailable => {
                "the keys could not be read; `Gate::doctor` examines where they come from"
            }
            RejectionKind::KeyAmbiguous => {
                "let the issuer send a `kid`; for local keys without one use `KeySet::rotating`"
            }
            _ if is_fixed => {
                "are these the keys of this issuer, of this environment? Fixed keys do not follow \
                 a rotation: fetch them with `FetchedKeys`"
            }
            _ => {
                "the token is of another environment, or its key was withdrawn; compare the `kid` \
                 with the issuer's published keys"
            }
        }
    }

    pub(super) fn signature_failed(&self) -> Wording {
        let algorithm = self.header_text("alg").unwrap_or_default();
        let expected = format!("a valid {} signature", Shown(&algorithm));
        let found = format!(
            "a signature that the key for {} did not make",
            self.kid_text()
        );
        let is_mac = self
            .algorithm()
            .is_some_and(|a| Algorithms::MAC.contains(a));
        Wording::new(expected, found).hint(match is_mac {
            true => {
                "the issuer has another secret, or the token was changed; a secret in base64url is \
                 imported with `Key::from_base64url_secret`"
            }
            false => {
                "the token was changed, or was signed with another key: are these the keys of this \
                 issuer, of this environment?"
            }
        })
    }
}

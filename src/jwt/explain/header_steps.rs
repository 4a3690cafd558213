//! The header of a token.

use super::case::Case;
use super::wording::Wording;
use crate::credential::without_application;
use crate::crypto::{Algorithm, Algorithms};
use crate::error::RejectionKind;
use crate::json::Value;
use crate::jwt::contrast::{Contrast, Shown, type_name};
use crate::limits;

impl Case<'_> {
    pub(super) fn header_passed(&self) -> Wording {
        let found = self.header_text("alg").unwrap_or_default();
        Contrast::of_algorithm(&found, self.algorithms()).into()
    }

    pub(super) fn header_failed(&self, kind: RejectionKind) -> Wording {
        if kind != RejectionKind::AlgorithmNotAllowed {
            return self.unsupported();
        }
        let found = self.header_text("alg").unwrap_or_default();
        let words = Wording::from(Contrast::of_algorithm(&found, self.algorithms()));
        words.hint(self.algorithm_hint(&found))
    }

    fn algorithm_hint(&self, found: &str) -> &'static str {
        if found.eq_ignore_ascii_case("none") {
            return "the token is not signed; no option accepts such a token";
        }
        let Some(algorithm) = Algorithm::from_name(found) else {
            return "the crate does not know this algorithm; let the issuer sign with another one";
        };
        let keys = self.known_keys();
        if keys.is_some_and(|keys| keys.algorithms().contains(algorithm)) {
            return "a key can serve it, and `algorithms` excludes it: name it there";
        }
        let is_mac = Algorithms::MAC.contains(algorithm);
        match is_mac {
            true => {
                "the token is signed with a shared secret, and the issuer's keys are others: \
                     let the issuer sign with its private key, or give its secret as key"
            }
            false => {
                "none of the issuer's keys serves it: are these the keys of this issuer? \
                      Give its current key set"
            }
        }
    }

    /// Says which member is at fault, in the order of the checks.
    fn unsupported(&self) -> Wording {
        for name in ["crit", "b64", "enc"] {
            if self.header(name).is_some() {
                let expected = "no `crit`, `b64` or `enc`";
                return Wording::new(expected, format!("`{name}`")).hint(NO_OPTION);
            }
        }
        for name in ["kid", "typ", "cty", "alg"] {
            if let Some(words) = self.header(name).and_then(|value| unfit(name, value)) {
                return words.hint(NO_OPTION);
            }
        }
        Wording::new("an `alg`", "`alg` is absent").hint(NO_OPTION)
    }
}

/// Says what is wrong with a member that must be a string.
fn unfit(name: &str, value: Value<'_>) -> Option<Wording> {
    let Some(text) = value.as_str() else {
        let found = format!("`{name}`: {}", type_name(value));
        return Some(Wording::new(format!("`{name}`: string"), found));
    };
    let is_nested = without_application(&text).eq_ignore_ascii_case("JWT");
    match name {
        "kid" if text.len() > limits::KEY_ID_BYTES => Some(Wording::new(
            format!("a `kid` of at most {} bytes", limits::KEY_ID_BYTES),
            format!("a `kid` of {} bytes", text.len()),
        )),
        "cty" if is_nested => Some(Wording::new(
            "a token that holds no other token",
            format!("`cty` {}: a nested JWT", Shown("JWT")),
        )),
        _ => None,
    }
}

const NO_OPTION: &str = "no option accepts such a header; let the issuer send another one";

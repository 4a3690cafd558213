//! A token with all that its explanation is made from.

use std::borrow::Cow;

use crate::clock::UnixTime;
use crate::credential::without_application;
use crate::credential::{Unverified, base64url};
use crate::crypto::{Algorithm, Algorithms};
use crate::diagnosis::{Explanation, Step};
use crate::error::Rejection;
use crate::json::{Document, TextRange, Value};
use crate::jwt::claim_name::{ClaimName, Slots};
use crate::jwt::claims::RegisteredClaims;
use crate::jwt::compact;
use crate::jwt::explain::step_name::StepName;
use crate::jwt::header::Typ;
use crate::jwt::issuer_rules::{IssuerRules, KeySource};
use crate::jwt::issuers::IssuerTable;
use crate::jwt::verified_token::VerifiedToken;
use crate::key::KeySet;

/// How far a validation has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    Parse,
    Issuer,
    Keys,
    Token,
}

/// A token, what it is validated with, and its parts as far as they can be read.
pub(super) struct Case<'c> {
    pub(super) token: &'c str,
    pub(super) stage: Stage,
    pub(super) max_token_bytes: usize,
    pub(super) max_header_bytes: usize,
    pub(super) issuers: &'c IssuerTable,
    pub(super) has_constraint: bool,
    pub(super) now: Option<UnixTime>,
    /// The rules of the issuer that the token names.
    pub(super) rules: Option<&'c IssuerRules>,
    pub(super) keys: Option<&'c KeySet>,
    pub(super) parts: Parts,
}

/// The decoded header and claims, each only if it is a strict object.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) header: Option<Document>,
    pub(super) claims: Option<Document>,
}

impl Parts {
    /// Reads a token that is not longer than allowed.
    pub(super) fn read(token: &str) -> Self {
        let Ok((header, claims, _)) = compact::split(token) else {
            return Self::default();
        };
        let document = |part: &[u8]| Document::parse(&base64url::decode(part)?).ok();
        Self {
            header: document(header),
            claims: document(claims),
        }
    }
}

impl<'c> Case<'c> {
    /// Explains a result. `failed` is the step of the rejection.
    pub(super) fn explain(
        &self,
        result: Result<(), Rejection>,
        failed: Option<StepName>,
    ) -> Explanation {
        let steps = StepName::ALL.into_iter().map(|name| {
            let word = name.as_str();
            let (step, wording) = match (&result, failed) {
                (Err(rejection), Some(failed)) if failed == name => {
                    (Step::failed(word), Some(self.failed(name, rejection)))
                }
                (Err(_), Some(failed)) if failed < name => (Step::skipped(word), None),
                _ => match self.passed(name) {
                    Some(wording) => (Step::ok(word), Some(wording)),
                    None => (Step::skipped(word), self.skipped(name)),
                },
            };
            match wording {
                Some(wording) => wording.into_step(step),
                None => step,
            }
        });
        let steps = steps.collect();
        let explanation = match result {
            Ok(()) => Explanation::accepted(steps),
            Err(rejection) => Explanation::rejected(rejection, steps),
        };
        // Its sender may have written a segment of the token into a member that is shown.
        explanation.without(self.token)
    }

    /// Returns the rules of the issuer that the token names, even if it was not read that far.
    pub(super) fn find_rules(issuers: &'c IssuerTable, parts: &Parts) -> Option<&'c IssuerRules> {
        issuers.any().or_else(|| {
            let claims = parts.claims.as_ref()?;
            issuers.find(Unverified::new(claims.get("iss")?), claims.escapes())
        })
    }

    /// Returns a member of the header.
    pub(super) fn header(&self, name: &str) -> Option<Value<'_>> {
        self.parts.header.as_ref()?.get(name)
    }

    /// Returns a member of the header if it is a string.
    pub(super) fn header_text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.header(name)?.as_str()
    }

    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(&self.header_text("alg")?)
    }

    /// Returns a claim as it is in the token.
    pub(super) fn claim(&self, name: &str) -> Option<Value<'_>> {
        self.parts.claims.as_ref()?.get(name)
    }

    /// Returns a claim if it is a string.
    pub(super) fn claim_text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.claim(name)?.as_str()
    }

    /// Calls `read` with the claims, if they are well-formed.
    pub(super) fn with_claims<T>(
        &self,
        read: impl FnOnce(&VerifiedToken<'_, '_>) -> T,
    ) -> Option<T> {
        let (document, rules) = (self.parts.claims.as_ref()?, self.rules?);
        let mut slots = Slots::in_document(document);
        rules.absent.remove(document, &mut slots);
        let empty = rules.audiences.if_empty();
        let claims = RegisteredClaims::read(document, &slots, empty).ok()?;
        Some(read(&VerifiedToken {
            claims: &claims,
            header: TextRange::default(),
            typ: self.typ(),
            now: self.now.unwrap_or(UnixTime::from_secs(0)),
        }))
    }

    /// Returns true if the token has the claim and it does not count as absent.
    pub(super) fn has(&self, name: ClaimName) -> bool {
        let has = self.with_claims(|token| token.claims.has(name));
        has.unwrap_or_else(|| self.claim(name.as_str()).is_some())
    }

    fn typ(&self) -> Typ {
        let Some(typ) = self.header_text("typ") else {
            return Typ::Absent;
        };
        let known = Typ::known(without_application(&typ));
        known.unwrap_or(Typ::Other(TextRange::default()))
    }

    /// Returns the keys of the token's issuer, as far as they are known.
    pub(super) fn known_keys(&self) -> Option<&'c KeySet> {
        self.keys.or_else(|| match &self.rules?.keys {
            KeySource::Fixed(keys) => Some(keys),
            KeySource::Store(_) => None,
        })
    }

    /// Returns the algorithms that are accepted for the token.
    pub(super) fn algorithms(&self) -> Algorithms {
        let all = || Algorithm::ALL.iter().copied().collect::<Algorithms>();
        if self.rules.is_some() {
            let served = self.known_keys().map_or_else(all, KeySet::algorithms);
            return served.intersection(self.allowed().unwrap_or_else(all));
        }
        let of_rules = |rules: &IssuerRules| match (&rules.keys, rules.algorithms) {
            (_, Some(allowed)) => allowed,
            (KeySource::Fixed(keys), None) => keys.algorithms(),
            (KeySource::Store(_), None) => all(),
        };
        let rules = self.issuers.rules().map(of_rules);
        rules.fold(Algorithms::default(), Algorithms::union)
    }

    /// Returns the algorithms to which the configuration restricts the issuer.
    pub(super) fn allowed(&self) -> Option<Algorithms> {
        self.rules?.algorithms
    }
}

//! The validation of a token for its explanation, without any side effect of its own.

use std::sync::Arc;

use super::case::{Case, Parts, Stage};
use super::failure::failed_step;
use crate::credential::{PresentedCredential, Scheme};
use crate::diagnosis::{Explanation, Step};
use crate::error::{Rejection, RejectionKind};
use crate::jwt::compact;
use crate::jwt::compact::Compact;
use crate::jwt::issuer_rules::{IssuerRules, KeySource};
use crate::jwt::validator::{JwtValidator, Pending};
use crate::jwt::verify::kid;
use crate::key::{KeyHint, KeySet, KeyStore};
use crate::limits;
use crate::now_or_later::{NowOrLater, ask};
use crate::principal::{Principal, PrincipalKind};
use crate::validator::{ProofPlace, check_kind, constrain};

impl JwtValidator {
    /// Explains a token. The token cache and the cache of headers are neither read nor changed, and
    /// the sender constraint is not asked.
    #[cold]
    pub(in crate::jwt) fn explained<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let scheme = presented.credential().scheme();
        if let Err(kind) = check_kind(scheme, PrincipalKind::AccessToken) {
            return NowOrLater::now(wrong_scheme(kind, scheme));
        }
        #[cfg(feature = "jwe")]
        match self.decryption_of(presented) {
            Ok(None) => {}
            Ok(Some(decryption)) => return self.explain_encrypted(decryption, presented),
            Err(rejection) => return NowOrLater::now(Explanation::of_result(Err(rejection))),
        }
        self.explain_signed(presented)
    }

    /// Explains a token that is not encrypted, or was decrypted.
    pub(in crate::jwt) fn explain_signed<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        ask!(
            where run = Ok::<_, Explanation>(Run::new(self, presented));
            where token = run.parse();
            where rules = run.rules_of(&token);
            run.find_keys(rules, &token),
            |found| NowOrLater::now(run.finish(token, rules, found))
        )
    }
}

/// A validator without caches, and a credential with the time of the validation.
struct Run<'a> {
    validator: &'a JwtValidator,
    quiet: JwtValidator,
    presented: PresentedCredential<'a>,
}

/// What is known when a validation ends.
struct End<'e> {
    stage: Stage,
    rules: Option<&'e IssuerRules>,
    keys: Option<&'e KeySet>,
}

impl<'a> Run<'a> {
    fn new(validator: &'a JwtValidator, presented: &'a PresentedCredential<'a>) -> Self {
        let mut quiet = validator.clone();
        quiet.cache = None;
        quiet.header_cache = Arc::default();
        // All steps use the same time.
        let presented = match validator.time(presented) {
            Some(now) => presented.clone().at(now),
            None => presented.clone(),
        };
        Self {
            validator,
            quiet,
            presented,
        }
    }

    fn text(&self) -> &str {
        self.presented.credential().expose()
    }

    fn parse(&self) -> Result<Compact<'_>, Explanation> {
        let end = End {
            stage: Stage::Parse,
            rules: None,
            keys: None,
        };
        self.quiet
            .parse(&self.presented)
            .map_err(|kind| self.explanation(&end, Err(compact::unparsed(kind, self.text()))))
    }

    fn rules_of(&self, token: &Compact<'_>) -> Result<&'a IssuerRules, Explanation> {
        let end = End {
            stage: Stage::Issuer,
            rules: None,
            keys: None,
        };
        let rules = self.validator.rules_of(token);
        rules.map_err(|rejection| self.explanation(&end, Err(rejection)))
    }

    fn find_keys<'k>(
        &'k self,
        rules: &'a IssuerRules,
        token: &'k Compact<'_>,
    ) -> NowOrLater<'k, Result<Arc<KeySet>, Rejection>> {
        let hint = KeyHint::new(kid(token), token.header.algorithm);
        match &rules.keys {
            KeySource::Fixed(keys) => keys.find(hint),
            KeySource::Store(store) => store.find(hint),
        }
    }

    fn finish(
        &self,
        mut token: Compact<'_>,
        rules: &'a IssuerRules,
        found: Result<Arc<KeySet>, Rejection>,
    ) -> Explanation {
        let end = |stage, keys| End {
            stage,
            rules: Some(rules),
            keys,
        };
        let keys = match found {
            Ok(keys) => keys,
            Err(rejection) => return self.explanation(&end(Stage::Keys, None), Err(rejection)),
        };
        let pending = Pending {
            issuer: rules,
            presented: &self.presented,
            cache_key: None,
            is_encrypted: false,
        };
        let validated = self.quiet.finish(&mut token, &pending, &keys);
        let validated = self.without_proof(validated);
        let end = end(Stage::Token, Some(&*keys));
        self.explanation(&end, validated.map(drop))
    }

    /// Checks the scheme of an accepted token. A proof is good for one check, so the constraint is
    /// left to a place that nobody reads.
    fn without_proof(
        &self,
        validated: Result<Principal, Rejection>,
    ) -> Result<Principal, Rejection> {
        let place = ProofPlace::default();
        let lent = self.presented.clone().with_hand_over(&place);
        let checked = constrain(self.validator.constraint.as_ref(), validated, &lent);
        let checked = checked.try_now().ok();
        checked.unwrap_or_else(|| Err(RejectionKind::Unavailable.into()))
    }

    fn explanation(&self, end: &End<'_>, result: Result<(), Rejection>) -> Explanation {
        let token = self.text();
        let parts = match token.len() > limits::TOKEN_BYTES_MAX {
            true => Parts::default(),
            false => Parts::read(token),
        };
        let issuers = &self.validator.issuers;
        let case = Case {
            token,
            stage: end.stage,
            max_token_bytes: self.validator.max_token_bytes,
            max_header_bytes: self.validator.max_header_bytes,
            issuers,
            has_constraint: self.validator.constraint.is_some(),
            now: self.presented.now(),
            rules: end.rules.or_else(|| Case::find_rules(issuers, &parts)),
            keys: end.keys,
            parts,
        };
        let failed = result
            .as_ref()
            .err()
            .map(|rejection| failed_step(&case, rejection));
        case.explain(result, failed)
    }
}

/// Explains a credential that may not be a JWT under its scheme.
fn wrong_scheme(kind: RejectionKind, scheme: Scheme) -> Explanation {
    let step = Step::failed("credential")
        .expected("a JWT under the scheme `Bearer` or `DPoP`, or in another place")
        .found(format!("a credential under the scheme `{scheme:?}`"))
        .hint("the scheme is one of API keys: send the token as `Authorization: Bearer`");
    Explanation::rejected(kind, vec![step])
}

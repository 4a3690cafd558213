//! Tokens that are encrypted: a signed JWT inside a JWE (RFC 7519 section 5.2).

use std::sync::Arc;

use super::builder::JwtValidatorBuilder;
use super::builder_state::Ready;
use super::decryption::{Decryption, Inner};
use super::issuer_rules::{IssuerRules, KeySource};
use super::validator::{JwtValidator, Pending};
use super::verify::kid;
use crate::credential::PresentedCredential;
use crate::diagnosis::Explanation;
use crate::error::{Rejection, RejectionKind};
use crate::jwe::{ContentEncryption, DecryptionKeys};
use crate::jwt::compact::{Compact, unparsed};
use crate::key::{KeyHint, KeySet, KeyStore};
use crate::now_or_later::{NowOrLater, ask};
use crate::principal::Principal;
use crate::validator::{CacheKey, ValidatorCache};

impl JwtValidatorBuilder<Ready> {
    /// Decrypts tokens of five parts with these keys. What was encrypted must be a signed JWT, which is
    /// validated by all rules of this validator: everybody who knows the public key can encrypt. Without
    /// keys such a token is [`TokenEncrypted`](RejectionKind::TokenEncrypted).
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jwe")))]
    pub fn encrypted_with(mut self, keys: DecryptionKeys) -> Self {
        self.config.decryption = Some(Decryption {
            keys,
            is_required: false,
            content: ContentEncryption::ALL.to_vec(),
        });
        self
    }

    /// Refuses tokens that are not encrypted, as
    /// [`TokenMalformed`](RejectionKind::TokenMalformed). Call it after
    /// [`encrypted_with`](Self::encrypted_with), without which it does nothing.
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jwe")))]
    pub fn encryption_required(mut self) -> Self {
        if let Some(decryption) = &mut self.config.decryption {
            decryption.is_required = true;
        }
        self
    }

    /// Sets the algorithms of encrypted content: all four by default. Call it after
    /// [`encrypted_with`](Self::encrypted_with).
    #[cfg_attr(bearergate_docsrs, doc(cfg(feature = "jwe")))]
    pub fn content(mut self, algorithms: impl IntoIterator<Item = ContentEncryption>) -> Self {
        if let Some(decryption) = &mut self.config.decryption {
            decryption.content = algorithms.into_iter().collect();
        }
        self
    }
}

impl JwtValidator {
    /// Returns how a token is decrypted, or `None` if it is not encrypted or nothing is decrypted.
    pub(super) fn decryption_of(
        &self,
        presented: &PresentedCredential<'_>,
    ) -> Result<Option<&Decryption>, Rejection> {
        let Some(decryption) = self.decryption.as_deref() else {
            return Ok(None);
        };
        let token = presented.credential().expose();
        let dots = token.bytes().filter(|b| *b == b'.').count();
        match dots {
            4 if token.len() > self.max_token_bytes => Err(RejectionKind::TokenTooLarge.into()),
            4 => Ok(Some(decryption)),
            _ if decryption.is_required => Err(Rejection::new(RejectionKind::TokenMalformed)
                .with_source("expected an encrypted token, found another")),
            _ => Ok(None),
        }
    }

    /// Validates an encrypted token. Its text as presented is what a proof is made for, and the key of
    /// the cache.
    pub(super) fn validate_encrypted<'a>(
        &'a self,
        decryption: &'a Decryption,
        presented: &'a PresentedCredential<'a>,
        cache_key: Option<(&'a ValidatorCache, CacheKey)>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let inner = decryption.decrypt(presented.credential().expose());
        inner.then(move |inner| match inner {
            Ok(inner) => self.validate_inner(inner, presented, cache_key),
            Err(rejection) => NowOrLater::now(Err(rejection)),
        })
    }

    fn validate_inner<'a>(
        &'a self,
        inner: Inner,
        presented: &'a PresentedCredential<'a>,
        cache_key: Option<(&'a ValidatorCache, CacheKey)>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        type Answer = Result<Principal, Rejection>;
        ask!(
            where signed = Ok::<_, Answer>(presented.with_text(&inner));
            where token = self
                .parse(&signed)
                .map_err(|kind| Answer::Err(unparsed(kind, &inner)));
            where issuer = self.rules_of(&token).map_err(Answer::Err);
            find_keys(issuer, &token),
            |found| {
                let mut token = token;
                let pending = Pending {
                    issuer,
                    presented: &signed,
                    cache_key,
                    is_encrypted: true,
                };
                let validated = found.and_then(|keys| self.finish(&mut token, &pending, &keys));
                self.check_binding(validated, presented)
            }
        )
    }

    /// Explains an encrypted token: why it was not decrypted, or the steps of the signed token in it.
    pub(super) fn explain_encrypted<'a>(
        &'a self,
        decryption: &'a Decryption,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let inner = decryption.decrypt(presented.credential().expose());
        inner.then(move |inner| match inner {
            Ok(inner) => ask!(
                where signed = Ok::<_, Explanation>(presented.with_text(&inner));
                self.explain_signed(&signed),
                |explanation| NowOrLater::now(explanation.without(&inner))
            ),
            Err(rejection) => NowOrLater::now(Explanation::of_result(Err(rejection))),
        })
    }
}

fn find_keys<'k>(
    rules: &'k IssuerRules,
    token: &'k Compact<'_>,
) -> NowOrLater<'k, Result<Arc<KeySet>, Rejection>> {
    let hint = KeyHint::new(kid(token), token.header.algorithm);
    match &rules.keys {
        KeySource::Fixed(keys) => keys.find(hint),
        KeySource::Store(store) => store.find(hint),
    }
}

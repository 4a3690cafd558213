//! The checks of ID tokens (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).

use super::access_token::check_marks;
use super::claim_name::ClaimName;
use super::purpose::TokenPurpose;
use super::rejections::{audience_mismatch, invalid, missing};
use super::verified_token::VerifiedToken;
use crate::error::Rejection;
use crate::json::Value;

/// The rules for ID tokens of one client.
#[derive(Clone, Debug)]
pub(super) struct IdTokenRules {
    pub(super) client: Box<str>,
    /// Other clients to which the token may have been issued (`azp`).
    pub(super) presenters: Vec<Box<str>>,
    /// Audiences that a token may have in addition to the client.
    pub(super) audiences: Vec<Box<str>>,
}

impl IdTokenRules {
    pub(super) fn new(client: &str) -> Self {
        Self {
            client: client.into(),
            presenters: Vec::new(),
            audiences: Vec::new(),
        }
    }

    /// Rejects a token of another purpose, or that was issued to another client.
    pub(super) fn check(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        let claims = token.claims;
        check_marks(claims, TokenPurpose::IdToken)?;
        let audiences = claims.get(ClaimName::Aud).and_then(Value::elements);
        match claims.get(ClaimName::Azp) {
            Some(azp) if !self.is_listed(azp, &self.presenters) => Err(invalid("azp")),
            None if audiences.is_some_and(|a| a.count() > 1) => Err(missing(ClaimName::Azp)),
            _ => Ok(()),
        }
    }

    /// Rejects a token with an audience that is neither the client nor trusted.
    pub(super) fn check_audiences(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        let audiences = token.claims.get(ClaimName::Aud).and_then(Value::elements);
        let mut audiences = audiences.into_iter().flatten();
        if audiences.all(|audience| self.is_listed(audience, &self.audiences)) {
            return Ok(());
        }
        let trusted: Vec<_> = self.audiences().map(Box::from).collect();
        let aud = token.claims.get(ClaimName::Aud);
        Err(audience_mismatch(&trusted, aud))
    }

    /// Returns the audiences that a token may have: its client, and those that are trusted.
    pub(super) fn audiences(&self) -> impl Iterator<Item = &str> {
        let trusted = self.audiences.iter().map(|name| &**name);
        std::iter::once(&*self.client).chain(trusted)
    }

    /// Returns the clients to which a token may have been issued.
    pub(super) fn clients(&self) -> impl Iterator<Item = &str> + Clone {
        let presenters = self.presenters.iter().map(|name| &**name);
        std::iter::once(&*self.client).chain(presenters)
    }

    /// Returns true if the value is the client or one of the list.
    fn is_listed(&self, value: Value<'_>, list: &[Box<str>]) -> bool {
        value.is_text(&self.client) || list.iter().any(|name| value.is_text(name))
    }
}

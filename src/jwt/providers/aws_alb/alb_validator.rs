//! The validator of a load balancer's tokens.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use ring::digest;

use super::alb_keys::AlbKeys;
use super::alb_token::AlbToken;
use crate::clock::{Clock, Leeway, UnixTime};
use crate::credential::{Place, PresentedCredential};
use crate::crypto::Algorithm;
use crate::diagnosis::Explanation;
use crate::error::{Rejection, RejectionKind};
use crate::json::{TextRange, Value};
use crate::jwt::claim_name::{ClaimName, Slots};
use crate::jwt::claims::{EmptyAudience, RegisteredClaims};
use crate::jwt::facts::FactReader;
use crate::jwt::rejections::{binding_required, expired, issued_in_future, missing, not_yet_valid};
use crate::key::Key;
use crate::now_or_later::{NowOrLater, ask};
use crate::principal::{Authority, Facts, Principal, PrincipalKind, TokenId};
use crate::validator::{Authorities, Shape, TokenValidator};

/// The header in which a load balancer forwards the identity of the user. A gate needs it among its
/// [sources](crate::credential::SourcesBuilder::header).
pub const AWS_ALB_HEADER: &str = "x-amzn-oidc-data";

/// A [`TokenValidator`] for the identities that one AWS Application Load Balancer forwards.
///
/// [`aws_alb`](super::aws_alb) configures it and says what it requires. It accepts a token only if all
/// of that holds, and takes credentials only from the header [`AWS_ALB_HEADER`]. Everything in a token
/// is untrusted; its `kid` can only name one of the keys that AWS publishes for the region.
pub struct AwsAlbValidator {
    rules: AlbRules,
    shapes: [Shape; 1],
}

/// What a token is checked against.
pub(super) struct AlbRules {
    pub(super) load_balancer: Box<str>,
    pub(super) client: Box<str>,
    pub(super) issuer: Option<Box<str>>,
    pub(super) authority: Authority,
    pub(super) leeway: Leeway,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: AlbKeys,
}

impl AwsAlbValidator {
    pub(super) fn new(rules: AlbRules) -> Self {
        let header = HeaderName::from_static(AWS_ALB_HEADER);
        Self {
            rules,
            shapes: [Shape::Place(Place::Header(header))],
        }
    }
}

impl TokenValidator for AwsAlbValidator {
    fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    fn authorities(&self) -> Authorities {
        Authorities::OUTSIDE
    }

    fn authority_names(&self) -> Option<Vec<Authority>> {
        Some(vec![self.rules.authority.clone()])
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let Some(now) = presented.now().or_else(|| self.rules.clock.now()) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        ask!(
            where prepared = self.rules.prepare(presented).map_err(Err);
            self.rules.keys.find(&prepared.1, now),
            |found| NowOrLater::now(found.and_then(|key| self.rules.finish(&prepared.0, &key, now)))
        )
    }

    fn explain<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Explanation> {
        let validated = self.validate(presented);
        validated.map(|validated| {
            let explanation = self.rules.explanation(validated.map(|_| ()));
            explanation.without(presented.credential().expose())
        })
    }
}

impl AlbRules {
    /// Parses a token and checks who signed it, before any key is looked up.
    fn prepare<'t>(
        &self,
        presented: &'t PresentedCredential<'_>,
    ) -> Result<(AlbToken<'t>, String), Rejection> {
        let token = AlbToken::parse(presented.credential().expose())?;
        if token.party("signer")? != *self.load_balancer {
            return Err(Rejection::new(RejectionKind::IssuerMismatch).with_claim("signer"));
        }
        let kid = token.kid();
        Ok((token, kid))
    }

    /// Returns the principal only if the signature is valid under the key and every rule holds.
    fn finish(
        &self,
        token: &AlbToken<'_>,
        key: &Key,
        now: UnixTime,
    ) -> Result<Principal, Rejection> {
        if !key.verify(Algorithm::Es256, token.signed(), token.signature()) {
            return Err(RejectionKind::SignatureInvalid.into());
        }
        let mut document = token.claims()?;
        let slots = Slots::in_document(&document);
        let claims = RegisteredClaims::read(&document, &slots, EmptyAudience::Accepted)?;
        self.check_issuer(token, &claims)?;
        if token.party("client")? != *self.client {
            return Err(Rejection::new(RejectionKind::AudienceMismatch).with_claim("client"));
        }
        let expires_at = self.check_times(token, &claims, now)?;
        if claims.confirmation.is_some() {
            return Err(binding_required());
        }
        let times = claims.times;
        let mut reader = FactReader(&mut document);
        let subject = slots.find(ClaimName::Sub).map(|place| reader.string(place));
        let client = document.append(&self.client);
        Ok(Principal::new(Facts {
            kind: PrincipalKind::IdToken,
            authority: self.authority.clone(),
            token_id: Some(self.token_id(token)),
            header: TextRange::new(0, 0),
            subject,
            client: Some(client),
            scopes: None,
            expires_at: Some(expires_at),
            not_before: times.not_before,
            issued_at: times.issued_at,
            is_issued_within_second: times.is_issued_within_second,
            is_encrypted: false,
            confirmation: None,
            key: Some(key.id()),
            document,
        }))
    }

    /// Compares the provider's issuer, which is in the claims or in the header.
    fn check_issuer(
        &self,
        token: &AlbToken<'_>,
        claims: &RegisteredClaims<'_>,
    ) -> Result<(), Rejection> {
        let Some(expected) = &self.issuer else {
            return Ok(());
        };
        let found = match claims.get(ClaimName::Iss).and_then(Value::as_str) {
            Some(issuer) => issuer.into_owned(),
            None => token.party("iss")?,
        };
        match found == **expected {
            true => Ok(()),
            false => Err(Rejection::new(RejectionKind::IssuerMismatch).with_claim("iss")),
        }
    }

    /// Checks the times, and returns when the token expires: the load balancer writes `exp` into the
    /// header and into the claims, and the earlier one counts.
    fn check_times(
        &self,
        token: &AlbToken<'_>,
        claims: &RegisteredClaims<'_>,
        now: UnixTime,
    ) -> Result<UnixTime, Rejection> {
        let both = [claims.times.expires_at, token.header_expiry()?];
        let expires_at = both
            .into_iter()
            .flatten()
            .min()
            .ok_or_else(|| missing(ClaimName::Exp))?;
        if expires_at.has_passed(now, self.leeway) {
            return Err(expired(expires_at, now, self.leeway));
        }
        if let Some(nbf) = claims.times.not_before
            && nbf.is_in_future(now, self.leeway)
        {
            return Err(not_yet_valid(nbf, now, self.leeway));
        }
        if let Some(iat) = claims.times.issued_by()
            && iat.is_in_future(now, self.leeway)
        {
            return Err(issued_in_future(iat, now, self.leeway));
        }
        Ok(expires_at)
    }

    /// Computes the id of the token: of its authority and its signed text, which has one spelling.
    fn token_id(&self, token: &AlbToken<'_>) -> TokenId {
        let name = self.authority.as_str().as_bytes();
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"bearergate load balancer token id 1\0");
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name);
        context.update(token.signed());
        let digest = context.finish();
        let mut id = [0; 32];
        id.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        TokenId::of_fingerprint(id)
    }
}

impl fmt::Debug for AwsAlbValidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAlbValidator")
            .field("load_balancer", &self.rules.load_balancer)
            .field("client", &self.rules.client)
            .field("keys", &self.rules.keys)
            .finish_non_exhaustive()
    }
}

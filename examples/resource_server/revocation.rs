//! Tokens that the operator took back.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use bearergate::Authorities;
use bearergate::NowOrLater;
use bearergate::Presented;
use bearergate::Principal;
use bearergate::Rejection;
use bearergate::RejectionKind;
use bearergate::Shape;
use bearergate::TokenValidator;
use bearergate::json::Object;
use bearergate::json::Value;

/// Most tokens that are taken back; more are refused rather than forgotten.
const TOKENS: usize = 1_000_000;

/// What names a token that is taken back.
#[derive(Eq, Hash, PartialEq)]
pub(crate) enum Revoked {
    /// Its issuer and its `jti`.
    Jti(String, String),
    /// Its id, in lower-case hexadecimal.
    Id(String),
}

impl Revoked {
    /// Reads the body of a request: one of the two forms and nothing else.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body = Object::parse(body).ok()?;
        let text = |name: &str| {
            let text = body.get(name).and_then(Value::as_str)?.into_owned();
            (!text.is_empty()).then_some(text)
        };
        match (text("issuer"), text("jti"), text("token_id")) {
            (Some(issuer), Some(jti), None) if body.len() == 2 => Some(Self::Jti(issuer, jti)),
            (None, None, Some(id)) if body.len() == 1 && is_id(&id) => {
                Some(Self::Id(id.to_ascii_lowercase()))
            }
            _ => None,
        }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Tokens that are good no more, whatever their judge says.
#[derive(Default)]
pub(crate) struct Denylist(RwLock<HashSet<Revoked>>);

impl Denylist {
    /// Takes a token back; returns false if there is no room, and then nothing happened.
    pub(crate) fn revoke(&self, revoked: Revoked) -> bool {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let has_room = list.len() < TOKENS || list.contains(&revoked);
        has_room && {
            list.insert(revoked);
            true
        }
    }

    fn has(&self, principal: &Principal) -> bool {
        let list = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if list.is_empty() {
            return false;
        }
        let id = principal.token_id().map(|id| Revoked::Id(id.to_string()));
        let claims = principal.claims();
        let jti: Option<String> = claims.get("jti").unwrap_or_default();
        let issuer: Option<String> = claims.get("iss").unwrap_or_default();
        let issuers = issuer
            .into_iter()
            .chain([principal.authority().as_str().to_owned()]);
        let jtis = jti.into_iter().flat_map(|jti| {
            let issuers = issuers.clone();
            issuers.map(move |issuer| Revoked::Jti(issuer, jti.clone()))
        });
        id.into_iter()
            .chain(jtis)
            .any(|revoked| list.contains(&revoked))
    }
}

/// A judge whose word counts unless the operator took the token back. Asked on every request,
/// after the judge's cache.
#[derive(Clone)]
pub(crate) struct Revocable {
    pub(crate) judge: Arc<dyn TokenValidator>,
    pub(crate) list: Arc<Denylist>,
}

impl std::fmt::Debug for Revocable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Revocable").field(&self.judge).finish()
    }
}

impl TokenValidator for Revocable {
    fn shapes(&self) -> &[Shape] {
        self.judge.shapes()
    }

    fn authorities(&self) -> Authorities {
        self.judge.authorities()
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        self.judge.warm_up()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a Presented<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        self.judge.validate(presented).map(|verdict| match verdict {
            Ok(principal) if self.list.has(&principal) => Err(RejectionKind::TokenRevoked.into()),
            other => other,
        })
    }
}

//! The authenticated caller.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::authority::Authority;
use super::built::{BuiltFacts, PrincipalBacking};
use super::claims::Claims;
use super::confirmation::Confirmation;
use super::confirmed::Confirmed;
use super::facts::Facts;
use super::key_id::KeyId;
use super::kind::PrincipalKind;
use super::scopes::{Actors, Audience, Scopes};
use super::token_id::TokenId;
use crate::clock::UnixTime;
use crate::json::{Document, Value};

/// An authenticated caller: immutable and cheap to clone.
///
/// A validator returns a principal only if the credential was valid at that time. It has facts about
/// who the caller is, not what the caller may do. Texts in it (subject, scopes, claims) are what the
/// authority asserted. `Debug` shows authority, kind, subject and the names of the claims.
///
/// It serializes for logs and records, without claims, and has no `Deserialize`: a principal is
/// never restored from a record.
#[derive(Clone)]
pub struct Principal(Backing);

#[derive(Clone)]
enum Backing {
    /// Facts of a token that was validated.
    Validated(Arc<Facts>),
    /// Facts of a [`PrincipalBuilder`](super::PrincipalBuilder) or a record.
    Built(Arc<dyn PrincipalBacking>),
}

impl Principal {
    #[inline]
    pub(crate) fn new(facts: impl Into<Arc<Facts>>) -> Self {
        Self(Backing::Validated(facts.into()))
    }

    /// Creates a principal whose facts are part of another value.
    pub(crate) fn from_backing(backing: Arc<dyn PrincipalBacking>) -> Self {
        Self(Backing::Built(backing))
    }

    /// Returns the kind of the credential. The validator chose it, never a text of the credential.
    /// A handler may accept only some kinds, for example no API keys for a change of password.
    pub fn kind(&self) -> PrincipalKind {
        match &self.0 {
            Backing::Validated(facts) => facts.kind,
            Backing::Built(built) => built.facts().kind,
        }
    }

    /// Returns the authority that asserts the subject. Compare a subject only together with it. Two
    /// issuers may use one subject for different users.
    pub fn authority(&self) -> &Authority {
        match &self.0 {
            Backing::Validated(facts) => &facts.authority,
            Backing::Built(built) => built.facts().authority(),
        }
    }

    /// Returns the subject (`sub`), which identifies a caller only together with the
    /// [`authority`](Self::authority); `None` if the credential names none.
    pub fn subject(&self) -> Option<&str> {
        match &self.0 {
            Backing::Validated(facts) => facts.text(facts.subject),
            Backing::Built(built) => built.facts().subject(),
        }
    }

    /// Returns the bytes of the subject, which are not checked to be UTF-8 again.
    #[inline]
    pub(crate) fn subject_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Backing::Validated(facts) => facts.subject_bytes(),
            Backing::Built(built) => built.facts().subject_bytes(),
        }
    }

    /// Returns the client that the credential was issued to (`client_id` or `azp`), if it is known.
    /// Revocations of this client apply to the credential, and revocations of the other of both
    /// claims too.
    pub fn client(&self) -> Option<&str> {
        match &self.0 {
            Backing::Validated(facts) => facts.text(facts.client),
            Backing::Built(built) => built.facts().client(),
        }
    }

    /// Returns true if `is_wanted` holds for a name of the client: [`client`](Self::client), or
    /// the claim `client_id` or `azp`, which may differ from it.
    pub(crate) fn any_client(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let others = || self.other_clients().into_iter().flatten();
        self.client().is_some_and(&is_wanted) || others().any(|name| is_wanted(&name))
    }

    /// Returns what the claims `client_id` and `azp` name besides [`client`](Self::client).
    pub(crate) fn other_clients(&self) -> [Option<Cow<'_, str>>; 2] {
        ["client_id", "azp"].map(|claim| {
            let name = self.claims().value(claim);
            let is_other = |name: &Value<'_>| self.client().is_none_or(|own| !name.is_text(own));
            name.filter(is_other).and_then(Value::as_str)
        })
    }

    /// Returns the scopes, or `None` if the credential does not have scopes. An empty set means that
    /// it has none of them.
    pub fn scopes(&self) -> Option<Scopes<'_>> {
        match &self.0 {
            Backing::Validated(facts) => facts.text(facts.scopes).map(Scopes::new),
            Backing::Built(built) => built.facts().scopes(),
        }
    }

    /// Returns the audiences of the credential (`aud`), an empty iterator if it has none. The
    /// validator compared them with the configured ones before, if the credential has to have an
    /// audience.
    pub fn audience(&self) -> Audience<'_> {
        Audience::new(self.document().get("aud"))
    }

    /// Returns the chain of actors (`act`), an empty iterator if nobody acts for the subject. The
    /// current actor is the first. Whether it may act is a decision of the policy.
    pub fn actors(&self) -> Actors<'_> {
        Actors::new(self.document().get("act"))
    }

    /// Returns when the credential expires, or `None` if it does not. A validator checked it once;
    /// a handler that runs for hours may have to check it again.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match &self.0 {
            Backing::Validated(facts) => facts.expires_at,
            Backing::Built(built) => built.facts().expires_at(),
        }
    }

    /// Returns the time before which the credential is not valid, if it has one. The validator has
    /// compared it with its clock.
    pub fn not_before(&self) -> Option<UnixTime> {
        match &self.0 {
            Backing::Validated(facts) => facts.not_before,
            Backing::Built(built) => built.facts().not_before(),
        }
    }

    /// Returns the second in which the credential was issued, if it is known: a fraction in `iat`
    /// is dropped. Revocations that are limited to a time compare it, and the age of the credential
    /// counts from it, so a fraction never makes a credential newer than it is.
    pub fn issued_at(&self) -> Option<UnixTime> {
        match &self.0 {
            Backing::Validated(facts) => facts.issued_at,
            Backing::Built(built) => built.facts().issued_at(),
        }
    }

    /// Returns the first whole second at which the credential had been issued.
    pub(crate) fn issued_by(&self) -> Option<UnixTime> {
        let issued_at = self.issued_at()?;
        let is_within = self.validated().is_some_and(|f| f.is_issued_within_second);
        Some(issued_at.saturating_add(Duration::from_secs(u64::from(is_within))))
    }

    /// Returns the key that the credential is bound to (`cnf`), or `None` for a bearer credential.
    /// The client has proved possession of it, see [`is_confirmed`](Self::is_confirmed).
    pub fn confirmation(&self) -> Option<&Confirmation> {
        match &self.0 {
            Backing::Validated(facts) => facts.confirmation.as_ref(),
            Backing::Built(_) => self.extension().map(Confirmed::confirmation),
        }
    }

    /// Returns true only if the credential is bound to a key and the client proved possession of it.
    ///
    /// A [`Gate`](crate::gate::Gate) never returns a principal of a bound credential without that
    /// proof. It checks it last, so revocation lists and the authorizer of
    /// [`check`](crate::gate::Gate::check) get the principal before; what they allow is refused if
    /// the proof does not hold.
    pub fn is_confirmed(&self) -> bool {
        self.confirmation().is_some()
    }

    /// Returns true if the credential was an encrypted token
    /// ([`encrypted_with`](crate::jwt::JwtValidatorBuilder::encrypted_with)). That says nothing about who
    /// has sent it.
    pub fn was_encrypted(&self) -> bool {
        self.validated().is_some_and(|facts| facts.is_encrypted)
    }

    /// Returns the claims of the credential. They are an empty object if it has none. They are what
    /// the authority asserted; a value is read by name and type, and nothing is converted.
    pub fn claims(&self) -> Claims<'_> {
        Claims::new(self.document())
    }

    /// Returns the id of the key that verified the signature, or `None` if the credential is not
    /// signed.
    pub fn key(&self) -> Option<KeyId> {
        self.validated()?.key
    }

    /// Returns the id of the token, or `None` if the credential is not a token. Computing it hashes a
    /// JWT.
    pub fn token_id(&self) -> Option<TokenId> {
        self.validated()?.token_id()
    }

    /// Returns the value of this type that the validator attached with
    /// [`PrincipalBuilder::extension`](crate::principal::PrincipalBuilder::extension).
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<&T> {
        match &self.0 {
            Backing::Validated(_) => None,
            Backing::Built(built) => built.extension(TypeId::of::<T>())?.downcast_ref(),
        }
    }

    /// Returns its approximate size in memory, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        let facts = match &self.0 {
            Backing::Validated(_) => size_of::<Facts>(),
            Backing::Built(_) => size_of::<BuiltFacts>(),
        };
        facts + self.document().footprint()
    }

    fn validated(&self) -> Option<&Facts> {
        match &self.0 {
            Backing::Validated(facts) => Some(facts),
            Backing::Built(_) => None,
        }
    }

    fn document(&self) -> &Document {
        match &self.0 {
            Backing::Validated(facts) => &facts.document,
            Backing::Built(built) => &built.facts().document,
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("authority", self.authority())
            .field("kind", &self.kind())
            .field("subject", &self.subject())
            .field("claims", &self.claims())
            .finish_non_exhaustive()
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scopes: Option<Vec<_>> = self.scopes().map(|s| s.iter().collect());
        let mut record = serializer.serialize_struct("Principal", 6)?;
        record.serialize_field("kind", self.kind().as_str())?;
        record.serialize_field("authority", self.authority())?;
        record.serialize_field("subject", &self.subject())?;
        record.serialize_field("client", &self.client())?;
        record.serialize_field("scopes", &scopes)?;
        record.serialize_field("expires_at", &self.expires_at().map(UnixTime::as_secs))?;
        record.end()
    }
}

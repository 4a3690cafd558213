//! Who the caller is: the facts that a judge established.

mod authority;
mod builder;
mod built;
mod claims;
mod confirmation;
mod key_id;
mod scopes;
mod token_id;

pub use authority::Authority;
pub use builder::PrincipalBuilder;
pub(crate) use built::BuiltFacts;
pub(crate) use built::PrincipalBacking;
pub use claims::ClaimValue;
pub use claims::Claims;
pub use confirmation::Confirmation;
pub use key_id::KeyId;
pub use scopes::Actor;
pub use scopes::Actors;
pub use scopes::Audience;
pub use scopes::Scopes;
pub use token_id::TokenId;

use std::any::Any;
use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct;

use crate::clock::UnixTime;
use crate::json::Document;
use crate::json::TextRange;

/// An authenticated caller: immutable, cheap to clone.
///
/// It holds facts about who the caller is, never what the caller may do. `Debug` shows authority,
/// kind, subject and the names of the claims. It serializes for records and is never read back.
#[derive(Clone)]
pub struct Principal(Held);

#[derive(Clone)]
enum Held {
    /// What a judge of tokens found out.
    Judged(Arc<Facts>),
    /// What somebody put together.
    BuiltFacts(Arc<dyn PrincipalBacking>),
}

/// What a credential was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A JWT access token.
    AccessToken,
    /// An API key.
    ApiKey,
    /// An OpenID Connect ID token.
    IdToken,
    /// An opaque access token.
    OpaqueToken,
    /// Something of the user's own.
    Other,
    /// A session.
    Session,
}

impl PrincipalKind {
    /// Returns the stable snake-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::ApiKey => "api_key",
            Self::IdToken => "id_token",
            Self::OpaqueToken => "opaque_token",
            Self::Other => "other",
            Self::Session => "session",
        }
    }
}

type Extension = Arc<dyn Any + Send + Sync>;

/// The facts as a judge hands them over; every piece lies in `document`.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) kind: PrincipalKind,
    pub(crate) authority: Authority,
    pub(crate) document: Document,
    /// The decoded JOSE header, empty for what is not a JWT.
    pub(crate) header: TextRange,
    /// What names the token, where its text is no longer whole.
    pub(crate) token_id: Option<TokenId>,
    pub(crate) subject: Option<TextRange>,
    pub(crate) client: Option<TextRange>,
    /// Members joined by spaces.
    pub(crate) scopes: Option<TextRange>,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) confirmation: Option<Confirmation>,
    /// The key that verified the credential.
    pub(crate) key: Option<KeyId>,
}

impl Facts {
    /// Returns what names the token; `None` for what is not a JWT.
    pub(crate) fn token_id(&self) -> Option<TokenId> {
        if self.token_id.is_some() {
            return self.token_id;
        }
        let (document, header) = (&self.document, self.header);
        let header = document.bytes().get(header.start()..header.end())?;
        let payload = document.text().as_bytes();
        (!header.is_empty()).then(|| TokenId::of_jwt(&self.authority, header, payload))
    }

    /// Returns the text of a piece.
    pub(crate) fn text(&self, piece: Option<TextRange>) -> Option<&str> {
        piece.map(|p| self.document.slice(p))
    }
}

impl Principal {
    /// Makes a principal in a judge of one's own.
    ///
    /// ```
    /// use bearergate::Principal;
    /// use bearergate::principal::PrincipalKind;
    ///
    /// let robot = Principal::builder(PrincipalKind::Other, "test bench")
    ///     .subject("robot-7")
    ///     .scopes(["arm:move"])
    ///     .build();
    /// assert_eq!(robot.subject(), Some("robot-7"));
    /// assert!(robot.scopes().is_some_and(|s| s.contains("arm:move")));
    /// ```
    pub fn builder(kind: PrincipalKind, authority: impl Into<Authority>) -> PrincipalBuilder {
        PrincipalBuilder::new(kind, authority.into())
    }

    // Inlined, so that the facts are moved once.
    #[inline(always)]
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Held::Judged(Arc::new(facts)))
    }

    /// Takes the facts from what holds them.
    pub(crate) fn held(holder: Arc<dyn PrincipalBacking>) -> Self {
        Self(Held::BuiltFacts(holder))
    }

    /// Returns what the credential was.
    pub fn kind(&self) -> PrincipalKind {
        match &self.0 {
            Held::Judged(facts) => facts.kind,
            Held::BuiltFacts(holder) => holder.made().kind,
        }
    }

    /// Returns who vouches for the subject.
    pub fn authority(&self) -> &Authority {
        match &self.0 {
            Held::Judged(facts) => &facts.authority,
            Held::BuiltFacts(holder) => holder.made().authority(),
        }
    }

    /// Returns the subject, which means something only together with the
    /// [`authority`](Self::authority).
    pub fn subject(&self) -> Option<&str> {
        match &self.0 {
            Held::Judged(facts) => facts.text(facts.subject),
            Held::BuiltFacts(holder) => holder.made().subject(),
        }
    }

    /// Returns the client that the credential was issued to.
    pub fn client(&self) -> Option<&str> {
        match &self.0 {
            Held::Judged(facts) => facts.text(facts.client),
            Held::BuiltFacts(holder) => holder.made().client(),
        }
    }

    /// Returns the scopes, or `None` if the credential says nothing about scopes.
    pub fn scopes(&self) -> Option<Scopes<'_>> {
        match &self.0 {
            Held::Judged(facts) => facts.text(facts.scopes).map(Scopes::new),
            Held::BuiltFacts(holder) => holder.made().scopes(),
        }
    }

    /// Returns the audiences that the credential names.
    pub fn audience(&self) -> Audience<'_> {
        Audience::new(self.document().get("aud"))
    }

    /// Returns the chain of actors.
    pub fn actors(&self) -> Actors<'_> {
        Actors::new(self.document().get("act"))
    }

    /// Returns when the credential ends.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match &self.0 {
            Held::Judged(facts) => facts.expires_at,
            Held::BuiltFacts(holder) => holder.made().expires_at(),
        }
    }

    /// Returns when the credential begins.
    pub fn not_before(&self) -> Option<UnixTime> {
        match &self.0 {
            Held::Judged(facts) => facts.not_before,
            Held::BuiltFacts(holder) => holder.made().not_before(),
        }
    }

    /// Returns when the credential was issued.
    pub fn issued_at(&self) -> Option<UnixTime> {
        match &self.0 {
            Held::Judged(facts) => facts.issued_at,
            Held::BuiltFacts(holder) => holder.made().issued_at(),
        }
    }

    /// Returns the key that the credential is bound to.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.judged()?.confirmation.as_ref()
    }

    /// Returns true if the credential is bound to a key and possession of it was proved: a judge
    /// hands out no bound principal without that.
    pub fn is_confirmed(&self) -> bool {
        self.confirmation().is_some()
    }

    /// Returns the claims.
    pub fn claims(&self) -> Claims<'_> {
        Claims::new(self.document())
    }

    /// Returns the identity of the key that verified the credential.
    pub fn key(&self) -> Option<KeyId> {
        self.judged()?.key
    }

    /// Returns what names this token, computed when asked for; `None` for what is not a JWT.
    pub fn token_id(&self) -> Option<TokenId> {
        self.judged()?.token_id()
    }

    /// Returns what the judge attached of this type.
    pub fn extension<T: Any + Send + Sync>(&self) -> Option<&T> {
        match &self.0 {
            Held::Judged(_) => None,
            Held::BuiltFacts(holder) => holder.extension(TypeId::of::<T>())?.downcast_ref(),
        }
    }

    /// Returns about how many bytes of memory it takes.
    pub(crate) fn footprint(&self) -> usize {
        let facts = match &self.0 {
            Held::Judged(_) => size_of::<Facts>(),
            Held::BuiltFacts(_) => size_of::<BuiltFacts>(),
        };
        facts + self.document().footprint()
    }

    fn judged(&self) -> Option<&Facts> {
        match &self.0 {
            Held::Judged(facts) => Some(facts),
            Held::BuiltFacts(_) => None,
        }
    }

    fn document(&self) -> &Document {
        match &self.0 {
            Held::Judged(facts) => &facts.document,
            Held::BuiltFacts(holder) => &holder.made().document,
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

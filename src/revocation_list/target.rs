//! What a revocation applies to.

use std::borrow::Cow;
use std::fmt;

/// What a revocation applies to: one credential, or everything that was issued to or through one
/// party.
///
/// Used by every store and list of this crate: by a [`Revocation`](crate::revocation::Revocation) on a
/// [`Denylist`](crate::revocation::Denylist), and by the [`RevocationRecord`](crate::grant::store::RevocationRecord) of a
/// store of sessions and refresh tokens. An id means something only under its authority: the same
/// `jti` or subject of another issuer is a different target.
///
/// ```
/// use bearergate::revocation::{RevocationKind, RevocationTarget};
///
/// let alice = RevocationTarget::new(RevocationKind::Subject, "https://idp.example.com", "alice");
/// let namesake = RevocationTarget::new(RevocationKind::Subject, "my service", "alice");
/// assert_ne!(alice, namesake);
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RevocationTarget<'a> {
    kind: RevocationKind,
    authority: Cow<'a, str>,
    id: Cow<'a, str>,
}

impl<'a> RevocationTarget<'a> {
    /// Takes kind, authority and [`id`](Self::id). The id of a
    /// [`Token`](RevocationKind::Token) includes its authority, so the one given here is ignored
    /// for that kind.
    pub fn new(
        kind: RevocationKind,
        authority: impl Into<Cow<'a, str>>,
        id: impl Into<Cow<'a, str>>,
    ) -> Self {
        let authority = match kind {
            RevocationKind::Token => Cow::Borrowed(""),
            _ => authority.into(),
        };
        Self {
            kind,
            authority,
            id: id.into(),
        }
    }

    /// Returns what kind of thing is revoked. It decides what [`id`](Self::id) means. It also
    /// decides which fact of a principal is compared with the id.
    pub const fn kind(&self) -> RevocationKind {
        self.kind
    }

    /// Returns the authority under which the id means something; empty for a
    /// [`Token`](RevocationKind::Token).
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the id: a subject, client or `jti` as it is in the token, the text of an API key id
    /// or session handle, or a key id, token id or digest of a holder in base64url.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Copies what it borrows. Stores do so before they keep a target. A target that a principal is
    /// asked for borrows from it and is not copied.
    #[must_use]
    pub fn into_owned(self) -> RevocationTarget<'static> {
        RevocationTarget {
            kind: self.kind,
            authority: Cow::Owned(self.authority.into_owned()),
            id: Cow::Owned(self.id.into_owned()),
        }
    }
}

/// The kinds of [`RevocationTarget`]. Its stable name is what stores write. New kinds may be added,
/// so a store must be able to keep any name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RevocationKind {
    /// One API key, by its id: `api_key`. Other keys of its owner stay valid.
    ApiKey,
    /// Everything that is bound to a client certificate: `certificate`. It compares
    /// [`Confirmation::certificate`](crate::principal::Confirmation::certificate).
    Certificate,
    /// Everything that was issued to a client: `client`. It compares every name of the client that
    /// the credential has: [`Principal::client`](crate::Principal::client) and the claims
    /// `client_id` and `azp`.
    Client,
    /// What one client holds for one subject: `holder`. The id is a digest of both. A
    /// [`Denylist`](crate::revocation::Denylist) makes it where single tokens would be too many.
    Holder,
    /// One JWT, by its `jti`: `jwt_id`. Tokens without that claim are not compared.
    JwtId,
    /// Everything whose signature was verified with a key: `key`. It compares
    /// [`Principal::key`](crate::Principal::key), not the `kid`.
    Key,
    /// Everything that is bound to the key of DPoP proofs: `proof_key`. It compares
    /// [`Confirmation::jkt`](crate::principal::Confirmation::jkt).
    ProofKey,
    /// A session, and everything that belongs to it by the claim `sid`: `session`. The id is the
    /// text of a [`SessionHandle`](crate::grant::store::SessionHandle), or the `sid` of another
    /// issuer.
    Session,
    /// Everything that was issued to a subject: `subject`. It compares
    /// [`Principal::subject`](crate::Principal::subject).
    Subject,
    /// One JWT, by its [`TokenId`](crate::principal::TokenId): `token`. It needs no `jti` in the
    /// token.
    Token,
}

impl RevocationKind {
    /// Returns true for what clients can cause by revoking tokens of their own.
    pub(crate) const fn is_of_tokens(self) -> bool {
        matches!(self, Self::Holder | Self::JwtId | Self::Token)
    }

    /// All kinds. They are in alphabetical order. A store may use it to check what it reads back.
    pub const ALL: &'static [Self] = &[
        Self::ApiKey,
        Self::Certificate,
        Self::Client,
        Self::Holder,
        Self::JwtId,
        Self::Key,
        Self::ProofKey,
        Self::Session,
        Self::Subject,
        Self::Token,
    ];

    /// Returns the kind with that stable name. It is `None` for any other text; names are compared
    /// byte by byte.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Returns the stable snake-case name. Stores write it, so it does not change between versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Certificate => "certificate",
            Self::Client => "client",
            Self::Holder => "holder",
            Self::JwtId => "jwt_id",
            Self::Key => "key",
            Self::ProofKey => "proof_key",
            Self::Session => "session",
            Self::Subject => "subject",
            Self::Token => "token",
        }
    }
}

impl fmt::Display for RevocationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

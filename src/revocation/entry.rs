//! One revocation: what it names, and which credentials of that name it ends.

use std::fmt;

use crate::api_key::ApiKeyId;
use crate::clock::UnixTime;
use crate::credential::base64url;
use crate::limits;
use crate::principal::Authority;
use crate::principal::KeyId;
use crate::principal::Principal;
use crate::principal::TokenId;

/// Ends credentials before their time.
///
/// Whatever it names means something only under its authority: the same `jti` or subject of
/// another issuer is somebody else's.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::revocation::Revocation;
///
/// let idp = "https://idp.example.com";
/// let one_token = Revocation::jwt_id(idp, "7c1d").until(UnixTime::from_secs(1_700_003_600));
/// let all_so_far = Revocation::subject(idp, "alice").issued_before(UnixTime::from_secs(1_700_000_000));
/// assert_ne!(one_token, all_so_far);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it ends nothing before it stands on a list"]
pub struct Revocation {
    kind: RevocationKind,
    authority: Authority,
    id: String,
    issued_before: Option<UnixTime>,
    until: Option<UnixTime>,
}

/// What a revocation names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RevocationKind {
    /// One API key, by its id: `api_key`.
    ApiKey,
    /// Whatever was issued to a client: `client`.
    Client,
    /// One JWT, by its `jti`: `jwt_id`.
    JwtId,
    /// Whatever a key verified: `key`.
    Key,
    /// Whatever hangs on a session, by the claim `sid`, and the session itself: `session`.
    Session,
    /// Whatever was issued to a subject: `subject`.
    Subject,
    /// One JWT, by its [`TokenId`]: `token`.
    Token,
}

impl RevocationKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::ApiKey,
        Self::Client,
        Self::JwtId,
        Self::Key,
        Self::Session,
        Self::Subject,
        Self::Token,
    ];

    /// Returns the kind of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Returns the stable snake-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Client => "client",
            Self::JwtId => "jwt_id",
            Self::Key => "key",
            Self::Session => "session",
            Self::Subject => "subject",
            Self::Token => "token",
        }
    }
}

impl Revocation {
    /// Ends one API key.
    pub fn api_key(authority: impl Into<Authority>, id: ApiKeyId) -> Self {
        Self::new(RevocationKind::ApiKey, authority, id.as_str())
    }

    /// Ends whatever was issued to this client.
    pub fn client(authority: impl Into<Authority>, client: impl Into<String>) -> Self {
        Self::new(RevocationKind::Client, authority, client)
    }

    /// Ends the JWT with this `jti`.
    pub fn jwt_id(authority: impl Into<Authority>, jti: impl Into<String>) -> Self {
        Self::new(RevocationKind::JwtId, authority, jti)
    }

    /// Ends whatever this key verified.
    pub fn key(authority: impl Into<Authority>, key: KeyId) -> Self {
        let id = base64url::encode(key.as_bytes());
        Self::new(RevocationKind::Key, authority, id)
    }

    /// Ends a session, by the text of its handle, and the tokens that name it in the claim `sid`.
    pub fn session(authority: impl Into<Authority>, session: impl Into<String>) -> Self {
        Self::new(RevocationKind::Session, authority, session)
    }

    /// Ends whatever was issued to this subject.
    pub fn subject(authority: impl Into<Authority>, subject: impl Into<String>) -> Self {
        Self::new(RevocationKind::Subject, authority, subject)
    }

    /// Ends one JWT, whichever of its valid signatures it comes with. The id holds its authority.
    pub fn token(id: TokenId) -> Self {
        Self::new(RevocationKind::Token, "", base64url::encode(id.as_bytes()))
    }

    /// Ends the JWT of this principal, and is needed no longer than that lasts; `None` for what is
    /// not a JWT.
    pub fn of_token(principal: &Principal) -> Option<Self> {
        let mut revocation = Self::token(principal.token_id()?);
        revocation.until = principal.expires_at();
        Some(revocation)
    }

    /// Puts together what a store has read: kind, authority and [`id`](Self::id).
    pub fn new(
        kind: RevocationKind,
        authority: impl Into<Authority>,
        id: impl Into<String>,
    ) -> Self {
        let authority = match kind {
            RevocationKind::Token => Authority::from(""),
            _ => authority.into(),
        };
        Self {
            kind,
            authority,
            id: id.into(),
            issued_before: None,
            until: None,
        }
    }

    /// Spares what was issued in a later second than this. What does not say when it was issued is
    /// not spared, and neither is what was issued in this very second, since whole seconds do not
    /// tell which came first.
    pub fn issued_before(mut self, time: UnixTime) -> Self {
        self.issued_before = Some(time);
        self
    }

    /// Says when the last credential that it ends has ended by itself; a list may forget it once
    /// that is [`Leeway::MAX`](crate::clock::Leeway::MAX) ago. Without it, it is never forgotten.
    pub fn until(mut self, time: UnixTime) -> Self {
        self.until = Some(time);
        self
    }

    /// Returns what it names.
    pub const fn kind(&self) -> RevocationKind {
        self.kind
    }

    /// Returns under whose authority the id stands; empty for a [`token`](Self::token).
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the id; that of a key or a token in base64url.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the last second in which was issued what it ends, or `None` if it ends everything.
    pub const fn last_issued(&self) -> Option<UnixTime> {
        self.issued_before
    }

    /// Returns when the last credential that it ends has ended by itself.
    pub const fn last_expiry(&self) -> Option<UnixTime> {
        self.until
    }

    /// Returns the id as it is compared, or `None` if nothing can have it.
    pub(super) fn key_bytes(&self) -> Option<Box<[u8]>> {
        let is_sized = |text: &str| text.len() <= limits::REVOCATION_ID_BYTES;
        if self.id.is_empty() || !is_sized(&self.id) || !is_sized(self.authority.as_str()) {
            return None;
        }
        match self.kind {
            RevocationKind::Key | RevocationKind::Token => {
                let bytes = base64url::decode(&self.id)?;
                (bytes.len() == 32).then(|| bytes.into())
            }
            _ => Some(self.id.as_bytes().into()),
        }
    }
}

impl fmt::Display for RevocationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

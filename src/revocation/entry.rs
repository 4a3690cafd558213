//! One revocation on a denylist.

use super::holder::holder_id;
#[cfg(feature = "api-key")]
use crate::api_key::ApiKeyId;
use crate::clock::UnixTime;
use crate::credential::base64url;
use crate::limits;
use crate::principal::{Authority, KeyId, Principal, TokenId};
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// The revocation of a credential, or of many, before they expire: an entry of a
/// [`Denylist`](crate::revocation::Denylist).
///
/// It says what is revoked, its [`target`](Self::target), and may be limited to what was
/// [issued before](Self::issued_before) a time. Authorities, subjects and ids come from the
/// service or from validated tokens, never from an unauthenticated request.
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
#[must_use = "a revocation has no effect until it is on a list"]
pub struct Revocation {
    target: RevocationTarget<'static>,
    issued_before: Option<UnixTime>,
    until: Option<UnixTime>,
}

impl Revocation {
    /// Revokes one API key. Only keys of this authority are compared. It works in addition to the
    /// state of the key in its store.
    #[cfg(feature = "api-key")]
    pub fn api_key(authority: impl Into<Authority>, id: ApiKeyId) -> Self {
        Self::of(RevocationKind::ApiKey, authority, id.as_str())
    }

    /// Revokes everything of this authority that is bound to the client certificate with this SHA-256
    /// thumbprint (`x5t#S256`). Use it when its private key was stolen.
    pub fn certificate(authority: impl Into<Authority>, sha256: [u8; 32]) -> Self {
        Self::of(
            RevocationKind::Certificate,
            authority,
            base64url::encode(sha256),
        )
    }

    /// Revokes everything that was issued to this client. That is, all principals of this authority
    /// whose [`client`](Principal::client) it is, or that name it in the claim `client_id` or
    /// `azp`, of every user.
    pub fn client(authority: impl Into<Authority>, client: impl Into<String>) -> Self {
        Self::of(RevocationKind::Client, authority, client)
    }

    /// Revokes what this client holds for this subject; `None` is any client, or no subject.
    ///
    /// A [`Denylist`](crate::revocation::Denylist) makes such revocations itself, limited to what
    /// was [issued before](Self::issued_before), for a holder that revokes too many single tokens.
    /// They count as revocations of single tokens.
    pub fn holder(
        authority: impl Into<Authority>,
        client: Option<&str>,
        subject: Option<&str>,
    ) -> Self {
        let id = holder_id(client, subject).map(base64url::encode);
        Self::of(RevocationKind::Holder, authority, id.unwrap_or_default())
    }

    /// Revokes the JWT with this `jti`. Tokens of other issuers with the same `jti` stay valid. A
    /// token without a `jti` is revoked with [`token`](Self::token).
    pub fn jwt_id(authority: impl Into<Authority>, jti: impl Into<String>) -> Self {
        Self::of(RevocationKind::JwtId, authority, jti)
    }

    /// Revokes everything whose signature was verified with this key. Use it when a private key was
    /// stolen, until the issuer has withdrawn it.
    pub fn key(authority: impl Into<Authority>, key: KeyId) -> Self {
        Self::of(
            RevocationKind::Key,
            authority,
            base64url::encode(key.as_bytes()),
        )
    }

    /// Revokes everything of this authority that is bound to the key of DPoP proofs with this thumbprint
    /// (`jkt`). Use it when the private key of a client was stolen.
    pub fn proof_key(authority: impl Into<Authority>, jkt: [u8; 32]) -> Self {
        Self::of(RevocationKind::ProofKey, authority, base64url::encode(jkt))
    }

    /// Revokes a session, by the text of its handle, and the tokens that name it in the claim
    /// `sid`.
    ///
    /// Set its end with [`until`](Self::until): a session and the tokens of it expire, and without
    /// an end the revocation is kept, and takes room, forever. The observer of the list and
    /// [`Gate::doctor`](crate::gate::Gate::doctor) name such revocations.
    pub fn session(authority: impl Into<Authority>, session: impl Into<String>) -> Self {
        Self::of(RevocationKind::Session, authority, session)
    }

    /// Revokes everything that was issued to this subject. That is, all principals of this
    /// authority whose [`subject`](Principal::subject) it is. Limit it with
    /// [`issued_before`](Self::issued_before), so that the subject can log in again.
    pub fn subject(authority: impl Into<Authority>, subject: impl Into<String>) -> Self {
        Self::of(RevocationKind::Subject, authority, subject)
    }

    /// Revokes one JWT, whichever of its valid signatures it is presented with. The id includes
    /// its authority.
    pub fn token(id: TokenId) -> Self {
        Self::of(RevocationKind::Token, "", base64url::encode(id.as_bytes()))
    }

    /// Revokes the JWT of this principal until it expires; `None` if the principal was not
    /// authenticated by a JWT.
    pub fn of_token(principal: &Principal) -> Option<Self> {
        let mut revocation = Self::token(principal.token_id()?);
        revocation.until = principal.expires_at();
        Some(revocation)
    }

    /// Revokes this target. For stores, which read targets back; services use the constructors by
    /// kind.
    pub fn new(target: RevocationTarget<'_>) -> Self {
        Self {
            target: target.into_owned(),
            issued_before: None,
            until: None,
        }
    }

    fn of(kind: RevocationKind, authority: impl Into<Authority>, id: impl Into<String>) -> Self {
        let authority = authority.into();
        Self::new(RevocationTarget::new(kind, authority.as_str(), id.into()))
    }

    /// Exempts what was issued in a later second than this.
    ///
    /// Credentials without a time of issue, and those that were issued in this same second, are not
    /// exempt: whole seconds do not order what happens within one. A time of issue with a fraction
    /// counts as its whole second.
    ///
    /// `time` is compared with the clock of the issuer. If that may be ahead of the clock that
    /// `time` was read from, add the difference; a login within it is then revoked too.
    pub fn issued_before(mut self, time: UnixTime) -> Self {
        self.issued_before = Some(time);
        self
    }

    /// Sets when the last credential that it revokes expires. A list may forget the revocation
    /// once that is [`Leeway::MAX`](crate::clock::Leeway::MAX) ago; without this it is never forgotten.
    pub fn until(mut self, time: UnixTime) -> Self {
        self.until = Some(time);
        self
    }

    /// Returns what is revoked. A list has at most one revocation of a target.
    pub const fn target(&self) -> &RevocationTarget<'static> {
        &self.target
    }

    /// Returns what is revoked, without a copy. For stores that keep the target as the key of a
    /// map.
    pub fn into_target(self) -> RevocationTarget<'static> {
        self.target
    }

    /// Returns the last second in which something that it revokes was issued, or `None` if it
    /// revokes whatever the time of issue.
    pub const fn last_issued(&self) -> Option<UnixTime> {
        self.issued_before
    }

    /// Returns when the last credential that it revokes expires. It is `None` if the revocation is
    /// never forgotten.
    pub const fn last_expiry(&self) -> Option<UnixTime> {
        self.until
    }
}

/// Returns the id as it is compared, or `None` if no credential can have it.
pub(super) fn compared_id(target: &RevocationTarget<'_>) -> Option<Box<[u8]>> {
    let id = target.id();
    let is_sized = |text: &str| text.len() <= limits::REVOCATION_ID_BYTES;
    if id.is_empty() || !is_sized(id) || !is_sized(target.authority()) {
        return None;
    }
    match target.kind() {
        RevocationKind::Certificate
        | RevocationKind::Holder
        | RevocationKind::Key
        | RevocationKind::ProofKey
        | RevocationKind::Token => {
            let bytes = base64url::decode(id)?;
            (bytes.len() == 32).then(|| bytes.into())
        }
        _ => Some(id.as_bytes().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_compared_up_to_its_longest_length() {
        let is_compared = |authority: usize, id: usize| {
            let revocation = Revocation::subject("a".repeat(authority), "s".repeat(id));
            compared_id(revocation.target()).is_some()
        };
        let longest = limits::REVOCATION_ID_BYTES;
        assert!(is_compared(longest, longest) && is_compared(1, 1));
        assert!(!is_compared(longest + 1, 1));
        assert!(!is_compared(1, longest + 1) && !is_compared(1, 0));
    }
}

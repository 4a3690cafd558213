//! Facts of principals that a validator of tokens established.

use super::authority::Authority;
use super::confirmation::Confirmation;
use super::key_id::KeyId;
use super::kind::PrincipalKind;
use super::token_id::TokenId;
use crate::clock::UnixTime;
use crate::json::{Document, TextRange};

/// The facts that a validator established; every range refers to `document`.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) kind: PrincipalKind,
    pub(crate) authority: Authority,
    pub(crate) document: Document,
    /// The decoded JOSE header; empty if the credential is not a JWT.
    pub(crate) header: TextRange,
    /// The id of the token, if `document` does not have its whole text.
    pub(crate) token_id: Option<TokenId>,
    pub(crate) subject: Option<TextRange>,
    pub(crate) client: Option<TextRange>,
    /// Scopes joined by spaces.
    pub(crate) scopes: Option<TextRange>,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    /// The second in which it was issued.
    pub(crate) issued_at: Option<UnixTime>,
    /// True if it was issued later than at the beginning of that second.
    pub(crate) is_issued_within_second: bool,
    /// True if the token was encrypted.
    pub(crate) is_encrypted: bool,
    pub(crate) confirmation: Option<Confirmation>,
    /// The key that verified the credential.
    pub(crate) key: Option<KeyId>,
}

impl Facts {
    /// Returns the id of the token; `None` if the credential is not a JWT.
    pub(crate) fn token_id(&self) -> Option<TokenId> {
        if self.token_id.is_some() {
            return self.token_id;
        }
        let (document, header) = (&self.document, self.header);
        let header = document.bytes().get(header.start()..header.end())?;
        let payload = document.text().as_bytes();
        (!header.is_empty()).then(|| TokenId::of_jwt(&self.authority, header, payload))
    }

    /// Returns the bytes of the subject.
    #[inline]
    pub(crate) fn subject_bytes(&self) -> Option<&[u8]> {
        self.subject.map(|range| self.document.slice_bytes(range))
    }

    /// Returns the text of a range.
    pub(crate) fn text(&self, range: Option<TextRange>) -> Option<&str> {
        range.map(|r| self.document.slice(r))
    }
}

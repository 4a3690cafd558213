//! Drafts of refresh tokens and requests to rotate them.

use std::fmt;

use super::family::RefreshFamily;
use crate::error::{Rejection, RejectionKind};
use crate::grant::{Draft, Grant};
use crate::session::Session;

/// The draft of a family of refresh tokens, for
/// [`RefreshManager::create`](crate::refresh::RefreshManager::create). `Debug` shows subject and client.
#[derive(Clone)]
#[must_use]
pub struct NewRefreshToken {
    draft: Draft,
    session: Option<Grant>,
    thumbprint: Option<[u8; 32]>,
}

impl NewRefreshToken {
    /// Takes the subject, which the service has authenticated, and the client that will hold the
    /// tokens.
    pub fn new(subject: impl Into<String>, client: impl Into<String>) -> Self {
        let draft = Draft {
            subject: subject.into(),
            client: Some(client.into()),
            ..Draft::default()
        };
        Self {
            draft,
            session: None,
            thumbprint: None,
        }
    }

    /// Takes the subject of a session, to which the tokens then belong: they expire with it at the
    /// latest, and are revoked with it. Its scopes and claims are not copied.
    pub fn for_session(session: &Session, client: impl Into<String>) -> Self {
        let new = Self::new(session.grant().subject(), client);
        Self {
            session: Some(session.grant().clone()),
            ..new
        }
    }

    /// Sets the granted scopes. Without a call the grant has none; those of a session are not
    /// copied.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.draft.privileges.set_scopes(scopes);
        self
    }

    /// Sets the granted claims, the text of one JSON object of at most
    /// [`limits::GRANT_CLAIMS_BYTES`](crate::limits::GRANT_CLAIMS_BYTES).
    pub fn claims(mut self, json: impl Into<String>) -> Self {
        self.draft.privileges.claims = Some(json.into());
        self
    }

    /// Binds the tokens to the key of this SHA-256 thumbprint (RFC 7638), whose possession
    /// the client has proved to the service (RFC 9449 section 5).
    pub fn thumbprint(mut self, thumbprint: [u8; 32]) -> Self {
        self.thumbprint = Some(thumbprint);
        self
    }

    pub(crate) fn into_parts(self) -> (Draft, Option<Grant>, Option<[u8; 32]>) {
        (self.draft, self.session, self.thumbprint)
    }
}

impl fmt::Debug for NewRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRefreshToken")
            .field("subject", &self.draft.subject)
            .field("client", &self.draft.client)
            .finish_non_exhaustive()
    }
}

/// A presented refresh token with the client that presents it, for
/// [`RefreshManager::rotate`](crate::refresh::RefreshManager::rotate) and
/// [`revoke`](crate::refresh::RefreshManager::revoke). The token is untrusted; `Debug` does not show it.
#[derive(Clone, Copy)]
#[must_use]
pub struct RotateRequest<'r> {
    token: &'r str,
    client: &'r str,
    thumbprint: Option<&'r [u8; 32]>,
    scope: Option<&'r str>,
}

impl<'r> RotateRequest<'r> {
    /// Takes the token as it was sent, and the client, authenticated by the service; for a public
    /// client that is the `client_id` that it sent.
    pub const fn new(token: &'r str, client: &'r str) -> Self {
        Self {
            token,
            client,
            thumbprint: None,
            scope: None,
        }
    }

    /// Adds the SHA-256 thumbprint of the key whose possession this request has proved. Without it,
    /// a token that is bound to a key is rejected with
    /// [`BindingRequired`](RejectionKind::BindingRequired). The service must have verified the
    /// proof.
    pub const fn thumbprint(mut self, thumbprint: &'r [u8; 32]) -> Self {
        self.thumbprint = Some(thumbprint);
        self
    }

    /// Adds the scopes that the client asks for, joined by spaces (RFC 6749 section 6), untrusted. A
    /// token whose grant does not have each of them is refused with
    /// [`ScopeInsufficient`](RejectionKind::ScopeInsufficient) and not spent. By default the client
    /// asks for all that was granted.
    ///
    /// The grant stays as it is: pass the same scopes to
    /// [`AccessClaims::scopes`](crate::issuer::AccessClaims::scopes).
    pub const fn scope(mut self, scope: &'r str) -> Self {
        self.scope = Some(scope);
        self
    }

    pub(crate) const fn token(&self) -> &'r str {
        self.token
    }

    /// Accepts only the client and the key that the family is bound to.
    pub(crate) fn check(&self, family: &RefreshFamily) -> Result<(), Rejection> {
        self.check_client(family)?;
        match (&family.thumbprint, self.thumbprint) {
            (Some(_), None) => Err(RejectionKind::BindingRequired.into()),
            (Some(own), Some(proved)) if own != proved => {
                Err(RejectionKind::BindingMismatch.into())
            }
            _ => Ok(()),
        }
    }

    /// Accepts only scopes that the family grants.
    pub(crate) fn check_scope(&self, family: &RefreshFamily) -> Result<(), Rejection> {
        let granted = family.grant.scopes().unwrap_or_default();
        let mut asked = self.scope.unwrap_or_default().split(' ');
        let is_granted = |scope: &str| granted.split(' ').any(|own| own == scope);
        match asked.all(|scope| scope.is_empty() || is_granted(scope)) {
            true => Ok(()),
            false => Err(RejectionKind::ScopeInsufficient.into()),
        }
    }

    /// Accepts only the client that the family is bound to.
    pub(crate) fn check_client(&self, family: &RefreshFamily) -> Result<(), Rejection> {
        if family.grant.client() == Some(self.client) {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::RefreshUnknown).with_claim("client_id"))
    }
}

impl fmt::Debug for RotateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotateRequest")
            .field("client", &self.client)
            .field("thumbprint", &self.thumbprint.is_some())
            .finish_non_exhaustive()
    }
}

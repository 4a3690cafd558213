//! Drafts of sessions and of their changes.

use std::fmt;

use super::record::SessionRecord;
use crate::grant::{Draft, GrantError, Privileges};

/// The draft of a session, for [`SessionManager::create`](crate::session::SessionManager::create). `Debug`
/// shows subject and client.
#[derive(Clone)]
#[must_use]
pub struct NewSession {
    draft: Draft,
    data: Vec<u8>,
}

impl NewSession {
    /// Takes the subject, which the service has authenticated. It is compared byte by byte, so use
    /// one form of a name, usually an id that never changes.
    pub fn new(subject: impl Into<String>) -> Self {
        let subject = subject.into();
        let draft = Draft {
            subject,
            ..Draft::default()
        };
        let data = Vec::new();
        Self { draft, data }
    }

    /// Sets the client that the session is for. Revocations of this client end the session too. By
    /// default it has none.
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.draft.client = Some(client.into());
        self
    }

    /// Sets the granted scopes. Without a call the principal has no scopes, so every rule that
    /// needs one denies.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.draft.privileges.set_scopes(scopes);
        self
    }

    /// Sets the granted claims, which policies read: the text of one JSON object of at most
    /// [`limits::GRANT_CLAIMS_BYTES`](crate::limits::GRANT_CLAIMS_BYTES). Do not put anything there
    /// that users can edit.
    pub fn claims(mut self, json: impl Into<String>) -> Self {
        self.draft.privileges.claims = Some(json.into());
        self
    }

    /// Sets data that the service keeps with the session, at most
    /// [`limits::SESSION_DATA_BYTES`](crate::limits::SESSION_DATA_BYTES); policies do not see it.
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    pub(crate) fn into_parts(self) -> (Draft, Vec<u8>) {
        (self.draft, self.data)
    }
}

impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSession")
            .field("subject", &self.draft.subject)
            .field("client", &self.draft.client)
            .finish_non_exhaustive()
    }
}

/// A change together with a session's id, for [`SessionManager::rotate`](crate::session::SessionManager::rotate);
/// by default nothing else changes.
#[derive(Clone, Default)]
#[must_use]
pub struct SessionChange {
    privileges: Privileges,
    data: Option<Vec<u8>>,
}

impl SessionChange {
    /// Replaces the granted scopes. All old ones are dropped; without a call they stay. Pass the
    /// new and the kept ones together.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.privileges.set_scopes(scopes);
        self
    }

    /// Replaces the granted claims, as in [`NewSession::claims`]. All old ones are dropped; without
    /// a call they stay.
    pub fn claims(mut self, json: impl Into<String>) -> Self {
        self.privileges.claims = Some(json.into());
        self
    }

    /// Replaces the data of the service. It is at most
    /// [`limits::SESSION_DATA_BYTES`](crate::limits::SESSION_DATA_BYTES) long; without a call it
    /// stays.
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Some(data.into());
        self
    }

    pub(crate) fn put_on(self, session: &SessionRecord) -> Result<SessionRecord, GrantError> {
        let mut session = session.clone();
        session.grant = self.privileges.put_on(session.grant)?;
        session.data = self.data.unwrap_or(session.data);
        Ok(session)
    }
}

impl fmt::Debug for SessionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionChange").finish_non_exhaustive()
    }
}

//! What a page of a user's sessions shows.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, Serializer};

use super::record::SessionRecord;
use super::validator::Session;
use crate::grant::Grant;
use crate::grant::store::SessionHandle;

/// A session in a list of the sessions of one subject
/// ([`SessionManager::list`](crate::session::SessionManager::list)).
///
/// It has what a page "your devices" shows, and the handle by which the session is
/// [revoked](crate::session::SessionManager::revoke_handle); neither its id nor the digest of it.
/// `Debug` does not show the data.
#[derive(Clone)]
pub struct SessionSummary {
    handle: SessionHandle,
    record: Arc<SessionRecord>,
}

impl SessionSummary {
    /// Returns `None` for a record without a handle: no manager makes one.
    pub(super) fn new(record: Arc<SessionRecord>) -> Option<Self> {
        let handle = record.grant.session()?;
        Some(Self { handle, record })
    }

    /// Returns the public handle. It gives no access, so a page may contain it; one that a request
    /// sends back is untrusted: look for it in the list of the caller's own sessions.
    pub const fn handle(&self) -> SessionHandle {
        self.handle
    }

    /// Returns what was granted to whom, when the session was [created](Grant::created), when it was
    /// [last used](Grant::last_used), and when it [expires](Grant::expires_if_unused).
    pub fn grant(&self) -> &Grant {
        &self.record.grant
    }

    /// Returns the data that the service keeps with the session, such as the name of a device.
    pub fn data(&self) -> &[u8] {
        &self.record.data
    }

    /// Returns true if this is the session of the request.
    pub fn is_current(&self, current: &Session) -> bool {
        current.handle() == Some(self.handle)
            && current.grant().authority() == self.grant().authority()
    }
}

/// Writes the [grant](Self::grant), not the data.
impl Serialize for SessionSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.grant().serialize(serializer)
    }
}

/// Writes the [grant](Session::grant), not the data.
impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.grant().serialize(serializer)
    }
}

impl fmt::Debug for SessionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSummary")
            .field("grant", self.grant())
            .finish_non_exhaustive()
    }
}

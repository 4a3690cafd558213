//! The records of sessions and of families of refresh tokens in memory.

use crate::clock::UnixTime;
use crate::grant::Grant;
use crate::grant::store::TokenDigest;
use crate::refresh::RefreshFamily;
use crate::session::SessionRecord;

/// A record of a grant in a `GrantTable`.
pub(super) trait GrantRecord {
    /// The digest by which it is found.
    fn digest(&self) -> TokenDigest;

    fn grant(&self) -> &Grant;

    /// When a purge removes it.
    fn ends(&self) -> UnixTime;
}

impl GrantRecord for SessionRecord {
    fn digest(&self) -> TokenDigest {
        self.digest
    }

    fn grant(&self) -> &Grant {
        &self.grant
    }

    fn ends(&self) -> UnixTime {
        self.grant.expires_if_unused()
    }
}

impl GrantRecord for RefreshFamily {
    fn digest(&self) -> TokenDigest {
        self.id
    }

    fn grant(&self) -> &Grant {
        &self.grant
    }

    fn ends(&self) -> UnixTime {
        match self.revoked {
            Some(_) => UnixTime::from_secs(0),
            None => self.grant.expires_if_unused(),
        }
    }
}

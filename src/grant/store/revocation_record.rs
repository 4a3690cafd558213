//! Revocations of grants as stores write them.

use super::sequence::Sequence;
use super::session_handle::SessionHandle;
use crate::clock::UnixTime;
use crate::grant::record::Grant;
use crate::limits;
use crate::principal::Authority;
use crate::revocation_list::{RevocationKind, RevocationTarget};

/// The revocation of grants in their store: what is revoked, and when.
///
/// Its target is a subject, a client or a session, which are what grants are made to or belong to.
/// Services revoke through [`SessionManager`](crate::session::SessionManager) and
/// [`RefreshManager`](crate::refresh::RefreshManager); this type is for authors of stores.
///
/// ```
/// use bearergate::clock::UnixTime;
/// use bearergate::grant::store::RevocationRecord;
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let record = RevocationRecord::subject("my service", "alice", now);
/// assert!(record.until() > record.at());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevocationRecord {
    target: RevocationTarget<'static>,
    at: UnixTime,
    until: UnixTime,
}

impl RevocationRecord {
    /// Revokes at `at` what was granted to a client before. It ends sessions and refresh tokens;
    /// those with a later sequence number stay.
    pub fn client(
        authority: impl Into<Authority>,
        client: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        Self::new(RevocationKind::Client, &authority.into(), client.into(), at)
    }

    /// Revokes at `at` a session and every grant that belongs to it, whenever it was made. The
    /// handle stays the same when the id of the session changes.
    pub fn session(authority: impl Into<Authority>, session: SessionHandle, at: UnixTime) -> Self {
        let session = session.to_string();
        Self::new(RevocationKind::Session, &authority.into(), session, at)
    }

    /// Revokes at `at` what was granted to a subject before. It ends sessions and refresh tokens;
    /// those with a later sequence number stay, so the subject can log in again.
    pub fn subject(
        authority: impl Into<Authority>,
        subject: impl Into<String>,
        at: UnixTime,
    ) -> Self {
        let subject = subject.into();
        Self::new(RevocationKind::Subject, &authority.into(), subject, at)
    }

    /// It is kept until everything that it can revoke has expired.
    fn new(kind: RevocationKind, authority: &Authority, id: String, at: UnixTime) -> Self {
        Self {
            target: RevocationTarget::new(kind, authority.as_str(), id).into_owned(),
            at,
            until: at.saturating_add(limits::GRANT_LIFETIME_MAX),
        }
    }

    /// Lets the store forget it at `until`, when everything that it can revoke has expired, instead
    /// of [`limits::GRANT_LIFETIME_MAX`] after it was made.
    #[must_use]
    pub const fn with_until(mut self, until: UnixTime) -> Self {
        self.until = until;
        self
    }

    /// Returns what is revoked. There is at most one record of a target in a store. A later one of
    /// the same target replaces it.
    pub const fn target(&self) -> &RevocationTarget<'static> {
        &self.target
    }

    /// Returns when it was made. A store passes it to [`Sequence::next`] for the number that it
    /// writes.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// Returns when the store may forget it. By default that is [`limits::GRANT_LIFETIME_MAX`]
    /// after it was made, when no grant from before can be valid.
    pub const fn until(&self) -> UnixTime {
        self.until
    }

    /// Returns true if a record whose target has this kind and is one of those of `grant`, written
    /// with the number `written`, revokes the grant.
    ///
    /// That of a client or a subject revokes what was granted at or before its number, and grants
    /// without a number. That of a session revokes everything that belongs to it.
    pub fn revokes(kind: RevocationKind, written: Sequence, grant: &Grant) -> bool {
        match kind {
            RevocationKind::Client | RevocationKind::Subject => {
                grant.sequence().is_none_or(|granted| granted <= written)
            }
            // A record has no other kind than these three.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn a_revocation_ends_only_what_was_granted_before_it() {
        let before = Sequence::next(None, NOW);
        let written = Sequence::next(Some(before), NOW);
        let after = Sequence::next(Some(written), NOW);
        let granted = |sequence| Grant::new("a", "s", NOW).with_sequence(sequence);
        let revokes = |kind, sequence| RevocationRecord::revokes(kind, written, &granted(sequence));
        for kind in [RevocationKind::Client, RevocationKind::Subject] {
            assert!(revokes(kind, Some(before)));
            assert!(revokes(kind, Some(written)));
            assert!(revokes(kind, None));
            assert!(!revokes(kind, Some(after)));
        }
        assert!(revokes(RevocationKind::Session, Some(after)));
    }
}

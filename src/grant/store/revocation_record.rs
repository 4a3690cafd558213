//! Revocations of grants as stores write them.

#[cfg(feature = "issuer")]
use ring::digest;

use super::sequence::Sequence;
use super::session_handle::SessionHandle;
use crate::clock::UnixTime;
#[cfg(feature = "issuer")]
use crate::credential::base64url;
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
    holder: Option<Holder>,
    is_exact: bool,
}

/// Whose session or token a revocation ends.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Holder {
    /// What may be revoked in place of one session or token.
    wider: RevocationTarget<'static>,
    /// The number of the grant that is revoked.
    granted: Sequence,
    client: Option<Box<str>>,
    subject: Box<str>,
    is_of_token: bool,
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
            holder: None,
            is_exact: false,
        }
    }

    /// Keeps a store from writing a [wider](Self::wider) record in its place: for subjects that many
    /// users share. Such a subject can then fill the room that a bounded store has for single
    /// records.
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Returns true if the store must not write a wider record in its place.
    #[cfg(feature = "session")]
    pub(crate) const fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Names the grant of the session that is revoked, so that a bounded store may revoke
    /// [its subject](Self::wider) in place of too many single sessions. It is ignored for a grant
    /// without a sequence number, and for the revocation of a subject or client.
    #[must_use]
    pub fn of_grant(mut self, grant: &Grant) -> Self {
        let (Some(granted), RevocationKind::Session) = (grant.sequence(), self.target.kind())
        else {
            return self;
        };
        let authority = self.target.authority().to_owned();
        let subject = grant.subject();
        let wider = RevocationTarget::new(RevocationKind::Subject, authority, subject);
        self.holder = Some(Holder {
            wider: wider.into_owned(),
            granted,
            client: None,
            subject: subject.into(),
            is_of_token: false,
        });
        self
    }

    /// Names client and subject of the access token that is revoked, and the subject that its
    /// holder has in their place: [`holder_subject`].
    #[cfg(feature = "issuer")]
    pub(crate) fn of_token(
        mut self,
        client: Option<&str>,
        subject: Option<&str>,
        granted: Sequence,
    ) -> Self {
        let authority = self.target.authority().to_owned();
        let holder = holder_subject(client, subject);
        self.holder = Some(Holder {
            wider: RevocationTarget::new(RevocationKind::Subject, authority, holder),
            granted,
            client: client.map(Into::into),
            subject: subject.unwrap_or_default().into(),
            is_of_token: true,
        });
        self
    }

    /// Returns what a store may revoke in place of the [target](Self::target), for a record that it
    /// writes with the number `written`. That is the subject of the session, or what the client of
    /// an access token holds for its subject; `None` if it would not end what the record has to end.
    ///
    /// It is for bounded stores: they can write it for a holder of whom they have many records, so
    /// that one subject or client cannot fill them. It ends more: all that the holder was granted
    /// up to that number. What is granted later is not affected. It is kept as long as the record
    /// would be, so an access token that it ends in addition, and that expires later, is valid again
    /// from then on; sessions and refresh tokens that it ends are removed before.
    pub fn wider(&self, written: Sequence) -> Option<&RevocationTarget<'static>> {
        let holder = self.holder.as_ref().filter(|_| !self.is_exact)?;
        (holder.granted <= written).then_some(&holder.wider)
    }

    /// Returns true for the revocation of a single access token, which its client can cause.
    #[cfg(feature = "session")]
    pub(crate) fn is_of_token(&self) -> bool {
        self.holder
            .as_ref()
            .is_some_and(|holder| holder.is_of_token)
    }

    /// Returns client and subject of what is revoked.
    #[cfg(feature = "session")]
    pub(crate) fn holder(&self) -> (Option<&str>, Option<&str>) {
        let holder = self.holder.as_ref();
        let client = holder.and_then(|holder| holder.client.as_deref());
        (client, holder.map(|holder| &*holder.subject))
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

/// Returns the subject that a client and a subject have together, for the tokens that the one holds
/// for the other.
///
/// Its control character is in no subject of a session, so no user can take it.
#[cfg(feature = "issuer")]
pub(crate) fn holder_subject(client: Option<&str>, subject: Option<&str>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"bearergate holder of tokens 1\0");
    for name in [client, subject] {
        let bytes = name.unwrap_or_default().as_bytes();
        context.update(&[u8::from(name.is_some())]);
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    }
    let mut text = base64url::encode(context.finish());
    text.push('\u{1f}');
    text
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

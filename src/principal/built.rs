//! Compact facts of principals that were built or that a record contains.

use std::any::{Any, TypeId};
use std::num::NonZeroU64;
use std::sync::Arc;

use super::authority::Authority;
use super::claims::Claims;
use super::kind::PrincipalKind;
use super::scopes::Scopes;
use crate::clock::UnixTime;
use crate::json::{Document, TextRange};

/// A value that a validator attached to a principal.
pub(super) type Extension = Arc<dyn Any + Send + Sync>;

/// The facts of a principal that was built or that a record contains.
///
/// A store may have a million of them, so they are compact; the fields that a validator reads for
/// every request come first and are adjacent.
#[repr(C)]
pub(crate) struct BuiltFacts {
    pub(super) expires_at: PackedTime,
    pub(super) not_before: PackedTime,
    pub(super) authority: Authority,
    pub(super) issued_at: PackedTime,
    pub(super) document: Document,
    pub(super) subject: Option<TextRange>,
    pub(super) client: Option<TextRange>,
    /// Scopes joined by spaces.
    pub(super) scopes: Option<TextRange>,
    pub(super) kind: PrincipalKind,
}

impl BuiltFacts {
    pub(crate) fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at.get()
    }

    pub(crate) fn not_before(&self) -> Option<UnixTime> {
        self.not_before.get()
    }

    pub(crate) fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at.get()
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.text(self.subject)
    }

    #[inline]
    pub(crate) fn subject_bytes(&self) -> Option<&[u8]> {
        self.subject.map(|range| self.document.slice_bytes(range))
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.text(self.client)
    }

    pub(crate) fn scopes(&self) -> Option<Scopes<'_>> {
        self.text(self.scopes).map(Scopes::new)
    }

    pub(crate) fn claims(&self) -> Claims<'_> {
        Claims::new(&self.document)
    }

    fn text(&self, range: Option<TextRange>) -> Option<&str> {
        range.map(|r| self.document.slice(r))
    }
}

/// A value that contains the facts of a principal, so that a record is shared and not copied for
/// each request.
pub(crate) trait PrincipalBacking: Send + Sync {
    /// Returns the facts.
    fn facts(&self) -> &BuiltFacts;

    /// Returns the extension of this type.
    fn extension(&self, of: TypeId) -> Option<&dyn Any>;
}

/// Facts that are not part of a record.
pub(super) struct Standalone {
    pub(super) facts: BuiltFacts,
    pub(super) extensions: Vec<Extension>,
}

impl PrincipalBacking for Standalone {
    fn facts(&self) -> &BuiltFacts {
        &self.facts
    }

    fn extension(&self, of: TypeId) -> Option<&dyn Any> {
        let mut all = self.extensions.iter().map(|e| -> &dyn Any { &**e });
        all.find(|value| (*value).type_id() == of)
    }
}

/// An optional time in eight bytes. The largest value of [`UnixTime`] is stored as one second
/// earlier.
#[derive(Clone, Copy)]
pub(super) struct PackedTime(Option<NonZeroU64>);

impl PackedTime {
    pub(super) fn new(time: Option<UnixTime>) -> Self {
        let plus_one = |time: UnixTime| NonZeroU64::MIN.saturating_add(time.as_secs());
        Self(time.map(plus_one))
    }

    pub(super) fn get(self) -> Option<UnixTime> {
        self.0
            .map(|plus_one| UnixTime::from_secs(plus_one.get() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_times_are_read_back() {
        for secs in [0, 1, 1_700_000_000, u64::MAX - 1] {
            let time = Some(UnixTime::from_secs(secs));
            assert_eq!(PackedTime::new(time).get(), time);
        }
        let last = UnixTime::from_secs(u64::MAX);
        assert_eq!(
            PackedTime::new(Some(last)).get(),
            Some(UnixTime::from_secs(u64::MAX - 1))
        );
        assert_eq!(PackedTime::new(None).get(), None);
    }

    #[test]
    fn facts_are_compact() {
        assert_eq!(
            (size_of::<PackedTime>(), size_of::<Option<TextRange>>()),
            (8, 8)
        );
        assert!(
            size_of::<BuiltFacts>() <= 112,
            "{}",
            size_of::<BuiltFacts>()
        );
    }
}

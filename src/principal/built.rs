//! The facts of a principal that was made by hand, in little room.

use std::any::Any;
use std::any::TypeId;
use std::num::NonZeroU64;

use super::Extension;
use super::PrincipalKind;
use super::authority::Authority;
use super::claims::Claims;
use super::scopes::Scopes;
use crate::clock::UnixTime;
use crate::json::Document;
use crate::json::TextRange;

/// The facts of a principal that was made by hand.
///
/// A store may hold a million of them, so they take little room, and what a judge reads of every
/// one stands together.
#[repr(C)]
pub(crate) struct BuiltFacts {
    pub(super) expires_at: Time,
    pub(super) not_before: Time,
    pub(super) authority: Authority,
    pub(super) issued_at: Time,
    pub(super) document: Document,
    pub(super) subject: Option<TextRange>,
    pub(super) client: Option<TextRange>,
    /// Members joined by spaces.
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

    pub(crate) fn client(&self) -> Option<&str> {
        self.text(self.client)
    }

    pub(crate) fn scopes(&self) -> Option<Scopes<'_>> {
        self.text(self.scopes).map(Scopes::new)
    }

    pub(crate) fn claims(&self) -> Claims<'_> {
        Claims::new(&self.document)
    }

    fn text(&self, piece: Option<TextRange>) -> Option<&str> {
        piece.map(|p| self.document.slice(p))
    }
}

/// What holds the facts of a principal, among more of its own: a record is its principal.
pub(crate) trait PrincipalBacking: Send + Sync {
    fn made(&self) -> &BuiltFacts;

    /// Returns the value of this type that lies beside the facts.
    fn extension(&self, of: TypeId) -> Option<&dyn Any>;
}

/// A principal that nobody holds as part of anything else.
pub(super) struct Standalone {
    pub(super) made: BuiltFacts,
    pub(super) extensions: Vec<Extension>,
}

impl PrincipalBacking for Standalone {
    fn made(&self) -> &BuiltFacts {
        &self.made
    }

    fn extension(&self, of: TypeId) -> Option<&dyn Any> {
        let mut all = self.extensions.iter().map(|e| -> &dyn Any { &**e });
        all.find(|value| (*value).type_id() == of)
    }
}

/// A time, or none, in eight bytes; the last second there is counts as the one before.
#[derive(Clone, Copy)]
pub(super) struct Time(Option<NonZeroU64>);

impl Time {
    pub(super) fn new(time: Option<UnixTime>) -> Self {
        let after = |time: UnixTime| NonZeroU64::MIN.saturating_add(time.as_secs());
        Self(time.map(after))
    }

    pub(super) fn get(self) -> Option<UnixTime> {
        self.0.map(|after| UnixTime::from_secs(after.get() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_and_none_too() {
        for secs in [0, 1, 1_700_000_000, u64::MAX - 1] {
            let time = Some(UnixTime::from_secs(secs));
            assert_eq!(Time::new(time).get(), time);
        }
        let last = UnixTime::from_secs(u64::MAX);
        assert_eq!(
            Time::new(Some(last)).get(),
            Some(UnixTime::from_secs(u64::MAX - 1))
        );
        assert_eq!(Time::new(None).get(), None);
    }

    #[test]
    fn the_facts_take_little_room() {
        assert_eq!((size_of::<Time>(), size_of::<Option<TextRange>>()), (8, 8));
        assert!(
            size_of::<BuiltFacts>() <= 112,
            "{}",
            size_of::<BuiltFacts>()
        );
    }
}

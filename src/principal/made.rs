//! The facts of a principal that was made by hand, in little room.

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::Authority;
use super::Extension;
use super::PrincipalKind;
use crate::clock::UnixTime;
use crate::json::Document;
use crate::json::Piece;

/// The facts of a principal that was made by hand.
///
/// A store may hold a million of them, so they take little room, and what a judge reads of every
/// one stands together.
#[repr(C)]
pub(super) struct Made {
    pub(super) expires_at: Time,
    pub(super) not_before: Time,
    pub(super) authority: Authority,
    pub(super) issued_at: Time,
    pub(super) document: Document,
    pub(super) subject: Option<Piece>,
    pub(super) client: Option<Piece>,
    /// Members joined by spaces.
    pub(super) scopes: Option<Piece>,
    pub(super) extension: Option<Extension>,
    pub(super) kind: PrincipalKind,
}

/// More than one extension, as one.
struct Several(Vec<Extension>);

/// Joins extensions to one, of which [`find`] finds each.
pub(super) fn join(mut extensions: Vec<Extension>) -> Option<Extension> {
    if extensions.len() > 1 {
        return Some(Arc::new(Several(extensions)));
    }
    extensions.pop()
}

/// Finds the first value of this type.
pub(super) fn find<T: Any>(extension: &Extension) -> Option<&T> {
    match extension.downcast_ref::<Several>() {
        Some(Several(all)) => all.iter().find_map(|each| each.downcast_ref()),
        None => extension.downcast_ref(),
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
        assert_eq!((size_of::<Time>(), size_of::<Option<Piece>>()), (8, 8));
        assert!(size_of::<Made>() <= 128, "{}", size_of::<Made>());
    }
}

//! Who holds a token, and how many revoked tokens of a holder there are.

use ring::digest;

use crate::clock::UnixTime;
use crate::principal::Principal;

/// Returns the id of what a client holds for a subject, or `None` without both: a digest, because
/// both names together may be longer than an id.
pub(super) fn holder_id(client: Option<&str>, subject: Option<&str>) -> Option<[u8; 32]> {
    if client.is_none() && subject.is_none() {
        return None;
    }
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"bearergate holder 1\0");
    for name in [client, subject] {
        let bytes = name.unwrap_or_default().as_bytes();
        context.update(&[u8::from(name.is_some())]);
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    }
    context.finish().as_ref().try_into().ok()
}

/// Returns true if `is_listed` holds for the id of a holder of this principal: each of its clients
/// with its subject, or its subject with any client.
pub(super) fn any_holder(principal: &Principal, is_listed: impl Fn(&[u8]) -> bool) -> bool {
    let subject = principal.subject();
    let is_held = |client: Option<&str>| {
        let id = holder_id(client, subject);
        id.is_some_and(|id| is_listed(&id))
    };
    is_held(None) || principal.any_client(|client| is_held(Some(client)))
}

/// How many revocations somebody caused, by the minute in which the last of them is needed.
///
/// Minutes, so that a count of a million takes as few numbers as their tokens live minutes.
#[derive(Default)]
pub(super) struct Tally(Vec<(u64, usize)>);

impl Tally {
    /// Returns how many are still needed at this time.
    pub(super) fn count(&self, ended: u64) -> usize {
        let needed = self.0.iter().filter(|(minute, _)| !is_over(*minute, ended));
        needed.map(|(_, count)| count).sum()
    }

    /// Counts one that is needed until this time.
    pub(super) fn add(&mut self, end: Option<UnixTime>, ended: u64) {
        self.forget(ended);
        let minute = end.map_or(u64::MAX, |end| end.as_secs() / 60);
        match self.0.iter_mut().find(|(own, _)| *own == minute) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((minute, 1)),
        }
    }

    /// Forgets what is not needed any more; returns true if nothing is left.
    pub(super) fn forget(&mut self, ended: u64) -> bool {
        self.0.retain(|(minute, _)| !is_over(*minute, ended));
        self.0.is_empty()
    }
}

/// Whether the last second of a minute is before this time.
fn is_over(minute: u64, ended: u64) -> bool {
    minute
        .saturating_add(1)
        .checked_mul(60)
        .is_some_and(|next| next <= ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_told_apart() {
        let ids = [
            holder_id(Some("a"), Some("b")),
            holder_id(Some("b"), Some("a")),
            holder_id(Some("ab"), Some("")),
            holder_id(Some("ab"), None),
            holder_id(None, Some("ab")),
            holder_id(Some(""), Some("ab")),
        ];
        for (place, id) in ids.iter().enumerate() {
            assert!(id.is_some());
            assert!(!ids.iter().take(place).any(|other| other == id), "{place}");
        }
        assert_eq!(holder_id(None, None), None);
    }

    #[test]
    fn a_tally_counts_what_is_still_needed() {
        let mut tally = Tally::default();
        for end in [60, 119, 120, 180] {
            tally.add(Some(UnixTime::from_secs(end)), 0);
        }
        tally.add(None, 0);
        assert_eq!(tally.0.len(), 4);
        for (ended, count) in [
            (0, 5),
            (119, 5),
            (120, 3),
            (180, 2),
            (240, 1),
            (u64::MAX, 1),
        ] {
            assert_eq!(tally.count(ended), count, "{ended}");
        }
        assert!(!tally.forget(240));
        assert_eq!(tally.0.len(), 1);
    }
    #[test]
    fn a_tally_that_is_added_to_keeps_nothing_that_is_over() {
        for (ended, kept) in [(0, 2), (119, 2), (120, 1)] {
            let mut tally = Tally::default();
            tally.add(Some(UnixTime::from_secs(119)), 0);
            tally.add(Some(UnixTime::from_secs(300)), ended);
            assert_eq!(tally.0.len(), kept, "{ended}");
        }
    }
}

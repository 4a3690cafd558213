//! The order of grants and revocations in a store.

use crate::clock::UnixTime;

/// The order in which a store wrote grants and revocations: seconds, and a count within the
/// second.
///
/// A revocation ends what was granted at or before its number. Seconds do not order a login and a
/// revocation within the same second, and the clocks of several nodes differ, so each store gives
/// every grant and every revocation a number of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Sequence(u64);

impl Sequence {
    /// Takes a number that [`as_u64`](Self::as_u64) returned. A store calls it for what it reads
    /// back.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number, at most `i64::MAX` up to the year 9999, for a store to write. Numbers of
    /// different stores cannot be compared.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the next number of a store: greater than `last`, and not before `now`.
    ///
    /// The store reads `last` and writes the result in the transaction that uses it.
    ///
    /// ```
    /// use bearergate::clock::UnixTime;
    /// use bearergate::grant::store::Sequence;
    ///
    /// let now = UnixTime::from_secs(1_700_000_000);
    /// let first = Sequence::next(None, now);
    /// let second = Sequence::next(Some(first), now);
    /// assert!(second > first);
    /// ```
    #[must_use]
    pub fn next(last: Option<Self>, now: UnixTime) -> Self {
        let now = Self(now.as_secs().saturating_mul(Self::PER_SECOND));
        last.map_or(now, |last| now.max(Self(last.0.saturating_add(1))))
    }

    const PER_SECOND: u64 = 1 << 24;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn sequence_numbers_of_one_store_never_repeat_even_if_its_clock_goes_back() {
        let later = UnixTime::from_secs(NOW.as_secs() + 1);
        let first = Sequence::next(None, NOW);
        let same = Sequence::next(Some(first), NOW);
        let next = Sequence::next(Some(same), later);
        let back = Sequence::next(Some(next), NOW);
        assert!(first < same && same < next && next < back);
        assert_eq!(Sequence::from_u64(back.as_u64()), back);
    }

    #[test]
    fn sequence_numbers_fit_a_signed_number_up_to_the_last_time() {
        let last = Sequence::next(None, UnixTime::from_secs(limits::TIME_MAX));
        assert!(i64::try_from(last.as_u64()).is_ok());
    }
}

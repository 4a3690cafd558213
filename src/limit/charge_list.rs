//! The charges of one request.

use super::rate_store::RateKey;

/// How many charges need no allocation.
const INLINE: usize = 8;

/// What a request took from one bucket, and what the bucket had left then.
///
/// It is copied and moved with every request, so it is kept at 32 bytes: what the two numbers of
/// `place` and the other two say depends on where the cells were taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    /// The key of a slot, the index of a cell, or the first half of the key in a store.
    key: u64,
    /// The nanoseconds that were taken, or the second half of the key in a store.
    taken: u64,
    /// The nanoseconds that are owed then; the cells that were taken in a store and those that are
    /// left there; where a limit refused, the nanoseconds until it has one more cell.
    rest: u64,
    place: Place,
    /// Whether the pace is that of the share of this node.
    pub(super) is_of_share: bool,
    /// The index of the limit.
    pub(super) limit: u16,
    /// The index of its rate, which may be an exception's.
    pub(super) rate: u16,
}

/// Where cells were taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Nowhere,
    Everyone,
    Slot,
    Cell,
    Store,
    FullStore,
}

/// What was taken, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Charged {
    /// Nothing: the limit refused.
    Nothing,
    /// Nanoseconds of the one bucket of a limit for everyone.
    Everyone(u64),
    /// Nanoseconds of the slot of this key.
    Slot(u64, u64),
    /// Nanoseconds of this shared cell.
    Cell(u64, u64),
    /// Cells of the bucket of this key in a store.
    Store(RateKey, u32),
}

/// What a bucket had left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Left {
    /// It owes these nanoseconds.
    Debt(u64),
    /// It has so many cells, and one more after these nanoseconds.
    Cells(u32, u64),
    /// It has so many cells, and one more after the step of its rate.
    Stepwise(u32),
}

impl Charge {
    const NONE: Self = Self {
        key: 0,
        taken: 0,
        rest: 0,
        place: Place::Nowhere,
        is_of_share: false,
        limit: 0,
        rate: 0,
    };

    /// Makes the charge of a bucket of this process, which owes `debt` nanoseconds then.
    #[inline]
    pub(super) const fn local((limit, rate): (u16, u16), taken: Charged, debt: u64) -> Self {
        let (place, key, taken) = match taken {
            Charged::Everyone(taken) => (Place::Everyone, 0, taken),
            Charged::Slot(key, taken) => (Place::Slot, key, taken),
            Charged::Cell(index, taken) => (Place::Cell, index, taken),
            Charged::Nothing | Charged::Store(..) => (Place::Nowhere, 0, 0),
        };
        Self {
            key,
            taken,
            rest: debt,
            place,
            is_of_share: false,
            limit,
            rate,
        }
    }

    /// Makes the charge of a bucket in a store.
    pub(super) fn shared(
        (limit, rate): (u16, u16),
        key: &RateKey,
        (cells, left): (u32, u32),
        is_full: bool,
    ) -> Self {
        let key = u128::from_le_bytes(*key.as_bytes());
        Self {
            key: key as u64,
            taken: (key >> 64) as u64,
            rest: u64::from(cells) << 32 | u64::from(left),
            place: if is_full {
                Place::FullStore
            } else {
                Place::Store
            },
            is_of_share: false,
            limit,
            rate,
        }
    }

    /// Makes the charge of a limit that refused, which has one more cell after `next_cell`
    /// nanoseconds.
    pub(super) const fn refused((limit, rate): (u16, u16), left: u32, next_cell: u64) -> Self {
        Self {
            key: left as u64,
            rest: next_cell,
            limit,
            rate,
            ..Self::NONE
        }
    }

    /// Returns what was taken.
    pub(super) fn charged(&self) -> Charged {
        match self.place {
            Place::Nowhere => Charged::Nothing,
            Place::Everyone => Charged::Everyone(self.taken),
            Place::Slot => Charged::Slot(self.key, self.taken),
            Place::Cell => Charged::Cell(self.key, self.taken),
            Place::Store | Place::FullStore => {
                let key = u128::from(self.taken) << 64 | u128::from(self.key);
                let key = RateKey::from_bytes(key.to_le_bytes());
                Charged::Store(key, (self.rest >> 32) as u32)
            }
        }
    }

    /// Returns what the bucket had left.
    pub(super) const fn left(&self) -> Left {
        match self.place {
            Place::Nowhere => Left::Cells(self.key as u32, self.rest),
            Place::Everyone | Place::Slot | Place::Cell => Left::Debt(self.rest),
            Place::Store => Left::Stepwise(self.rest as u32),
            Place::FullStore => Left::Cells(self.rest as u32, 0),
        }
    }
}

/// A list of charges that allocates only beyond eight.
#[derive(Clone, Debug)]
pub(super) struct ChargeList {
    inline: [Charge; INLINE],
    more: Vec<Charge>,
    len: usize,
}

impl ChargeList {
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            inline: [Charge::NONE; INLINE],
            more: Vec::new(),
            len: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, charge: Charge) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = charge,
            None => self.more.push(charge),
        }
        self.len += 1;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Removes all but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        self.more.truncate(len.saturating_sub(INLINE));
        self.len = self.len.min(len);
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Charge> + Clone {
        let inline = self.inline.iter().take(self.len);
        inline.chain(&self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: (u16, u16) = (3, 5);

    #[test]
    fn a_charge_is_small() {
        assert_eq!(size_of::<Charge>(), 32);
    }

    #[test]
    fn a_charge_says_what_was_taken_and_is_left() {
        for taken in [
            Charged::Everyone(7),
            Charged::Slot(u64::MAX, 7),
            Charged::Cell(9, u64::MAX),
        ] {
            let charge = Charge::local(AT, taken, 11);
            assert_eq!((charge.charged(), charge.left()), (taken, Left::Debt(11)));
            assert_eq!((charge.limit, charge.rate), AT);
        }
        let charge = Charge::refused(AT, u32::MAX, u64::MAX);
        assert_eq!(charge.charged(), Charged::Nothing);
        assert_eq!(charge.left(), Left::Cells(u32::MAX, u64::MAX));
    }

    #[test]
    fn a_charge_in_a_store_keeps_the_whole_key() {
        let key = RateKey::from_bytes(std::array::from_fn(|place| place as u8 + 1));
        for (is_full, left) in [(false, Left::Stepwise(4)), (true, Left::Cells(4, 0))] {
            let charge = Charge::shared(AT, &key, (u32::MAX, 4), is_full);
            assert_eq!(charge.charged(), Charged::Store(key, u32::MAX));
            assert_eq!(charge.left(), left);
        }
    }

    #[test]
    fn a_list_is_cut_in_both_of_its_parts() {
        let mut list = ChargeList::new();
        for limit in 0..12 {
            list.push(Charge::refused((limit, 0), 0, 0));
        }
        let limits = |list: &ChargeList| list.iter().map(|own| own.limit).collect::<Vec<_>>();
        for len in [12, 13, 9, 8, 3, 0] {
            list.truncate(len);
            let expected: Vec<_> = (0..12).take(len).collect();
            assert_eq!((limits(&list), list.len()), (expected, len.min(12)));
        }
        list.push(Charge::refused((7, 0), 0, 0));
        assert_eq!(limits(&list), [7]);
    }
}

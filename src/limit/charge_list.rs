//! The charges of one request.

/// How many charges need no allocation.
const INLINE: usize = 8;

/// What a request took from one bucket, and what the bucket had left then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    /// Where the cells were taken.
    pub(super) place: Place,
    /// What was taken: nanoseconds in this process, cells in a store; 0 where the limit refused.
    pub(super) taken: u64,
    /// Nanoseconds until there is one more cell; 0 if the bucket is full.
    pub(super) next_cell: u64,
    pub(super) left: u32,
    /// The index of the limit.
    pub(super) limit: u16,
    /// The index of its rate, which may be an exception's.
    pub(super) rate: u16,
}

/// Where cells were taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Nowhere: the limit refused, or is a shadow limit.
    Nowhere,
    /// The one bucket of a limit for everyone.
    Everyone,
    /// The slot of this key.
    Slot(u64),
    /// This shared cell.
    Cell(u64),
    /// The bucket of this key in a store.
    Store([u8; 16]),
}

/// A list of charges that allocates only beyond eight.
#[derive(Clone, Debug)]
pub(super) struct ChargeList {
    len: usize,
    inline: [Charge; INLINE],
    more: Vec<Charge>,
}

impl ChargeList {
    pub(super) const fn new() -> Self {
        const NONE: Charge = Charge {
            place: Place::Nowhere,
            taken: 0,
            next_cell: 0,
            left: 0,
            limit: 0,
            rate: 0,
        };
        Self {
            len: 0,
            inline: [NONE; INLINE],
            more: Vec::new(),
        }
    }

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

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Charge> + Clone {
        let inline = self.inline.iter().take(self.len);
        inline.chain(&self.more)
    }
}

//! The lanes of the buffer of a sink.

/// The share of a buffer that a record takes from, so that no kind of record starves another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Lane {
    Allowed,
    Refused,
    /// Locks, signals, summaries and everything that is no request.
    Notable,
}

impl Lane {
    pub(super) const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::Notable];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Notable => "notable",
        }
    }

    /// Returns the lane of this byte; every unknown one is that of refusals.
    pub(super) const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Allowed,
            2 => Self::Notable,
            _ => Self::Refused,
        }
    }

    /// The bytes of a buffer that this lane has.
    const fn quota(self, ring: usize) -> usize {
        let sixteenth = ring / 16;
        match self {
            Self::Allowed => ring - 4 * sixteenth,
            Self::Refused => 3 * sixteenth,
            Self::Notable => sixteenth,
        }
    }
}

/// One value for each lane.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct PerLane<T>([T; 3]);

impl<T> PerLane<T> {
    pub(super) fn each(value: impl FnMut(Lane) -> T) -> Self {
        Self(Lane::ALL.map(value))
    }

    pub(super) const fn get(&self, lane: Lane) -> &T {
        let [allowed, refused, notable] = &self.0;
        match lane {
            Lane::Allowed => allowed,
            Lane::Refused => refused,
            Lane::Notable => notable,
        }
    }

    pub(super) const fn get_mut(&mut self, lane: Lane) -> &mut T {
        let [allowed, refused, notable] = &mut self.0;
        match lane {
            Lane::Allowed => allowed,
            Lane::Refused => refused,
            Lane::Notable => notable,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Lane, &T)> {
        Lane::ALL.into_iter().zip(&self.0)
    }
}

impl PerLane<usize> {
    /// Returns the bytes of each lane of a buffer: 3/4, 3/16 and 1/16.
    pub(super) fn quotas(ring: usize) -> Self {
        Self::each(|lane| lane.quota(ring))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lanes_share_the_whole_buffer() {
        for ring in [64 * 1024, 100_003, 8 * 1024 * 1024] {
            let quotas = PerLane::quotas(ring);
            assert_eq!(quotas.iter().map(|(_, bytes)| bytes).sum::<usize>(), ring);
        }
        let quotas = PerLane::quotas(1_600);
        assert_eq!(Lane::ALL.map(|lane| *quotas.get(lane)), [1_200, 300, 100]);
    }

    #[test]
    fn a_lane_is_told_by_its_byte() {
        for lane in Lane::ALL {
            assert_eq!(Lane::from_byte(lane as u8), lane);
        }
    }
}

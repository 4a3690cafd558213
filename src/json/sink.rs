//! What the scanner reports about the members of an object.

use super::names::RawName;
use crate::limits;

/// A receiver of the members of the top-level object, in their order.
pub(crate) trait Sink {
    /// Most members of the object.
    const MOST: usize = limits::JSON_MEMBERS;

    /// Receives the name of the next member. A sink that compares this name with all others itself
    /// reports the result, so that the scanner need not.
    #[inline(always)]
    fn name(&mut self, _text: &[u8], _name: RawName) -> NameCheck {
        NameCheck::Unknown
    }

    /// Receives one member; [`name`](Self::name) received its name before.
    fn member(&mut self, text: &[u8], member: Span);

    /// Discards all members: the scan starts again with more space for names.
    fn restart(&mut self);
}

/// Whether a sink has seen a name before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NameCheck {
    /// The object has a member of this name already.
    Duplicate,
    /// It is the first member of this name.
    New,
    /// The sink does not check this name.
    Unknown,
}

/// The position of one member of an object in its text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Span {
    /// First byte of the name, after its quote.
    pub(crate) name_start: usize,
    /// Closing quote of the name.
    pub(crate) name_end: usize,
    /// Whether the name has escapes.
    pub(crate) name_escaped: bool,
    /// First byte of the value.
    pub(crate) value_start: usize,
    /// First byte after the value.
    pub(crate) value_end: usize,
}

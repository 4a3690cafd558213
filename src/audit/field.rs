//! The form of a packed record: a header, then fields of a tag, a length and bytes.

/// The bytes of the header: what, outcome, kind, flags, status (2), time (8), id (16).
pub(super) const HEADER: usize = 30;

/// The kind of a record that was allowed.
pub(super) const NO_KIND: u8 = u8::MAX;

/// Declares the tags once.
macro_rules! fields {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// The tag of a field.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(super) enum Field {
            $($(#[$meta])* $name,)+
        }

        impl Field {
            const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

fields! {
    /// Kind, and whether its names are pseudonyms; the names are in the fields after it.
    Caller,
    Client,
    Authority,
    Subject,
    ClientName,
    Credential,
    Claimed,
    Address,
    KeyedAddress,
    Port,
    Via,
    Problem,
    Method,
    Path,
    Route,
    Action,
    Resource,
    UserAgent,
    Latency,
    Level,
    Rule,
    PolicyVersion,
    Reason,
    Limit,
    LimitResult,
    Scope,
    ClaimName,
    Trace,
    MatterCode,
    MatterOf,
    Lock,
    Count,
}

/// Reads the fields after the header.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = (Field, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([tag, low, high], rest) = self.0.split_first_chunk::<3>()?;
        let length = u16::from_le_bytes([*low, *high]);
        let (bytes, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some((*Field::ALL.get(usize::from(*tag))?, bytes))
    }
}

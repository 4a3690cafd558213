//! What verification finds.

use std::fmt;
use std::path::PathBuf;

/// The result of verifying a trail.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The number of whole lines that are not empty, faulty ones included.
    pub records: u64,
    /// The first fault in the order of the trail; what is behind it is not verified.
    pub first_fault: Option<Fault>,
    /// Whether no anchor confirms the last line, so that the end is unproven: lines behind it may
    /// have been cut. Always true with a fault.
    pub open_end: bool,
}

/// A place where a trail is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// The path of the file, as it was given.
    pub file: PathBuf,
    /// The number of the line, from 1; empty lines count.
    pub line: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a trail.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// A line in its place has other bytes than were written, perhaps only in its MAC.
    Altered,
    /// Lines before this one are missing: of this start, or of starts before it.
    Removed,
    /// The line was never written at this place; a copy of a true line, too.
    Inserted,
    /// A line that belongs before this one is behind it.
    Reordered,
    /// Lines behind this one, which an anchor confirms, are missing.
    Truncated,
    /// No line was written under this key, and all were under another one.
    WrongKey,
}

impl FaultKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::WrongKey => "wrong_key",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

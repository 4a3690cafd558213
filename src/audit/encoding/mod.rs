//! Encodings of audit records.

mod cef;
mod ecs;
mod json;
mod native;
mod ocsf;
mod outcome;
mod scalar;
#[cfg(test)]
mod test_cef;
#[cfg(test)]
mod test_json;
#[cfg(test)]
mod test_ocsf;
#[cfg(test)]
pub(super) mod test_samples;
#[cfg(test)]
mod tests;

use super::record::{Common, Record};
pub(super) use scalar::{push_id, push_number, push_time};

/// The form of a line of the audit trail.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// JSON lines of the Open Cybersecurity Schema Framework, 1.8.0.
    Ocsf,
    /// JSON lines of the Elastic Common Schema, 9.4.0.
    Ecs,
    /// Common Event Format, version 0.
    Cef,
    /// JSON lines with the names of this crate.
    Native,
}

impl Encoding {
    /// Appends a record as one line, without its line feed. The line ends with
    /// [`closing`](Self::closing); a chain inserts its member before that.
    pub(crate) fn encode(self, record: &Record<'_>, common: &Common, line: &mut Vec<u8>) {
        match self {
            Self::Ocsf => ocsf::encode(record, common, line),
            Self::Ecs => ecs::encode(record, common, line),
            Self::Cef => cef::encode(record, common, line),
            Self::Native => native::encode(record, common, line),
        }
    }

    /// Returns what ends each line, before which one more member can be inserted:
    /// `,"chain":"…"` in JSON (`bearergate.chain` in ECS), ` bearergateChain=…` in CEF.
    pub(crate) const fn closing(self) -> &'static str {
        match self {
            // `unmapped.bearergate` is the last member.
            Self::Ocsf => "}}}",
            Self::Ecs | Self::Native => "}",
            Self::Cef => "",
        }
    }

    /// Returns the extension of files.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Ocsf | Self::Ecs | Self::Native => "jsonl",
            Self::Cef => "cef",
        }
    }
}

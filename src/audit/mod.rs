//! The audit trail: one record for each request, in the form that a SIEM takes.

mod encoding;
mod pseudonym;
mod record;
mod sink;
mod syslog;
mod writer_sink;

pub use encoding::Encoding;
pub use pseudonym::{AddressDetail, Pseudonym, PseudonymKey, PseudonymKind};
pub use record::{Severity, What};
pub use sink::{AuditSink, Batch, BatchLine, PreviousEnd, SinkStart};
pub use syslog::SyslogSink;
pub use writer_sink::WriterSink;

#[cfg(test)]
pub(crate) use encoding::test_samples::sample_batch_of;

//! The audit trail: one record for each request, in the form that a SIEM takes.

mod answers;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is called after has a file of its own"
)]
mod audit;
mod audit_error;
mod builder;
mod chain;
mod collapse;
mod core;
mod encoding;
mod entries;
mod event;
mod field;
mod file_sink;
mod health;
mod lane;
mod packing;
mod pseudonym;
mod record;
mod recorded;
mod refusals;
mod ring;
mod sink;
mod syslog;
mod tally;
#[cfg(all(test, not(bearergate_shuttle)))]
mod test_audit;
#[cfg(all(test, bearergate_shuttle))]
mod test_interleavings;
#[cfg(test)]
mod test_packing;
mod trail;
mod unpacking;
mod verify;
mod waiters;
mod waiting;
mod writer;
mod writer_sink;

pub use audit::Audit;
pub use audit_error::{AuditError, AuditErrorKind};
pub use builder::AuditBuilder;
pub use chain::ChainKey;
pub use collapse::Collapse;
pub use encoding::Encoding;
pub use event::{AuditEvent, Paths};
pub use file_sink::{FileSink, SyncPolicy};
pub use health::{AuditHealth, Closed, Lost, SinkHealth, SinkState};
pub use pseudonym::{AddressDetail, Pseudonym, PseudonymKey, PseudonymKind};
pub use record::{Severity, What};
pub use recorded::Recorded;
pub use sink::{AuditSink, Batch, BatchLine, FileBegin, PreviousEnd, SinkNotice, SinkStart};
pub use syslog::SyslogSink;
pub use verify::{Fault, FaultKind, Verified, VerifyError, verify};
pub use writer_sink::WriterSink;

#[cfg(all(test, feature = "tracing"))]
pub(crate) use encoding::test_samples::sample_batch_of;

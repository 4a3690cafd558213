//! The audit trail: one record for each request, in the form that a SIEM takes.

mod chain;
mod encoding;
mod file_sink;
mod record;
mod sink;
mod verify;

pub use chain::ChainKey;
pub use encoding::Encoding;
pub use file_sink::{FileSink, SyncPolicy};
pub use record::What;
pub use sink::{AuditSink, Batch, FileBegin, PreviousEnd, SinkNotice, SinkStart};
pub use verify::{Fault, FaultKind, Verified, VerifyError, verify};

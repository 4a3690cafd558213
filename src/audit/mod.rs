//! The audit trail: one record for each request, in the form that a SIEM takes.

mod encoding;
mod record;
mod sink;

pub use encoding::Encoding;
pub use record::What;
pub use sink::{AuditSink, Batch, PreviousEnd, SinkStart};

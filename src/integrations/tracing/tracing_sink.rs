//! Audit records as `tracing` events.

use std::io;

use tracing::{Level, event};

use crate::audit::{AuditSink, Batch, BatchLine, Severity};

/// An [`AuditSink`] that writes each record as a `tracing` event with the target
/// `bearergate::audit`.
///
/// | field | content |
/// |---|---|
/// | `what` | what the record is about, such as `decision` |
/// | `code` | [`BatchLine::code`], such as `allowed` or `rate_limited` |
/// | `id`, `sequence` | id and number of the record |
/// | `record` | the line in the encoding that the sink was added with |
///
/// | level | records |
/// |---|---|
/// | error | lost records |
/// | warn | locks and signals |
/// | info | all others |
///
/// Events are written on the thread of the sink: to the global subscriber, without a span. What a
/// subscriber drops is lost, and this sink cannot notice. Text in `record` was escaped by the
/// encoding, so it cannot end a line of a log.
///
/// ```
/// use bearergate::integrations::tracing::TracingSink;
///
/// let sink = TracingSink::new();
/// # let _ = sink;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink(());

impl TracingSink {
    /// Creates a sink.
    pub const fn new() -> Self {
        Self(())
    }
}

impl AuditSink for TracingSink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        for line in batch.lines() {
            write_record(&line);
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "tracing"
    }
}

/// Writes a line with this level.
macro_rules! write_line {
    ($level:ident, $line:ident) => {
        event!(
            target: "bearergate::audit",
            Level::$level,
            what = $line.what().as_str(),
            code = $line.code(),
            id = %format_args!("{:032x}", $line.id()),
            sequence = $line.sequence(),
            record = %String::from_utf8_lossy($line.bytes()),
            "audit record"
        )
    };
}

fn write_record(line: &BatchLine<'_>) {
    match line.severity() {
        Severity::Error => write_line!(ERROR, line),
        Severity::Warning => write_line!(WARN, line),
        Severity::Notice | Severity::Informational => write_line!(INFO, line),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::audit::sample_batch_of;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            self.0.push_str(&format!(" {}={value:?}", field.name()));
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "bearergate::audit"
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(event.metadata().level().to_string());
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn each_record_is_an_event_whose_level_depends_on_its_severity() {
        let log = Log::default();
        let (lines, marks) = sample_batch_of(&["allowed", "locked", "gap"]);
        tracing::subscriber::with_default(log.clone(), || {
            TracingSink::new()
                .write(&Batch::new(&lines, &marks))
                .unwrap();
        });
        let id = "0123456789abcdef0123456789abcdef";
        let rest = |code: &str, sequence| format!("id={id} sequence={sequence} record={code}");
        assert_eq!(
            *log.0.lock().unwrap(),
            [
                format!(
                    "INFO message=audit record what=\"decision\" code=\"allowed\" {}",
                    rest("allowed", 1)
                ),
                format!(
                    "WARN message=audit record what=\"locked\" code=\"locked\" {}",
                    rest("locked", 2)
                ),
                format!(
                    "ERROR message=audit record what=\"gap\" code=\"gap\" {}",
                    rest("gap", 3)
                ),
            ]
        );
    }
}

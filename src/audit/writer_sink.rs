//! A sink on a writer, such as the standard output.

use std::fmt;
use std::io::{self, Write};

use super::sink::{AuditSink, Batch};

/// An [`AuditSink`] that writes lines to a writer, such as the standard output of a container.
///
/// Each batch is written and flushed. After an error it goes on behind the last byte that the writer
/// took, so that nothing is written twice. A writer is never synced: what a pipe or the system still
/// holds is lost with it.
///
/// ```
/// use bearergate::audit::WriterSink;
///
/// let to_log_collector = WriterSink::stdout();
/// let to_memory = WriterSink::new(Vec::new());
/// # let _ = (to_log_collector, to_memory);
/// ```
pub struct WriterSink<W> {
    writer: W,
    /// Bytes of a failed batch that the writer took.
    taken: usize,
}

impl<W: Write + Send> WriterSink<W> {
    /// Creates a sink on a writer.
    pub const fn new(writer: W) -> Self {
        Self { writer, taken: 0 }
    }
}

impl WriterSink<io::Stdout> {
    /// Creates a sink on the standard output of the process. Nothing else should write to it.
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write + Send> AuditSink for WriterSink<W> {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        while let Some(rest @ [_, ..]) = batch.bytes().get(self.taken..) {
            match self.writer.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.taken += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.writer.flush()?;
        self.taken = 0;
        Ok(())
    }

    fn name(&self) -> &str {
        "writer"
    }
}

impl<W> fmt::Debug for WriterSink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterSink").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::audit::encoding::test_samples::sample_batch;

    /// A writer that takes so many bytes with each call, or fails; then it takes everything.
    #[derive(Clone, Default)]
    struct Failing {
        taken: Arc<Mutex<Vec<u8>>>,
        plan: Arc<Mutex<Vec<Option<usize>>>>,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = match self.plan.lock().unwrap().pop() {
                Some(None) => return Err(io::Error::other("disk full")),
                Some(Some(count)) => count.min(bytes.len()),
                None => bytes.len(),
            };
            self.taken
                .lock()
                .unwrap()
                .extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(plan: Vec<Option<usize>>, texts: &[&str]) -> String {
        let writer = Failing {
            plan: Arc::new(Mutex::new(plan)),
            ..Failing::default()
        };
        let mut sink = WriterSink::new(writer.clone());
        let (lines, marks) = sample_batch(texts);
        let mut tries = 0;
        while sink.write(&Batch::new(&lines, &marks)).is_err() {
            tries += 1;
            assert!(tries < 100);
        }
        let taken = writer.taken.lock().unwrap().clone();
        String::from_utf8(taken).unwrap()
    }

    #[test]
    fn a_batch_is_written_once_whatever_the_writer_takes_at_a_time() {
        for plan in [
            vec![],
            vec![Some(1); 5],
            vec![None],
            // The plan is read from its end.
            vec![None, Some(4)],
            vec![None, Some(6), None, Some(1), None],
            vec![None, Some(8)],
        ] {
            assert_eq!(written(plan, &["abc", "def"]), "abc\ndef\n");
        }
    }

    #[test]
    fn lines_that_are_added_to_a_failed_batch_follow_it() {
        let writer = Failing {
            plan: Arc::new(Mutex::new(vec![None, Some(2)])),
            ..Failing::default()
        };
        let mut sink = WriterSink::new(writer.clone());
        let (lines, marks) = sample_batch(&["abc"]);
        assert!(sink.write(&Batch::new(&lines, &marks)).is_err());
        let (lines, marks) = sample_batch(&["abc", "d"]);
        sink.write(&Batch::new(&lines, &marks)).unwrap();
        let (lines, marks) = sample_batch(&["e"]);
        sink.write(&Batch::new(&lines, &marks)).unwrap();
        assert_eq!(*writer.taken.lock().unwrap(), b"abc\nd\ne\n");
    }
}

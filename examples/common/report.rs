//! The steps of an example, each with what was found and what was expected.

use std::fmt::Display;
use std::io;
use std::io::Write;
use std::process::ExitCode;

use bearergate::RejectionKind;

#[derive(Default)]
pub(crate) struct Report {
    unexpected: usize,
}

impl Report {
    /// Prints a step and what was found.
    pub(crate) fn step(
        &mut self,
        step: &str,
        found: impl Display,
        expected: impl Display,
    ) -> io::Result<()> {
        let (found, expected) = (found.to_string(), expected.to_string());
        let mut out = io::stdout().lock();
        writeln!(out, "{step:54}  {found}")?;
        if found != expected {
            self.unexpected += 1;
            writeln!(out, "{:54}  expected: {expected}", "")?;
        }
        Ok(())
    }

    /// Success only if every step was as expected.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.unexpected > 0))
    }
}

/// Returns "accepted", or the kind of the rejection.
pub(crate) fn outcome<T>(result: Result<T, RejectionKind>) -> &'static str {
    result.map_or_else(RejectionKind::as_str, |_| "accepted")
}

//! Explanations of requests for a terminal.

use std::fmt;

use super::request_explanation::RequestExplanation;
use crate::diagnosis::escaped;

impl fmt::Display for RequestExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", escaped(self.headline()))?;
        for (name, value) in self.context() {
            writeln!(f, "{name}: {}", escaped(value))?;
        }
        for section in self.sections() {
            writeln!(f, "{}", section.name())?;
            section
                .steps()
                .iter()
                .try_for_each(|step| writeln!(f, "{step}"))?;
            if section.name() == super::run::AUTHORIZATION
                && let Some(trace) = self.trace()
            {
                for line in trace.to_string().lines() {
                    writeln!(f, "          {line}")?;
                }
            }
        }
        Ok(())
    }
}

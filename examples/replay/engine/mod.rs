//! The engine of `replay`, which reads any input and writes any output, so that tests can use it.

mod answer;
mod bound;
mod cache;
mod case;
mod fault;
mod lines;
mod validators;

use std::io;
use std::io::{BufRead, Write};
use std::sync::Arc;

use answer::{Answer, Verdict};
use bearergate::clock::Clock;
use bearergate::json::Object;
use case::Case;
use fault::Fault;
use lines::Lines;
use validators::Validators;

/// Answers line by line, and explains errors in `notes`.
pub(crate) struct Engine<N> {
    validators: Validators,
    clock: Arc<dyn Clock>,
    notes: N,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Every line was a case.
    Clean,
    /// At least one line was not.
    InputErrors,
}

impl<N: Write> Engine<N> {
    /// Takes the clock for lines without a time.
    pub(crate) fn new(clock: Arc<dyn Clock>, notes: N) -> Self {
        Self {
            validators: Validators::new(Arc::clone(&clock)),
            clock,
            notes,
        }
    }

    /// Answers every line of `input` in order, except blank ones.
    pub(crate) fn run(
        &mut self,
        input: impl BufRead,
        mut output: impl Write,
    ) -> io::Result<Outcome> {
        let mut lines = Lines::new(input);
        let mut outcome = Outcome::Clean;
        while let Some((number, line)) = lines.next()? {
            let answer = self.answer(line);
            self.note(number, &answer.verdict);
            if matches!(answer.verdict, Verdict::InputError(_)) {
                outcome = Outcome::InputErrors;
            }
            writeln!(output, "{answer}")?;
        }
        Ok(outcome)
    }

    fn answer(&mut self, line: &[u8]) -> Answer {
        let object = match Object::parse(line) {
            Ok(object) => object,
            Err(error) => {
                return Answer {
                    id: case::salvaged_id(line),
                    verdict: Verdict::InputError(error.into()),
                    explanation: None,
                };
            }
        };
        if let Some(validator) = object.get("validator") {
            let verdict = match (validator.as_str(), case::id(&object)) {
                (Some(validator), Some(_)) => bound::answer(&validator, line, self.clock.now()),
                (None, _) => Verdict::InputError(Fault::of(Fault::TYPE, "validator")),
                (_, None) => Verdict::InputError(Fault::of(Fault::TYPE, "id")),
            };
            return Answer {
                id: case::id(&object),
                verdict,
                explanation: None,
            };
        }
        let (verdict, explanation) = match Case::read(&object) {
            Ok(case) => self.validators.answer(&case),
            Err(fault) => (Verdict::InputError(fault), None),
        };
        Answer {
            id: case::id(&object),
            verdict,
            explanation,
        }
    }

    fn note(&mut self, number: usize, verdict: &Verdict) {
        // Notes that cannot be written do not stop the answers.
        let _ = match verdict {
            Verdict::ConfigError(error) => writeln!(self.notes, "line {number}: {error}"),
            Verdict::InputError(fault) => writeln!(self.notes, "line {number}: {fault}"),
            Verdict::Accept { .. } | Verdict::Checked(_) | Verdict::Refuse(_) => Ok(()),
        };
    }
}

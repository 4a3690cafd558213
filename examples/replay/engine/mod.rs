//! The work of `replay` on any input and output, so that it can be tested.

mod answer;
mod cache;
mod case;
mod fault;
mod judge;
mod lines;

use std::io;
use std::io::BufRead;
use std::io::Write;
use std::sync::Arc;

use bearergate::clock::Clock;
use bearergate::json::Object;

use answer::Answer;
use answer::Verdict;
use case::Case;
use judge::Judge;
use lines::Lines;

/// Judges line by line; what an operator should know beside the verdicts goes to `notes`.
pub(crate) struct Engine<N> {
    judge: Judge,
    notes: N,
}

/// How a run went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Every line was judged.
    Clean,
    /// At least one line was not in order.
    InputErrors,
}

impl<N: Write> Engine<N> {
    /// Tells the time by `clock` where a line does not.
    pub(crate) fn new(clock: Arc<dyn Clock>, notes: N) -> Self {
        Self {
            judge: Judge::new(clock),
            notes,
        }
    }

    /// Answers every line of `input` in order, save blank ones.
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
                };
            }
        };
        Answer {
            id: case::id(&object),
            verdict: match Case::read(&object) {
                Ok(case) => self.judge.judge(&case),
                Err(fault) => Verdict::InputError(fault),
            },
        }
    }

    fn note(&mut self, number: usize, verdict: &Verdict) {
        // Nobody has to listen: the answers are what counts.
        let _ = match verdict {
            Verdict::ConfigError(error) => writeln!(self.notes, "line {number}: {error}"),
            Verdict::InputError(fault) => writeln!(self.notes, "line {number}: {fault}"),
            Verdict::Accept(_) | Verdict::Refuse(_) => Ok(()),
        };
    }
}

//! What happened, beside what should have.

use std::io;
use std::io::Write;

use crate::house::Verdict;

#[derive(Default)]
pub(crate) struct Transcript(Vec<Line>);

struct Line {
    step: &'static str,
    got: String,
    wanted: String,
}

impl Transcript {
    /// Notes a verdict beside the wanted one.
    pub(crate) fn verdict(&mut self, step: &'static str, got: Verdict, wanted: Verdict) {
        self.text(step, &text(got), &text(wanted));
    }

    /// Notes any outcome beside the wanted one.
    pub(crate) fn text(&mut self, step: &'static str, got: &str, wanted: &str) {
        self.0.push(Line {
            step,
            got: got.to_owned(),
            wanted: wanted.to_owned(),
        });
    }

    pub(crate) fn is_right(&self) -> bool {
        self.0.iter().all(|line| line.got == line.wanted)
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for Line { step, got, wanted } in &self.0 {
            writeln!(out, "{step:58}  {got}")?;
            if got != wanted {
                writeln!(out, "{:58}  expected: {wanted}", "")?;
            }
        }
        Ok(())
    }
}

fn text(verdict: Verdict) -> String {
    verdict.map_or_else(|kind| kind.as_str().to_owned(), |()| "accepted".to_owned())
}

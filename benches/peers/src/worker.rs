//! Worker processes, for peers that keep their configuration in the process.
//!
//! `jsonwebtoken` 11 takes its cryptography from one process-wide `CryptoProvider`, and Cargo
//! unifies features, so its two backends cannot be measured in one process. Each gets a worker, and
//! so does version 12: this same program, started with a hidden flag, which installs its provider and
//! then answers on its standard output what is asked on its standard input:
//!
//! | asked | answered |
//! |-|-|
//! | the fixture, as JSON | `ready`, once the case is made and proved; else a message |
//! | a number of iterations | nanoseconds and allocations of that batch; else a message |
//!
//! The parent treats a worker like any other case, so their batches interleave in one run. One case
//! measured both ways in one run (`jsonwebtoken` 9) came out 2 % slower in a worker with HS256, and
//! equal with ES256.

use crate::case::Batch;
use crate::case::Case;
use crate::error::During;
use crate::error::Error;
use crate::error::Result;
use crate::jwt::Fixture;
use std::env;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

/// The hidden flag that makes this program a worker.
pub const FLAG: &str = "--worker";

const READY: &str = "ready";

/// The parent's end of a worker.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    // `None` only while the worker is told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts the worker of that name and waits until it has proved its case.
    ///
    /// # Errors
    ///
    /// Fails if the process cannot be started, or with the worker's own message.
    pub fn start(name: &str, fixture: &Fixture) -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([FLAG, name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .during("starting a worker")?;
        let mut worker = Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().ok_or("a worker without output")?),
            child,
        };
        let answer = worker.ask(&serde_json::to_string(fixture)?)?;
        if answer == READY {
            return Ok(worker);
        }
        Err(format!("worker {name}: {answer}").into())
    }

    /// Runs one batch.
    ///
    /// # Errors
    ///
    /// Fails if the worker has gone, or with its own message.
    pub fn run(&mut self, iterations: u64) -> Result<Batch> {
        let answer = self.ask(&iterations.to_string())?;
        let numbers = answer
            .split_once(' ')
            .and_then(|(time, allocs)| Some((time.parse().ok()?, allocs.parse().ok()?)));
        let Some((nanoseconds, allocations)) = numbers else {
            return Err(answer.into());
        };
        Ok(Batch {
            iterations,
            nanoseconds,
            allocations,
        })
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        let input = self.input.as_mut().ok_or("the worker was told to end")?;
        writeln!(input, "{question}").during("asking a worker")?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        match answer.strip_suffix('\n') {
            Some(answer) => Ok(answer.to_owned()),
            None => Err("the worker ended early".into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is what tells a worker to end.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// The worker's end: makes its case and answers until its input ends.
///
/// # Errors
///
/// Fails if the parent cannot be read or written; what goes wrong with the case is an answer.
pub fn serve(make: impl FnOnce(&Fixture) -> Result<Case>) -> Result<()> {
    let mut lines = io::stdin().lines();
    let Some(first) = lines.next() else {
        return Ok(());
    };
    match made(&first?, make) {
        Ok(mut case) => {
            answer(READY)?;
            lines.try_for_each(|line| answer(&batch(&mut case, &line?)))
        }
        Err(error) => answer(&one_line(&error)),
    }
}

fn made(fixture: &str, make: impl FnOnce(&Fixture) -> Result<Case>) -> Result<Case> {
    let case = make(&serde_json::from_str(fixture)?)?;
    case.prove()?;
    Ok(case)
}

fn batch(case: &mut Case, iterations: &str) -> String {
    let batch = iterations
        .parse()
        .during("iterations")
        .and_then(|iterations| case.run(iterations));
    match batch {
        Ok(batch) => format!("{} {}", batch.nanoseconds, batch.allocations),
        Err(error) => one_line(&error),
    }
}

fn answer(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush().during("answering")
}

fn one_line(error: &Error) -> String {
    error.to_string().replace('\n', " ")
}

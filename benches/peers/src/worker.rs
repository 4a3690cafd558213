//! Worker processes, for peers with a configuration that is global to the process.
//!
//! `jsonwebtoken` 11 takes its cryptography from one process-wide `CryptoProvider`, and Cargo
//! unifies features, so its two backends cannot be measured in one process. Each has a worker, and
//! so has version 12: the same program, started with a hidden flag, which installs its provider and
//! then answers requests from its standard input on its standard output:
//!
//! | request | response |
//! |-|-|
//! | the fixture, as JSON | `ready` when the case is created and tested, otherwise a message |
//! | a number of iterations | nanoseconds and allocations of that batch, otherwise a message |
//!
//! The parent treats a worker like any other case, so their batches interleave in one run. A case that
//! was measured both ways in one run (`jsonwebtoken` 9) was 2 % slower in a worker with HS256, and equal
//! with ES256.

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

/// The hidden flag that runs this program as a worker.
pub const FLAG: &str = "--worker";

const READY: &str = "ready";

/// The parent's end of a worker.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    // `None` only while the worker is being stopped.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts the worker of this name and waits until it has tested its case.
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
        let response = worker.request(&serde_json::to_string(fixture)?)?;
        if response == READY {
            return Ok(worker);
        }
        Err(format!("worker {name}: {response}").into())
    }

    /// Runs one batch.
    ///
    /// # Errors
    ///
    /// Fails if the worker has ended, or with its own message.
    pub fn run(&mut self, iterations: u64) -> Result<Batch> {
        let response = self.request(&iterations.to_string())?;
        let numbers = response
            .split_once(' ')
            .and_then(|(time, allocs)| Some((time.parse().ok()?, allocs.parse().ok()?)));
        let Some((nanoseconds, allocations)) = numbers else {
            return Err(response.into());
        };
        Ok(Batch {
            iterations,
            nanoseconds,
            allocations,
        })
    }

    fn request(&mut self, request: &str) -> Result<String> {
        let input = self.input.as_mut().ok_or("the worker is being stopped")?;
        writeln!(input, "{request}").during("writing to a worker")?;
        let mut response = String::new();
        self.output.read_line(&mut response)?;
        match response.strip_suffix('\n') {
            Some(response) => Ok(response.to_owned()),
            None => Err("the worker ended early".into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A worker ends at the end of its input.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Runs as a worker: creates the case and answers requests until the input ends.
///
/// # Errors
///
/// Fails if the pipes to the parent fail; an error of the case is a response.
pub fn serve(make: impl FnOnce(&Fixture) -> Result<Case>) -> Result<()> {
    let mut lines = io::stdin().lines();
    let Some(first) = lines.next() else {
        return Ok(());
    };
    match create(&first?, make) {
        Ok(mut case) => {
            respond(READY)?;
            lines.try_for_each(|line| respond(&batch(&mut case, &line?)))
        }
        Err(error) => respond(&one_line(&error)),
    }
}

fn create(fixture: &str, make: impl FnOnce(&Fixture) -> Result<Case>) -> Result<Case> {
    let case = make(&serde_json::from_str(fixture)?)?;
    case.test()?;
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

fn respond(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush().during("writing a response")
}

fn one_line(error: &Error) -> String {
    error.to_string().replace('\n', " ")
}

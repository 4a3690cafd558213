//! Child processes: this test program again, with a role from its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, io};

/// A process that runs one test of this program as its main function. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

const ROLE: &str = "STORES_ROLE";
const FILE: &str = "STORES_FILE";

/// Prefix of the lines for the parent, among those of the test harness.
const LINE_PREFIX: &str = "@ ";

impl Process {
    /// Starts the test `name` in a separate process with this role and file.
    pub(crate) fn start(name: &str, role: &str, file: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    pub(crate) fn send(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Waits for the next line of the process.
    pub(crate) fn receive(&mut self) -> String {
        self.next().expect("the process ended without a line")
    }

    /// Returns the next line; `None` if the process has ended.
    pub(crate) fn next(&mut self) -> Option<String> {
        let lines = self.output.by_ref().lines().map(Result::unwrap);
        let received = lines.filter_map(|line| Some(line.strip_prefix(LINE_PREFIX)?.to_owned()));
        received.into_iter().next()
    }

    /// Kills the process (SIGKILL on Unix) and waits until it has ended.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the child: its role and file; `None` in the process that runs the tests.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    let role = env::var(ROLE).ok()?;
    Some((role, env::var_os(FILE)?.into()))
}

/// In the child: sends a line to the parent.
pub(crate) fn report(line: &str) {
    let mut output = io::stdout().lock();
    // The harness may have begun a line.
    write!(output, "\n{LINE_PREFIX}{line}\n").unwrap();
    output.flush().unwrap();
}

/// In the child: waits for the next line of the parent.
pub(crate) fn instruction() -> Option<String> {
    io::stdin().lines().next().map(Result::unwrap)
}

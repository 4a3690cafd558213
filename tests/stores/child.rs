//! Other processes: this test program again, told by its environment what to do.

use std::env;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

/// A process that runs one test of this program as its main function. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

const ROLE: &str = "STORES_ROLE";
const FILE: &str = "STORES_FILE";

/// What marks the lines that are meant for the parent, among those of the test harness.
const MARK: &str = "@ ";

impl Process {
    /// Starts the test `name` in a process of its own, which finds `role` and `file`.
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

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Waits for what the process says next.
    pub(crate) fn hear(&mut self) -> String {
        self.next().expect("the process ended without a word")
    }

    /// The next line that it says; `None` when it has ended.
    pub(crate) fn next(&mut self) -> Option<String> {
        let lines = self.output.by_ref().lines().map(Result::unwrap);
        let said = lines.filter_map(|line| Some(line.strip_prefix(MARK)?.to_owned()));
        said.into_iter().next()
    }

    /// Ends the process as it stands, and waits until it is gone (SIGKILL on Unix).
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

/// In the other process: its role and the file; `None` in the one that runs the tests.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    let role = env::var(ROLE).ok()?;
    Some((role, env::var_os(FILE)?.into()))
}

/// In the other process: says a line to the parent.
pub(crate) fn say(line: &str) {
    let mut output = io::stdout().lock();
    // The harness may have begun a line.
    write!(output, "\n{MARK}{line}\n").unwrap();
    output.flush().unwrap();
}

/// In the other process: what the parent tells next.
pub(crate) fn told() -> Option<String> {
    io::stdin().lines().next().map(Result::unwrap)
}

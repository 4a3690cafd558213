//! The programs of the tests: the example, the provider and the clients.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A folder of one test, and the programs that it has started, which are killed when it ends.
pub(crate) struct Scene {
    folder: PathBuf,
    children: Vec<Child>,
}

impl Scene {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("bearergate-clients-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            children: Vec::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.join(name), text).unwrap();
        self.path(name)
    }

    /// Makes a certificate for `localhost`, and returns the names of its files.
    pub(crate) fn certificate(&self, name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = self.write(&format!("{name}.pem"), made.cert.pem());
        let key = self.write(&format!("{name}.key"), made.signing_key.serialize_pem());
        (certificate, key)
    }

    /// Starts a program, and waits until it prints a line that begins with `ready`.
    pub(crate) fn start(&mut self, command: &mut Command) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        self.children.push(child);
        assert!(is_ready(lines), "{command:?} did not start");
    }

    /// Starts the example `resource_server`.
    pub(crate) fn serve(&mut self, options: &[&str], environment: &[(&str, &str)]) {
        let mut command = Command::new(example("resource_server"));
        command.args(options).envs(environment.iter().copied());
        self.start(&mut command);
    }
}

fn is_ready(lines: BufReader<ChildStdout>) -> bool {
    let mut lines = lines.lines().map_while(Result::ok);
    lines.any(|line| line.starts_with("ready"))
}

impl Drop for Scene {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Cargo builds the examples next to the tests.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(path.exists(), "run `cargo build --examples` first");
    path
}

/// Returns a port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Returns what a variable names, or `None` where the tests of it are skipped.
pub(crate) fn installed(variable: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(path) => Some(path),
        Err(_) => {
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!is_ci, "{variable} is not set");
            eprintln!("skipped: {variable} is not set; `.ci/run` sets it");
            None
        }
    }
}

/// A program of this folder, run by Node.js where its packages are found.
///
/// Imports are looked up from the place of the program, so it runs as a copy next to its packages.
pub(crate) fn node(packages: &str, program: &str) -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    for name in ["common.mjs", program] {
        let copy = Path::new(packages).join(name);
        let text = fs::read(own.join(name)).unwrap();
        if fs::read(&copy).ok().as_ref() != Some(&text) {
            fs::write(&copy, text).unwrap();
        }
    }
    let mut command = Command::new(node_program());
    command.arg(Path::new(packages).join(program));
    command
}

fn node_program() -> String {
    std::env::var("BEARERGATE_NODE").unwrap_or_else(|_| "node".to_owned())
}

/// Runs a client to its end, and returns the lines of JSON that it has printed.
pub(crate) fn steps(command: &mut Command) -> Vec<Value> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

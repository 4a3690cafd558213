//! A running service, and tokens for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idp.example.com";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A directory of the test, with the files that every service needs.
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bearergate-guarded-{}-{number}", std::process::id());
        let files = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(files.0.join("audit")).unwrap();
        files.write("secret", SECRET);
        files.write("pepper", [7; 32]);
        files.write("key", [9; 32]);
        files
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn limits(&self, members: &Value) -> String {
        let mut file = json!({"version": 1});
        let members = members.as_object().unwrap().clone();
        file.as_object_mut().unwrap().extend(members);
        self.write("limits.json", file.to_string())
    }

    /// The audit files, in the order in which they were written.
    pub(crate) fn audit(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.join("audit")).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    pub(crate) fn audit_lines(&self) -> Vec<String> {
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
        let text: String = self.audit().iter().map(read).collect();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Cargo builds the examples next to the tests.
pub(crate) fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(path.exists(), "run `cargo build --examples` first");
    path
}

fn usual(files: &Files) -> Vec<String> {
    let secret = files.path("secret");
    let listen = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let issuer = [
        "--issuer",
        ISSUER,
        "--hs256-secret-file",
        &secret,
        "--audience",
        "api",
    ];
    listen
        .iter()
        .chain(&issuer)
        .map(ToString::to_string)
        .collect()
}

/// Runs the program with options that end it, and returns what it wrote.
pub(crate) fn refused(files: &Files, options: &[&str]) -> String {
    let output: Output = Command::new(program("guarded"))
        .args(usual(files))
        .args(options)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{options:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(output.stdout.is_empty());
    text
}

/// A running service; it is killed when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) admin: String,
}

impl Server {
    pub(crate) fn start(files: &Files, options: &[&str]) -> Self {
        Self::run(Command::new(program("guarded")), files, options)
    }

    /// A service that can write files of at most so many blocks of 512 bytes.
    pub(crate) fn with_small_disk(files: &Files, blocks: u32, options: &[&str]) -> Self {
        // The shell ignores the signal of a file that is too large, so that the write fails.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).arg(program("guarded"));
        Self::run(shell, files, options)
    }

    fn run(mut command: Command, files: &Files, options: &[&str]) -> Self {
        let mut child = command
            .args(usual(files))
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        let ["ready", address, "admin", admin] = words[..] else {
            panic!("{line:?} with {options:?}");
        };
        Self {
            address: address.to_owned(),
            admin: admin.to_owned(),
            child,
        }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        self.request("GET", path, &bearer(token))
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &str) -> Reply {
        exchange(
            &self.address,
            &format!("{method} {path} HTTP/1.1\r\n{headers}"),
            "",
        )
    }

    /// Sends so many requests and returns their statuses.
    pub(crate) fn statuses(&self, count: usize, path: &str, token: &str) -> Vec<u16> {
        (0..count).map(|_| self.get(path, token).status()).collect()
    }

    pub(crate) fn post_admin(&self, path: &str, body: &Value) -> Reply {
        let head = format!("POST {path} HTTP/1.1\r\n");
        exchange(&self.admin, &head, &body.to_string())
    }

    pub(crate) fn get_admin(&self, path: &str) -> Reply {
        exchange(&self.admin, &format!("GET {path} HTTP/1.1\r\n"), "")
    }

    pub(crate) fn advance(&self, millis: u64) {
        let reply = self.post_admin("/clock", &json!({"advance_ms": millis}));
        assert_eq!(reply.status(), 204);
    }

    pub(crate) fn flush(&self) -> u16 {
        self.post_admin("/flush", &json!({})).status()
    }

    /// Returns a metric by its name and labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.get_admin("/metrics").0;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    pub(crate) fn api_key(&self, draft: &Value) -> (String, String) {
        let reply = self.post_admin("/api-keys", draft);
        assert_eq!(reply.status(), 200);
        let text = |name: &str| reply.json()[name].as_str().unwrap().to_owned();
        (text("id"), text("key"))
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn bearer(token: &str) -> String {
    match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    }
}

pub(crate) fn exchange(address: &str, head: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let len = body.len();
    write!(
        stream,
        "{head}host: x\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Reply(text)
}

pub(crate) struct Reply(pub(crate) String);

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        self.0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").unwrap().1
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.header("retry-after")?.parse().ok()
    }
}

/// A token of this subject.
pub(crate) fn token(subject: &str) -> String {
    token_with(subject, &json!({}))
}

/// A token of this subject with more claims.
pub(crate) fn token_with(subject: &str, more: &Value) -> String {
    signed(subject, more, SECRET)
}

/// A token under another key.
pub(crate) fn forged(subject: &str) -> String {
    signed(subject, &json!({}), &[1; 32])
}

fn signed(subject: &str, more: &Value, secret: &[u8]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut claims = json!({
        "iss": ISSUER, "aud": "api", "sub": subject, "exp": now.as_secs() + 90_000,
    });
    let more = more.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(more);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Runs `audit_verify` with the key of the service, and returns its line and its status.
pub(crate) fn verify(files: &Files, anchor: Option<&str>, audit: &[PathBuf]) -> (String, i32) {
    let mut command = Command::new(program("audit_verify"));
    command.args(["--key-file", &files.path("key")]);
    if let Some(anchor) = anchor {
        command.args(["--anchor", anchor]);
    }
    let paths = audit.iter().map(|path| Path::as_os_str(path));
    let output = command.args(paths).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text.trim_end().to_owned(), output.status.code().unwrap())
}

//! A running server, and what it replies.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bearergate::testing::{FakeIssuer, ProofBuilder, ProofKey};
use serde_json::{Value, json};

pub(crate) const API: &str = "https://api.example.com";

/// Cargo builds the examples next to the tests.
pub(crate) fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push("resource_server");
    assert!(path.exists(), "run `cargo build --examples` first");
    path
}

/// A running server; it is killed when the test ends.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("ready ").unwrap().to_owned();
        Self { child, address }
    }

    /// A server that validates the JWTs of this provider.
    pub(crate) fn for_issuer(idp: &FakeIssuer, more: &[&str]) -> Self {
        let usual = ["--issuer", idp.url(), "--audience", API];
        let usual = [&usual[..], &["--allow-http-loopback"], more].concat();
        Self::start(&usual)
    }

    pub(crate) fn send(&self, head: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
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

    pub(crate) fn get(&self, path: &str, header: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\n{header}"), "")
    }

    pub(crate) fn bearer(&self, path: &str, token: &str) -> Reply {
        self.get(path, &format!("authorization: Bearer {token}\r\n"))
    }

    pub(crate) fn whoami(&self, token: &str) -> Reply {
        self.bearer("/whoami", token)
    }

    pub(crate) fn revoke(&self, header: &str, body: &Value) -> u16 {
        let head = format!("POST /revoke HTTP/1.1\r\n{header}");
        self.send(&head, &body.to_string()).status()
    }

    pub(crate) fn metric(&self, name: &str) -> Option<u64> {
        let text = self.get("/metrics", "").0;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
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

    pub(crate) fn json(&self) -> Value {
        let (_, body) = self.0.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

// Sender constraint

/// Where clients reach the server, as they know it.
pub(crate) const PUBLIC: &str = "https://api.example.test";

impl Server {
    pub(crate) fn dpop(&self, path: &str, token: &str, proofs: &[&str]) -> Reply {
        let proofs: String = proofs
            .iter()
            .map(|proof| format!("dpop: {proof}\r\n"))
            .collect();
        self.get(path, &format!("authorization: DPoP {token}\r\n{proofs}"))
    }

    /// Returns how often each kind of refusal was counted.
    fn refusals(&self) -> BTreeMap<String, u64> {
        let text = self.get("/metrics", "").0;
        let prefix = "bearergate_rejections_total{kind=\"";
        let lines = text.lines().filter_map(|line| line.strip_prefix(prefix));
        let parts = lines.filter_map(|line| line.split_once("\"} "));
        parts
            .map(|(kind, count)| (kind.to_owned(), count.parse().unwrap()))
            .collect()
    }

    /// Returns the kind of refusal that the server counts while this runs.
    pub(crate) fn kind(&self, send: impl FnOnce(&Self) -> Reply) -> Option<String> {
        let before = self.refusals();
        let status = send(self).status();
        let after = self.refusals();
        let counted = |kind: &String| after.get(kind) != before.get(kind);
        let kind = after.keys().find(|kind| counted(kind)).cloned();
        assert_eq!(kind.is_none(), status == 200, "{status} {kind:?}");
        kind
    }
}

/// A server for tokens that are bound to the key of a client.
pub(crate) struct BoundServer {
    pub(crate) idp: FakeIssuer,
    pub(crate) server: Server,
    pub(crate) client: ProofKey,
}

impl BoundServer {
    /// Starts one that checks proofs, with more options.
    pub(crate) fn with(more: &[&str]) -> Self {
        Self::of(&[&["--dpop", "accept", "--public-url", PUBLIC], more].concat())
    }

    pub(crate) fn of(options: &[&str]) -> Self {
        let idp = FakeIssuer::start().unwrap();
        let server = Server::for_issuer(&idp, options);
        Self {
            idp,
            server,
            client: ProofKey::es256(),
        }
    }

    pub(crate) fn token_with(&self, cnf: Value) -> String {
        self.idp.token(API).claim("cnf", cnf).sign()
    }

    pub(crate) fn token(&self) -> String {
        self.token_with(json!({"jkt": self.client.thumbprint()}))
    }

    /// Returns a good proof for `GET /whoami`.
    pub(crate) fn proof(&self, token: &str) -> ProofBuilder {
        let proof = self.client.proof("GET", &format!("{PUBLIC}/whoami"));
        proof.token(token)
    }

    /// Sends a token and a proof to `/whoami`, and returns the kind of the refusal.
    pub(crate) fn kind(&self, token: &str, proof: &ProofBuilder) -> Option<String> {
        self.server
            .kind(|server| server.dpop("/whoami", token, &[&proof.sign()]))
    }

    pub(crate) fn is_accepted(&self, token: &str, proof: &ProofBuilder) -> bool {
        let reply = self.server.dpop("/whoami", token, &[&proof.sign()]);
        reply.status() == 200
    }
}

/// A folder of one test, which is removed when it ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let own = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bearergate-server-{}-{own}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a file, and returns its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

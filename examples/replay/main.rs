//! Judges recorded tokens from a file: one JSON object a line in, one verdict a line out.
//!
//! ```text
//! cargo run --release --example replay < cases.jsonl
//! ```
//!
//! It is how a configuration is tested against tokens that were seen. A line names the token, the
//! keys and what to expect:
//!
//! ```text
//! {"id": "a", "token": "eyJ...", "jwks": {"keys": [...]}, "issuer": "https://idp.example.com",
//!  "audience": "https://api.example.com", "now": 1700000000}
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `id` | string, echoed |
//! | `token` or `authorization` | the compact token as it stands, or a whole header value |
//! | `jwks`, `jwk`, `secret` or `pem` | a JWK Set (object, or its text), a JWK, a base64url secret, a public key |
//! | `algorithms` | names allowed; absent: those the keys allow |
//! | `issuer`, `audience` | expected, a string or an array of which one must match; absent: not checked |
//! | `type` | required `typ`, in place of the default set |
//! | `now`, `leeway` | Unix seconds (absent: the clock), seconds (absent: 30) |
//! | `expiry` | `"required"` (absent too) or `"optional"` |
//!
//! The answer is `{"id", "verdict", "kind", "claim"}`, or on `"accept"` `{"id", "verdict",
//! "subject", "claims"}`. A line that is no such object gives `"input_error"`, and the exit status
//! is then 2. What is wrong with a configuration, and the remedy, goes to standard error.

mod engine;

use std::io;
use std::io::BufWriter;
use std::io::ErrorKind;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use bearergate::clock::SystemClock;

use engine::Engine;
use engine::Outcome;

fn main() -> ExitCode {
    let mut output = BufWriter::new(io::stdout().lock());
    let ran = Engine::new(Arc::new(SystemClock::default()), io::stderr())
        .run(io::stdin().lock(), &mut output)
        .and_then(|outcome| output.flush().map(|()| outcome));
    match ran {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::InputErrors) => ExitCode::from(2),
        // Whoever read the answers has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "replay: {error}");
            ExitCode::FAILURE
        }
    }
}

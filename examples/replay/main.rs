//! Validates recorded tokens: reads one JSON object a line, writes one verdict a line.
//!
//! ```text
//! cargo run --release --example replay < cases.jsonl
//! ```
//!
//! Use it to test a configuration with tokens that were recorded. A line holds the token, the keys
//! and the expected values:
//!
//! ```text
//! {"id": "a", "token": "eyJ...", "jwks": {"keys": [...]}, "issuer": "https://idp.example.com",
//!  "audience": "https://api.example.com", "now": 1700000000}
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `id` | string, repeated in the answer |
//! | `token` or `authorization` | the compact token, or a whole header value |
//! | `jwks`, `jwk`, `secret` or `pem` | a JWK Set (object, or its text), a JWK, a base64url secret, a public key |
//! | `algorithms` | allowed names; absent: those that the keys allow |
//! | `issuer`, `audience` | expected, a string or an array of which one must match; absent: not checked |
//! | `type` | required `typ`, instead of the default set |
//! | `now`, `leeway` | Unix seconds (absent: from the clock), seconds (absent: 30) |
//! | `expiry` | `"required"` (the default) or `"optional"` |
//! | `accept_types` | array: allowed values of `typ`, instead of the default set and of `type` |
//! | `access_mark` | claim that only access tokens have: its name, or `{"name", "value"}` |
//! | `absent_if_empty`, `absent_if_null` | arrays of claims that count as absent if they are `""` or `null` |
//! | `client_from` | claim with the client, instead of `client_id` and `azp` |
//! | `max_header_bytes` | largest decoded header (absent: 4096) |
//! | `explain` | `true`: the answer has the steps of the validation |
//!
//! A line with `validator` is about something else than a token:
//!
//! | `validator` | other members |
//! |---|---|
//! | `dpop` | `token`, `jkt`, `proof` or `proofs`, `method`, `url`, `public_url`, `now`, `algorithms`, `window` |
//! | `htu` | `a` of a proof, `b` the expected URL |
//! | `certificate_header` | `form`, `values`, `peer`, `trusted` |
//! | `message` | `text`, `public_url`, `jwks`, `now`, `tag`, `cover`, `max_age` |
//! | `jwe` | `token`, `jwk` or `jwks` (feature `jwe`) |
//!
//! The answer is `{"id", "verdict", "kind", "claim"}`, or on `"accept"` `{"id", "verdict",
//! "subject", "claims"}`, with `client` too if the line has `client_from`. A line that is not such an object gives `"input_error"`, and the exit
//! status is then 2. Errors of a configuration are explained on standard error.
//!
//! With `explain` the answer about a token also has `explain`, an array of `{"step", "outcome",
//! "expected", "found"}`: every step of the validation in the order of the checks, with the outcome
//! `ok`, `failed` or `skipped`. A failed step says what was expected and what was found. The texts
//! hold issuer, audiences, type, algorithm, key id and times of the token, and nothing else of it.

mod engine;

use std::io;
use std::io::{BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

use bearergate::clock::SystemClock;
use engine::{Engine, Outcome};

fn main() -> ExitCode {
    let mut output = BufWriter::new(io::stdout().lock());
    let ran = Engine::new(Arc::new(SystemClock::default()), io::stderr())
        .run(io::stdin().lock(), &mut output)
        .and_then(|outcome| output.flush().map(|()| outcome));
    match ran {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::InputErrors) => ExitCode::from(2),
        // The reader of the answers has closed the pipe.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "replay: {error}");
            ExitCode::FAILURE
        }
    }
}

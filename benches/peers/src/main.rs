//! Measures bearergate, its peers and the raw signature checks.
//!
//! All cases of a group do the same work on the same credential, in turns and in one run. On a shared
//! machine only the ratios within one run are meaningful.
//!
//! # What is measured
//!
//! The `jwt` groups validate one access token of about 500 bytes (HS256): signature, `exp`, `nbf`,
//! `iss`, `aud`, typed claims. It has a `kid`, and its `typ` is `at+jwt`; RSA keys have 2048 bits. Each
//! run creates new keys, of which each case gets one; the leeway is 30 seconds for all.
//!
//! The `api key` groups validate one of 1 000, 100 000 or 1 000 000 keys in memory, all of them in turn
//! in a random order: format, checksum, HMAC, look-up, comparison, times. The text of a key is in the
//! CPU cache, its record is where the table stores it. The time of the request is set in advance, as
//! a gate does. `bare probe` is the lower bound.
//!
//! The `policy` groups decide by 10 or 100 rules that permit, of which the middle one allows: either
//! rules of an action and a claim each, or rules of a scope each. `plain rust` is a tree of the same
//! tests. Peers take part only with the feature `policy-peers`.
//!
//! The groups `token cache` and `introspection cache` present a token that was validated before: an
//! RS256 token of about 800 bytes, and an opaque token of 43. `hash and bare hit` is the lower bound:
//! SHA-256 of the token and a hit in the same kind of map. A hit should cost at most 1.5 times that and
//! no allocation, and at most a twentieth of a validation without a cache.
//!
//! The `dpop` groups check one proof of possession: signature under its own key, key of the token,
//! method, URI, time and hash of the token, without a replay store. The group `message signature` verifies a
//! `POST` request with a token of 1.2 kB and a small body, signed on P-256. In these groups the other
//! audience is another URI, the other issuer another key, and the times are those of the proof or
//! signature.
//!
//! Every case is tested first: it has to accept the good token, and to refuse the same token with
//! another signature or payload, and well-signed tokens that are expired, not valid yet, of another
//! issuer or for another audience (raw checks only the first two). A refusal during the measurement
//! ends the run.
//!
//! A round runs one batch of about 2 ms of each case; a group has as many rounds as fit in 12
//! seconds. The results are the median and the minimum over the rounds, and the allocations of one
//! check (requests for memory of any size; deallocations are not counted). The build uses Cargo's
//! default release profile, as most services do.
//!
//! The table divides each median by that of bearergate and by that of the raw check on the same
//! provider. Peers on RustCrypto have no raw check, and are compared with bearergate on ring.
//!
//! # Cases
//!
//! | case | remarks |
//! |-|-|
//! | `raw ring`, `raw aws-lc-rs` | only the signature check; the signature is decoded and the key prepared in advance |
//! | `bearergate ...` | `validate` and reading the principal; `... deserialize` makes a struct of the claims |
//! | `jsonwebtoken 12 aws-lc-rs` | in a worker process, like version 11; not `rust_crypto`, see `Cargo.toml` |
//! | `jsonwebtoken 11 ...` | both backends, each in a worker process: its provider is global to a process |
//! | `jsonwebtoken 9 ring` | the last major version on ring |
//! | `jwt-simple 0.15 pure-rust` | takes its options by value, so they are cloned for each call |
//! | `jwt-compact 0.8 rust-crypto` | no ES384; `iss` and `aud` are compared by the caller |
//! | `jwt-authorizer 0.15 ring` | `Authorizer::check_auth`, polled once: a local key never waits |
//! | `huskarl-resource-server 0.11 rust-crypto` | its JWT validator, without the header extraction; polled once |
//! | `huskarl-resource-server 0.11 rust-crypto` in the `dpop` groups | `DPoPProofValidator::validate`, then the comparisons that it leaves to the caller |
//! | `httpsig 0.0.26 rust-crypto` | headers, base and signature; what has to be covered, the time and the digest of the body are checked by the caller |
//! | `oauth-resource-server 0.4 ring` | no HMAC; keys are given, never fetched; `validate`, then `claims_as`; polled once |
//! | `bare probe` | HMAC-SHA-256, a look-up in std's hash map, `ct_eq`, one read of the record |
//! | `cedar-policy 4` | `is_authorized`; request and entities built from the facts for each call, as in bearergate, or in advance |
//! | `casbin 2` | `enforce` on an access control list of tenants and actions; no scopes |
//! | `regorus 0.14` | `CompiledPolicy::eval_with_input`; `rvm`: its virtual machine; the input as for Cedar |
//! | `hash and bare hit` | SHA-256 of ring, and `quick_cache` as in bearergate, with one entry |
//! | `verified ...` in the group `token cache` | the same validator without a cache |
//! | `argon2id, one key` | the cost if a key were treated like a password |
//!
//! Whether the `kid` is compared is up to each peer; none has a second key.
//!
//! # Adding a group
//!
//! Write a function that returns its [`case::Case`]s, each a name and a closure that checks one
//! [`case::Probe`], and add a line to [`groups::ALL`].

mod alloc;
mod api_key;
mod case;
mod error;
mod groups;
mod hit;
mod jwt;
mod measure;
mod message;
mod options;
mod ours;
mod policy;
mod proof;
mod report;
mod worker;

use crate::error::During;
use crate::error::Result;
use crate::groups::Group;
use crate::jwt::peers;
use crate::options::Command;
use std::env;
use std::io;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match options::parse(env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => return fail(&error, 2),
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn fail(error: &error::Error, code: u8) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(code)
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Help => print(options::USAGE),
        Command::Measure(run) => run
            .groups
            .iter()
            .try_for_each(|group| print(&measured(group, run.json).during(group.name)?)),
        Command::Work(name) => peers::work(&name),
    }
}

fn measured(group: &Group, json: bool) -> Result<String> {
    let outcomes = measure::measure((group.cases)()?)?;
    Ok(if json {
        report::json(group.name, &outcomes)
    } else {
        report::table(group.name, &outcomes) + "\n"
    })
}

fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}

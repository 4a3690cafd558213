//! Measures bearergate beside its peers and beside the raw signature checks.
//!
//! All cases of a group do the same work on the same credential, in turns, in one run: on a shared
//! machine only ratios within one run mean anything.
//!
//! # What is measured
//!
//! The `jwt` groups validate one access token of about 500 bytes (HS256): signature, `exp`, `nbf`,
//! `iss`, `aud`, typed claims. It has a `kid`, `typ` is `at+jwt`, RSA has 2048 bits. Keys are made
//! in this process in every run, and there is one key; leeway is 30 seconds everywhere.
//!
//! The `api key` groups judge one of 1 000, 100 000 or 1 000 000 keys in memory, all of them in turn
//! in a random order: format, checksum, HMAC, look-up, comparison, times. The text of a key lies in
//! the cache, its record where the table is. The time of the request is told beforehand, as a gate
//! does. `bare probe` is the floor.
//!
//! The `policy` groups decide by 10 or 100 rules that permit, of which the middle one allows: rules of
//! an action and a claim each, or of a scope each. `plain rust` is a tree of the same tests. Peers are
//! there with the feature `policy-peers` alone.
//!
//! The groups `token cache` and `introspection cache` present a token again that was judged before:
//! an RS256 token of about 800 bytes, an opaque one of 43. `hash and bare hit` is the floor, SHA-256
//! of the token and a hit of the same kind of map; a hit is to cost at most 1.5 times that without an
//! allocation, and a twentieth of `verified anew`.
//!
//! Every case is proved first: it accepts the good token and refuses the same token with another
//! signature or payload, and well-signed ones that are expired, early, of another issuer or for
//! another audience (a raw check only the first two). A refusal while measuring ends the run.
//!
//! A round runs one batch of about 2 ms of each case; a group has as many rounds as fit in 12
//! seconds. Reported are median and minimum over the rounds, and the allocations of one judgement
//! (requests for memory of any size; giving back is not counted). The build is Cargo's plain release
//! profile, as most services have it.
//!
//! The table divides each median by ours and by the raw check of the same provider. Peers on
//! RustCrypto have no raw check, and ours on ring stands beside them.
//!
//! # Who takes part
//!
//! | case | remarks |
//! |-|-|
//! | `raw ring`, `raw aws-lc-rs` | signature check alone, signature decoded and key prepared beforehand |
//! | `bearergate ...` | `validate` and reading the principal; `... deserialize` makes a struct of the claims |
//! | `jsonwebtoken 12 aws-lc-rs` | in a worker process, as version 11; not `rust_crypto`, see `Cargo.toml` |
//! | `jsonwebtoken 11 ...` | both backends, each in a worker process: its provider is global to a process |
//! | `jsonwebtoken 9 ring` | the last major on ring |
//! | `jwt-simple 0.15 pure-rust` | takes its options by value, so they are cloned for each call |
//! | `jwt-compact 0.8 rust-crypto` | no ES384; `iss` and `aud` are compared by the caller |
//! | `jwt-authorizer 0.15 ring` | `Authorizer::check_auth`, polled once: a local key never waits |
//! | `huskarl-resource-server 0.11 rust-crypto` | its JWT validator, below the header extraction; polled once |
//! | `oauth-resource-server 0.4 ring` | no HMAC; keys seeded, never fetched; `validate`, then `claims_as`; polled once |
//! | `bare probe` | HMAC-SHA-256, a look-up in std's hash map, `ct_eq`, one read of the record |
//! | `cedar-policy 4` | `is_authorized`; request and entities of the facts, as ours, each time or made ready |
//! | `casbin 2` | `enforce` on an access control list of tenants and actions; no scopes |
//! | `regorus 0.14` | `CompiledPolicy::eval_with_input`; `rvm`: its virtual machine; the input as above |
//! | `hash and bare hit` | SHA-256 of ring, `quick_cache` as ours has it, with one entry |
//! | `verified anew` | the same validator without a cache |
//! | `argon2id, one key` | what it would cost to treat a key like a password |
//!
//! Whether a peer looks at the `kid` is left to it; none of them is given a second key.
//!
//! # Adding a group
//!
//! Write a function that returns its [`case::Case`]s, each a name and a closure that judges one
//! [`case::Probe`], and add a line to [`groups::ALL`].

mod alloc;
mod api_key;
mod case;
mod error;
mod groups;
mod hit;
mod jwt;
mod measure;
mod options;
mod ours;
mod policy;
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

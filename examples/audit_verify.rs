//! Verifies the chain of audit files.
//!
//! `cargo run --release --example audit_verify -- --key-file K [--anchor FILE]... FILE...`
//!
//! The key file holds the 32 bytes of the chain's key. Anchors are files with checkpoints that were
//! written elsewhere. Prints one line:
//!
//! - `ok records=N open_end=BOOL`, exit status 0. With `open_end=true` no anchor confirms the last
//!   record, so that records behind it may have been cut.
//! - `fault FILE:LINE KIND`, exit status 1: the first fault, of the kind `altered`, `removed`,
//!   `inserted`, `reordered`, `truncated` or `wrong_key`.
//!
//! Exit status 2, with one line on standard error: a wrong option, or a file that cannot be read or
//! has no records.
#![expect(clippy::print_stderr, reason = "an example prints its result")]

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use bearergate::audit::{self, ChainKey, Verified};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;

fn main() -> ExitCode {
    match run() {
        Ok(verified) if verified.first_fault.is_none() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            let text = error.to_string().replace(char::is_control, " ");
            eprintln!("audit_verify: {text}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Verified, Box<dyn Error>> {
    let options = Options::parse(env::args_os().skip(1))?;
    let path = options.key_file;
    // The bytes as they are: a last byte that looks like a line end belongs to the key.
    let read = move || fs::read(&path).map(Secret::new);
    let key = ChainKey::new(&SecretSource::from_fn("--key-file", read)).map_err(with_cause)?;
    let verified = audit::verify(&options.files, &key, &options.anchors)?;
    let mut out = io::stdout().lock();
    match &verified.first_fault {
        None => writeln!(
            out,
            "ok records={} open_end={}",
            verified.records, verified.open_end
        ),
        Some(fault) => {
            let file = fault.file.display();
            writeln!(out, "fault {file}:{} {}", fault.line, fault.kind)
        }
    }?;
    Ok(verified)
}

/// Adds the reason why the key file cannot be read.
fn with_cause(error: bearergate::ConfigError) -> String {
    match error.source() {
        Some(cause) => format!("{error} ({cause})"),
        None => error.to_string(),
    }
}

struct Options {
    key_file: PathBuf,
    anchors: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut key_file = None;
        let mut anchors = Vec::new();
        let mut files = Vec::new();
        while let Some(arg) = args.next() {
            let is_option = arg.as_encoded_bytes().starts_with(b"-");
            match arg.to_str() {
                Some("--") => files.extend(args.by_ref().map(PathBuf::from)),
                Some("--key-file") if key_file.is_some() => {
                    return Err("--key-file is given twice; give it once".to_owned());
                }
                Some("--key-file") => key_file = Some(value("--key-file", &mut args)?),
                Some("--anchor") => anchors.push(value("--anchor", &mut args)?),
                _ if is_option => {
                    let option = arg.display();
                    return Err(format!(
                        "{option} is no option; expected --key-file K [--anchor FILE]... FILE..."
                    ));
                }
                _ => files.push(arg.into()),
            }
        }
        if files
            .iter()
            .chain(&anchors)
            .any(|file| file.as_os_str().is_empty())
        {
            return Err("a file has no name; give its path".to_owned());
        }
        Ok(Self {
            key_file: key_file.ok_or("--key-file is missing; give the file of the chain's key")?,
            anchors,
            files,
        })
    }
}

fn value(option: &str, args: &mut impl Iterator<Item = OsString>) -> Result<PathBuf, String> {
    let missing = || format!("{option} has no value; give the path of a file behind it");
    let value = args.next().ok_or_else(missing)?;
    let is_option = value.as_encoded_bytes().starts_with(b"--");
    if is_option {
        Err(missing())
    } else {
        Ok(value.into())
    }
}

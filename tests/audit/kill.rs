//! A process that is killed while it records.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use bearergate::audit::{Audit, AuditSink, Batch, Encoding, What};

use crate::common::{allow, flush, of, parsed, put};

const FILE: &str = "AUDIT_KILL_FILE";

/// Appends to a file, as a sink of a service would.
#[derive(Debug)]
struct Appending(File);

impl AuditSink for Appending {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        self.0.write_all(batch.bytes())
    }
}

// The child process: records without end, and says what was flushed.
#[test]
fn recording_process() {
    let Some(path) = env::var_os(FILE) else {
        return;
    };
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    let audit = Audit::builder()
        .sink(Appending(file), Encoding::Native)
        .start()
        .unwrap();
    let mut count = 0_u64;
    loop {
        for _ in 0..100 {
            assert!(put(&audit, &allow()));
            count += 1;
        }
        flush(&audit).unwrap();
        let mut out = io::stdout().lock();
        writeln!(out, "\n@{count}").unwrap();
    }
}

#[test]
fn a_killed_process_leaves_whole_lines_and_all_that_was_flushed() {
    let path = temporary();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "kill::recording_process",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FILE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let counts = output.lines().map_while(Result::ok);
    let mut counts = counts.filter_map(|line| line.strip_prefix('@')?.parse::<u64>().ok());
    let flushed = counts.find(|count| *count >= 2_000).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap();
    let text = str::from_utf8(&bytes[..end]).unwrap();
    let records: Vec<_> = text.lines().map(parsed).collect();
    for (record, number) in records.iter().zip(1_u64..) {
        assert_eq!(record["bearergate.sequence"], number);
    }
    assert!(of(&records, What::Decision).len() as u64 >= flushed);
    fs::remove_file(path).unwrap();
}

fn temporary() -> PathBuf {
    let name = format!("bearergate-audit-{}.jsonl", std::process::id());
    env::temp_dir().join(name)
}

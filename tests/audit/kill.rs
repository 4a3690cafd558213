//! A process that is killed while it records.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::{env, fs};

use bearergate::audit::{self, Audit, Encoding, What};

use crate::common::{allow, flush, of, parsed, put};
use crate::files::{file_sink, files, folder, key};

const FOLDER: &str = "AUDIT_KILL_FOLDER";

// The child process: records without end, and says what was flushed.
#[test]
fn recording_process() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let sink = file_sink(folder.as_ref(), "audit");
    let audit = Audit::builder().chain(key()).sink(sink, Encoding::Native);
    let audit = audit.start().unwrap();
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
    let folder = folder("killed");
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "kill::recording_process",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, &folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let counts = output.lines().map_while(Result::ok);
    let mut counts = counts.filter_map(|line| line.strip_prefix('@')?.parse::<u64>().ok());
    let flushed = counts.find(|count| *count >= 2_000).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let files = files(&folder);
    let bytes = fs::read(&files[0]).unwrap();
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap();
    let text = str::from_utf8(&bytes[..end]).unwrap();
    let records: Vec<_> = text.lines().map(parsed).collect();
    for (record, number) in records.iter().zip(1_u64..) {
        assert_eq!(record["bearergate.sequence"], number);
    }
    assert!(of(&records, What::Decision).len() as u64 >= flushed);
    let verified = audit::verify(&files, &key(), &files[..0]).unwrap();
    assert_eq!((verified.first_fault, verified.open_end), (None, true));
    fs::remove_dir_all(folder).unwrap();
}

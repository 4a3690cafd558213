//! Processes that are killed while they write, or whose disk is full.

use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

use bearergate::audit::What;

use crate::common::{Folder, builder, count, put, starts_without_hole, try_flush};

const FOLDER: &str = "AUDIT_CHAIN_FOLDER";

/// The process that records: this program again.
struct Recorder {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Recorder {
    fn start(folder: &Path, program: &mut Command) -> Self {
        let mut child = program
            .args(["killed::recording_process", "--exact", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, output }
    }

    /// Waits until the process reports a number of flushed records.
    fn wait_for(&mut self, least: usize) -> usize {
        let lines = self.output.by_ref().map_while(Result::ok);
        let mut counts = lines.filter_map(|line| line.strip_prefix('@')?.parse().ok());
        counts.find(|count| *count >= least).unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

// The child process: records without end, and says what was flushed.
#[test]
fn recording_process() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let audit = builder(Path::new(&folder)).start().unwrap();
    let mut total = 0;
    loop {
        put(&audit, 50);
        total += 50;
        // A flush fails while the disk is full.
        while !try_flush(&audit) {}
        writeln!(io::stdout().lock(), "\n@{total}").unwrap();
    }
}

#[test]
fn killed_processes_leave_whole_lines_and_one_chain() {
    let folder = Folder::new();
    let mut flushed = 0;
    for least in [300, 1_200, 50, 2_100] {
        let mut program = Command::new(env::current_exe().unwrap());
        let mut recorder = Recorder::start(folder.path(), &mut program);
        flushed += recorder.wait_for(least);
        recorder.kill();
        for anchored in [false, true] {
            assert_eq!(folder.verify(anchored).first_fault, None);
        }
    }
    let records = folder.records();
    assert_eq!(starts_without_hole(&records), 4);
    assert!(count(&records, What::Decision) >= flushed);
    assert_eq!(folder.verify(false).records, records.len() as u64);
}

/// A file of this process can have 16 KiB, and the signal for more is ignored, so that a write
/// behind that is cut short and the next one fails, as on a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_under_load_cuts_and_loses_no_line() {
    let folder = Folder::new();
    let program = env::current_exe().unwrap();
    let limited = "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    let recorder = Recorder::start(folder.path(), command.args(["-c", limited]).arg(program));
    let mut moved = Vec::new();
    while moved.len() < 3 {
        // The file is full when it has that size; the process then waits for room.
        let full = folder.files("trail").into_iter().find(|file| {
            let is_new = file.extension().is_some_and(|found| found != "full");
            is_new && fs::metadata(file).unwrap().len() == 16_384
        });
        let Some(full) = full else {
            std::thread::yield_now();
            continue;
        };
        let aside = full.with_extension("full");
        fs::rename(full, &aside).unwrap();
        moved.push(aside);
    }
    recorder.kill();
    let cut = moved
        .iter()
        .filter(|file| !fs::read(file).unwrap().ends_with(b"\n"));
    assert!(cut.count() > 0);
    let records = folder.records();
    assert_eq!(starts_without_hole(&records), 1);
    let verified = folder.verify(false);
    assert_eq!(verified.first_fault, None);
    assert_eq!(verified.records, records.len() as u64);
}

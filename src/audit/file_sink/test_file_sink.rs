//! Rotation, removal and replacement of audit files, with batches given by hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{FileSink, SyncPolicy};
use crate::audit::encoding::Encoding;
use crate::audit::record::{LineMark, Severity, What};
use crate::audit::sink::{AuditSink, Batch, SinkStart};
use crate::clock::{FakeClock, UnixTime};
use crate::error::{ConfigError, ConfigErrorKind};

/// What others do to a file.
type Change = fn(&Path);

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bearergate-files-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Names and contents of all files, in alphabetical order.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        });
        let mut files: Vec<_> = entries.collect();
        files.sort();
        files
    }

    fn texts(&self) -> Vec<String> {
        self.files().into_iter().map(|(_, text)| text).collect()
    }

    fn sink(&self) -> FileSink {
        FileSink::new(&self.0, "audit").unwrap()
    }

    fn started(&self, boot: u128) -> FileSink {
        start(self.sink(), boot)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(mut sink: FileSink, boot: u128) -> FileSink {
    previous(&mut sink, boot);
    sink
}

/// Starts a sink and returns the end that it found.
fn previous(sink: &mut FileSink, boot: u128) -> Option<String> {
    let start = SinkStart {
        node: "n1",
        boot: boot << 64,
        extension: "jsonl",
    };
    let end = sink.start(&start).unwrap()?;
    Some(String::from_utf8(end.last_line).unwrap())
}

/// Writes lines as one batch.
fn write(sink: &mut FileSink, text: &str) {
    sink.prepare().unwrap();
    write_unprepared(sink, text);
}

fn write_unprepared(sink: &mut FileSink, text: &str) {
    let marks: Vec<_> = text
        .match_indices('\n')
        .map(|(at, _)| mark(at + 1))
        .collect();
    sink.write(&Batch::new(text.as_bytes(), &marks)).unwrap();
}

fn mark(end: usize) -> LineMark {
    LineMark {
        end,
        what: What::Decision,
        code: "allowed",
        severity: Severity::Informational,
        millis: 0,
        sequence: 0,
        id: 0,
    }
}

fn notices(sink: &mut FileSink) -> Vec<(&'static str, String)> {
    let notices = sink.take_notices().into_iter();
    notices.map(|notice| (notice.what, notice.file)).collect()
}

#[test]
fn a_start_begins_a_file_that_only_this_user_reads_and_no_empty_one() {
    let folder = Folder::new();
    let mut sink = folder.started(1);
    assert_eq!((folder.files(), sink.file()), (vec![], ""));
    write(&mut sink, "a\n");
    write(&mut sink, "b\n");
    let name = "audit-n1-00000001_0000000000000001-000001.jsonl";
    assert_eq!(sink.file(), name);
    assert_eq!(folder.files(), [(name.to_owned(), "a\nb\n".to_owned())]);
    #[cfg(unix)]
    {
        let metadata = fs::metadata(folder.0.join(name)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut next = folder.started(2);
    write(&mut next, "c\n");
    assert_eq!(
        next.file(),
        "audit-n1-00000002_0000000000000002-000001.jsonl"
    );
    assert_eq!(folder.texts(), ["a\nb\n", "c\n"]);
}

#[test]
fn a_file_is_begun_at_the_size_and_never_within_a_batch() {
    let folder = Folder::new();
    let mut sink = start(folder.sink().max_bytes(4).unwrap(), 1);
    assert_eq!(sink.prepare().unwrap().unwrap().kept_from, 1);
    assert_eq!(sink.room(), 4);
    write_unprepared(&mut sink, "a\n");
    assert_eq!((sink.prepare().unwrap(), sink.room()), (None, 2));
    write_unprepared(&mut sink, "b\nc\nd\n");
    assert_eq!(
        (folder.texts(), sink.room()),
        (vec!["a\nb\nc\nd\n".to_owned()], 0)
    );
    assert_eq!(sink.prepare().unwrap().unwrap().kept_from, 1);
    write_unprepared(&mut sink, "e\n");
    // Without `prepare`, too.
    write_unprepared(&mut sink, "f\n");
    write_unprepared(&mut sink, "g\n");
    assert_eq!(folder.texts(), ["a\nb\nc\nd\n", "e\nf\n", "g\n"]);
}

#[test]
fn a_file_is_begun_at_the_age() {
    let folder = Folder::new();
    let clock = Arc::new(FakeClock::at(UnixTime::from_secs(1_000)));
    let sink = folder.sink().max_age(Duration::from_secs(60)).unwrap();
    let mut sink = start(sink.clock(Arc::clone(&clock)), 1);
    write(&mut sink, "a\n");
    clock.advance(Duration::from_millis(59_999));
    write(&mut sink, "b\n");
    clock.advance(Duration::from_millis(1));
    write(&mut sink, "c\n");
    // The wall clock does not matter.
    clock.step_wall(UnixTime::from_secs(1));
    clock.step_wall(UnixTime::from_secs(1_000_000));
    write(&mut sink, "d\n");
    assert_eq!(folder.texts(), ["a\nb\n", "c\nd\n"]);
}

#[test]
fn the_oldest_files_are_removed_and_reported() {
    let folder = Folder::new();
    for other in ["audit-n2-00000001_0000000000000001-000001.jsonl", "notes"] {
        fs::write(folder.0.join(other), "x").unwrap();
    }
    let mut former = folder.started(9);
    write(&mut former, "former\n");
    let mut sink = start(folder.sink().keep(2).unwrap().max_bytes(1).unwrap(), 1);
    let mut kept = Vec::new();
    for line in ["a\n", "b\nb\n", "c\n", "d\n"] {
        kept.push(sink.prepare().unwrap().unwrap().kept_from);
        write_unprepared(&mut sink, line);
    }
    // Lines 1, then 2 and 3, are in files of this start that were removed.
    assert_eq!(kept, [1, 1, 2, 4]);
    let names = [
        "00000001_0000000000000009-000001",
        "00000002_0000000000000001-000001",
        "00000002_0000000000000001-000002",
    ]
    .map(|name| ("file_removed", format!("audit-n1-{name}.jsonl")));
    assert_eq!(notices(&mut sink), names);
    let mut texts = folder.texts();
    texts.sort();
    assert_eq!(texts, ["c\n", "d\n", "x", "x"]);
}

#[test]
fn a_removed_file_is_begun_again_and_reported() {
    let folder = Folder::new();
    let mut sink = folder.started(1);
    write(&mut sink, "a\n");
    let file = sink.file().to_owned();
    fs::remove_file(folder.0.join(&file)).unwrap();
    let begun = sink.prepare().unwrap().unwrap();
    // Nobody but the sink may remove files, so the line is still expected.
    assert_eq!(begun.kept_from, 1);
    write_unprepared(&mut sink, "b\n");
    assert_eq!(notices(&mut sink), [("file_missing", file)]);
    assert_eq!(folder.texts(), ["b\n"]);
    assert_ne!(sink.file(), "");
}

#[test]
fn a_moved_replaced_or_shortened_file_is_left_and_reported() {
    let changes: [(&str, Change); 4] = [
        ("file_missing", |path| {
            fs::rename(path, path.with_extension("old")).unwrap();
        }),
        ("file_replaced", |path| {
            fs::rename(path, path.with_extension("old")).unwrap();
            fs::write(path, "").unwrap();
        }),
        ("file_replaced", |path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            // The number of the old file is still in use.
            fs::write(path, bytes).unwrap();
        }),
        ("file_shortened", |path| fs::write(path, "").unwrap()),
    ];
    for (what, change) in changes {
        let folder = Folder::new();
        let mut sink = folder.started(1);
        write(&mut sink, "a\n");
        let file = sink.file().to_owned();
        change(&folder.0.join(&file));
        write(&mut sink, "b\n");
        assert_eq!(notices(&mut sink), [(what, file.clone())]);
        assert_ne!(sink.file(), file);
        let written = fs::read_to_string(folder.0.join(sink.file())).unwrap();
        assert_eq!(written, "b\n");
        write(&mut sink, "c\n");
        assert_eq!(notices(&mut sink), []);
    }
}

#[test]
fn a_start_returns_the_last_whole_line_and_leaves_a_cut_one() {
    let folder = Folder::new();
    assert_eq!(previous(&mut folder.sink(), 1), None);
    let mut sink = folder.started(1);
    write(&mut sink, "a\n");
    let first = folder.0.join(sink.file());
    let mut sink = folder.started(2);
    write(&mut sink, "b\nc\n");
    let second = folder.0.join(sink.file());
    assert_eq!(previous(&mut folder.sink(), 3).as_deref(), Some("c"));
    let mut file = fs::OpenOptions::new().append(true).open(&second).unwrap();
    file.write_all(b"cut").unwrap();
    assert_eq!(previous(&mut folder.sink(), 3).as_deref(), Some("c"));
    assert_eq!(fs::read_to_string(&second).unwrap(), "b\nc\ncut");
    // Only a cut line: the file before has the end.
    fs::write(&second, "cut").unwrap();
    assert_eq!(previous(&mut folder.sink(), 3).as_deref(), Some("a"));
    fs::write(&second, "\n\n").unwrap();
    assert_eq!(previous(&mut folder.sink(), 3).as_deref(), Some("a"));
    fs::remove_file(first).unwrap();
    assert_eq!(previous(&mut folder.sink(), 3), None);
}

#[test]
fn lines_of_others_do_not_hide_the_end_of_the_chain() {
    let folder = Folder::new();
    let mut sink = folder.started(1);
    let zero = "0".repeat(64);
    let line = format!("{{\"a\":1,\"chain\":\"00000000.1.0000000000000001.0.1.1.{zero}.{zero}\"}}");
    write(&mut sink, &format!("{line}\nforged\n{{}}\n"));
    assert_eq!(previous(&mut folder.sink(), 2), Some(line));
}

#[test]
fn a_long_file_is_not_read_from_its_begin() {
    let folder = Folder::new();
    let mut sink = folder.started(1);
    let long = format!("{}\n", "x".repeat(700_000));
    write(&mut sink, &long.repeat(3));
    write(&mut sink, "last\n");
    assert_eq!(previous(&mut folder.sink(), 2).as_deref(), Some("last"));
}

#[test]
fn a_directory_that_cannot_hold_the_trail_is_refused_with_its_path() {
    let folder = Folder::new();
    let refused = |path: &Path, found: &str| {
        let error: ConfigError = FileSink::new(path, "audit").unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable, "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        assert!(
            text.starts_with("`directory`") && text.contains(found),
            "{text}"
        );
    };
    refused(&folder.0.join("absent"), "does not exist; create it");
    fs::write(folder.0.join("file"), "").unwrap();
    refused(&folder.0.join("file"), "is a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let open = folder.0.join("open");
        fs::create_dir(&open).unwrap();
        for (mode, is_refused) in [(0o777, true), (0o1777, true), (0o702, true), (0o775, false)] {
            fs::set_permissions(&open, fs::Permissions::from_mode(mode)).unwrap();
            match is_refused {
                true => refused(&open, "`chmod o-w` it"),
                false => drop(FileSink::new(&open, "audit").unwrap()),
            }
        }
        // A file system that nobody can write, the superuser included.
        refused(Path::new("/proc"), "must not be written");
    }
    assert_eq!(fs::read_dir(folder.0.join("open")).unwrap().count(), 0);
}

#[test]
fn names_and_bounds_out_of_range_are_refused() {
    let folder = Folder::new();
    let kind = |result: Result<FileSink, ConfigError>| result.map_err(|error| error.kind()).err();
    let out = Some(ConfigErrorKind::OutOfRange);
    let malformed = Some(ConfigErrorKind::ValueMalformed);
    for (name, refused) in [("../audit", malformed), ("", malformed), ("audit", None)] {
        assert_eq!(kind(FileSink::new(&folder.0, name)), refused, "{name}");
    }
    for (bytes, refused) in [(0, out), (1, None), (1 << 40, None), ((1 << 40) + 1, out)] {
        assert_eq!(kind(folder.sink().max_bytes(bytes)), refused, "{bytes}");
    }
    for (files, refused) in [(0, out), (1, None), (1_000_000, None), (1_000_001, out)] {
        assert_eq!(kind(folder.sink().keep(files)), refused, "{files}");
    }
    for (secs, refused) in [(0, out), (1, None), (34_560_000, None), (34_560_001, out)] {
        let age = Duration::from_secs(secs);
        assert_eq!(kind(folder.sink().max_age(age)), refused, "{secs}");
    }
}

#[test]
fn what_is_not_durable_is_known_for_each_policy() {
    let folder = Folder::new();
    let clock = Arc::new(FakeClock::at(UnixTime::from_secs(1_000)));
    let policies = [
        (
            SyncPolicy::Every(Duration::from_secs(1)),
            [true, true, false],
        ),
        (SyncPolicy::EachBatch, [false, false, false]),
        (SyncPolicy::Never, [true, true, true]),
    ];
    for (boot, (policy, expected)) in (1..).zip(policies) {
        let sink = folder.sink().durability(policy).clock(Arc::clone(&clock));
        let mut sink = start(sink, boot);
        let is_unsynced = |sink: &FileSink| sink.live.as_ref().unwrap().unsynced(None).is_some();
        write(&mut sink, "a\n");
        let mut found = vec![is_unsynced(&sink)];
        for millis in [999, 1] {
            clock.advance(Duration::from_millis(millis));
            sink.idle().unwrap();
            found.push(is_unsynced(&sink));
        }
        assert_eq!(found, expected, "{policy:?}");
        write(&mut sink, "b\n");
        sink.sync().unwrap();
        assert!(!is_unsynced(&sink), "{policy:?}");
    }
}

#[test]
fn a_sink_that_was_not_started_writes_nothing() {
    let folder = Folder::new();
    let mut sink = folder.sink();
    assert!(sink.prepare().is_err());
    assert!(sink.write(&Batch::new(b"a\n", &[])).is_err());
    assert_eq!(folder.files(), []);
}

#[test]
fn files_of_every_encoding_have_a_place() {
    for encoding in [
        Encoding::Ocsf,
        Encoding::Ecs,
        Encoding::Cef,
        Encoding::Native,
    ] {
        let folder = Folder::new();
        for boot in [1, 2] {
            let mut sink = folder.sink();
            let begin = SinkStart {
                node: "n1",
                boot,
                extension: encoding.extension(),
            };
            let end = sink.start(&begin).unwrap();
            assert_eq!(end.is_some(), boot == 2, "{encoding:?}");
            write(&mut sink, "a\n");
        }
    }
}

//! A trail in files, with a chain and an anchor.

use std::fs;
use std::path::{Path, PathBuf};

use bearergate::audit::{
    self, Audit, AuditBuilder, ChainKey, Encoding, FileSink, SyncPolicy, What,
};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use serde_json::Value;

use crate::common::{allow, clock, close, flush, of, parsed, put, whats};

/// A folder of one test, which is empty at first.
pub(crate) fn folder(name: &str) -> PathBuf {
    let name = format!("bearergate-audit-{}-{name}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The files of a folder in the order of their names.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub(crate) fn key() -> ChainKey {
    let read = || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
    ChainKey::new(&SecretSource::from_fn("test", read)).unwrap()
}

pub(crate) fn file_sink(folder: &Path, name: &str) -> FileSink {
    FileSink::new(folder, name)
        .unwrap()
        .durability(SyncPolicy::Never)
}

fn chained(folder: &Path) -> AuditBuilder {
    let builder = Audit::builder().clock(clock()).chain(key());
    builder.sink(file_sink(folder, "audit"), Encoding::Native)
}

pub(crate) fn lines(files: &[PathBuf]) -> Vec<Value> {
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let texts: Vec<_> = texts.collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .map(parsed)
        .collect()
}

#[test]
fn a_chained_trail_is_verified_with_its_anchor() {
    let [trail, anchor] = ["trail", "anchor"].map(folder);
    for _ in 0..2 {
        let audit = chained(&trail)
            .anchor(file_sink(&anchor, "anchor"))
            .start()
            .unwrap();
        for _ in 0..2_500 {
            assert!(put(&audit, &allow()));
        }
        close(audit);
    }
    let [trail_files, anchor_files] = [&trail, &anchor].map(|folder| files(folder));
    let records = lines(&trail_files);
    assert_eq!(of(&records, What::Decision).len(), 5_000);
    let checkpoints = of(&records, What::Checkpoint).len();
    assert!(checkpoints >= 6, "{checkpoints}");
    assert_eq!(lines(&anchor_files).len(), checkpoints);
    assert_eq!(whats(&records).last(), Some(&"checkpoint"));
    let starts = of(&records, What::Started).into_iter();
    let starts: Vec<_> = starts
        .map(|record| record["bearergate.starts"].as_u64())
        .collect();
    assert_eq!(starts, [Some(1), Some(2)]);
    let verified = audit::verify(&trail_files, &key(), &anchor_files).unwrap();
    assert_eq!(verified.first_fault, None);
    assert_eq!(
        (verified.records, verified.open_end),
        (records.len() as u64, false)
    );
    let unanchored = audit::verify(&trail_files, &key(), &[] as &[PathBuf]).unwrap();
    assert!(unanchored.open_end);
    for folder in [trail, anchor] {
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn files_are_rotated_without_a_hole_and_their_removal_is_recorded() {
    let trail = folder("rotated");
    let sink = file_sink(&trail, "audit")
        .max_bytes(20_000)
        .unwrap()
        .keep(3)
        .unwrap();
    let builder = Audit::builder().clock(clock()).chain(key());
    let audit = builder.sink(sink, Encoding::Native).start().unwrap();
    for _ in 0..10 {
        for _ in 0..50 {
            assert!(put(&audit, &allow()));
        }
        flush(&audit).unwrap();
    }
    close(audit);
    let files = files(&trail);
    assert_eq!(files.len(), 3);
    let records = lines(&files);
    let first = records[0]["bearergate.sequence"].as_u64().unwrap();
    assert!(first > 1);
    for (record, number) in records.iter().zip(first..) {
        assert_eq!(record["bearergate.sequence"], number);
    }
    let removed = of(&records, What::Lifecycle);
    assert!(
        removed
            .iter()
            .any(|record| record.to_string().contains("file_removed"))
    );
    let verified = audit::verify(&files, &key(), &[] as &[PathBuf]).unwrap();
    assert_eq!(verified.first_fault, None);
    fs::remove_dir_all(trail).unwrap();
}

#[test]
fn a_checkpoint_is_due_after_a_minute() {
    let trail = folder("minute");
    let clock = clock();
    let audit = chained(&trail).clock(clock.clone()).start().unwrap();
    let checkpoints = || of(&lines(&files(&trail)), What::Checkpoint).len();
    assert!(put(&audit, &allow()));
    flush(&audit).unwrap();
    assert_eq!(checkpoints(), 0);
    clock.advance(std::time::Duration::from_secs(60));
    assert!(put(&audit, &allow()));
    flush(&audit).unwrap();
    assert_eq!(checkpoints(), 1);
    close(audit);
    fs::remove_dir_all(trail).unwrap();
}

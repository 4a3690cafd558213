//! What happens to the files of a trail that is written.

use std::fs;

use bearergate::audit::{Audit, Encoding, FaultKind, FileSink, What};
use serde_json::Value;

use crate::common::{Folder, builder, close, count, flush, key, put, starts_without_hole};

/// The matters of lifecycle records about files.
fn reported(records: &[Value]) -> Vec<String> {
    let lifecycle = records
        .iter()
        .filter(|record| record["bearergate.what"] == What::Lifecycle.as_str());
    lifecycle.map(Value::to_string).collect()
}

#[test]
fn a_moved_file_is_begun_again_recorded_and_still_belongs_to_the_chain() {
    let folder = Folder::new();
    let audit = builder(folder.path()).start().unwrap();
    put(&audit, 3);
    flush(&audit);
    let live = folder.files("trail").pop().unwrap();
    fs::rename(&live, folder.trail().join("moved.old")).unwrap();
    put(&audit, 3);
    flush(&audit);
    close(audit);
    let text: Vec<_> = folder
        .files("trail")
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    assert_eq!(text.len(), 2);
    let records = folder.records();
    let reports = reported(&records);
    assert_eq!(reports.len(), 1);
    let name = live.file_name().unwrap().to_str().unwrap();
    assert!(
        reports[0].contains("file_missing") && reports[0].contains(name),
        "{}",
        reports[0]
    );
    let verified = folder.verify(true);
    assert_eq!((verified.first_fault, verified.open_end), (None, false));
}

#[test]
fn a_removed_file_is_begun_again_and_its_lines_are_missed() {
    let folder = Folder::new();
    let audit = builder(folder.path()).start().unwrap();
    put(&audit, 3);
    flush(&audit);
    fs::remove_file(folder.files("trail").pop().unwrap()).unwrap();
    put(&audit, 3);
    close(audit);
    let files = folder.files("trail");
    assert_eq!(files.len(), 1);
    let records = folder.records();
    assert_eq!(count(&records, What::Decision), 3);
    assert_eq!(reported(&records).len(), 1);
    let fault = folder.verify(true).first_fault.unwrap();
    assert_eq!(
        (fault.file, fault.line, fault.kind),
        (files[0].clone(), 1, FaultKind::Removed)
    );
}

#[test]
fn files_that_the_sink_removed_are_recorded_and_not_missed() {
    let folder = Folder::new();
    for _ in 0..2 {
        let sink = FileSink::new(folder.trail(), "audit").unwrap();
        let sink = sink.max_bytes(2_000).unwrap().keep(3).unwrap();
        let audit = Audit::builder().sink(sink, Encoding::Native).chain(key());
        let audit = audit.start().unwrap();
        for _ in 0..20 {
            put(&audit, 10);
            flush(&audit);
        }
        close(audit);
        assert_eq!(folder.files("trail").len(), 3);
        let records = folder.records();
        assert!(
            reported(&records)
                .iter()
                .all(|report| report.contains("file_removed"))
        );
        assert!(!reported(&records).is_empty());
        starts_without_hole(&records);
        assert_eq!(folder.verify(false).first_fault, None);
    }
    let oldest = folder.files("trail").swap_remove(0);
    fs::remove_file(oldest).unwrap();
    let fault = folder.verify(false).first_fault.unwrap();
    assert_eq!((fault.line, fault.kind), (1, FaultKind::Removed));
}

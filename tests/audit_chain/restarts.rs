//! One chain over threads, files and starts.

use std::fs;
use std::thread;

use bearergate::audit::{FaultKind, What};
use serde_json::Value;

use crate::common::{Folder, builder, close, count, flush, put, starts_without_hole};

#[test]
fn eight_threads_and_restarts_make_one_chain() {
    let folder = Folder::new();
    for _ in 0..3 {
        let audit = builder(folder.path()).start().unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| put(&audit, 200));
            }
        });
        close(audit);
    }
    let records = folder.records();
    assert_eq!(count(&records, What::Decision), 3 * 8 * 200);
    assert_eq!(starts_without_hole(&records), 3);
    assert!(folder.files("trail").len() > 9);
    let [open, closed] = [false, true].map(|anchored| folder.verify(anchored));
    assert_eq!((open.first_fault, open.open_end), (None, true));
    assert_eq!((closed.first_fault, closed.open_end), (None, false));
    assert_eq!(closed.records, records.len() as u64);
    let started = records.iter().map(|record| &record["bearergate.starts"]);
    let started: Vec<_> = started.filter_map(Value::as_u64).collect();
    assert_eq!(started, [1, 2, 3]);
}

#[test]
fn rotation_under_load_loses_and_splits_no_line() {
    let folder = Folder::new();
    let audit = builder(folder.path()).start().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    put(&audit, 20);
                    flush(&audit);
                }
            });
        }
    });
    close(audit);
    let files = folder.files("trail");
    assert!(files.len() > 20, "{}", files.len());
    for file in &files {
        let bytes = fs::read(file).unwrap();
        assert!(
            bytes.ends_with(b"\n") && bytes.len() < 22_000,
            "{}",
            bytes.len()
        );
    }
    let records = folder.records();
    assert_eq!(count(&records, What::Decision), 4_000);
    assert_eq!(starts_without_hole(&records), 1);
    let verified = folder.verify(true);
    assert_eq!((verified.first_fault, verified.open_end), (None, false));
}

#[test]
fn dropped_files_of_a_real_trail_are_found() {
    let folder = Folder::new();
    for _ in 0..3 {
        let audit = builder(folder.path()).start().unwrap();
        put(&audit, 100);
        close(audit);
    }
    let files = folder.files("trail");
    let fault = |file: usize, anchored| {
        let aside = folder.path().join("aside");
        fs::rename(&files[file], &aside).unwrap();
        let verified = folder.verify(anchored);
        fs::rename(&aside, &files[file]).unwrap();
        let fault = verified.first_fault.map(|fault| (fault.file, fault.kind));
        (fault, verified.open_end)
    };
    // Three files of each start.
    assert_eq!(files.len(), 9);
    let removed = |file: usize| (Some((files[file].clone(), FaultKind::Removed)), true);
    let truncated = |file: usize| (Some((files[file].clone(), FaultKind::Truncated)), true);
    for anchored in [false, true] {
        assert_eq!(fault(0, anchored), removed(1));
        assert_eq!(fault(1, anchored), removed(2));
        assert_eq!(fault(3, anchored), removed(4));
    }
    // The last file of a start has its last checkpoint.
    assert_eq!(fault(2, false), removed(3));
    assert_eq!(fault(2, true), truncated(1));
    assert_eq!(fault(8, false), (None, true));
    assert_eq!(fault(8, true), truncated(7));
    assert_eq!(folder.verify(true).first_fault, None);
}

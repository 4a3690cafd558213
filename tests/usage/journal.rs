//! With a journal a meter that ends without a flush loses nothing, and counts nothing twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bearergate::limit::{Meter, UsageQuery, UsageStore};

use crate::common::{Folder, wait};
use crate::faulty::{Fault, Faulty};
use crate::metering::{NOW, caller, total};

fn meter(store: &Arc<Faulty>, path: &Path) -> Meter {
    let meter = Meter::builder(store.clone()).journal(path.join("usage"));
    meter.build().unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn meter_that_ended_without_a_flush_loses_nothing() {
    let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
    for round in 1..=3 {
        let meter = meter(&store, &folder.path(""));
        meter.add(&caller("idp", "Zoë 'x'\n\0"), "requests", 2, NOW);
        meter.add(&caller("idp", "bob"), "requests", 3, NOW);
        drop(meter);
        assert_eq!(total(&*store), 0, "round {round}");
    }
    let meter = meter(&store, &folder.path(""));
    assert_eq!(meter.pending(), 6);
    wait(meter.flush()).unwrap();
    assert_eq!(total(&*store), 15);
    let rows = wait(store.usage(&UsageQuery::new().subject("Zoë 'x'\n\0"))).unwrap();
    assert_eq!(rows[0].amount, 6);
    // Only the file of the generation that grows is left.
    assert_eq!(files(&folder.path("")).len(), 1);
}

#[test]
fn batch_that_the_store_had_taken_does_not_count_again_after_a_restart() {
    for fault in [Fault::Before, Fault::After] {
        let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
        let first = meter(&store, &folder.path(""));
        first.add(&caller("idp", "alice"), "requests", 2, NOW);
        store.set_down(Some(fault));
        wait(first.flush()).unwrap_err();
        first.add(&caller("idp", "alice"), "requests", 3, NOW);
        drop(first);
        store.set_down(None);
        let second = meter(&store, &folder.path(""));
        wait(second.flush()).unwrap();
        second.add(&caller("idp", "alice"), "requests", 4, NOW);
        wait(second.flush()).unwrap();
        assert_eq!(total(&*store), 9, "{fault:?}");
        // And not a second time from files that could not be removed.
        drop(second);
        wait(meter(&store, &folder.path("")).flush()).unwrap();
        assert_eq!(total(&*store), 9, "{fault:?}");
    }
}

#[test]
fn record_that_was_cut_at_any_place_is_left_out_and_all_before_it_count() {
    let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
    let first = meter(&store, &folder.path(""));
    first.add(&caller("idp", "alice"), "requests", 1, NOW);
    let path = files(&folder.path(""))[0].clone();
    let whole = fs::read(&path).unwrap().len();
    first.add(&caller("idp", "bob"), "requests", 2, NOW);
    drop(first);
    let bytes = fs::read(&path).unwrap();
    for len in 0..=bytes.len() {
        let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
        fs::write(
            folder.path(path.file_name().unwrap().to_str().unwrap()),
            &bytes[..len],
        )
        .unwrap();
        let second = meter(&store, &folder.path(""));
        wait(second.flush()).unwrap();
        let expected = match len {
            len if len == bytes.len() => 3,
            len if len >= whole => 1,
            _ => 0,
        };
        assert_eq!(total(&*store), expected, "{len} of {} bytes", bytes.len());
    }
}

#[test]
fn damaged_byte_never_adds_an_amount_that_was_not_counted() {
    let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
    let first = meter(&store, &folder.path(""));
    for amount in [1, 2, 4] {
        first.add(&caller("idp", "alice"), "requests", amount, NOW);
    }
    drop(first);
    let path = files(&folder.path(""))[0].clone();
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(
            folder.path(path.file_name().unwrap().to_str().unwrap()),
            damaged,
        )
        .unwrap();
        wait(meter(&store, &folder.path("")).flush()).unwrap();
        assert!([0, 1, 3].contains(&total(&*store)), "byte {at}");
    }
}

#[test]
fn other_files_of_the_folder_are_not_touched() {
    let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
    for name in [
        "usage",
        "usage.db",
        "usage.1.2",
        "other.00000000000000000000000000000000.00000000000000000001",
    ] {
        fs::write(folder.path(name), "mine").unwrap();
    }
    let meter = meter(&store, &folder.path(""));
    meter.add(&caller("idp", "alice"), "requests", 1, NOW);
    wait(meter.flush()).unwrap();
    let mine = files(&folder.path("")).into_iter();
    let mine = mine.filter(|path| fs::read(path).unwrap() == b"mine");
    assert_eq!(mine.count(), 4);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, store) = (Folder::new(), Arc::new(Faulty::new()));
    let meter = meter(&store, &folder.path(""));
    meter.add(&caller("idp", "alice"), "requests", 1, NOW);
    for path in files(&folder.path("")) {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

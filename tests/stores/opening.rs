//! Opening a SQLite file: its owner, its permissions and its content.

use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;
use std::{fs, thread};

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::grant::Grant;
use bearergate::grant::store::{Lookup, TokenDigest};
use bearergate::session::{SessionRecord, SessionStore};
use bearergate::stores::SqliteStore;
use bearergate::{ConfigError, limits};

use crate::common::{Folder, wait};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn session(byte: u8) -> SessionRecord {
    let ends = NOW.saturating_add(Duration::from_secs(1_000));
    let grant = Grant::new("service", "alice", NOW).with_lifetime(ends, Duration::MAX);
    SessionRecord::new(TokenDigest::new([byte; 32]), grant)
}

fn is_live(store: &SqliteStore, byte: u8) -> bool {
    let found = wait(SessionStore::find(store, TokenDigest::new([byte; 32])));
    matches!(found.unwrap(), Lookup::Live(_))
}

fn rejected(path: &Path) -> ConfigError {
    SqliteStore::open(path).unwrap_err()
}

#[test]
fn records_survive_a_restart() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let store = SqliteStore::open(&path).unwrap();
    wait(SessionStore::create(&store, session(1))).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert!(is_live(&store, 1));
    assert!(!is_live(&store, 2));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_access_the_file_and_its_companions() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.path("a.db");
    let store = SqliteStore::open(&path).unwrap();
    wait(SessionStore::create(&store, session(1))).unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        let mode = fs::metadata(folder.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn file_that_all_users_may_access_is_rejected() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.path("a.db");
    drop(SqliteStore::open(&path).unwrap());
    for mode in [0o604, 0o602, 0o666] {
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let error = rejected(&path);
        assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable, "{mode:o}");
        assert!(error.to_string().contains("chmod"), "{error}");
    }
    for mode in [0o600, 0o660] {
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert!(SqliteStore::open(&path).is_ok(), "{mode:o}");
    }
}

#[test]
fn file_of_another_program_is_rejected_and_not_changed() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    for other in ["CREATE TABLE a (x)", "PRAGMA user_version = 1"] {
        let _ = fs::remove_file(&path);
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(other).unwrap();
        drop(conn);
        make_private(&path);
        let before = fs::read(&path).unwrap();
        let error = rejected(&path);
        assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable);
        assert!(error.to_string().contains("another program"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn file_that_is_no_database_is_rejected_and_not_changed() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let text = "no database at all, but longer than the head of one. ".repeat(40);
    fs::write(&path, &text).unwrap();
    make_private(&path);
    assert_unusable(
        &path,
        ["a SQLite database", "found another content", "a new file"],
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn file_of_a_newer_version_is_rejected_and_not_changed() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    drop(SqliteStore::open(&path).unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    let version = || conn.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
    let current = version().unwrap();
    conn.pragma_update(None, "user_version", current + 1)
        .unwrap();
    let error = rejected(&path);
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable);
    let text = format!(
        "expected schema {current} or older, found {}: it was",
        current + 1
    );
    assert!(error.to_string().contains(&text), "{error}");
    assert!(
        error
            .to_string()
            .contains("newer version of this crate; start that"),
        "{error}"
    );
    assert_eq!(version().unwrap(), current + 1);
    conn.pragma_update(None, "user_version", current).unwrap();
    assert!(SqliteStore::open(&path).is_ok());
}

/// Asserts that the error of a path says what was expected, what was found and what to do.
fn assert_unusable(path: &Path, texts: [&str; 3]) {
    let error = rejected(path);
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable, "{error}");
    let shown = error.to_string();
    let start = format!("`path`: `{}`: expected ", path.display());
    assert!(shown.starts_with(&start), "{shown}");
    assert!(texts.iter().all(|text| shown.contains(text)), "{shown}");
    assert!(
        !shown.contains("chmod") && !shown.contains("new path"),
        "{shown}"
    );
}

#[test]
fn paths_that_cannot_be_a_file_are_rejected() {
    let folder = Folder::new();
    let a_folder = [
        "expected a file",
        "found a folder",
        "add the name of a file",
    ];
    fs::create_dir(folder.path("keys")).unwrap();
    assert_unusable(&folder.path("keys"), a_folder);
    let shown = rejected(&folder.path("keys/")).to_string();
    assert!(a_folder.iter().all(|text| shown.contains(text)), "{shown}");
    let missing = folder.path("missing").join("a.db");
    let create = format!("create `{}`", folder.path("missing").display());
    assert_unusable(&missing, ["its folder to exist", "found none", &create]);
    fs::write(folder.path("file"), "").unwrap();
    let below = folder.path("file").join("a.db");
    assert_unusable(
        &below,
        ["to be a folder", "found a file", "correct the path"],
    );
    let memory = rejected(Path::new(":memory:"));
    assert_eq!(memory.kind(), ConfigErrorKind::ValueMalformed);
    let empty = rejected(Path::new(""));
    assert_eq!(empty.kind(), ConfigErrorKind::Empty);
    assert_eq!(empty.field(), "path");
}

#[cfg(unix)]
#[test]
fn links_to_nothing_and_special_files_are_rejected() {
    let folder = Folder::new();
    let link = folder.path("link");
    std::os::unix::fs::symlink(folder.path("nothing"), &link).unwrap();
    assert_unusable(
        &link,
        [
            "a link to a file",
            "found one to nothing",
            "correct the link",
        ],
    );
    assert!(!folder.path("nothing").exists());
    assert_unusable(
        Path::new("/dev/null"),
        ["a file", "found a device", "the path of a file"],
    );
    let socket = folder.path("s");
    if std::os::unix::net::UnixListener::bind(&socket).is_ok() {
        assert_unusable(&socket, ["a file", "or a socket", "the path of a file"]);
    }
    drop(SqliteStore::open(folder.path("a.db")).unwrap());
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(folder.path("a.db"), &link).unwrap();
    assert!(SqliteStore::open(&link).is_ok());
}

/// As a user who may do all, nothing is read-only.
#[cfg(unix)]
#[test]
fn file_without_write_permission_is_rejected_and_says_so() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    drop(SqliteStore::open(&path).unwrap());
    for (mode, texts) in [
        (
            0o400,
            [
                "that can be written",
                "that can only be read",
                "write permission",
            ],
        ),
        (
            0o000,
            [
                "permission to read and write it",
                "found none",
                "write permission",
            ],
        ),
    ] {
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        match fs::OpenOptions::new().write(true).open(&path) {
            Ok(_) => assert!(SqliteStore::open(&path).is_ok()),
            Err(_) => assert_unusable(&path, texts),
        }
    }
    make_private(&path);
    assert!(SqliteStore::open(&path).is_ok());
}

#[test]
fn locked_file_is_rejected_and_names_the_time_it_was_waited_for() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    drop(SqliteStore::open(&path).unwrap());
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")
        .unwrap();
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let store = SqliteStore::builder(&path).busy_timeout(Duration::from_millis(20));
    let error = store.open().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnusable);
    let shown = error.to_string();
    let text =
        "expected the file's lock within 20ms, found that another process holds it; end that";
    assert!(
        shown.contains(text) && shown.contains("busy_timeout"),
        "{shown}"
    );
    drop(conn);
    assert!(SqliteStore::open(&path).is_ok());
}

#[test]
fn numbers_out_of_range_are_rejected() {
    let folder = Folder::new();
    let builder = || SqliteStore::builder(folder.path("a.db"));
    let long = limits::SQLITE_BUSY_MAX + Duration::from_nanos(1);
    for (builder, field) in [
        (builder().readers(0), "readers"),
        (builder().readers(limits::SQLITE_READERS_MAX + 1), "readers"),
        (builder().queue(0), "queue"),
        (builder().queue(limits::SQLITE_QUEUE_MAX + 1), "queue"),
        (builder().busy_timeout(long), "busy_timeout"),
    ] {
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
        assert_eq!(error.field(), field);
    }
    assert!(!folder.path("a.db").exists());
    let valid = builder().readers(1).queue(1).busy_timeout(Duration::ZERO);
    assert!(valid.open().is_ok());
}

#[test]
fn new_file_can_be_opened_by_many_at_once() {
    for round in 0..10 {
        let folder = Folder::new();
        let path = folder.path("a.db");
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for byte in 0..8 {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let store = SqliteStore::open(path).unwrap();
                    wait(SessionStore::create(&store, session(byte))).unwrap();
                });
            }
        });
        let store = SqliteStore::open(&path).unwrap();
        assert!((0..8).all(|byte| is_live(&store, byte)), "round {round}");
    }
}

#[cfg(unix)]
fn make_private(path: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, mode).unwrap();
}

#[cfg(not(unix))]
fn make_private(_path: &Path) {}

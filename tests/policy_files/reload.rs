//! Policy files that change while a service runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bearergate::Policy;
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::event::{Event, Observer};
use bearergate::policy::{PolicyFile, PolicyHandle, PolicyPoll, RouteTable};

/// A folder that is removed at the end of a test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("bearergate-policy-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The events of policy files, as text.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        let text = match event {
            Event::PolicyReloaded { path } => format!("reloaded {path}"),
            Event::PolicyNotReloaded { path, problem } => format!("kept {path}: {problem}"),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

pub(super) fn text(rule: &str) -> String {
    format!(r#"{{"rules": [{{"name": "{rule}", "effect": "permit", "if": {{"scope": "a"}}}}]}}"#)
}

pub(super) fn rule(handle: &PolicyHandle) -> String {
    handle.current().rules()[0].name().to_owned()
}

fn open(path: &Path) -> (PolicyFile, Log) {
    let log = Log::default();
    let environment = Environment::new().observer(log.clone());
    let file = PolicyFile::policy(path).env(&environment).open().unwrap();
    (file, log)
}

fn failure(file: &mut PolicyFile) -> (ConfigErrorKind, String) {
    match file.poll() {
        PolicyPoll::Failed(error) => (error.kind(), error.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_file_is_loaded_and_an_unchanged_one_is_not() {
    let folder = Folder::new("changed");
    let path = folder.file("policy.json");
    fs::write(&path, text("one")).unwrap();
    let (mut file, log) = open(&path);
    let handle = file.handle().clone();
    assert!(matches!(file.poll(), PolicyPoll::Unchanged));
    // The same length, and perhaps the same time of change.
    fs::write(&path, text("two")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert_eq!(rule(&handle), "two");
    assert!(matches!(file.poll(), PolicyPoll::Unchanged));
    // The same content once more is no change.
    fs::write(&path, text("two")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Unchanged));
    assert_eq!(log.take(), [format!("reloaded {}", path.display())]);
}

#[test]
fn a_half_written_file_keeps_the_current_version_and_is_reported_once() {
    let folder = Folder::new("half");
    let path = folder.file("policy.json");
    fs::write(&path, text("one")).unwrap();
    let (mut file, log) = open(&path);
    let whole = text("two");
    for half in [&whole[..20], ""] {
        fs::write(&path, half).unwrap();
        let (kind, message) = failure(&mut file);
        assert_eq!(kind, ConfigErrorKind::ValueMalformed);
        assert!(message.starts_with(&format!("`{}` (line 1, column ", path.display())));
        assert!(
            message.ends_with("; the current version stays in use"),
            "{message}"
        );
        assert!(matches!(file.poll(), PolicyPoll::Unchanged));
        assert_eq!(log.take(), [format!("kept {}: {message}", path.display())]);
        assert_eq!(file.error().unwrap().to_string(), message);
        assert_eq!(rule(file.handle()), "one");
    }
    fs::write(&path, &whole).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert!(file.error().is_none());
    assert_eq!(rule(file.handle()), "two");
}

#[test]
fn a_file_that_is_mended_by_its_old_content_is_reported() {
    let folder = Folder::new("mended");
    let path = folder.file("policy.json");
    fs::write(&path, text("one")).unwrap();
    let (mut file, _) = open(&path);
    fs::write(&path, text("one").replace("permit", "allow")).unwrap();
    let (_, message) = failure(&mut file);
    let place = format!("`{}`: /rules/0/effect (line 1, column ", path.display());
    assert!(message.starts_with(&place), "{message}");
    fs::write(&path, text("one")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert!(file.error().is_none());
}

#[test]
fn a_file_that_vanishes_keeps_the_current_version() {
    let folder = Folder::new("vanished");
    let path = folder.file("policy.json");
    fs::write(&path, text("one")).unwrap();
    let (mut file, log) = open(&path);
    fs::remove_file(&path).unwrap();
    let (kind, message) = failure(&mut file);
    assert_eq!(kind, ConfigErrorKind::Unreadable);
    assert!(
        message.contains("expected a file that can be read, found none"),
        "{message}"
    );
    assert!(matches!(file.poll(), PolicyPoll::Unchanged));
    assert_eq!(log.take().len(), 1);
    assert_eq!(rule(file.handle()), "one");
    fs::write(&path, text("two")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
}

#[test]
fn a_file_that_is_too_large_or_no_file_is_not_read() {
    let folder = Folder::new("large");
    let path = folder.file("policy.json");
    let (exact, more) = (
        bearergate::limits::JSON_BYTES,
        bearergate::limits::JSON_BYTES + 1,
    );
    let padded = |len: usize| text("two") + &" ".repeat(len - text("two").len());
    fs::write(&path, text("one")).unwrap();
    let (mut file, _) = open(&path);
    fs::write(&path, padded(more)).unwrap();
    let (kind, message) = failure(&mut file);
    assert_eq!(kind, ConfigErrorKind::OutOfRange);
    assert!(
        message.contains("expected at most 1048576 bytes, found more"),
        "{message}"
    );
    assert_eq!(rule(file.handle()), "one");
    fs::write(&path, padded(exact)).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let (kind, message) = failure(&mut file);
    assert_eq!(kind, ConfigErrorKind::Unreadable);
    assert!(message.contains("expected a regular file"), "{message}");
    assert_eq!(rule(file.handle()), "two");
}

#[cfg(unix)]
#[test]
fn files_that_are_replaced_by_rename_or_symbolic_links_are_loaded() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    let path = folder.file("policy.json");
    // As a ConfigMap is mounted: policy.json -> ..data/policy.json, ..data -> ..v1.
    for version in ["one", "two"] {
        let data = folder.file(&format!("..{version}"));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("policy.json"), text(version)).unwrap();
    }
    symlink("..one", folder.file("..data")).unwrap();
    symlink("..data/policy.json", &path).unwrap();
    let (mut file, _) = open(&path);
    assert!(matches!(file.poll(), PolicyPoll::Unchanged));
    symlink("..two", folder.file("..data_tmp")).unwrap();
    fs::rename(folder.file("..data_tmp"), folder.file("..data")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert_eq!(rule(file.handle()), "two");
    fs::write(folder.file("new"), text("six")).unwrap();
    fs::rename(folder.file("new"), &path).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert_eq!(rule(file.handle()), "six");
}

#[test]
fn a_table_of_routes_is_reloaded_too() {
    let folder = Folder::new("table");
    let path = folder.file("routes.json");
    let table = |pattern: &str| {
        format!(
            r#"{{"match": "path", "routes": [{{"pattern": "{pattern}", "if": {{"scope": "a"}}}}]}}"#
        )
    };
    fs::write(&path, table("/a")).unwrap();
    let mut file = PolicyFile::routes(&path).open().unwrap();
    let pattern =
        |handle: &PolicyHandle<RouteTable>| handle.current().routes()[0].pattern().to_owned();
    assert_eq!(pattern(file.handle()), "/a");
    fs::write(&path, table("/b")).unwrap();
    assert!(matches!(file.poll(), PolicyPoll::Reloaded));
    assert_eq!(pattern(file.handle()), "/b");
    // A policy in its place is named as such.
    fs::write(&path, text("one")).unwrap();
    let PolicyPoll::Failed(error) = file.poll() else {
        panic!("a policy is no table");
    };
    assert!(error.to_string().contains("found a policy"), "{error}");
    assert_eq!(pattern(file.handle()), "/b");
}

#[test]
fn a_file_that_does_not_load_is_not_opened() {
    let folder = Folder::new("open");
    let path = folder.file("policy.json");
    let open = || {
        PolicyFile::<Policy>::policy(&path)
            .open()
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(open().kind(), ConfigErrorKind::Unreadable);
    fs::write(&path, "{}").unwrap();
    let error = open();
    assert_eq!(error.kind(), ConfigErrorKind::Empty);
    assert!(!error.to_string().contains("current version"), "{error}");
    fs::write(&path, text("one")).unwrap();
    assert!(PolicyFile::policy(&path).open().is_ok());
}

//! Keys that are kept in a file: only a file that nobody else may write is trusted.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bearergate::diagnosis::Severity;
use bearergate::key::FetchedKeys;
use bearergate::testing::{FakeEndpoint, FakeIssuer};
use bearergate::{Gate, JwtValidator, KeyStore, RejectionKind};

use crate::common::{AUDIENCE, Scene};

/// A folder of its own that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("bearergate-kept-{name}-{id}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.json")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Returns a file of kept keys that this crate wrote, and its provider, which is now down.
async fn kept(folder: &Folder) -> FakeIssuer {
    let clock = bearergate::clock::FakeClock::at(crate::common::START);
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks)).keep_in(folder.file());
    let scene = Scene::with_keys(clock, idp, keys);
    assert_eq!(scene.validate(&scene.good()).await, Ok(()));
    scene.idp.down();
    scene.idp
}

/// Validates a token of the provider after a restart with this file.
async fn after_restart(idp: FakeIssuer, file: &Path) -> (Scene, Result<(), RejectionKind>) {
    let clock = bearergate::clock::FakeClock::at(crate::common::START);
    let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks)).keep_in(file);
    let scene = Scene::with_keys(clock, idp, keys);
    let result = scene.validate(&scene.good()).await;
    (scene, result)
}

#[tokio::test]
async fn only_a_file_that_nobody_else_may_write_is_trusted() {
    for (bits, expected) in [
        (0o600, Ok(())),
        (0o400, Ok(())),
        (0o644, Ok(())),
        (0o620, Err("chmod go-w")),
        (0o602, Err("chmod go-w")),
        (0o666, Err("chmod go-w")),
    ] {
        let folder = Folder::new(&format!("mode-{bits:o}"));
        let idp = kept(&folder).await;
        assert_eq!(mode(&folder.file()), 0o600);
        fs::set_permissions(folder.file(), PermissionsExt::from_mode(bits)).unwrap();
        let (scene, result) = after_restart(idp, &folder.file()).await;
        assert_eq!(result.is_ok(), expected.is_ok(), "{bits:o}");
        assert_ignored(&scene, &folder.file(), expected);
        assert_eq!(folder.names(), ["keys.json"], "{bits:o}");
    }
}

#[track_caller]
fn assert_ignored(scene: &Scene, file: &Path, expected: Result<(), &str>) {
    let ignored = scene.recorded().ignored;
    match expected {
        Ok(()) => assert!(ignored.is_empty(), "{ignored:?}"),
        Err(remedy) => {
            let [(path, reason)] = ignored.as_slice() else {
                panic!("{ignored:?}");
            };
            assert_eq!(path, file.to_str().unwrap());
            assert!(reason.contains(remedy), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_link_is_not_followed_to_kept_keys() {
    let folder = Folder::new("link");
    let idp = kept(&folder).await;
    let link = folder.0.join("link.json");
    symlink(folder.file(), &link).unwrap();
    let (scene, result) = after_restart(idp, &link).await;
    assert_eq!(result, Err(RejectionKind::Unavailable));
    assert_ignored(&scene, &link, Err("it is a link"));
    let (scene, result) = after_restart(scene.idp, &folder.file()).await;
    assert_eq!(result, Ok(()));
    assert_ignored(&scene, &folder.file(), Ok(()));
}

/// What could wait when it is opened is not opened: here a socket, and likewise a pipe.
#[tokio::test]
async fn a_socket_is_not_read_for_kept_keys() {
    let folder = Folder::new("socket");
    let idp = kept(&folder).await;
    let socket = folder.0.join("socket.json");
    let _listener = UnixListener::bind(&socket).unwrap();
    let (scene, result) = after_restart(idp, &socket).await;
    assert_eq!(result, Err(RejectionKind::Unavailable));
    assert_ignored(&scene, &socket, Err("no regular file"));
    let (scene, result) = after_restart(scene.idp, &folder.file()).await;
    assert_eq!(result, Ok(()));
    assert_ignored(&scene, &folder.file(), Ok(()));
}

/// Only root can give a file away, so nothing is tested for another user.
#[tokio::test]
async fn a_file_of_another_user_is_not_trusted() {
    let folder = Folder::new("owner");
    let idp = kept(&folder).await;
    if chown(folder.file(), Some(65_534), None).is_err() {
        return;
    }
    let (scene, result) = after_restart(idp, &folder.file()).await;
    assert_eq!(result, Err(RejectionKind::Unavailable));
    assert_ignored(&scene, &folder.file(), Err("another user"));
}

/// Neither the target of a link nor the rights of an earlier file are used.
#[tokio::test]
async fn a_new_file_takes_the_place_of_whatever_was_there() {
    let folder = Folder::new("new");
    let target = folder.0.join("target");
    fs::write(&target, "mine").unwrap();
    symlink(&target, folder.file()).unwrap();
    let idp = kept(&folder).await;
    assert!(fs::symlink_metadata(folder.file()).unwrap().is_file());
    assert_eq!(mode(&folder.file()), 0o600);
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert_eq!(folder.names(), ["keys.json", "target"]);
    let (_, result) = after_restart(idp, &folder.file()).await;
    assert_eq!(result, Ok(()));
}

#[tokio::test]
async fn the_doctor_names_a_file_that_is_not_trusted() {
    let folder = Folder::new("doctor");
    let idp = kept(&folder).await;
    let report = async |scene: &Scene| {
        let validator = JwtValidator::builder()
            .issuer(scene.idp.url())
            .audience(AUDIENCE)
            .key_store(Arc::new(scene.keys.clone()) as Arc<dyn KeyStore>)
            .clock(scene.clock.clone());
        let gate = Gate::builder()
            .validator(validator.build().unwrap())
            .allow_any_authenticated();
        gate.build().unwrap().doctor().await
    };
    let (scene, _) = after_restart(idp, &folder.file()).await;
    scene.idp.up().unwrap();
    let trusted = report(&scene).await;
    assert_eq!(trusted.severity(), Severity::Ok, "{trusted}");
    fs::set_permissions(folder.file(), PermissionsExt::from_mode(0o666)).unwrap();
    let distrusted = report(&scene).await;
    assert_eq!(distrusted.severity(), Severity::Warning, "{distrusted}");
    let finding = &distrusted.findings()[0];
    assert!(finding.subject.contains("keys.json"), "{distrusted}");
    assert!(finding.text.contains("chmod go-w"), "{distrusted}");
    assert!(finding.hint.is_some());
}

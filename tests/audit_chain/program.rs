//! The program `audit_verify`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Folder, KEY, builder, close, put};

/// Cargo builds the examples next to the tests.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push("audit_verify");
    assert!(path.exists(), "run `cargo build --examples` first");
    path
}

/// Runs the program and returns its status, its output and its errors.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(program()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

struct Trail {
    folder: Folder,
    files: Vec<String>,
    key: String,
    anchor: String,
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn trail() -> Trail {
    let folder = Folder::new();
    let audit = builder(folder.path()).start().unwrap();
    put(&audit, 100);
    close(audit);
    let key = folder.path().join("key");
    fs::write(&key, KEY).unwrap();
    Trail {
        files: folder
            .files("trail")
            .iter()
            .map(|file| text(file))
            .collect(),
        anchor: text(&folder.files("anchor")[0]),
        key: text(&key),
        folder,
    }
}

#[test]
fn a_true_trail_has_status_0() {
    let Trail {
        folder,
        files,
        key,
        anchor,
    } = trail();
    let records = folder.records().len();
    let all: Vec<_> = files.iter().rev().map(String::as_str).collect();
    let open = run(&[&["--key-file", &key], &all[..]].concat());
    assert_eq!(
        open,
        (
            0,
            format!("ok records={records} open_end=true\n"),
            String::new()
        )
    );
    let anchored = ["--anchor", anchor.as_str(), "--key-file", &key, "--"];
    let closed = run(&[&anchored, &all[..]].concat());
    assert_eq!(
        closed,
        (
            0,
            format!("ok records={records} open_end=false\n"),
            String::new()
        )
    );
}

#[test]
fn a_fault_has_status_1_and_the_place_as_it_was_given() {
    let Trail {
        folder, files, key, ..
    } = trail();
    let bytes = fs::read_to_string(&files[0]).unwrap();
    fs::write(&files[0], bytes.replacen("/orders/7", "/orders/8", 1)).unwrap();
    let all: Vec<_> = files.iter().map(String::as_str).collect();
    let found = run(&[&["--key-file", &key], &all[..]].concat());
    assert_eq!(
        found,
        (1, format!("fault {}:2 altered\n", files[0]), String::new())
    );
    let other = folder.path().join("other");
    fs::write(&other, [1; 32]).unwrap();
    let found = run(&["--key-file", other.to_str().unwrap(), &files[0]]);
    assert_eq!(
        found,
        (
            1,
            format!("fault {}:1 wrong_key\n", files[0]),
            String::new()
        )
    );
}

#[test]
fn wrong_options_and_files_have_status_2_and_one_line() {
    let Trail {
        folder,
        files,
        key,
        anchor,
    } = trail();
    let file = files[0].as_str();
    let [empty, blank, cut, short, long] = [
        ("empty", &b""[..]),
        ("blank", b"\n\n"),
        ("cut", b"{\"a\":1"),
        ("short", &[7; 31]),
        ("long", &[7; 33]),
    ]
    .map(|(name, bytes)| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        text(&path)
    });
    let absent = text(&folder.path().join("absent"));
    let directory = text(folder.path());
    let refused: &[(&[&str], &str)] = &[
        (&[], "--key-file"),
        (&[file], "--key-file"),
        (&["--key-file"], "--key-file"),
        (&["--key-file", "--anchor", &anchor, file], "--key-file"),
        (
            &["--key-file", &key, "--key-file", &key, file],
            "--key-file",
        ),
        (&["--key-file", &key], "no files"),
        (&["--key-file", &key, "--anchor"], "--anchor"),
        (
            &["--key-file", &key, "--anchors", &anchor, file],
            "--anchors",
        ),
        (&["--key-file", &key, "-v", file], "-v"),
        (&["--key-file", &key, ""], "no name"),
        (&["--key-file", &short, file], "32 bytes"),
        (&["--key-file", &long, file], "32 bytes"),
        (&["--key-file", &empty, file], "--key-file"),
        (&["--key-file", &absent, file], "--key-file"),
        (&["--key-file", &key, &absent], "absent"),
        (&["--key-file", &key, file, &empty], "empty"),
        (&["--key-file", &key, file, &blank], "blank"),
        (&["--key-file", &key, file, &cut], "cut"),
        (&["--key-file", &key, &directory], "cannot be read"),
        (&["--key-file", &key, "--anchor", &absent, file], "absent"),
        (&["--key-file", &key, "--anchor", &empty, file], "empty"),
        (&["--key-file", &key, "--anchor", &cut, file], "cut"),
    ];
    for (arguments, named) in refused {
        let (status, out, errors) = run(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.contains(named), "{arguments:?}: {errors}");
    }
    assert_eq!(run(&["--key-file", &key, "--anchor", &anchor, file]).0, 1);
    let all: Vec<_> = files.iter().map(String::as_str).collect();
    assert_eq!(
        run(&[&["--key-file", &key, "--anchor", &anchor], &all[..]].concat()).0,
        0
    );
}

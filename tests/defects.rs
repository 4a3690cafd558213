//! Keeps `docs/defects.md` true: each row is whole and names tests that exist, and comments refer
//! to rows of the list.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const LIST: &str = "docs/defects.md";

/// The cells of each row, in the order of the list: id, title, precedent, behaviour, tests.
fn rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST)).unwrap();
    // A bar inside a cell is escaped.
    let text = text.replace(r"\|", "\0");
    let lines = text.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<_>> = lines
        .map(|line| {
            let cells = line.trim().trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .filter(|cells: &Vec<String>| cells.first().is_some_and(|id| id != "id"))
        .collect();
    assert!(rows.len() > 100, "{LIST} was not read: {} rows", rows.len());
    rows
}

/// A letter and two digits.
fn is_id(word: &str) -> bool {
    matches!(word.as_bytes(), [b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9'])
}

/// All `.rs` files below a directory of the crate.
fn sources(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text));
        }
    }
}

/// Why a `file::function` is not a test, or `None` if it is one.
fn fault(test: &str) -> Option<&'static str> {
    let Some((file, function)) = test.split_once("::") else {
        return Some("is not of the form `file::function`");
    };
    if !file.starts_with("tests/") && !file.starts_with("src/") {
        return Some("is neither in `tests` nor in `src`");
    }
    let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else {
        return Some("names a file that does not exist");
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = format!("fn {function}(");
    let declares = |line: &&str| line.trim_start_matches("async ").starts_with(&head);
    let Some(at) = lines.iter().position(declares) else {
        return Some("names a function that does not exist");
    };
    let above = lines.iter().take(at).rev();
    let mut attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    match attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test")) {
        true => None,
        false => Some("names a function that is not a test"),
    }
}

#[test]
fn every_row_is_whole_and_its_id_is_its_own() {
    let mut ids = BTreeSet::new();
    for cells in rows() {
        let [id, others @ ..] = cells.as_slice() else {
            panic!("{LIST} has a row without cells");
        };
        assert!(
            is_id(id),
            "expected a letter and two digits, found `{id}` in {LIST}"
        );
        assert_eq!(
            others.len(),
            4,
            "{id}: expected 5 cells; escape a bar as `\\|`"
        );
        assert!(
            others.iter().all(|cell| !cell.is_empty()),
            "{id}: a cell is empty"
        );
        assert!(
            ids.insert(id.clone()),
            "{id}: two rows have this id; give a new one"
        );
    }
}

#[test]
fn every_row_names_tests_that_exist() {
    let mut faults = Vec::new();
    for cells in rows() {
        let tests = cells.last().unwrap();
        for test in tests.split(", ") {
            let inner = test
                .strip_prefix('`')
                .and_then(|test| test.strip_suffix('`'));
            let why = inner.map_or(Some("is not in backticks"), fault);
            faults.extend(why.map(|why| format!("{}: {test} {why}", cells.first().unwrap())));
        }
    }
    assert!(faults.is_empty(), "{LIST}:\n{}", faults.join("\n"));
}

#[test]
fn comments_refer_to_rows_of_the_list() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows
        .iter()
        .map(|cells| cells.first().unwrap().as_str())
        .collect();
    let mut files = Vec::new();
    for directory in ["src", "tests"] {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
            &mut files,
        );
    }
    let mut unknown = Vec::new();
    let mut known = 0;
    for (path, text) in &files {
        for (at, line) in text.lines().enumerate() {
            let Some((_, comment)) = line.split_once("//") else {
                continue;
            };
            let words = comment.split(|c: char| !c.is_ascii_alphanumeric());
            for word in words.filter(|word| is_id(word)) {
                match ids.contains(word) {
                    true => known += 1,
                    false => unknown.push(format!("{path}:{}: {word}", at + 1)),
                }
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "ids that {LIST} does not have:\n{}",
        unknown.join("\n")
    );
    assert!(known > 50, "only {known} references were found");
}

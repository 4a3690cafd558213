//! The table of the guide names tests that exist.

use std::fs;
use std::path::Path;

fn read(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => read(&path, texts),
            false if path.extension().is_some_and(|ext| ext == "rs") => {
                texts.push_str(&fs::read_to_string(&path).unwrap());
            }
            false => {}
        }
    }
}

#[test]
fn every_test_of_the_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/guide/fapi2.rs")).unwrap();
    let mut tests = String::new();
    read(&root.join("tests/fapi2"), &mut tests);
    let rows = page.lines().filter(|line| line.starts_with("//! | "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
    let mut names = 0;
    for (_, cell) in cells {
        for name in cell.split('`').filter(|name| name.contains('_')) {
            match name.strip_prefix("tests/") {
                Some(_) => assert!(root.join(name).exists(), "{name}"),
                None => assert!(tests.contains(&format!("fn {name}()")), "{name}"),
            }
            names += 1;
        }
    }
    assert!(names > 10, "{names}");
}

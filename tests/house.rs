//! Who may use whom inside the crate, and how large its files and functions are.
//!
//! A file may use rooms that stand before its own, by `use` or by an inline path. Sizes are
//! printed only: `cargo test --test house -- --nocapture`.
#![expect(
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails, and prints what it found"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// The rooms by rank, in their order within it.
const RANKS: [&[&str]; 12] = [
    &[
        "limits",
        "lanes",
        "future",
        "flight",
        "clock",
        "secret",
        "json",
        "event",
        "rejection",
        "finding",
    ],
    &["request", "credential"],
    &["principal"],
    &["crypto", "http_client", "key", "key_format", "store"],
    &["validate", "issue"],
    &["binding", "revocation"],
    &["policy"],
    &["limit", "address"],
    &["challenge"],
    &["audit"],
    &["gate"],
    DOORS,
];

/// Doors use every room, but not each other.
const DOORS: &[&str] = &[
    "jsonwebtoken_v11",
    "tokio",
    "reqwest",
    "sqlite",
    "cedar",
    "redis",
    "tower",
    "axum",
];

/// Stands beside the ranks: it uses every room, and no room uses it.
const BESIDE: &str = "testing";

/// What a file should not exceed before its tests.
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 50;

/// Path below `src/` and text, of every file.
type Tree = BTreeMap<String, String>;

#[test]
fn every_file_uses_rooms_before_its_own_alone() {
    let tree = own_tree();
    assert!(tree.contains_key("lib.rs") && tree.len() > 20);
    let breaches = breaches(&tree);
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn sizes_are_printed() {
    for line in sizes(&own_tree()) {
        println!("{line}");
    }
}

/// Every use of a room that its file may not use, as `file:line: what`.
fn breaches(tree: &Tree) -> Vec<String> {
    let tests = test_files(tree);
    let judged = tree
        .iter()
        .filter(|(path, _)| *path != "lib.rs" && !tests.contains(path));
    judged
        .flat_map(|(path, text)| file_breaches(path, text))
        .collect()
}

fn file_breaches(path: &str, text: &str) -> Vec<String> {
    let room = room(path);
    let Some(own) = standing(room) else {
        return vec![format!("{path}: room '{room}' has no rank")];
    };
    let code = without_tests(&code(text));
    let uses = uses(&code, depth(path)).into_iter();
    uses.filter_map(|(at, used)| {
        let fault = match standing(&used) {
            _ if used == room => return None,
            None => format!("'{used}' is no room: take the item from its room"),
            Some(other) if !is_before(other, own) => format!("'{room}' must not use '{used}'"),
            Some(_) => return None,
        };
        let line = 1 + code[..at].matches('\n').count();
        Some(format!("{path}:{line}: {fault}"))
    })
    .collect()
}

/// Rank, and place within it.
fn standing(room: &str) -> Option<(usize, usize)> {
    if room == BESIDE {
        return Some((RANKS.len(), 0));
    }
    RANKS.iter().enumerate().find_map(|(rank, rooms)| {
        let place = rooms.iter().position(|each| *each == room)?;
        Some((rank, place))
    })
}

fn is_before(used: (usize, usize), own: (usize, usize)) -> bool {
    let doors = RANKS.len() - 1;
    used < own && !(used.0 == doors && own.0 == doors) || is_footing(used, own)
}

/// The one door that another stands on: requests need somebody who drives them.
fn is_footing(used: (usize, usize), own: (usize, usize)) -> bool {
    Some(used) == standing("tokio") && Some(own) == standing("reqwest")
}

fn room(path: &str) -> &str {
    let first = path.split('/').next().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// How many `super` lead from a file to the crate's root.
fn depth(path: &str) -> usize {
    let names = path.split('/').count();
    if path.ends_with("/mod.rs") {
        names - 1
    } else {
        names
    }
}

/// The first segments of all paths that start at the crate's root, with where they stand.
fn uses(code: &str, depth: usize) -> Vec<(usize, String)> {
    let up = "super::".repeat(depth);
    ["crate::", &up]
        .into_iter()
        .flat_map(|root| code.match_indices(root))
        .filter(|(at, _)| !continues(code, *at))
        .flat_map(|(at, root)| heads(&code[at + root.len()..]).map(move |head| (at, head)))
        .collect()
}

/// Whether what stands at `at` is the rest of a longer path or word.
fn continues(code: &str, at: usize) -> bool {
    code[..at].ends_with(|c: char| is_word(c) || c == ':')
}

/// The first segment of a path, or of each path of a group.
fn heads(path: &str) -> Box<dyn Iterator<Item = String> + '_> {
    let path = path.trim_start();
    let Some(group) = path.strip_prefix('{') else {
        return Box::new([word(path)].into_iter());
    };
    let group = &group[..balanced(path).saturating_sub(2)];
    let (mut open, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 0 => parts.push(&group[std::mem::replace(&mut start, at + 1)..at]),
            _ => {}
        }
    }
    parts.push(&group[start..]);
    let parts = parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty());
    Box::new(parts.map(word))
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| is_word(*c)).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Files that only tests are made of: modules that a file declares under `#[cfg(test)]`.
fn test_files(tree: &Tree) -> Vec<String> {
    let mut files = Vec::new();
    for (path, text) in tree {
        let code = code(text);
        let folder = path.strip_suffix("mod.rs").map(str::to_owned);
        let folder = folder.unwrap_or_else(|| path.strip_suffix(".rs").unwrap().to_owned() + "/");
        for item in test_items(&code) {
            let item = code[item].trim_end_matches(';');
            if let Some((_, name)) = item.rsplit_once("mod ") {
                files.push(format!("{folder}{name}.rs"));
                files.push(format!("{folder}{name}/mod.rs"));
            }
        }
    }
    files
}

const TEST: &str = "#[cfg(test)]";

fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items = Vec::<Range<usize>>::new();
    for (at, _) in code.match_indices(TEST) {
        if items.last().is_none_or(|last| last.end <= at) {
            items.push(at..at + TEST.len() + item_len(&code[at + TEST.len()..]));
        }
    }
    items
}

/// The code with every item under `#[cfg(test)]` blanked.
fn without_tests(code: &str) -> String {
    let mut rest = code.to_owned();
    for item in test_items(code) {
        rest.replace_range(item.clone(), &blank(&code[item]));
    }
    rest
}

/// Bytes up to the end of the item that begins the text: its `;`, or its closing brace.
fn item_len(code: &str) -> usize {
    let mut open = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => open += 1,
            ')' | ']' => open -= 1,
            ';' if open == 0 => return at + 1,
            '{' if open == 0 => return at + balanced(&code[at..]),
            _ => {}
        }
    }
    code.len()
}

/// Bytes of the braces that begin the text, and of all within them.
fn balanced(code: &str) -> usize {
    let mut open = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return at + 1,
            '}' => open -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The text with comments, strings and characters blanked; lines and bytes keep their place.
fn code(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let in_word = code.ends_with(is_word);
        let len = comment(rest)
            .or_else(|| string(rest, in_word))
            .or_else(|| character(rest));
        match len {
            Some(len) => code.push_str(&blank(&rest[..len])),
            None => code.push(c),
        }
        rest = &rest[len.unwrap_or(c.len_utf8())..];
    }
    code
}

fn blank(text: &str) -> String {
    let blank = |b| if b == b'\n' { '\n' } else { ' ' };
    text.bytes().map(blank).collect()
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut at = text.starts_with("/*").then_some(2)?;
    let mut open = 1;
    while open > 0 {
        let next = text[at..].find("*/").map_or(text.len(), |n| at + n + 2);
        open += text[at..next].matches("/*").count();
        open -= 1;
        at = next;
        if at == text.len() {
            break;
        }
    }
    Some(at)
}

fn string(text: &str, in_word: bool) -> Option<usize> {
    let prefix = word(text).len();
    let marked = text[prefix..].trim_start_matches('#');
    let hashes = text.len() - prefix - marked.len();
    let known = matches!(&text[..prefix], "" | "b" | "c" | "r" | "br" | "cr");
    if !known || !marked.starts_with('"') || (in_word && prefix > 0) {
        return None;
    }
    let start = prefix + hashes + 1;
    if text[..prefix].ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(
            text[start..]
                .find(&end)
                .map_or(text.len(), |n| start + n + end.len()),
        );
    }
    (hashes == 0).then(|| start + quoted(&text[start..], '"'))
}

/// Bytes up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |n| n + 1)
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    let mut chars = rest.chars();
    let is_literal = chars.next()? == '\\' || chars.next()? == '\'';
    is_literal.then(|| 1 + quoted(rest, '\''))
}

/// What exceeds the sizes that the house aims at.
fn sizes(tree: &Tree) -> Vec<String> {
    let tests = test_files(tree);
    let files = tree.iter().filter(|(path, _)| !tests.contains(path));
    files
        .flat_map(|(path, text)| {
            let code = without_tests(&code(text));
            let lines = 1 + text[..code.trim_end().len()].matches('\n').count();
            let long = (lines > FILE_LINES).then(|| format!("{path}: {lines} lines"));
            let functions = long_functions(&code).into_iter();
            long.into_iter()
                .chain(functions.map(move |function| format!("{path}: {function}")))
        })
        .collect()
}

fn long_functions(code: &str) -> Vec<String> {
    let found = code
        .match_indices("fn ")
        .filter(|(at, _)| !continues(code, *at));
    found
        .filter_map(|(at, _)| {
            let item = &code[at..at + item_len(&code[at..])];
            let lines = 1 + item.matches('\n').count();
            let name = word(&item["fn ".len()..]);
            (lines > FUNCTION_LINES).then(|| format!("{name}() has {lines} lines"))
        })
        .collect()
}

fn own_tree() -> Tree {
    let mut tree = Tree::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read(&root, "", &mut tree);
    tree
}

fn read(folder: &Path, prefix: &str, tree: &mut Tree) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{name}/"), tree);
        } else if name.ends_with(".rs") {
            tree.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

mod checker {
    use super::*;

    fn judged<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        let tree = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        breaches(&tree.into())
    }

    #[test]
    fn a_later_room_is_refused_and_an_earlier_one_is_not() {
        let used = |room: &str| judged([("key/set.rs", &format!("use crate::{room}::X;\n"))]);
        for room in [
            "limits",
            "rejection",
            "credential",
            "principal",
            "crypto",
            "key",
        ] {
            assert!(used(room).is_empty(), "{room}");
        }
        for room in [
            "store",
            "validate",
            "challenge",
            "gate",
            "jsonwebtoken_v11",
            "testing",
        ] {
            let wanted = format!("key/set.rs:1: 'key' must not use '{room}'");
            assert_eq!(used(room), [wanted]);
        }
    }

    #[test]
    fn order_counts_within_a_rank() {
        assert!(judged([("json/mod.rs", "use crate::limits;")]).is_empty());
        assert_eq!(judged([("limits.rs", "use crate::json;")]).len(), 1);
        assert!(judged([("credential/mod.rs", "use crate::request::A;")]).is_empty());
        assert_eq!(
            judged([("request/mod.rs", "use crate::credential::A;")]).len(),
            1
        );
    }

    #[test]
    fn doors_use_every_room_but_no_door() {
        assert!(judged([("tower.rs", "use crate::gate::Gate;")]).is_empty());
        assert_eq!(judged([("axum.rs", "use crate::tower::Layer;")]).len(), 1);
        assert!(judged([("reqwest.rs", "use crate::tokio::X;")]).is_empty());
        assert_eq!(judged([("tokio.rs", "use crate::reqwest::X;")]).len(), 1);
        assert_eq!(judged([("axum.rs", "use crate::tokio::X;")]).len(), 1);
        assert!(judged([("testing/mod.rs", "use crate::axum::X;")]).is_empty());
    }

    #[test]
    fn inline_paths_groups_and_climbing_count() {
        for text in [
            "fn f() -> crate::gate::Gate { g() }",
            "fn f() { crate::gate::f(); let x = [crate::gate::A]; }",
            "use crate::{limits::{A, B}, gate::{C, D}};",
            "pub use crate::{\n    gate,\n};",
            "impl<'a> From<crate::gate::Gate<'a>> for X {}",
            "macro_rules! m { () => { $crate::gate::A } }",
            "use super::super::gate::Gate;",
        ] {
            let found = judged([("key/set.rs", text)]);
            assert!(!found.is_empty(), "{text}");
            assert!(
                found.iter().all(|each| each.ends_with("use 'gate'")),
                "{found:?}"
            );
        }
        assert!(judged([("key/set.rs", "use super::gate::Gate;")]).is_empty());
        assert_eq!(judged([("key/mod.rs", "use super::gate::Gate;")]).len(), 1);
        assert_eq!(judged([("clock.rs", "use super::json::A;")]).len(), 1);
    }

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        for text in [
            "//! [`Gate`](crate::gate::Gate)\n// crate::gate\n",
            "/* /* crate::gate */ crate::gate */",
            "const A: &str = \"\\\" crate::gate\";",
            "const A: &str = r#\" \" crate::gate\"#; const B: &[u8] = br\"crate::gate\";",
            "#[cfg(test)]\nmod tests { use crate::gate::Gate; }",
            "#[cfg(test)]\nuse crate::gate::{A, B};\nuse crate::limits;",
            "#[cfg(test)]\nimpl X { fn f(a: [u8; 2]) { crate::gate::f(a); } }",
            "pub(crate) fn subcrate() { mycrate::gate::f(); }",
        ] {
            assert_eq!(judged([("key/set.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn code_behind_literals_and_tests_counts() {
        for text in [
            "const A: char = '\"'; use crate::gate::Gate;",
            "const A: char = '\\''; use crate::gate::Gate; // '",
            "fn f<'a>(x: &'a str) { crate::gate::f(x, \"\u{e9}\") }",
            "#[cfg(test)]\nmod tests { fn f() { if a { } } }\nuse crate::gate::Gate;",
            "#[cfg(test)]\nmod other;\nuse crate::gate::Gate;",
            "const A: &str = r\"\\\"; use crate::gate::Gate;",
        ] {
            assert_eq!(judged([("key/set.rs", text)]).len(), 1, "{text}");
        }
    }

    #[test]
    fn files_of_test_modules_are_exempt_and_so_is_the_root() {
        let module = "use crate::gate::Gate;";
        assert!(judged([("lib.rs", module)]).is_empty());
        let declared = |text| judged([("key/mod.rs", text), ("key/vectors.rs", module)]);
        assert!(declared("#[cfg(test)]\nmod vectors;\n").is_empty());
        assert!(declared("#[cfg(test)]\npub(crate) mod vectors;\n").is_empty());
        assert_eq!(declared("mod vectors;\n").len(), 1);
    }

    #[test]
    fn what_is_no_room_is_named() {
        let found = judged([("key/set.rs", "\nuse crate::KeySet;")]);
        assert_eq!(
            found,
            ["key/set.rs:2: 'KeySet' is no room: take the item from its room"]
        );
        let found = judged([("utils.rs", "")]);
        assert_eq!(found, ["utils.rs: room 'utils' has no rank"]);
    }

    #[test]
    fn long_files_and_functions_are_found_without_their_tests() {
        let body = |lines| format!("fn long(a: [u8; 2]) {{\n{}}}\n", "    a;\n".repeat(lines));
        let sized = |text: String| sizes(&Tree::from([("a.rs".to_owned(), text)]));
        assert!(sized(body(48)).is_empty());
        assert_eq!(sized(body(49)), ["a.rs: long() has 51 lines"]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", body(500));
        assert!(sized(body(48) + &tests).is_empty());
        assert!(sized("const A: u8 = 0;\n".repeat(400) + &tests).is_empty());
        assert_eq!(sized("const A: u8 = 0;\n".repeat(401)), ["a.rs: 401 lines"]);
    }
}

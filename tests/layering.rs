//! The dependency rules between the modules of the crate, checked on its source.
//!
//! A file uses only modules of a lower rank, or earlier modules of its own rank. No group of files
//! uses each other in a circle. A file *uses* another one when it names an item that the other one
//! defines, in a `use` declaration or by a path; a re-export is no use. Test code is not checked.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// The modules by rank, in their order within it.
const RANKS: &[&[&str]] = &[
    &[
        "limits",
        "now_or_later",
        "simd",
        "single_flight",
        "error",
        "clock",
        "rate",
        "network",
        "metrics",
        "secret",
        "json",
        "event",
        "secret_source",
        "diagnosis",
    ],
    &["request", "credential"],
    &["principal", "revocation_list"],
    &[
        "crypto",
        "http_client",
        "environment",
        "key",
        "client_auth",
        "jwe",
        "nonce",
        "replay",
    ],
    &["validator"],
    &[
        "binding",
        "grant",
        "jwt",
        "introspection",
        "api_key",
        "session",
        "refresh",
        "issuer",
        "message",
    ],
    &["revocation"],
    &["policy"],
    &["address", "limit"],
    &["metadata", "profile"],
    &["http_response"],
    &["audit"],
    &["gate"],
    &["stores"],
    &["integrations"],
    &["configuration"],
    &["testing"],
    &["guide"],
];

/// Its submodules do not use each other, except the one whose feature others turn on.
const SEPARATE: (&str, &str) = ("integrations", "tokio");

/// What a file should not exceed before its tests.
const FILE_LINES: usize = 400;

#[test]
fn every_file_uses_modules_of_lower_rank_only() {
    let source = Source::read();
    assert!(source.files.len() > 100);
    let breaches = source.rank_breaches();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = Source::read().circles();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn no_file_exceeds_400_lines_before_its_tests() {
    let long = |(file, text): (&String, &String)| {
        let lines = text.lines();
        let count = lines.take_while(|line| *line != "#[cfg(test)]").count();
        (count > FILE_LINES).then(|| format!("{file}: {count} lines"))
    };
    let files = texts();
    let is_code =
        |(file, _): &(&String, &String)| !file.contains("test_") && !file.ends_with("tests.rs");
    let long: Vec<_> = files.iter().filter(is_code).filter_map(long).collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

/// Name of a module as its path from the crate root.
type ModulePath = Vec<String>;

/// The parsed files of the crate.
struct Source {
    files: BTreeMap<String, File>,
    modules: BTreeMap<ModulePath, String>,
}

/// What one file defines, imports and names.
#[derive(Default)]
struct File {
    module: ModulePath,
    definitions: BTreeSet<String>,
    /// Imports and re-exports: the name, and the path behind it.
    imports: BTreeMap<String, Vec<String>>,
    /// Every path that the file names outside re-exports and tests.
    paths: Vec<Vec<String>>,
    re_exports: BTreeSet<String>,
    /// Child modules that exist in tests only.
    test_modules: BTreeSet<String>,
}

fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                texts.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

fn module_path(file: &str) -> ModulePath {
    let name = file.strip_suffix(".rs").unwrap();
    let mut path: Vec<_> = name.split('/').map(str::to_owned).collect();
    if path
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        path.pop();
    }
    path
}

impl Source {
    fn read() -> Self {
        Self::parse(&texts())
    }

    fn parse(texts: &BTreeMap<String, String>) -> Self {
        let mut files = BTreeMap::new();
        let mut modules = BTreeMap::new();
        for (name, text) in texts {
            let module = module_path(name);
            modules.insert(module.clone(), name.clone());
            files.insert(name.clone(), File::parse(module, text));
        }
        let test_modules: Vec<_> = files.values().flat_map(File::test_modules).collect();
        for file in files.values_mut() {
            if test_modules
                .iter()
                .any(|tests| file.module.starts_with(tests))
            {
                file.paths.clear();
            }
        }
        Self { files, modules }
    }

    /// The file that defines what `path` names in `module`, if it is of this crate.
    fn definer(&self, module: &[String], path: &[String], depth: usize) -> Option<&str> {
        // `crate`, `self` or `super` as such, as in `pub(crate)`, names no item.
        let (first, mut rest) = path.split_first().filter(|(_, rest)| !rest.is_empty())?;
        let mut start = module.to_vec();
        match first.as_str() {
            "crate" => start.clear(),
            "self" => {}
            "super" => {
                start.pop();
                while rest.first().is_some_and(|name| name == "super") {
                    start.pop();
                    rest = rest.split_first()?.1;
                }
            }
            first => {
                start.push(first.to_owned());
                self.modules.get(&start)?;
            }
        }
        self.walk(start, rest, depth)
    }

    fn walk(&self, mut module: ModulePath, path: &[String], depth: usize) -> Option<&str> {
        let name = self.modules.get(&module)?;
        let file = &self.files[name];
        let Some((first, rest)) = path.split_first() else {
            return Some(name);
        };
        if file.definitions.contains(first) {
            return Some(name);
        }
        module.push(first.clone());
        if self.modules.contains_key(&module) {
            return self.walk(module, rest, depth);
        }
        let target = file.imports.get(first).filter(|_| depth < 20)?;
        let target = [target.as_slice(), rest].concat();
        self.definer(&file.module, &target, depth + 1)
    }

    /// Pairs of a file and another one that it uses.
    fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut uses = BTreeMap::new();
        for (name, file) in self.files.iter().filter(|(name, _)| *name != "lib.rs") {
            let named = file.paths.iter();
            let named = named.filter_map(|path| self.definer(&file.module, path, 0));
            let used: BTreeSet<_> = named.filter(|used| used != name).collect();
            uses.insert(name.as_str(), used);
        }
        uses
    }

    fn rank_breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        for (file, used) in self.uses() {
            let Some(own) = rank(file) else {
                breaches.push(format!("{file}: its module has no rank"));
                continue;
            };
            for other in used {
                let is_lower = rank(other).is_some_and(|rank| rank < own);
                let is_same = top(file) == top(other);
                let is_separate = top(file) == SEPARATE.0 && second(other) != SEPARATE.1;
                let crosses = is_separate && second(file) != second(other);
                if !(is_lower || is_same) || (is_same && crosses) {
                    breaches.push(format!("{file} must not use {other}"));
                }
            }
        }
        breaches
    }

    /// Groups of files of which each one uses, over others of the group, each other one.
    fn circles(&self) -> Vec<String> {
        let uses = self.uses();
        let reached = |from: &str| {
            let mut reached = BTreeSet::new();
            let mut open: Vec<&str> = uses[from].iter().copied().collect();
            while let Some(next) = open.pop() {
                if reached.insert(next) {
                    open.extend(uses.get(next).into_iter().flatten());
                }
            }
            reached
        };
        let reach: BTreeMap<_, _> = uses.keys().map(|file| (*file, reached(file))).collect();
        let mut circles = BTreeSet::new();
        for (file, reached) in &reach {
            if reached.contains(file) {
                let back = |other: &&&str| reach.get(**other).is_some_and(|r| r.contains(file));
                let circle: Vec<_> = reached.iter().filter(back).copied().collect();
                circles.insert(circle.join(" <-> "));
            }
        }
        circles.into_iter().collect()
    }
}

fn top(file: &str) -> &str {
    let end = file.find(['/', '.']).unwrap();
    file.get(..end).unwrap()
}

/// The submodule of a file, or the file itself.
fn second(file: &str) -> &str {
    file.split(['/', '.']).nth(1).unwrap()
}

/// Rank, and place within it.
fn rank(file: &str) -> Option<(usize, usize)> {
    RANKS.iter().enumerate().find_map(|(rank, modules)| {
        let place = modules.iter().position(|each| *each == top(file))?;
        Some((rank, place))
    })
}

impl File {
    fn parse(module: ModulePath, text: &str) -> Self {
        let mut file = Self {
            module,
            ..Self::default()
        };
        let parsed = syn::parse_file(text).expect("the crate compiles");
        for item in &parsed.items {
            file.define(item);
        }
        file.visit_file(&parsed);
        // A re-exported name is a use only where the rest of the file names it.
        let names: BTreeSet<_> = file.paths.iter().filter_map(|path| path.first()).collect();
        let used = |name: &&String| names.contains(name);
        let own: Vec<_> = file.re_exports.iter().filter(used).cloned().collect();
        for name in own {
            let path = file.imports[&name].clone();
            file.paths.push(path);
        }
        file
    }

    /// The paths of the child modules that exist in tests only.
    fn test_modules(&self) -> Vec<ModulePath> {
        let names = self.test_modules.iter();
        names
            .map(|name| [self.module.as_slice(), std::slice::from_ref(name)].concat())
            .collect()
    }

    fn define(&mut self, item: &Item) {
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Macro(item) => match &item.ident {
                Some(name) => name,
                None => return self.define_in(item.mac.tokens.clone()),
            },
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            _ => return,
        };
        self.definitions.insert(name.to_string());
    }

    /// What a macro call defines: each name behind `enum`, `struct` or `fn`.
    fn define_in(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().map(|token| token.to_string()).collect();
        for pair in tokens.windows(2) {
            if let [keyword, name] = pair
                && ["enum", "struct", "fn"].contains(&keyword.as_str())
            {
                self.definitions.insert(name.clone());
            }
        }
    }

    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>, is_re_export: bool) {
        let (name, last) = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path, is_re_export);
                path.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path, is_re_export);
                }
                return;
            }
            UseTree::Glob(_) => return,
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(name) => (name.rename.to_string(), name.ident.to_string()),
        };
        let mut whole = path.clone();
        if last != "self" {
            whole.push(last);
        }
        let name = if name == "self" {
            whole.last().unwrap().clone()
        } else {
            name
        };
        if is_re_export {
            self.re_exports.insert(name.clone());
        } else {
            self.paths.push(whole.clone());
        }
        self.imports.insert(name, whole);
    }

    /// Paths in the tokens of a macro call.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.paths.push(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    colons = 0;
                    self.scan(group.stream());
                }
                _ => colons = 0,
            }
        }
        self.paths.push(path);
        self.paths.retain(|path| !path.is_empty());
    }
}

/// Says whether an item exists in tests only: `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list().ok();
        let condition = list.map(|list| list.tokens.to_string()).unwrap_or_default();
        attribute.path().is_ident("cfg")
            && (condition == "test" || condition.starts_with("all (test"))
    })
}

impl<'ast> Visit<'ast> for File {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            return syn::visit::visit_item_mod(self, item);
        }
        if item.content.is_none() {
            self.test_modules.insert(item.ident.to_string());
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_for_tests(&item.attrs) {
            let is_re_export = !matches!(item.vis, Visibility::Inherited);
            self.import(&item.tree, &mut Vec::new(), is_re_export);
        }
    }

    /// `pub(in path)` names who may see an item, and uses nothing of it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.paths.push(names.collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }
}

fn source(files: &[(&str, &str)]) -> Source {
    let texts = [("lib.rs", "")].iter().chain(files);
    Source::parse(
        &texts
            .map(|(name, text)| ((*name).into(), (*text).into()))
            .collect(),
    )
}

const KEY: (&str, &str) = ("key/mod.rs", "mod set; pub use self::set::KeySet;");

#[test]
fn an_upward_import_is_found_and_a_downward_one_is_not() {
    let upward = "use crate::gate::Gate; pub struct KeySet;";
    let gate = ("gate.rs", "use crate::key::KeySet; pub struct Gate;");
    assert_eq!(
        source(&[KEY, ("key/set.rs", upward), gate]).rank_breaches(),
        ["key/set.rs must not use gate.rs"]
    );
    let downward = source(&[KEY, ("key/set.rs", "pub struct KeySet;"), gate]);
    assert!(downward.rank_breaches().is_empty());
}

#[test]
fn an_upward_path_is_found_in_code_and_in_macro_calls() {
    let gate = ("gate.rs", "pub fn check() {}");
    for text in [
        "fn f() { crate::gate::check() }",
        "fn f() { println!(\"{:?}\", crate::gate::check()) }",
        "fn f() { vec![(1, crate::gate::check())]; }",
    ] {
        let breaches = source(&[("key.rs", text), gate]).rank_breaches();
        assert_eq!(breaches, ["key.rs must not use gate.rs"], "{text}");
    }
    let test = "#[cfg(test)] mod tests { fn f() { crate::gate::check() } }";
    assert!(source(&[("key.rs", test), gate]).rank_breaches().is_empty());
}

#[test]
fn integrations_must_not_use_each_other() {
    let tower = ("integrations/tower.rs", "pub struct Gate;");
    let axum = |text| ("integrations/axum/mod.rs", text);
    let root = ("integrations/mod.rs", "pub mod axum; pub mod tower;");
    let breach = source(&[root, tower, axum("use crate::integrations::tower::Gate;")]);
    assert_eq!(
        breach.rank_breaches(),
        ["integrations/axum/mod.rs must not use integrations/tower.rs"]
    );
    assert!(source(&[root, tower, axum("")]).rank_breaches().is_empty());
}

#[test]
fn a_circle_of_files_is_found_and_a_re_export_is_none() {
    let set = |text| ("key/set.rs", text);
    let root = |text| ("key/mod.rs", text);
    let circle = source(&[
        root("mod set; pub use set::KeySet; pub struct Key; fn f(_: KeySet) {}"),
        set("use super::Key; pub struct KeySet(Key);"),
    ]);
    assert_eq!(circle.circles(), ["key/mod.rs <-> key/set.rs"]);
    let none = source(&[
        root("mod set; pub use set::KeySet; pub struct Key;"),
        set("use super::Key; pub struct KeySet(Key);"),
    ]);
    assert!(none.circles().is_empty());
}

//! Links of the Markdown files: each leads to a file of the repository, to a heading, or to a page of
//! the guide. Nothing is requested over the network.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// Where docs.rs shows the guide: behind it is the name of a page.
const GUIDE: &str = "https://docs.rs/bearergate/latest/bearergate/guide/";

#[test]
fn relative_links_lead_to_files_and_headings() {
    assert_no_faults(|file, link| (!is_absolute(link)).then(|| relative_fault(file, link))?);
}

#[test]
fn links_to_the_guide_name_pages_that_exist() {
    assert_no_faults(|_, link| guide_fault(link));
}

#[test]
fn readme_links_every_page_of_the_guide() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links = links(&readme);
    let pages = fs::read_dir(root().join("src/guide")).unwrap();
    let pages = pages.map(|page| page.unwrap().path());
    for page in pages.filter(|page| page.extension().is_some_and(|end| end == "rs")) {
        let name = page.file_stem().unwrap().to_str().unwrap();
        let link = format!("{GUIDE}{name}/index.html");
        assert!(name == "mod" || links.contains(&link), "{name}");
    }
}

#[test]
fn readme_fits_in_200_lines() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 200);
}

#[test]
fn links_are_found_in_text_and_definitions_but_not_in_code() {
    let text = "[a](b.md) and [c](d.md#e \"title\"), `[no](no.md)`\n\n[f]: g.md\n\
                ```sh\n[no](no.md)\n```\n![h](i.png) [j][f] <https://k.example>\n";
    assert_eq!(links(text), ["b.md", "d.md#e", "g.md", "i.png"]);
    let text = "# A `b`, C-d_e!\n## Twice\n```\n# no\n```\n## Twice\n";
    assert_eq!(anchors(text), ["a-b-c-d_e", "twice", "twice-1"]);
}

#[test]
fn faults_are_found() {
    let readme = root().join("README.md");
    assert_eq!(relative_fault(&readme, "SECURITY.md#reporting"), None);
    for link in [
        "SECURITY.md#none",
        "none.md",
        "#none",
        "src/lib.rs#none",
        "../README.md",
    ] {
        assert!(relative_fault(&readme, link).is_some(), "{link}");
    }
    assert_eq!(guide_fault(&format!("{GUIDE}errors/index.html")), None);
    for end in ["none/index.html", "errors", "mod/index.html"] {
        assert!(guide_fault(&format!("{GUIDE}{end}")).is_some(), "{end}");
    }
    assert!(guide_fault("https://docs.rs/bearergate/latest/bearergate/none/index.html").is_some());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the Markdown files that are checked, with their text.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut files: Vec<_> = ["README.md", "CHANGELOG.md", "SECURITY.md", "fuzz/README.md"]
        .map(|name| root().join(name))
        .into();
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    files.extend(docs.filter(|path| path.extension().is_some_and(|end| end == "md")));
    let with_text = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        (file, text)
    };
    files.into_iter().map(with_text).collect()
}

fn assert_no_faults(fault: impl Fn(&Path, &str) -> Option<String>) {
    let mut faults = Vec::new();
    for (file, text) in documents() {
        let of_file = links(&text);
        let of_file = of_file.iter().filter_map(|link| fault(&file, link));
        faults.extend(of_file.map(|fault| format!("{}: {fault}", file.display())));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn is_absolute(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://") || link.starts_with("mailto:")
}

fn relative_fault(file: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link
        .split_once('#')
        .map_or((link, None), |(p, a)| (p, Some(a)));
    let target = if path.is_empty() {
        file.to_owned()
    } else {
        file.parent().unwrap().join(path)
    };
    let Ok(target) = target.canonicalize() else {
        return Some(format!("`{link}`: there is no such file"));
    };
    if !target.starts_with(root().canonicalize().unwrap()) || target.is_dir() && anchor.is_some() {
        return Some(format!("`{link}`: not a file of the repository"));
    }
    let anchor = anchor?;
    let text = fs::read_to_string(&target).unwrap();
    let is_markdown = target.extension().is_some_and(|end| end == "md");
    let is_found = is_markdown && anchors(&text).iter().any(|own| own == anchor);
    (!is_found).then(|| format!("`{link}`: there is no such heading"))
}

/// Says what is wrong with a link to the documentation of this crate. Other links have no fault.
fn guide_fault(link: &str) -> Option<String> {
    let is_own = ["https://docs.rs/bearergate", "http://docs.rs/bearergate"]
        .iter()
        .any(|start| link.starts_with(start));
    let page = link
        .strip_prefix(GUIDE)
        .map(|end| end.strip_suffix("/index.html"));
    let exists = |page: &str| root().join(format!("src/guide/{page}.rs")).is_file();
    match page {
        None if !is_own => None,
        Some(Some(page)) if page != "mod" && exists(page) => None,
        _ => Some(format!("`{link}`: there is no such page in src/guide")),
    }
}

/// Returns the lines of a Markdown text that are not in a fenced block.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the targets of the links of a text, in their order.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in lines(text) {
        if let Some((_, target)) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
        {
            links.push(target.trim().to_owned());
            continue;
        }
        // Every second part is code.
        let prose: String = line.split('`').step_by(2).collect();
        let targets = prose.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split([')', ' ']).next());
        links.extend(targets.map(str::to_owned));
    }
    links
}

/// Returns the anchors of the headings of a text, in their order.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::new();
    let headings = lines(text).filter(|line| line.starts_with('#'));
    let titles = headings.filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    titles.map(|title| unique(slug(title), &mut seen)).collect()
}

/// Returns the anchor of a title: lower case, spaces as hyphens, other punctuation left out.
fn slug(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Numbers the anchors of equal titles: the second one ends in `-1`.
fn unique(slug: String, seen: &mut HashMap<String, usize>) -> String {
    let count = seen.entry(slug.clone()).or_default();
    *count += 1;
    match *count {
        1 => slug,
        more => format!("{slug}-{}", more - 1),
    }
}

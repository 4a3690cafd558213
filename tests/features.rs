//! The features of the manifest.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::collections::BTreeMap;

/// The features, each with what it enables, as the manifest has them.
fn features() -> BTreeMap<String, Vec<String>> {
    let manifest = include_str!("../Cargo.toml");
    let (_, section) = manifest.split_once("\n[features]\n").unwrap();
    let (section, _) = section.split_once("\n[").unwrap();
    let lines = section
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let text: String = lines.collect::<Vec<_>>().join(" ");
    let entries = text.split(']').filter_map(|entry| entry.split_once('='));
    let quoted = |list: &str| {
        let names = list.split('"').skip(1).step_by(2);
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    entries
        .map(|(name, list)| (name.trim().to_owned(), quoted(list)))
        .collect()
}

/// Returns true if enabling `feature` enables `wanted`, directly or through others.
fn enables(features: &BTreeMap<String, Vec<String>>, feature: &str, wanted: &str) -> bool {
    let enabled = features.get(feature).into_iter().flatten();
    let mut names = enabled.map(String::as_str);
    feature == wanted || names.any(|name| enables(features, name, wanted))
}

#[test]
fn only_testing_itself_enables_testing() {
    let features = features();
    assert!(features.contains_key("testing") && features.contains_key("full"));
    assert!(
        enables(&features, "full", "sqlite"),
        "the reader finds what a feature enables"
    );
    for feature in features.keys().filter(|name| *name != "testing") {
        assert!(
            !enables(&features, feature, "testing"),
            "{feature} enables testing"
        );
    }
}

#[test]
fn full_enables_everything_else_that_a_service_can_use() {
    let features = features();
    for feature in features.keys() {
        let is_left_out =
            ["aws-lc-rs", "cedar", "default", "jwe", "testing"].contains(&feature.as_str());
        assert_eq!(
            enables(&features, "full", feature),
            !is_left_out,
            "{feature}"
        );
    }
}

//! Tables of the guide, compared with what they describe.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use bearergate::RejectionKind;
use bearergate::error::ConfigErrorKind;
use bearergate::http_response::Refusal;

const ERRORS: &str = include_str!("../src/guide/errors.rs");

/// Returns the cells of each table row that begins with a link to a kind of this enum.
fn rows<'a>(page: &'a str, kinds: &str) -> Vec<Vec<&'a str>> {
    let link = format!("](crate::{kinds}::");
    let first_cell = |row: &&str| row.split(" | ").next().unwrap().contains(&link);
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = rows.filter_map(|row| row.strip_suffix(" |"));
    rows.filter(first_cell)
        .map(|row| row.split(" | ").collect())
        .collect()
}

/// Splits "[`code`](crate::Kind::Variant)" into code and variant.
fn link(cell: &str) -> (&str, &str) {
    let (code, path) = cell.split_once("`](").unwrap();
    let (_, variant) = path.strip_suffix(')').unwrap().rsplit_once("::").unwrap();
    (code.strip_prefix("[`").unwrap(), variant)
}

fn assert_rows(kinds: &str, expected: impl Iterator<Item = (&'static str, String)>) {
    let rows = rows(ERRORS, kinds);
    let found: Vec<_> = rows
        .iter()
        .filter_map(|row| row.first())
        .map(|cell| link(cell))
        .collect();
    let expected: Vec<_> = expected.collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(code, name)| (*code, &**name))
        .collect();
    assert_eq!(found, expected);
    for row in rows {
        assert!(row.iter().all(|cell| !cell.trim().is_empty()), "{row:?}");
    }
}

#[test]
fn errors_page_has_one_row_for_each_kind_of_rejection() {
    let all = RejectionKind::ALL.iter();
    assert_rows(
        "RejectionKind",
        all.map(|kind| (kind.as_str(), format!("{kind:?}"))),
    );
    for row in rows(ERRORS, "RejectionKind") {
        assert_eq!(row.len(), 5, "{row:?}");
    }
}

#[test]
fn errors_page_states_the_status_of_each_kind() {
    let rows = rows(ERRORS, "RejectionKind");
    for (row, kind) in rows.iter().zip(RejectionKind::ALL) {
        assert_eq!(row[1], Refusal::from(*kind).status().as_str(), "{kind:?}");
    }
}

#[test]
fn errors_page_has_one_row_for_each_kind_of_configuration_error() {
    let all = ConfigErrorKind::ALL.iter();
    assert_rows(
        "error::ConfigErrorKind",
        all.map(|kind| (kind.as_str(), format!("{kind:?}"))),
    );
}

//! Names of audit files, which sort in the order of time.

use crate::audit::sink::SinkStart;

/// The name of a file that has the form of this sink's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct FileName(String);

impl FileName {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The names that one start gives.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// `<name>-<node>-`
    prefix: String,
    /// How many starts the directory shows, this one included.
    ordinal: u64,
    boot: u64,
    extension: &'static str,
    /// Of the next file, from 1.
    number: u64,
}

impl Series {
    pub(super) fn new(name: &str, start: &SinkStart<'_>) -> Self {
        let node: String = start.node.chars().take(NAME_CHARS).map(safe).collect();
        Self {
            prefix: format!("{name}-{node}-"),
            ordinal: 1,
            boot: u64::try_from(start.boot >> 64).unwrap_or_default(),
            extension: start.extension,
            number: 1,
        }
    }

    /// Takes the place behind the newest file of former starts.
    pub(super) fn follow(&mut self, newest: Option<&FileName>) {
        let place = newest.and_then(|file| self.place(file.as_str()));
        self.ordinal = place.map_or(1, |(ordinal, _)| ordinal.saturating_add(1));
    }

    /// Returns a name that was not given before.
    pub(super) fn next_name(&mut self) -> FileName {
        let Self {
            prefix,
            ordinal,
            boot,
            extension,
            number,
        } = self;
        let name = format!("{prefix}{ordinal:08}_{boot:016x}-{number:06}.{extension}");
        *number = number.saturating_add(1);
        FileName(name)
    }

    /// Returns the start and the number of a file of this name and node, which is its place among
    /// them, or `None` for a file of others.
    pub(super) fn place(&self, file: &str) -> Option<(u64, u64)> {
        let (start, rest) = file.strip_prefix(self.prefix.as_str())?.split_once('-')?;
        let (ordinal, boot) = start.split_once('_')?;
        let (number, extension) = rest.split_once('.')?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_boot = boot.len() == 16 && boot.bytes().all(is_hex);
        let is_file = is_boot && EXTENSIONS.contains(&extension);
        is_file.then_some((decimal(ordinal, 8)?, decimal(number, 6)?))
    }
}

/// Returns whether the text can begin the name of a file on every system.
pub(super) fn is_name(text: &str) -> bool {
    let is_short = (1..=NAME_CHARS).contains(&text.len());
    is_short && !text.starts_with('.') && text.chars().all(|found| safe(found) == found)
}

fn safe(found: char) -> char {
    match found {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '.' => found,
        _ => '_',
    }
}

fn decimal(digits: &str, least: usize) -> Option<u64> {
    let is_decimal = digits.len() >= least && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_decimal)
}

const NAME_CHARS: usize = 64;

/// Those of all encodings, because a trail goes on when its encoding is changed, and of anchors.
const EXTENSIONS: [&str; 3] = ["jsonl", "cef", "anchor"];

#[cfg(test)]
mod tests {
    use super::*;

    fn series(node: &str) -> Series {
        let start = SinkStart {
            node,
            boot: 0xfedc_ba98_7654_3210 << 64,
            extension: "jsonl",
        };
        Series::new("audit", &start)
    }

    #[test]
    fn names_show_start_and_number_and_sort_in_the_order_of_time() {
        let mut series = series("n1");
        let first = series.next_name();
        assert_eq!(
            first.as_str(),
            "audit-n1-00000001_fedcba9876543210-000001.jsonl"
        );
        let second = series.next_name();
        series.follow(Some(&second));
        series.boot = 0;
        let third = series.next_name();
        assert!(first.as_str() < second.as_str() && second.as_str() < third.as_str());
        assert_eq!(series.place(third.as_str()), Some((2, 3)));
    }

    #[test]
    fn files_of_other_names_nodes_and_forms_have_no_place() {
        let own = series("n1");
        let name = "audit-n1-00000001_fedcba9876543210-000001.jsonl";
        assert_eq!(own.place(name), Some((1, 1)));
        for other in [
            "audit-n1-00000001_fedcba9876543210-000001.cef",
            "audit-n1-100000001_fedcba9876543210-1000001.jsonl",
        ] {
            assert!(own.place(other).is_some(), "{other}");
        }
        for other in [
            "audit-n1-x-00000001_fedcba9876543210-000001.jsonl",
            "audit-n2-00000001_fedcba9876543210-000001.jsonl",
            "other-n1-00000001_fedcba9876543210-000001.jsonl",
            "audit-n1-00000001_FEDCBA9876543210-000001.jsonl",
            "audit-n1-00000001_fedcba987654321-000001.jsonl",
            "audit-n1-1_fedcba9876543210-000001.jsonl",
            "audit-n1-00000001_fedcba9876543210-+00001.jsonl",
            "audit-n1-00000001_fedcba9876543210-000001.jsonl.gz",
            "audit-n1-00000001_fedcba9876543210.jsonl",
            "audit-n1-",
            "",
        ] {
            assert_eq!(own.place(other), None, "{other}");
        }
    }

    #[test]
    fn a_node_cannot_leave_the_directory() {
        let name = series("../../etc/é\0").next_name();
        assert!(name.as_str().starts_with("audit-.._.._etc___-0"));
    }

    #[test]
    fn names_with_separators_or_none_are_refused() {
        for name in ["audit", "a", "orders.audit-2_b", &"a".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            ".audit",
            "a/b",
            "a\\b",
            "a b",
            "é",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}

//! Limits for texts that Cedar's parser and its syntax trees process by recursion.
//!
//! The parser has no limit itself: in a debug build about fifty nested brackets overflow the stack
//! of a thread, and so do ten thousand additions in a row when they are dropped.

use std::iter;

use crate::limits;

/// The counts while a text is scanned.
#[derive(Default)]
struct BoundsScan {
    /// Brackets that are open now.
    open: usize,
    /// `if` expressions in this policy: each one contains the rest of its expression.
    ifs: usize,
    /// Operators and accesses in this policy that can form a chain.
    links: usize,
}

/// Returns whether a text is within the limits of nesting and of chains. `brackets` are the opening
/// and the closing ones.
pub(super) fn is_bounded(text: &str, brackets: [&str; 2]) -> bool {
    let mut scan = BoundsScan::default();
    for token in tokens(text) {
        scan.count(token, brackets);
        if scan.open + scan.ifs > limits::JSON_DEPTH || scan.links > limits::CEDAR_LINKS {
            return false;
        }
    }
    true
}

/// Splits a text into names, string literals, comments and all other characters, `==` as one.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        let c = rest.chars().next()?;
        let len = match c {
            '"' => quoted(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '=' if rest.starts_with("==") => 2,
            _ if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => c.len_utf8(),
        };
        let (token, remaining) = rest.split_at_checked(len).unwrap_or((rest, ""));
        rest = remaining;
        Some(token)
    })
}

impl BoundsScan {
    fn count(&mut self, token: &str, [opening, closing]: [&str; 2]) {
        if opening.contains(token) {
            self.open += 1;
        } else if closing.contains(token) {
            self.open = self.open.saturating_sub(1);
        }
        match token {
            "if" => self.ifs += 1,
            "." | "[" | "+" | "-" | "*" => self.links += 1,
            ";" if self.open == 0 => (self.ifs, self.links) = (0, 0),
            _ => {}
        }
    }
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the length of a string literal.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str) -> bool {
        is_bounded(text, ["([{", ")]}"])
    }

    #[test]
    fn brackets_count_while_they_are_open() {
        let nested = |count| "(".repeat(count) + &")".repeat(count);
        assert!(fits(&nested(limits::JSON_DEPTH)));
        assert!(!fits(&nested(limits::JSON_DEPTH + 1)));
        assert!(fits(&"()[]{}".repeat(200)));
        assert!(!fits(&"([{".repeat(11)));
    }

    #[test]
    fn string_literals_and_comments_do_not_count() {
        let many = "(".repeat(100);
        assert!(fits(&format!("\"\\\"{many}\"")));
        assert!(fits(&format!("// {many}\n()")));
        assert!(!fits(&format!("\"\\\\\"{many}")));
        assert!(!fits(&format!("// \"\n{many}")));
        // A closing bracket in a string literal does not close anything.
        assert!(!fits(&"(\")\"".repeat(33)));
    }

    #[test]
    fn ifs_and_chains_count_for_each_policy() {
        assert!(fits(&"if a ".repeat(32)));
        assert!(!fits(&"if a ".repeat(33)));
        assert!(fits(&"if a; ".repeat(100)));
        assert!(fits(&"gif ifa ".repeat(100)));
        let links = |count: usize| "a.b".repeat(count);
        assert!(fits(&links(limits::CEDAR_LINKS)));
        assert!(!fits(&links(limits::CEDAR_LINKS + 1)));
        assert!(fits(&(links(limits::CEDAR_LINKS) + ";").repeat(2)));
    }
}

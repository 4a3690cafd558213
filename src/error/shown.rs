//! Values of a configuration or of a document in the texts of errors.

/// Returns the text as an error shows it: one line of at most 200 characters.
pub(crate) fn shown(text: &str) -> String {
    let begin: String = text.chars().take(CHARS).collect();
    let rest = if begin.len() < text.len() { ".." } else { "" };
    format!("{}{rest}", begin.escape_debug())
}

const CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_forges_no_line() {
        assert_eq!(
            shown("https://idp.example.com/\u{e9}"),
            "https://idp.example.com/\u{e9}"
        );
        assert_eq!(shown("a\n\u{1b}\u{202e}b"), r"a\n\u{1b}\u{202e}b");
        let long = shown(&"\u{e9}".repeat(201));
        assert_eq!(long.chars().count(), 202);
        assert!(long.ends_with("\u{e9}.."));
    }
}

//! Values of a configuration or of a document in the texts of errors.

/// Returns the text as an error shows it: one line of at most 200 characters.
pub(crate) fn shown(text: &str) -> String {
    let begin: String = text.chars().take(CHARS).collect();
    let rest = if begin.len() < text.len() { ".." } else { "" };
    format!("{}{rest}", begin.escape_debug())
}

const CHARS: usize = 200;

/// Returns a name or value of a file as an error shows it: its first 60 characters, with control
/// characters escaped and quotes as they are.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars().take(EXCERPT_CHARS) {
        match letter {
            '"' | '\'' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

const EXCERPT_CHARS: usize = 60;

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

    #[test]
    fn excerpt_is_bounded_forges_no_line_and_keeps_quotes() {
        assert_eq!(excerpt("a\n\u{1b}'\"b"), r#"a\n\u{1b}'"b"#);
        assert_eq!(excerpt(&"\u{e9}".repeat(60)), "\u{e9}".repeat(60));
        let cut = format!("{}…", "\u{e9}".repeat(60));
        assert_eq!(excerpt(&"\u{e9}".repeat(61)), cut);
    }
}

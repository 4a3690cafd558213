//! Values as messages show them: bounded, escaped, and without secrets.

use super::shown::looks_secret;
use super::tree::Tree;
use crate::error::excerpt;

/// Which texts may be secrets that were written into the file, so that no error shows them.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Hiding {
    Nothing,
    /// The value itself, and if it is an array its elements.
    Value,
    /// The value and all that is in it, names of members too.
    Everything,
}

impl Hiding {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "base64url_secret" | "bearer" | "env" | "jwks" | "peppers" | "private_key"
            | "secret" | "token_id_key" => Self::Everything,
            "client" | "keys" => Self::Value,
            _ => Self::Nothing,
        }
    }
}

/// Returns what was found, for a message. A text is left out if it is hidden, or looks like a secret.
pub(super) fn found(tree: &Tree, hiding: Hiding) -> String {
    let is_hidden = hiding != Hiding::Nothing;
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::List(_) => "an array".to_owned(),
        Tree::Map(_) => "an object".to_owned(),
        Tree::Text(_) if is_hidden => "a string (not shown)".to_owned(),
        Tree::Bool(_) if is_hidden => "a boolean".to_owned(),
        Tree::Integer(_) | Tree::Float(_) if is_hidden => "a number".to_owned(),
        Tree::Bool(value) => format!("`{value}`"),
        Tree::Integer(number) => format!("`{number}`"),
        Tree::Float(number) => format!("`{number}`"),
        Tree::Text(text) => found_text(text),
    }
}

fn found_text(text: &str) -> String {
    match text {
        "" => "an empty string".to_owned(),
        _ if looks_secret(text) => "a string (not shown, it looks like a secret)".to_owned(),
        _ => format!("\"{}\"", excerpt(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bounded_and_escaped() {
        let long = Tree::Text("é\n ".repeat(100));
        let shown = found(&long, Hiding::Nothing);
        assert!(
            shown.chars().count() < 100 && !shown.contains('\n'),
            "{shown}"
        );
        assert!(shown.ends_with("…\""), "{shown}");
        assert_eq!(
            found(&Tree::Text("a".to_owned()), Hiding::Value),
            "a string (not shown)"
        );
        assert_eq!(found(&Tree::Integer(7), Hiding::Nothing), "`7`");
        assert_eq!(found(&Tree::Integer(7), Hiding::Value), "a number");
    }
}

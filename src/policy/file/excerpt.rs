//! Names and values of a policy file, as messages show them.

/// Returns the reference token of a member, as pointers show it.
pub(super) fn reference(name: &str) -> String {
    shown(&name.replace('~', "~0").replace('/', "~1"))
}

/// Returns a name or value as messages show it: shortened, and with control characters escaped.
pub(super) fn shown(name: &str) -> String {
    let short = name.chars().take(SHOWN_CHARS);
    let mut text = String::new();
    for letter in short {
        match letter {
            '"' | '\'' => text.push(letter),
            _ => text.extend(letter.escape_debug()),
        }
    }
    if name.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

const SHOWN_CHARS: usize = 60;

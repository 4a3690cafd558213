//! The known name that was probably meant.

/// Returns the known name that was probably meant by an unknown one: that of the aliases, pairs of
/// another word and the known name for it, or else the nearest, if it is near.
pub(crate) fn nearest<'k>(
    name: &str,
    known: &[&'k str],
    aliases: &[(&str, &str)],
) -> Option<&'k str> {
    // A longer name is no misspelling of a known one, and comparing takes time.
    if name.len() > LONGEST {
        return None;
    }
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let alias = aliases.iter().filter(|(other, _)| *other == plain);
    let mut alias = alias.filter_map(|(_, meant)| known.iter().find(|known| *known == meant));
    if let Some(meant) = alias.next() {
        return Some(meant);
    }
    let distances = known.iter().map(|known| (distance(&plain, known), *known));
    let (steps, meant) = distances.min_by_key(|(steps, _)| *steps)?;
    (steps <= plain.len().div_ceil(4).min(STEPS)).then_some(meant)
}

/// More changes make another word.
const STEPS: usize = 3;

const LONGEST: usize = 40;

/// Returns how many characters have to be added, removed or replaced, or exchanged with the next
/// one, to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<_> = other.chars().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut before = None;
    for (row, letter) in one.chars().enumerate() {
        let mut next = vec![row + 1];
        for (at, wanted) in other.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let replaced = get(&last, at) + usize::from(letter != *wanted);
            let mut least = replaced.min(get(&last, at + 1) + 1).min(get(&next, at) + 1);
            let previous = at.checked_sub(1).and_then(|at| other.get(at));
            if before == Some(*wanted) && previous == Some(&letter) {
                least = least.min(get(&older, at - 1) + 1);
            }
            next.push(least);
        }
        older = std::mem::replace(&mut last, next);
        before = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIASES: &[(&str, &str)] = &[("when", "if")];

    #[test]
    fn the_nearest_name_is_a_misspelling_or_another_word_for_it() {
        let known = ["name", "effect", "if", "obligations", "audiences"];
        for (name, meant) in [
            ("when", Some("if")),
            ("Name", Some("name")),
            ("nmae", Some("name")),
            ("efect", Some("effect")),
            ("obligation", Some("obligations")),
            ("audience", Some("audiences")),
            ("version", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known, ALIASES), meant, "{name}");
        }
        let known_other = nearest("not-present", &["not_present"], &[]);
        assert_eq!(known_other, Some("not_present"));
        assert_eq!(nearest(&"name".repeat(20), &known, ALIASES), None);
        // Another word counts only where the format has its own.
        assert_eq!(nearest("when", &["rules"], ALIASES), None);
        assert_eq!(nearest("when", &known, &[]), None);
    }

    #[test]
    fn distances_count_changes() {
        for (one, other, steps) in [
            ("scope", "scope", 0),
            ("scpoe", "scope", 1),
            ("scopes", "scope", 1),
            ("", "if", 2),
            ("ab", "xy", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), steps, "{one} {other}");
            assert_eq!(distance(other, one), steps, "{other} {one}");
        }
    }
}

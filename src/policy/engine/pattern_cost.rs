//! The work of matching a regular expression.
//!
//! `regex_lite` simulates its program: for each character of the text it visits the states that are
//! live there, so the work is at most the size of the program times the length of the text. Most
//! states of ordinary patterns are live at few places: the third digit of a number only at the third
//! character. This module bounds the places of each part.

use crate::limits;

/// Returns the most steps that it takes to match a text of [`limits::MATCHED_BYTES`] with a pattern
/// whose program has this number of states.
///
/// A step is about the time of one comparison. A pattern that the model does not know counts as if
/// each state was live everywhere.
pub(super) fn steps(pattern: &str, states: usize) -> usize {
    let everywhere = states.saturating_mul(limits::MATCHED_BYTES);
    let bounded = Parser(pattern).pattern().map_or(everywhere, |part| {
        let mut work = Work::default();
        work.add(&part, Some(Places { first: 0, last: 0 }));
        let live = states.saturating_mul(work.live);
        live.div_ceil(work.weight.max(1))
    });
    bounded.clamp(limits::MATCHED_BYTES, everywhere.max(limits::MATCHED_BYTES))
}

/// A part of a pattern.
enum Part {
    /// One of these parts.
    Any(Vec<Self>),
    /// One character of a class, whose text has this length.
    Class(usize),
    /// One part after another.
    Each(Vec<Self>),
    /// These characters.
    Literal(Vec<char>),
    /// A part this many times; without a maximum if there is none.
    Repeat(Box<Self>, usize, Option<usize>),
}

/// The places in a text at which a state can be live.
#[derive(Clone, Copy)]
struct Places {
    first: usize,
    last: usize,
}

impl Places {
    const fn count(self) -> usize {
        self.last - self.first + 1
    }

    /// Returns the places this many characters later, if the text is long enough.
    fn after(self, len: usize) -> Option<Self> {
        let first = self.first.saturating_add(len);
        let last = self.last.saturating_add(len).min(limits::MATCHED_BYTES);
        (first <= last).then_some(Self { first, last })
    }

    fn onwards(self) -> Self {
        let last = limits::MATCHED_BYTES;
        Self { last, ..self }
    }
}

fn hull(a: Option<Places>, b: Option<Places>) -> Option<Places> {
    let (Some(one), Some(other)) = (a, b) else {
        return a.or(b);
    };
    let first = one.first.min(other.first);
    let last = one.last.max(other.last);
    Some(Places { first, last })
}

/// The states of parts, and the places at which they are live, each by the weight of the states.
#[derive(Default)]
struct Work {
    weight: usize,
    live: usize,
}

impl Work {
    /// Adds a part that starts at these places, and returns where it can end.
    fn add(&mut self, part: &Part, at: Option<Places>) -> Option<Places> {
        match part {
            Part::Any(parts) => {
                self.count(1 + parts.len() / 8, at);
                let ends = parts.iter().map(|part| self.add(part, at));
                ends.reduce(hull).flatten()
            }
            Part::Class(len) => {
                // Four ranges take the space of a state.
                self.count(1 + len / 4, at);
                at?.after(1)
            }
            Part::Each(parts) => {
                self.count(1, at);
                parts.iter().fold(at, |at, part| self.add(part, at))
            }
            Part::Literal(text) => {
                self.weight += text.len();
                let at = at?;
                // Where it can start anywhere, few of its characters are live at one place.
                let live = at.count().saturating_mul(borders(text));
                let all = at.count().saturating_mul(text.len());
                self.live = self.live.saturating_add(all.min(live + text.len()));
                at.after(text.len())
            }
            Part::Repeat(part, min, max) => self.repeat(part, *min, *max, at),
        }
    }

    fn repeat(
        &mut self,
        part: &Part,
        min: usize,
        max: Option<usize>,
        mut at: Option<Places>,
    ) -> Option<Places> {
        let Some(max) = max else {
            // The last copy is the one that is repeated.
            for _ in 1..min {
                at = self.add(part, at);
            }
            at = at.map(Places::onwards);
            self.count(1, at);
            let end = self.add(part, at).map(Places::onwards);
            return if min == 0 { at } else { end };
        };
        for _ in 0..min {
            at = self.add(part, at);
        }
        for _ in min..max {
            self.count(1, at);
            at = hull(at, self.add(part, at));
        }
        at
    }

    fn count(&mut self, weight: usize, at: Option<Places>) {
        self.weight = self.weight.saturating_add(weight);
        let places = at.map_or(0, Places::count);
        self.live = self.live.saturating_add(places.saturating_mul(weight));
    }
}

/// Returns how many characters of a literal can be live at one place of a text: those before which
/// one text ends with each beginning of the literal (the failure function of Knuth, Morris, Pratt).
fn borders(text: &[char]) -> usize {
    let folded: Vec<char> = text.iter().map(char::to_ascii_lowercase).collect();
    // For each beginning: its longest border, and the number of its borders with itself.
    let mut longest = vec![0; folded.len() + 1];
    let mut counts = vec![1; folded.len() + 1];
    let mut border = 0;
    for at in 1..folded.len() {
        while border > 0 && folded.get(at) != folded.get(border) {
            border = longest.get(border).copied().unwrap_or_default();
        }
        border += usize::from(folded.get(at) == folded.get(border));
        let count = counts.get(border).copied().unwrap_or(1) + 1;
        if let (Some(own), Some(own_count)) = (longest.get_mut(at + 1), counts.get_mut(at + 1)) {
            (*own, *own_count) = (border, count);
        }
    }
    // The first character can always be live in addition.
    counts.into_iter().max().unwrap_or(1) + 1
}

/// Reads a pattern that compiles, so that its groups are nested no deeper than the compiler allows.
/// `None` for syntax that the model does not know.
struct Parser<'p>(&'p str);

impl Parser<'_> {
    fn pattern(mut self) -> Option<Part> {
        let all = self.alternatives()?;
        self.0.is_empty().then_some(all)
    }

    fn alternatives(&mut self) -> Option<Part> {
        let mut parts = vec![self.sequence()?];
        while self.skip("|") {
            parts.push(self.sequence()?);
        }
        Some(match parts.len() {
            1 => parts.pop()?,
            _ => Part::Any(parts),
        })
    }

    fn sequence(&mut self) -> Option<Part> {
        let mut parts: Vec<Part> = Vec::new();
        while !self.0.is_empty() && !self.0.starts_with(['|', ')']) {
            let part = self.atom()?;
            let part = self.repeated(part)?;
            match (parts.last_mut(), part) {
                (Some(Part::Literal(text)), Part::Literal(more)) => text.extend(more),
                (_, part) => parts.push(part),
            }
        }
        Some(Part::Each(parts))
    }

    fn atom(&mut self) -> Option<Part> {
        if self.skip("(") {
            return self.group();
        }
        if self.skip("[") {
            return self.class();
        }
        match self.next()? {
            '\\' => match self.next()? {
                'd' | 'D' | 'w' | 'W' | 's' | 'S' => Some(Part::Class(8)),
                escaped if escaped.is_ascii_punctuation() && !matches!(escaped, '<' | '>') => {
                    Some(Part::Literal(vec![escaped]))
                }
                _ => None,
            },
            '.' => Some(Part::Class(4)),
            '^' | '$' => Some(Part::Each(Vec::new())),
            '*' | '+' | '?' | '{' => None,
            literal => Some(Part::Literal(vec![literal])),
        }
    }

    fn group(&mut self) -> Option<Part> {
        if self.skip("?P<") || self.skip("?<") {
            let (_, rest) = self.0.split_once('>')?;
            self.0 = rest;
        } else if self.skip("?") {
            let rest = self.0.trim_start_matches(['i', 's', 'm', 'U', 'R', '-']);
            // The flag `x`, which ignores white space, is not known here.
            self.0 = rest;
            if self.skip(")") {
                return Some(Part::Each(Vec::new()));
            }
            if !self.skip(":") {
                return None;
            }
        }
        let inner = self.alternatives()?;
        self.skip(")").then_some(Part::Each(vec![inner]))
    }

    fn class(&mut self) -> Option<Part> {
        let mut len = 0;
        self.skip("^");
        loop {
            match self.next()? {
                ']' if len > 0 => return Some(Part::Class(len)),
                '[' | '&' | '~' => return None,
                '\\' => {
                    // `\w` has four ranges.
                    self.next()?;
                    len += 8;
                }
                _ => len += 1,
            }
        }
    }

    fn repeated(&mut self, part: Part) -> Option<Part> {
        let (min, max) = if self.skip("*") {
            (0, None)
        } else if self.skip("+") {
            (1, None)
        } else if self.skip("?") {
            (0, Some(1))
        } else if self.skip("{") {
            let (counts, rest) = self.0.split_once('}')?;
            self.0 = rest;
            match counts.split_once(',') {
                None => (counts.parse().ok()?, Some(counts.parse().ok()?)),
                Some((min, "")) => (min.parse().ok()?, None),
                Some((min, max)) => (min.parse().ok()?, Some(max.parse().ok()?)),
            }
        } else {
            return Some(part);
        };
        self.skip("?");
        // A repetition of a repetition.
        self.repeated(Part::Repeat(Box::new(part), min, max))
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the most beginnings of a literal with which one text can end, by trying them.
    fn most_live(text: &[char]) -> usize {
        let is_end = |of: usize, own: usize| text[..of].ends_with(&text[..own]);
        let live = |of: usize| (0..text.len()).filter(|own| is_end(of, *own)).count();
        (0..text.len()).map(live).max().unwrap_or(1)
    }

    #[test]
    fn borders_are_never_fewer_than_can_be_live() {
        for len in 1..=11_u32 {
            for bits in 0..1_u32 << len {
                let letter = |at| if bits >> at & 1 == 0 { 'a' } else { 'b' };
                let text: Vec<char> = (0..len).map(letter).collect();
                let (bound, live) = (borders(&text), most_live(&text));
                assert!(
                    (live..=live + 1).contains(&bound),
                    "{text:?} {bound} {live}"
                );
            }
        }
    }

    #[test]
    fn places_move_as_far_as_the_text_goes() {
        let after = |first, last, len| {
            let moved = Places { first, last }.after(len);
            moved.map(|places| (places.first, places.last))
        };
        assert_eq!(after(0, 0, 1), Some((1, 1)));
        assert_eq!(after(510, 510, 2), Some((512, 512)));
        assert_eq!(after(510, 510, 3), None);
        assert_eq!(after(0, 511, 2), Some((2, 512)));
    }
}

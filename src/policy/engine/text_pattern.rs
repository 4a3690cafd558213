//! Regular expressions over claims.

use std::fmt;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::Value;
use crate::limits;
use crate::policy::engine::pattern_cost;
use crate::policy::truth::Truth;

/// A regular expression that has to match a string as a whole.
///
/// It takes time linear in the string; pattern, program and string are bounded, and so is the work
/// of one match.
#[derive(Clone)]
pub(in crate::policy) struct TextPattern {
    pub(in crate::policy) text: Arc<str>,
    /// The most steps of a match.
    pub(in crate::policy) cost: usize,
    whole: Regex,
}

impl TextPattern {
    pub(in crate::policy) fn new(text: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let text = text.into();
        if text.is_empty() || text.len() > limits::PATTERN_BYTES {
            let detail = format!(
                "expected a pattern of 1 to {} bytes, found one of {}",
                limits::PATTERN_BYTES,
                text.len()
            );
            let kind = ConfigErrorKind::OutOfRange;
            return Err(ConfigError::new(kind, FIELD, detail));
        }
        // It has to compile by itself, or it could close the group that anchors it.
        compile(&text, limits::PATTERN_SIZE).map_err(malformed)?;
        let anchored = format!(r"\A(?:{text})\z");
        let whole = compile(&anchored, limits::PATTERN_SIZE).map_err(malformed)?;
        let cost = pattern_cost::steps(&text, states(&anchored));
        if cost > limits::POLICY_STEPS {
            let max = limits::POLICY_STEPS;
            let detail = format!(
                "expected a pattern that takes at most {max} steps, found `{text}`, which takes \
                 {cost}; repeat less, or compare with `is`, `one_of` or `starts_with`"
            );
            return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
        }
        Ok(Self { text, cost, whole })
    }

    /// Returns whether a claim matches: unknown for a string that is too long.
    pub(in crate::policy) fn evaluate(&self, claim: Value<'_>) -> Truth {
        let is_short = |content: &&[u8]| content.len() <= limits::MATCHED_BYTES;
        let text = claim
            .content()
            .filter(is_short)
            .and_then(|_| claim.as_str());
        text.map(|text| self.whole.is_match(&text)).into()
    }
}

const FIELD: &str = "matches";

fn compile(text: &str, size: usize) -> Result<Regex, regex_lite::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(size).nest_limit(50).build()
}

fn malformed(error: regex_lite::Error) -> ConfigError {
    let detail = "expected a regular expression without look-around and back-references, \
                  found one that does not compile; correct it, or make it smaller";
    ConfigError::malformed(FIELD, detail).with_source(error)
}

/// Returns the size of a program in states, by the smallest limit under which it compiles: the
/// crate does not say it.
fn states(text: &str) -> usize {
    let (mut too_small, mut enough) = (0, limits::PATTERN_SIZE / STATE_BYTES);
    while enough - too_small > 1 {
        let middle = usize::midpoint(too_small, enough);
        match compile(text, middle * STATE_BYTES) {
            Ok(_) => enough = middle,
            Err(_) => too_small = middle,
        }
    }
    enough
}

/// The size of a state of a program, as `regex_lite` counts it on 64-bit targets.
const STATE_BYTES: usize = 32;

impl fmt::Debug for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextPattern({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(pattern: &str) -> Result<usize, String> {
        let built = TextPattern::new(pattern);
        built.map(|own| own.cost).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pattern_counts_what_a_match_takes() {
        for (pattern, at_most) in [
            ("[a-z]+", 8_000),
            ("[a-z]{9}", 512),
            ("refs/heads/(main|release-[0-9]+)", 4_000),
            (
                "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                2_000,
            ),
            (r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}", 12_000),
            (r"(?i:[a-z0-9._%+-]+@example\.(com|org))", 13_000),
            (r"(?i)[a-z0-9._%+-]+@example\.(com|org)", 13_000),
            (
                "repo:acme/[a-z-]+:(ref:refs/heads/(main|release/.*)|environment:prod)",
                16_000,
            ),
            ("spiffe://[a-z.]+/ns/[a-z0-9-]+/sa/[a-z0-9-]+", 12_000),
            (r"arn:aws:iam::\d{12}:role/[\w+=,.@-]+", 6_000),
            ("", 0),
        ] {
            let Ok(cost) = cost(pattern) else {
                assert_eq!(at_most, 0, "{pattern}");
                continue;
            };
            assert!((512..=at_most).contains(&cost), "{pattern} {cost}");
        }
    }

    #[test]
    fn a_pattern_that_takes_longer_than_a_policy_may_is_refused() {
        for pattern in [
            r"(\w+\s?){1,40}!",
            r"(?x) (\w+ \s?){1,40} !",
            "([a-z]+-?){1,40}",
            r"(\d*,?){60}",
        ] {
            let error = cost(pattern).unwrap_err();
            assert!(error.contains("at most 65536 steps"), "{error}");
            assert!(
                error.contains(pattern) && error.contains("repeat less"),
                "{error}"
            );
        }
        assert!(cost(r"(\w+\s?){1,5}!").is_ok());
        assert!(cost("([a-z]+-?){1,5}").is_ok());
        assert!(cost(r"(\d*,?){8}").is_ok());
    }

    #[test]
    fn repeated_literals_are_live_together() {
        let [same, other] = ["a", "b"].map(|last| {
            let text = format!("x*{}{last}", "a".repeat(60));
            cost(&text).unwrap()
        });
        let mixed = cost(&format!("x*{}", "abcdefghijklmnopqrst".repeat(3))).unwrap();
        assert!(same > 25_000 && other > 25_000, "{same} {other}");
        assert!(mixed < 8_000, "{mixed}");
    }

    #[test]
    fn both_spellings_of_a_named_group_count_alike() {
        let [older, newer] = ["?P<year>", "?<year>"].map(|name| format!(r"({name}\d{{4}})-[a-z]+"));
        assert_eq!(cost(&older), cost(&newer));
    }

    #[test]
    fn what_a_class_lists_is_no_syntax() {
        let cost = |list: &str| cost(&format!("x*[{list}]{{9}}")).unwrap();
        assert_eq!(cost("|)"), cost("!;"));
        assert_eq!(cost("]a"), cost("!a"));
        assert_eq!(cost("^]a"), cost("^!a"));
    }
}

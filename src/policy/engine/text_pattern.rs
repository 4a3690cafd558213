//! Regular expressions over claims.

use std::fmt;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};

use crate::error::{ConfigError, ConfigErrorKind};
use crate::json::Value;
use crate::limits;
use crate::policy::truth::Truth;

/// A regular expression that has to match a string as a whole.
///
/// It takes time linear in the string; pattern, program and string are bounded.
#[derive(Clone)]
pub(in crate::policy) struct TextPattern {
    pub(in crate::policy) text: Arc<str>,
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
        compile(&text)?;
        let whole = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text, whole })
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

fn compile(text: &str) -> Result<Regex, ConfigError> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(limits::PATTERN_SIZE).nest_limit(50);
    builder.build().map_err(|error| {
        let detail = "expected a regular expression without look-around and back-references, \
                      found one that does not compile; correct it, or make it smaller";
        ConfigError::malformed(FIELD, detail).with_source(error)
    })
}

impl fmt::Debug for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextPattern({} bytes)", self.text.len())
    }
}

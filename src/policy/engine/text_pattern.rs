//! Regular expressions over claims: linear time, whole match, bounded.

use std::fmt;
use std::sync::Arc;

use regex_lite::Regex;
use regex_lite::RegexBuilder;

use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::json::Value;
use crate::limits;
use crate::policy::truth::Truth;

/// A regular expression that has to match a text as a whole.
#[derive(Clone)]
pub(in crate::policy) struct Pattern {
    pub(in crate::policy) text: Arc<str>,
    whole: Regex,
}

impl Pattern {
    pub(in crate::policy) fn new(text: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let text = text.into();
        if text.is_empty() || text.len() > limits::PATTERN_BYTES {
            let detail = format!(
                "a pattern of {} bytes was given; give 1 to {}",
                text.len(),
                limits::PATTERN_BYTES
            );
            let kind = ConfigErrorKind::OutOfRange;
            return Err(ConfigError::new(kind, FIELD, detail));
        }
        // It has to stand on its own, or it could close the group that makes the match whole.
        compile(&text)?;
        let whole = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text, whole })
    }

    /// A text that is too long tells nothing.
    pub(in crate::policy) fn ask(&self, claim: Value<'_>) -> Truth {
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
        let detail = "the pattern does not compile; give a regular expression without \
                      look-around or back-references, and a smaller one if it is too big";
        ConfigError::malformed(FIELD, detail).with_source(error)
    })
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({} bytes)", self.text.len())
    }
}

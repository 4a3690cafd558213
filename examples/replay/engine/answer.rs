//! The answer to a line.

use std::fmt;

use bearergate::diagnosis::{Explanation, Step};
use bearergate::{ConfigError, Principal, Rejection, RejectionKind};

use super::fault::Fault;

/// The answer to a line.
pub(super) struct Answer {
    pub(super) id: Option<String>,
    pub(super) verdict: Verdict,
    /// The steps of the validation, if the line asks for them and its credential is one token.
    pub(super) explanation: Option<Explanation>,
}

/// The verdict of a line.
pub(super) enum Verdict {
    Accept {
        principal: Principal,
        /// Whether the answer has the client.
        with_client: bool,
    },
    /// Accepted, with these members of the answer.
    Checked(serde_json::Value),
    ConfigError(ConfigError),
    InputError(Fault),
    /// The token is rejected, or could not be validated.
    Refuse(Rejection),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"id\":{}", Text(self.id.as_deref()))?;
        match &self.verdict {
            Verdict::Accept {
                principal,
                with_client,
            } => {
                write!(f, ",\"verdict\":\"accept\"")?;
                write!(f, ",\"subject\":{}", Text(principal.subject()))?;
                if *with_client {
                    write!(f, ",\"client\":{}", Text(principal.client()))?;
                }
                write!(f, ",\"claims\":{}", Compact(principal.claims().json()))?;
            }
            Verdict::Checked(members) => {
                write!(f, ",\"verdict\":\"accept\"")?;
                for (name, value) in members.as_object().into_iter().flatten() {
                    write!(f, ",{}:{value}", Text(Some(name)))?;
                }
            }
            Verdict::ConfigError(error) => write_refusal(f, "config_error", error.kind().as_str())?,
            Verdict::InputError(fault) => write_refusal(f, "input_error", fault.kind())?,
            Verdict::Refuse(rejection) => {
                write_refusal(f, verdict_word(rejection.kind()), rejection.kind().as_str())?;
                if let Some(claim) = rejection.claim() {
                    write!(f, ",\"claim\":{}", Text(Some(claim)))?;
                }
            }
        }
        if let Some(explanation) = &self.explanation {
            let steps: Vec<_> = explanation.steps().iter().map(step_text).collect();
            write!(f, ",\"explain\":[{}]", steps.join(","))?;
        }
        f.write_str("}")
    }
}

fn step_text(step: &Step) -> String {
    let outcome = step.outcome().as_str();
    let mut text = format!("{{\"step\":\"{}\",\"outcome\":\"{outcome}\"", step.name());
    for (name, value) in [
        ("expected", step.expected_text()),
        ("found", step.found_text()),
    ] {
        if value.is_some() {
            text += &format!(",\"{name}\":{}", Text(value));
        }
    }
    text + "}"
}

fn verdict_word(kind: RejectionKind) -> &'static str {
    match kind {
        RejectionKind::Unavailable => "unavailable",
        _ => "reject",
    }
}

fn write_refusal(f: &mut fmt::Formatter<'_>, verdict: &str, kind: &str) -> fmt::Result {
    write!(f, ",\"verdict\":\"{verdict}\",\"kind\":\"{kind}\"")
}

/// A JSON string, or `null`.
struct Text<'a>(Option<&'a str>);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// A JSON text that the scanner accepted, on one line. Numbers and strings are not changed.
struct Compact<'a>(&'a str);

impl fmt::Display for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut is_string, mut is_escaped) = (false, false);
        let is_kept = |char: &char| {
            let is_quote = *char == '"' && !is_escaped;
            is_string ^= is_quote;
            is_escaped = *char == '\\' && !is_escaped;
            is_string || !char.is_ascii_whitespace()
        };
        let compact: String = self.0.chars().filter(is_kept).collect();
        f.write_str(&compact)
    }
}

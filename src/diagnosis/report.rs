//! Reports of a diagnosis: findings, their severity and hints.

use std::fmt;

#[cfg(any(feature = "api-key", feature = "session"))]
use super::text::error_chain;
#[cfg(any(feature = "api-key", feature = "session"))]
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// One result of a diagnosis: what works, or what fails and what to do about it.
///
/// Its texts are for the operator, not for a client. They contain no secret and no token. `Display`
/// writes severity, subject and text on one line, and the hint, if there is one, on a second line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// How severe it is. The highest severity of all findings is that of the [`Report`].
    pub severity: Severity,
    /// What was checked: an issuer, an address, a key.
    pub subject: String,
    /// What was found.
    pub text: String,
    /// What the operator can do about it, if anything.
    pub hint: Option<&'static str>,
}

/// How severe a [`Finding`] is, in ascending order. The highest one of a [`Report`] decides whether
/// a service should start.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// It works. Nothing has to be done.
    Ok,
    /// It works, but a part of it is likely to fail or to be misconfigured. Credentials are
    /// validated meanwhile.
    Warning,
    /// It fails: some or all credentials cannot be validated, or not correctly. The finding's hint
    /// says what to do, if it is known.
    Error,
}

impl Severity {
    /// Returns the stable lower-case name: `ok`, `warning` or `error`. Use it as a label in logs
    /// and metrics; it does not change between versions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// Creates a finding that `subject` works. `text` says what was reached or found. It must
    /// contain no secret.
    ///
    /// Text from outside may be in both: characters that could forge a line or change how a report is
    /// shown are escaped, like `\u{a}` for a line feed.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Ok,
            subject: escaped(subject.into()),
            text: escaped(text.into()),
            hint: None,
        }
    }

    /// Creates a finding that `subject` works but needs attention. Add a [`hint`](Self::hint) that
    /// says what the operator should change.
    pub fn warning(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::ok(subject, text)
        }
    }

    /// Creates a finding that `subject` does not work. Add a [`hint`](Self::hint) that says what
    /// the operator should change. The whole [`Report`] then has this severity.
    pub fn error(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::ok(subject, text)
        }
    }

    /// Reports that a store does not answer.
    #[cfg(any(feature = "api-key", feature = "session"))]
    pub(crate) fn store_unreachable(subject: impl Into<String>, error: &StoreError) -> Self {
        let text = format!("the store does not answer: {}", error_chain(error));
        Self::error(subject, text).hint("start the store, or correct its address or permissions")
    }

    /// Reports how many entries a store in memory has, as a warning where less than a tenth is
    /// free.
    #[cfg(any(feature = "api-key", feature = "session"))]
    pub(crate) fn usage(subject: &str, len: usize, most: usize, hint: &'static str) -> Self {
        let text = format!("{len} of at most {most}");
        if most.saturating_sub(len) > most / 10 {
            return Self::ok(subject, text);
        }
        Self::warning(subject, text).hint(hint)
    }

    /// Sets what the operator can do about it. It is a constant text, so it cannot contain a
    /// secret.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// Escapes the characters that change how text is shown. Escaped text stays as it is.
pub(crate) fn escaped(text: String) -> String {
    if !text.contains(is_unsafe) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Returns true for control characters, line separators, and invisible characters that reorder
/// text.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The fields are public, so they may have been changed since they were escaped.
        write!(
            f,
            "{:8} {}: {}",
            self.severity.as_str(),
            escaped(self.subject.clone()),
            escaped(self.text.clone())
        )?;
        match self.hint {
            Some(hint) => write!(f, "\n         hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The result of [`Gate::doctor`](crate::Gate::doctor): all findings of one diagnosis.
///
/// `Display` writes every finding on a line of its own, followed by its hint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report(Vec<Finding>);

impl Report {
    pub(crate) const fn new(findings: Vec<Finding>) -> Self {
        Self(findings)
    }

    /// Returns all findings, in the order of the checks. If nothing of the gate reports about itself,
    /// one says so.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    /// Returns the highest severity of all findings; [`Severity::Ok`] if there is none. A service
    /// may refuse to start with [`Severity::Error`].
    pub fn severity(&self) -> Severity {
        let all = self.0.iter().map(|finding| finding.severity);
        all.max().unwrap_or(Severity::Ok)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

/// Joins the findings of several checks, in their order.
pub(crate) fn gather<'a>(
    parts: impl IntoIterator<Item = NowOrLater<'a, Vec<Finding>>>,
) -> NowOrLater<'a, Vec<Finding>> {
    let both = |first: NowOrLater<'a, Vec<Finding>>, next: NowOrLater<'a, Vec<Finding>>| {
        first.then(move |mut first| {
            next.map(move |next| {
                first.extend(next);
                first
            })
        })
    };
    parts.into_iter().fold(NowOrLater::now(Vec::new()), both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "api-key", feature = "session"))]
    #[test]
    fn it_warns_where_less_than_a_tenth_is_free() {
        for (len, severity) in [
            (0, Severity::Ok),
            (89, Severity::Ok),
            (90, Severity::Warning),
            (100, Severity::Warning),
            (101, Severity::Warning),
        ] {
            let found = Finding::usage("s", len, 100, "purge");
            assert_eq!(found.severity, severity, "{len}");
            assert_eq!(found.hint.is_some(), severity == Severity::Warning);
        }
    }

    #[test]
    fn text_from_outside_forges_no_line_and_moves_no_cursor() {
        let odd = "a\n\r\t\u{1b}[2J\u{7f}\u{85}\u{9b}\u{2028}\u{202e}\u{200b}\u{feff}z";
        let makers: [fn(&str, &str) -> Finding; 3] = [
            |subject, text| Finding::ok(subject, text),
            |subject, text| Finding::warning(subject, text),
            |subject, text| Finding::error(subject, text),
        ];
        for make in makers {
            let mut finding = make(odd, odd);
            for shown in [&finding.subject, &finding.text, &finding.to_string()] {
                assert!(!shown.contains(is_unsafe), "{shown:?}");
                assert!(shown.contains("\\u{a}\\u{d}\\u{9}\\u{1b}[2J"), "{shown:?}");
            }
            assert_eq!(escaped(finding.text.clone()), finding.text);
            finding.text = odd.to_owned();
            assert_eq!(finding.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn other_text_is_shown_as_it_is() {
        let text = "key `\u{3b1}/\u{e9} \\ \"\u{1f600}`";
        assert_eq!(
            Finding::ok(text, text).to_string(),
            format!("ok       {text}: {text}")
        );
    }
}

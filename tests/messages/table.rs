//! The table of messages, its checks, and its text in Markdown.

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::{env, fs};

use bearergate::clock::UnixTime;
use bearergate::diagnosis::{Report, Severity};
use bearergate::error::ConfigErrorKind;
use bearergate::gate::RequestExplanation;
use bearergate::{ConfigError, Gate, RejectionKind};
use http::Request;

/// One mistake and the whole text that the operator gets for it.
pub(crate) struct Row {
    mistake: &'static str,
    message: String,
    parts: [&'static str; 3],
}

/// A row; `parts` are what the message says was expected, was found, and has to be done.
pub(crate) fn row(mistake: &'static str, message: String, parts: [&'static str; 3]) -> Row {
    Row {
        mistake,
        message,
        parts,
    }
}

/// The text of an error and of all its sources.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    note(error);
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        note(source);
        write!(text, "\ncaused by: {source}").unwrap();
        next = source.source();
    }
    text
}

/// The codes of the kinds of configuration errors that were shown.
static SHOWN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

fn note(error: &(dyn Error + 'static)) {
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        SHOWN.lock().unwrap().insert(error.kind().as_str());
    }
}

/// The text of the error that this result has to be.
#[track_caller]
pub(crate) fn refused<T, E: Error + 'static>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "accepted: the mistake is silent".to_owned(),
        Err(error) => chain(&error),
    }
}

/// The worst finding of a report, which has to be more than `ok`.
#[track_caller]
pub(crate) fn worst(report: &Report) -> String {
    let severity = report.severity();
    assert_ne!(severity, Severity::Ok, "the mistake is silent: {report}");
    let mut findings = report.findings().iter();
    let worst = findings.find(|finding| finding.severity == severity);
    worst.unwrap().to_string()
}

/// The reason of a refusal and the step that failed.
#[track_caller]
pub(crate) fn refusal(gate: &Gate, request: &Request<()>) -> String {
    let explanation = gate.explain(request).try_now().unwrap();
    shown(&explanation)
}

/// The text of an explanation: the reason and the step that failed.
#[track_caller]
pub(crate) fn shown(explanation: &RequestExplanation) -> String {
    let refusal = explanation.refusal().unwrap();
    let step = explanation.failed().map(ToString::to_string);
    let mut text = refusal.to_string();
    for line in step.iter().flat_map(|step| step.lines()) {
        let line = line.trim_start();
        write!(text, "\n{}", line.strip_prefix("failed  ").unwrap_or(line)).unwrap();
    }
    // The conditions of the policy, if it was asked.
    if let Some(trace) = explanation.trace() {
        let trace = trace.clone().without_times().to_string();
        write!(text, "\n{}", trace.trim_end()).unwrap();
    }
    text
}

/// Rows of one subject.
pub(crate) struct Section {
    title: &'static str,
    rows: Vec<Row>,
}

impl Section {
    pub(crate) fn new(title: &'static str, rows: Vec<Row>) -> Self {
        Self { title, rows }
    }
}

/// All rows.
pub(crate) struct Table(Vec<Section>);

impl Table {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, section: Section) {
        self.0.push(section);
    }

    /// Checks each message, and that the table is the one of the repository.
    #[track_caller]
    pub(crate) fn check(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
        let text = self.text();
        if env::var_os("BEARERGATE_UPDATE_MESSAGES").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let mut faults = self.faults();
        let kept = fs::read_to_string(&path).unwrap();
        for (own, kept) in text.lines().zip(kept.lines()) {
            if own != kept {
                writeln!(faults, "docs/messages.md has\n{kept}\nfor\n{own}").unwrap();
                break;
            }
        }
        assert!(faults.is_empty(), "{faults}");
        assert_eq!(text, kept, "docs/messages.md");
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().flat_map(|section| &section.rows)
    }

    /// Returns what is wrong with single messages.
    fn faults(&self) -> String {
        let mut faults = String::new();
        let mut seen = HashSet::new();
        for row in self.rows() {
            let (mistake, message) = (row.mistake, &row.message);
            for part in row.parts {
                if part.is_empty() || !message.contains(part) {
                    writeln!(faults, "{mistake}: no {part:?} in {message}").unwrap();
                }
            }
            if !seen.insert(mistake) {
                writeln!(faults, "{mistake}: twice").unwrap();
            }
            if message.contains(CANARY) || message.len() > LONGEST {
                writeln!(faults, "{mistake}: a secret or too long: {message}").unwrap();
            }
        }
        faults.push_str(&self.kinds());
        if self.rows().count() < LEAST {
            writeln!(faults, "only {} rows", self.rows().count()).unwrap();
        }
        faults
    }

    /// Returns which kinds have no row, and which have one although they are listed as without.
    fn kinds(&self) -> String {
        let mut faults = String::new();
        for kind in RejectionKind::ALL {
            let text = kind.to_string();
            let has = self.rows().any(|row| row.message.contains(&text));
            let is_listed = WITHOUT_ROW.iter().any(|(without, _)| without == kind);
            if has == is_listed {
                let kind = kind.as_str();
                writeln!(faults, "{kind}: has a row: {has}, listed: {is_listed}").unwrap();
            }
        }
        let shown = SHOWN.lock().unwrap();
        for kind in ConfigErrorKind::ALL {
            if !shown.contains(kind.as_str()) {
                writeln!(faults, "no row for {}", kind.as_str()).unwrap();
            }
        }
        faults
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for section in self.0.iter().filter(|section| !section.rows.is_empty()) {
            let title = section.title;
            write!(text, "\n## {title}\n\n| mistake | message |\n|---|---|\n").unwrap();
            for row in &section.rows {
                let mistake = cell(row.mistake);
                writeln!(text, "| {mistake} | {} |", cell(&row.message)).unwrap();
            }
        }
        text
    }
}

/// Text in a cell of a table: line ends, bars and angle brackets would end or change it.
fn cell(text: &str) -> String {
    let text = text.trim_end().replace('|', "\\|").replace('<', "&lt;");
    text.replace('\n', "<br>")
}

/// The time of these tests.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// What every secret of these tests contains.
pub(crate) const CANARY: &str = "s3cret";
const LONGEST: usize = 1_000;
const LEAST: usize = 50;

/// Kinds of which the crate itself has no message, with the reason.
const WITHOUT_ROW: &[(RejectionKind, &str)] = &[
    (RejectionKind::RateLimited, NAMED),
    (RejectionKind::QuotaExhausted, NAMED),
    (RejectionKind::CreditsExhausted, NAMED),
];
const NAMED: &str = "an explanation asks no limit; the refusal names the one that refused";

const HEAD: &str = "\
# Messages for everyday mistakes

What the operator reads for each mistake: the text of an error with its sources, a finding of
`Gate::doctor`, or the failed step of an explanation. Each says what was expected, what was found and
what to do. A client never gets any of these texts. The kinds are in the guide page `errors`.

The test `messages` provokes each mistake and compares this file byte for byte. After a change of a
message, `BEARERGATE_UPDATE_MESSAGES=1 cargo test --all-features --test messages` writes it again.
";

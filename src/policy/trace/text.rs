//! Traces for a terminal.

use std::fmt;
use std::time::Duration;

use crate::diagnosis::escaped;
use crate::policy::trace::record::{NodeKind, PredicateResult, Trace, TraceContext};
use crate::policy::truth::Truth;

pub(super) fn page(trace: &Trace, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&headline(trace))?;
    time(trace.elapsed, f)?;
    writeln!(f, "\n{}", subject_line(&trace.context))?;
    for node in &trace.nodes {
        // A deeper line is not indented further, so that it stays in sight.
        let indent = node.depth.min(MAX_INDENT) * 2;
        let sign = match node.truth {
            Truth::False => '-',
            Truth::True => '+',
            Truth::Unknown => '?',
        };
        write!(f, "{:indent$}{sign} {}", "", title(&node.kind))?;
        if let NodeKind::Predicate(result) = &node.kind {
            let expected = escaped(result.expected.clone());
            write!(f, ": expected {expected}, found {}", found(result))?;
        }
        time(node.elapsed, f)?;
        f.write_str("\n")?;
    }
    Ok(())
}

const MAX_INDENT: usize = 32;

/// Returns the decision and its reasons.
pub(super) fn headline(trace: &Trace) -> String {
    let decision = escaped(trace.decision.to_string());
    decision
        .replacen("allowed", "ALLOWED", 1)
        .replacen("denied", "DENIED", 1)
}

/// Returns what was decided about, as one line.
fn subject_line(context: &TraceContext) -> String {
    let mut line = String::new();
    if let Some(request) = &context.request {
        line.push_str(&format!("for {request} "));
    }
    line.push_str(&format!("by {} at {}", caller(context), context.now));
    if let Some(version) = &context.version {
        line.push_str(&format!(" under policy {version}"));
    }
    escaped(line)
}

/// Returns who called, without its subject unless values are shown.
pub(super) fn caller(context: &TraceContext) -> String {
    let subject = context.subject.as_ref();
    let subject = subject.map_or_else(String::new, |subject| format!("`{subject}`, "));
    format!(
        "{subject}{} of {}",
        context.kind.as_str(),
        context.authority
    )
}

/// Returns what a predicate found, with the value only if values are shown.
pub(super) fn found(result: &PredicateResult) -> String {
    match &result.value {
        Some(value) => format!("{} (`{}`)", result.found, escaped(value.clone())),
        None => result.found.to_string(),
    }
}

pub(super) fn title(kind: &NodeKind) -> String {
    match kind {
        NodeKind::All => "all of".to_owned(),
        NodeKind::Any => "any of".to_owned(),
        NodeKind::Named(name) => escaped(name.to_string()),
        NodeKind::Not => "not".to_owned(),
        NodeKind::Route(route) => format!("route {}", escaped(route.clone())),
        NodeKind::Rule(effect, name) => {
            format!("{} {}", effect.as_str(), escaped(name.to_string()))
        }
        NodeKind::Predicate(result) => escaped(result.name.to_string()),
    }
}

fn time(elapsed: Option<Duration>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match elapsed {
        Some(elapsed) => write!(f, "  [{elapsed:?}]"),
        None => Ok(()),
    }
}

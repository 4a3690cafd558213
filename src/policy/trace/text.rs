//! Traces for a terminal.

use std::fmt;
use std::time::Duration;

use crate::policy::trace::record::{NodeKind, Trace};
use crate::policy::truth::Truth;

pub(super) fn page(trace: &Trace, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&headline(trace))?;
    time(trace.elapsed, f)?;
    f.write_str("\n")?;
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
            let expected = clean(&result.expected);
            write!(f, ": expected {expected}, found {}", result.found)?;
        }
        time(node.elapsed, f)?;
        f.write_str("\n")?;
    }
    Ok(())
}

const MAX_INDENT: usize = 32;

/// Returns the decision and its reasons.
pub(super) fn headline(trace: &Trace) -> String {
    let decision = clean(&trace.decision.to_string());
    decision
        .replacen("allowed", "ALLOWED", 1)
        .replacen("denied", "DENIED", 1)
}

pub(super) fn title(kind: &NodeKind) -> String {
    match kind {
        NodeKind::All => "all of".to_owned(),
        NodeKind::Any => "any of".to_owned(),
        NodeKind::Named(name) => clean(name),
        NodeKind::Not => "not".to_owned(),
        NodeKind::Route(route) => format!("route {}", clean(route)),
        NodeKind::Rule(effect, name) => format!("{} {}", effect.as_str(), clean(name)),
        NodeKind::Predicate(result) => clean(&result.name),
    }
}

fn time(elapsed: Option<Duration>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match elapsed {
        Some(elapsed) => write!(f, "  [{elapsed:?}]"),
        None => Ok(()),
    }
}

/// Escapes characters that could forge a line or are invisible, because names may come from files.
pub(super) fn clean(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // These break lines, change their direction or have no width.
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => all.extend(c.escape_unicode()),
            c if c.is_control() => all.extend(c.escape_unicode()),
            c => all.push(c),
        }
    }
    all
}

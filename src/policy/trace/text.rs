//! Traces for a terminal.

use std::fmt;
use std::time::Duration;

use crate::policy::trace::record::Node;
use crate::policy::trace::record::Trace;
use crate::policy::trace::record::What;
use crate::policy::truth::Truth;

pub(super) fn page(trace: &Trace, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&headline(trace))?;
    time(trace.elapsed, f)?;
    f.write_str("\n")?;
    trace.nodes.iter().try_for_each(|node| line(node, f))
}

/// Says the decision and its reasons.
pub(super) fn headline(trace: &Trace) -> String {
    let own = trace.decision.to_string();
    let own = clean(&own);
    own.replacen("allowed", "ALLOWED", 1)
        .replacen("denied", "DENIED", 1)
}

fn line(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // What lies deeper than anybody reads is not moved out of sight.
    let indent = node.depth.min(DEEPEST) * 2;
    let sign = match node.verdict {
        Truth::False => '-',
        Truth::True => '+',
        Truth::Unknown => '?',
    };
    write!(f, "{:indent$}{sign} {}", "", title(&node.what))?;
    if let What::Test(told) = &node.what {
        write!(f, ": wants {}, is {}", clean(&told.wanted), told.actual)?;
    }
    time(node.elapsed, f)?;
    f.write_str("\n")
}

const DEEPEST: usize = 32;

pub(super) fn title(what: &What) -> String {
    match what {
        What::All => "all of".to_owned(),
        What::Any => "any of".to_owned(),
        What::Named(name) => clean(name),
        What::Not => "not".to_owned(),
        What::Route(route) => format!("route {}", clean(route)),
        What::Rule(effect, name) => format!("{} {}", effect.as_str(), clean(name)),
        What::Test(told) => clean(&told.name),
    }
}

fn time(elapsed: Option<Duration>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match elapsed {
        Some(elapsed) => write!(f, "  [{elapsed:?}]"),
        None => Ok(()),
    }
}

/// Escapes what could forge a line, or is not seen: names may come from files of others.
pub(super) fn clean(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_hidden(c) {
            all.extend(c.escape_unicode());
        } else {
            all.push(c);
        }
    }
    all
}

/// Says whether a character breaks lines, turns their direction or takes no room.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

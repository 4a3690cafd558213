//! Traces as JSON.

use std::fmt::Write;
use std::time::Duration;

use crate::policy::trace::record::{NodeKind, Trace, TraceNode};
use crate::policy::trace::text::clean;
use crate::policy::truth::Truth;

/// Returns the JSON, without recursion, because a condition may nest deeper than the stack.
pub(super) fn page(trace: &Trace) -> String {
    let mut out = String::from("{");
    let decision = &trace.decision;
    member(
        &mut out,
        "decision",
        if decision.is_allowed() {
            "allow"
        } else {
            "deny"
        },
    );
    if let Some(kind) = decision.kind() {
        out.push(',');
        member(&mut out, "kind", kind.as_str());
    }
    out.push_str(",\"reasons\":[");
    for (at, reason) in decision.reasons().iter().enumerate() {
        out.push_str(if at == 0 { "{" } else { ",{" });
        member(&mut out, "code", reason.code().as_str());
        out.push(',');
        member(&mut out, "name", reason.name());
        out.push('}');
    }
    out.push(']');
    time(&mut out, trace.elapsed);
    out.push_str(",\"conditions\":[");
    nodes(&mut out, &trace.nodes);
    out.push_str("]}");
    out
}

fn nodes(out: &mut String, nodes: &[TraceNode]) {
    let mut open = 0;
    for (at, current) in nodes.iter().enumerate() {
        // Close the nodes that this one is not a part of.
        while open > current.depth {
            out.push_str("]}");
            open -= 1;
        }
        let is_first = at == 0 || out.ends_with('[');
        if !is_first {
            out.push(',');
        }
        node(out, current);
        let next = nodes.get(at + 1);
        if next.is_some_and(|next| next.depth > current.depth) {
            out.push_str(",\"conditions\":[");
            open += 1;
        } else {
            out.push('}');
        }
    }
    for _ in 0..open {
        out.push_str("]}");
    }
}

/// Writes a node without its closing brace.
fn node(out: &mut String, node: &TraceNode) {
    out.push('{');
    let (kind, name) = match &node.kind {
        NodeKind::All => ("all", None),
        NodeKind::Any => ("any", None),
        NodeKind::Named(name) => ("named", Some(&**name)),
        NodeKind::Not => ("not", None),
        NodeKind::Route(route) => ("route", Some(&**route)),
        NodeKind::Rule(effect, name) => (effect.as_str(), Some(&**name)),
        NodeKind::Predicate(result) => ("test", Some(&*result.name)),
    };
    member(out, "is", kind);
    if let Some(name) = name {
        out.push(',');
        member(out, "name", name);
    }
    out.push(',');
    let truth = match node.truth {
        Truth::False => "false",
        Truth::True => "true",
        Truth::Unknown => "unknown",
    };
    member(out, "truth", truth);
    if let NodeKind::Predicate(result) = &node.kind {
        out.push(',');
        member(out, "expected", &result.expected);
        out.push(',');
        member(out, "found", &result.found.to_string());
    }
    time(out, node.elapsed);
}

fn time(out: &mut String, elapsed: Option<Duration>) {
    if let Some(elapsed) = elapsed {
        // Writing to a string does not fail.
        let _ = write!(out, ",\"nanos\":{}", elapsed.as_nanos());
    }
}

/// Writes a member whose name needs no escapes.
fn member(out: &mut String, name: &str, value: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":\"");
    // `clean` writes backslashes; these and quotes are all that is left to escape.
    for c in clean(value).chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

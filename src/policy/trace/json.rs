//! Traces as JSON.

use std::fmt::Write;
use std::time::Duration;

use crate::policy::trace::record::Node;
use crate::policy::trace::record::Trace;
use crate::policy::trace::record::What;
use crate::policy::trace::text::clean;
use crate::policy::truth::Truth;

/// Writes without recursion: a condition may nest deeper than a stack.
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

fn nodes(out: &mut String, nodes: &[Node]) {
    let mut open = 0;
    for (at, own) in nodes.iter().enumerate() {
        // Close what the one before has open and this does not lie in.
        while open > own.depth {
            out.push_str("]}");
            open -= 1;
        }
        let is_first = at == 0 || out.ends_with('[');
        if !is_first {
            out.push(',');
        }
        node(out, own);
        let next = nodes.get(at + 1);
        if next.is_some_and(|next| next.depth > own.depth) {
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

/// Writes a node without its end.
fn node(out: &mut String, node: &Node) {
    out.push('{');
    let (kind, name) = match &node.what {
        What::All => ("all", None),
        What::Any => ("any", None),
        What::Named(name) => ("named", Some(&**name)),
        What::Not => ("not", None),
        What::Route(route) => ("route", Some(&**route)),
        What::Rule(effect, name) => (effect.as_str(), Some(&**name)),
        What::Test(told) => ("test", Some(&*told.name)),
    };
    member(out, "is", kind);
    if let Some(name) = name {
        out.push(',');
        member(out, "name", name);
    }
    out.push(',');
    let verdict = match node.verdict {
        Truth::False => "false",
        Truth::True => "true",
        Truth::Unknown => "unknown",
    };
    member(out, "verdict", verdict);
    if let What::Test(told) = &node.what {
        out.push(',');
        member(out, "wanted", &told.wanted);
        out.push(',');
        member(out, "actual", &told.actual.to_string());
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
    // What `clean` leaves needs two escapes, and gives backslashes of its own.
    for c in clean(value).chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

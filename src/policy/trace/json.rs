//! Traces as JSON.

use std::time::Duration;

use crate::diagnosis::json::Object;
use crate::error::RejectionKind;
use crate::policy::trace::record::{NodeKind, Trace, TraceContext, TraceNode};
use crate::policy::truth::Truth;

/// Returns the JSON, without recursion, because a condition may nest deeper than the stack.
pub(super) fn page(trace: &Trace) -> String {
    let mut out = String::new();
    let mut page = Object::open(&mut out);
    let decision = &trace.decision;
    let word = if decision.is_allowed() {
        "allow"
    } else {
        "deny"
    };
    page.text("decision", word);
    page.optional("kind", decision.kind().map(RejectionKind::as_str));
    page.list("reasons", decision.reasons(), |out, reason| {
        let mut object = Object::open(out);
        object.text("code", reason.code().as_str());
        object.text("name", reason.name());
        object.close();
    });
    context(&mut page, &trace.context);
    time(&mut page, trace.elapsed);
    page.value("conditions", |out| {
        out.push('[');
        nodes(out, &trace.nodes);
        out.push(']');
    });
    page.close();
    out
}

fn context(page: &mut Object<'_>, context: &TraceContext) {
    page.optional("request", context.request.as_deref());
    page.value("caller", |out| {
        let mut caller = Object::open(out);
        caller.text("kind", context.kind.as_str());
        caller.text("authority", &context.authority);
        caller.optional("subject", context.subject.as_deref());
        caller.close();
    });
    page.text("time", &context.now.to_string());
    page.optional("policy_version", context.version.as_deref());
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
    let mut object = Object::open(out);
    let (kind, name) = match &node.kind {
        NodeKind::All => ("all", None),
        NodeKind::Any => ("any", None),
        NodeKind::Named(name) => ("named", Some(&**name)),
        NodeKind::Not => ("not", None),
        NodeKind::Route(route) => ("route", Some(&**route)),
        NodeKind::Rule(effect, name) => (effect.as_str(), Some(&**name)),
        NodeKind::Predicate(result) => ("test", Some(&*result.name)),
    };
    object.text("is", kind);
    object.optional("name", name);
    let truth = match node.truth {
        Truth::False => "false",
        Truth::True => "true",
        Truth::Unknown => "unknown",
    };
    object.text("truth", truth);
    if let NodeKind::Predicate(result) = &node.kind {
        object.text("expected", &result.expected);
        object.text("found", &result.found.to_string());
        object.optional("value", result.value.as_deref());
    }
    time(&mut object, node.elapsed);
}

fn time(object: &mut Object<'_>, elapsed: Option<Duration>) {
    if let Some(elapsed) = elapsed {
        object.number("nanos", elapsed.as_nanos());
    }
}

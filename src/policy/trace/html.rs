//! Traces as HTML.

use crate::diagnosis::page::{Page, Verdict, text};
use crate::policy::effect::Effect;
use crate::policy::trace::record::{NodeKind, Trace, TraceNode};
use crate::policy::trace::text::{caller, found, headline, title};
use crate::policy::truth::Truth;

/// Returns the page.
pub(super) fn page(trace: &Trace) -> String {
    let verdict = match trace.decision.is_allowed() {
        true => Verdict::Allow,
        false => Verdict::Deny,
    };
    let mut page = Page::new("Decision", verdict, &headline(trace));
    let context = &trace.context;
    let mut facts = Vec::new();
    facts.extend(context.request.clone().map(|request| ("Request", request)));
    facts.push(("Caller", caller(context)));
    facts.push(("Time", context.now.to_string()));
    facts.extend(
        context
            .version
            .clone()
            .map(|version| ("Policy version", version)),
    );
    page.facts(&facts);
    conditions(trace, &mut page);
    page.finish()
}

/// Writes the conditions, without recursion.
pub(super) fn conditions(trace: &Trace, page: &mut Page) {
    if let Some(elapsed) = trace.elapsed {
        page.markup(&format!("<p class=\"time\">decided in {elapsed:?}</p>\n"));
    }
    page.markup(LEGEND);
    let mut open = 0;
    for (at, node) in trace.nodes.iter().enumerate() {
        while open > node.depth {
            page.markup("</details>\n");
            open -= 1;
        }
        let next = trace.nodes.get(at + 1);
        if next.is_some_and(|next| next.depth > node.depth) {
            // A node is expanded if it keeps the request from being allowed.
            let (class, is_open) = match node.kind {
                NodeKind::Rule(Effect::Forbid, _) => {
                    (" class=\"forbid\"", node.truth != Truth::False)
                }
                _ => ("", !node.truth.is_true() || node.depth == 0),
            };
            let open_word = if is_open { " open" } else { "" };
            page.markup(&format!(
                "<details{class}{open_word}><summary>{}</summary>\n",
                line(node)
            ));
            open += 1;
        } else {
            page.markup(&format!("<div class=\"test\">{}</div>\n", line(node)));
        }
    }
    for _ in 0..open {
        page.markup("</details>\n");
    }
}

fn line(node: &TraceNode) -> String {
    let (class, word) = match node.truth {
        Truth::False => ("no", "false"),
        Truth::True => ("yes", "true"),
        Truth::Unknown => ("doubt", "unknown"),
    };
    let name = text(&title(&node.kind));
    let mut line = String::new();
    // A floating element has to precede the line that it is shown in.
    if let Some(elapsed) = node.elapsed {
        line.push_str(&format!("<small>{elapsed:?}</small> "));
    }
    line.push_str(&format!(
        "<b class=\"{class}\">{word}</b> <span>{name}</span>"
    ));
    if let NodeKind::Predicate(result) = &node.kind {
        let expected = text(&result.expected);
        let found = text(&found(result));
        line.push_str(&format!(" <i>expected {expected}, found {found}</i>"));
    }
    line
}

const LEGEND: &str = "<p class=\"legend\">A permit allows only if it is true; a forbid denies unless it \
                      is false. Of the caller and the request, only types and sizes are shown unless a \
                      developer asked for values.</p>\n";

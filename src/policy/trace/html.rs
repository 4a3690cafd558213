//! Traces as HTML.

use crate::policy::effect::Effect;
use crate::policy::trace::record::{NodeKind, Trace, TraceNode};
use crate::policy::trace::text::{clean, headline, title};
use crate::policy::truth::Truth;

/// Returns the page, without recursion; everything that is not markup is escaped.
pub(super) fn page(trace: &Trace) -> String {
    let mut out = String::from(HEAD);
    let class = if trace.decision.is_allowed() {
        "allow"
    } else {
        "deny"
    };
    out.push_str(&format!(
        "<h1 class=\"{class}\">{}</h1>\n",
        escape(&headline(trace))
    ));
    if let Some(elapsed) = trace.elapsed {
        out.push_str(&format!("<p class=\"time\">decided in {elapsed:?}</p>\n"));
    }
    out.push_str(LEGEND);
    let mut open = 0;
    for (at, node) in trace.nodes.iter().enumerate() {
        while open > node.depth {
            out.push_str("</details>\n");
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
            out.push_str(&format!(
                "<details{class}{open_word}><summary>{}</summary>\n",
                line(node)
            ));
            open += 1;
        } else {
            out.push_str(&format!("<div class=\"test\">{}</div>\n", line(node)));
        }
    }
    for _ in 0..open {
        out.push_str("</details>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn line(node: &TraceNode) -> String {
    let (class, word) = match node.truth {
        Truth::False => ("no", "false"),
        Truth::True => ("yes", "true"),
        Truth::Unknown => ("doubt", "unknown"),
    };
    let name = escape(&title(&node.kind));
    let mut text = String::new();
    // A floating element has to precede the line that it is shown in.
    if let Some(elapsed) = node.elapsed {
        text.push_str(&format!("<small>{elapsed:?}</small> "));
    }
    text.push_str(&format!(
        "<b class=\"{class}\">{word}</b> <span>{name}</span>"
    ));
    if let NodeKind::Predicate(result) = &node.kind {
        let expected = escape(&clean(&result.expected));
        let found = &result.found;
        text.push_str(&format!(" <i>expected {expected}, found {found}</i>"));
    }
    text
}

fn escape(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&#39;"),
            c => all.push(c),
        }
    }
    all
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Decision</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
h1 { border-left: .4em solid; font-size: 1.25em; overflow-wrap: anywhere; padding: .4em .8em; }
h1.allow { border-color: #1a7f37; } h1.deny { border-color: #cf222e; }
details, .test { margin-left: 1.4em; overflow-wrap: anywhere; } body > details { margin-left: 1.1em; }
summary { cursor: pointer; margin-left: -1.1em; } summary, .test { padding: .1em 0; }
b { border-radius: .7em; color: #fff; display: inline-block; font-size: .75em; min-width: 6.5em; text-align: center; vertical-align: .1em; }
b.yes { background: #1a7f37; } b.no { background: #cf222e; } b.doubt { background: #7d5200; }
.forbid b.yes, .forbid b.no { background: #57606a; } .forbid > summary b.yes { background: #cf222e; }
i, small, .time, .legend { opacity: .75; } small { float: right; margin-left: 1em; }
</style>
</head>
<body>
"#;

const LEGEND: &str = "<p class=\"legend\">A permit allows only if it is true; a forbid denies unless it \
                      is false. Of the caller and the request, only types and sizes are shown.</p>\n";

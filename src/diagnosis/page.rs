//! HTML pages of explanations and traces: their frame, their styles and their common parts.
//!
//! A page loads nothing, has no script, and is readable in light and dark, on a narrow screen and
//! without a pointer. Everything that is not markup is escaped.

use super::explanation::{Outcome, Step};
use super::report::escaped;

/// A page that is being written.
pub(crate) struct Page(String);

/// Whether the headline of a page reports an allow or a deny.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Allow,
    Deny,
}

impl Page {
    /// Starts a page. Its title is constant, its headline may be from outside.
    pub(crate) fn new(title: &'static str, verdict: Verdict, headline: &str) -> Self {
        let class = match verdict {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
        };
        let headline = text(headline);
        let (before, after) = FRAME;
        Self(format!(
            "{before}<title>{title}</title>\n{after}<h1 class=\"{class}\">{headline}</h1>\n"
        ))
    }

    /// Writes markup; texts in it were [escaped](text).
    pub(crate) fn markup(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Writes names with their values as a list.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        self.markup("<dl class=\"facts\">\n");
        self.terms(facts.iter().map(|(name, value)| (*name, value.as_str())));
        self.markup("</dl>\n");
    }

    /// Writes the step that failed, with all that is known about it.
    pub(crate) fn failure(&mut self, step: &Step) {
        let name = text(step.name());
        self.markup(&format!(
            "<section class=\"failure\"><h2><b class=\"no\">failed</b> {name}</h2>\n"
        ));
        self.markup("<dl>\n");
        self.terms(terms_of(step));
        self.markup("</dl></section>\n");
    }

    /// Writes a heading and steps in their order.
    pub(crate) fn steps(&mut self, heading: &str, steps: &[Step]) {
        if !heading.is_empty() {
            self.markup(&format!("<h2>{}</h2>\n", text(heading)));
        }
        self.markup("<ol>\n");
        for step in steps {
            let (class, word) = match step.outcome() {
                Outcome::Ok => ("yes", "ok"),
                Outcome::Failed => ("no", "failed"),
                Outcome::Skipped => ("none", "skipped"),
            };
            let name = text(step.name());
            self.markup(&format!(
                "<li><b class=\"{class}\">{word}</b> <span>{name}</span>"
            ));
            if terms_of(step).next().is_some() {
                self.markup("<dl>\n");
                self.terms(terms_of(step));
                self.markup("</dl>");
            }
            self.markup("</li>\n");
        }
        self.markup("</ol>\n");
    }

    /// Returns the whole page.
    pub(crate) fn finish(mut self) -> String {
        self.markup("</body>\n</html>\n");
        self.0
    }

    fn terms<'t>(&mut self, terms: impl Iterator<Item = (&'t str, &'t str)>) {
        for (name, value) in terms {
            let (name, value) = (text(name), text(value));
            self.markup(&format!("<dt>{name}</dt><dd>{value}</dd>\n"));
        }
    }
}

fn terms_of(step: &Step) -> impl Iterator<Item = (&str, &str)> {
    let expected = step.expected_text().map(|text| ("expected", text));
    let found = step.found_text().map(|text| ("found", text));
    let hint = step.hint_text().map(|text| ("hint", text));
    [expected, found, hint].into_iter().flatten()
}

/// Escapes text so that it is neither markup nor changes how the text around it is shown.
pub(crate) fn text(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in escaped(text.to_owned()).chars() {
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

/// What precedes and what follows the title.
const FRAME: (&str, &str) = (
    r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
"#,
    r#"<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; }
h1 { border-left: .4em solid; font-size: 1.25em; overflow-wrap: anywhere; padding: .4em .8em; }
h1.allow { border-color: #1a7f37; } h1.deny { border-color: #cf222e; }
h2 { font-size: 1.05em; margin: 1.2em 0 .3em; overflow-wrap: anywhere; }
details, .test { margin-left: 1.4em; overflow-wrap: anywhere; } body > details { margin-left: 1.1em; }
summary { cursor: pointer; margin-left: -1.1em; } summary, .test { padding: .1em 0; }
ol { list-style: none; margin: 0; padding: 0; } li { overflow-wrap: anywhere; padding: .15em 0; }
dl { display: grid; gap: 0 .8em; grid-template-columns: max-content 1fr; margin: .1em 0 .3em 1.4em; }
dl.facts { margin-left: 0; } dt { min-width: 4.6em; opacity: .75; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
b { border-radius: .7em; color: #fff; display: inline-block; font-size: .75em; min-width: 6.5em; text-align: center; vertical-align: .1em; }
b.yes { background: #1a7f37; } b.no { background: #cf222e; } b.doubt { background: #7d5200; } b.none { background: #57606a; }
.failure { border: 2px solid #cf222e; border-radius: .5em; margin: 1em 0; padding: .2em .8em .5em; }
.failure h2 { margin-top: .5em; } .failure dl { margin-left: 0; } .failure dt { opacity: 1; font-weight: 600; }
.forbid b.yes, .forbid b.no { background: #57606a; } .forbid > summary b.yes { background: #cf222e; }
i, small, .time, .legend { opacity: .75; } small { float: right; margin-left: 1em; }
@media (max-width: 30em) {
 body { margin: 1em auto; padding: 0 .7em; } dl { grid-template-columns: 1fr; margin-left: .6em; } dd { margin-left: .8em; }
 details, .test { margin-left: .8em; } body > details { margin-left: 1.1em; } details details > summary { margin-left: -.4em; }
}
</style>
</head>
<body>
"#,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_no_markup() {
        let odd = "<script>'\"&\u{202e}\n";
        let step = Step::failed("issuer").expected(odd).found(odd).hint(odd);
        let mut page = Page::new("Explanation", Verdict::Deny, odd);
        page.facts(&[("path", odd.to_owned())]);
        page.failure(&step);
        page.steps(odd, &[step]);
        let page = page.finish();
        assert!(!page.contains("<script") && !page.contains('\u{202e}'));
        let shown = "&lt;script&gt;&#39;&quot;&amp;\\u{202e}";
        assert_eq!(page.matches(shown).count(), 9, "{page}");
    }
}

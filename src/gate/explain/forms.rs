//! Explanations of requests as JSON and as an HTML page.

use super::request_explanation::{ExplainedCaller, RequestExplanation, Section};
use super::run::AUTHORIZATION;
use crate::diagnosis::forms::step;
use crate::diagnosis::json::Object;
use crate::diagnosis::page::{Page, Verdict};

impl RequestExplanation {
    /// Returns the explanation as JSON, for logs and tools of the operator.
    ///
    /// Its members are `result` (`admitted` or `refused`), after a refusal `kind`, `claim` and
    /// `status`, then `method`, `path`, `time` (RFC 3339), `time_secs`, `caller`, `application`,
    /// `policy_version`, `sections` and `decision`. Each section has `name` and `steps`, and each
    /// step is as in [`Explanation::to_json`](crate::diagnosis::Explanation::to_json). `decision` is
    /// as in [`Trace::to_json`](crate::policy::Trace::to_json). What is not known is left out.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        match self.refusal() {
            Some(refusal) => {
                object.text("result", "refused");
                object.text("kind", refusal.kind().as_str());
                object.optional("claim", refusal.rejection().claim());
                object.number("status", refusal.status().as_u16());
            }
            None => object.text("result", "admitted"),
        }
        object.text("method", &self.method);
        object.text("path", &self.path);
        if let Some(now) = self.now {
            object.text("time", &now.to_string());
            object.number("time_secs", now.as_secs());
        }
        let callers = [("caller", &self.caller), ("application", &self.client)];
        for (name, principal) in callers {
            if let Some(principal) = principal {
                object.value(name, |out| caller(out, principal));
            }
        }
        object.optional("policy_version", self.policy_version());
        object.list("sections", self.sections(), section);
        if let Some(trace) = self.trace() {
            object.value("decision", |out| out.push_str(&trace.to_json()));
        }
        object.close();
        out
    }

    /// Returns the explanation as an HTML page, which loads nothing and has no script. The step that
    /// failed is shown first.
    ///
    /// Serve it only to operators, with `Content-Type: text/html; charset=utf-8` and
    /// `Cache-Control: no-store`.
    pub fn to_html(&self) -> String {
        let verdict = match self.refusal() {
            Some(_) => Verdict::Deny,
            None => Verdict::Allow,
        };
        let mut page = Page::new("Request", verdict, &self.headline());
        if let Some(failed) = self.failed() {
            page.failure(failed);
        }
        page.facts(&self.context());
        for section in self.sections() {
            page.steps(section.name(), section.steps());
            if section.name() == AUTHORIZATION
                && let Some(trace) = self.trace()
            {
                trace.write_conditions(&mut page);
            }
        }
        page.finish()
    }
}

fn caller(out: &mut String, caller: &ExplainedCaller) {
    let mut object = Object::open(out);
    object.text("kind", caller.kind);
    object.text("authority", &caller.authority);
    object.optional("subject", caller.subject.as_deref());
    object.close();
}

fn section(out: &mut String, section: &Section) {
    let mut object = Object::open(out);
    object.text("name", section.name());
    object.list("steps", section.steps(), step);
    object.close();
}

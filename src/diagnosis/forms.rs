//! Explanations as JSON and as an HTML page.

use super::explanation::{Explanation, Step};
use super::json::Object;
use super::page::{Page, Verdict};

impl Explanation {
    /// Returns the explanation as JSON, for logs and tools.
    ///
    /// Its members are `accepted`, for a rejected credential `kind` and `claim`, and `steps`. Each
    /// step has `name`, `outcome` (`ok`, `failed` or `skipped`), and `expected`, `found` and `hint`
    /// where they are known.
    ///
    /// ```
    /// use bearergate::diagnosis::{Explanation, Step};
    ///
    /// let explanation = Explanation::accepted(vec![Step::ok("issuer")]);
    /// let json = r#"{"accepted":true,"steps":[{"name":"issuer","outcome":"ok"}]}"#;
    /// assert_eq!(explanation.to_json(), json);
    /// ```
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        object.value("accepted", |out| {
            out.push_str(if self.is_accepted() { "true" } else { "false" });
        });
        if let Some(rejection) = self.rejection() {
            object.text("kind", rejection.kind().as_str());
            object.optional("claim", rejection.claim());
        }
        object.list("steps", self.steps(), step);
        object.close();
        out
    }

    /// Returns the explanation as an HTML page, which loads nothing and has no script. The step that
    /// failed is shown first. It is for the operator, not for a client.
    pub fn to_html(&self) -> String {
        let (verdict, headline) = match self.rejection() {
            Some(rejection) => (Verdict::Deny, format!("REJECTED: {rejection}")),
            None => (Verdict::Allow, "ACCEPTED".to_owned()),
        };
        let mut page = Page::new("Credential", verdict, &headline);
        if let Some(failed) = self.failed() {
            page.failure(failed);
        }
        page.steps("", self.steps());
        page.finish()
    }
}

/// Writes one step as JSON.
pub(crate) fn step(out: &mut String, step: &Step) {
    let mut object = Object::open(out);
    object.text("name", step.name());
    object.text("outcome", step.outcome().as_str());
    object.optional("expected", step.expected_text());
    object.optional("found", step.found_text());
    object.optional("hint", step.hint_text());
    object.close();
}

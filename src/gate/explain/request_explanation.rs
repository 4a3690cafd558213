//! The explanation of one request, as data.

use crate::clock::UnixTime;
use crate::diagnosis::{Outcome, Step, shortened};
use crate::error::RejectionKind;
use crate::http_response::Refusal;
use crate::policy::Trace;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// Why a gate admits or refuses a request, step by step, for the operator.
///
/// [`Gate::explain`](crate::Gate::explain) makes it. `Display` writes it as text,
/// [`to_json`](Self::to_json) as JSON, and [`to_html`](Self::to_html) as a page for a browser. Of
/// the [sections](Self::sections) at most one step failed, and no step behind it was carried out.
/// Never send it to a client: it shows the configuration, and issuer, audiences and times of the
/// token.
#[derive(Clone, Debug)]
pub struct RequestExplanation {
    pub(super) refusal: Option<Refusal>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) now: Option<UnixTime>,
    pub(super) caller: Option<ExplainedCaller>,
    pub(super) client: Option<ExplainedCaller>,
    pub(super) sections: Vec<Section>,
    pub(super) trace: Option<Trace>,
    pub(super) has_proof: bool,
}

/// What is shown of an accepted principal.
#[derive(Clone, Debug)]
pub(super) struct ExplainedCaller {
    pub(super) kind: &'static str,
    pub(super) authority: String,
    /// Only if values are shown.
    pub(super) subject: Option<String>,
}

/// A part of a [`RequestExplanation`]: the steps of one stage of the request.
#[derive(Clone, Debug)]
pub struct Section {
    name: &'static str,
    steps: Vec<Step>,
}

impl Section {
    pub(super) const fn new(name: &'static str, steps: Vec<Step>) -> Self {
        Self { name, steps }
    }

    /// Returns the name: `credential`, `validation`, `revocation`, then the same for a second slot
    /// (`application credential` and so on), `authorization`, and `proof`. It is stable.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the steps in their order. There is at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the step that failed, if one of this section did.
    pub fn failed(&self) -> Option<&Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.outcome() == Outcome::Failed)
    }
}

impl RequestExplanation {
    pub(super) fn new(facts: &RequestFacts<'_>) -> Self {
        Self {
            refusal: None,
            method: shortened(facts.method().as_str()),
            path: shortened(facts.uri().path()),
            now: None,
            caller: None,
            client: None,
            sections: Vec::new(),
            trace: None,
            has_proof: false,
        }
    }

    /// The explanation of a request about which nothing could be found out.
    pub(super) fn unfinished(facts: &RequestFacts<'_>) -> Self {
        Self {
            refusal: Some(RejectionKind::Unavailable.into()),
            ..Self::new(facts)
        }
    }

    /// Returns the refusal that [`check`](crate::Gate::check) gives, with its kind, HTTP status and,
    /// after a denial, its decision; `None` if it admits the request.
    ///
    /// A proof of possession is not asked for, so a request without a refusal here may still be
    /// refused for its proof.
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Returns all sections in the order in which a request is checked.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Returns the section of this name, if the gate has it.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Returns the step that failed; `None` if the request is admitted.
    pub fn failed(&self) -> Option<&Step> {
        self.sections.iter().find_map(Section::failed)
    }

    /// Returns the result of every condition of the policy; `None` if the authorizer was not asked,
    /// or has no [trace](crate::Authorizer::trace).
    pub const fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// Returns the time of the request; `None` if the gate's clock reports none.
    pub const fn now(&self) -> Option<UnixTime> {
        self.now
    }

    /// Returns the version of the policy that decided, as its trace says.
    pub fn policy_version(&self) -> Option<&str> {
        self.trace.as_ref().and_then(Trace::version)
    }

    /// Returns the result as one line.
    pub(super) fn headline(&self) -> String {
        match &self.refusal {
            Some(refusal) => {
                let (status, kind) = (refusal.status().as_u16(), refusal.kind().as_str());
                format!("REFUSED with {status}: {kind}, {}", refusal.rejection())
            }
            None if self.has_proof => "ADMITTED, if the proof of possession holds".to_owned(),
            None => "ADMITTED".to_owned(),
        }
    }

    /// Returns what the request was, as names and values.
    pub(super) fn context(&self) -> Vec<(&'static str, String)> {
        let mut context = vec![("Request", format!("{} {}", self.method, self.path))];
        let now = self.now.map(|now| format!("{now} ({})", now.as_secs()));
        context.extend(now.map(|now| ("Time", now)));
        let callers = [("Caller", &self.caller), ("Application", &self.client)];
        for (name, caller) in callers {
            context.extend(caller.as_ref().map(|caller| (name, caller.shown())));
        }
        let version = self.policy_version().map(str::to_owned);
        context.extend(version.map(|version| ("Policy version", version)));
        context
    }
}

impl ExplainedCaller {
    pub(super) fn new(principal: &Principal, shows_values: bool) -> Self {
        let subject = principal.subject().filter(|_| shows_values);
        Self {
            kind: principal.kind().as_str(),
            authority: shortened(principal.authority().as_str()),
            subject: subject.map(shortened),
        }
    }

    fn shown(&self) -> String {
        match &self.subject {
            Some(subject) => format!("`{subject}`, {} of {}", self.kind, self.authority),
            None => format!("{} of {}", self.kind, self.authority),
        }
    }
}

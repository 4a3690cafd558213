//! What a record of the audit trail holds.

use std::net::IpAddr;

/// What a record is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// A request was decided.
    Decision,
    /// A caller was authenticated, and no decision was asked for.
    Authenticated,
    /// A request was completed by its handler.
    Completed,
    /// A source was locked out.
    Locked,
    /// A signal of a possible attack.
    Signal,
    /// A key, a session or a file was made, changed or removed.
    Lifecycle,
    /// Several refusals that were not recorded one by one.
    Summary,
    /// Records were lost.
    Gap,
    /// The state of the chain.
    Checkpoint,
    /// The audit trail was started.
    Started,
    /// The audit trail was stopped.
    Stopped,
}

impl What {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Authenticated => "authenticated",
            Self::Completed => "completed",
            Self::Locked => "locked",
            Self::Signal => "signal",
            Self::Lifecycle => "lifecycle",
            Self::Summary => "summary",
            Self::Gap => "gap",
            Self::Checkpoint => "checkpoint",
            Self::Started => "started",
            Self::Stopped => "stopped",
        }
    }
}

/// The class of an outcome, which decides severity and disposition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Allowed,
    /// By the policy.
    Denied,
    /// By limits, lists, locks; 403 of addresses, 429.
    Limited,
    /// A refused credential: 401.
    Rejected,
    /// A malformed request: 400.
    Malformed,
    /// 503.
    Unavailable,
}

/// How urgent a record is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// A request was allowed, or the trail reports about itself.
    Informational,
    /// A request was refused.
    Notice,
    /// A source was locked out, or there is a signal of a possible attack.
    Warning,
    /// Records were lost.
    Error,
}

impl Severity {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A record as the writer thread sees it: unpacked, to be encoded.
///
/// Texts are untrusted: encoders escape them. `None` and empty lists are left out.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) what: What,
    /// Milliseconds since the Unix epoch.
    pub(crate) millis: u64,
    /// From 1 in each start, without holes.
    pub(crate) sequence: u64,
    /// Of this record; a completed record has that of its decision.
    pub(crate) id: u128,
    pub(crate) outcome: Outcome,
    /// The code of the rejection kind; `None` if allowed.
    pub(crate) kind: Option<&'static str>,
    pub(crate) status: Option<u16>,
    /// Whether a person should look at it: a forged credential, a lock, a signal.
    pub(crate) is_alert: bool,
    pub(crate) caller: Option<Identity<'a>>,
    pub(crate) client: Option<Identity<'a>>,
    /// Keyed hash of an identity that was claimed and not verified.
    pub(crate) claimed: Option<[u8; 8]>,
    pub(crate) address: Option<RecordedAddress<'a>>,
    pub(crate) port: Option<u16>,
    /// The trusted proxy.
    pub(crate) via: Option<IpAddr>,
    /// Why the address is unknown.
    pub(crate) address_problem: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
    pub(crate) action: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    pub(crate) user_agent: Option<&'a str>,
    /// Microseconds from the start of the request.
    pub(crate) latency: Option<u64>,
    pub(crate) level: Option<&'a str>,
    /// The name of the rule that decided.
    pub(crate) rule: Option<&'a str>,
    pub(crate) policy_version: Option<&'a str>,
    pub(crate) reasons: Vec<&'a str>,
    /// Names of limits, each with its result: `pass`, `near`, `over`, `shadow`.
    pub(crate) limits: Vec<(&'a str, &'a str)>,
    pub(crate) scopes: Vec<&'a str>,
    pub(crate) claim_names: Vec<&'a str>,
    pub(crate) trace: Option<&'a str>,
    /// Of a lifecycle record: what happened (`api_key_created`, `file_removed`), to what.
    /// Of a signal: its code, and the subject.
    pub(crate) subject_matter: Option<(&'a str, &'a str)>,
    /// Of a lock: strikes and seconds.
    pub(crate) lock: Option<(u32, u64)>,
    pub(crate) count: Option<CountOf<'a>>,
    pub(crate) checkpoint: Option<CheckpointOf<'a>>,
    /// Of a start: how many starts there were.
    pub(crate) starts: Option<u64>,
    /// Whether something was cut because the record would be too long.
    pub(crate) is_cut: bool,
}

impl Record<'_> {
    /// Returns how urgent the record is.
    pub(crate) const fn severity(&self) -> Severity {
        match (self.what, self.outcome) {
            (What::Gap, _) => Severity::Error,
            (What::Locked | What::Signal, _) => Severity::Warning,
            (What::Decision | What::Authenticated | What::Completed, Outcome::Allowed) => {
                Severity::Informational
            }
            (What::Decision | What::Authenticated | What::Completed | What::Summary, _) => {
                Severity::Notice
            }
            (What::Lifecycle | What::Checkpoint | What::Started | What::Stopped, _) => {
                Severity::Informational
            }
        }
    }

    /// Returns the kind or `allowed` for a decision and a summary, else the code of what the record
    /// is about.
    pub(crate) const fn code(&self) -> &'static str {
        match (self.what, self.kind) {
            (What::Decision | What::Summary, Some(kind)) => kind,
            (What::Decision | What::Summary, None) => "allowed",
            (what, _) => what.as_str(),
        }
    }

    /// Returns what a sink is told of the line of this record, which ends, with its line feed, at
    /// this place of the batch.
    pub(crate) const fn mark(&self, end: usize) -> LineMark {
        LineMark {
            end,
            what: self.what,
            severity: self.severity(),
            code: self.code(),
            millis: self.millis,
            sequence: self.sequence,
            id: self.id,
        }
    }
}

/// What a sink is told of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LineMark {
    /// The end of the line and its line feed in the batch.
    pub(crate) end: usize,
    pub(crate) what: What,
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) millis: u64,
    pub(crate) sequence: u64,
    pub(crate) id: u128,
}

/// A verified identity.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Identity<'a> {
    pub(crate) authority: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
    /// The kind of the credential, such as `access_token`.
    pub(crate) kind: &'a str,
    /// The id of the API key, or the token id.
    pub(crate) credential: Option<&'a str>,
    /// Whether subject and client are pseudonyms.
    pub(crate) is_pseudonym: bool,
}

/// An address in the detail that is configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RecordedAddress<'a> {
    /// The whole address, or the first one of its /24 or /48.
    Address(IpAddr),
    /// A pseudonym.
    Keyed(&'a str),
}

/// What a summary or a gap counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CountOf<'a> {
    pub(crate) count: u64,
    pub(crate) first_millis: u64,
    pub(crate) last_millis: u64,
    /// Of a summary: the number of sources.
    pub(crate) sources: Option<u64>,
    /// Of a gap: `allowed`, `refused` or `notable`.
    pub(crate) lane: Option<&'a str>,
}

/// What a checkpoint states about the records before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CheckpointOf<'a> {
    /// The MAC of the record before, in hexadecimal.
    pub(crate) head: &'a str,
    pub(crate) count: u64,
    pub(crate) file: &'a str,
}

/// What all records of one start have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) node: String,
    /// The random number of this start.
    pub(crate) boot: u128,
    pub(crate) version: &'static str,
}

//! Records of every kind for the tests of the encodings.

use std::collections::BTreeMap;

use super::Encoding;
use crate::audit::record::{
    CheckpointOf, Common, CountOf, Identity, LineMark, Outcome, Record, RecordedAddress, What,
};

pub(in crate::audit) const ENCODINGS: [Encoding; 4] = [
    Encoding::Ocsf,
    Encoding::Ecs,
    Encoding::Cef,
    Encoding::Native,
];

pub(in crate::audit) const WHATS: [What; 11] = [
    What::Decision,
    What::Authenticated,
    What::Completed,
    What::Locked,
    What::Signal,
    What::Lifecycle,
    What::Summary,
    What::Gap,
    What::Checkpoint,
    What::Started,
    What::Stopped,
];

/// What tries to end a line, a field, a value or a frame, or to change how a terminal shows it.
pub(in crate::audit) const HOSTILE: &str = "\r\n\u{85}\u{2028}\u{2029}CEF:0|a|b=c\\n\\ act=allowed ,:]\" }{ \
     \",\"x\":\"<13>1 \0\u{1}\u{7f}\u{9b}31m\u{1b}[31m\u{61c}\u{200b}\u{200f}\u{202e}\u{2066}\u{2069}\
     \u{feff}\u{1f600}é€\\";

/// A text for each field of a record.
pub(in crate::audit) struct Texts(BTreeMap<&'static str, String>);

const FIELDS: [&str; 31] = [
    "action",
    "address_problem",
    "authority",
    "claim 1",
    "claim 2",
    "client",
    "client authority",
    "client client",
    "client credential",
    "client kind",
    "client subject",
    "credential",
    "file",
    "head",
    "keyed",
    "kind",
    "level",
    "limit 1",
    "limit 2",
    "method",
    "node",
    "path",
    "policy_version",
    "reason 1",
    "reason 2",
    "resource",
    "route",
    "rule",
    "scope",
    "subject",
    "target",
];

impl Texts {
    /// Each text is the name of its field between two of these.
    pub(in crate::audit) fn around(text: &str) -> Self {
        let mut texts = FIELDS
            .map(|name| (name, format!("{text}{name}{text}")))
            .to_vec();
        texts.push(("trace", format!("{text}trace{text}")));
        texts.push(("user_agent", format!("{text}user_agent{text}")));
        Self(texts.into_iter().collect())
    }

    /// Texts as a service has them.
    pub(in crate::audit) fn usual() -> Self {
        let mut texts = Self::around("");
        for (name, text) in [
            ("action", "orders:read"),
            ("authority", "https://idp.example.com"),
            ("client", "shop-web"),
            ("credential", "3f0c9f5b7a3d4e21"),
            ("kind", "access_token"),
            ("level", "normal"),
            ("limit 1", "default"),
            ("limit 2", "reads"),
            ("method", "GET"),
            ("node", "orders-7c9f"),
            ("path", "/orders/4711/items"),
            ("policy_version", "c1753180f4a57cf9"),
            ("reason 1", "scope orders:read"),
            ("reason 2", "tenant acme"),
            ("resource", "order/4711"),
            ("route", "/orders/{id}/items"),
            ("rule", "readers may read orders"),
            ("subject", "alice"),
            ("user_agent", "shop-web/5.2 (Linux; x86_64) reqwest/0.13"),
        ] {
            texts.0.insert(name, text.into());
        }
        texts
    }

    pub(in crate::audit) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap()
    }

    pub(in crate::audit) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::audit) fn common(&self) -> Common {
        Common {
            node: self.get("node").into(),
            boot: 0x00b0_0700_0000_0000_0000_0000_0000_0001,
            version: "0.1.0",
        }
    }

    /// A record without any optional part.
    pub(in crate::audit) const fn bare(what: What) -> Record<'static> {
        Record {
            what,
            millis: 1_760_000_000_250,
            sequence: 42,
            id: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
            outcome: Outcome::Allowed,
            kind: None,
            status: None,
            is_alert: false,
            caller: None,
            client: None,
            claimed: None,
            address: None,
            port: None,
            via: None,
            address_problem: None,
            method: None,
            path: None,
            route: None,
            action: None,
            resource: None,
            user_agent: None,
            latency: None,
            level: None,
            rule: None,
            policy_version: None,
            reasons: Vec::new(),
            limits: Vec::new(),
            scopes: Vec::new(),
            claim_names: Vec::new(),
            trace: None,
            subject_matter: None,
            lock: None,
            count: None,
            checkpoint: None,
            starts: None,
            is_cut: false,
        }
    }

    /// An allowed request at the level `Normal`.
    pub(in crate::audit) fn request(&self) -> Record<'_> {
        Record {
            caller: Some(Identity {
                authority: self.get("authority"),
                subject: Some(self.get("subject")),
                client: Some(self.get("client")),
                kind: self.get("kind"),
                credential: Some(self.get("credential")),
                is_pseudonym: false,
            }),
            address: Some(RecordedAddress::Address([203, 0, 113, 7].into())),
            port: Some(50_412),
            via: Some([10, 0, 0, 2].into()),
            method: Some(self.get("method")),
            path: Some(self.get("path")),
            route: Some(self.get("route")),
            action: Some(self.get("action")),
            resource: Some(self.get("resource")),
            user_agent: Some(self.get("user_agent")),
            latency: Some(1_342),
            level: Some(self.get("level")),
            rule: Some(self.get("rule")),
            policy_version: Some(self.get("policy_version")),
            reasons: vec![self.get("reason 1"), self.get("reason 2")],
            limits: vec![(self.get("limit 1"), "pass"), (self.get("limit 2"), "near")],
            ..Self::bare(What::Decision)
        }
    }

    /// A record with every part, whether or not its kind has it.
    pub(in crate::audit) fn full(&self, what: What) -> Record<'_> {
        Record {
            what,
            outcome: Outcome::Rejected,
            kind: Some("signature_invalid"),
            status: Some(401),
            is_alert: true,
            client: Some(Identity {
                authority: self.get("client authority"),
                subject: Some(self.get("client subject")),
                client: Some(self.get("client client")),
                kind: self.get("client kind"),
                credential: Some(self.get("client credential")),
                is_pseudonym: false,
            }),
            claimed: Some([0xab, 1, 2, 3, 4, 5, 6, 0xef]),
            address_problem: Some(self.get("address_problem")),
            scopes: vec![self.get("scope"), "orders:write"],
            claim_names: vec![self.get("claim 1"), self.get("claim 2")],
            trace: Some(self.get("trace")),
            subject_matter: Some(("api_key_created", self.get("target"))),
            lock: Some((2, 120)),
            count: Some(CountOf {
                count: 917,
                first_millis: 1_760_000_000_000,
                last_millis: 1_760_000_009_999,
                sources: Some(3),
                lane: Some("refused"),
            }),
            checkpoint: Some(CheckpointOf {
                head: self.get("head"),
                count: 1_000,
                file: self.get("file"),
            }),
            starts: Some(5),
            is_cut: true,
            ..self.request()
        }
    }

    /// Records of every kind, full and bare, with what differs in their form.
    pub(in crate::audit) fn all(&self) -> Vec<Record<'_>> {
        let mut all = Vec::new();
        for what in WHATS {
            all.extend([Self::bare(what), self.full(what)]);
        }
        all.extend(self.outcomes());
        all.extend(self.lifecycles());
        all.extend(self.callers());
        all
    }

    fn outcomes(&self) -> impl Iterator<Item = Record<'_>> {
        [
            (Outcome::Allowed, None, None),
            (Outcome::Denied, Some("access_denied"), Some(403)),
            (Outcome::Limited, Some("rate_limited"), Some(429)),
            (Outcome::Limited, Some("address_denied"), Some(403)),
            (Outcome::Rejected, Some("token_expired"), Some(401)),
            (Outcome::Malformed, Some("credential_malformed"), Some(400)),
            (Outcome::Unavailable, Some("unavailable"), Some(503)),
        ]
        .into_iter()
        .flat_map(|(outcome, kind, status)| {
            [What::Decision, What::Summary].map(|what| Record {
                what,
                outcome,
                kind,
                status,
                ..self.request()
            })
        })
    }

    fn lifecycles(&self) -> impl Iterator<Item = Record<'_>> {
        [
            "api_key_created",
            "api_key_rotated",
            "api_key_deleted",
            "api_key_enabled",
            "api_key_disabled",
            "api_key_seen",
            "file_created",
            "file_removed",
            "file_reopened",
            "session_started",
            "session_ended",
            "session_seen",
            "reloaded",
        ]
        .into_iter()
        .flat_map(|event| {
            let matter = Some((event, self.get("target")));
            [Self::bare(What::Lifecycle), self.full(What::Lifecycle)].map(|record| Record {
                subject_matter: matter,
                outcome: Outcome::Allowed,
                kind: None,
                ..record
            })
        })
    }

    fn callers(&self) -> impl Iterator<Item = Record<'_>> {
        let with = |subject, client| Identity {
            authority: self.get("authority"),
            subject,
            client,
            kind: self.get("kind"),
            credential: None,
            is_pseudonym: true,
        };
        let addresses = [
            Some(RecordedAddress::Address(
                [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
            )),
            Some(RecordedAddress::Keyed(self.get("keyed"))),
            None,
        ];
        let callers = [
            Some(with(None, Some(self.get("client")))),
            Some(with(None, None)),
            None,
        ];
        callers
            .into_iter()
            .zip(addresses)
            .flat_map(|(caller, address)| {
                ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map(|method| Record {
                    caller,
                    address,
                    port: None,
                    method: Some(method),
                    action: None,
                    rule: None,
                    ..self.request()
                })
            })
    }
}

pub(in crate::audit) fn line(encoding: Encoding, record: &Record<'_>, common: &Common) -> String {
    let mut line = Vec::new();
    encoding.encode(record, common, &mut line);
    String::from_utf8(line).unwrap()
}

/// Lines of a batch, each with its line feed, and their marks: of allowed decisions.
pub(in crate::audit) fn sample_batch(lines: &[&str]) -> (Vec<u8>, Vec<LineMark>) {
    batch(lines.iter().map(|line| (*line, What::Decision)))
}

/// Lines of a batch and their marks. A line is the word of what its record is about.
#[cfg(feature = "tracing")]
pub(crate) fn sample_batch_of(words: &[&str]) -> (Vec<u8>, Vec<LineMark>) {
    batch(words.iter().map(|word| {
        let what = WHATS.into_iter().find(|what| what.as_str() == *word);
        (*word, what.unwrap_or(What::Decision))
    }))
}

fn batch<'a>(lines: impl Iterator<Item = (&'a str, What)>) -> (Vec<u8>, Vec<LineMark>) {
    let mut bytes = Vec::new();
    let marks = lines.zip(1..).map(|((line, what), sequence)| {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let record = Record {
            sequence,
            ..Texts::bare(what)
        };
        record.mark(bytes.len())
    });
    let marks = marks.collect();
    (bytes, marks)
}

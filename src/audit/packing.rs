//! Packing of events into compact records, on the threads of requests.

use std::net::IpAddr;

use super::event::{AuditEvent, Paths};
use super::field::{Field, HEADER, NO_KIND};
use super::pseudonym::{AddressDetail, DetailedAddress, PseudonymKey, PseudonymKind};
use super::record::{Outcome, What};
use super::tally::Loss;
use crate::error::RejectionKind;
use crate::json::Value;
use crate::limits;
use crate::policy::{AuditLevel, Decision, Reason, ReasonCode};
use crate::principal::Principal;

/// What of an event is recorded, by configuration.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub(super) paths: Paths,
    pub(super) addresses: AddressDetail,
    pub(super) pseudonyms: Option<PseudonymKey>,
}

/// Longest texts, in bytes.
const PATH: usize = 1_024;
const USER_AGENT: usize = 256;
const NAME: usize = 255;
const METHOD: usize = 32;
const SHORT: usize = 64;
/// Most entries of a list.
const LIST: usize = 8;
const LONG_LIST: usize = 64;

/// Packs an event into `out`, which is emptied before.
pub(super) fn pack(event: &AuditEvent<'_>, id: u128, detail: &Detail, out: &mut Vec<u8>) {
    let mut packer = Packer::new(event.what, event.millis, id, out);
    let kind = event.refusal();
    packer.outcome(outcome(event.what, kind, event.status), kind, event.status);
    packer.alert(is_alert(event.what, kind));
    packer.who(event, detail);
    packer.from(event, detail);
    let level = event.detail();
    packer.request(event, detail, level);
    if let Some(decision) = event.decision {
        packer.decision(decision, level);
    }
    if level == AuditLevel::Full {
        packer.everything(event);
    }
    if let Some((code, of)) = event.matter {
        packer.text(Field::MatterCode, code, SHORT);
        packer.text(Field::MatterOf, of, NAME);
    }
    if let Some((strikes, secs)) = event.lock {
        packer.numbers(Field::Lock, &[u64::from(strikes), secs]);
    }
    packer.finish();
}

/// Packs the sum of refusals that were not recorded one by one.
pub(super) fn pack_summary(
    kind: RejectionKind,
    loss: Loss,
    sources: u64,
    id: u128,
    out: &mut Vec<u8>,
) {
    let mut packer = Packer::new(What::Summary, loss.last_millis, id, out);
    packer.outcome(outcome(What::Summary, Some(kind), None), Some(kind), None);
    packer.alert(is_alert(What::Summary, Some(kind)));
    let numbers = [loss.count, loss.first_millis, loss.last_millis, sources];
    packer.numbers(Field::Count, &numbers);
    packer.finish();
}

/// Writes one record.
struct Packer<'p> {
    out: &'p mut Vec<u8>,
    is_cut: bool,
}

impl<'p> Packer<'p> {
    fn new(what: What, millis: u64, id: u128, out: &'p mut Vec<u8>) -> Self {
        out.clear();
        let mut header = [0; HEADER];
        header[0] = what as u8;
        header[6..14].copy_from_slice(&millis.to_le_bytes());
        header[14..30].copy_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&header);
        let is_cut = false;
        Self { out, is_cut }
    }

    fn header(&mut self) -> Option<&mut [u8; HEADER]> {
        self.out.first_chunk_mut()
    }

    fn outcome(&mut self, outcome: Outcome, kind: Option<RejectionKind>, status: Option<u16>) {
        if let Some(header) = self.header() {
            header[1] = outcome as u8;
            header[2] = kind.map_or(NO_KIND, |kind| kind as u8);
            let status = status.unwrap_or(0).to_le_bytes();
            header[4..6].copy_from_slice(&status);
        }
    }

    fn alert(&mut self, is_alert: bool) {
        if let Some(header) = self.header() {
            header[3] |= u8::from(is_alert) << 1;
        }
    }

    fn finish(mut self) {
        let is_cut = self.is_cut;
        if let Some(header) = self.header() {
            header[3] |= u8::from(is_cut);
        }
    }

    fn who(&mut self, event: &AuditEvent<'_>, detail: &Detail) {
        if let Some(caller) = event.principal {
            self.identity(Field::Caller, caller, detail);
            if event.detail() == AuditLevel::Full {
                self.token(caller);
            }
        }
        if let Some(client) = event.client {
            self.identity(Field::Client, client, detail);
        }
        if let Some(claimed) = event.claimed {
            self.bytes(Field::Claimed, &claimed);
        }
    }

    /// Begins an identity; the fields after it belong to it.
    fn identity(&mut self, field: Field, principal: &Principal, detail: &Detail) {
        let key = detail.pseudonyms.as_ref();
        self.bytes(field, &[principal.kind() as u8, u8::from(key.is_some())]);
        let authority = principal.authority().as_str();
        self.text(Field::Authority, authority, NAME);
        let parts = [
            (Field::Subject, PseudonymKind::Subject, principal.subject()),
            (Field::ClientName, PseudonymKind::Client, principal.client()),
        ];
        for (field, kind, value) in parts {
            match (value, key) {
                (None, _) => {}
                (Some(value), None) => self.text(field, value, NAME),
                (Some(value), Some(key)) => {
                    self.text(field, key.pseudonym(kind, authority, value).as_str(), NAME);
                }
            }
        }
        #[cfg(feature = "api-key")]
        if let Some(details) = principal.extension::<crate::api_key::store::ApiKeyDetails>() {
            self.text(Field::Credential, details.id().as_str(), NAME);
        }
    }

    /// The id of a token, in hexadecimal.
    fn token(&mut self, principal: &Principal) {
        let Some(id) = principal.token_id() else {
            return;
        };
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(id.as_bytes()) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
        }
        self.bytes(Field::Credential, &text);
    }

    fn from(&mut self, event: &AuditEvent<'_>, detail: &Detail) {
        let Some(origin) = &event.origin else {
            return;
        };
        let address = origin.address();
        match address.and_then(|a| detail.addresses.detailed(a, detail.pseudonyms.as_ref())) {
            Some(DetailedAddress::Address(address)) => self.address(Field::Address, address),
            Some(DetailedAddress::Keyed(text)) => {
                self.text(Field::KeyedAddress, text.as_str(), NAME)
            }
            None => {}
        }
        if let Some(port) = event.port.filter(|_| detail.addresses.has_port()) {
            self.bytes(Field::Port, &port.to_le_bytes());
        }
        if let Some(via) = origin.via() {
            self.address(Field::Via, via);
        }
        if let Some(problem) = origin.problem() {
            self.bytes(Field::Problem, &[problem as u8]);
        }
    }

    fn request(&mut self, event: &AuditEvent<'_>, detail: &Detail, level: AuditLevel) {
        self.optional(Field::Method, event.method, METHOD);
        self.optional(Field::Action, event.action, NAME);
        self.optional(Field::Resource, event.resource, NAME);
        self.bytes(Field::Level, &[level as u8]);
        if level == AuditLevel::Brief {
            return;
        }
        if detail.paths == Paths::Path {
            let path = event.path.map(without_query);
            self.optional(Field::Path, path, PATH);
        }
        if detail.paths != Paths::None {
            self.optional(Field::Route, event.route, NAME);
        }
        if let Some(agent) = event.user_agent {
            self.is_cut |= agent.len() > USER_AGENT;
            self.bytes(Field::UserAgent, agent.get(..USER_AGENT).unwrap_or(agent));
        }
        if let Some(latency) = event.latency {
            let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
            self.numbers(Field::Latency, &[micros]);
        }
        self.optional(Field::PolicyVersion, event.policy_version, SHORT);
        self.is_cut |= event.limits.len() > LIST;
        for (name, result) in event.limits.iter().take(LIST) {
            self.text(Field::Limit, name, SHORT);
            self.text(Field::LimitResult, result, SHORT);
        }
    }

    fn decision(&mut self, decision: &Decision, level: AuditLevel) {
        let reasons = decision.reasons();
        if let Some(rule) = reasons.first().filter(|first| is_rule(first)) {
            self.text(Field::Rule, rule.name(), NAME);
        }
        if level == AuditLevel::Brief {
            return;
        }
        self.is_cut |= reasons.len() > LIST;
        for reason in reasons.iter().take(LIST) {
            self.text(Field::Reason, reason.name(), SHORT);
        }
    }

    /// The fields of the level `full`.
    fn everything(&mut self, event: &AuditEvent<'_>) {
        if let Some(principal) = event.principal {
            let scopes = principal.scopes();
            let scopes = scopes.iter().flat_map(|scopes| scopes.iter());
            self.list(Field::Scope, scopes);
            if let Some(claims) = Value::from_object_text(principal.claims().json()).members() {
                for (count, (name, _)) in claims.enumerate() {
                    self.entry(Field::ClaimName, count, &name.text());
                }
            }
        }
        self.optional(Field::Trace, event.trace, limits::AUDIT_RECORD);
    }

    fn list<'t>(&mut self, field: Field, entries: impl Iterator<Item = &'t str>) {
        for (count, entry) in entries.enumerate() {
            self.entry(field, count, entry);
        }
    }

    /// One entry of a list that can be long.
    fn entry(&mut self, field: Field, count: usize, text: &str) {
        if count < LONG_LIST {
            self.text(field, text, SHORT);
        } else {
            self.is_cut = true;
        }
    }

    fn optional(&mut self, field: Field, text: Option<&str>, most: usize) {
        if let Some(text) = text {
            self.text(field, text, most);
        }
    }

    fn text(&mut self, field: Field, text: &str, most: usize) {
        let left = limits::AUDIT_RECORD.saturating_sub(self.out.len() + 3);
        let most = most.min(left);
        if text.len() <= most {
            return self.bytes(field, text.as_bytes());
        }
        self.is_cut = true;
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes(field, text.as_bytes().get(..end).unwrap_or_default());
    }

    fn address(&mut self, field: Field, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.bytes(field, &address.octets()),
            IpAddr::V6(address) => self.bytes(field, &address.octets()),
        }
    }

    fn numbers(&mut self, field: Field, numbers: &[u64]) {
        let length = u16::try_from(numbers.len() * 8).unwrap_or(0);
        if self.begins(field, length) {
            for number in numbers {
                self.out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    fn bytes(&mut self, field: Field, bytes: &[u8]) {
        if let Ok(length) = u16::try_from(bytes.len())
            && self.begins(field, length)
        {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Writes what is before a field, if the record has room for it.
    fn begins(&mut self, field: Field, length: u16) -> bool {
        let has_room = self.out.len() + 3 + usize::from(length) <= limits::AUDIT_RECORD;
        if has_room {
            let [low, high] = length.to_le_bytes();
            self.out.extend_from_slice(&[field as u8, low, high]);
        }
        self.is_cut |= !has_room;
        has_room
    }
}

/// Returns the class of an outcome.
pub(super) const fn outcome(
    what: What,
    kind: Option<RejectionKind>,
    status: Option<u16>,
) -> Outcome {
    use RejectionKind as K;
    match (what, kind, status) {
        (What::Locked, ..) => Outcome::Limited,
        (_, None, _) => Outcome::Allowed,
        (_, Some(K::ScopeInsufficient | K::AccessDenied | K::StepUpRequired), _) => Outcome::Denied,
        (_, Some(K::Unavailable), _) => Outcome::Unavailable,
        (
            _,
            Some(
                K::AddressDenied
                | K::TlsRequired
                | K::RateLimited
                | K::QuotaExhausted
                | K::CreditsExhausted
                | K::LockedOut,
            ),
            _,
        ) => Outcome::Limited,
        (_, Some(_), Some(400)) => Outcome::Malformed,
        (_, Some(K::CredentialAmbiguous | K::CredentialMalformed), None) => Outcome::Malformed,
        (_, Some(_), _) => Outcome::Rejected,
    }
}

/// Returns whether a person should look at it: nothing honest has these kinds often.
const fn is_alert(what: What, kind: Option<RejectionKind>) -> bool {
    use RejectionKind as K;
    let is_forged = matches!(
        kind,
        Some(
            K::SignatureInvalid
                | K::ApiKeyUnknown
                | K::ApiKeyMalformed
                | K::CredentialMalformed
                | K::CredentialAmbiguous
                | K::TokenMalformed
                | K::TokenTooLarge
                | K::TokenEncrypted
                | K::HeaderUnsupported
                | K::AlgorithmNotAllowed
                | K::KeyAmbiguous
                | K::RefreshReused
                | K::RefreshUnknown
                | K::ProofReplayed
        )
    );
    is_forged || matches!(what, What::Locked | What::Signal)
}

/// Whether the first reason of a decision is the rule that decided.
fn is_rule(reason: &Reason) -> bool {
    matches!(reason.code(), ReasonCode::Met | ReasonCode::Forbidden)
}

fn without_query(path: &str) -> &str {
    path.split_once(['?', '#']).map_or(path, |(path, _)| path)
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }
}

//! Common Event Format, version 0.
//!
//! A value that is a list has a comma between its items; a comma or a backslash inside an item has
//! a backslash before it.

use std::net::IpAddr;

use super::scalar::{push_address, push_hex, push_id, push_number};
use crate::audit::record::{Common, Identity, Outcome, Record, RecordedAddress, Severity, What};
use crate::json::{is_hidden, is_printable_without, split_plain};

pub(super) fn encode(record: &Record<'_>, common: &Common, line: &mut Vec<u8>) {
    let mut cef = CefLine(line);
    cef.raw("CEF:0|bearergate|bearergate|")
        .header(common.version)
        .header(record.code())
        .header(name(record.what))
        .number("", severity(record))
        .number("|rt=", record.millis);
    push_event(record, &mut cef);
    if let Some(caller) = &record.caller {
        push_caller(caller, &mut cef);
    }
    push_source(record, &mut cef);
    push_request(record, &mut cef);
    push_decision(record, &mut cef);
    cef.text(" deviceExternalId=", Some(&common.node))
        .id(" bearergateBoot=", common.boot);
    push_rest(record, &mut cef);
}

/// A CEF line that grows. A head is what comes before a value: a space, the key and `=`.
struct CefLine<'l>(&'l mut Vec<u8>);

impl CefLine<'_> {
    #[inline(always)]
    fn raw(&mut self, part: &str) -> &mut Self {
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    /// Appends a field of the header and the bar after it.
    fn header(&mut self, text: &str) -> &mut Self {
        if is_printable_without(b'|', text.as_bytes()) {
            return self.raw(text).raw("|");
        }
        for letter in text.chars() {
            match letter {
                '\\' | '|' => self.0.extend_from_slice(&[b'\\', letter as u8]),
                letter if is_hidden(letter) => self.0.push(b' '),
                letter => push_char(letter, self.0),
            }
        }
        self.raw("|")
    }

    #[inline(always)]
    fn text(&mut self, head: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.raw(head);
            push_value(text, self.0);
        }
        self
    }

    #[inline(always)]
    fn number(&mut self, head: &str, number: u64) -> &mut Self {
        self.raw(head);
        push_number(number, self.0);
        self
    }

    #[inline(always)]
    fn some_number(&mut self, head: &str, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => self.number(head, number),
            None => self,
        }
    }

    #[inline(always)]
    fn id(&mut self, head: &str, id: u128) -> &mut Self {
        self.raw(head);
        push_id(id, self.0);
        self
    }

    fn address(&mut self, head: &str, address: IpAddr) -> &mut Self {
        self.raw(head);
        push_address(address, self.0);
        self
    }

    fn list<'a>(&mut self, head: &str, items: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut head = head;
        for (item, result) in items {
            self.raw(head);
            push_item(item, self.0);
            if !result.is_empty() {
                self.raw(":");
                push_item(result, self.0);
            }
            head = ",";
        }
    }

    fn texts(&mut self, head: &str, items: &[&str]) {
        self.list(head, items.iter().map(|item| (*item, "")));
    }
}

/// Appends the value of an extension.
fn push_value(text: &str, line: &mut Vec<u8>) {
    if is_printable_without(b'=', text.as_bytes()) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    for part in Parts(text) {
        match part {
            // The only plain character that must be escaped.
            Part::Plain(plain) => push_plain(plain, line),
            Part::Special(letter) => push_special(letter, line),
        }
    }
}

/// Appends an item of a list.
fn push_item(text: &str, line: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once([',', '\\']) {
        push_value(before, line);
        // The backslash of the list is itself escaped as a value.
        let is_comma = rest.as_bytes().get(before.len()) == Some(&b',');
        line.extend_from_slice(if is_comma { b"\\\\," } else { b"\\\\\\\\" });
        rest = after;
    }
    push_value(rest, line);
}

fn push_plain(plain: &str, line: &mut Vec<u8>) {
    let mut head = "";
    for part in plain.split('=') {
        line.extend_from_slice(head.as_bytes());
        line.extend_from_slice(part.as_bytes());
        head = "\\=";
    }
}

fn push_special(letter: char, line: &mut Vec<u8>) {
    match letter {
        '\\' => line.extend_from_slice(b"\\\\"),
        '\n' => line.extend_from_slice(b"\\n"),
        '\r' => line.extend_from_slice(b"\\r"),
        letter if is_hidden(letter) => line.push(b' '),
        letter => push_char(letter, line),
    }
}

fn push_char(letter: char, line: &mut Vec<u8>) {
    line.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// A text as plain parts and single characters that may be special.
struct Parts<'a>(&'a str);

enum Part<'a> {
    Plain(&'a str),
    Special(char),
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (plain, after) = split_plain(self.0);
        if !plain.is_empty() {
            self.0 = after;
            return Some(Part::Plain(plain));
        }
        let mut letters = after.chars();
        let letter = letters.next()?;
        self.0 = letters.as_str();
        Some(Part::Special(letter))
    }
}

fn push_event(record: &Record<'_>, cef: &mut CefLine<'_>) {
    cef.id(" externalId=", record.id)
        .number(" cn1Label=sequence cn1=", record.sequence)
        .raw(" cat=")
        .raw(record.what.as_str());
    if record.is_of_request() {
        cef.raw(" act=").raw(record.outcome.as_str());
    } else if let Some((event, target)) = record.subject_matter {
        cef.text(" act=", Some(event))
            .text(" bearergateTarget=", Some(target));
    }
    let is_success = record.outcome.is_allowed() && record.what != What::Gap;
    cef.raw(if is_success {
        " outcome=success"
    } else {
        " outcome=failure"
    })
    .text(" reason=", record.kind);
    if let Some(count) = record.count {
        cef.number(" cnt=", count.count)
            .number(" start=", count.first_millis)
            .number(" end=", count.last_millis)
            .some_number(" bearergateSources=", count.sources)
            .text(" bearergateLane=", count.lane);
    }
}

fn push_caller(caller: &Identity<'_>, cef: &mut CefLine<'_>) {
    cef.text(" suid=", caller.subject)
        .text(" sntdom=", Some(caller.authority))
        .text(" cs2Label=key cs2=", caller.credential)
        .text(" cs3Label=client cs3=", caller.client)
        .text(" bearergateCredentialKind=", Some(caller.kind));
    if caller.is_pseudonym {
        cef.raw(" bearergatePseudonym=true");
    }
}

fn push_source(record: &Record<'_>, cef: &mut CefLine<'_>) {
    match record.address {
        Some(RecordedAddress::Address(address @ IpAddr::V4(_))) => cef.address(" src=", address),
        Some(RecordedAddress::Address(address)) => {
            cef.address(" c6a2Label=Source IPv6 Address c6a2=", address)
        }
        Some(RecordedAddress::Keyed(name)) => cef.text(" bearergateSource=", Some(name)),
        None => cef,
    };
    cef.some_number(" spt=", record.port.map(u64::from));
    if let Some(via) = record.via {
        cef.address(" bearergateVia=", via);
    }
    cef.text(" bearergateAddressProblem=", record.address_problem);
}

fn push_request(record: &Record<'_>, cef: &mut CefLine<'_>) {
    cef.text(" requestMethod=", record.method)
        .text(" request=", record.path)
        .text(" requestClientApplication=", record.user_agent)
        .some_number(" cn2Label=status cn2=", record.status.map(u64::from))
        .some_number(" cn3Label=latency_us cn3=", record.latency)
        .text(" bearergateRoute=", record.route);
}

fn push_decision(record: &Record<'_>, cef: &mut CefLine<'_>) {
    cef.text(" cs1Label=rule cs1=", record.rule)
        .text(" cs4Label=action cs4=", record.action)
        .text(" cs5Label=resource cs5=", record.resource)
        .list(" cs6Label=limits cs6=", record.limits.iter().copied());
    cef.text(" bearergatePolicyVersion=", record.policy_version)
        .text(" bearergateLevel=", record.level)
        .texts(" bearergateReasons=", &record.reasons);
    cef.texts(" bearergateScopes=", &record.scopes);
    cef.texts(" bearergateClaims=", &record.claim_names);
    cef.text(" bearergateTrace=", record.trace);
}

fn push_rest(record: &Record<'_>, cef: &mut CefLine<'_>) {
    cef.some_number(" bearergateStarts=", record.starts);
    if let Some(client) = &record.client {
        cef.text(" bearergateClientAuthority=", Some(client.authority))
            .text(" bearergateClientSubject=", client.subject)
            .text(" bearergateClientClient=", client.client)
            .text(" bearergateClientCredential=", client.credential)
            .text(" bearergateClientKind=", Some(client.kind));
    }
    if let Some(claimed) = &record.claimed {
        cef.raw(" bearergateClaimedId=");
        push_hex(claimed, cef.0);
    }
    if let Some((strikes, seconds)) = record.lock {
        cef.number(" bearergateStrikes=", strikes.into())
            .number(" bearergateSeconds=", seconds);
    }
    if let Some(checkpoint) = record.checkpoint {
        cef.text(" bearergateHead=", Some(checkpoint.head))
            .number(" bearergateRecords=", checkpoint.count)
            .text(" fname=", Some(checkpoint.file));
    }
    if record.is_alert {
        cef.raw(" bearergateAlert=true");
    }
    if record.is_cut {
        cef.raw(" bearergateCut=true");
    }
}

const fn name(what: What) -> &'static str {
    match what {
        What::Decision => "request decided",
        What::Authenticated => "caller authenticated",
        What::Completed => "request completed",
        What::Locked => "source locked out",
        What::Signal => "signal of a possible attack",
        What::Lifecycle => "key, session or file changed",
        What::Summary => "requests refused",
        What::Gap => "audit records lost",
        What::Checkpoint => "checkpoint of the audit chain",
        What::Started => "audit trail started",
        What::Stopped => "audit trail stopped",
    }
}

fn severity(record: &Record<'_>) -> u64 {
    match (record.severity(), record.status, record.outcome) {
        (Severity::Informational, ..) => 1,
        (Severity::Warning, ..) => 7,
        (Severity::Error, ..) => 9,
        (Severity::Notice, Some(401), _) => 3,
        (Severity::Notice, Some(403), _) => 5,
        (Severity::Notice, Some(429), _) => 4,
        (Severity::Notice, _, Outcome::Rejected | Outcome::Malformed) => 3,
        (Severity::Notice, _, Outcome::Limited) => 4,
        (Severity::Notice, ..) => 5,
    }
}

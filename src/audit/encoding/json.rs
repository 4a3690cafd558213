//! JSON objects, written member by member.

use std::net::IpAddr;

use super::scalar::{push_address, push_hex, push_id, push_number, push_time};
use crate::audit::record::{CheckpointOf, CountOf, Identity, Record, What};
use crate::json::push_escaped;

/// A line of JSON that grows.
///
/// A *head* is what comes before a value: a comma, the name, its colon, and the first quote of a
/// text. Heads are constants of the encoders, so that copying them is inlined; everything else is a
/// value. Names of members that the crate defines begin with `bearergate.` where they are dotted.
pub(super) struct JsonLine<'l, const DOTTED: bool>(&'l mut Vec<u8>);

impl<'l, const DOTTED: bool> JsonLine<'l, DOTTED> {
    pub(super) const fn new(line: &'l mut Vec<u8>) -> Self {
        Self(line)
    }

    /// Appends a part of the object as it is.
    #[inline(always)]
    pub(super) fn raw(&mut self, part: &str) -> &mut Self {
        self.0.extend_from_slice(part.as_bytes());
        self
    }

    /// Appends the start of a member that the crate defines.
    #[inline(always)]
    pub(super) fn own(&mut self, name: &str) -> &mut Self {
        self.raw(if DOTTED { ",\"bearergate." } else { ",\"" })
            .raw(name)
    }

    #[inline(always)]
    pub(super) fn text(&mut self, head: &str, text: &str) -> &mut Self {
        self.raw(head);
        push_escaped(text, self.0);
        self.end_text()
    }

    #[inline(always)]
    fn end_text(&mut self) -> &mut Self {
        self.0.push(b'"');
        self
    }

    #[inline(always)]
    pub(super) fn some_text(&mut self, head: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(head, text),
            None => self,
        }
    }

    #[inline(always)]
    pub(super) fn number(&mut self, head: &str, number: u64) -> &mut Self {
        self.raw(head);
        push_number(number, self.0);
        self
    }

    #[inline(always)]
    pub(super) fn id(&mut self, head: &str, id: u128) -> &mut Self {
        self.raw(head);
        push_id(id, self.0);
        self.end_text()
    }

    /// Appends the id of the record. A completed request has the id of its decision, and is another
    /// event.
    pub(super) fn event_id(&mut self, head: &str, record: &Record<'_>) -> &mut Self {
        self.raw(head);
        push_id(record.id, self.0);
        self.raw(if record.what == What::Completed {
            "-completed\""
        } else {
            "\""
        })
    }

    pub(super) fn time(&mut self, head: &str, millis: u64) -> &mut Self {
        self.raw(head);
        push_time(millis, self.0);
        self.end_text()
    }

    pub(super) fn address(&mut self, head: &str, address: IpAddr) -> &mut Self {
        self.raw(head);
        push_address(address, self.0);
        self.end_text()
    }

    #[inline(always)]
    pub(super) fn own_text(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.own(name).text("", text),
            None => self,
        }
    }

    #[inline(always)]
    pub(super) fn own_number(&mut self, name: &str, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => self.own(name).number("", number),
            None => self,
        }
    }

    fn own_texts(&mut self, name: &str, texts: &[&str]) -> &mut Self {
        if texts.is_empty() {
            return self;
        }
        self.own(name);
        let mut head = "[\"";
        for text in texts {
            self.text(head, text);
            head = ",\"";
        }
        self.raw("]")
    }

    /// Appends an identity that has no place of its own in the encoding.
    pub(super) fn own_identity(&mut self, name: &str, identity: &Identity<'_>) -> &mut Self {
        self.own(name)
            .text("{\"authority\":\"", identity.authority)
            .some_text(",\"subject\":\"", identity.subject)
            .some_text(",\"client\":\"", identity.client)
            .some_text(",\"credential\":\"", identity.credential)
            .text(",\"kind\":\"", identity.kind)
            .raw("}")
    }

    /// Appends the members that have no place of their own in any encoding.
    pub(super) fn own_members(&mut self, record: &Record<'_>) -> &mut Self {
        self.own_number("starts\":", record.starts)
            .own_text("level\":\"", record.level)
            .own_text(
                "credential_kind\":\"",
                record.caller.map(|caller| caller.kind),
            )
            .own_text("address_problem\":\"", record.address_problem)
            .own_texts("reasons\":", &record.reasons)
            .own_texts("scopes\":", &record.scopes)
            .own_texts("claims\":", &record.claim_names)
            .own_text("trace\":\"", record.trace);
        if record.caller.is_some_and(|caller| caller.is_pseudonym) {
            self.own("pseudonym\":").raw("true");
        }
        if let Some(claimed) = &record.claimed {
            self.own("claimed_id\":\"");
            push_hex(claimed, self.0);
            self.end_text();
        }
        self.own_limits(&record.limits);
        if let Some((event, target)) = record.subject_matter {
            self.own_text("event\":\"", Some(event))
                .own_text("target\":\"", Some(target));
        }
        if let Some((strikes, seconds)) = record.lock {
            self.own_number("strikes\":", Some(strikes.into()));
            self.own_number("seconds\":", Some(seconds));
        }
        self.own_count(record.count)
            .own_checkpoint(record.checkpoint);
        if record.is_cut {
            self.own("cut\":").raw("true");
        }
        self
    }

    fn own_limits(&mut self, limits: &[(&str, &str)]) {
        if limits.is_empty() {
            return;
        }
        self.own("limits\":");
        let mut head = "[{\"name\":\"";
        for (name, result) in limits {
            self.text(head, name)
                .text(",\"result\":\"", result)
                .raw("}");
            head = ",{\"name\":\"";
        }
        self.raw("]");
    }

    fn own_count(&mut self, count: Option<CountOf<'_>>) -> &mut Self {
        let Some(count) = count else { return self };
        self.own_number("sources\":", count.sources)
            .own_text("lane\":\"", count.lane)
    }

    fn own_checkpoint(&mut self, checkpoint: Option<CheckpointOf<'_>>) -> &mut Self {
        let Some(checkpoint) = checkpoint else {
            return self;
        };
        self.own_text("head\":\"", Some(checkpoint.head))
            .own_number("records\":", Some(checkpoint.count))
            .own_text("file\":\"", Some(checkpoint.file))
    }
}

//! `Signature-Input` and `Signature`: which signature of a message is looked at.

use std::borrow::Cow;

use http::HeaderMap;

use super::component::ComponentId;
use super::digest::is_compared;
use super::structured::{Bare, Dictionary, Member, MemberValue, dictionary, push_member};
use crate::limits;

/// A signature of a message, as it is described there.
pub(super) struct SignatureInput<'h> {
    pub(super) label: &'h str,
    /// The text of the list with its parameters, which is signed.
    pub(super) text: &'h str,
    pub(super) components: Vec<ComponentId<'h>>,
    pub(super) created: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) nonce: Option<Cow<'h, str>>,
    pub(super) alg: Option<Cow<'h, str>>,
    pub(super) keyid: Option<Cow<'h, str>>,
    pub(super) signature: Vec<u8>,
}

/// Why there is no signature to look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoInput {
    /// There is none with the required tag.
    Absent,
    Malformed(&'static str),
}

/// Returns the one signature with this tag, or the only one if no tag is required.
pub(super) fn find<'h>(
    headers: &'h HeaderMap,
    tag: Option<&str>,
) -> Result<SignatureInput<'h>, NoInput> {
    let inputs = only_line(headers, "signature-input")?;
    let signatures = only_line(headers, "signature")?;
    let (Some(inputs), Some(signatures)) = (inputs, signatures) else {
        return Err(NoInput::Absent);
    };
    let mut inputs = parse(inputs)?;
    let mut signatures = parse(signatures)?;
    let mut own = (0..).zip(&inputs).filter(|(_, (_, own))| has_tag(own, tag));
    let (at, (label, _)) = own.next().ok_or(NoInput::Absent)?;
    if own.next().is_some() {
        return Err(NoInput::Malformed(
            "expected one signature with the tag, found several",
        ));
    }
    let signature = signatures.iter().position(|(known, _)| known == label);
    let signature = signature.ok_or(NoInput::Absent)?;
    let is_same = inputs.len() == signatures.len()
        && inputs
            .iter()
            .all(|(label, _)| signatures.iter().any(|(own, _)| own == label));
    if !is_same {
        return Err(NoInput::Malformed(
            "expected the same labels in both fields, found others",
        ));
    }
    let (label, member) = inputs.swap_remove(at);
    let (_, signature) = signatures.swap_remove(signature);
    read(label, member, signature).ok_or(NoInput::Malformed(
        "expected a list of components with their parameters, found another value",
    ))
}

fn only_line<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, NoInput> {
    let mut lines = headers.get_all(name).into_iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() || line.len() > limits::SIGNATURE_FIELD_BYTES {
        return Err(NoInput::Malformed(
            "expected one field line of at most 8 KiB, found more",
        ));
    }
    let text = line.to_str();
    text.map(Some)
        .map_err(|_| NoInput::Malformed("expected ASCII, found other bytes"))
}

fn parse(text: &str) -> Result<Dictionary<'_>, NoInput> {
    let members = dictionary(text).ok_or(NoInput::Malformed(
        "expected a dictionary, found another value",
    ))?;
    match members.len() {
        1..=limits::SIGNATURES => Ok(members),
        _ => Err(NoInput::Malformed(
            "expected one to four signatures, found another number",
        )),
    }
}

fn has_tag(member: &Member<'_>, tag: Option<&str>) -> bool {
    let Some(tag) = tag else {
        return true;
    };
    let mut tags = member.parameters.iter().filter(|(key, _)| *key == "tag");
    tags.any(|(_, value)| matches!(value, Bare::String(own) if own == tag))
}

fn read<'h>(
    label: &'h str,
    member: Member<'h>,
    signature: Member<'h>,
) -> Option<SignatureInput<'h>> {
    // What is signed is the text; it must be the only spelling of what is read.
    let mut canonical = String::with_capacity(member.text.len());
    push_member(&member, &mut canonical);
    if canonical != member.text {
        return None;
    }
    let MemberValue::List(items) = member.value else {
        return None;
    };
    let MemberValue::Item(Bare::Bytes(signature)) = signature.value else {
        return None;
    };
    let mut components: Vec<ComponentId<'h>> = Vec::with_capacity(items.len());
    for (name, parameters) in items {
        let component = ComponentId::read(name, parameters)?;
        let is_twice = components.iter().any(|own| own.is_same(&component));
        if is_twice || components.len() >= limits::SIGNED_COMPONENTS {
            return None;
        }
        components.push(component);
    }
    let mut own = SignatureInput {
        label,
        text: member.text,
        components,
        created: None,
        expires: None,
        nonce: None,
        alg: None,
        keyid: None,
        signature,
    };
    for (key, value) in member.parameters {
        own.set(key, value)?;
    }
    Some(own)
}

impl<'h> SignatureInput<'h> {
    /// Takes a parameter, whose type must be the right one. Unknown parameters are signed, and ignored.
    fn set(&mut self, key: &str, value: Bare<'h>) -> Option<()> {
        match (key, value) {
            ("created", Bare::Integer(time)) => self.created = Some(time),
            ("expires", Bare::Integer(time)) => self.expires = Some(time),
            ("nonce", Bare::String(text)) => self.nonce = Some(text),
            ("alg", Bare::String(text)) => self.alg = Some(text),
            ("keyid", Bare::String(text)) => self.keyid = Some(text),
            ("created" | "expires" | "nonce" | "alg" | "keyid", _) => return None,
            ("tag", Bare::String(_)) => {}
            ("tag", _) => return None,
            _ => {}
        }
        Some(())
    }

    /// Returns whether this component is covered.
    pub(super) fn covers_component(&self, wanted: &ComponentId<'_>) -> bool {
        self.components.iter().any(|own| own.is_same(wanted))
    }

    /// Returns whether a digest of the content is covered, in any form: then it has to be the one of the
    /// content. A single member counts only if its algorithm is compared.
    pub(super) fn covers_digest(&self) -> bool {
        let digests = self.components.iter();
        let mut digests = digests.filter(|own| own.name == "content-digest" && !own.has("req"));
        digests.any(|own| own.text("key").is_none_or(is_compared))
    }

    /// Returns whether a component is covered by itself.
    pub(super) fn covers(&self, name: &str) -> bool {
        self.components.iter().any(|component| component.is(name))
    }
}

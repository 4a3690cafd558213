//! The signature base: the text that is signed (RFC 9421 section 2.5).

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};

use super::component::ComponentId;
use super::structured::{dictionary, push_dictionary, push_member};
use crate::limits;
use crate::request::{ExternalUrl, RequestFacts, with_slash};

/// A message whose components are signed.
#[derive(Clone, Copy)]
pub(super) enum Message<'m> {
    Request(Target<'m>),
    Response {
        status: StatusCode,
        headers: &'m HeaderMap,
        /// The request that it answers, for components with `req`.
        request: Target<'m>,
    },
}

/// A request, and the address under which clients reach its service.
#[derive(Clone, Copy)]
pub(super) struct Target<'m> {
    pub(super) facts: RequestFacts<'m>,
    pub(super) url: &'m ExternalUrl,
}

/// Where a request goes, as its client knows it.
struct Address<'m> {
    /// Scheme and authority in normal form.
    origin: Cow<'m, str>,
    /// Path and query.
    path: [&'m str; 3],
}

impl<'m> Target<'m> {
    /// Returns the address: what a gateway has said, or the configured one. `None` if that is no http or
    /// https URI.
    fn address(&self) -> Option<Address<'m>> {
        if let Some(target) = self.facts.target() {
            let (origin, path) = target.parts()?;
            return Some(Address {
                origin: origin.into(),
                path: with_slash("", path),
            });
        }
        let sent = self.facts.uri().path_and_query();
        Some(Address {
            origin: self.url.origin().into(),
            path: self.url.outer_parts(sent.map_or("/", |own| own.as_str())),
        })
    }
}

impl<'m> Address<'m> {
    fn scheme_and_authority(&self) -> (&str, &str) {
        self.origin.split_once("://").unwrap_or_default()
    }

    fn query(&self) -> Option<&'m str> {
        let [.., rest] = self.path;
        rest.split_once('?').map(|(_, query)| query)
    }
}

/// Fields that are dictionaries, of which `sf` is read.
const DICTIONARIES: [&str; 5] = [
    "content-digest",
    "repr-digest",
    "signature",
    "signature-input",
    "priority",
];

/// Returns the base of these components, or `None` if one of them is not in the message, or cannot be
/// read as it is asked for. `parameters` is the text of the list with its parameters.
pub(super) fn base(
    message: Message<'_>,
    components: &[ComponentId<'_>],
    parameters: &str,
) -> Option<String> {
    let mut base = String::with_capacity(2_048 + parameters.len());
    for component in components {
        component.push(&mut base);
        base.push_str(": ");
        push_value(message, component, &mut base)?;
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(parameters);
    Some(base)
}

fn push_value(message: Message<'_>, component: &ComponentId<'_>, out: &mut String) -> Option<()> {
    match message {
        Message::Request(_) if component.has("req") => None,
        Message::Request(target) => push_of_request(target, component, out),
        Message::Response { request, .. } if component.has("req") => {
            push_of_request(request, component, out)
        }
        Message::Response {
            status, headers, ..
        } => match &*component.name {
            "@status" if component.parameters.is_empty() => {
                out.push_str(status.as_str());
                Some(())
            }
            name if name.starts_with('@') => None,
            _ => push_field(headers, component, out),
        },
    }
}

fn push_of_request(
    target: Target<'_>,
    component: &ComponentId<'_>,
    out: &mut String,
) -> Option<()> {
    if !component.name.starts_with('@') {
        return push_field(target.facts.headers(), component, out);
    }
    let address = target.address()?;
    let is_plain = component.parameters.iter().all(|(key, _)| *key == "req");
    let (scheme, authority) = address.scheme_and_authority();
    match &*component.name {
        "@query-param" => return push_query_param(address.query()?, component, out),
        _ if !is_plain => return None,
        "@method" => out.push_str(target.facts.method().as_str()),
        "@scheme" => out.push_str(scheme),
        "@authority" => out.push_str(authority),
        "@target-uri" => {
            out.push_str(&address.origin);
            out.extend(address.path);
        }
        "@request-target" => out.extend(address.path),
        "@path" => {
            let [base, slash, rest] = address.path;
            out.extend([base, slash, rest.split('?').next().unwrap_or_default()]);
        }
        "@query" => {
            out.push('?');
            out.push_str(address.query().unwrap_or_default());
        }
        _ => return None,
    }
    Some(())
}

/// Appends the value of a header field (RFC 9421 section 2.1).
fn push_field(headers: &HeaderMap, component: &ComponentId<'_>, out: &mut String) -> Option<()> {
    let is_known = |key: &str| ["bs", "key", "req", "sf"].contains(&key);
    if !component.parameters.iter().all(|(key, _)| is_known(key)) {
        return None;
    }
    let lines = || headers.get_all(&*component.name).into_iter();
    lines().next()?;
    let is_bytes = component.has("bs");
    if is_bytes {
        if component.has("sf") || component.has("key") {
            return None;
        }
        for (number, line) in lines().enumerate() {
            out.push_str(if number > 0 { ", :" } else { ":" });
            STANDARD.encode_string(line.as_bytes().trim_ascii(), out);
            out.push(':');
        }
        return Some(());
    }
    if !component.has("sf") && !component.has("key") {
        return push_lines(lines(), out);
    }
    let mut joined = String::new();
    push_lines(lines(), &mut joined)?;
    let members = dictionary(&joined)?;
    match component.text("key") {
        Some(key) => {
            let (_, member) = members.iter().find(|(own, _)| *own == key)?;
            push_member(member, out);
        }
        None if DICTIONARIES.contains(&&*component.name) => push_dictionary(&members, out),
        None => return None,
    }
    Some(())
}

fn push_lines<'h>(
    lines: impl Iterator<Item = &'h http::HeaderValue>,
    out: &mut String,
) -> Option<()> {
    for (number, line) in lines.enumerate() {
        if number > 0 {
            out.push_str(", ");
        }
        let line = str::from_utf8(line.as_bytes()).ok()?;
        out.push_str(line.trim_matches([' ', '\t']));
    }
    Some(())
}

/// Appends the value of the one query parameter of this name (RFC 9421 section 2.2.8).
fn push_query_param(query: &str, component: &ComponentId<'_>, out: &mut String) -> Option<()> {
    let is_known = |key: &str| ["name", "req"].contains(&key);
    if !component.parameters.iter().all(|(key, _)| is_known(key)) {
        return None;
    }
    let wanted = component.text("name")?;
    // It is read once for each component, before the signature is known to be valid.
    if query.len() > limits::SIGNATURE_FIELD_BYTES {
        return None;
    }
    let mut found = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if reencoded(name)? == wanted && found.replace(value).is_some() {
            return None;
        }
    }
    out.push_str(&reencoded(found?)?);
    Some(())
}

/// Decodes a part of a form, and encodes it again in one way.
fn reencoded(text: &str) -> Option<String> {
    let mut encoded = String::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            other => other,
        };
        match byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            true => encoded.push(byte.into()),
            false => write!(encoded, "%{byte:02X}").ok()?,
        }
    }
    Some(encoded)
}

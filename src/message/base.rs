//! The signature base: the text that is signed (RFC 9421 section 2.5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};

use super::component::ComponentId;
use super::structured::{dictionary, push_dictionary, push_member};
use crate::request::{ExternalUrl, RequestFacts};

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
    Target { facts, url }: Target<'_>,
    component: &ComponentId<'_>,
    out: &mut String,
) -> Option<()> {
    if !component.name.starts_with('@') {
        return push_field(facts.headers(), component, out);
    }
    let is_plain = component.parameters.iter().all(|(key, _)| *key == "req");
    let (scheme, authority) = url.scheme_and_authority();
    let sent = facts.uri().path_and_query().map_or("/", |own| own.as_str());
    let outer = url.outer_parts(sent);
    match &*component.name {
        "@query-param" => return push_query_param(facts.uri().query()?, component, out),
        _ if !is_plain => return None,
        "@method" => out.push_str(facts.method().as_str()),
        "@scheme" => out.push_str(scheme),
        "@authority" => out.push_str(authority),
        "@target-uri" => {
            out.push_str(url.origin());
            out.extend(outer);
        }
        "@request-target" => out.extend(outer),
        "@path" => {
            let [base, slash, rest] = outer;
            out.extend([base, slash, rest.split('?').next().unwrap_or_default()]);
        }
        "@query" => {
            out.push('?');
            out.push_str(facts.uri().query().unwrap_or_default());
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
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(encoded)
}

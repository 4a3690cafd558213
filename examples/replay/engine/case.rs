//! A line as a case: token, keys and expected values.

use std::borrow::Cow;

use bearergate::clock::UnixTime;
use bearergate::json::{Kind, Object, Value};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::fault::Fault;

/// Latest time in a claim: 9999-12-31T23:59:59Z.
const TIME_MAX: u64 = 253_402_300_799;

/// A credential and the configuration to validate it with.
pub(super) struct Case<'j> {
    pub(super) credential: Credential<'j>,
    pub(super) config: Config<'j>,
    pub(super) now: Option<UnixTime>,
    /// Whether the answer has the steps of the validation.
    pub(super) with_steps: bool,
}

/// The presented credential.
pub(super) enum Credential<'j> {
    Authorization(Cow<'j, str>),
    Token(Cow<'j, str>),
}

/// The configuration of a validator.
pub(super) struct Config<'j> {
    pub(super) keys: KeySource<'j>,
    pub(super) algorithms: Option<Names<'j>>,
    pub(super) issuer: Option<Names<'j>>,
    pub(super) audience: Option<Names<'j>>,
    pub(super) typ: Option<Cow<'j, str>>,
    pub(super) accept_types: Option<Names<'j>>,
    pub(super) access_mark: Option<AccessMark<'j>>,
    pub(super) absent_if_empty: Option<Names<'j>>,
    pub(super) absent_if_null: Option<Names<'j>>,
    pub(super) client_from: Option<Cow<'j, str>>,
    pub(super) max_header_bytes: Option<f64>,
    pub(super) leeway: Option<u64>,
    pub(super) is_expiry_optional: bool,
    /// The members of the line that it was read from, except the keys.
    pub(super) text: String,
}

/// A claim that only access tokens have, and its value if one is required.
pub(super) struct AccessMark<'j> {
    pub(super) name: Cow<'j, str>,
    pub(super) value: Option<Cow<'j, str>>,
}

/// A list of strings.
pub(super) type Names<'j> = Vec<Cow<'j, str>>;

/// Where the keys come from.
pub(super) struct KeySource<'j> {
    /// The name of the member.
    pub(super) form: &'static str,
    /// The document, or the content of the string.
    pub(super) text: Cow<'j, str>,
}

impl<'j> Case<'j> {
    /// Reads a line that the scanner accepted.
    ///
    /// Only if every member is known and of its type, and no two are alternatives of each other.
    pub(super) fn read(line: &Object<'j>) -> Result<Self, Fault> {
        check_members(line)?;
        id(line).ok_or_else(|| absent(line, "id"))?;
        Ok(Self {
            credential: credential(line)?,
            config: Config::read(line)?,
            now: now(line)?,
            with_steps: boolean(line, "explain")?,
        })
    }
}

impl<'j> Config<'j> {
    fn read(line: &Object<'j>) -> Result<Self, Fault> {
        if let (Some(_), Some(_)) = (line.get("type"), line.get("accept_types")) {
            return Err(Fault::of(Fault::CONFLICT, "accept_types"));
        }
        Ok(Self {
            keys: keys(line)?,
            algorithms: array(line, "algorithms")?,
            issuer: names(line, "issuer")?,
            audience: names(line, "audience")?,
            typ: string(line, "type")?,
            accept_types: array(line, "accept_types")?,
            access_mark: access_mark(line)?,
            absent_if_empty: array(line, "absent_if_empty")?,
            absent_if_null: array(line, "absent_if_null")?,
            client_from: string(line, "client_from")?,
            max_header_bytes: number(line, "max_header_bytes")?,
            leeway: leeway(line)?,
            is_expiry_optional: is_expiry_optional(line)?,
            text: config_text(line),
        })
    }
}

/// Returns the `id` of a line that the scanner accepted, if it is a string.
pub(super) fn id(line: &Object<'_>) -> Option<String> {
    line.get("id")?.as_str().map(Cow::into_owned)
}

/// Returns the only `id` of a line that the scanner refused, to be repeated in the answer.
pub(super) fn salvaged_id(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<Salvaged>(line).ok()?.0
}

const CONFIG: &[&str] = &[
    "algorithms",
    "issuer",
    "audience",
    "type",
    "accept_types",
    "access_mark",
    "absent_if_empty",
    "absent_if_null",
    "client_from",
    "max_header_bytes",
    "leeway",
    "expiry",
];
const CREDENTIALS: &[&str] = &["token", "authorization"];
const KEYS: &[&str] = &["jwks", "jwk", "secret", "pem"];
const OTHERS: &[&str] = &["id", "now", "explain"];

fn check_members(line: &Object<'_>) -> Result<(), Fault> {
    for (name, value) in line.members() {
        let mut known = [CONFIG, CREDENTIALS, KEYS, OTHERS].into_iter().flatten();
        let member = known.find(|known| **known == name).ok_or(Fault::UNKNOWN)?;
        if value.kind() == Kind::Null {
            return Err(Fault::of(Fault::NULL, member));
        }
    }
    Ok(())
}

/// Returns the only one of several alternatives that a line holds.
fn one_of<'j>(
    line: &Object<'j>,
    names: &'static [&'static str],
) -> Result<(&'static str, Value<'j>), Fault> {
    let mut found = names
        .iter()
        .filter_map(|name| Some((*name, line.get(name)?)));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (_, Some((second, _))) => Err(Fault::of(Fault::CONFLICT, second)),
        (None, None) => Err(Fault::new(Fault::MISSING, names.first().copied())),
    }
}

fn credential<'j>(line: &Object<'j>) -> Result<Credential<'j>, Fault> {
    let (name, value) = one_of(line, CREDENTIALS)?;
    let text = value.as_str().ok_or(Fault::of(Fault::TYPE, name))?;
    Ok(match name {
        "token" => Credential::Token(text),
        _ => Credential::Authorization(text),
    })
}

fn keys<'j>(line: &Object<'j>) -> Result<KeySource<'j>, Fault> {
    let (form, value) = one_of(line, KEYS)?;
    let text = match (form, value.kind()) {
        ("jwks" | "jwk", Kind::Object) => Some(Cow::Borrowed(value.raw())),
        ("jwks" | "secret" | "pem", Kind::String) => value.as_str(),
        _ => None,
    };
    let text = text.ok_or(Fault::of(Fault::TYPE, form))?;
    Ok(KeySource { form, text })
}

fn absent(line: &Object<'_>, name: &'static str) -> Fault {
    let is_there = line.get(name).is_some();
    Fault::of(
        if is_there {
            Fault::TYPE
        } else {
            Fault::MISSING
        },
        name,
    )
}

fn string<'j>(line: &Object<'j>, name: &'static str) -> Result<Option<Cow<'j, str>>, Fault> {
    let read = |value: Value<'j>| value.as_str().ok_or(Fault::of(Fault::TYPE, name));
    line.get(name).map(read).transpose()
}

/// Reads a boolean; an absent one is false.
fn boolean(line: &Object<'_>, name: &'static str) -> Result<bool, Fault> {
    let read = |value: Value<'_>| value.as_bool().ok_or(Fault::of(Fault::TYPE, name));
    line.get(name).map_or(Ok(false), read)
}

fn strings<'j>(value: Value<'j>) -> Option<Names<'j>> {
    value.elements()?.map(Value::as_str).collect()
}

fn array<'j>(line: &Object<'j>, name: &'static str) -> Result<Option<Names<'j>>, Fault> {
    let read = |value: Value<'j>| strings(value).ok_or(Fault::of(Fault::TYPE, name));
    line.get(name).map(read).transpose()
}

/// Reads `access_mark`: a name, or an object with exactly a name and a value.
fn access_mark<'j>(line: &Object<'j>) -> Result<Option<AccessMark<'j>>, Fault> {
    let Some(mark) = line.get("access_mark") else {
        return Ok(None);
    };
    if let Some(name) = mark.as_str() {
        return Ok(Some(AccessMark { name, value: None }));
    }
    let mark = mark.as_object().filter(|mark| mark.len() == 2);
    let member = |name| mark.as_ref()?.get(name)?.as_str();
    match (member("name"), member("value")) {
        (Some(name), value @ Some(_)) => Ok(Some(AccessMark { name, value })),
        _ => Err(Fault::of(Fault::TYPE, "access_mark")),
    }
}

fn names<'j>(line: &Object<'j>, name: &'static str) -> Result<Option<Names<'j>>, Fault> {
    let Some(value) = line.get(name) else {
        return Ok(None);
    };
    let read = value
        .as_str()
        .map(|one| vec![one])
        .or_else(|| strings(value));
    read.map(Some).ok_or(Fault::of(Fault::TYPE, name))
}

fn number(line: &Object<'_>, name: &'static str) -> Result<Option<f64>, Fault> {
    let Some(value) = line.get(name) else {
        return Ok(None);
    };
    let read = value
        .deserialize()
        .map_err(|_| Fault::of(Fault::TYPE, name));
    read.map(Some)
}

/// Reads `now`, a number without its fraction.
fn now(line: &Object<'_>) -> Result<Option<UnixTime>, Fault> {
    let Some(now) = number(line, "now")? else {
        return Ok(None);
    };
    if !(0.0..=TIME_MAX as f64).contains(&now) {
        return Err(Fault::of(Fault::RANGE, "now"));
    }
    // A long fraction rounds up as an `f64`.
    let raw = line.get("now").map(Value::raw).unwrap_or_default();
    let whole = raw.split_once('.').map_or(raw, |(whole, _)| whole);
    let is_plain = !raw.contains(['e', 'E']);
    let exact = whole.parse().ok().filter(|_| is_plain);
    Ok(Some(UnixTime::from_secs(exact.unwrap_or(now as u64))))
}

/// Reads `leeway`, a whole number. The configuration refuses one that is too large.
fn leeway(line: &Object<'_>) -> Result<Option<u64>, Fault> {
    let whole = |secs: f64| {
        let is_whole = secs >= 0.0 && secs.fract() == 0.0;
        is_whole
            .then_some(secs as u64)
            .ok_or(Fault::of(Fault::RANGE, "leeway"))
    };
    number(line, "leeway")?.map(whole).transpose()
}

fn is_expiry_optional(line: &Object<'_>) -> Result<bool, Fault> {
    match string(line, "expiry")?.as_deref() {
        None | Some("required") => Ok(false),
        Some("optional") => Ok(true),
        Some(_) => Err(Fault::of(Fault::VALUE, "expiry")),
    }
}

fn config_text(line: &Object<'_>) -> String {
    let raw = |name: &&str| line.get(name).map(Value::raw).unwrap_or_default();
    // JSON has no such character, so that no two configurations share a text.
    CONFIG.iter().map(raw).collect::<Vec<_>>().join("\0")
}

struct Salvaged(Option<String>);

impl<'de> Deserialize<'de> for Salvaged {
    fn deserialize<D: serde::Deserializer<'de>>(line: D) -> Result<Self, D::Error> {
        line.deserialize_map(Salvage)
    }
}

struct Salvage;

impl<'de> Visitor<'de> for Salvage {
    type Value = Salvaged;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Salvaged, A::Error> {
        let mut ids = Vec::new();
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            if name == "id" {
                ids.push(members.next_value::<serde_json::Value>()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Salvaged(match ids.as_slice() {
            [serde_json::Value::String(id)] => Some(id.clone()),
            _ => None,
        }))
    }
}

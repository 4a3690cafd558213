//! The claims of a proof.

use std::borrow::Cow;

use super::fault::Fault;
use super::window::IssuedAt;
use crate::clock::UnixTime;
use crate::json::{Rounding, Value, seconds};
use crate::limits;

/// The claims of a proof, of the right types. Unknown claims are ignored.
pub(super) struct ProofClaims<'b> {
    pub(super) htm: Cow<'b, str>,
    pub(super) htu: Cow<'b, str>,
    pub(super) ath: Cow<'b, str>,
    pub(super) jti: Cow<'b, str>,
    pub(super) iat: IssuedAt,
    pub(super) nonce: Option<Cow<'b, str>>,
    pub(super) expires_at: Option<UnixTime>,
    pub(super) not_before: Option<UnixTime>,
}

impl<'b> ProofClaims<'b> {
    pub(super) fn read(claims: Value<'b>) -> Result<Self, Fault> {
        let found = Found::read(claims);
        let own = Self {
            htm: text("htm", found.htm)?,
            htu: text("htu", found.htu)?,
            ath: text("ath", found.ath)?,
            jti: text("jti", found.jti)?,
            iat: found
                .iat
                .and_then(|value| IssuedAt::read(value.bytes()))
                .ok_or_else(|| wrong("iat", "a number"))?,
            nonce: found
                .nonce
                .map(|own| text("nonce", Some(own)))
                .transpose()?,
            expires_at: time("exp", found.exp, Rounding::Down)?,
            not_before: time("nbf", found.nbf, Rounding::Up)?,
        };
        let is_id = (1..=limits::PROOF_ID_BYTES).contains(&own.jti.len())
            && !own.jti.chars().any(char::is_control);
        match is_id {
            true => Ok(own),
            false => Err(wrong("jti", "1 to 256 bytes without control characters")),
        }
    }
}

#[derive(Default)]
struct Found<'b> {
    htm: Option<Value<'b>>,
    htu: Option<Value<'b>>,
    ath: Option<Value<'b>>,
    jti: Option<Value<'b>>,
    iat: Option<Value<'b>>,
    nonce: Option<Value<'b>>,
    exp: Option<Value<'b>>,
    nbf: Option<Value<'b>>,
}

impl<'b> Found<'b> {
    fn read(claims: Value<'b>) -> Self {
        let mut own = Self::default();
        for (name, value) in claims.members().into_iter().flatten() {
            let places = [
                ("htm", &mut own.htm),
                ("htu", &mut own.htu),
                ("ath", &mut own.ath),
                ("jti", &mut own.jti),
                ("iat", &mut own.iat),
                ("nonce", &mut own.nonce),
                ("exp", &mut own.exp),
                ("nbf", &mut own.nbf),
            ];
            if let Some((_, place)) = places.into_iter().find(|(known, _)| name.is(known)) {
                *place = Some(value);
            }
        }
        own
    }
}

fn text<'b>(name: &'static str, value: Option<Value<'b>>) -> Result<Cow<'b, str>, Fault> {
    value
        .and_then(Value::as_str)
        .ok_or_else(|| wrong(name, "a string"))
}

fn time(
    name: &'static str,
    value: Option<Value<'_>>,
    rounding: Rounding,
) -> Result<Option<UnixTime>, Fault> {
    let Some(value) = value else {
        return Ok(None);
    };
    match seconds(value.bytes(), rounding) {
        Some(secs) => Ok(Some(UnixTime::from_secs(secs))),
        None => Err(wrong(name, "a number")),
    }
}

fn wrong(name: &str, expected: &str) -> Fault {
    let detail = format!("expected {expected} as `{name}`, found another value or none");
    Fault::invalid("claims", detail)
}

//! The registered claims and their types.

use std::time::Duration;

use super::claim_name::{ClaimName, Slots};
use super::rejections::invalid;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::json::{
    Document, Escapes, Kind, Rounding, TextRange, Unescaped, Value, is_plain, seconds,
    whole_seconds,
};
use crate::limits;
use crate::principal::Confirmation;

/// The registered claims of one token, all of the right type.
pub(super) struct RegisteredClaims<'d> {
    document: &'d Document,
    slots: &'d Slots,
    pub(super) times: Times,
    pub(super) confirmation: Option<Confirmation>,
}

/// Whether an `aud` that is an empty array is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EmptyAudience {
    /// It is no audience, and none is required.
    Accepted,
    Rejected,
}

/// The times in the claims of a token.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) expires_at: Option<UnixTime>,
    pub(super) not_before: Option<UnixTime>,
    /// `iat` rounded down: an age and a revocation count from it.
    pub(super) issued_at: Option<UnixTime>,
    /// True if the token was issued within that second and not at its beginning.
    pub(super) is_issued_within_second: bool,
}

impl Times {
    /// Returns `iat` rounded up: the token is not valid before it.
    pub(super) fn issued_by(&self) -> Option<UnixTime> {
        let rest = Duration::from_secs(self.is_issued_within_second.into());
        self.issued_at.map(|time| time.saturating_add(rest))
    }
}

impl<'d> RegisteredClaims<'d> {
    /// Reads the claims only if each one that is present has the right type and form, even if no
    /// rule needs it.
    #[inline(always)]
    pub(super) fn read(
        document: &'d Document,
        slots: &'d Slots,
        empty_audience: EmptyAudience,
    ) -> Result<Self, Rejection> {
        let escapes = document.escapes();
        let reader = ClaimReader { document, slots };
        for name in [
            ClaimName::Iss,
            ClaimName::Sub,
            ClaimName::Jti,
            ClaimName::ClientId,
            ClaimName::Azp,
        ] {
            reader.check(name, |v| is_name(v, escapes))?;
        }
        reader.check(ClaimName::Aud, |v| is_audience(v, escapes, empty_audience))?;
        let (issued_at, is_issued_within_second) = reader.issue()?;
        let times = Times {
            expires_at: reader.time(ClaimName::Exp, Rounding::Down)?,
            not_before: reader.time(ClaimName::Nbf, Rounding::Up)?,
            issued_at,
            is_issued_within_second,
        };
        let confirmation = reader.confirmation()?;
        reader.check(ClaimName::Act, is_actor_chain)?;
        reader.check(ClaimName::Scope, is_scope)?;
        reader.check(ClaimName::AuthorizationDetails, are_details)?;
        Ok(Self {
            document,
            slots,
            times,
            confirmation,
        })
    }

    pub(super) fn document(&self) -> &'d Document {
        self.document
    }

    /// Returns the value of a known claim.
    pub(super) fn get(&self, name: ClaimName) -> Option<Value<'d>> {
        self.document.value(self.slots.piece(name))
    }

    pub(super) fn has(&self, name: ClaimName) -> bool {
        self.slots.has(name)
    }

    /// Returns the place of the value of any claim.
    pub(super) fn find(&self, name: &str) -> Option<TextRange> {
        match ClaimName::known(name) {
            Some(known) => self.piece(known),
            None => self.document.find(name),
        }
    }

    /// Returns the place of the value of a known claim.
    pub(super) fn piece(&self, name: ClaimName) -> Option<TextRange> {
        self.slots.find(name)
    }
}

struct ClaimReader<'d> {
    document: &'d Document,
    slots: &'d Slots,
}

impl<'d> ClaimReader<'d> {
    #[inline(always)]
    fn get(&self, name: ClaimName) -> Option<Value<'d>> {
        self.document.value(self.slots.piece(name))
    }

    #[inline(always)]
    fn check(&self, name: ClaimName, holds: impl Fn(Value<'_>) -> bool) -> Result<(), Rejection> {
        match self.get(name) {
            Some(value) if !holds(value) => Err(invalid(name.as_str())),
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn time(&self, name: ClaimName, rounding: Rounding) -> Result<Option<UnixTime>, Rejection> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.kind() {
            Kind::Number => seconds(value.bytes(), rounding),
            _ => None,
        }
        .map(|secs| Some(UnixTime::from_secs(secs)))
        .ok_or_else(|| invalid(name.as_str()))
    }

    /// Returns `iat` rounded down, and whether it was later.
    #[inline(always)]
    fn issue(&self) -> Result<(Option<UnixTime>, bool), Rejection> {
        let Some(value) = self.get(ClaimName::Iat) else {
            return Ok((None, false));
        };
        let whole = match value.kind() {
            Kind::Number => whole_seconds(value.bytes()),
            _ => None,
        };
        let (secs, is_later) = whole.ok_or_else(|| invalid(ClaimName::Iat.as_str()))?;
        Ok((Some(UnixTime::from_secs(secs)), is_later))
    }

    #[inline(always)]
    fn confirmation(&self) -> Result<Option<Confirmation>, Rejection> {
        let Some(cnf) = self.get(ClaimName::Cnf) else {
            return Ok(None);
        };
        let confirmation = Confirmation::read(cnf).ok_or_else(|| invalid("cnf"))?;
        Ok(Some(confirmation))
    }
}

/// A string, not empty, without control characters.
#[inline(always)]
pub(super) fn is_name(value: Value<'_>, escapes: Escapes) -> bool {
    let content = value.content();
    content.is_some_and(|c| !c.is_empty() && is_clean(c, escapes))
}

/// A string or an array of strings, without control characters.
#[inline(always)]
fn is_audience(value: Value<'_>, escapes: Escapes, empty: EmptyAudience) -> bool {
    let clean = |v: Value<'_>| v.content().is_some_and(|c| is_clean(c, escapes));
    match value.elements() {
        Some(mut elements) => {
            let is_long_enough =
                empty == EmptyAudience::Accepted || elements.clone().next().is_some();
            is_long_enough && elements.all(clean)
        }
        None => clean(value),
    }
}

/// A string of scopes separated by spaces, or an array of strings without spaces.
#[inline(always)]
pub(super) fn is_scope(value: Value<'_>) -> bool {
    match value.elements() {
        Some(mut elements) => elements.all(|v| {
            let content = v.content();
            content.is_some_and(|c| !Unescaped::new(c).any(|b| b == b' '))
        }),
        None => value.content().is_some(),
    }
}

/// No control character after unescaping (`char::is_control`: C0, DEL, C1).
#[inline]
fn is_clean(content: &[u8], escapes: Escapes) -> bool {
    escapes == Escapes::Absent || is_plain(content) || is_clean_unescaped(content)
}

#[cold]
fn is_clean_unescaped(content: &[u8]) -> bool {
    let mut before = 0;
    Unescaped::new(content).all(|byte| {
        // C1 characters are the byte C2 and one in 80..=9F.
        let is_c1 = before == 0xc2 && (0x80..0xa0).contains(&byte);
        before = byte;
        byte >= 0x20 && byte != 0x7f && !is_c1
    })
}

/// At most 64 objects, each with a string as `type` (RFC 9396 section 2).
#[inline(never)]
fn are_details(details: Value<'_>) -> bool {
    let Some(elements) = details.elements() else {
        return false;
    };
    let is_detail = |element: Value<'_>| {
        let mut types = element.members().into_iter().flatten();
        let kind = types.find(|(name, _)| name.is("type"));
        kind.is_some_and(|(_, kind)| is_name(kind, Escapes::Possible))
    };
    let mut count = 0;
    elements.into_iter().all(|element| {
        count += 1;
        count <= limits::AUTHORIZATION_DETAILS && is_detail(element)
    })
}

/// Objects nested by `act`, at most four, whose `sub` and `iss` are strings.
fn is_actor_chain(act: Value<'_>) -> bool {
    let mut next = Some(act);
    for _ in 0..limits::ACTOR_DEPTH {
        let Some(act) = next.take() else {
            return true;
        };
        let Some(members) = act.members() else {
            return false;
        };
        for (name, value) in members {
            if name.is("act") {
                next = Some(value);
            } else if (name.is("sub") || name.is("iss")) && !is_name(value, Escapes::Possible) {
                return false;
            }
        }
    }
    next.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_found_in_every_spelling() {
        for dirty in [
            r"a\n", r"\u0000", r"\u001f", "\u{7f}", r"\u007f", "\u{80}", "a\u{9f}", r"\u0085",
        ] {
            assert!(!is_clean(dirty.as_bytes(), Escapes::Possible), "{dirty:?}");
        }
        for clean in [
            "", "a b", "\u{a0}", r"\u00a0", "\u{e9}", r"\/", "\u{2028}", "\u{280}",
        ] {
            assert!(is_clean(clean.as_bytes(), Escapes::Possible), "{clean:?}");
        }
    }
}

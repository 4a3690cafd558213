//! The JOSE header: the members that are read and those that are rejected (RFC 7515 section 4).

use std::sync::{Arc, OnceLock};

use super::rejections;
use crate::credential::without_application;
use crate::crypto::Algorithm;
use crate::error::RejectionKind;
use crate::json::{Sink, Span, TextRange, Unescaped, Value, scan_object};
use crate::limits;

/// The members that are used. Members that hold keys or refer to keys (`jwk`, `jku`, `x5u`, `x5c`,
/// `x5t`) are never read.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<HeaderText>,
    pub(super) typ: Typ,
}

/// The content of a string member.
#[derive(Clone)]
pub(super) enum HeaderText {
    /// A piece of the header, which has no escapes.
    Piece(TextRange),
    /// The unescaped text.
    Owned(Arc<str>),
}

/// The `typ` of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Typ {
    Absent,
    /// `JWT`.
    Jwt,
    /// `at+jwt`.
    AccessToken,
    /// Another one: the place of the string in the header, with its quotes.
    Other(TextRange),
}

impl Typ {
    /// Returns `Jwt` or `AccessToken` for their names, without the prefix, in any case.
    pub(super) fn known(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("JWT") {
            return Some(Self::Jwt);
        }
        name.eq_ignore_ascii_case("at+jwt")
            .then_some(Self::AccessToken)
    }
}

#[derive(Default)]
struct HeaderMembers {
    alg: Option<Span>,
    kid: Option<Span>,
    typ: Option<Span>,
    cty: Option<Span>,
    is_unsupported: bool,
}

impl Sink for HeaderMembers {
    fn member(&mut self, text: &[u8], member: Span) {
        let name = text
            .get(member.name_start..member.name_end)
            .unwrap_or_default();
        if member.name_escaped {
            // No known name is longer.
            let mut space = [0; 4];
            if let Some(name) = Unescaped::new(name).fill(&mut space) {
                self.record(name, member);
            }
        } else {
            self.record(name, member);
        }
    }

    fn restart(&mut self) {
        *self = Self::default();
    }
}

impl HeaderMembers {
    fn record(&mut self, name: &[u8], member: Span) {
        match name {
            b"alg" => self.alg = Some(member),
            b"kid" => self.kid = Some(member),
            b"typ" => self.typ = Some(member),
            b"cty" => self.cty = Some(member),
            // RFC 7515 section 4.1.11, RFC 7797 section 7, RFC 7516 section 4.1. `zip` is ignored
            // like every unknown member: nothing is ever inflated.
            b"crit" | b"b64" | b"enc" => self.is_unsupported = true,
            _ => {}
        }
    }
}

impl Header {
    /// Reads a decoded header.
    pub(super) fn read(text: &[u8]) -> Result<Self, RejectionKind> {
        let mut members = HeaderMembers::default();
        scan_object(text, &mut members).map_err(rejections::json)?;
        if members.is_unsupported {
            return Err(RejectionKind::HeaderUnsupported);
        }
        let reader = HeaderReader(text);
        let kid = members.kid.map(|m| reader.kid(m)).transpose()?;
        let typ = members.typ.map_or(Ok(Typ::Absent), |m| reader.typ(m))?;
        if let Some(cty) = members.cty {
            reader.cty(cty)?;
        }
        let algorithm = reader.algorithm(members.alg)?;
        Ok(Self {
            algorithm,
            kid,
            typ,
        })
    }
}

impl Header {
    /// Returns a copy that does not refer to the decoded header.
    fn owned(&self, decoded: &[u8]) -> Self {
        let mut owned = self.clone();
        if let Some(HeaderText::Piece(piece)) = owned.kid {
            let kid = decoded.get(piece.start()..piece.end()).map(str::from_utf8);
            owned.kid = kid
                .and_then(Result::ok)
                .map(|kid| HeaderText::Owned(kid.into()));
        }
        owned
    }
}

struct HeaderReader<'j>(&'j [u8]);

impl<'j> HeaderReader<'j> {
    fn string(&self, member: Span) -> Result<Value<'j>, RejectionKind> {
        let raw = self.0.get(member.value_start..member.value_end);
        let value = Value::from_scanned(raw.unwrap_or_default());
        match value.content() {
            Some(_) => Ok(value),
            None => Err(RejectionKind::HeaderUnsupported),
        }
    }

    fn algorithm(&self, member: Option<Span>) -> Result<Algorithm, RejectionKind> {
        let member = member.ok_or(RejectionKind::HeaderUnsupported)?;
        let name = self.string(member)?.as_str().unwrap_or_default();
        Algorithm::from_name(&name).ok_or(RejectionKind::AlgorithmNotAllowed)
    }

    fn kid(&self, member: Span) -> Result<HeaderText, RejectionKind> {
        let kid = self.string(member)?.as_str().unwrap_or_default();
        if kid.len() > limits::KEY_ID_BYTES {
            return Err(RejectionKind::HeaderUnsupported);
        }
        Ok(match kid {
            std::borrow::Cow::Borrowed(_) => HeaderText::Piece(piece(member, 1)),
            std::borrow::Cow::Owned(kid) => HeaderText::Owned(kid.into()),
        })
    }

    fn typ(&self, member: Span) -> Result<Typ, RejectionKind> {
        let typ = self.string(member)?.as_str().unwrap_or_default();
        let typ = without_application(&typ);
        Ok(Typ::known(typ).unwrap_or_else(|| Typ::Other(piece(member, 0))))
    }

    fn cty(&self, member: Span) -> Result<(), RejectionKind> {
        let cty = self.string(member)?.as_str().unwrap_or_default();
        // RFC 7519 section 5.2: a nested JWT.
        if without_application(&cty).eq_ignore_ascii_case("JWT") {
            return Err(RejectionKind::HeaderUnsupported);
        }
        Ok(())
    }
}

fn piece(member: Span, quote: usize) -> TextRange {
    TextRange::new(member.value_start + quote, member.value_end - quote)
}

/// The headers of verified tokens, so that a header that many tokens share is parsed once.
///
/// Only headers of verified tokens are stored, so an attacker cannot fill it. When it is full,
/// other headers are parsed for each token.
#[derive(Default)]
pub(super) struct HeaderCache([OnceLock<CachedHeader>; 4]);

struct CachedHeader {
    encoded: Box<[u8]>,
    decoded: Box<[u8]>,
    header: Header,
}

impl HeaderCache {
    /// Returns the decoded and the parsed header for an encoded one, if it is stored.
    pub(super) fn get(&self, encoded: &[u8]) -> Option<(&[u8], &Header)> {
        let mut known = self.0.iter().map_while(OnceLock::get);
        let known = known.find(|k| *k.encoded == *encoded)?;
        Some((&known.decoded, &known.header))
    }

    /// Stores the header of a verified token.
    pub(super) fn insert(&self, encoded: &[u8], decoded: &[u8], header: &Header) {
        for slot in &self.0 {
            let known = slot.get_or_init(|| CachedHeader {
                encoded: encoded.into(),
                decoded: decoded.into(),
                header: header.owned(decoded),
            });
            if *known.encoded == *encoded {
                return;
            }
        }
    }
}

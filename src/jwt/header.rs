//! The JOSE header: what it may say, and what is refused (RFC 7515 section 4).

use std::sync::Arc;
use std::sync::OnceLock;

use crate::crypto::Algorithm;
use crate::error::RejectionKind;
use crate::json::Sink;
use crate::json::Span;
use crate::json::TextRange;
use crate::json::Unescaped;
use crate::json::Value;
use crate::json::scan_object;
use crate::limits;

/// The members that count. Those that carry or name keys (`jwk`, `jku`, `x5u`, `x5c`, `x5t`) are
/// never looked at.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Text>,
    pub(super) typ: Typ,
}

/// The content of a string member.
#[derive(Clone)]
pub(super) enum Text {
    /// It stands in the header as it is.
    Piece(TextRange),
    /// It had escapes.
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
    /// Another one: a string with its quotes, as a piece of the header.
    Other(TextRange),
}

impl Typ {
    /// Returns the type of that name, without the prefix, if it is one that the rules know.
    pub(super) fn known(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("JWT") {
            return Some(Self::Jwt);
        }
        name.eq_ignore_ascii_case("at+jwt")
            .then_some(Self::AccessToken)
    }
}

#[derive(Default)]
struct Members {
    alg: Option<Span>,
    kid: Option<Span>,
    typ: Option<Span>,
    cty: Option<Span>,
    is_unsupported: bool,
}

impl Sink for Members {
    fn member(&mut self, text: &[u8], member: Span) {
        let name = text
            .get(member.name_start..member.name_end)
            .unwrap_or_default();
        if member.name_escaped {
            // No name that counts is longer; the others stay unknown.
            let mut space = [0; 4];
            if let Some(name) = Unescaped::new(name).fill(&mut space) {
                self.take(name, member);
            }
        } else {
            self.take(name, member);
        }
    }

    fn restart(&mut self) {
        *self = Self::default();
    }
}

impl Members {
    fn take(&mut self, name: &[u8], member: Span) {
        match name {
            b"alg" => self.alg = Some(member),
            b"kid" => self.kid = Some(member),
            b"typ" => self.typ = Some(member),
            b"cty" => self.cty = Some(member),
            // RFC 7515 section 4.1.11, RFC 7797 section 7, RFC 7516 section 4.1.
            b"crit" | b"b64" | b"zip" | b"enc" => self.is_unsupported = true,
            _ => {}
        }
    }
}

impl Header {
    /// Reads a decoded header.
    pub(super) fn read(text: &[u8]) -> Result<Self, RejectionKind> {
        let mut members = Members::default();
        scan_object(text, &mut members).map_err(|_| RejectionKind::TokenMalformed)?;
        if members.is_unsupported {
            return Err(RejectionKind::HeaderUnsupported);
        }
        let reader = Reader(text);
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
    /// Returns the same, whose texts no longer stand in the decoded header.
    fn owned(&self, decoded: &[u8]) -> Self {
        let mut owned = self.clone();
        if let Some(Text::Piece(piece)) = owned.kid {
            let kid = decoded.get(piece.start()..piece.end()).map(str::from_utf8);
            owned.kid = kid.and_then(Result::ok).map(|kid| Text::Owned(kid.into()));
        }
        owned
    }
}

struct Reader<'j>(&'j [u8]);

impl<'j> Reader<'j> {
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

    fn kid(&self, member: Span) -> Result<Text, RejectionKind> {
        let kid = self.string(member)?.as_str().unwrap_or_default();
        if kid.len() > limits::KEY_ID_BYTES {
            return Err(RejectionKind::HeaderUnsupported);
        }
        Ok(match kid {
            std::borrow::Cow::Borrowed(_) => Text::Piece(piece(member, 1)),
            std::borrow::Cow::Owned(kid) => Text::Owned(kid.into()),
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

/// Headers of tokens whose signature was valid, so that the same header is not read again for
/// every token.
///
/// Only what was verified is kept, so nobody else can fill it; when it is full, other headers are
/// read each time.
#[derive(Default)]
pub(super) struct Memo([OnceLock<Known>; 4]);

struct Known {
    encoded: Box<[u8]>,
    decoded: Box<[u8]>,
    header: Header,
}

impl Memo {
    /// Returns the decoded header of this encoded form, and what was read of it, if a token with
    /// it was verified.
    pub(super) fn recall(&self, encoded: &[u8]) -> Option<(&[u8], &Header)> {
        let mut known = self.0.iter().map_while(OnceLock::get);
        let known = known.find(|k| *k.encoded == *encoded)?;
        Some((&known.decoded, &known.header))
    }

    /// Keeps the header of a verified token.
    pub(super) fn keep(&self, encoded: &[u8], decoded: &[u8], header: &Header) {
        for slot in &self.0 {
            let known = slot.get_or_init(|| Known {
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

/// Drops the prefix that may be left out (RFC 7515 section 4.1.9).
pub(super) fn without_application(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

//! The JOSE header: what it may say, and what is refused (RFC 7515 section 4).

use crate::crypto::Algorithm;
use crate::json::Piece;
use crate::json::Sink;
use crate::json::Span;
use crate::json::Value;
use crate::json::scan_object;
use crate::limits;
use crate::rejection::RejectionKind;

/// The members that count. Those that carry or name keys (`jwk`, `jku`, `x5u`, `x5c`, `x5t`) are
/// never looked at.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    /// A string without its quotes, as a piece of the buffer; it has no escapes.
    pub(super) kid: Option<Text>,
    pub(super) typ: Typ,
}

/// The content of a string member.
pub(super) enum Text {
    /// It stands in the buffer as it is.
    Piece(Piece),
    /// It had escapes.
    Owned(String),
}

/// The `typ` of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Typ {
    Absent,
    /// `JWT`.
    Jwt,
    /// `at+jwt`.
    AccessToken,
    /// Another one: a string with its quotes, as a piece of the buffer.
    Other(Piece),
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
            let unescaped: Vec<u8> = crate::json::Unescaped::new(name).collect();
            self.take(&unescaped, member);
        } else {
            self.take(name, member);
        }
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
    /// Reads a decoded header, which stands at `offset` of the buffer.
    pub(super) fn read(text: &[u8], offset: usize) -> Result<Self, RejectionKind> {
        let mut members = Members::default();
        scan_object(text, &mut members).map_err(|_| RejectionKind::TokenMalformed)?;
        if members.is_unsupported {
            return Err(RejectionKind::HeaderUnsupported);
        }
        let reader = Reader { text, offset };
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

struct Reader<'j> {
    text: &'j [u8],
    offset: usize,
}

impl<'j> Reader<'j> {
    fn string(&self, member: Span) -> Result<Value<'j>, RejectionKind> {
        let raw = self.text.get(member.value_start..member.value_end);
        let raw = str::from_utf8(raw.unwrap_or_default()).unwrap_or_default();
        let value = Value::accepted(raw);
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
            std::borrow::Cow::Borrowed(_) => Text::Piece(self.piece(member, 1)),
            std::borrow::Cow::Owned(kid) => Text::Owned(kid),
        })
    }

    fn typ(&self, member: Span) -> Result<Typ, RejectionKind> {
        let typ = self.string(member)?.as_str().unwrap_or_default();
        let typ = without_application(&typ);
        Ok(if typ.eq_ignore_ascii_case("JWT") {
            Typ::Jwt
        } else if typ.eq_ignore_ascii_case("at+jwt") {
            Typ::AccessToken
        } else {
            Typ::Other(self.piece(member, 0))
        })
    }

    fn cty(&self, member: Span) -> Result<(), RejectionKind> {
        let cty = self.string(member)?.as_str().unwrap_or_default();
        // RFC 7519 section 5.2: a nested JWT.
        if without_application(&cty).eq_ignore_ascii_case("JWT") {
            return Err(RejectionKind::HeaderUnsupported);
        }
        Ok(())
    }

    fn piece(&self, member: Span, quote: usize) -> Piece {
        Piece::new(
            self.offset + member.value_start + quote,
            self.offset + member.value_end - quote,
        )
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

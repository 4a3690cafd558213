//! A token after its signature was verified, before its claims are checked.

use super::claims::RegisteredClaims;
use super::header::Typ;
use crate::clock::UnixTime;
use crate::credential::without_application;
use crate::json::{Document, TextRange, Value};

/// A token whose signature is valid and whose claims are being checked.
pub(super) struct VerifiedToken<'c, 'd> {
    pub(super) claims: &'c RegisteredClaims<'d>,
    /// The place of the header in the document of the claims.
    pub(super) header: TextRange,
    pub(super) typ: Typ,
    pub(super) now: UnixTime,
}

impl VerifiedToken<'_, '_> {
    /// Returns the `typ` of the header as it was sent, for the operator.
    #[cold]
    pub(super) fn typ_text(&self) -> Option<String> {
        let header = self.claims.document().slice(self.header);
        let header = Document::parse(header.as_bytes()).ok()?;
        Some(header.get("typ")?.as_str()?.into_owned())
    }

    /// Returns true if the header's `typ` at this place is `expected`, ignoring case and an
    /// `application/` prefix.
    pub(super) fn is_typ(&self, typ: TextRange, expected: &str) -> bool {
        let start = self.header.start();
        let piece = TextRange::new(start + typ.start(), start + typ.end());
        let value = self.claims.document().value(piece);
        let text = value.and_then(Value::as_str).unwrap_or_default();
        without_application(&text).eq_ignore_ascii_case(expected)
    }
}

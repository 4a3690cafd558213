//! The facts of a principal, as pieces of the document of its claims.

use super::claim_name::ClaimName;
use super::claims;
use super::claims::RegisteredClaims;
use crate::error::{Rejection, RejectionKind};
use crate::json::{Document, Escapes, Kind, TextRange};

/// Returns the value of the claim with the scopes, with its quotes or brackets; `name` is the
/// claim to read in place of `scope`.
pub(super) fn scopes(
    name: Option<&str>,
    claims: &RegisteredClaims<'_>,
) -> Result<Option<TextRange>, Rejection> {
    let Some(name) = name else {
        return Ok(claims.piece(ClaimName::Scope));
    };
    let piece = claims.find(name);
    let value = piece.and_then(|p| claims.document().value(p));
    if value.is_some_and(|v| !claims::is_scope(v)) {
        let invalid = Rejection::new(RejectionKind::ClaimInvalid);
        return Err(invalid.with_claim(name.to_string()));
    }
    Ok(piece)
}

/// Returns the claim with the client, with its quotes; `name` is the claim to read in place of
/// `client_id` and `azp`.
#[inline(always)]
pub(super) fn client(
    name: Option<&str>,
    claims: &RegisteredClaims<'_>,
) -> Result<Option<TextRange>, Rejection> {
    match name {
        Some(name) => client_from(name, claims),
        None => Ok(claims
            .piece(ClaimName::ClientId)
            .or_else(|| claims.piece(ClaimName::Azp))),
    }
}

#[inline(never)]
fn client_from(name: &str, claims: &RegisteredClaims<'_>) -> Result<Option<TextRange>, Rejection> {
    let document = claims.document();
    let piece = claims.find(name);
    let value = piece.and_then(|p| document.value(p));
    if value.is_some_and(|v| !claims::is_name(v, document.escapes())) {
        let invalid = Rejection::new(RejectionKind::ClaimInvalid);
        return Err(invalid.with_claim(name.to_string()));
    }
    Ok(piece)
}

/// The texts of a principal, unescaped at the end of its document where that is needed.
pub(super) struct FactReader<'d>(pub(super) &'d mut Document);

impl FactReader<'_> {
    /// Returns the content of a string, appended to the document if it may have escapes.
    pub(super) fn string(&mut self, quoted: TextRange) -> TextRange {
        match self.0.escapes() {
            Escapes::Absent => TextRange::new(quoted.start() + 1, quoted.end().saturating_sub(1)),
            Escapes::Possible => self.0.append_joined(quoted),
        }
    }

    /// Returns the content of a string, or the members of an array with spaces between them.
    pub(super) fn joined(&mut self, scopes: TextRange) -> TextRange {
        let scopes_value = self.0.value(scopes);
        if scopes_value.is_some_and(|v| v.kind() == Kind::String) {
            return self.string(scopes);
        }
        self.0.append_joined(scopes)
    }
}

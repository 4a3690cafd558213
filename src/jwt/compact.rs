//! The compact serialization: three parts, one spelling (RFC 7515 section 7.1).

use super::header::Header;
use super::header::Memo;
use super::names::Name;
use super::names::Slots;
use crate::credential::base64url;
use crate::error::RejectionKind;
use crate::json::Document;
use crate::json::ENTRY_BYTES;
use crate::json::Escapes;
use crate::json::Index;
use crate::json::NameCheck;
use crate::json::RawName;
use crate::json::Sink;
use crate::json::Span;
use crate::json::TextRange;
use crate::json::Value;
use crate::json::scan_object;
use crate::limits;

/// A token taken apart and scanned, but not verified: nothing it says is to be trusted.
///
/// One buffer holds the decoded payload, header and signature and the index of the claims.
pub(super) struct Compact<'t> {
    signed: &'t str,
    bytes: Vec<u8>,
    ends: Ends,
    members: usize,
    encoded_header: Option<&'t [u8]>,
    pub(super) header: Header,
    pub(super) slots: Slots,
    /// Of the payload.
    pub(super) escapes: Escapes,
}

/// Where the parts end in the buffer.
#[derive(Clone, Copy)]
struct Ends {
    payload: usize,
    header: usize,
    signature: usize,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    ///
    /// `TokenTooLarge`, `TokenEncrypted`, `TokenMalformed`, `HeaderUnsupported` or
    /// `AlgorithmNotAllowed`.
    #[inline(always)]
    pub(super) fn parse(
        token: &'t str,
        max_bytes: usize,
        memo: &Memo,
    ) -> Result<Self, RejectionKind> {
        if token.len() > max_bytes {
            return Err(RejectionKind::TokenTooLarge);
        }
        let (encoded, payload, signature) = split(token)?;
        let header_len = base64url::decoded_len(encoded.len());
        if header_len > limits::HEADER_BYTES {
            return Err(unless_encrypted(token, RejectionKind::TokenTooLarge));
        }
        let payload_len = base64url::decoded_len(payload.len());
        let ends = Ends {
            payload: payload_len,
            header: payload_len + header_len,
            signature: payload_len + header_len + base64url::decoded_len(signature.len()),
        };
        let len = ends.signature + Index::size_for(payload_len);
        let mut bytes = Vec::with_capacity(len + Document::append_size_for(payload_len));
        bytes.resize(len, 0);
        let (parts, space) = bytes.split_at_mut(ends.signature);
        // Dots between the first and the last one do not decode.
        decode(payload, parts.get_mut(..ends.payload).unwrap_or_default())
            .map_err(|kind| unless_encrypted(token, kind))?;
        decode(signature, parts.get_mut(ends.header..).unwrap_or_default())?;
        let recalled = memo.recall(encoded);
        let decoded = parts.get_mut(ends.payload..ends.header).unwrap_or_default();
        let known = match recalled {
            Some((bytes, header)) if bytes.len() == decoded.len() => {
                decoded.copy_from_slice(bytes);
                Some(header.clone())
            }
            _ => {
                decode(encoded, decoded)?;
                None
            }
        };
        let (payload, rest) = parts.split_at(ends.payload);
        let mut claims = ClaimSink {
            index: Index::new(space),
            slots: Slots::default(),
            name: None,
        };
        let escapes = scan_object(payload, &mut claims);
        let escapes = escapes.map_err(|_| RejectionKind::TokenMalformed)?;
        let ClaimSink { index, slots, .. } = claims;
        let members = index.members();
        let is_known = known.is_some();
        let header = match known {
            Some(header) => header,
            None => Header::read(rest.get(..header_len).unwrap_or_default())?,
        };
        let signed = token.len() - signature.len() - 1;
        Ok(Self {
            signed: token.get(..signed).unwrap_or_default(),
            bytes,
            ends,
            members,
            encoded_header: (!is_known).then_some(encoded),
            header,
            slots,
            escapes,
        })
    }

    /// Returns what was signed.
    pub(super) fn signed(&self) -> &'t [u8] {
        self.signed.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        let signature = self.bytes.get(self.ends.header..self.ends.signature);
        signature.unwrap_or_default()
    }

    /// Remembers the header, now that the token is verified.
    pub(super) fn keep_header(&self, memo: &Memo) {
        if let Some(encoded) = self.encoded_header {
            let decoded = self.bytes.get(self.ends.payload..self.ends.header);
            memo.keep(encoded, decoded.unwrap_or_default(), &self.header);
        }
    }

    /// Returns a piece of the header.
    pub(super) fn header_piece(&self, piece: TextRange) -> &str {
        let start = self.ends.payload;
        let piece = self.bytes.get(start + piece.start()..start + piece.end());
        str::from_utf8(piece.unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the value at a piece of the payload.
    pub(super) fn value(&self, piece: TextRange) -> Value<'_> {
        let raw = self.bytes.get(piece.start()..piece.end());
        Value::from_scanned(raw.unwrap_or_default())
    }

    /// Returns the claims, followed by the header and the index, and the header's place; what is
    /// left has neither them nor a signature.
    #[inline(always)]
    pub(super) fn take_document(&mut self) -> (Document, TextRange) {
        let mut bytes = std::mem::take(&mut self.bytes);
        // Nobody shall find a whole token in a principal.
        if let Some(signature) = bytes.get_mut(self.ends.header..self.ends.signature) {
            signature.fill(0);
        }
        bytes.truncate(self.ends.signature + self.members * ENTRY_BYTES);
        let index = (self.ends.signature, self.members);
        let document = Document::assemble(bytes, (self.ends.payload, self.escapes), index);
        (
            document,
            TextRange::new(self.ends.payload, self.ends.header),
        )
    }
}

/// Header, payload and signature, encoded.
type Parts<'t> = (&'t [u8], &'t [u8], &'t [u8]);

pub(super) fn split(token: &str) -> Result<Parts<'_>, RejectionKind> {
    let bytes = token.as_bytes();
    let dots = memchr::memchr(b'.', bytes).zip(memchr::memrchr(b'.', bytes));
    let parts = dots.and_then(|(first, last)| {
        let payload = bytes.get(first + 1..last)?;
        Some((bytes.get(..first)?, payload, bytes.get(last + 1..)?))
    });
    parts.ok_or(RejectionKind::TokenMalformed)
}

/// Returns `TokenEncrypted` for five parts (RFC 7516 section 7.1), else the other kind.
#[cold]
fn unless_encrypted(token: &str, other: RejectionKind) -> RejectionKind {
    match memchr::memchr_iter(b'.', token.as_bytes()).count() {
        4 => RejectionKind::TokenEncrypted,
        _ => other,
    }
}

fn decode(text: &[u8], space: &mut [u8]) -> Result<(), RejectionKind> {
    match base64url::decode_into(text, space) {
        Some(len) if len == space.len() => Ok(()),
        _ => Err(RejectionKind::TokenMalformed),
    }
}

/// Indexes all claims and places the registered ones.
struct ClaimSink<'b> {
    index: Index<'b>,
    slots: Slots,
    /// The name of the member that is being read.
    name: Option<Name>,
}

impl Sink for ClaimSink<'_> {
    #[inline(always)]
    fn name(&mut self, text: &[u8], name: RawName) -> NameCheck {
        self.name = Name::of(text, name);
        match self.name {
            None => NameCheck::Unknown,
            Some(name) if self.slots.has(name) => NameCheck::Duplicate,
            Some(_) => NameCheck::New,
        }
    }

    #[inline(always)]
    fn member(&mut self, _: &[u8], member: Span) {
        self.index.add(member);
        if let Some(name) = self.name {
            self.slots.place(name, member);
        }
    }

    fn restart(&mut self) {
        self.index.restart();
        self.slots = Slots::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_a_principal_has_the_header_and_no_signature() {
        let (header, claims) = (br#"{"alg":"HS256"}"#, br#"{"sub":"alice"}"#);
        let parts = [&header[..], &claims[..], &[0xab; 32][..]];
        let token = parts.map(base64url::encode).join(".");
        let mut compact = Compact::parse(&token, token.len(), &Memo::default()).unwrap();
        assert_eq!(compact.signature(), [0xab; 32]);
        let (document, place) = compact.take_document();
        assert_eq!(document.get("sub").unwrap().as_str().unwrap(), "alice");
        assert_eq!(
            document.bytes().get(place.start()..place.end()),
            Some(&header[..])
        );
        assert!(!document.bytes().contains(&0xab));
    }
}

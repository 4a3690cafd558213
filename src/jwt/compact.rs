//! The compact serialization of a JWS: three parts in one spelling (RFC 7515 section 7.1).

use super::claim_name::{ClaimName, Slots};
use super::contrast::Contrast;
use super::header::{Header, HeaderCache};
use super::rejections;
use crate::credential::base64url;
use crate::crypto::Algorithm;
use crate::error::{Rejection, RejectionKind};
use crate::json::{
    Document, ENTRY_BYTES, Escapes, Index, NameCheck, RawName, Sink, Span, TextRange, Value,
    scan_object,
};

/// A token that is parsed but not verified: all of it is untrusted.
///
/// One buffer holds the decoded payload, header and signature, and the index of the claims.
pub(super) struct Compact<'t> {
    signed: &'t str,
    bytes: Vec<u8>,
    ends: PartEnds,
    members: usize,
    encoded_header: Option<&'t [u8]>,
    pub(super) header: Header,
    pub(super) slots: Slots,
    /// Of the payload.
    pub(super) escapes: Escapes,
}

/// The ends of the parts in the buffer.
#[derive(Clone, Copy)]
struct PartEnds {
    payload: usize,
    header: usize,
    signature: usize,
}

impl PartEnds {
    const fn new(payload: usize, header: usize, signature: usize) -> Self {
        Self {
            payload,
            header: payload + header,
            signature: payload + header + signature,
        }
    }
}

impl<'t> Compact<'t> {
    /// Parses a token of at most these sizes, of the whole and of the decoded header.
    ///
    /// # Errors
    ///
    /// `TokenTooLarge`, `TokenEncrypted`, `TokenMalformed`, `HeaderUnsupported` or
    /// `AlgorithmNotAllowed`.
    #[inline(always)]
    pub(super) fn parse(
        token: &'t str,
        (max_bytes, max_header_bytes): (usize, usize),
        header_cache: &HeaderCache,
    ) -> Result<Self, RejectionKind> {
        if token.len() > max_bytes {
            return Err(RejectionKind::TokenTooLarge);
        }
        let (encoded, payload, signature) = split(token)?;
        let header_len = base64url::decoded_len(encoded.len());
        if header_len > max_header_bytes {
            return Err(unless_encrypted(token, RejectionKind::TokenTooLarge));
        }
        let payload_len = base64url::decoded_len(payload.len());
        let signature_len = base64url::decoded_len(signature.len());
        let ends = PartEnds::new(payload_len, header_len, signature_len);
        let len = ends.signature + Index::size_for(payload_len);
        let mut bytes = Vec::with_capacity(len + Document::append_size_for(payload_len));
        bytes.resize(len, 0);
        let (parts, space) = bytes.split_at_mut(ends.signature);
        // Dots between the first and the last one do not decode.
        decode(payload, parts.get_mut(..ends.payload).unwrap_or_default())
            .map_err(|kind| unless_encrypted(token, kind))?;
        decode(signature, parts.get_mut(ends.header..).unwrap_or_default())?;
        let header = parts.get_mut(ends.payload..ends.header).unwrap_or_default();
        let known = decode_header(encoded, header, header_cache)?;
        let (payload, rest) = parts.split_at(ends.payload);
        let mut claims = ClaimSink::new(space);
        let escapes = scan_object(payload, &mut claims);
        let escapes = escapes.map_err(rejections::json)?;
        let ClaimSink { index, slots, .. } = claims;
        let members = index.members();
        let encoded_header = known.is_none().then_some(encoded);
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
            encoded_header,
            header,
            slots,
            escapes,
        })
    }

    /// Returns the signed bytes: header and payload, encoded, with the dot between them.
    pub(super) fn signed(&self) -> &'t [u8] {
        self.signed.as_bytes()
    }

    pub(super) fn signature(&self) -> &[u8] {
        let signature = self.bytes.get(self.ends.header..self.ends.signature);
        signature.unwrap_or_default()
    }

    /// Caches the header. Call it only after the signature was verified.
    pub(super) fn cache_header(&self, header_cache: &HeaderCache) {
        if let Some(encoded) = self.encoded_header {
            let decoded = self.bytes.get(self.ends.payload..self.ends.header);
            header_cache.insert(encoded, decoded.unwrap_or_default(), &self.header);
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

    /// Moves out the document of the claims, which also holds the header and the index, and returns
    /// it with the place of the header. The signature is erased.
    #[inline(always)]
    pub(super) fn take_document(&mut self) -> (Document, TextRange) {
        let mut bytes = std::mem::take(&mut self.bytes);
        // A principal must not hold a whole token.
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

/// The encoded header, payload and signature.
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

/// Returns `TokenEncrypted` if the token has five parts (RFC 7516 section 7.1) and no `~`, as an
/// SD-JWT with a key binding JWT has, otherwise `other`.
#[cold]
fn unless_encrypted(token: &str, other: RejectionKind) -> RejectionKind {
    match memchr::memchr_iter(b'.', token.as_bytes()).count() {
        4 if !token.contains('~') => RejectionKind::TokenEncrypted,
        _ => other,
    }
}

/// Returns the rejection of a token that was not parsed; its source names an `alg` that is unknown.
#[cold]
pub(super) fn unparsed(kind: RejectionKind, token: &str) -> Rejection {
    if kind != RejectionKind::AlgorithmNotAllowed {
        return kind.into();
    }
    let header = split(token).ok().and_then(|(header, ..)| {
        let header = base64url::decode(header)?;
        Document::parse(&header).ok()
    });
    let found = header.as_ref().and_then(|header| header.get("alg"));
    let found = found.and_then(Value::as_str).unwrap_or_default();
    let known = Algorithm::ALL.iter().copied().collect();
    Contrast::of_algorithm(&found, known).reject(kind)
}

/// Decodes a header, and returns it parsed if it is in the cache.
#[inline(always)]
fn decode_header(
    encoded: &[u8],
    space: &mut [u8],
    cache: &HeaderCache,
) -> Result<Option<Header>, RejectionKind> {
    match cache.get(encoded) {
        Some((decoded, header)) if decoded.len() == space.len() => {
            space.copy_from_slice(decoded);
            Ok(Some(header.clone()))
        }
        _ => decode(encoded, space).map(|()| None),
    }
}

fn decode(text: &[u8], space: &mut [u8]) -> Result<(), RejectionKind> {
    match base64url::decode_into(text, space) {
        Some(len) if len == space.len() => Ok(()),
        _ => Err(RejectionKind::TokenMalformed),
    }
}

/// Builds the index of all claims and records the places of the known ones.
struct ClaimSink<'b> {
    index: Index<'b>,
    slots: Slots,
    /// The name of the member that is being read.
    name: Option<ClaimName>,
}

impl<'b> ClaimSink<'b> {
    #[inline(always)]
    fn new(space: &'b mut [u8]) -> Self {
        Self {
            index: Index::new(space),
            slots: Slots::default(),
            name: None,
        }
    }
}

impl Sink for ClaimSink<'_> {
    #[inline(always)]
    fn name(&mut self, text: &[u8], name: RawName) -> NameCheck {
        self.name = ClaimName::from_text(text, name);
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
    fn document_of_a_principal_has_the_header_but_no_signature() {
        let (header, claims) = (br#"{"alg":"HS256"}"#, br#"{"sub":"alice"}"#);
        let parts = [&header[..], &claims[..], &[0xab; 32][..]];
        let token = parts.map(base64url::encode).join(".");
        let mut compact =
            Compact::parse(&token, (token.len(), 100), &HeaderCache::default()).unwrap();
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

//! The claims that the checks need, and their places in a token.

use crate::json::{Document, RawName, Span, TextRange, Unescaped};

/// A claim that the checks need.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ClaimName {
    Iss,
    Sub,
    Aud,
    Exp,
    Nbf,
    Iat,
    Jti,
    Cnf,
    ClientId,
    Azp,
    Act,
    Scope,
    AtHash,
    CHash,
    SHash,
    Events,
    SdHash,
    TokenUse,
    Typ,
    Nonce,
    Sd,
    SdAlg,
    Vct,
    Vc,
    Vp,
    StatusList,
    SubId,
    AuthorizationDetails,
}

const COUNT: usize = ClaimName::AuthorizationDetails as usize + 1;

/// Every known claim, in the order of its slot.
const ALL: [ClaimName; COUNT] = [
    ClaimName::Iss,
    ClaimName::Sub,
    ClaimName::Aud,
    ClaimName::Exp,
    ClaimName::Nbf,
    ClaimName::Iat,
    ClaimName::Jti,
    ClaimName::Cnf,
    ClaimName::ClientId,
    ClaimName::Azp,
    ClaimName::Act,
    ClaimName::Scope,
    ClaimName::AtHash,
    ClaimName::CHash,
    ClaimName::SHash,
    ClaimName::Events,
    ClaimName::SdHash,
    ClaimName::TokenUse,
    ClaimName::Typ,
    ClaimName::Nonce,
    ClaimName::Sd,
    ClaimName::SdAlg,
    ClaimName::Vct,
    ClaimName::Vc,
    ClaimName::Vp,
    ClaimName::StatusList,
    ClaimName::SubId,
    ClaimName::AuthorizationDetails,
];

impl ClaimName {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Iss => "iss",
            Self::Sub => "sub",
            Self::Aud => "aud",
            Self::Exp => "exp",
            Self::Nbf => "nbf",
            Self::Iat => "iat",
            Self::Jti => "jti",
            Self::Cnf => "cnf",
            Self::ClientId => "client_id",
            Self::Azp => "azp",
            Self::Act => "act",
            Self::Scope => "scope",
            Self::AtHash => "at_hash",
            Self::CHash => "c_hash",
            Self::SHash => "s_hash",
            Self::Events => "events",
            Self::SdHash => "sd_hash",
            Self::TokenUse => "token_use",
            Self::Typ => "typ",
            Self::Nonce => "nonce",
            Self::Sd => "_sd",
            Self::SdAlg => "_sd_alg",
            Self::Vct => "vct",
            Self::Vc => "vc",
            Self::Vp => "vp",
            Self::StatusList => "status_list",
            Self::SubId => "sub_id",
            Self::AuthorizationDetails => "authorization_details",
        }
    }

    /// Returns the known claim of that name.
    pub(super) fn known(name: &str) -> Option<Self> {
        Self::from_bytes(name.as_bytes()).filter(|_| !name.contains('\0'))
    }

    /// Returns true if the claim asserts no rights, except for scopes: one of the registered ones,
    /// or one that only says what the token is made for.
    pub(super) fn is_neutral(self) -> bool {
        self as usize <= Self::Nonce as usize
    }

    /// Returns the known claim of that name.
    #[inline(always)]
    pub(super) fn from_text(text: &[u8], name: RawName) -> Option<Self> {
        if name.end.wrapping_sub(name.start) <= 8 && !name.is_escaped {
            return Self::from_packed(name.head);
        }
        Self::from_long(text.get(name.start..name.end)?, name.is_escaped)
    }

    #[inline(never)]
    fn from_long(raw: &[u8], is_escaped: bool) -> Option<Self> {
        if is_escaped {
            return unescaped_name(raw);
        }
        Self::from_bytes(raw)
    }

    fn from_bytes(name: &[u8]) -> Option<Self> {
        match name {
            b"client_id" => Some(Self::ClientId),
            b"authorization_details" => Some(Self::AuthorizationDetails),
            b"status_list" => Some(Self::StatusList),
            b"token_use" => Some(Self::TokenUse),
            _ if name.len() > 8 => None,
            _ => Self::from_packed(pack(name)),
        }
    }

    /// Compares a name of up to eight bytes as a number, because this runs for every claim.
    #[inline(always)]
    fn from_packed(packed: u64) -> Option<Self> {
        match packed {
            ISS => Some(Self::Iss),
            SUB => Some(Self::Sub),
            AUD => Some(Self::Aud),
            EXP => Some(Self::Exp),
            NBF => Some(Self::Nbf),
            IAT => Some(Self::Iat),
            JTI => Some(Self::Jti),
            CNF => Some(Self::Cnf),
            AZP => Some(Self::Azp),
            ACT => Some(Self::Act),
            SCOPE => Some(Self::Scope),
            TYP => Some(Self::Typ),
            NONCE => Some(Self::Nonce),
            // Most other names end here.
            _ if MARK_INITIALS >> (packed & 31) & 1 == 0 => None,
            _ => Self::mark_from_packed(packed),
        }
    }

    /// Finds a claim that marks another purpose; access tokens rarely have a name that begins alike.
    #[inline(never)]
    fn mark_from_packed(packed: u64) -> Option<Self> {
        match packed {
            AT_HASH => Some(Self::AtHash),
            C_HASH => Some(Self::CHash),
            S_HASH => Some(Self::SHash),
            EVENTS => Some(Self::Events),
            SD_HASH => Some(Self::SdHash),
            SD => Some(Self::Sd),
            SD_ALG => Some(Self::SdAlg),
            VCT => Some(Self::Vct),
            VC => Some(Self::Vc),
            VP => Some(Self::Vp),
            SUB_ID => Some(Self::SubId),
            _ => None,
        }
    }
}

/// Bytes of the longest known name.
const LONGEST: usize = ClaimName::StatusList.as_str().len();

const ISS: u64 = pack(b"iss");
const SUB: u64 = pack(b"sub");
const AUD: u64 = pack(b"aud");
const EXP: u64 = pack(b"exp");
const NBF: u64 = pack(b"nbf");
const IAT: u64 = pack(b"iat");
const JTI: u64 = pack(b"jti");
const CNF: u64 = pack(b"cnf");
const AZP: u64 = pack(b"azp");
const ACT: u64 = pack(b"act");
const SCOPE: u64 = pack(b"scope");
const AT_HASH: u64 = pack(b"at_hash");
const C_HASH: u64 = pack(b"c_hash");
const S_HASH: u64 = pack(b"s_hash");
const EVENTS: u64 = pack(b"events");
const SD_HASH: u64 = pack(b"sd_hash");
const TYP: u64 = pack(b"typ");
const NONCE: u64 = pack(b"nonce");
const SD: u64 = pack(b"_sd");
const SD_ALG: u64 = pack(b"_sd_alg");
const VCT: u64 = pack(b"vct");
const VC: u64 = pack(b"vc");
const VP: u64 = pack(b"vp");
const SUB_ID: u64 = pack(b"sub_id");

/// One bit for the lowest five bits of the first letter of each name in `mark_from_packed`.
const MARK_INITIALS: u32 =
    initial(b'_') | initial(b'a') | initial(b'c') | initial(b'e') | initial(b's') | initial(b'v');

const fn initial(letter: u8) -> u32 {
    1 << (letter & 31)
}

/// Packs a name of up to eight bytes into a number.
///
/// Zero bytes would make two names equal: the scanner rejects raw ones, and names with an escaped
/// one are excluded where they are unescaped.
const fn pack(name: &[u8]) -> u64 {
    let (mut packed, mut rest) = (0, name);
    while let [head @ .., last] = rest {
        packed = packed << 8 | *last as u64;
        rest = head;
    }
    packed
}

#[cold]
fn unescaped_name(raw: &[u8]) -> Option<ClaimName> {
    let mut space = [0; LONGEST];
    let name = Unescaped::new(raw).fill(&mut space)?;
    ClaimName::from_bytes(name).filter(|_| !name.contains(&0))
}

/// The places of the values of the known claims.
#[derive(Clone, Copy, Default)]
pub(super) struct Slots([(u16, u16); COUNT]);

impl Slots {
    /// Finds the known claims of a document.
    pub(super) fn in_document(document: &Document) -> Self {
        let mut slots = Self::default();
        for (name, slot) in ALL.iter().zip(&mut slots.0) {
            let piece = document.find(name.as_str()).unwrap_or_default();
            // Fits: no document is longer than its index can address.
            *slot = (piece.start() as u16, piece.end() as u16);
        }
        slots
    }

    #[inline(always)]
    pub(super) fn place(&mut self, name: ClaimName, member: Span) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            // Fits: no payload is longer than three quarters of the largest token.
            *slot = (member.value_start as u16, member.value_end as u16);
        }
    }

    pub(super) fn remove(&mut self, name: ClaimName) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            *slot = (0, 0);
        }
    }

    pub(super) fn has(&self, name: ClaimName) -> bool {
        // A value is not empty, so its end is not zero.
        self.0.get(name as usize).is_some_and(|slot| slot.1 > 0)
    }

    /// Returns the place of the value, if there is one.
    pub(super) fn find(&self, name: ClaimName) -> Option<TextRange> {
        Some(self.piece(name)).filter(|p| !p.is_empty())
    }

    /// Returns the place of the value; it is empty if there is none.
    pub(super) fn piece(&self, name: ClaimName) -> TextRange {
        let (start, end) = self.0.get(name as usize).copied().unwrap_or_default();
        TextRange::new(start.into(), end.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_claim_is_found_by_its_name() {
        for (index, name) in ALL.into_iter().enumerate() {
            assert_eq!(name as usize, index);
            assert_eq!(ClaimName::from_bytes(name.as_str().as_bytes()), Some(name));
        }
        assert_eq!(ClaimName::from_bytes(b"issuer"), None);
        assert_eq!(unescaped_name(br"iss\u0000"), None);
        assert_eq!(ClaimName::known("iss"), Some(ClaimName::Iss));
        assert_eq!(ClaimName::known("iss\0"), None);
        assert_eq!(unescaped_name(br"\u0069ss"), Some(ClaimName::Iss));
    }
}

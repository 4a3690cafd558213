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
    TokenUse,
    Typ,
    Nonce,
    // Of the others only the presence counts.
    AtHash,
    CHash,
    SHash,
    Events,
    SdHash,
    Sd,
    SdAlg,
    Vct,
    Vc,
    Vp,
    StatusList,
    SubId,
}

const COUNT: usize = ClaimName::SubId as usize + 1;

/// The number of claims whose value is needed.
const PLACES: usize = ClaimName::Nonce as usize + 1;

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
    ClaimName::TokenUse,
    ClaimName::Typ,
    ClaimName::Nonce,
    ClaimName::AtHash,
    ClaimName::CHash,
    ClaimName::SHash,
    ClaimName::Events,
    ClaimName::SdHash,
    ClaimName::Sd,
    ClaimName::SdAlg,
    ClaimName::Vct,
    ClaimName::Vc,
    ClaimName::Vp,
    ClaimName::StatusList,
    ClaimName::SubId,
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
        }
    }

    /// Returns the known claim of that name.
    pub(super) fn known(name: &str) -> Option<Self> {
        Self::from_bytes(name.as_bytes()).filter(|_| !name.contains('\0'))
    }

    /// Returns true if the claim asserts no rights, except for scopes: one of the registered ones,
    /// or one that only says what the token is made for.
    pub(super) fn is_neutral(self) -> bool {
        self as usize <= Self::SdHash as usize
    }

    /// Returns true if the value of the claim is needed, not only its presence.
    pub(super) const fn has_place(self) -> bool {
        (self as usize) < PLACES
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
            AT_HASH => Some(Self::AtHash),
            C_HASH => Some(Self::CHash),
            S_HASH => Some(Self::SHash),
            EVENTS => Some(Self::Events),
            SD_HASH => Some(Self::SdHash),
            TYP => Some(Self::Typ),
            NONCE => Some(Self::Nonce),
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

/// The places of the values of the known claims, and which of the others are there.
#[derive(Clone, Copy, Default)]
pub(super) struct Slots {
    places: [(u16, u16); PLACES],
    /// One bit for each claim without a place.
    present: u16,
}

impl Slots {
    /// Finds the known claims of a document.
    pub(super) fn in_document(document: &Document) -> Self {
        let mut slots = Self::default();
        for name in ALL {
            if let Some(piece) = document.find(name.as_str()) {
                slots.set(name, (piece.start(), piece.end()));
            }
        }
        slots
    }

    #[inline(always)]
    pub(super) fn place(&mut self, name: ClaimName, member: Span) {
        self.set(name, (member.value_start, member.value_end));
    }

    #[inline(always)]
    fn set(&mut self, name: ClaimName, (start, end): (usize, usize)) {
        match self.places.get_mut(name as usize) {
            // Fits: no document is longer than its index can address, and no payload is longer than
            // three quarters of the largest token.
            Some(slot) => *slot = (start as u16, end as u16),
            None => self.present |= bit(name),
        }
    }

    pub(super) fn remove(&mut self, name: ClaimName) {
        match self.places.get_mut(name as usize) {
            Some(slot) => *slot = (0, 0),
            None => self.present &= !bit(name),
        }
    }

    #[inline(always)]
    pub(super) fn has(&self, name: ClaimName) -> bool {
        match self.places.get(name as usize) {
            // A value is not empty, so its end is not zero.
            Some(slot) => slot.1 > 0,
            None => self.present & bit(name) != 0,
        }
    }

    /// Returns the place of the value, if there is one.
    pub(super) fn find(&self, name: ClaimName) -> Option<TextRange> {
        Some(self.piece(name)).filter(|p| !p.is_empty())
    }

    /// Returns the place of the value; it is empty if there is none, or if none is kept.
    pub(super) fn piece(&self, name: ClaimName) -> TextRange {
        let (start, end) = self.places.get(name as usize).copied().unwrap_or_default();
        TextRange::new(start.into(), end.into())
    }
}

/// The bit of a claim without a place.
const fn bit(name: ClaimName) -> u16 {
    1 << ((name as usize).wrapping_sub(PLACES) & 15)
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
        assert!(COUNT - PLACES <= 16, "one bit each");
        assert_eq!(ClaimName::from_bytes(b"issuer"), None);
        assert_eq!(unescaped_name(br"iss\u0000"), None);
        assert_eq!(unescaped_name(br"\u0069ss"), Some(ClaimName::Iss));
    }
}

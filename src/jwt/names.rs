//! The claims that the rules know, and where they stand in a token.

use crate::json::Document;
use crate::json::RawName;
use crate::json::Span;
use crate::json::TextRange;
use crate::json::Unescaped;

/// A claim that the rules know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Name {
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
}

const COUNT: usize = Name::Nonce as usize + 1;

/// Every known claim, in the order of its slot.
const ALL: [Name; COUNT] = [
    Name::Iss,
    Name::Sub,
    Name::Aud,
    Name::Exp,
    Name::Nbf,
    Name::Iat,
    Name::Jti,
    Name::Cnf,
    Name::ClientId,
    Name::Azp,
    Name::Act,
    Name::Scope,
    Name::AtHash,
    Name::CHash,
    Name::SHash,
    Name::Events,
    Name::SdHash,
    Name::TokenUse,
    Name::Typ,
    Name::Nonce,
];

impl Name {
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
        }
    }

    pub(super) fn is_known(name: &str) -> bool {
        Self::read(name.as_bytes()).is_some() && !name.contains('\0')
    }

    /// Returns the known claim of that name.
    #[inline(always)]
    pub(super) fn of(text: &[u8], name: RawName) -> Option<Self> {
        if name.end.wrapping_sub(name.start) <= 8 && !name.is_escaped {
            return Self::find(name.head);
        }
        Self::longer(text.get(name.start..name.end)?, name.is_escaped)
    }

    #[inline(never)]
    fn longer(raw: &[u8], is_escaped: bool) -> Option<Self> {
        if is_escaped {
            return unescaped_name(raw);
        }
        Self::read(raw)
    }

    fn read(name: &[u8]) -> Option<Self> {
        match name {
            b"client_id" => Some(Self::ClientId),
            b"token_use" => Some(Self::TokenUse),
            _ if name.len() > 8 => None,
            _ => Self::find(pack(name)),
        }
    }

    /// Finds a name of up to eight bytes as a number: this runs for every claim.
    #[inline(always)]
    fn find(packed: u64) -> Option<Self> {
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
            _ => None,
        }
    }
}

/// Bytes of the longest known name.
const LONGEST: usize = Name::ClientId.as_str().len();

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

/// Packs a name of up to eight bytes. No name has a zero byte here: raw ones are refused by the
/// scanner, and an escaped one is looked up by its unescaped bytes, length included.
const fn pack(name: &[u8]) -> u64 {
    let (mut packed, mut rest) = (0, name);
    while let [head @ .., last] = rest {
        packed = packed << 8 | *last as u64;
        rest = head;
    }
    packed
}

#[cold]
fn unescaped_name(raw: &[u8]) -> Option<Name> {
    let mut space = [0; LONGEST];
    let name = Unescaped::new(raw).fill(&mut space)?;
    Name::read(name).filter(|_| !name.contains(&0))
}

/// Where the values of the known claims stand.
#[derive(Clone, Copy, Default)]
pub(super) struct Slots([(u16, u16); COUNT]);

impl Slots {
    /// Finds the known claims of a document.
    pub(super) fn of(document: &Document) -> Self {
        let mut slots = Self::default();
        for (name, slot) in ALL.iter().zip(&mut slots.0) {
            let piece = document.find(name.as_str()).unwrap_or_default();
            // No document is longer than its index can place.
            *slot = (piece.start() as u16, piece.end() as u16);
        }
        slots
    }

    #[inline(always)]
    pub(super) fn place(&mut self, name: Name, member: Span) {
        if let Some(slot) = self.0.get_mut(name as usize) {
            // No payload is longer than three quarters of the largest token.
            *slot = (member.value_start as u16, member.value_end as u16);
        }
    }

    pub(super) fn has(&self, name: Name) -> bool {
        // Every value ends behind its start.
        self.0.get(name as usize).is_some_and(|slot| slot.1 > 0)
    }

    /// Returns where the value stands, if there is one.
    pub(super) fn find(&self, name: Name) -> Option<TextRange> {
        Some(self.piece(name)).filter(|p| !p.is_empty())
    }

    /// Returns where the value stands; the piece is empty if there is none.
    pub(super) fn piece(&self, name: Name) -> TextRange {
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
            assert_eq!(Name::read(name.as_str().as_bytes()), Some(name));
        }
        assert_eq!(Name::read(b"issuer"), None);
        assert_eq!(unescaped_name(br"iss\u0000"), None);
        assert_eq!(unescaped_name(br"\u0069ss"), Some(Name::Iss));
    }
}

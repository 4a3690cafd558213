//! The member that the chain adds to a line.

use std::fmt;

use crate::audit::encoding::Encoding;

/// A MAC, and what links a line to the one before.
pub(crate) type Link = [u8; 32];

/// The number of hexadecimal digits of a MAC.
pub(crate) const MAC_DIGITS: usize = 64;

/// What the chain writes into a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Member {
    /// The trail that the line belongs to; see `ChainKey::trail`.
    pub(crate) trail: u32,
    /// How many starts of the trail there were, from 1.
    pub(crate) starts: u64,
    /// The first half of the random number of the start.
    pub(crate) boot: u64,
    /// How often the key of the start was replaced.
    pub(crate) epoch: u64,
    /// From 1 in each start.
    pub(crate) sequence: u64,
    /// Only in the first line of a file: the first line of this start that was kept then. Written as
    /// 0 in other lines.
    pub(crate) kept: Option<u64>,
    /// The MAC of the line before, zero in the first line of the first start.
    pub(crate) previous: Link,
    pub(crate) mac: Link,
    /// Where the digits of the MAC begin in the line.
    pub(crate) mac_at: usize,
}

impl Member {
    /// Appends the member without the digits of its MAC and what follows them.
    pub(crate) fn write_up_to_mac(&self, encoding: Encoding, line: &mut Vec<u8>) {
        line.extend_from_slice(name(encoding).as_bytes());
        line.extend_from_slice(self.text_before_mac().as_bytes());
    }

    /// Returns the value of the member, up to the digits of its MAC.
    pub(crate) fn text_before_mac(&self) -> String {
        format!(
            "{:08x}.{}.{:016x}.{}.{}.{}.{}.",
            self.trail,
            self.starts,
            self.boot,
            self.epoch,
            self.sequence,
            self.kept.unwrap_or(0),
            HexText::new(&self.previous),
        )
    }

    /// Reads the member of a line, if its end has the only form in which it is written.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let (name, value) = split(line)?;
        let mut fields = value.split(|byte| *byte == b'.');
        let mut next = || fields.next();
        let member = Self {
            trail: u32::try_from(fixed_hex(next()?, 8)?).ok()?,
            starts: decimal(next()?)?,
            boot: fixed_hex(next()?, 16)?,
            epoch: decimal(next()?)?,
            sequence: decimal(next()?)?,
            kept: Some(decimal(next()?)?).filter(|kept| *kept != 0),
            previous: link(next()?)?,
            mac: link(next()?)?,
            mac_at: name + value.len() - MAC_DIGITS,
        };
        let is_whole = next().is_none() && member.starts != 0 && member.sequence != 0;
        is_whole.then_some(member)
    }
}

/// Returns what follows the digits of the MAC, before the closing of the encoding.
pub(crate) const fn quote(encoding: Encoding) -> &'static [u8] {
    match encoding {
        Encoding::Ocsf | Encoding::Ecs | Encoding::Native => b"\"",
        Encoding::Cef => b"",
    }
}

const fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Ocsf | Encoding::Native => JSON_NAME,
        Encoding::Ecs => ECS_NAME,
        Encoding::Cef => CEF_NAME,
    }
}

/// Returns where the value begins, and the value.
fn split(line: &[u8]) -> Option<(usize, &[u8])> {
    let names: &[&str] = match line.last()? {
        b'}' => &[JSON_NAME, ECS_NAME],
        _ => &[CEF_NAME],
    };
    let closed = [OCSF_END, JSON_END, ""];
    let body = closed
        .iter()
        .find_map(|end| line.strip_suffix(end.as_bytes()))?;
    let is_value = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'.');
    let len = body.iter().rev().take_while(|byte| is_value(byte)).count();
    let (head, value) = body.split_at_checked(body.len().checked_sub(len)?)?;
    let is_named = names.iter().any(|name| head.ends_with(name.as_bytes()));
    (is_named && value.len() > MAC_DIGITS).then_some((head.len(), value))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_canonical = matches!(digits, [b'0'] | [b'1'..=b'9', ..]);
    let is_decimal = is_canonical && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits)
        .ok()
        .filter(|_| is_decimal)?
        .parse()
        .ok()
}

fn fixed_hex(digits: &[u8], len: usize) -> Option<u64> {
    let is_hex = digits.len() == len && digits.iter().all(|byte| nibble(*byte).is_some());
    let text = str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u64::from_str_radix(text, 16).ok()
}

fn link(digits: &[u8]) -> Option<Link> {
    let mut link = [0; 32];
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != link.len() {
        return None;
    }
    for (byte, [high, low]) in link.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(link)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A MAC as hexadecimal digits, in lower case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HexText([u8; MAC_DIGITS]);

impl HexText {
    pub(crate) fn new(link: &Link) -> Self {
        let mut text = [b'0'; MAC_DIGITS];
        for ([high, low], byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(link) {
            *high = digit(byte >> 4);
            *low = digit(byte & 15);
        }
        Self(text)
    }

    pub(crate) const fn bytes(&self) -> &[u8; MAC_DIGITS] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for HexText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

const JSON_NAME: &str = ",\"chain\":\"";
const ECS_NAME: &str = ",\"bearergate.chain\":\"";
const CEF_NAME: &str = " bearergateChain=";
const OCSF_END: &str = "\"}}}";
const JSON_END: &str = "\"}";

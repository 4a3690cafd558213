//! Escaping and unescaping of JSON strings.

use std::borrow::Cow;

/// The bytes of a JSON string after unescaping, up to its closing quote or the end.
///
/// The text must be accepted by the scanner. For any other text the bytes are meaningless, but
/// reading them does not panic.
#[derive(Clone, Debug)]
pub(crate) struct Unescaped<'j> {
    rest: std::slice::Iter<'j, u8>,
    // Remaining UTF-8 bytes of an escaped character, the next one lowest.
    pending: u32,
}

impl<'j> Unescaped<'j> {
    /// Creates an iterator over a text that starts after the opening quote.
    pub(crate) fn new(text: &'j [u8]) -> Self {
        Self {
            rest: text.iter(),
            pending: 0,
        }
    }

    /// Writes all bytes to the start of `space` and returns them, or `None` if `space` is too short.
    pub(crate) fn fill(self, space: &mut [u8]) -> Option<&[u8]> {
        let mut len = 0;
        for byte in self {
            *space.get_mut(len)? = byte;
            len += 1;
        }
        space.get(..len)
    }

    fn escape(&mut self) -> Option<u8> {
        match *self.rest.next()? {
            b'b' => Some(0x08),
            b'f' => Some(0x0c),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'u' => self.unicode(),
            byte => Some(byte),
        }
    }

    fn unicode(&mut self) -> Option<u8> {
        let high = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            // The scanner accepts a high surrogate only before `\u` and a low surrogate.
            self.rest.nth(1)?;
            let low = self.hex4()?;
            0x10000 + ((high & 0x3ff) << 10 | low & 0x3ff)
        } else {
            high
        };
        let mut utf8 = [0; 4];
        let encoded = char::from_u32(code)?.encode_utf8(&mut utf8).as_bytes();
        let (first, others) = encoded.split_first()?;
        self.pending = others.iter().rev().fold(0, |p, b| p << 8 | u32::from(*b));
        Some(*first)
    }

    fn hex4(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(*self.rest.next()?).to_digit(16)?;
        }
        Some(code)
    }
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.pending != 0 {
            let byte = self.pending.to_le_bytes()[0];
            self.pending >>= 8;
            return Some(byte);
        }
        match *self.rest.next()? {
            b'"' => {
                self.rest = [].iter();
                None
            }
            b'\\' => self.escape(),
            byte => Some(byte),
        }
    }
}

/// Appends the content of a JSON string, without quotes.
///
/// Besides what JSON demands, every [hidden](is_hidden) character is escaped, so that the text
/// cannot end a line or change how a terminal shows it.
pub(crate) fn push_escaped(text: &str, line: &mut Vec<u8>) {
    if is_printable_without(b'"', text.as_bytes()) {
        line.extend_from_slice(text.as_bytes());
    } else {
        push_letters(text, line);
    }
}

/// Returns whether all bytes are printable ASCII and none is a backslash or this one. Most texts are
/// that, and are copied whole.
#[inline(always)]
pub(crate) fn is_printable_without(special: u8, text: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (pairs, _) = text.as_chunks();
        let is_whole = |block| !has_special(special, u64::from_le_bytes(block));
        return is_whole(*first) && is_whole(*last) && pairs.iter().copied().all(is_whole);
    }
    text.iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\' && *byte != special)
}

/// Eight bytes at once: the highest bit of a byte is set where it is no printable ASCII or special,
/// and perhaps in a byte after such a one.
#[inline(always)]
fn has_special(special: u8, bytes: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let is_below_space = bytes.wrapping_sub(ONES * 0x20) & !bytes;
    let is_byte = |byte: u8| is_zero(bytes ^ (ONES * u64::from(byte)));
    (bytes | is_below_space | is_byte(special) | is_byte(b'\\') | is_byte(0x7f)) & TOPS != 0
}

fn push_letters(text: &str, line: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let (plain, after) = split_plain(rest);
        line.extend_from_slice(plain.as_bytes());
        let mut letters = after.chars();
        match letters.next() {
            None => return,
            Some(letter @ ('"' | '\\')) => line.extend_from_slice(&[b'\\', letter as u8]),
            Some(letter) if is_hidden(letter) => push_code(letter, line),
            Some(letter) => {
                line.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = letters.as_str();
    }
}

/// Splits off the longest start without a quote, a backslash, and what may be a hidden character.
pub(crate) fn split_plain(text: &str) -> (&str, &str) {
    let mut bytes = text.bytes();
    let end = bytes.position(is_special);
    // A special byte is ASCII or the first of a character, so the text is split between characters.
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or(("", text))
}

/// Returns whether a character can end a line, is invisible, or changes the direction of a text:
/// C0, DEL, C1, U+061C, U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF.
pub(crate) const fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Whether a byte is a quote, a backslash, a control, or the first of what may be a hidden character.
const fn is_special(byte: u8) -> bool {
    matches!(
        byte,
        0..0x20 | b'"' | b'\\' | 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef
    )
}

/// Appends the escape of a character of at most four hexadecimal digits.
fn push_code(letter: char, line: &mut Vec<u8>) {
    let code = u32::from(letter);
    let digit = |shift: u32| {
        let nibble = (code >> shift & 0xf) as u8;
        nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
    };
    line.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Unescapes the content of a string; it is copied only if it has escapes.
pub(super) fn unescape(content: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', content.as_bytes()).is_none() {
        return Cow::Borrowed(content);
    }
    let bytes = Unescaped::new(content.as_bytes()).collect();
    // The unescaped bytes of a span that the scanner accepted are always UTF-8.
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut line = Vec::new();
        push_escaped(text, &mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn quotes_backslashes_and_hidden_characters_are_escaped_at_every_place() {
        let shown = ['"', '\\'].map(|letter| (letter, format!("\\{letter}")));
        let hidden = (0..=0x1_0000)
            .filter_map(char::from_u32)
            .filter(|c| is_hidden(*c));
        let hidden = hidden.map(|letter| (letter, format!("\\u{:04x}", u32::from(letter))));
        for (letter, escape) in shown.into_iter().chain(hidden) {
            for len in 0..40 {
                let (before, after) = ("a".repeat(len), "b".repeat(len % 9));
                let text = format!("{before}{letter}{after}");
                assert_eq!(
                    escaped(&text),
                    format!("{before}{escape}{after}"),
                    "{letter:?}"
                );
            }
        }
    }

    #[test]
    fn every_other_character_is_copied() {
        for letter in (0..=0x11_0000).filter_map(char::from_u32) {
            if !is_hidden(letter) && !matches!(letter, '"' | '\\') {
                let text = format!("12345678{letter}");
                assert_eq!(escaped(&text), text);
            }
        }
    }

    #[test]
    fn hidden_are_controls_line_ends_invisible_and_direction_marks() {
        let mut expected: Vec<u32> = (0..0x20).chain(0x7f..0xa0).collect();
        expected.push(0x61c);
        expected.extend((0x200b..0x2010).chain(0x2028..0x202f).chain(0x2066..0x206a));
        expected.push(0xfeff);
        let all = (0..=0x10_ffff).filter_map(char::from_u32);
        let hidden: Vec<_> = all.filter(|c| is_hidden(*c)).map(u32::from).collect();
        assert_eq!(hidden, expected);
    }

    #[test]
    fn every_escape_is_decoded() {
        let text = r#"a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00z"#;
        assert_eq!(
            unescape(text),
            "a\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{20ac}\u{1f600}z"
        );
    }

    #[test]
    fn escaped_nul_is_an_ordinary_byte() {
        assert_eq!(unescape(r"a\u0000b"), "a\0b");
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(unescape("h\u{e9}llo"), Cow::Borrowed(_)));
    }

    #[test]
    fn closing_quote_ends_the_bytes() {
        assert!(Unescaped::new(br#"ab": 1"#).eq(*b"ab"));
        let mut ended = Unescaped::new(br#"a"bc"#);
        assert_eq!(ended.by_ref().count(), 1);
        assert_eq!(ended.next(), None);
    }
}

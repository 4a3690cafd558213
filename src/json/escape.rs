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
    let end = bytes.position(|byte| IS_SPECIAL.get(usize::from(byte)) != Some(&false));
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

/// Quotes, backslashes, controls, and the first bytes of the hidden characters beyond ASCII.
const IS_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_control = byte < 0x20 || byte == 0x7f;
        let is_first = matches!(byte, 0xc2 | 0xd8 | 0xe2 | 0xef);
        table[byte] = is_control || is_first || byte == 0x22 || byte == 0x5c;
        byte += 1;
    }
    table
};

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

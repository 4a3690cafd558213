//! Parsing of query and form parameters (`application/x-www-form-urlencoded`).

use std::borrow::Cow;
use std::slice;

/// Returns the raw values of every parameter whose decoded name is `name`.
pub(crate) fn values<'r>(pairs: &'r [u8], name: &str) -> impl Iterator<Item = &'r [u8]> {
    pairs.split(|b| *b == b'&').filter_map(move |pair| {
        let (raw, value) = split(pair);
        is_named(raw, name).then_some(value)
    })
}

/// Removes the pairs whose decoded name is one of `names` and returns the others, unchanged.
pub(super) fn remove(query: &str, names: &[&str]) -> String {
    let kept = |pair: &&str| {
        let (raw, _) = split(pair.as_bytes());
        !names.iter().any(|name| is_named(raw, name))
    };
    let pairs: Vec<_> = query.split('&').filter(kept).collect();
    pairs.join("&")
}

/// Decodes a raw value; returns `None` if its percent-encoding or its UTF-8 is malformed.
pub(crate) fn decode(raw: &[u8]) -> Option<Cow<'_, str>> {
    if !raw.iter().any(|b| matches!(b, b'%' | b'+')) {
        return str::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let bytes = Decoder(raw.iter()).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut halves = pair.splitn(2, |b| *b == b'=');
    let name = halves.next().unwrap_or_default();
    (name, halves.next().unwrap_or_default())
}

fn is_named(raw: &[u8], name: &str) -> bool {
    Decoder(raw.iter()).eq(name.bytes().map(Some))
}

/// An iterator over the decoded bytes; an item is `None` for a malformed escape.
struct Decoder<'a>(slice::Iter<'a, u8>);

impl Decoder<'_> {
    fn escape(&mut self) -> Option<u8> {
        let high = char::from(*self.0.next()?).to_digit(16)?;
        let low = char::from(*self.0.next()?).to_digit(16)?;
        u8::try_from(high * 16 + low).ok()
    }
}

impl Iterator for Decoder<'_> {
    type Item = Option<u8>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.0.next()? {
            b'%' => self.escape(),
            b'+' => Some(b' '),
            b => Some(*b),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(pairs: &'a str, name: &str) -> Vec<&'a str> {
        values(pairs.as_bytes(), name)
            .map(|v| str::from_utf8(v).unwrap())
            .collect()
    }

    #[test]
    fn parameters_are_found_by_their_decoded_name() {
        assert_eq!(found("a=1&t=x&b=2", "t"), ["x"]);
        assert_eq!(found("t=x&%74=y&T=z&t%20=w&tt=v", "t"), ["x", "y"]);
        assert_eq!(found("t=x=y&t&t=", "t"), ["x=y", "", ""]);
        assert_eq!(found("", "t"), [""; 0]);
        assert_eq!(found("%zz=1&%7=2&t%=3", "t"), [""; 0]);
    }

    #[test]
    fn escapes_must_be_complete_and_utf8() {
        assert_eq!(decode(b"a.b").unwrap(), "a.b");
        assert_eq!(decode(b"a%2Eb%2f+").unwrap(), "a.b/ ");
        for bad in ["%", "%2", "%2g", "%+2", "%%32", "a%zz", "%ff", "%e4"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn other_parameters_are_kept_unchanged() {
        assert_eq!(remove("a=1&t=x&b=%zz&%74=y", &["t"]), "a=1&b=%zz");
        assert_eq!(remove("t=x", &["t"]), "");
        assert_eq!(remove("a=1&u=2", &["t", "u"]), "a=1");
    }

    proptest! {
        #[test]
        fn escaped_text_decodes_to_itself(text in any::<String>()) {
            let escaped: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(decode(escaped.as_bytes()).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
            let _ = values(&bytes, "t").count();
        }
    }
}

//! Encoding of forms (`application/x-www-form-urlencoded`).

use crate::secret::Secret;

/// A form that may contain credentials.
pub(crate) struct Form(Vec<u8>);

impl Form {
    /// Makes an empty form with capacity for values of this many bytes, so that it does not grow
    /// and leave a copy of a secret in memory.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Vec::with_capacity(3 * bytes + 1024))
    }

    /// Adds a member. The value is encoded; the name must not need encoding.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        if !self.0.is_empty() {
            self.0.push(b'&');
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
        encode(value, &mut self.0);
    }

    pub(crate) fn into_secret(self) -> Secret {
        Secret::new(self.0)
    }
}

/// Encodes a value: every byte except the ones that all decoders leave unchanged.
pub(crate) fn encode(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'*' => out.push(*byte),
            b' ' => out.push(b'+'),
            _ => out.extend([b'%', digit(byte >> 4), digit(byte & 0xf)]),
        }
    }
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'A' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_can_add_a_member() {
        let mut form = Form::new(64);
        form.add("token", b"a&token_type_hint=refresh_token\r\n\0%00=+ ~");
        form.add("b", b"c");
        let text = form.into_secret();
        let wanted = "token=a%26token_type_hint%3Drefresh_token%0D%0A%00%2500%3D%2B+%7E&b=c";
        assert_eq!(text.expose(), wanted.as_bytes());
    }
}

//! The public names of sessions.

use std::fmt;

use crate::credential::base64url;

/// The public name of a session. It stays the same while the session's secret id changes, and
/// gives no access.
///
/// `Display` writes 22 characters of base64url; [`parse`](Self::parse) reads them.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionHandle([u8; 16]);

impl SessionHandle {
    /// Takes 16 bytes. Take them from a random source: two sessions with one handle are revoked
    /// together.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the 16 bytes. They are no secret: logs and tokens (in the claim `sid`) may contain
    /// them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads what `Display` wrote; `None` for any other text. A handle from a request is untrusted;
    /// it gives no access.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let len = base64url::decode_into(text.as_bytes(), &mut bytes)?;
        (len == bytes.len()).then_some(Self(bytes))
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(self.0))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_has_one_spelling() {
        let handle = SessionHandle::new([0xfb; 16]);
        let text = handle.to_string();
        assert_eq!(SessionHandle::parse(&text), Some(handle));
        for bad in [
            "",
            "-_s",
            text.trim_start_matches('-'),
            &format!("{text}A"),
            &format!("{text}=="),
        ] {
            assert_eq!(SessionHandle::parse(bad), None, "{bad}");
        }
    }
}

//! What a verified signature says.

use std::fmt;
use std::sync::Arc;

use super::digest::ContentCheck;
use super::input::SignatureInput;
use crate::clock::UnixTime;

/// A request whose signature is valid. Cheap to clone.
///
/// If its [`content_check`](Self::content_check) is there, the content is still to be checked.
#[derive(Clone)]
pub struct Signed(Arc<Inner>);

struct Inner {
    label: String,
    keyid: Option<String>,
    created: Option<UnixTime>,
    /// The names, each with a line end.
    covered: String,
    content: Option<ContentCheck>,
}

impl Signed {
    pub(super) fn new(
        input: &SignatureInput<'_>,
        created: Option<UnixTime>,
        content: Option<ContentCheck>,
    ) -> Self {
        let mut covered = String::with_capacity(input.text.len());
        for component in &input.components {
            covered.extend([&*component.name, "\n"]);
        }
        Self(Arc::new(Inner {
            label: input.label.to_owned(),
            keyid: input.keyid.as_deref().map(str::to_owned),
            created,
            covered,
            content,
        }))
    }

    /// Returns the label of the signature.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// Returns the id of the key.
    pub fn keyid(&self) -> Option<&str> {
        self.0.keyid.as_deref()
    }

    /// Returns when the client has signed.
    pub fn created(&self) -> Option<UnixTime> {
        self.0.created
    }

    /// Returns the names of the components that are signed.
    pub fn covered(&self) -> impl Iterator<Item = &str> {
        self.0.covered.lines()
    }

    /// Returns the check of content that is read later
    /// ([`Content::Later`](crate::request::Content::Later)), or `None` if there is nothing to check. The
    /// service must act on the content only if it succeeds.
    pub fn content_check(&self) -> Option<ContentCheck> {
        self.0.content.clone()
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("label", &self.0.label)
            .field("keyid", &self.0.keyid)
            .finish_non_exhaustive()
    }
}

//! Declaration of stable kinds and of the errors that carry one.

/// Declares an enum of stable kinds, one line a kind: variant, code, text.
///
/// The documentation of a variant, `ALL`, `as_str` (the code) and `Display` (the text) are made
/// from that line, so they cannot disagree. Documentation above a line is added to it.
macro_rules! kinds {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$more:meta])* $variant:ident = $code:literal, $text:literal;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                #[doc = concat!("`", $code, "`: ", $text, ".")]
                $(#[$more])*
                $variant,
            )+
        }

        impl $name {
            /// Every kind, in the order of declaration.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the stable snake-case code.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        /// Writes what the kind means, in lower case and without a full stop.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)+
                })
            }
        }
    };
}

/// Declares an error of one pointer: a kind and, where something failed below it, a source.
///
/// `made in` is the visibility of its constructors.
macro_rules! kind_error {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident($kind:ty);
        made in $made:vis
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, thiserror::Error)]
        #[error(transparent)]
        $vis struct $name(Box<$crate::error::Caused<$kind>>);

        impl $name {
            /// Makes an error of this kind.
            $made fn new(kind: $kind) -> Self {
                Self(Box::new($crate::error::Caused { kind, source: None }))
            }

            /// Adds what failed below, for the operator. It must not hold a record or a secret.
            #[must_use]
            $made fn with_source(
                mut self,
                source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
            ) -> Self {
                self.0.source = Some($crate::error::Cause::new(source));
                self
            }

            /// Returns why, as a stable code.
            $vis fn kind(&self) -> $kind {
                self.0.kind
            }
        }

        impl From<$kind> for $name {
            fn from(kind: $kind) -> Self {
                Self::new(kind)
            }
        }
    };
}

pub(crate) use kind_error;
pub(crate) use kinds;

#[cfg(all(test, feature = "api-key", feature = "issuer", feature = "session"))]
mod tests {
    use std::collections::HashSet;

    use crate::api_key::ApiKeyErrorKind;
    use crate::error::config::ConfigErrorKind;
    use crate::error::kind::RejectionKind;
    use crate::error::store::StoreErrorKind;
    use crate::grant::GrantErrorKind;
    use crate::http_client::HttpErrorKind;
    use crate::issuer::{MintErrorKind, TokenErrorKind};
    use crate::json::JsonErrorKind;
    use crate::policy::{LintKind, ReasonCode};

    macro_rules! check {
        ($($kind:ident),+) => {
            $(check_lines(stringify!($kind), $kind::ALL, $kind::as_str);)+
        };
    }

    fn check_lines<K: Copy + ToString>(name: &str, all: &[K], code: fn(K) -> &'static str) {
        let codes: HashSet<_> = all.iter().map(|kind| code(*kind)).collect();
        assert_eq!(codes.len(), all.len(), "{name}");
        let is_snake = |c: &str| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(codes.into_iter().all(is_snake), "{name}");
        for kind in all {
            let text = kind.to_string();
            assert!(text.starts_with(|c: char| c.is_ascii_lowercase()), "{text}");
            assert!(!text.ends_with('.'), "{text}");
        }
    }

    #[test]
    fn codes_are_distinct_snake_case_and_texts_are_lower_case() {
        check!(
            ApiKeyErrorKind,
            ConfigErrorKind,
            GrantErrorKind,
            HttpErrorKind,
            JsonErrorKind,
            LintKind,
            MintErrorKind,
            ReasonCode,
            RejectionKind,
            StoreErrorKind,
            TokenErrorKind
        );
    }
}

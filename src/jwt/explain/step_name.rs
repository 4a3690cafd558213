//! The steps of a validation.

/// One step, in the order in which an explanation has them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::jwt) enum StepName {
    Size,
    Shape,
    Header,
    Issuer,
    Key,
    Signature,
    Claims,
    Type,
    Audience,
    Expiry,
    NotBefore,
    IssuedAt,
    Demands,
    Binding,
}

impl StepName {
    /// Every step, in order.
    pub(in crate::jwt) const ALL: [Self; 14] = [
        Self::Size,
        Self::Shape,
        Self::Header,
        Self::Issuer,
        Self::Key,
        Self::Signature,
        Self::Claims,
        Self::Type,
        Self::Audience,
        Self::Expiry,
        Self::NotBefore,
        Self::IssuedAt,
        Self::Demands,
        Self::Binding,
    ];

    /// Returns the stable name.
    pub(in crate::jwt) const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Shape => "shape",
            Self::Header => "header",
            Self::Issuer => "issuer",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Type => "type",
            Self::Audience => "audience",
            Self::Expiry => "expiry",
            Self::NotBefore => "not_before",
            Self::IssuedAt => "issued_at",
            Self::Demands => "demands",
            Self::Binding => "binding",
        }
    }
}

//! Issuers that differ in one part of their name: the tenants of one provider.

use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::principal::{Authority, Claims};

/// A tenant of a provider whose issuers follow a
/// [pattern](crate::jwt::JwtValidatorBuilder::issuer_pattern).
///
/// The token's signature is valid under the provider's keys, so its claims are asserted by the
/// provider. The closure that receives the tenant decides whether it is trusted.
#[derive(Clone, Copy)]
pub struct Tenant<'t> {
    issuer: &'t str,
    name: &'t str,
    claims: Claims<'t>,
}

impl<'t> Tenant<'t> {
    /// Returns the token's `iss`, the whole name of the issuer. It is unique for each tenant, so it is
    /// a good [`Authority`].
    pub const fn issuer(&self) -> &'t str {
        self.issuer
    }

    /// Returns the part of the issuer that the pattern leaves open: 1 to 128 ASCII letters, digits,
    /// dots, hyphens and underscores.
    pub const fn name(&self) -> &'t str {
        self.name
    }

    /// Returns the token's claims. Its signature is verified, but its audience and times are not
    /// checked yet.
    pub const fn claims(&self) -> Claims<'t> {
        self.claims
    }
}

impl fmt::Debug for Tenant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

type Allow = Arc<dyn Fn(Tenant<'_>) -> Option<Authority> + Send + Sync>;

/// The issuers of a provider, and the decision which of them are trusted.
#[derive(Clone)]
pub(super) struct IssuerPattern {
    before: Box<str>,
    after: Box<str>,
    allow: Allow,
}

impl IssuerPattern {
    pub(super) fn new(
        pattern: &str,
        allow: impl Fn(Tenant<'_>) -> Option<Authority> + Send + Sync + 'static,
    ) -> Self {
        let (before, rest) = pattern.split_once('{').unwrap_or_default();
        let (_, after) = rest.split_once('}').unwrap_or(("", "}"));
        Self {
            before: before.into(),
            after: after.into(),
            allow: Arc::new(allow),
        }
    }

    /// Rejects a pattern that has not exactly one name in braces, or that begins with it.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let has_more = |part: &str| part.contains(['{', '}']);
        if !self.before.is_empty() && !has_more(&self.before) && !has_more(&self.after) {
            return Ok(());
        }
        let detail = "expected text and then one name in braces, found another pattern; write it \
                      like `https://idp.example.com/{tenant}/v2.0`";
        Err(ConfigError::malformed("issuer_pattern", detail))
    }

    /// Returns true if one issuer can match both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let begins = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        let ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
        begins(&self.before, &other.before) && ends(&self.after, &other.after)
    }

    pub(super) fn matches(&self, issuer: &str) -> bool {
        self.name(issuer).is_some()
    }

    /// Returns the authority of an issuer, only if it is trusted.
    pub(super) fn authority(&self, issuer: &str, claims: Claims<'_>) -> Option<Authority> {
        let name = self.name(issuer)?;
        (self.allow)(Tenant {
            issuer,
            name,
            claims,
        })
    }

    fn name<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let name = issuer
            .strip_prefix(&*self.before)?
            .strip_suffix(&*self.after)?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let is_name = (1..=LONGEST).contains(&name.len()) && name.bytes().all(is_plain);
        is_name.then_some(name)
    }
}

const LONGEST: usize = 128;

impl fmt::Display for IssuerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{}}{}", self.before, self.after)
    }
}

impl fmt::Debug for IssuerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> IssuerPattern {
        IssuerPattern::new(text, |tenant| Some(tenant.issuer().into()))
    }

    const ENTRA: &str = "https://login.example.com/{tenant}/v2.0";

    #[test]
    fn name_is_one_plain_part() {
        let pattern = pattern(ENTRA);
        let name = |part: &str| {
            let issuer = format!("https://login.example.com/{part}/v2.0");
            pattern.name(&issuer).map(str::to_owned)
        };
        for good in [
            "a",
            "11111111-2222-3333-4444-555555555555",
            "a.b_c",
            &"a".repeat(128),
        ] {
            assert_eq!(name(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "a/b",
            "a?b",
            "a%2fb",
            "a b",
            "{tenant}",
            "\u{e9}",
            &"a".repeat(129),
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
        for other in [
            "https://login.example.com/a/v1.0",
            "https://login.example.com/a/v2.0/",
            "https://login.example.com.evil.example/a/v2.0",
            "https://login.example.com/v2.0",
        ] {
            assert!(!pattern.matches(other), "{other}");
        }
    }

    #[test]
    fn pattern_has_text_and_then_one_name_in_braces() {
        assert!(pattern(ENTRA).check().is_ok());
        assert!(pattern("https://login.example.com/{}").check().is_ok());
        for bad in [
            "",
            "https://a/b",
            "{tenant}",
            "https://a/{b",
            "https://a/b}",
            "https://{a}/{b}",
            "https://a/{b{c}}",
        ] {
            assert!(pattern(bad).check().is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_that_one_issuer_can_match_overlap() {
        let overlap = |a: &str, b: &str| pattern(a).overlaps(&pattern(b));
        assert!(overlap(ENTRA, ENTRA));
        assert!(overlap("https://a/{x}", "https://a/b{x}"));
        assert!(overlap("https://a/{x}", "https://a/{x}c"));
        assert!(!overlap("https://a/{x}", "https://b/{x}"));
        assert!(!overlap("https://a/{x}/1", "https://a/{x}/2"));
    }
}

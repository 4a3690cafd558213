//! What policies can read of a request.
//!
//! Cedar has no word for "there, but not representable", so such a fact must deny before Cedar sees
//! the request. Claims are few and named in the configuration. Headers are not: browsers and proxies
//! send some of them twice, and a request must not be denied for one that no policy reads. Attribute
//! names are constants in Cedar, so the text of a policy has all names that it can read.

use std::collections::HashSet;
use std::sync::Arc;

use super::bounds::tokens;
use crate::policy::ID_CLAIMS;

/// The facts that policies read, as far as it matters.
pub(super) struct PolicyReads {
    /// The names that the policies mention, or `None` if they may read any header.
    names: Option<HashSet<Box<str>>>,
    /// Whether a policy reads an id of the caller, and not the authority that gave it.
    has_bare_id: bool,
    /// The same of the application in the second slot.
    has_bare_client_id: bool,
}

impl PolicyReads {
    /// Reads the texts of policies that Cedar has parsed.
    pub(super) fn new(text: &str, claims: &[Arc<str>]) -> Self {
        let all: Vec<_> = tokens(text).filter(|token| !is_space(token)).collect();
        let names = (!reads_all_headers(&all)).then(|| {
            let names = all.iter().map(|token| Box::from(unquoted(token)));
            names.collect()
        });
        let policies = || all.split(|token| *token == ";");
        let has_bare_id = policies().any(|policy| has_bare_id(policy, claims));
        let has_bare_client_id = policies().any(|policy| has_bare_client_id(policy, claims));
        Self {
            names,
            has_bare_id,
            has_bare_client_id,
        }
    }

    /// Returns a name for the header of this name, in lower case, if a policy can read it. It has no
    /// text that is not in a policy, because it is logged.
    pub(super) fn header(&self, name: &str) -> Option<Arc<str>> {
        match &self.names {
            None => Some("headers".into()),
            Some(names) => names
                .contains(name)
                .then(|| format!("header {name}").into()),
        }
    }

    pub(super) const fn has_bare_id(&self) -> bool {
        self.has_bare_id
    }

    pub(super) const fn has_bare_client_id(&self) -> bool {
        self.has_bare_client_id
    }
}

/// Returns whether policies use the headers or the context as a whole, or spell a name with an
/// escape.
fn reads_all_headers(all: &[&str]) -> bool {
    let at = |index: usize| all.get(index).copied().unwrap_or_default();
    (0..all.len()).any(|index| {
        let token = at(index);
        let is_whole = match unquoted(token) {
            "headers" => {
                // Only whether there are headers, or one of them.
                let is_quoted_index = at(index + 1) == "]" && at(index.wrapping_sub(1)) == "[";
                let next = at(index + 1 + usize::from(is_quoted_index));
                let is_presence = at(index.wrapping_sub(1)) == "has";
                !is_presence && !is_member_access(next)
            }
            // In a scope the context has no name.
            "context" => token == "context" && !is_member_access(at(index + 1)),
            _ => false,
        };
        is_whole || (token.starts_with('"') && token.contains('\\'))
    })
}

fn is_member_access(token: &str) -> bool {
    matches!(token, "." | "[" | "has")
}

/// Returns whether a policy reads an id of the caller without its authority. The id of the caller's
/// entity has it.
fn has_bare_id(policy: &[&str], claims: &[Arc<str>]) -> bool {
    let at = |index: usize| policy.get(index).copied().unwrap_or_default();
    let is_entity = (0..policy.len())
        .any(|index| unquoted(at(index)) == "principal" && matches!(at(index + 1), "==" | "in"));
    let owners = ["principal", ")"];
    let is_bound = reads_member(policy, &["authority"], &owners) || is_entity;
    !is_bound
        && (reads_member(policy, &["client", "subject"], &owners) || reads_id_claim(policy, claims))
}

/// Returns whether a policy reads an id of the application in the second slot without its authority.
fn has_bare_client_id(policy: &[&str], claims: &[Arc<str>]) -> bool {
    let owners = ["client", "]", ")"];
    reads_member(policy, &["client"], &["context", ")"])
        && !reads_member(policy, &["authority"], &owners)
        && (reads_member(policy, &["client", "subject"], &owners) || reads_id_claim(policy, claims))
}

/// Returns whether a policy reads a claim with an id, of the caller or of the application.
fn reads_id_claim(policy: &[&str], claims: &[Arc<str>]) -> bool {
    let has_claim = |name: &&str| claims.iter().any(|own| **own == **name);
    let names: Vec<_> = ID_CLAIMS.into_iter().filter(has_claim).collect();
    reads_member(policy, &names, &["claims", "]", ")"])
}

/// Returns whether a policy reads a member of one of these names of one of these owners; `]` and `)`
/// are the ends of expressions. `has` by itself compares nothing.
fn reads_member(policy: &[&str], names: &[&str], owners: &[&str]) -> bool {
    let at = |index: usize| policy.get(index).copied().unwrap_or_default();
    (2..policy.len()).any(|index| {
        names.contains(&unquoted(at(index)))
            && matches!(at(index - 1), "." | "[")
            && owners.contains(&unquoted(at(index - 2)))
    })
}

fn unquoted(token: &str) -> &str {
    let inner = token.strip_prefix('"');
    let inner = inner.and_then(|inner| inner.strip_suffix('"'));
    inner.unwrap_or(token)
}

fn is_space(token: &str) -> bool {
    token.starts_with("//") || token.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(condition: &str) -> PolicyReads {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        PolicyReads::new(&text, &["sub".into(), "tenant".into()])
    }

    #[test]
    fn headers_that_policies_name_are_read() {
        for named in [
            r#"context.headers has "x-one""#,
            r#"context.headers["x-one"] == "1""#,
            r#"context["headers"]["x-one"] == "1""#,
            r#"context has headers && context.headers has "x-one""#,
            r#"context . headers
                has "x-one""#,
            "context has headers // , all of them\n && context.headers[\"x-one\"] == \"2\"",
        ] {
            let own = reads(named);
            assert_eq!(
                own.header("x-one").as_deref(),
                Some("header x-one"),
                "{named}"
            );
            assert_eq!(own.header("x-two"), None, "{named}");
        }
        let host = reads("context.headers.host == \"a\"");
        assert!(host.header("host").is_some() && host.header("via").is_none());
        assert!(reads("context has headers.host").header("host").is_some());
        assert!(reads("context.now == 5").header("host").is_none());
    }

    #[test]
    fn headers_as_a_whole_are_all_read() {
        for whole in [
            "context.headers == {}",
            "context == {}",
            "[context.headers].contains({})",
            "(if true then context else context).headers has a",
            "(context.headers) has a",
            "{a: context} == {a: context}",
            r#"context["headers"] == {}"#,
            r#"context.headers has "x\u{2d}one""#,
        ] {
            assert_eq!(
                reads(whole).header("x-any").as_deref(),
                Some("headers"),
                "{whole}"
            );
        }
    }

    #[test]
    fn ids_without_their_authority_are_found() {
        for (condition, is_bare) in [
            (r#"principal.client == "billing""#, true),
            (r#"principal["client"] == "billing""#, true),
            (r#"principal has client && principal.client == "b""#, true),
            ("principal has client", false),
            (r#"principal.subject == "alice""#, true),
            (r#"principal.claims.sub == "alice""#, true),
            (r#"principal["claims"]["sub"] == "alice""#, true),
            (r#"(principal).client == "b""#, true),
            (r#"(principal.claims).sub == "b""#, true),
            (r#"principal.claims.azp == "b""#, false),
            (r#"principal.claims.tenant == "acme""#, false),
            (r#"context.client.client == "b""#, false),
            (
                r#"principal.client == "b" && principal.authority == "idp""#,
                false,
            ),
            (
                r#"principal == Client::"idp|b" && principal.client == "b""#,
                false,
            ),
        ] {
            assert_eq!(reads(condition).has_bare_id(), is_bare, "{condition}");
        }
        // What is not the caller's own authority does not say whose the id is.
        for other in [
            r#"principal.client == "b" && context.client.authority == "a""#,
            r#"principal.client == "b" && resource.authority == "a""#,
        ] {
            assert!(reads(other).has_bare_id(), "{other}");
        }
        let annotated = r#"@authority("a") permit (principal, action, resource) when
            { principal.client == "b" };"#;
        assert!(PolicyReads::new(annotated, &[]).has_bare_id());
        let other = r#"permit (principal, action, resource) when { principal.authority == "a" };
            permit (principal, action, resource) when { principal.client == "b" };"#;
        assert!(PolicyReads::new(other, &[]).has_bare_id());
    }

    #[test]
    fn ids_of_the_application_need_its_own_authority() {
        for (condition, is_bare) in [
            (r#"context.client.client == "b""#, true),
            (r#"context.client.subject == "b""#, true),
            (r#"context["client"]["subject"] == "b""#, true),
            (r#"context.client.claims.sub == "b""#, true),
            (
                r#"context.client.client == "b" && principal.authority == "a""#,
                true,
            ),
            (
                r#"context.client.client == "b" && context.client.authority == "a""#,
                false,
            ),
            (r#"context.client.authority == "a""#, false),
            (r#"context.client.claims.tenant == "b""#, false),
            (r#"principal.client == "b""#, false),
        ] {
            let own = reads(condition);
            assert_eq!(own.has_bare_client_id(), is_bare, "{condition}");
        }
    }
}

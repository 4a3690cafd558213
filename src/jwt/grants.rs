//! The scopes and claims that an issuer may assert.

use super::claim_name::ClaimName;
use crate::json::{Document, Kind, TextRange, Value};
use crate::principal::{Facts, Scopes};

/// The scopes and private claims that an issuer may assert. It may assert all registered claims,
/// except scopes in `scope`, and in the claim that is read in its place, that it was not granted.
#[derive(Clone, Debug)]
pub(super) struct Grants {
    pub(super) scopes: Vec<Box<str>>,
    pub(super) claims: Vec<Box<str>>,
}

/// Returns whether a claim that was not granted asserts no right and is needed by other checks: the id
/// of the session, by a denylist, and the place of the token in a status list, which is an object
/// (Token Status List section 5.1). Any other `status` is a private claim of the issuer.
fn is_kept(name: &str, value: Value<'_>) -> bool {
    name == "sid" || (name == "status" && value.kind() == Kind::Object)
}

impl Grants {
    /// Removes what the issuer was not granted; `scope_claim` is the claim with the scopes in place
    /// of `scope`.
    pub(super) fn narrow(&self, facts: &mut Facts, scope_claim: Option<&str>) {
        let token_id = facts.token_id();
        let text = |piece| facts.text(piece).map(str::to_owned);
        let (subject, client) = (text(facts.subject), text(facts.client));
        let scopes = facts.text(facts.scopes).map(Scopes::new);
        let scopes = scopes.map(|s| self.granted(s));
        facts.document = self.narrowed(&facts.document, scope_claim);
        facts.header = TextRange::default();
        facts.token_id = token_id;
        let document = &mut facts.document;
        facts.subject = subject.map(|t| document.append(&t));
        facts.client = client.map(|t| document.append(&t));
        facts.scopes = scopes.map(|t| document.append(&t));
    }

    fn granted(&self, scopes: Scopes<'_>) -> String {
        let is_granted = |scope: &&str| self.scopes.iter().any(|s| **s == **scope);
        let granted: Vec<_> = scopes.iter().filter(is_granted).collect();
        granted.join(" ")
    }

    /// Returns a claim of scopes with the granted ones only, for code that reads the claim and not
    /// the principal's scopes.
    fn granted_claim(&self, value: Value<'_>) -> String {
        let scopes = match value.elements() {
            Some(elements) => {
                let scopes: Vec<_> = elements.filter_map(Value::as_str).collect();
                scopes.join(" ")
            }
            None => value.as_str().unwrap_or_default().into_owned(),
        };
        let granted = self.granted(Scopes::new(&scopes));
        serde_json::to_string(&granted).unwrap_or_else(|_| "\"\"".to_owned())
    }

    fn narrowed(&self, whole: &Document, scope_claim: Option<&str>) -> Document {
        let has_scopes =
            |name: &str| name == ClaimName::Scope.as_str() || Some(name) == scope_claim;
        let is_granted = |name: &str, value| {
            let is_neutral = ClaimName::known(name).is_some_and(ClaimName::is_neutral);
            is_neutral || is_kept(name, value) || self.claims.iter().any(|claim| **claim == *name)
        };
        let members: Vec<_> = whole
            .members()
            .filter(|(name, _, value)| is_granted(name, *value))
            .map(|(name, raw, value)| {
                if has_scopes(&name) && matches!(value.kind(), Kind::Array | Kind::String) {
                    return format!("\"{raw}\":{}", self.granted_claim(value));
                }
                format!("\"{raw}\":{}", value.raw())
            })
            .collect();
        // Members of a valid object make a valid object again.
        let text = format!("{{{}}}", members.join(","));
        Document::parse(text.as_bytes()).unwrap_or_default()
    }
}

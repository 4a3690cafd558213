//! The table of trusted issuers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::contrast::Contrast;
use super::issuer_rules::{AcceptedIssuers, AcceptedNames, IssuerRules};
use crate::credential::Unverified;
use crate::crypto::Algorithms;
use crate::error::ConfigError;
use crate::json::{Escapes, Value};
use crate::principal::Authority;
use crate::validator::{Authorities, Conformance};

/// The rules of every issuer, found by the value of `iss`.
#[derive(Clone, Debug)]
pub(super) struct IssuerTable {
    rules: Arc<[IssuerRules]>,
    by_name: HashMap<Box<str>, usize>,
}

impl IssuerTable {
    pub(super) fn new(rules: Vec<IssuerRules>) -> Result<Self, ConfigError> {
        let mut by_name = HashMap::new();
        for (place, own) in rules.iter().enumerate() {
            let names = match &own.issuers {
                AcceptedIssuers::Any if rules.len() > 1 => {
                    let detail = "expected named issuers, found `any_issuer()` with another one; name \
                                  every issuer";
                    return Err(ConfigError::conflict("issuers", detail));
                }
                AcceptedIssuers::Any => &[][..],
                AcceptedIssuers::Like(pattern) => {
                    let overlaps = |other: &IssuerRules| match &other.issuers {
                        AcceptedIssuers::Like(other) => pattern.overlaps(other),
                        AcceptedIssuers::Any | AcceptedIssuers::OneOf(_) => false,
                    };
                    if rules.iter().take(place).any(overlaps) {
                        let detail = format!(
                            "expected patterns that no issuer matches twice, found `{pattern}`, which overlaps \
                             another; separate them"
                        );
                        return Err(ConfigError::conflict("issuers", detail));
                    }
                    &[][..]
                }
                AcceptedIssuers::OneOf(names) => names,
            };
            for name in names {
                if by_name.insert(name.clone(), place).is_some() {
                    let detail = format!(
                        "expected each issuer once, found `{name}` twice; configure it once"
                    );
                    return Err(ConfigError::conflict("issuers", detail));
                }
            }
        }
        Ok(Self {
            rules: rules.into(),
            by_name,
        })
    }

    /// Returns the rules for tokens of any issuer, if the check of the issuer was disabled.
    pub(super) fn any(&self) -> Option<&IssuerRules> {
        let only = self.rules.first()?;
        matches!(only.issuers, AcceptedIssuers::Any).then_some(only)
    }

    /// Returns the rules of this issuer; `escapes` says whether the text it is from may have
    /// escapes.
    pub(super) fn find(
        &self,
        iss: Unverified<Value<'_>>,
        escapes: Escapes,
    ) -> Option<&IssuerRules> {
        let iss = *iss.as_unverified();
        if let [only] = &*self.rules
            && let AcceptedIssuers::OneOf(names) = &only.issuers
        {
            let mut names = names.iter();
            return names.any(|n| iss.is_text_with(escapes, n)).then_some(only);
        }
        let iss = iss.as_str()?;
        match self.by_name.get(&*iss) {
            Some(place) => self.rules.get(*place),
            None => self.rules().find(|rules| {
                matches!(&rules.issuers, AcceptedIssuers::Like(pattern) if pattern.matches(&iss))
            }),
        }
    }

    /// Contrasts the value of `iss` with all issuers, of which at most `most` are named.
    #[cold]
    pub(super) fn contrast(&self, iss: Option<Value<'_>>, most: usize) -> Contrast {
        let patterns: Vec<_> = self.rules().map(IssuerRules::issuer_pattern).collect();
        let names = self.rules().zip(&patterns).flat_map(|(rules, pattern)| {
            let exact = rules.issuer_names().iter().map(|name| &**name);
            exact.chain(pattern.as_deref())
        });
        Contrast::of_names("iss", names, iss, most)
    }

    /// Returns the index of these rules, by which a cached token refers to them.
    pub(super) fn place(&self, rules: &IssuerRules) -> Option<usize> {
        self.rules.iter().position(|own| std::ptr::eq(own, rules))
    }

    /// Returns the rules with this index.
    pub(super) fn at(&self, place: usize) -> Option<&IssuerRules> {
        self.rules.get(place)
    }

    /// Returns one outside authority for each authority, bounded if all its issuers are.
    pub(super) fn authorities(&self) -> Authorities {
        let mut bounded: Vec<(&Authority, bool)> = Vec::new();
        for rules in self.rules() {
            let is_bounded = rules.grants.is_some();
            let known = bounded.iter_mut().find(|(own, _)| **own == rules.authority);
            match known {
                Some((_, all)) => *all &= is_bounded,
                None => bounded.push((&rules.authority, is_bounded)),
            }
        }
        let all = bounded.into_iter().map(|(_, is_bounded)| match is_bounded {
            true => Authorities::BOUNDED,
            false => Authorities::OUTSIDE,
        });
        all.fold(Authorities::OWN, Authorities::with)
    }

    /// Returns what holds for the tokens of all issuers, for a profile.
    pub(super) fn conformance(&self) -> Conformance {
        let mut all = Some(Algorithms::default());
        let mut longest = Some(Duration::ZERO);
        let mut conformance = Conformance::new();
        for rules in self.rules() {
            all = all
                .zip(rules.usable_algorithms())
                .map(|(all, own)| all.union(own));
            longest = longest
                .zip(rules.longest_lifetime())
                .map(|(all, own)| all.max(own));
            conformance = conformance.leeway(rules.leeway);
        }
        if self
            .rules()
            .all(|rules| matches!(rules.audiences, AcceptedNames::OneOf(_)))
        {
            conformance = conformance.checks_audience();
        }
        if let Some(all) = all {
            conformance = conformance.signed_with(all.iter());
        }
        match longest {
            Some(longest) => conformance.longest_lifetime(longest),
            None => conformance,
        }
    }

    /// Returns the rules of all issuers.
    pub(super) fn rules(&self) -> impl Iterator<Item = &IssuerRules> {
        self.rules.iter()
    }
}

//! Reading of members, with all errors collected.

use std::cell::RefCell;
use std::time::Duration;

use super::error::{ConfigErrors, FIELD, LocatedError};
use super::shown::{found, looks_secret, nearest, shown_name};
use super::tree::Tree;
use crate::error::{ConfigError, ConfigErrorKind};

/// The errors that were found so far.
pub(super) struct Problems(RefCell<ConfigErrors>);

impl Problems {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(ConfigErrors::empty()))
    }

    pub(super) fn add(&self, path: String, error: ConfigError) {
        self.0.borrow_mut().push(LocatedError::new(path, error));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(super) fn into_errors(self) -> ConfigErrors {
        self.0.into_inner()
    }
}

/// A value and its place. Its readers report an error and return `None` for a value of another form.
#[derive(Clone)]
pub(super) struct Node<'c> {
    tree: &'c Tree,
    path: String,
    hiding: Hiding,
    problems: &'c Problems,
}

/// Which texts may be secrets that were written into the file, so that no error shows them.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Hiding {
    Nothing,
    /// The value itself, and if it is an array its elements.
    Value,
    /// The value and all that is in it, names of members too.
    Everything,
}

impl Hiding {
    fn of(name: &str) -> Self {
        match name {
            "base64url_secret" | "bearer" | "env" | "jwks" | "private_key" | "secret"
            | "token_id_key" => Self::Everything,
            "client" | "keys" | "peppers" => Self::Value,
            _ => Self::Nothing,
        }
    }
}

impl<'c> Node<'c> {
    pub(super) const fn root(tree: &'c Tree, problems: &'c Problems) -> Self {
        Self {
            tree,
            path: String::new(),
            hiding: Hiding::Nothing,
            problems,
        }
    }

    pub(super) const fn tree(&self) -> &'c Tree {
        self.tree
    }

    fn below(&self, name: &str, tree: &'c Tree, hiding: Hiding) -> Self {
        Self {
            tree,
            path: format!("{}/{}", self.path, token(name)),
            hiding,
            problems: self.problems,
        }
    }

    pub(super) fn member(&self, name: &str, tree: &'c Tree) -> Self {
        let hiding = match self.hiding {
            Hiding::Everything => Hiding::Everything,
            _ => Hiding::of(name),
        };
        self.below(name, tree, hiding)
    }

    fn hides(&self) -> bool {
        self.hiding != Hiding::Nothing
    }

    /// Reports a value of another form: "expected .., found ..; remedy".
    pub(super) fn refuse(&self, expected: &str, remedy: &str) {
        self.refuse_as(ConfigErrorKind::ValueMalformed, expected, remedy);
    }

    pub(super) fn refuse_as(&self, kind: ConfigErrorKind, expected: &str, remedy: &str) {
        let found = found(self.tree, self.hides());
        let detail = format!("expected {expected}, found {found}; {remedy}");
        self.report(ConfigError::new(kind, FIELD, detail));
    }

    /// Reports an error of a builder about this value.
    pub(super) fn report(&self, error: ConfigError) {
        self.problems.add(self.path.clone(), error);
    }

    /// Reports an error about a value inside this one, at a JSON pointer from here.
    pub(super) fn report_below(&self, pointer: &str, error: ConfigError) {
        self.problems.add(format!("{}{pointer}", self.path), error);
    }

    /// Returns the result of a builder, or reports its error.
    pub(super) fn ok<T>(&self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.report(error)).ok()
    }

    pub(super) fn text(&self) -> Option<&'c str> {
        match self.tree {
            Tree::Text(text) if text.is_empty() => {
                let remedy = "write a value, or remove the member";
                self.refuse_as(ConfigErrorKind::Empty, "a string that is not empty", remedy);
                None
            }
            Tree::Text(text) => Some(text),
            _ => {
                self.refuse("a string", "write one");
                None
            }
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.tree {
            Tree::Bool(value) => Some(*value),
            _ => {
                self.refuse("`true` or `false`", "write it without quotes");
                None
            }
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self.tree {
            Tree::Integer(number) => Some(*number),
            _ => {
                self.refuse("an integer", "write one without quotes and fraction");
                None
            }
        }
    }

    /// Reads a number that is not negative.
    pub(super) fn number<N: TryFrom<i64>>(&self) -> Option<N> {
        let number = N::try_from(self.integer()?).ok();
        if number.is_none() {
            let remedy = "write a number in the range of the setting";
            self.refuse_as(ConfigErrorKind::OutOfRange, "a positive integer", remedy);
        }
        number
    }

    /// Reads a span of time, such as `30s`.
    pub(super) fn span(&self) -> Option<Duration> {
        let span = match self.tree {
            Tree::Text(text) => span(text),
            _ => None,
        };
        if span.is_none() {
            let remedy = "write a number and its unit: s, m, h or d";
            self.refuse("a span such as `30s`, `15m`, `8h` or `90d`", remedy);
        }
        span
    }

    /// Reads one of these texts.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let chosen = match self.tree {
            Tree::Text(text) => choices.iter().find(|(name, _)| name == text),
            _ => None,
        };
        if chosen.is_none() {
            let names: Vec<_> = choices
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            self.refuse(&names.join(" or "), "write one of them");
        }
        chosen.map(|(_, value)| *value)
    }

    /// Reads an array that is not empty.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        match self.tree {
            Tree::List(elements) if !elements.is_empty() => {
                let nodes = elements.iter().enumerate();
                Some(
                    nodes
                        .map(|(at, element)| self.below(&at.to_string(), element, self.hiding))
                        .collect(),
                )
            }
            Tree::List(_) => {
                let expected = "an array with at least one element";
                let detail = format!("expected {expected}, found an empty one; add an element");
                self.report(ConfigError::missing(FIELD, detail));
                None
            }
            _ => {
                self.refuse("an array", "write it in brackets");
                None
            }
        }
    }

    /// Reads an array of strings. Each one that is no string is reported.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let texts: Vec<_> = self.list()?.iter().map(Self::text).collect();
        texts
            .into_iter()
            .map(|text| text.map(str::to_owned))
            .collect()
    }

    pub(super) fn section(&self) -> Option<Section<'c>> {
        match self.tree {
            Tree::Map(members) => Some(Section {
                node: self.clone(),
                members,
                known: Vec::new(),
            }),
            _ => {
                self.refuse("an object", "write its members in braces");
                None
            }
        }
    }
}

/// An object whose members are being read.
pub(super) struct Section<'c> {
    node: Node<'c>,
    members: &'c [(String, Tree)],
    /// The members that it may have, in the order in which they were asked for.
    known: Vec<&'static str>,
}

impl<'c> Section<'c> {
    /// Returns the object as a value.
    pub(super) const fn node(&self) -> &Node<'c> {
        &self.node
    }

    /// Returns a member if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'c>> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.find(name)
    }

    fn find(&self, name: &str) -> Option<Node<'c>> {
        let (_, tree) = self.members.iter().find(|(own, _)| own == name)?;
        Some(self.node.member(name, tree))
    }

    /// Returns a member, or reports that it is missing.
    pub(super) fn require(&mut self, name: &'static str, remedy: &str) -> Option<Node<'c>> {
        let member = self.take(name);
        if member.is_none() {
            self.missing(&format!("a member `{name}`"), remedy);
        }
        member
    }

    pub(super) fn missing(&self, expected: &str, remedy: &str) {
        let detail = format!("expected {expected}, found none; {remedy}");
        self.node.report(ConfigError::missing(FIELD, detail));
    }

    /// Returns the only one of these members that is there. Reports none, and more than one.
    pub(super) fn exactly_one(
        &mut self,
        names: &[&'static str],
        remedy: &str,
    ) -> Option<(&'static str, Node<'c>)> {
        let present: Vec<_> = names
            .iter()
            .filter_map(|name| Some((*name, self.take(name)?)))
            .collect();
        let all = listed(names);
        match present.as_slice() {
            [only] => Some(only.clone()),
            [] => {
                self.missing(&format!("one of {all}"), remedy);
                None
            }
            several => {
                let names: Vec<_> = several.iter().map(|(name, _)| *name).collect();
                let found = listed(&names);
                let detail =
                    format!("expected only one of {all}, found {found}; remove the others");
                self.node.report(ConfigError::conflict(FIELD, detail));
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<&'c str> {
        self.take(name)?.text()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.take(name).and_then(|node| node.flag()) == Some(true)
    }

    /// Reports an error of a builder: about the member that its field is called after, if there is
    /// one, or else about this object.
    pub(super) fn report(&self, error: ConfigError) {
        match self.find(error.field()) {
            Some(member) => member.report(error),
            None => self.node.report(error),
        }
    }

    /// Returns the result of a builder, or reports its error.
    pub(super) fn ok<T>(&self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.report(error)).ok()
    }

    /// Reports an error of the gate, about the section that it is about.
    pub(super) fn report_gate(&self, error: ConfigError) {
        let section = match error.field() {
            "authorizer" => "policy",
            field => field,
        };
        match self.find(section) {
            Some(member) => member.report(error),
            None => self.node.report(error),
        }
    }

    /// Returns true if one of these members is there.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.find(name).is_some())
    }

    /// Reports each member that was not asked for.
    pub(super) fn finish(self) {
        for (name, tree) in self.members {
            if self.known.contains(&name.as_str()) {
                continue;
            }
            let remedy = match nearest(name, &self.known) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("it may have {}; remove it", listed(&self.known)),
            };
            // Where a secret is due, a name may be the secret itself.
            let hides_names = self.node.hiding == Hiding::Everything;
            let found = match hides_names && nearest(name, &self.known).is_none() {
                true => "another one (not shown)".to_owned(),
                false => shown_name(name),
            };
            let detail = format!("expected a known member, found {found}; {remedy}");
            let error = ConfigError::malformed(FIELD, detail);
            match hides_names || looks_secret(name) {
                true => self.node.report(error),
                false => self.node.member(name, tree).report(error),
            }
        }
    }
}

/// Writes names as "`a`, `b` and `c`".
fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "no members".to_owned(),
    }
}

/// Returns a name as a reference token of a JSON pointer (RFC 6901 section 3), bounded.
fn token(name: &str) -> String {
    super::shown::bounded(&name.replace('~', "~0").replace('/', "~1"))
}

fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("30s", 30),
            ("15m", 900),
            ("8h", 28_800),
            ("90d", 7_776_000),
        ] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "s", "30", "+3s", "-3s", "3 s", "3w", "1.5h", "3S", "3é"] {
            assert_eq!(span(bad), None, "{bad}");
        }
        assert_eq!(span("99999999999999999999s"), None);
        assert_eq!(span(&format!("{}d", u64::MAX)), None);
    }
}

//! Reading of members, with all errors collected.

use std::time::Duration;

use super::error::{FIELD, LocatedError};
use super::found::{Hiding, found};
use super::problems::Problems;
use super::shown::{listed, looks_secret, shown_name};
use super::spans::span;
use super::tree::Tree;
use crate::error::{ConfigError, ConfigErrorKind, nearest};
use crate::json::reference_token;

/// A value and its place. Its readers report an error and return `None` for a value of another form.
#[derive(Clone)]
pub(super) struct Node<'c> {
    tree: &'c Tree,
    path: String,
    hiding: Hiding,
    problems: &'c Problems,
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
            path: format!("{}/{}", self.path, reference_token(name)),
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

    /// Reports a value of another form: "expected .., found ..; remedy".
    pub(super) fn refuse(&self, expected: &str, remedy: &str) {
        self.refuse_as(ConfigErrorKind::ValueMalformed, expected, remedy);
    }

    pub(super) fn refuse_as(&self, kind: ConfigErrorKind, expected: &str, remedy: &str) {
        let found = found(self.tree, self.hiding);
        let detail = format!("expected {expected}, found {found}; {remedy}");
        self.report(ConfigError::new(kind, FIELD, detail));
    }

    /// Reports an error of a builder about this value.
    pub(super) fn report(&self, error: ConfigError) {
        self.problems
            .add(LocatedError::new(self.path.clone(), error));
    }

    /// Reports an error about a value inside this one, at a JSON pointer from here.
    pub(super) fn report_below(&self, pointer: &str, error: ConfigError) {
        let path = format!("{}{pointer}", self.path);
        self.problems.add(LocatedError::new(path, error));
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

    /// Reads a string, where another member takes several.
    pub(super) fn single(&self, several: &str) -> Option<&'c str> {
        if matches!(self.tree, Tree::List(_)) {
            self.refuse("a string", &format!("write one, or several in `{several}`"));
            return None;
        }
        self.text()
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
            self.refuse_as(
                ConfigErrorKind::OutOfRange,
                "an integer that is not negative",
                remedy,
            );
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
    pub(super) fn choice<T: Clone>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let chosen = match self.tree {
            Tree::Text(text) => choices.iter().find(|(name, _)| name == text),
            _ => None,
        };
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let near = match self.tree {
                Tree::Text(text) => nearest(text, &names, &[]),
                _ => None,
            };
            let remedy = match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => "write one of them".to_owned(),
            };
            self.refuse(&format!("one of {}", listed(&names)), &remedy);
        }
        chosen.map(|(_, value)| value.clone())
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
        self.report_at(error.field(), error);
    }

    fn report_at(&self, name: &str, error: ConfigError) {
        let path = || self.node.path.clone();
        match self.find(name) {
            Some(member) => member.report(error),
            None => self
                .node
                .problems
                .add(LocatedError::in_section(path(), error)),
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
        self.report_at(section, error);
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
            let remedy = match nearest(name, &self.known, &[]) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("it may have {}; remove it", listed(&self.known)),
            };
            // Where a secret is due, a name may be the secret itself.
            let hides_names = self.node.hiding == Hiding::Everything;
            let found = match hides_names && nearest(name, &self.known, &[]).is_none() {
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

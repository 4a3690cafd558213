//! Settings of a builder, each with the member that it is from.

use std::sync::Arc;

use super::reader::{Node, Section};
use crate::error::ConfigError;

/// Changes a builder as one of its methods does.
pub(super) type Change<B> = Arc<dyn Fn(B) -> B + Send + Sync>;

/// The settings of one builder that were read.
pub(super) struct BuilderSettings<'c, B> {
    all: Vec<Setting<'c, B>>,
    needs: Vec<Need>,
}

/// A setting whose check depends on another one.
struct Need {
    field: &'static str,
    /// The other one, by its field and its member.
    other: (&'static str, &'static str),
}

struct Setting<'c, B> {
    /// The field that errors of the builder name.
    field: &'static str,
    node: Node<'c>,
    change: Change<B>,
}

impl<'c, B: 'static> BuilderSettings<'c, B> {
    pub(super) const fn new() -> Self {
        Self {
            all: Vec::new(),
            needs: Vec::new(),
        }
    }

    /// Adds the setting of a member, if it was read. Errors of the builder name it `field`.
    pub(super) fn add<T: Clone + Send + Sync + 'static>(
        &mut self,
        field: &'static str,
        read: Option<(Node<'c>, T)>,
        change: fn(B, T) -> B,
    ) {
        let Some((node, value)) = read else {
            return;
        };
        self.all.push(Setting {
            field,
            node,
            change: Arc::new(move |builder| change(builder, value.clone())),
        });
    }

    /// Adds a setting without a value, if its flag is set.
    pub(super) fn flag(
        &mut self,
        section: &mut Section<'c>,
        name: &'static str,
        change: fn(B) -> B,
    ) {
        let node = section.take(name).filter(|node| node.flag() == Some(true));
        let Some(node) = node else {
            return;
        };
        self.all.push(Setting {
            field: name,
            node,
            change: Arc::new(change),
        });
    }

    /// Says that an error about `field` means nothing while the other setting could not be used,
    /// given by its field and its member.
    pub(super) fn need(&mut self, field: &'static str, other: (&'static str, &'static str)) {
        self.needs.push(Need { field, other });
    }

    /// Returns true if a member that decides about this field is there and could not be used.
    fn lacks_need(&self, section: &Section<'_>, field: &str) -> bool {
        let mut needs = self.needs.iter().filter(|need| need.field == field);
        needs.any(|need| {
            let (other, member) = need.other;
            let is_used = self.all.iter().any(|setting| setting.field == other);
            !is_used && section.has_any(&[member])
        })
    }

    pub(super) fn changes(&self) -> Vec<Change<B>> {
        self.all
            .iter()
            .map(|setting| Arc::clone(&setting.change))
            .collect()
    }

    /// Builds with all settings.
    ///
    /// A builder reports only its first error. So a setting that it refuses is reported and left
    /// out, and the rest is built once more, until the builder has no other error. The result is
    /// returned only if there was none.
    pub(super) fn build<T>(
        &mut self,
        section: &Section<'c>,
        build: impl Fn(Vec<Change<B>>) -> Result<T, ConfigError>,
    ) -> Option<T> {
        let mut is_refused = false;
        loop {
            let error = match build(self.changes()) {
                Ok(built) => return (!is_refused).then_some(built),
                Err(error) => error,
            };
            let by_field = |setting: &Setting<'_, B>| setting.field == error.field();
            let at = self.all.iter().position(by_field);
            let setting = at.map(|at| self.all.remove(at));
            let is_consequence = self.lacks_need(section, error.field());
            match setting {
                Some(setting) if !is_consequence => setting.node.report(error),
                Some(_) => {}
                None if is_consequence => return None,
                None => {
                    section.report(error);
                    return None;
                }
            }
            is_refused = true;
        }
    }
}

/// Makes all changes of a builder.
pub(super) fn changed<B>(builder: B, changes: &[Change<B>]) -> B {
    changes
        .iter()
        .fold(builder, |builder, change| change(builder))
}

/// Reads a member as a value of a setting.
pub(super) fn read<'c, T>(
    section: &mut Section<'c>,
    name: &'static str,
    read: impl FnOnce(&Node<'c>) -> Option<T>,
) -> Option<(Node<'c>, T)> {
    let node = section.take(name)?;
    let value = read(&node)?;
    Some((node, value))
}

/// Reads a string that is not empty.
pub(super) fn owned(node: &Node<'_>) -> Option<String> {
    node.text().map(str::to_owned)
}

/// Turns a member that may be absent, and may not have been read, inside out: `None` is one that was
/// refused.
pub(super) fn optional<T>(member: Option<Option<T>>) -> Option<Option<T>> {
    match member {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

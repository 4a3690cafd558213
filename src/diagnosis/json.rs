//! JSON texts of explanations and traces.

use std::fmt::Write;

use super::report::escaped;

/// A JSON object that is being written.
///
/// Its texts may be from outside: characters that change how text is shown are escaped as in every
/// other form of a report, so that all forms show the same text.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// Writes a member with a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        let out = self.name(name);
        out.push('"');
        // Escaped text has backslashes; these and quotes are all that is left to escape.
        for c in escaped(value.to_owned()).chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }

    /// Writes a member with a text, if there is one.
    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: impl Into<u128>) {
        // Writing to a string does not fail.
        let _ = write!(self.name(name), "{}", value.into());
    }

    /// Writes a member whose value is written by `value`.
    pub(crate) fn value(&mut self, name: &str, value: impl FnOnce(&mut String)) {
        value(self.name(name));
    }

    /// Writes a member with a list, each element of which is written by `element`.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        element: impl Fn(&mut String, T),
    ) {
        let out = self.name(name);
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            element(out, item);
        }
        out.push(']');
    }

    /// Writes the end of the object.
    pub(crate) fn close(self) {
        self.out.push('}');
    }

    /// Writes a name, which needs no escapes, and returns where its value belongs.
    fn name(&mut self, name: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_one_json_string() {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        object.text("a", "\"\\\n\u{2028}\u{e9}");
        object.optional("b", None);
        object.number("c", 7_u64);
        object.list("d", ["x", "y"], |out, item| {
            out.push_str(&format!("\"{item}\""));
        });
        object.close();
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(read["a"], "\"\\\\u{a}\\u{2028}\u{e9}");
        assert_eq!((&read["c"], &read["d"][1]), (&7.into(), &"y".into()));
    }
}

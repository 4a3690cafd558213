//! The text exposition format 0.0.4 of Prometheus.

use std::fmt::Write;

use super::names::{self, Metric, MetricKind};
use super::values::{MetricValue, Metrics};

impl Metrics {
    /// Returns all values in the text format 0.0.4 of Prometheus, whose media type is
    /// [`PROMETHEUS`](Self::PROMETHEUS). Each name has one `HELP` and one `TYPE` line.
    ///
    /// Serve it at an address that only the monitoring reaches: it has no secrets, but the names of
    /// limits and sinks, and numbers by which an attacker could see whether the attack is noticed.
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for value in self.values() {
            if value.name() != last {
                last = value.name();
                write_head(&mut text, last);
            }
            write_value(&mut text, &value);
        }
        text
    }
}

fn write_head(text: &mut String, name: &str) {
    let kind = match names::kind(name) {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    };
    let lines = [
        "# HELP ",
        name,
        " ",
        Metric::find(name).map_or("", |metric| metric.help),
        "\n# TYPE ",
        name,
        " ",
        kind,
        "\n",
    ];
    text.extend(lines);
}

fn write_value(text: &mut String, value: &MetricValue) {
    text.extend([value.name(), value.part()]);
    let mut before = '{';
    for (name, label) in value.labels() {
        text.push(before);
        text.extend([name, "=\""]);
        push_escaped(text, label);
        text.push('"');
        before = ',';
    }
    if before == ',' {
        text.push('}');
    }
    text.push(' ');
    // Writing to a `String` does not fail.
    let _ = match value.whole() {
        Some(whole) => writeln!(text, "{whole}"),
        None => writeln!(text, "{}", value.value()),
    };
}

/// Appends the value of a label. The format escapes these three characters only.
fn push_escaped(text: &mut String, label: &str) {
    for character in label.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

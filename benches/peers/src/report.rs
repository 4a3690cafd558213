//! The output of a run.

use crate::measure::Outcome;
use serde::Serialize;

/// One line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    group: &'a str,
    name: &'a str,
    median_ns: f64,
    min_ns: f64,
    allocs: f64,
}

/// Returns one JSON object per line, and one line per case.
pub fn json(group: &str, outcomes: &[Outcome]) -> String {
    outcomes
        .iter()
        .map(|outcome| line(group, outcome))
        .collect()
}

fn line(group: &str, outcome: &Outcome) -> String {
    let line = Line {
        group,
        name: &outcome.name,
        median_ns: rounded(outcome.median),
        min_ns: rounded(outcome.min),
        allocs: rounded(outcome.allocs),
    };
    let json = serde_json::to_string(&line).expect("strings and finite numbers serialize");
    json + "\n"
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Returns the group as a table, the fastest case first.
pub fn table(group: &str, outcomes: &[Outcome]) -> String {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by(|a, b| a.median.total_cmp(&b.median));
    let rows = sorted.iter().map(|outcome| row(outcome, outcomes));
    let head = format!(
        "{group:<40} {:>12} {:>12} {:>7} {:>8} {:>8}\n",
        "median ns", "min ns", "allocs", "x ours", "x raw"
    );
    std::iter::once(head).chain(rows).collect()
}

fn row(outcome: &Outcome, all: &[Outcome]) -> String {
    format!(
        "  {:<38} {:>12.0} {:>12.0} {:>7.1} {:>8} {:>8}\n",
        outcome.name,
        outcome.median,
        outcome.min,
        outcome.allocs,
        ratio(outcome, Some(outcome.provider.ours()), all),
        ratio(outcome, outcome.provider.raw(), all),
    )
}

/// Returns the ratio to the case of this name, or a dash if it is not in the group.
fn ratio(outcome: &Outcome, name: Option<&str>, all: &[Outcome]) -> String {
    let base = name.and_then(|name| all.iter().find(|other| other.name == name));
    base.map_or_else(
        || "-".to_owned(),
        |base| format!("{:.2}", outcome.median / base.median),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Provider;

    fn outcome(name: &str, median: f64) -> Outcome {
        Outcome {
            name: name.to_owned(),
            provider: Provider::Ring,
            median,
            min: median,
            allocs: 2.0,
        }
    }

    #[test]
    fn a_json_line_has_the_agreed_members() {
        let line = json("jwt HS256", &[outcome("raw ring", 540.04)]);
        assert_eq!(
            line,
            "{\"group\":\"jwt HS256\",\"name\":\"raw ring\",\"median_ns\":540.0,\"min_ns\":540.0,\"allocs\":2.0}\n"
        );
    }

    #[test]
    fn a_table_compares_with_the_raw_check() {
        let all = [outcome("peer", 1080.0), outcome("raw ring", 540.0)];
        assert_eq!(ratio(&all[0], all[0].provider.raw(), &all), "2.00");
        assert_eq!(ratio(&all[0], Some("bearergate ring"), &all), "-");
    }
}

//! The text for Prometheus, read back by a parser that knows only the format.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::names;
use super::{Counted, MetricKind, Metrics, RequestCounts, Sample, Stage, StageTimes};
use crate::error::RejectionKind;

const HOSTILE: [&str; 7] = [
    "a\"b",
    "back\\slash\\",
    "two\nlines",
    "\",kind=\"forged\"} 1\nother 2",
    "\r\u{7f}\u{2028}\u{202e}",
    "",
    "\u{10ffff} ü {}=,# HELP",
];

/// A component whose label values are hostile.
#[derive(Debug)]
struct Hostile;

impl Counted for Hostile {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        for (index, text) in HOSTILE.iter().enumerate() {
            add(Sample {
                name: "bearergate_limit_total",
                labels: &[("limit", text), ("result", "pass")],
                value: u64::try_from(index).unwrap(),
            });
        }
        add(Sample {
            name: "bearergate_locked_sources",
            labels: &[],
            value: u64::MAX,
        });
    }
}

type Series = BTreeMap<(String, Vec<(String, String)>), String>;

/// A family of the format: its type, its help and its series.
#[derive(Debug, Default)]
struct Parsed {
    types: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    series: Series,
    order: Vec<String>,
}

/// Reads the whole text by the grammar of the format; every line ends with a line feed.
fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut rest = text;
    while !rest.is_empty() {
        let is_comment = rest.starts_with('#');
        rest = match is_comment {
            true => comment(rest, &mut parsed),
            false => series(rest, &mut parsed),
        };
    }
    parsed
}

fn comment<'a>(text: &'a str, parsed: &mut Parsed) -> &'a str {
    let (line, rest) = text.split_once('\n').unwrap();
    let mut parts = line.splitn(4, ' ');
    assert_eq!(parts.next(), Some("#"));
    let (keyword, name) = (parts.next().unwrap(), parts.next().unwrap());
    let value = parts.next().unwrap().to_owned();
    let old = match keyword {
        "HELP" => parsed.helps.insert(name.to_owned(), value),
        "TYPE" => {
            parsed.order.push(name.to_owned());
            parsed.types.insert(name.to_owned(), value)
        }
        other => panic!("the keyword {other}"),
    };
    assert_eq!(old, None, "{keyword} of {name} is repeated");
    rest
}

fn series<'a>(text: &'a str, parsed: &mut Parsed) -> &'a str {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let end = text.find(|character| !is_name(character)).unwrap();
    let (name, mut rest) = text.split_at(end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            assert!(label.chars().all(is_name), "{label}");
            let (value, after) = quoted(after);
            labels.push((label.to_owned(), value));
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('}').unwrap();
                    break;
                }
            }
        }
    }
    let (value, rest) = rest.strip_prefix(' ').unwrap().split_once('\n').unwrap();
    assert!(value.parse::<f64>().is_ok(), "{value}");
    let old = parsed
        .series
        .insert((name.to_owned(), labels), value.to_owned());
    assert_eq!(old, None, "{name} is repeated");
    rest
}

/// Reads a value up to its closing quotation mark.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return (value, characters.as_str()),
            '\\' => match characters.next().unwrap() {
                'n' => value.push('\n'),
                other @ ('\\' | '"') => value.push(other),
                other => panic!("the escape {other}"),
            },
            '\n' => panic!("a line feed in a value"),
            other => value.push(other),
        }
    }
    panic!("no closing quotation mark");
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn hostile_label_values_are_read_back_as_they_were() {
    let parsed = parse(&Metrics::new(vec![Arc::new(Hostile)]).prometheus());
    for (index, text) in HOSTILE.iter().enumerate() {
        let labels = labels(&[("limit", text), ("result", "pass")]);
        let series = ("bearergate_limit_total".to_owned(), labels);
        assert_eq!(parsed.series[&series], index.to_string());
    }
    assert_eq!(parsed.series.len(), HOSTILE.len() + 1);
    assert_eq!(parsed.types["bearergate_limit_total"], "counter");
    assert_eq!(parsed.types["bearergate_locked_sources"], "gauge");
    let locked = ("bearergate_locked_sources".to_owned(), Vec::new());
    assert_eq!(parsed.series[&locked], u64::MAX.to_string());
}

#[test]
fn values_of_several_components_are_added_up_under_one_head() {
    let (first, second) = (RequestCounts::new(), RequestCounts::new());
    first.allowed();
    second.allowed();
    second.refused(RejectionKind::RateLimited, false);
    let parts: Vec<Arc<dyn Counted>> = vec![Arc::new(first), Arc::new(Hostile), Arc::new(second)];
    let parsed = parse(&Metrics::new(parts).prometheus());
    let value = |name: &str, label: &[(&str, &str)]| {
        parsed.series[&(name.to_owned(), labels(label))].clone()
    };
    assert_eq!(
        value("bearergate_requests_total", &[("outcome", "allowed")]),
        "2"
    );
    assert_eq!(
        value("bearergate_requests_total", &[("outcome", "limited")]),
        "1"
    );
    assert_eq!(
        value("bearergate_rejections_total", &[("kind", "rate_limited")]),
        "1"
    );
    assert!(parsed.order.is_sorted());
    let helps: BTreeSet<_> = parsed.helps.keys().collect();
    assert_eq!(helps, parsed.types.keys().collect());
    assert!(parsed.helps.values().all(|help| help.ends_with('.')));
}

#[test]
fn a_histogram_has_growing_buckets_a_sum_and_a_count() {
    let times = StageTimes::new();
    for nanos in [1, 1_000, 1_001, 2_000_000_000, 3_000_000_000] {
        times.observe(Stage::Policy, Duration::from_nanos(nanos));
    }
    let text = Metrics::new(vec![Arc::new(times)]).prometheus();
    let parsed = parse(&text);
    assert_eq!(parsed.types.len(), 1);
    assert_eq!(parsed.types["bearergate_stage_seconds"], "histogram");
    let part = |part: &str, label: &[(&str, &str)]| {
        let name = format!("bearergate_stage_seconds{part}");
        parsed.series[&(name, labels(label))].clone()
    };
    let bucket = |bound| part("_bucket", &[("stage", "policy"), ("le", bound)]);
    let counts = ["0.000001", "0.0000025", "1", "2.5", "+Inf"].map(bucket);
    assert_eq!(counts, ["2", "3", "3", "4", "5"]);
    assert_eq!(part("_count", &[("stage", "policy")]), "5");
    assert_eq!(part("_sum", &[("stage", "policy")]), "5.000002002");
    assert_eq!(part("_count", &[("stage", "audit")]), "0");
    let buckets = text
        .lines()
        .filter(|line| line.contains("_bucket{stage=\"policy\""));
    let bounds = buckets.map(|line| line.split('"').nth(3).unwrap().parse::<f64>().unwrap());
    assert!(bounds.is_sorted());
}

#[test]
fn every_value_has_a_documented_name_kind_and_labels() {
    let counts = RequestCounts::new();
    counts.refused(RejectionKind::TokenExpired, false);
    counts.address_problem("no_peer");
    let times = Arc::new(StageTimes::new());
    let parts: Vec<Arc<dyn Counted>> = vec![Arc::new(counts), times, Arc::new(Hostile)];
    for value in Metrics::new(parts).values() {
        let metric = names::Metric::find(value.name()).unwrap();
        let own = value.labels().map(|(name, _)| name);
        let own: Vec<_> = own.filter(|name| *name != "le").collect();
        let known: &[&str] = match metric.name {
            "bearergate_address_problems_total" => &["problem"],
            "bearergate_limit_total" => &["limit", "result"],
            "bearergate_rejections_total" => &["kind"],
            "bearergate_requests_total" => &["outcome"],
            "bearergate_stage_seconds" => &["stage"],
            _ => &[],
        };
        assert_eq!(own, known, "{}", metric.name);
        assert_eq!(value.help(), metric.help);
        let is_histogram = value.kind() == MetricKind::Histogram;
        assert_eq!(is_histogram, !value.part().is_empty());
        assert_eq!(value.whole().is_none(), value.part() == "_sum");
    }
    assert_eq!(Metrics::new(Vec::new()).prometheus(), "");
}

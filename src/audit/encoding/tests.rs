use super::test_samples::{ENCODINGS, HOSTILE, Texts, WHATS, line};
use super::*;
use crate::audit::record::What;
use crate::json::is_hidden;

#[test]
fn every_record_is_one_line_in_every_encoding_whatever_its_texts() {
    for text in ["", "x", HOSTILE, "\n", "\u{2028}", "\\", "\"", "|", "="] {
        let texts = Texts::around(text);
        for record in texts.all() {
            for encoding in ENCODINGS {
                let line = line(encoding, &record, &texts.common());
                let hidden = line.chars().find(|letter| is_hidden(*letter));
                assert_eq!(hidden, None, "{line}");
                assert!(line.ends_with(encoding.closing()), "{line}");
            }
        }
    }
}

#[test]
fn every_record_says_in_every_encoding_of_which_start_it_is() {
    let texts = Texts::usual();
    for record in texts.all() {
        for encoding in ENCODINGS {
            let line = line(encoding, &record, &texts.common());
            assert!(line.contains("00b00700000000000000000000000001"), "{line}");
            assert_eq!(
                line.to_lowercase().contains("starts\":5") || line.contains("Starts=5"),
                record.starts.is_some(),
                "{line}"
            );
        }
    }
}

#[test]
fn encoding_allocates_nothing_but_the_line() {
    let (usual, hostile) = (Texts::usual(), Texts::around(HOSTILE));
    for texts in [usual, hostile] {
        let (records, common) = (texts.all(), texts.common());
        let mut line = Vec::with_capacity(64 * 1024);
        for encoding in ENCODINGS {
            let allocated = allocation_counter::measure(|| {
                for record in &records {
                    line.clear();
                    encoding.encode(record, &common, &mut line);
                }
            });
            assert_eq!(allocated.count_total, 0, "{encoding:?}");
        }
    }
}

/// The samples of the guide and the records that they show.
fn samples() -> Vec<(Encoding, &'static str, String)> {
    let texts = Texts::usual();
    let (mut request, common) = (texts.request(), texts.common());
    request.status = Some(200);
    ENCODINGS
        .into_iter()
        .map(|encoding| {
            let shown = match encoding {
                Encoding::Ocsf => include_str!("../../guide/audit_samples/ocsf.json"),
                Encoding::Ecs => include_str!("../../guide/audit_samples/ecs.json"),
                Encoding::Cef => include_str!("../../guide/audit_samples/cef.txt"),
                Encoding::Native => include_str!("../../guide/audit_samples/native.json"),
            };
            (encoding, shown, line(encoding, &request, &common))
        })
        .collect()
}

#[test]
fn the_samples_of_the_guide_are_what_is_written() {
    for (encoding, shown, line) in samples() {
        if encoding == Encoding::Cef {
            assert_eq!(shown.lines().collect::<Vec<_>>().join(" "), line);
        } else {
            let parse = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(parse(shown), parse(&line));
        }
    }
}

#[test]
fn a_sample_of_each_encoding_stays_as_it_is() {
    let lines: Vec<_> = samples().into_iter().map(|(_, _, line)| line).collect();
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../../../tests/snapshots"}, {
        insta::assert_snapshot!("audit_samples", lines.join("\n"));
    });
}

#[test]
fn the_word_of_what_a_record_is_about_is_in_every_encoding() {
    let texts = Texts::usual();
    for what in WHATS {
        let word = what.as_str();
        let lines = ENCODINGS.map(|encoding| line(encoding, &texts.full(what), &texts.common()));
        let [ocsf, ecs, cef, native] = lines;
        let own = format!("\"unmapped\":{{\"bearergate\":{{\"what\":\"{word}\"");
        assert!(ocsf.contains(&own), "{ocsf}");
        let dotted = format!("\"bearergate.what\":\"{word}\"");
        assert!(ecs.contains(&dotted) && native.contains(&dotted), "{ecs}");
        let id = match what {
            What::Decision | What::Summary => "signature_invalid",
            _ => word,
        };
        let start = format!("CEF:0|bearergate|bearergate|0.1.0|{id}|");
        assert!(cef.starts_with(&start), "{cef}");
        assert!(cef.contains(&format!(" cat={word} ")), "{cef}");
        assert_eq!(cef.contains(" cnt="), texts.full(what).count.is_some());
    }
}

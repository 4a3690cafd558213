//! Texts from outside, as fields.

use std::fmt;

use tracing::field::{DisplayValue, display};

/// Returns a field of a text that may come from outside.
pub(super) fn text(text: &str) -> DisplayValue<Escaped<'_>> {
    display(Escaped(text))
}

/// A text that is shortened and escaped when it is written.
pub(super) struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        for letter in letters.by_ref().take(MOST_CHARS) {
            match letter {
                '"' | '\'' => fmt::Write::write_char(f, letter)?,
                _ => write!(f, "{}", letter.escape_debug())?,
            }
        }
        match letters.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

const MOST_CHARS: usize = 512;

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use super::*;

    /// The lines that a log would have.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!(" {}={value:?}", field.name()));
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "bearergate"
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    fn line(event: &Event<'_>) -> String {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            TracingObserver::new().observe(event);
        });
        let mut lines = log.0.lock().unwrap();
        assert_eq!(lines.len(), 1, "{event:?}");
        lines.remove(0)
    }

    fn refused(rejection: &'static str) -> Event<'static> {
        Event::Refused {
            rejection,
            status: 401,
            claim: Some("exp"),
            reason: None,
            caller: None,
        }
    }

    /// An event of every kind with this text in each of its fields.
    fn all(text: &str) -> Vec<Event<'_>> {
        let (authority, source, subject, path) = (text, text, text, text);
        vec![
            Event::Admitted {
                authority,
                credential: "access_token",
            },
            Event::CacheHit { authority },
            Event::CircuitOpened { authority },
            Event::DenylistFilling { len: 8, limit: 10 },
            Event::EndlessRevocation {
                authority,
                session: text,
            },
            Event::GrantRevocationsFilling { len: 8, limit: 10 },
            Event::GrantsEndedByLimit {
                authority,
                subject,
                ended: 1,
            },
            Event::Introspected {
                authority,
                problem: None,
            },
            Event::Introspected {
                authority,
                problem: Some("timeout"),
            },
            Event::KeptKeysIgnored {
                path,
                reason: "others may write it",
            },
            Event::KeySkipped {
                index: 1,
                kid: Some(text),
                reason: "weak",
            },
            Event::KeysFetched {
                source,
                problem: None,
            },
            Event::KeysFetched {
                source,
                problem: Some("timeout"),
            },
            Event::PlainHttpAllowed { host: text },
            Event::PolicyNotReloaded {
                path,
                problem: text,
            },
            Event::PolicyReloaded { path },
            Event::RefreshTokenReused {
                authority,
                subject,
                client: text,
                session: Some(text),
            },
            Event::Refused {
                rejection: "access_denied",
                status: 403,
                claim: Some(text),
                reason: Some("not_met"),
                caller: Some((authority, "access_token")),
            },
            Event::RehashFailed {
                key: text,
                reason: "unavailable",
            },
            Event::RevocationsMerged {
                authority,
                client: Some(text),
                subject: Some(subject),
            },
            Event::StaleKeysUsed { source },
        ]
    }

    #[test]
    fn every_event_is_one_line_with_its_code() {
        for event in all("idp") {
            let line = line(&event);
            let code = format!(" kind={:?}", event.code());
            assert!(line.contains(&code), "{line}");
        }
        assert_eq!(
            line(&Event::Admitted {
                authority: "idp",
                credential: "api_key"
            }),
            "DEBUG message=request admitted kind=\"admitted\" authority=idp credential=\"api_key\""
        );
        assert_eq!(
            line(&Event::KeySkipped {
                index: 2,
                kid: None,
                reason: "weak"
            }),
            "WARN message=key skipped kind=\"key_skipped\" index=2 reason=\"weak\""
        );
    }

    #[test]
    fn the_level_of_a_refusal_depends_on_its_kind() {
        for (rejection, level) in [
            ("token_expired", "INFO"),
            ("credential_missing", "INFO"),
            ("signature_invalid", "WARN"),
            ("proof_replayed", "WARN"),
            ("unavailable", "ERROR"),
        ] {
            let line = line(&refused(rejection));
            let start = format!("{level} message=request refused kind=\"refused\" ");
            assert!(line.starts_with(&start), "{line}");
            assert!(line.contains("status=401 claim=exp"), "{line}");
        }
    }

    #[test]
    fn suspicious_rejections_exist() {
        use crate::error::RejectionKind;

        for code in SUSPICIOUS.iter().chain(&["unavailable"]) {
            let mut all = RejectionKind::ALL.iter();
            assert!(all.any(|kind| kind.as_str() == *code), "{code}");
        }
    }

    #[test]
    fn text_from_outside_is_a_field_that_is_escaped_and_shortened() {
        let forged = "x\n\u{1b}[31mERROR\u{202e}\r\0";
        for event in all(forged) {
            let line = line(&event);
            let is_clean = line.chars().all(|letter| !letter.is_control());
            assert!(is_clean && !line.contains('\u{202e}'), "{line}");
            let has_text = line.contains(r"x\n\u{1b}[31mERROR\u{202e}\r\0");
            assert_eq!(has_text, format!("{event:?}").contains("31m"), "{line}");
        }
        let long = "x".repeat(MOST_CHARS);
        for (text, is_whole) in [(long.clone(), true), (long.clone() + "\u{3a9}", false)] {
            let line = line(&Event::CacheHit { authority: &text });
            assert!(line.contains(&long) && !line.contains('\u{3a9}'));
            assert_eq!(!line.contains('…'), is_whole);
        }
    }

    #[test]
    fn codes_are_the_names_of_the_variants() {
        for event in all("x") {
            let name = format!("{event:?}");
            let name = name.split(' ').next().unwrap_or_default();
            assert_eq!(event.code().replace('_', ""), name.to_lowercase());
        }
    }
}

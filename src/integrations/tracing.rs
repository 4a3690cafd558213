//! Events and audit records as `tracing` events (feature `tracing`).

mod escaped;
mod tracing_sink;

use escaped::text;
use tracing::{Level, event};
pub use tracing_sink::TracingSink;

use crate::event::{Event, Observer};

/// An [`Observer`] that writes each [`Event`] as a `tracing` event with the target `bearergate`.
///
/// The field `kind` is the [code](Event::code) of the event; the others have the names of its fields.
/// Give it to an [`Environment`](crate::environment::Environment), which reaches validators, keys and
/// gates.
///
/// | level | events |
/// |---|---|
/// | error | what could not be checked: a refusal of kind `unavailable`, an endpoint that is not called, a policy file that does not load |
/// | warn | what an operator should look at: signs of an attack, keys that are skipped or stale, a list that fills |
/// | info | other refusals, new policies, keys that were fetched |
/// | debug | requests that were admitted |
/// | trace | uses of a cache, calls of an introspection endpoint |
///
/// Every text of an event is a field, never a part of the message. It is shortened to 512 characters,
/// and characters that a terminal or a log file could misread are escaped. A subject is written only
/// for the events that have one, such as a refresh token that was used twice: treat the log as
/// personal data.
///
/// ```
/// use bearergate::environment::Environment;
/// use bearergate::integrations::tracing::TracingObserver;
///
/// let environment = Environment::new().observer(TracingObserver::new());
/// # let _ = environment;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver(());

impl TracingObserver {
    /// Creates an observer. It writes to the subscriber of the thread that an event is reported on.
    pub const fn new() -> Self {
        Self(())
    }
}

/// Writes an event with this level, message and fields; `kind` is added.
macro_rules! write_event {
    ($event:ident, $level:ident, $message:literal, {$($fields:tt)*}) => {
        event!(
            target: "bearergate",
            Level::$level,
            kind = $event.code(),
            $($fields)*
            $message
        )
    };
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Admitted { .. } | Event::CacheHit { .. } | Event::Refused { .. } => {
                of_request(event);
            }
            Event::CircuitOpened { .. }
            | Event::Introspected { .. }
            | Event::KeptKeysIgnored { .. }
            | Event::KeysFetched { .. }
            | Event::KeySkipped { .. }
            | Event::PlainHttpAllowed { .. }
            | Event::StaleKeysUsed { .. } => of_provider(event),
            Event::DenylistFilling { .. }
            | Event::EndlessRevocation { .. }
            | Event::GrantRevocationsFilling { .. }
            | Event::GrantsEndedByLimit { .. }
            | Event::RevocationsMerged { .. } => of_revocation(event),
            Event::RefreshTokenRepeated { .. } | Event::RefreshTokenReused { .. } => {
                of_refresh_token(event);
            }
            Event::PolicyNotReloaded { .. }
            | Event::PolicyReloaded { .. }
            | Event::RehashFailed { .. } => of_service(event),
            Event::ForwardedUnusable { .. }
            | Event::LimiterSaturated { .. }
            | Event::RateStoreDown { .. }
            | Event::RateStoreUp { .. }
            | Event::Signal { .. }
            | Event::SourceLocked { .. }
            | Event::UnknownLimitClass { .. }
            | Event::UsageSaturated { .. }
            | Event::UsageUnflushed { .. } => of_enforcement(event),
            Event::AuditLost { .. } | Event::AuditSinkFailed { .. } => of_audit(event),
            Event::ForwardedCertificateIgnored { .. }
            | Event::ProofRefused { .. }
            | Event::ReplayTableFull { .. } => of_proof(event),
        }
    }
}

fn of_request(event: &Event<'_>) {
    match *event {
        Event::Admitted {
            authority,
            credential,
        } => write_event!(event, DEBUG, "request admitted", {
            authority = text(authority),
            credential,
        }),
        Event::CacheHit { authority } => write_event!(event, TRACE, "credential from the cache", {
            authority = text(authority),
        }),
        Event::Refused {
            rejection,
            status,
            claim,
            reason,
            caller,
        } => {
            let authority = caller.map(|(authority, _)| text(authority));
            let credential = caller.map(|(_, credential)| credential);
            let claim = claim.map(text);
            macro_rules! refused {
                ($level:ident) => {
                    write_event!(event, $level, "request refused", {
                        rejection,
                        status,
                        claim,
                        reason,
                        authority,
                        credential,
                    })
                };
            }
            match rejection {
                "unavailable" => refused!(ERROR),
                rejection if SUSPICIOUS.contains(&rejection) => refused!(WARN),
                _ => refused!(INFO),
            }
        }
        _ => {}
    }
}

/// Rejections that an honest client does not cause.
const SUSPICIOUS: [&str; 8] = [
    "binding_mismatch",
    "cross_site_refused",
    "locked_out",
    "proof_invalid",
    "proof_replayed",
    "refresh_reused",
    "signature_invalid",
    "token_revoked",
];

fn of_provider(event: &Event<'_>) {
    match *event {
        Event::CircuitOpened { authority } => {
            write_event!(event, ERROR, "an endpoint fails and is not called for a time", {
                authority = text(authority),
            });
        }
        Event::Introspected {
            authority,
            problem: Some(problem),
        } => write_event!(event, WARN, "introspection failed", {
            authority = text(authority),
            problem,
        }),
        Event::Introspected { authority, .. } => {
            write_event!(event, TRACE, "token introspected", {authority = text(authority),});
        }
        Event::KeptKeysIgnored { path, reason } => {
            write_event!(event, WARN, "a file of kept keys was not used", {
                path = text(path),
                reason,
            });
        }
        Event::KeysFetched {
            source,
            problem: Some(problem),
        } => write_event!(event, WARN, "keys were not fetched", {
            source = text(source),
            problem,
        }),
        Event::KeysFetched { source, .. } => {
            write_event!(event, INFO, "keys fetched", {source = text(source),});
        }
        Event::KeySkipped { index, kid, reason } => write_event!(event, WARN, "key skipped", {
            index,
            kid = kid.map(text),
            reason,
        }),
        Event::PlainHttpAllowed { host } => {
            write_event!(event, WARN, "requests may go to a host without TLS", {
                host = text(host),
            });
        }
        Event::StaleKeysUsed { source } => {
            write_event!(event, WARN, "stale keys used", {source = text(source),});
        }
        _ => {}
    }
}

fn of_revocation(event: &Event<'_>) {
    match *event {
        Event::DenylistFilling { len, limit } => {
            write_event!(event, WARN, "a denylist is nearly full", {len, limit,});
        }
        Event::EndlessRevocation { authority, session } => {
            write_event!(event, WARN, "a revocation without an end was added", {
                authority = text(authority),
                session = text(session),
            });
        }
        Event::GrantRevocationsFilling { len, limit } => {
            write_event!(event, WARN, "the revocations of a store are nearly full", {
                len,
                limit,
            });
        }
        Event::GrantsEndedByLimit {
            authority,
            subject,
            ended,
        } => write_event!(event, INFO, "the oldest sessions of a subject were ended", {
            authority = text(authority),
            subject = text(subject),
            ended,
        }),
        Event::RevocationsMerged {
            authority,
            client,
            subject,
        } => write_event!(event, WARN, "single revocations were merged", {
            authority = text(authority),
            client = client.map(text),
            subject = subject.map(text),
        }),
        _ => {}
    }
}

fn of_enforcement(event: &Event<'_>) {
    match *event {
        Event::ForwardedUnusable { problem, count } => {
            write_event!(event, WARN, "address of clients unknown", { problem, count, });
        }
        Event::LimiterSaturated { table, count } => {
            write_event!(event, WARN, "table of limits full, new keys share", { table, count, });
        }
        Event::RateStoreDown { limit, count } => {
            write_event!(event, ERROR, "store of a shared limit does not answer", {
                limit = text(limit),
                count,
            });
        }
        Event::RateStoreUp { limit } => {
            write_event!(event, INFO, "store of a shared limit answers again", {
                limit = text(limit),
            });
        }
        Event::Signal { signal, count } => {
            write_event!(event, WARN, "signal of a possible attack", { signal, count, });
        }
        Event::SourceLocked {
            source,
            strikes,
            secs,
            count,
        } => write_event!(event, WARN, "source locked out", {
            source = text(source),
            strikes,
            secs,
            count,
        }),
        Event::UnknownLimitClass { class, count } => {
            write_event!(event, WARN, "rate class without a limit", {
                class = text(class),
                count,
            });
        }
        Event::UsageSaturated { meter, count } => {
            write_event!(event, ERROR, "sum of usage too large", { meter, count, });
        }
        Event::UsageUnflushed { rows } => {
            write_event!(event, ERROR, "usage not stored, sent again", { rows, });
        }
        _ => {}
    }
}

fn of_proof(event: &Event<'_>) {
    match *event {
        Event::ForwardedCertificateIgnored { peer, count } => {
            write_event!(event, WARN, "certificate header of an untrusted peer ignored", {
                peer = text(peer),
                count,
            });
        }
        Event::ProofRefused { step } => {
            write_event!(event, INFO, "proof of possession refused", { step, });
        }
        Event::ReplayTableFull { count } => {
            write_event!(event, ERROR, "table of used proofs full", { count, });
        }
        _ => {}
    }
}

fn of_audit(event: &Event<'_>) {
    match *event {
        Event::AuditLost { lane, records } => {
            write_event!(event, ERROR, "audit records lost", { lane, records, });
        }
        Event::AuditSinkFailed { sink, count } => {
            write_event!(event, ERROR, "audit sink not written", {
                sink = text(sink),
                count,
            });
        }
        _ => {}
    }
}

fn of_refresh_token(event: &Event<'_>) {
    match *event {
        Event::RefreshTokenRepeated {
            authority,
            subject,
            client,
            session,
        } => write_event!(event, WARN, "a refresh token was repeated and refused", {
            authority = text(authority),
            subject = text(subject),
            client = text(client),
            session = session.map(text),
        }),
        Event::RefreshTokenReused {
            authority,
            subject,
            client,
            session,
        } => write_event!(event, WARN, "a refresh token was used twice", {
            authority = text(authority),
            subject = text(subject),
            client = text(client),
            session = session.map(text),
        }),
        _ => {}
    }
}

fn of_service(event: &Event<'_>) {
    match *event {
        Event::PolicyNotReloaded { path, problem } => {
            write_event!(event, ERROR, "a policy file does not load", {
                path = text(path),
                problem = text(problem),
            });
        }
        Event::PolicyReloaded { path } => {
            write_event!(event, INFO, "policy file loaded", {path = text(path),});
        }
        Event::RehashFailed { key, reason } => {
            write_event!(event, WARN, "the digest of an API key was not replaced", {
                key = text(key),
                reason,
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use std::fmt;

    use super::escaped::MOST_CHARS;
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

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

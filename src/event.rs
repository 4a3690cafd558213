//! Events that are reported to an observer, for audit logs and metrics.

mod throttle;

use std::fmt;
use std::sync::Arc;

pub(crate) use throttle::EventThrottle;

/// An event while keys were loaded or a credential was validated.
///
/// An event never has a token, a key or a secret in it. Text from outside the service (a key id,
/// a subject) is untrusted data: do not use it as the name or label of a metric.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A gate has admitted a request ([`Gate::check`](crate::Gate::check)), or its authorizer has
    /// allowed one ([`Gate::authorize`](crate::Gate::authorize)).
    Admitted {
        /// The authority of the caller.
        authority: &'a str,
        /// The kind of the caller's credential, as a stable code such as `access_token`.
        credential: &'static str,
    },
    /// Records of the audit trail were lost, because a sink is slower than requests are decided. A
    /// record in the trail says the same.
    AuditLost {
        /// The lane of the records: `allowed`, `refused` or `notable`.
        lane: &'static str,
        /// How many were lost since the last event.
        records: u64,
    },
    /// A sink of the audit trail could not be written to. It is tried again.
    AuditSinkFailed {
        /// The configured name of the sink.
        sink: &'a str,
        /// How often it has failed since the last event.
        count: u64,
    },
    /// A credential was accepted from a cache, because the same validator had accepted it before.
    CacheHit {
        /// The authority of its principal.
        authority: &'a str,
    },
    /// An endpoint failed several times in a row; it is not called again for five seconds.
    CircuitOpened {
        /// The configured name of the authority whose endpoint it is.
        authority: &'a str,
    },
    /// A denylist has reached 80 percent of its length, or of its room for single tokens. A full one
    /// refuses new revocations.
    DenylistFilling {
        /// The number of its revocations.
        len: usize,
        /// The most that it takes.
        limit: usize,
    },
    /// A session was put on a denylist without the time at which it ends: the revocation is kept,
    /// and takes room, forever.
    EndlessRevocation {
        /// The authority of the session.
        authority: &'a str,
        /// The handle of the session, or the `sid` of its tokens.
        session: &'a str,
    },
    /// A header with a client certificate was ignored, because the peer may not speak for clients.
    ForwardedCertificateIgnored {
        /// The address of the peer.
        peer: &'a str,
        /// How many requests had one since the last event.
        count: u64,
    },
    /// The address of a client is unknown, because the header of a trusted proxy is missing or
    /// cannot be used.
    ForwardedUnusable {
        /// What is wrong, as a stable code, such as `header_missing`.
        problem: &'static str,
        /// How many requests had it since the last event.
        count: u64,
    },
    /// A store of sessions and refresh tokens in memory has 80 percent of its revocations, or of those
    /// of single sessions and tokens. A full one refuses new revocations.
    GrantRevocationsFilling {
        /// The number of its revocations.
        len: usize,
        /// The most that it takes.
        limit: usize,
    },
    /// Sessions or families of refresh tokens of a subject were ended, because it has as many as it
    /// may have and got one more
    /// ([`max_per_subject`](crate::session::SessionManagerBuilder::max_per_subject)).
    GrantsEndedByLimit {
        /// The authority of the subject.
        authority: &'a str,
        /// The subject.
        subject: &'a str,
        /// How many were ended.
        ended: usize,
    },
    /// The stored digest of an API key could not be replaced by one with the current pepper. The
    /// older digest stays and the key remains valid; its next use tries again.
    RehashFailed {
        /// The key's id.
        key: &'a str,
        /// The stable code of the store's error.
        reason: &'static str,
    },
    /// An introspection endpoint was called (RFC 7662).
    Introspected {
        /// The configured name of the authority whose endpoint it is.
        authority: &'a str,
        /// What failed, a constant text; `None` if the endpoint reported whether the token is active.
        problem: Option<&'static str>,
    },
    /// A member of a JWK Set was skipped; the other members are used.
    KeySkipped {
        /// Index of the member in `keys`, from 0.
        index: usize,
        /// The member's `kid`, if it is a string. Untrusted.
        kid: Option<&'a str>,
        /// Why it was skipped, a constant text.
        reason: &'static str,
    },
    /// A refresh token was presented that was spent within the
    /// [reuse window](crate::refresh::RefreshManagerBuilder::reuse_window), and whose successor was
    /// spent too: it was refused, and its family stays. Two tabs, or a client that lost a response,
    /// do that; many of one subject, or one without a following login, may be a theft.
    RefreshTokenRepeated {
        /// The authority of the subject, the client and the session.
        authority: &'a str,
        /// The subject that the tokens were granted for.
        subject: &'a str,
        /// The client that they were granted to.
        client: &'a str,
        /// The handle of the session that they belong to.
        session: Option<&'a str>,
    },
    /// A refresh token that had been used before was presented again, which means that it was
    /// stolen: its family was revoked (RFC 9700 section 4.14.2).
    RefreshTokenReused {
        /// The authority of the subject, the client and the session.
        authority: &'a str,
        /// The subject that the tokens were granted for.
        subject: &'a str,
        /// The client that they were granted to.
        client: &'a str,
        /// The handle of the session that they belong to.
        session: Option<&'a str>,
    },
    /// So many single tokens of one client and subject were revoked that all is revoked that was
    /// issued to both, or to the subject, up to the last of these tokens (RFC 7009); or so many
    /// single sessions of a subject that all of its sessions and refresh tokens are.
    RevocationsMerged {
        /// The authority of the tokens or sessions.
        authority: &'a str,
        /// The client that they were issued to; `None` for sessions.
        client: Option<&'a str>,
        /// Their subject.
        subject: Option<&'a str>,
    },
    /// A gate has refused a request: its credential was not accepted, or the authorizer denied it.
    ///
    /// It is reported once for each refusal of a gate: by [`check`](crate::Gate::check),
    /// [`authenticate`](crate::Gate::authenticate),
    /// [`authenticate_optional`](crate::Gate::authenticate_optional) or
    /// [`authorize`](crate::Gate::authorize). It has neither the subject nor a value of the request.
    Refused {
        /// The kind of the rejection, as a stable code such as `token_expired`.
        rejection: &'static str,
        /// The status of the response.
        status: u16,
        /// The name of the claim that is to blame, if one is. It never comes from the credential.
        claim: Option<&'a str>,
        /// The code of the first reason of the authorizer, such as `scope_missing`; `None` if the
        /// authorizer was not asked, or gave no reason.
        reason: Option<&'static str>,
        /// The authority of the caller and the kind of its credential, as a stable code; `None`
        /// unless the credential was accepted.
        caller: Option<(&'a str, &'static str)>,
    },
    /// Keys were fetched from their source.
    KeysFetched {
        /// The configured address or issuer.
        source: &'a str,
        /// What failed, a constant text; `None` if usable keys were received or confirmed.
        problem: Option<&'static str>,
    },
    /// A file of kept keys was not used, because others than this user may have written it. The
    /// keys are fetched in its place.
    KeptKeysIgnored {
        /// The configured path.
        path: &'a str,
        /// Why, and what to do, a constant text.
        reason: &'static str,
    },
    /// The table of a limit has no slot for another key: new keys share buckets.
    LimiterSaturated {
        /// The table: `sources` or `callers`.
        table: &'static str,
        /// How many keys had no slot since the last event.
        count: u64,
    },
    /// A policy file has changed and was not loaded: the version that was in use stays in use. It is
    /// reported once for each content.
    PolicyNotReloaded {
        /// The configured path.
        path: &'a str,
        /// What was expected, what was found and where, with names and values of the file.
        problem: &'a str,
    },
    /// A policy file has changed, and its new version is in use.
    PolicyReloaded {
        /// The configured path.
        path: &'a str,
    },
    /// A proof of possession was refused.
    ProofRefused {
        /// The check that failed, as a stable code, such as `htu`.
        step: &'static str,
    },
    /// Requests may go to this host without TLS, because the configuration allows it
    /// ([`HttpSettings::allow_plain_http`](crate::http_client::HttpSettings::allow_plain_http)).
    /// It is reported when the keys or the validator are built.
    PlainHttpAllowed {
        /// The configured host.
        host: &'a str,
    },
    /// The store of a shared limit does not answer: the limit counts in this process, or refuses, as
    /// it is configured.
    RateStoreDown {
        /// The configured name of the limit.
        limit: &'a str,
        /// How many calls have failed since the last event.
        count: u64,
    },
    /// A table of used proofs has no room: requests with a proof are refused until some have ended.
    ReplayTableFull {
        /// How many proofs were refused since the last event.
        count: u64,
    },
    /// The store of a shared limit answers again.
    RateStoreUp {
        /// The configured name of the limit.
        limit: &'a str,
    },
    /// A [`Signal`](crate::limit::Signal) of a possible attack. Nothing was refused because of it.
    Signal {
        /// The signal, as a stable code, such as `source_spread`.
        signal: &'static str,
        /// How many there were since the last event.
        count: u64,
    },
    /// A source was locked out.
    SourceLocked {
        /// The address, or the network of an IPv6 address.
        source: &'a str,
        /// How often it was locked in a row.
        strikes: u32,
        /// The length of the lock, in seconds.
        secs: u64,
        /// How many sources were locked since the last event.
        count: u64,
    },
    /// Keys were used after their freshness had ended, because a new fetch failed.
    StaleKeysUsed {
        /// The configured address or issuer.
        source: &'a str,
    },
    /// A rule of the policy names a rate class that no limit has. The limits of unknown classes
    /// apply.
    UnknownLimitClass {
        /// The class.
        class: &'a str,
        /// How many requests had it since the last event.
        count: u64,
    },
    /// A sum of usage reached [`u64::MAX`] and stays there.
    UsageSaturated {
        /// The name of the meter.
        meter: &'a str,
        /// How often it happened since the last event.
        count: u64,
    },
    /// The store of usage does not take the rows. They are kept and sent again.
    UsageUnflushed {
        /// How many rows wait.
        rows: usize,
    },
}

impl Event<'_> {
    /// Returns what has happened, as a stable snake-case code, such as `keys_fetched`. It is
    /// suitable as the label of a metric.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Admitted { .. } => "admitted",
            Self::AuditLost { .. } => "audit_lost",
            Self::AuditSinkFailed { .. } => "audit_sink_failed",
            Self::CacheHit { .. } => "cache_hit",
            Self::CircuitOpened { .. } => "circuit_opened",
            Self::DenylistFilling { .. } => "denylist_filling",
            Self::EndlessRevocation { .. } => "endless_revocation",
            Self::ForwardedCertificateIgnored { .. } => "forwarded_certificate_ignored",
            Self::ForwardedUnusable { .. } => "forwarded_unusable",
            Self::GrantRevocationsFilling { .. } => "grant_revocations_filling",
            Self::GrantsEndedByLimit { .. } => "grants_ended_by_limit",
            Self::Introspected { .. } => "introspected",
            Self::KeptKeysIgnored { .. } => "kept_keys_ignored",
            Self::KeySkipped { .. } => "key_skipped",
            Self::KeysFetched { .. } => "keys_fetched",
            Self::LimiterSaturated { .. } => "limiter_saturated",
            Self::PlainHttpAllowed { .. } => "plain_http_allowed",
            Self::PolicyNotReloaded { .. } => "policy_not_reloaded",
            Self::PolicyReloaded { .. } => "policy_reloaded",
            Self::ProofRefused { .. } => "proof_refused",
            Self::ReplayTableFull { .. } => "replay_table_full",
            Self::RateStoreDown { .. } => "rate_store_down",
            Self::RateStoreUp { .. } => "rate_store_up",
            Self::RefreshTokenRepeated { .. } => "refresh_token_repeated",
            Self::RefreshTokenReused { .. } => "refresh_token_reused",
            Self::Refused { .. } => "refused",
            Self::RehashFailed { .. } => "rehash_failed",
            Self::RevocationsMerged { .. } => "revocations_merged",
            Self::Signal { .. } => "signal",
            Self::SourceLocked { .. } => "source_locked",
            Self::StaleKeysUsed { .. } => "stale_keys_used",
            Self::UnknownLimitClass { .. } => "unknown_limit_class",
            Self::UsageSaturated { .. } => "usage_saturated",
            Self::UsageUnflushed { .. } => "usage_unflushed",
        }
    }
}

/// A receiver of [`Event`]s.
///
/// Contract: `observe` is called synchronously on the path of a request and cannot change its
/// result, so an implementation must not block and must not panic. It must ignore events that it
/// does not know, because [`Event`] is non-exhaustive. Treat the texts of an event as untrusted.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use bearergate::event::{Event, Observer};
///
/// #[derive(Debug, Default)]
/// struct CacheHits(AtomicU64);
///
/// impl Observer for CacheHits {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::CacheHit { .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let hits = CacheHits::default();
/// hits.observe(&Event::CacheHit { authority: "https://idp.example.com" });
/// assert_eq!(hits.0.load(Ordering::Relaxed), 1);
/// ```
pub trait Observer: fmt::Debug + Send + Sync {
    /// Handles one event. It is called once per event, in the order of each request.
    fn observe(&self, event: &Event<'_>);
}

const _: Option<&dyn Observer> = None;

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }
}

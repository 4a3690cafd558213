//! Lock-out of sources that guess credentials, and signals of attacks.
//!
//! # What it protects
//!
//! A client that guesses API keys or tries forged tokens gets an answer for each try, and
//! costs a signature check, a look into a store or a call of a provider each time. A [`LockOut`]
//! bounds both: a source of many bad credentials is refused with status 429 for a time, before its
//! credentials are read. By default a source has about 45 forgeries in the first hour and 40 in each
//! further one.
//!
//! It does not replace credentials that cannot be guessed, nor limits of verified callers
//! ([`Limits`](crate::limit::Limits)), and it does not stop an attack from many addresses: for that
//! there are [signals](#signals).
//!
//! ```
//! use bearergate::address::Proxies;
//! use bearergate::limit::{LockOut, Watch};
//! use bearergate::{ApiKeyValidator, Gate};
//!
//! # fn build(api_keys: ApiKeyValidator) -> Result<Gate, Box<dyn std::error::Error>> {
//! let gate = Gate::builder()
//!     .validator(api_keys)
//!     .allow_any_authenticated()
//!     .proxies(Proxies::trust(["10.0.0.0/8"])?) // who may say what the client's address is
//!     .lock_out(LockOut::default())
//!     .watch(Watch::default())
//!     .build()?;
//! # Ok(gate)
//! # }
//! ```
//!
//! The service sets [`PeerAddress`](crate::request::PeerAddress) of each request
//! ([in axum](super::protect_an_axum_service#pass-the-address-of-the-client)); without it no source is
//! known, and nobody is locked out.
//!
//! A *source* is an IPv4 address or an IPv6 /64, as it is found behind the trusted proxies. A request
//! whose address is not known is never counted and never locked, so the address of a proxy is not
//! locked either.
//!
//! Only sources are locked, never the identity that a credential claims. Anybody could lock out Alice
//! by presenting forged keys with her key id. A valid credential pays nothing back, or one good login
//! would give an attacker a new budget.
//!
//! # Defaults
//!
//! | setting | default | reason |
//! |---|---|---|
//! | [`budget`](crate::limit::LockOutBuilder::budget) | 30 points, 3 paid back a minute | 10 forgeries or 30 mistakes at once, then one forgery a minute |
//! | [`first`](crate::limit::LockOutBuilder::first) | 1 minute | an honest client that was deployed with a wrong key is soon back |
//! | [`most`](crate::limit::LockOutBuilder::most) | 15 minutes: 1, 2, 4, 8, 15, 15 ... | a NAT is not locked for hours |
//! | [`forget`](crate::limit::LockOutBuilder::forget) | 1 hour after the last blame | an address is given to another customer sooner or later |
//! | [`spare_known`](crate::limit::LockOutBuilder::spare_known) | yes | see [below](#many-clients-behind-one-address) |
//! | [`sources`](crate::limit::LockOutBuilder::sources) | 131 072, in 4 MiB | fixed memory, whatever an attacker sends |
//!
//! Points go on being paid back during a lock, so after the first lock (one minute, 3 points) the next
//! forgery locks again, for two minutes. A lock ends by itself, to the millisecond; `Retry-After` is
//! the rest of it. [`pardon`](crate::limit::LockOut::pardon) ends it at once, on a clone of what the gate
//! has:
//!
//! ```
//! use bearergate::address::Source;
//! use bearergate::limit::LockOut;
//!
//! let lock_out = LockOut::default(); // the gate has `.lock_out(lock_out.clone())`
//! lock_out.pardon(Source::of("203.0.113.7".parse()?));
//! # Ok::<(), std::net::AddrParseError>(())
//! ```
//!
//! # What a rejection costs
//!
//! | points | kinds | reason |
//! |---|---|---|
//! | 0 | `credential_missing` `token_expired` `token_not_yet_valid` `token_issued_in_future` `session_expired` `refresh_expired` `api_key_expired` `nonce_required` `cross_site_refused` `unavailable`, denials of the policy, limits, address lists | honest clients do that, or the service itself is at fault; an expired token was genuine once |
//! | 1 | `token_inactive` `token_revoked` `session_unknown` `api_key_disabled` `key_not_found` `issuer_mismatch` `audience_mismatch` `type_mismatch` `claim_missing` `claim_invalid` `binding_required` `binding_mismatch` `proof_invalid` `message_unsigned` `message_signature_invalid` | a misconfigured client, or one that was logged out; after an emergency removal of a key every honest client sends a token of it |
//! | 3 | `signature_invalid` `api_key_unknown` `api_key_malformed` `credential_malformed` `credential_ambiguous` `token_malformed` `token_too_large` `token_encrypted` `header_unsupported` `algorithm_not_allowed` `key_ambiguous` `refresh_reused` `refresh_unknown` `proof_replayed` `message_replayed` | no honest client sends it often |
//! | 6 | `decryption_failed` | anybody who knows the public key can make the service decrypt |
//!
//! Change a weight where your clients differ. During a planned replacement of keys, for example,
//! clients with a token of the old key may try again many times from one address:
//!
//! ```
//! use bearergate::RejectionKind;
//! use bearergate::limit::LockOut;
//!
//! let lock_out = LockOut::builder().weight(RejectionKind::KeyNotFound, 0).build()?;
//! # Ok::<(), bearergate::ConfigError>(())
//! ```
//!
//! A weight of 0 lets a source repeat this fault for ever. A weight of the whole budget locks at the
//! first. Denials of the policy have no weight: a verified caller is limited, not locked.
//!
//! # Many clients behind one address
//!
//! A company, a mobile network or a school may have thousands of clients behind one IPv4 address, and
//! one of them may guess. While their source is locked, a credential still passes if the gate knows it
//! without a signature check, a store or a network: a hit of a
//! [`TokenCache`](crate::validator::TokenCache), or an API key or a session that a cache holds. So
//! clients that were let in within the last seconds notice nothing. Two things follow:
//!
//! - Use the caches. Tokens under a shared secret are cached only if you ask for it, and without a
//!   cache nobody is known.
//! - A client that was not seen yet is refused while the lock lasts, with a `Retry-After` of at most
//!   15 minutes. If that is too long, raise the budget or lower `most`; if the address is yours, such
//!   as that of an office, [`pardon`](crate::limit::LockOut::pardon) it from an operator's page.
//!
//! The metric `bearergate_spared_total` counts the requests that passed so. With
//! [`spare_known(false)`](crate::limit::LockOutBuilder::spare_known) one guesser locks out all of them.
//!
//! # Signals
//!
//! A [`Watch`] counts what no single source shows. It refuses nothing: each [`Signal`] is an event, an
//! audit record and a metric (`bearergate_signals_total`), at most once a minute for the same subject.
//!
//! | signal | raised by | what to do |
//! |---|---|---|
//! | `failure_rate` | 100 failures in a minute that are 30 percent of the presented credentials | look at the kinds: `key_not_found` is a rotation that went wrong, `signature_invalid` an attack |
//! | `source_spread` | about 50 sources that fail within ten minutes, each under its budget | the audit trail has the sources; look for a common network, and [deny](crate::address::AddressRules) it |
//! | `identity_probing` | one source that claims ten identities | it is locked if it goes on; check whether one of them succeeded |
//! | `identity_targeted` | one claimed identity from 20 sources | warn its owner; rotate the key if its id became public |
//! | `denied_burst` | 20 denials of one verified caller in a minute | a client that tries other people's objects: look at its requests, limit or revoke it |
//! | `new_source` | an API key from a network that it was not used from | ask its owner, or give the key an address list |
//! | `ended_credential_used` | a revoked, disabled or spent credential | a client that was not updated, or a thief |
//! | `saturated` | a table without slots | an attack from very many sources, or a table that is too small: see [`sources`](crate::limit::LockOutBuilder::sources) |
//!
//! Thresholds are set with [`WatchBuilder::threshold`](crate::limit::WatchBuilder::threshold). A large
//! service has always some clients with a fault: raise `source_spread` until a normal day is quiet.
//!
//! # More sources than slots
//!
//! A slot with points, a lock or strikes is never given to another source, so a flood of addresses
//! frees nobody. A source that finds no slot shares the state of its network, an IPv4 /24 or IPv6 /48,
//! and a lock of that is as short as the first. Known credentials pass there too. The event is
//! [`LimiterSaturated`](crate::event::Event::LimiterSaturated).
//!
//! # Several nodes and restarts
//!
//! Lock-outs and signals are of one process. Behind a load balancer an attacker has one budget for
//! each node, so N nodes allow N times as many tries; divide the budget by N if that is too many. A
//! restart forgets all of it: at most one budget more for each source. Requests that are in flight
//! when a lock begins are still answered.
//!
//! [`LockOut`]: crate::limit::LockOut
//! [`Signal`]: crate::limit::Signal
//! [`Watch`]: crate::limit::Watch
